"""Every caveat, its condition and its text, in one place. Pure."""

from collections.abc import Iterator
from typing import Final

from . import metrics
from .types import Caveat, CaveatKind, Observations

LARGEST_DISAGREEMENT: Final = 0.05
SHORTEST_REPEAT: Final = 4
LONGEST_REPEAT: Final = 120
REPEATS: Final = 3


def of(observed: Observations) -> tuple[Caveat, ...]:
    """Return what must be said of the figures of one benchmark, and of where its model lay."""
    return (*_of_speed(observed), *_of_prompt(observed), *_of_place(observed))


def _of_speed(observed: Observations) -> Iterator[Caveat]:
    trial = observed.trial
    if trial.eval_count is not None and trial.eval_count < metrics.FEWEST_TOKENS:
        yield Caveat(
            CaveatKind.TOO_FEW_TOKENS,
            f"only {trial.eval_count} tokens came, no rate can be had from fewer than {metrics.FEWEST_TOKENS}; "
            "the model may not suit the prompt: try it by hand",
        )
    elif metrics.decode_tps(trial) is None:
        by_our_clock = metrics.decode_client_tps(trial) is not None
        consequence = "speed comes from this machine's clock" if by_our_clock else "no speed can be had"
        yield Caveat(
            CaveatKind.NO_SERVER_DURATIONS,
            f"the server gave no usable counts and durations, so {consequence}; a newer Ollama gives them",
        )
    elif metrics.is_server_clock_wrong(trial):
        yield Caveat(
            CaveatKind.CLOCKS_DISAGREE,
            "the server claims a far higher speed than its tokens came with, so only this machine's clock is used; "
            "is it really Ollama?",
        )
    elif (apart := metrics.disagreement(trial)) is not None and abs(apart) > LARGEST_DISAGREEMENT:
        yield Caveat(
            CaveatKind.CLOCKS_DISAGREE,
            f"decode speed by the server's clock and by ours differ by {abs(apart):.0%}; a proxy, a busy network or "
            "a parser that holds tokens back does that: compare decode_tps with decode_client_tps",
        )
    if metrics.was_queued(trial, observed.warm_up):
        yield Caveat(
            CaveatKind.QUEUED,
            "the request waited behind somebody else's, so its latency is not the model's own; run again when the "
            "server is idle",
        )
    if trial.first_answer_ns is None and trial.thinking_characters > 0:
        yield Caveat(
            CaveatKind.BUDGET_SPENT_THINKING,
            f"all of the {observed.token_budget} tokens went into thinking, no answer came; raise --num-predict",
        )
    if repeats_itself(trial.answer_tail):
        yield Caveat(
            CaveatKind.REPEATS_ITSELF,
            "the answer ends in the same words over and over; its length says nothing of its quality",
        )


def _of_prompt(observed: Observations) -> Iterator[Caveat]:
    trial, warm_up = observed.trial, observed.warm_up
    if metrics.is_cache_hit(trial, warm_up):
        yield Caveat(
            CaveatKind.PROMPT_CACHED,
            "the prompt was read faster than this model reads a new one, so part of it came from the prompt cache; "
            "no prefill rate is given: run again to get one",
        )
    if trial.prompt_eval_count is not None and trial.prompt_eval_count < (warm_up.prompt_eval_count or 0) // 2:
        yield Caveat(
            CaveatKind.PROMPT_TRUNCATED,
            f"the server read {trial.prompt_eval_count} prompt tokens where it had read {warm_up.prompt_eval_count}; "
            "raise --num-ctx",
        )


def _of_place(observed: Observations) -> Iterator[Caveat]:
    residency = observed.residency
    if residency is not None and 0 < residency.size_vram_bytes < residency.size_bytes:
        yield Caveat(
            CaveatKind.PARTLY_ON_GPU,
            f"only {residency.size_vram_bytes / residency.size_bytes:.0%} of the model lies on the GPU, the rest slows "
            "it down; a smaller quantisation or --num-ctx may fit whole",
        )
    if observed.others:
        yield Caveat(
            CaveatKind.SHARED_HOST,
            f"other models were loaded on this server: {', '.join(observed.others)}; if they were in use, run again "
            "later",
        )
    if observed.was_loaded:
        yield Caveat(
            CaveatKind.LOAD_TIME_HIDDEN,
            "the model was loaded before the run and was left so, which leaves its load time unmeasured; "
            "`ollama stop` it and run again to measure it",
        )


def repeats_itself(text: str) -> bool:
    """Whether a text ends in one stretch of 4 to 120 characters at least three times in a row."""
    return any(
        len(text) >= REPEATS * length and text.endswith(text[-length:] * REPEATS)
        for length in range(SHORTEST_REPEAT, LONGEST_REPEAT + 1)
    )
