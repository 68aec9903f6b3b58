"""Phase 3 on one host: its models in turn, two by two where memory holds both, and everything left as it was found."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from .. import units
from ..errors import OllamaError
from ..events import Notice
from ..inventory.types import Model
from ..ollama.client import OllamaClient
from ..visit.loaded import find
from ..visit.loaded_model import LoadedModel
from ..visit.study import Study, study
from ..visit.visit import Visit
from . import metrics, outcome
from .budget import Budget
from .embedding import EmbeddingRates
from .events import BenchmarkBegan, BenchmarkEnded, BenchmarkEvent, BenchmarkPartial, BenchmarkRevised
from .image_cost import ImageCost
from .plan import BenchmarkSettings, IfBusy, Thinking
from .speed import SpeedTrials, TrialPlan
from .sweeps import ConcurrencySweep, DepthSweep
from .turn import ResultStudy, Turn
from .types import Result

LEVELS: Final = ("low", "medium", "high")
"""What gpt-oss-like models know instead of on and off."""

Thinks: TypeAlias = bool | str | None
"""The `think` of a request."""

Studies: TypeAlias = Callable[[Model, Thinks], Sequence[Study]]
"""Returns further studies of a model in a variant, to be carried out while it is loaded for its speed trials."""


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
) -> None:
    """Benchmark a host's models, those already loaded first, then from small to large.

    Failures become results. A model that was loaded before keeps its context and stays; one that we loaded is unloaded,
    and one that had to make way for ours is loaded again, also when the run is cancelled.
    """
    visit = Visit(client, emit=emit, nonce=nonce, timeout_s=settings.timeout_s)
    teller = _Teller(emit, server_version)
    try:
        await visit.residents.look_around()
    except OllamaError as exc:
        for model in models:
            teller.tell(outcome.unsafe(model, str(exc)), model)
        return
    if not await _is_free(visit, settings.if_busy):
        for model in models:
            teller.tell(outcome.busy(model), model)
        return

    def turn(model: Model, thinks: Thinks) -> Turn:
        loaded = LoadedModel(visit, model, num_ctx=settings.num_ctx, thinks=thinks)
        return _turn(loaded, settings, studies(model, thinks))

    in_turn = sorted(models, key=lambda model: (find(visit.residents.before, model) is None, model.size_bytes or 0))
    variants = [
        (model, thinks) for model in in_turn if model.generates_text for thinks in _variants(model, settings.thinking)
    ]
    try:
        turns = _Turns(visit, teller, turn, holds_two=settings.take_turns)
        await turns.take(variants)
        for model in in_turn:
            if not model.generates_text:
                await _embedding(visit, model, teller)
        if settings.reference_trial:
            await turns.look_for_drift()
    finally:
        await visit.residents.restore()


def _turn(model: LoadedModel, settings: BenchmarkSettings, alongside: Sequence[Study]) -> Turn:
    """Return the turn of a model with every study that the settings ask for."""
    budget = Budget(settings.budget_s)
    plan = TrialPlan(
        interview_tokens=settings.num_predict,
        trial_tokens=settings.trial_tokens,
        fewest=settings.fewest_trials,
        most=settings.most_trials,
        precision=settings.precision,
    )
    last: list[ResultStudy] = []
    if "vision" in model.model.capabilities:
        last.append(ImageCost(budget))
    if settings.concurrency_levels:
        last.append(ConcurrencySweep(settings.concurrency_levels, settings.trial_tokens, budget))
    if settings.depths:
        last.append(DepthSweep(settings.depths, budget))
    return Turn(model, SpeedTrials(plan, budget), budget, alongside=alongside, last=last)


async def _is_free(visit: Visit, if_busy: IfBusy) -> bool:
    """Whether to go on: at once, or when others have come to rest."""
    match if_busy:
        case IfBusy.GO:
            return True
        case IfBusy.SKIP:
            return await visit.residents.is_quiet(wait_s=0)
        case IfBusy.WAIT:
            return await visit.residents.is_quiet(wait_s=visit.timeout_s)


def _variants(model: Model, thinking: Thinking) -> Sequence[Thinks]:
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


async def _embedding(visit: Visit, model: Model, teller: "_Teller") -> None:
    """Measure an embedding model and tell its result."""
    loaded, rates = LoadedModel(visit, model), EmbeddingRates()
    began_at, began_ns = datetime.now(UTC), time.perf_counter_ns()
    teller.begin(model)
    try:
        await study(loaded, [rates])
    except OllamaError as exc:
        teller.tell(outcome.failed(model, str(exc)), model, began_at)
        return
    opening = loaded.opening
    if rates.finding is None or opening is None:
        raise AssertionError("a study that raises nothing has found something")
    load_ns = metrics.possible_ns(opening.load_duration_ns, opening.took_ns)
    result = outcome.embedded(
        model,
        rates.finding,
        load_s=None if opening.was_loaded or load_ns is None else units.seconds(load_ns),
        residency=opening.residency,
        total_s=units.seconds(time.perf_counter_ns() - began_ns),
    )
    teller.tell(result, model, began_at)


class _Teller:
    """Tells results, each with what identifies it."""

    def __init__(self, emit: Callable[[BenchmarkEvent], None], server_version: str | None) -> None:
        self.results: list[Result] = []
        self._emit = emit
        self._server_version = server_version

    def begin(self, model: Model) -> None:
        """Tell that a model's turn has come."""
        self._emit(BenchmarkBegan(model.host, model.name))

    def tell(self, result: Result, model: Model, began_at: datetime | None = None) -> None:
        """Tell a result."""
        result = outcome.stamped(result, model, server_version=self._server_version, began_at=began_at)
        self.results.append(result)
        self._emit(BenchmarkEnded(result))

    def tell_partial(self, result: Result, model: Model, began_at: datetime | None) -> None:
        """Tell what is known so far."""
        result = outcome.stamped(result, model, server_version=self._server_version, began_at=began_at)
        self._emit(BenchmarkPartial(result))

    def revise(self, result: Result) -> None:
        """Tell a result once more that was told before."""
        self._emit(BenchmarkRevised(result))


class _Turns:
    """The order in which the models of one host have their turns."""

    def __init__(
        self, visit: Visit, teller: _Teller, turn: Callable[[Model, Thinks], Turn], *, holds_two: bool
    ) -> None:
        self._visit = visit
        self._teller = teller
        self._turn = turn
        self._holds_two = holds_two
        self._first: Turn | None = None

    async def take(self, variants: Sequence[tuple[Model, Thinks]]) -> None:
        """Give each model in each variant its turn."""
        queue = deque(self._turn(model, thinks) for model, thinks in variants)
        while queue:
            await self._together(queue)

    async def _together(self, queue: deque[Turn]) -> None:
        """Give the next in the queue its turn, and the one after it where memory holds both."""
        batch = [queue.popleft()]
        untold = deque[Turn]()
        try:
            untold.append(batch[0])
            await self._open(batch[0])
            if queue and self._may_share(batch[0], queue[0]):
                batch.append(queue.popleft())
                untold.append(batch[1])
                await self._open(batch[1])
                if not await self._fit_together(*batch):
                    self._holds_two = False
                    first, second = batch
                    queue.extendleft((self._turn(second.model.model, second.model.thinks), first))
                    untold.clear()
                    return
            active = [turn for turn in batch if not turn.failed]
            while active:
                active = [turn for turn in active if await self._step(turn)]
            while untold:
                await self._finish(untold[0], batch)
                self._tell(untold.popleft())
        finally:
            for turn in untold:
                self._tell(turn)
            await self._visit.residents.leave(*(turn.model.model for turn in batch))

    async def _open(self, turn: Turn) -> None:
        self._teller.begin(turn.model.model)
        await turn.open()

    async def _step(self, turn: Turn) -> bool:
        """Do one step, and tell what is known after it."""
        is_wanted = await turn.step()
        result = turn.result
        if result is not None and result.status == "ok":
            self._teller.tell_partial(result, turn.model.model, turn.began_at)
        return is_wanted

    async def _finish(self, turn: Turn, batch: Sequence[Turn]) -> None:
        """Carry out the last studies, with the memory to itself where one of them needs that."""
        if turn.needs_the_memory and len(batch) > 1 and turn.speed.is_complete:
            await self._visit.residents.leave(*(other.model.model for other in batch))
            await turn.open()
        await turn.finish()
        if self._first is None and not turn.failed:
            self._first = turn

    def _tell(self, turn: Turn) -> None:
        if (result := turn.result) is not None:
            self._teller.tell(result, turn.model.model, turn.began_at)

    def _may_share(self, first: Turn, second: Turn) -> bool:
        if not self._holds_two or self._visit.residents.before or first.failed:
            return False
        return first.model.model.digest != second.model.model.digest

    async def _fit_together(self, first: Turn, second: Turn) -> bool:
        """Whether the second's loading left the first where it was, and did not have to spill for it."""
        if second.failed:
            return True
        still = find(await self._visit.residents.loaded() or (), first.model.model)
        before, after = first.model.residency, second.model.residency
        spilled = after is not None and 0 < after.size_vram_bytes < after.size_bytes
        moved = still is None or (before is not None and still.size_vram != before.size_vram_bytes)
        return not (spilled or moved)

    async def look_for_drift(self) -> None:
        """Time the first model again: where it comes out otherwise, the host was not the same throughout."""
        measured = [
            result for result in self._teller.results if result.status == "ok" and result.decode_tps is not None
        ]
        if self._first is None or len(measured) < 2:
            return
        model, where = self._first.model, self._visit.client.base_url
        self._visit.emit(Notice(f"timing {model.model.name} on {where} once more, to see drift"))
        try:
            drift = await self._first.speed.drift(model)
        finally:
            await self._visit.residents.leave(model.model)
        if drift is not None:
            self._visit.emit(Notice(f"{where} changed its speed by {drift:+.0%} while its models were benchmarked"))
            for result in measured:
                self._teller.revise(outcome.drifted(result, drift))
