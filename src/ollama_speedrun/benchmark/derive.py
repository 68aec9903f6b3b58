"""From raw records to a result. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from .. import units
from ..inventory.types import Model
from ..visit.types import Residency, StreamRecord
from ..wording import counted
from . import caveats, disturbances, memory, metrics, stats
from .types import EmbeddingFigures, ImageFigures, Observations, Result, timed_of

LARGEST_DRIFT: Final = 0.03

T = TypeVar("T")


def measured(model: Model, observed: Observations) -> Result:
    """Return the result of generations that ended well; one that streamed nothing is a failure all the same.

    Speeds are geometric means over the timed generations, latencies their medians.
    """
    interview, residency, timed = observed.interview, observed.residency, observed.timed
    if interview.content_chunks == 0:
        return failed(model, _why_nothing(observed), variant=variant_of(observed.thinks))
    server_is_wrong = metrics.is_server_clock_wrong(timed)
    credible = metrics.credible(timed)
    by_server = [] if server_is_wrong else _each(metrics.decode_tps, credible)
    waits_s = _each(metrics.ttft_s, _undisturbed(timed, observed))
    is_load_hidden = server_is_wrong or observed.was_loaded or observed.load_was_shared
    return Result(
        host=model.host,
        model=model.name,
        variant=variant_of(observed.thinks),
        status="ok",
        decode_tps=stats.geometric_mean(by_server),
        decode_interval=stats.interval(by_server or _each(metrics.decode_client_tps, timed)),
        decode_client_tps=stats.geometric_mean(_each(metrics.decode_client_tps, timed)),
        ollama_tps=stats.geometric_mean(_each(metrics.ollama_tps, credible)),
        classic_tps=metrics.classic_tps(interview),
        prefill_tps=None if server_is_wrong else _prefill_tps(observed),
        ttft_s=stats.percentile(waits_s, 0.5),
        ttft_interval=stats.time_interval(waits_s),
        ttfa_s=_ttfa_s(observed),
        tpot_s=stats.percentile(_each(metrics.tpot_s, timed), 0.5),
        unattributed_s=stats.percentile([units.seconds(ns) for ns in _each(disturbances.unattributed_ns, timed)], 0.5),
        load_s=None if is_load_hidden else metrics.load_s(observed.warm_up),
        total_s=metrics.total_s(interview),
        prompt_tokens=interview.prompt_eval_count,
        output_tokens=metrics.output_tokens(interview),
        token_budget=observed.token_budget,
        num_ctx=observed.num_ctx,
        context_length=residency.context_length if residency else None,
        memory_bytes=residency.size_bytes if residency else None,
        gpu_share=residency.size_vram_bytes / residency.size_bytes if residency else None,
        caveats=caveats.of(observed),
        discarded_trials=observed.discarded,
        warm_up=observed.warm_up,
        interview=interview,
        trials=observed.trials,
    )


def with_memory(result: Result, model: Model, residencies: Mapping[int, Residency]) -> Result:
    """Return the result with the memory by context, out of what /api/ps said at each length of context."""
    loads = memory.loads_of(residencies)
    known = memory.known(loads, model, result.concurrency)
    return msgspec.structs.replace(
        result,
        loads=loads,
        memory_by_context=memory.by_context(known),
        context_on_gpu=memory.context_on_gpu(loads),
        gpu_cliff=memory.gpu_cliff(loads, layers=model.kv_cache.layers if model.kv_cache else None),
    )


def _ttfa_s(observed: Observations) -> float | None:
    """Return the time to the first answer token of the interview, None where that was disturbed."""
    interview = _undisturbed([observed.interview], observed)
    return metrics.ttfa_s(interview[0]) if interview else None


def _undisturbed(records: Sequence[StreamRecord], observed: Observations) -> Sequence[StreamRecord]:
    """Return the generations with no load and no queue in their time to the first token."""
    if not observed.keeps_loaded:
        return ()
    return disturbances.undisturbed(records, observed.warm_up, observed.calm, was_loaded=observed.was_loaded)


def stamped(
    result: Result, model: Model, *, server_version: str | None, turn: tuple[datetime, datetime] | None = None
) -> Result:
    """Return the result with what it belongs to: server, model, and the beginning and end of the model's turn."""
    started_at, ended_at = (None, None) if turn is None else turn
    return msgspec.structs.replace(
        result,
        server_version=server_version,
        model_format=model.format,
        digest=model.digest,
        started_at=started_at,
        ended_at=ended_at,
    )


def _why_nothing(observed: Observations) -> str:
    interview = observed.interview
    if metrics.was_truncated(interview, prompt_characters=observed.prompt_characters):
        return (
            f"it answered nothing to a prompt that the server cut to {interview.prompt_eval_count} tokens; "
            "raise --context"
        )
    if hidden := metrics.hidden_tokens(interview):
        return (
            f"the server counted {hidden} tokens and showed none of them, as models do that think in silence; raise "
            "--num-predict, or ask for the thinking with --think on"
        )
    counted = "an unknown number of tokens" if interview.eval_count is None else _tokens(interview.eval_count)
    return (
        f"it answered nothing ({counted}, done_reason {interview.done_reason or 'absent'}); ask it something by hand "
        "with `ollama run`"
    )


def _tokens(count: int) -> str:
    return counted(count, "token")


def variant_of(thinks: bool | str | None) -> str | None:
    """Name the variant that a `think` of the request makes; None for the server's default."""
    match thinks:
        case None:
            return None
        case True:
            return "thinking"
        case False:
            return "direct"
        case level:
            return f"thinking {level}"


def image_figures(without: StreamRecord, with_image: StreamRecord) -> ImageFigures:
    """Return what an image added to a prompt: the differences of the prompt's tokens and of its reading time."""
    tokens = _difference(with_image.prompt_eval_count, without.prompt_eval_count)
    read_ns = _difference(with_image.prompt_eval_duration_ns, without.prompt_eval_duration_ns)
    return ImageFigures(tokens=tokens, prefill_s=None if read_ns is None else units.seconds(read_ns))


def _difference(larger: int | None, smaller: int | None) -> int | None:
    """Return a positive difference, None where there is none."""
    return None if larger is None or smaller is None or larger <= smaller else larger - smaller


def prefill_rates(warm_up: StreamRecord, interview: StreamRecord, trials: Sequence[StreamRecord]) -> list[float]:
    """Return the rate of each timed prompt, without those out of the cache and without what stays cached in each."""
    usable = metrics.uncached((interview, *trials))
    timed = [record for record in timed_of(interview, trials) if any(record is read for read in usable)]
    cached_tokens = metrics.constant_prefix_tokens(warm_up, interview)
    return _each(lambda record: metrics.prefill_tps(record, cached_tokens=cached_tokens), timed)


def _prefill_tps(observed: Observations) -> float | None:
    return stats.geometric_mean(prefill_rates(observed.warm_up, observed.interview, observed.trials))


def _each(metric: Callable[[StreamRecord], T | None], records: Sequence[StreamRecord]) -> list[T]:
    return [value for record in records if (value := metric(record)) is not None]


def embedded(  # noqa: PLR0913  # independent figures, named at the call
    model: Model,
    figures: EmbeddingFigures,
    *,
    load_s: float | None,
    residency: Residency | None,
    total_s: float,
    reloaded: int = 0,
    held: Sequence[int] = (),
    asked_again: Sequence[str] = (),
) -> Result:
    """Return the result of an embedding model; `reloaded` requests found it not loaded.

    `held` has for how long those were held up that were, in ns; `asked_again` why those were sent again that were.
    """
    return Result(
        host=model.host,
        model=model.name,
        status="ok",
        load_s=load_s,
        total_s=total_s,
        context_length=residency.context_length if residency else None,
        memory_bytes=residency.size_bytes if residency else None,
        gpu_share=residency.size_vram_bytes / residency.size_bytes if residency else None,
        embedding=figures,
        caveats=(*caveats.of_asking_again(asked_again), *caveats.of_embedding(reloaded, held)),
    )


def failed(model: Model, reason: str, *, variant: str | None = None) -> Result:
    """Return the result of a benchmark that went wrong."""
    return Result(host=model.host, model=model.name, variant=variant, status="failed", reason=reason)


def busy(model: Model) -> Result:
    """Return the result of a model whose host was at work for another client."""
    reason = "the server was busy for another client; try later, or measure all the same with --if-busy go"
    return Result(host=model.host, model=model.name, status="skipped", reason=reason)


def unsafe(model: Model, why: str, *, is_lasting: bool = False) -> Result:
    """Return the result of a model whose server did not say what others have loaded; `why` has advice if lasting."""
    advice = "" if is_lasting or why.endswith("?") else "; try again later"
    reason = f"the server does not say what others have loaded, which a benchmark could disturb: {why}{advice}"
    return Result(host=model.host, model=model.name, status="skipped", reason=reason)


def drift(trials: Sequence[StreamRecord], again: StreamRecord) -> float | None:
    """Return by what share a trial that was repeated later was faster than the first ones, negative where slower.

    None where that is unknown, or no more than 3 % and than the spread of the first ones lets expect of one more trial.
    """
    rates, now_tps = _each(metrics.decode_tps, metrics.credible(trials)), metrics.decode_tps(again)
    before_tps = stats.geometric_mean(rates)
    if before_tps is None or now_tps is None:
        return None
    apart = max(now_tps / before_tps, before_tps / now_tps) - 1
    return now_tps / before_tps - 1 if apart > max(LARGEST_DRIFT, stats.spread(rates) or 0.0) else None


def drifted(result: Result, drift: float) -> Result:
    """Return the result with the caveat that its host became faster or slower by a share while it was measured."""
    return msgspec.structs.replace(result, drift=drift, caveats=(*result.caveats, caveats.of_drift(drift)))


def skipped(model: Model) -> Result:
    """Return the result of a model that cannot be measured here, with the reason by its kind."""
    match model.kind:
        case "image":
            reason = "an image model: it draws and cannot answer"
        case "cloud":
            reason = "a cloud model: it runs on a remote computer"
        case "chat" | "base" | "embedding":
            raise ValueError(f"{model.name} can be measured and is not skipped")
    return Result(host=model.host, model=model.name, status="skipped", reason=reason)
