"""Every caveat, its condition and its text, in one place. Pure."""

from typing import Final

from . import metrics
from .types import Caveat, CaveatKind, Residency, StreamRecord

LARGEST_DISAGREEMENT: Final = 0.05
SHORTEST_REPEAT: Final = 4
LONGEST_REPEAT: Final = 120
REPEATS: Final = 3


def of_record(trial: StreamRecord, warm_up: StreamRecord, *, token_budget: int) -> tuple[Caveat, ...]:
    """Return what must be said of the figures that one timed generation gave."""
    found: list[Caveat] = []

    def say(kind: CaveatKind, text: str) -> None:
        found.append(Caveat(kind, text))

    if trial.eval_count is not None and trial.eval_count < metrics.FEWEST_TOKENS:
        say(
            CaveatKind.TOO_FEW_TOKENS,
            f"only {trial.eval_count} tokens came, no rate can be had from fewer than {metrics.FEWEST_TOKENS}; "
            "the model may not suit the prompt: try it by hand",
        )
    elif metrics.decode_tps(trial) is None:
        say(
            CaveatKind.NO_SERVER_DURATIONS,
            "the server gave no usable durations, so speed comes from this machine's clock; a newer Ollama gives them",
        )
    if (disagreement := _disagreement(trial)) is not None and disagreement > LARGEST_DISAGREEMENT:
        say(
            CaveatKind.CLOCKS_DISAGREE,
            f"decode speed by the server's clock and by ours differ by {disagreement:.0%}; a proxy, a busy network or "
            "a parser that holds tokens back does that: compare decode_tps with decode_client_tps",
        )
    if metrics.is_cache_hit(trial, warm_up):
        say(
            CaveatKind.PROMPT_CACHED,
            "the prompt was read faster than this model reads a new one, so part of it came from the prompt cache; "
            "no prefill rate is given: run again to get one",
        )
    if trial.prompt_eval_count is not None and trial.prompt_eval_count < (warm_up.prompt_eval_count or 0) // 2:
        say(
            CaveatKind.PROMPT_TRUNCATED,
            f"the server read {trial.prompt_eval_count} prompt tokens where it had read {warm_up.prompt_eval_count}; "
            "raise --num-ctx",
        )
    if metrics.was_queued(trial, warm_up):
        say(
            CaveatKind.QUEUED,
            "the request waited behind somebody else's, so its latency is not the model's own; run again when the "
            "server is idle",
        )
    if trial.first_answer_ns is None and trial.thinking_characters > 0:
        say(
            CaveatKind.BUDGET_SPENT_THINKING,
            f"all of the {token_budget} tokens went into thinking, no answer came; raise --num-predict",
        )
    if repeats_itself(trial.answer_tail):
        say(
            CaveatKind.REPEATS_ITSELF,
            "the answer ends in the same words over and over; its length says nothing of its quality",
        )
    return tuple(found)


def of_residency(residency: Residency | None, *, others: tuple[str, ...], was_loaded: bool) -> tuple[Caveat, ...]:
    """Return what must be said of where the model lay: on the GPU in part, beside others, or already loaded."""
    found: list[Caveat] = []
    if residency is not None and 0 < residency.size_vram_bytes < residency.size_bytes:
        share = residency.size_vram_bytes / residency.size_bytes
        found.append(
            Caveat(
                CaveatKind.PARTLY_ON_GPU,
                f"only {share:.0%} of the model lies on the GPU, the rest slows it down; a smaller quantisation or "
                "--num-ctx may fit whole",
            )
        )
    if others:
        found.append(
            Caveat(
                CaveatKind.SHARED_HOST,
                f"other models were loaded on this server: {', '.join(others)}; if they were in use, run again later",
            )
        )
    if was_loaded:
        found.append(
            Caveat(
                CaveatKind.LOAD_TIME_HIDDEN,
                "the model was loaded before the run and was left so, which leaves its load time unmeasured; "
                "`ollama stop` it and run again to measure it",
            )
        )
    return tuple(found)


def repeats_itself(text: str) -> bool:
    """Whether a text ends in one stretch of 4 to 120 characters at least three times in a row."""
    return any(
        len(text) >= REPEATS * length and text.endswith(text[-length:] * REPEATS)
        for length in range(SHORTEST_REPEAT, LONGEST_REPEAT + 1)
    )


def _disagreement(record: StreamRecord) -> float | None:
    server, client = metrics.decode_tps(record), metrics.decode_client_tps(record)
    if server is None or client is None:
        return None
    return abs(server - client) / server
