"""Phase 3 on one host: its models in turn, two by two where memory holds both, and everything left as it was found."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias

from .. import units
from ..errors import OllamaError
from ..events import Notice
from ..inventory.types import Model
from ..ollama.client import OllamaClient
from ..visit.loaded import find
from ..visit.loaded_model import LoadedModel
from ..visit.residents import is_forbidden
from ..visit.study import Study, carried_out, not_measured, study
from ..visit.visit import Visit
from . import delays, derive
from .budget import Budget
from .content import ContentTrials
from .depth_sweep import Depths, DepthSweep
from .embedding import EmbeddingRates
from .energy import MeteredEnergy, Power, StatedEnergy
from .events import BenchmarkEvent
from .gpu_cliff import GpuCliffSearch
from .image_cost import ImageCost
from .plan import LONGEST_READ_S, BenchmarkSettings, Extra, IfBusy, Thinking
from .second_turn import ConversationStudy
from .speed import SpeedTrials, TrialSettings
from .sweeps import ConcurrencySweep
from .turn import ResultStudy, Turn
from .turns import Teller, Thinks, Turns
from .types import Result

LEVELS: Final = ("low", "medium", "high")
"""The values of `think` for gpt-oss-like models, which know no on and off."""

Studies: TypeAlias = Callable[[Model, Thinks], Sequence[Study]]
"""Returns further studies of a model in a variant, to be carried out while it is loaded for its speed trials."""


Begun: TypeAlias = Callable[[Model, Thinks], Result | None]
"""Returns the known result of a model: where it was cut short, its generations are not repeated; else nothing is."""


def nothing_begun(_model: Model, _thinks: Thinks) -> None:
    """Return None."""
    return


def no_studies(_model: Model, _thinks: Thinks) -> Sequence[Study]:
    """Return none."""
    return ()


async def benchmark_host(  # noqa: PLR0913  # independent inputs, named at the call
    client: OllamaClient,
    models: Sequence[Model],
    settings: BenchmarkSettings,
    *,
    emit: Callable[[BenchmarkEvent], None],
    nonce: Callable[[], str],
    server_version: str | None = None,
    studies: Studies = no_studies,
    may_begin: Callable[[Model], bool] = lambda _: True,
    begun: Begun = nothing_begun,
    power: Power | None = None,
) -> None:
    """Benchmark a host's models, those already loaded first, then from small to large.

    `may_begin` tells if there is time for another model; one that must not begin gets no result. `power` is that of the
    host, None where it is not known.
    Failures become results. A model that was loaded before keeps its context and stays; one that we loaded is unloaded,
    and one that was evicted for ours is loaded again, also when the run is cancelled.
    """
    visit = Visit(client, emit=emit, nonce=nonce, timeout_s=settings.timeout_s)
    teller = Teller(emit, server_version)
    refusal = await _refusal(visit, settings.if_busy)
    if refusal is not None:
        for model in models:
            teller.tell(refusal(model), model)
        return

    def turn(model: Model, thinks: Thinks) -> Turn:
        loaded = LoadedModel(visit, model, num_ctx=settings.num_ctx, thinks=thinks)
        return _turn(loaded, settings, studies(model, thinks), begun=begun(model, thinks), power=power)

    in_turn = sorted(models, key=lambda model: (find(visit.residents.before, model) is None, model.size_bytes or 0))
    variants = [
        (model, thinks)
        for model in in_turn
        if model.generates_text
        for thinks in variants_of(model, settings.thinking)
        if (known := begun(model, thinks)) is None or known.is_cut_short
    ]
    try:
        turns = Turns(visit, teller, turn, holds_two=settings.take_turns, may_begin=may_begin)
        await turns.take(variants)
        for model in in_turn:
            if not model.generates_text and may_begin(model):
                await _embedding(visit, model, teller, studies(model, None), settings.num_ctx)
        if settings.reference_trial:
            await turns.look_for_drift()
    finally:
        await visit.residents.restore()


def _turn(
    model: LoadedModel,
    settings: BenchmarkSettings,
    alongside: Sequence[Study],
    *,
    begun: Result | None,
    power: Power | None,
) -> Turn:
    """Return the turn of a model with every study that the settings ask for."""
    budget = Budget(settings.budget_s)
    trials = TrialSettings(
        interview_tokens=settings.num_predict,
        trial_tokens=settings.trial_tokens,
        fewest=settings.fewest_trials,
        most=settings.most_trials,
        precision=settings.precision,
        longest_s=settings.trials_s,
    )
    speed = SpeedTrials(trials, budget, begun=begun)
    last: list[ResultStudy] = []
    if power is not None and power.watts is not None:
        last.append(StatedEnergy(power.watts, power.price_per_kwh))
    elif power is not None and power.meter is not None:
        last.append(MeteredEnergy(power.meter, settings.trial_tokens, budget, power.price_per_kwh))
    if settings.second_turn is not Extra.OFF:
        longest_s = None if settings.second_turn is Extra.ON else LONGEST_READ_S
        last.append(ConversationStudy(budget, longest_read_s=longest_s, prefill_tps=speed.prefill_tps))
    if "vision" in model.model.capabilities:
        last.append(ImageCost(budget))
    if settings.content is Extra.ON or (settings.content is Extra.AUTO and model.model.drafts):
        last.append(ContentTrials(settings.trial_tokens, budget))
    if settings.concurrency_levels:
        last.append(ConcurrencySweep(settings.concurrency_levels, settings.trial_tokens, budget))
    if settings.depths or settings.depths_of_context:
        depths = Depths(named=settings.depths, of_context=settings.depths_of_context, read_s=settings.depth_read_s)
        last.extend((DepthSweep(depths, budget), GpuCliffSearch(model, budget)))
    return Turn(model, speed, budget, alongside=alongside, last=last)


async def study_again(
    client: OllamaClient,
    work: AsyncIterator[tuple[Model, Thinks, Sequence[Study]]],
    settings: BenchmarkSettings,
    *,
    emit: Callable[[BenchmarkEvent], None],
    nonce: Callable[[], str],
) -> None:
    """Visit a host once more and carry out further studies of its models, as politely as `benchmark_host`.

    A model stays loaded until another one is asked. One that fails is reported by a `Notice` and the next one has its
    turn; what the studies found before stands.
    """
    visit = Visit(client, emit=emit, nonce=nonce, timeout_s=settings.timeout_s)
    refusal = await _refusal(visit, settings.if_busy)
    if refusal is not None:
        if not visit.health.is_gone:
            async for model, _, _ in work:
                emit(Notice(f"{model.name} on {model.host} was not asked again: {refusal(model).reason}"))
        return
    loaded: LoadedModel | None = None
    try:
        async for model, thinks, studies in work:
            if loaded is None or (loaded.model, loaded.thinks) != (model, thinks):
                if loaded is not None:
                    await visit.residents.leave(loaded.model)
                loaded = await _loaded(LoadedModel(visit, model, num_ctx=settings.num_ctx, thinks=thinks))
            if loaded is not None:
                _report(visit, model, studies, await carried_out(loaded, studies))
            if visit.health.is_gone:
                return
    finally:
        if loaded is not None:
            await visit.residents.leave(loaded.model)
        await visit.residents.restore()


async def _loaded(model: LoadedModel) -> LoadedModel | None:
    """Load a model; None where that fails, which is told."""
    try:
        await model.load()
    except OllamaError as exc:
        if not model.visit.health.is_gone:
            model.visit.emit(Notice(f"{model.model.name} on {model.model.host} could not be asked again: {exc}"))
        await model.visit.residents.leave(model.model)
        return None
    return model


def _report(visit: Visit, model: Model, studies: Sequence[Study], failures: Sequence[OllamaError | None]) -> None:
    """Tell which studies a server ended early, and why."""
    for one, failure in zip(studies, failures, strict=False):
        if failure is not None and not visit.health.is_gone:
            visit.emit(not_measured(one, model, failure))


async def _refusal(visit: Visit, if_busy: IfBusy) -> Callable[[Model], Result] | None:
    """Note what is loaded and wait for others; return the results' maker where the host is to be left alone."""
    try:
        await visit.residents.look_around(at_any_rate=if_busy is IfBusy.GO)
    except OllamaError as exc:
        return partial(derive.unsafe, why=str(exc), is_lasting=is_forbidden(exc))
    return None if await _is_free(visit, if_busy) else derive.busy


async def _is_free(visit: Visit, if_busy: IfBusy) -> bool:
    """Return whether to go on: at once, or when no other client is at work."""
    match if_busy:
        case IfBusy.GO:
            return True
        case IfBusy.SKIP:
            return await visit.residents.is_quiet(wait_s=0)
        case IfBusy.WAIT:
            return await visit.residents.is_quiet(wait_s=visit.timeout_s)


def variants_of(model: Model, thinking: Thinking) -> Sequence[Thinks]:
    """Return what to ask of a model: the server's default, or each way of thinking that it knows."""
    if "thinking" not in model.capabilities:
        return (None,)
    by_level = (model.family or "").replace("-", "").startswith("gptoss")
    match thinking:
        case Thinking.DEFAULT:
            return (None,)
        case Thinking.ON:
            return ("medium",) if by_level else (True,)
        case Thinking.OFF:
            return ("low",) if by_level else (False,)
        case Thinking.ALL:
            return LEVELS if by_level else (True, False)


async def _embedding(visit: Visit, model: Model, teller: Teller, alongside: Sequence[Study], num_ctx: int) -> None:
    """Measure an embedding model and tell its result."""
    loaded, rates = LoadedModel(visit, model, num_ctx=num_ctx), EmbeddingRates()
    began_at, began_ns = datetime.now(UTC), time.perf_counter_ns()
    teller.begin(model)
    try:
        failure, *failures = await study(loaded, [rates, *alongside])
    except OllamaError as exc:
        failure, failures = exc, []
    _report(visit, model, alongside, failures)
    if failure is not None:
        teller.tell(derive.failed(model, str(failure)), model, began_at)
        return
    opening = loaded.opening
    if rates.finding is None or opening is None:
        raise AssertionError("a study that raises nothing has found something")
    load_ns = delays.possible_ns(opening.load_duration_ns, opening.took_ns)
    result = derive.embedded(
        model,
        rates.finding,
        load_s=None if opening.was_loaded or load_ns is None else units.seconds(load_ns),
        residency=opening.residency,
        total_s=units.seconds(time.perf_counter_ns() - began_ns),
        reloaded=rates.reloaded,
        held=rates.held,
        asked_again=rates.asked_again,
    )
    teller.tell(result, model, began_at)
