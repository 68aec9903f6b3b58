"""From raw records to a result. Pure."""

from .. import units
from ..inventory.types import Model
from . import caveats, metrics
from .types import Observations, Result


def measured(model: Model, observed: Observations) -> Result:
    """Return the result of a generation that ended well; one that streamed nothing is a failure all the same."""
    trial, residency = observed.trial, observed.residency
    if trial.content_chunks == 0:
        tokens = "an unknown number of" if trial.eval_count is None else trial.eval_count
        return failed(
            model,
            f"it answered nothing ({tokens} tokens, done_reason {trial.done_reason or 'absent'}); "
            "try it by hand, or pull it again",
        )
    server_is_wrong = metrics.is_server_clock_wrong(trial)
    prompt_was_cached = metrics.is_cache_hit(trial, observed.warm_up)
    load_ns = None if observed.was_loaded else observed.warm_up.load_duration_ns
    return Result(
        host=model.host,
        model=model.name,
        status="ok",
        decode_tps=None if server_is_wrong else metrics.decode_tps(trial),
        decode_client_tps=metrics.decode_client_tps(trial),
        ollama_tps=metrics.ollama_tps(trial),
        classic_tps=metrics.classic_tps(trial),
        prefill_tps=None if server_is_wrong or prompt_was_cached else metrics.prefill_tps(trial),
        ttft_s=metrics.ttft_s(trial),
        ttfa_s=metrics.ttfa_s(trial),
        tpot_s=metrics.tpot_s(trial),
        load_s=None if server_is_wrong or load_ns is None else units.seconds(load_ns),
        total_s=metrics.total_s(trial),
        prompt_tokens=trial.prompt_eval_count,
        output_tokens=trial.eval_count,
        token_budget=observed.token_budget,
        context_length=residency.context_length if residency else None,
        memory_bytes=residency.size_bytes if residency else None,
        gpu_share=residency.size_vram_bytes / residency.size_bytes if residency else None,
        caveats=caveats.of(observed),
        warm_up=observed.warm_up,
        trial=trial,
    )


def failed(model: Model, reason: str) -> Result:
    """Return the result of a benchmark that went wrong."""
    return Result(host=model.host, model=model.name, status="failed", reason=reason)


def skipped(model: Model) -> Result:
    """Return the result of a model that is never sent a text prompt, with the reason by its kind."""
    match model.kind:
        case "embedding":
            reason = "an embedding model: it turns text into vectors and cannot answer"
        case "image":
            reason = "an image model: it draws and cannot answer"
        case "cloud":
            reason = "a cloud model: it runs on somebody else's computer"
        case "chat" | "base":
            raise ValueError(f"{model.name} generates text and is not skipped")
    return Result(host=model.host, model=model.name, status="skipped", reason=reason)
