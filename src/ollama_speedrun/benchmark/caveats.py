"""Every caveat, its condition and its text; those on speed are in `speed_caveats`. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from .. import units
from ..visit.observation import REPEATED
from ..visit.types import STOPPED
from ..wording import counted
from . import delay_caveats, disturbances, metrics, speed_caveats
from .caveat_words import no_ttft, of_all
from .types import Caveat, CaveatKind, Observations

LARGEST_SILENT_PREFIX: Final = 0.25
SHORTEST_REPEAT: Final = 4
LONGEST_REPEAT: Final = 120
REPEATS: Final = 3


ANSWER_FAULTS: Final[Mapping[CaveatKind, str]] = {
    CaveatKind.REPEATS_ITSELF: "its answer repeats itself",
    CaveatKind.BUDGET_SPENT_THINKING: "it thought until its end and never answered",
}
"""The caveats that make the length of an answer say nothing of its quality, in words that follow "but"."""


def of(observed: Observations) -> tuple[Caveat, ...]:
    """Return what must be said of the figures of one benchmark, and of where its model lay."""
    return (
        *speed_caveats.of(observed),
        *_of_answer(observed),
        *_of_prompt(observed),
        *_of_disturbance(observed),
        *delay_caveats.of(observed),
        *_of_context(observed),
        *_of_place(observed),
    )


def _of_answer(observed: Observations) -> Iterator[Caveat]:
    interview = observed.interview
    if interview.first_answer_ns is None and interview.thinking_characters > 0:
        yield Caveat(
            CaveatKind.BUDGET_SPENT_THINKING,
            f"{_thought(observed)}, no answer came; raise --num-predict, or try --think off",
        )
    if observed.thinks is False and interview.thinking_characters > 0:
        yield Caveat(
            CaveatKind.REASONS_ANYWAY,
            "the model was told not to think and did; compare its time to the answer with the thinking variant's",
        )
    if interview.done_reason == REPEATED:
        yield Caveat(
            CaveatKind.REPEATS_ITSELF,
            "the model said the same token over 30 times, and the server ended the answer after "
            f"{counted(interview.content_chunks, 'token')}; the speed until then is by this machine's clock, and the "
            "length says nothing of the quality",
        )
    elif repeats_itself(interview.answer_tail):
        yield Caveat(
            CaveatKind.REPEATS_ITSELF,
            "the answer ends in the same words over and over; its length says nothing of its quality",
        )


def _thought(observed: Observations) -> str:
    """Say what became of the tokens of an interview that is all thinking: it may also have stopped by itself."""
    if observed.interview.done_reason == "stop":
        return "the model stopped when it had done with thinking"
    return f"all of the {observed.token_budget} tokens went into thinking"


def _of_prompt(observed: Observations) -> Iterator[Caveat]:
    reads = (observed.interview, *observed.trials)
    cached = sum(metrics.prefill_tps(read) is not None for read in reads) - len(metrics.uncached(reads))
    is_counted = observed.interview.prompt_eval_cached_count is not None
    prefix = 0 if is_counted else metrics.constant_prefix_tokens(observed.warm_up, observed.interview)
    if cached:
        yield Caveat(
            CaveatKind.PROMPT_CACHED,
            f"{cached} of {len(reads)} prompts were read far faster than the rest, out of the prompt cache; they are "
            "left out of the prefill rate: run again if few remain",
        )
    elif prefix > LARGEST_SILENT_PREFIX * (observed.interview.prompt_eval_count or 0):
        yield Caveat(
            CaveatKind.PROMPT_CACHED,
            f"about {prefix} tokens of the model's own template and system prompt stay in the prompt cache and are "
            "left out of the prefill rate; an Ollama from 0.33.3 on counts them exactly",
        )
    if metrics.was_truncated(observed.interview, prompt_characters=observed.prompt_characters):
        yield Caveat(
            CaveatKind.PROMPT_TRUNCATED,
            f"the server read only {observed.interview.prompt_eval_count} tokens of a prompt of "
            f"{observed.prompt_characters} characters; raise --context",
        )


def _of_disturbance(observed: Observations) -> Iterator[Caveat]:
    calm = (observed.warm_up, observed.interview, *observed.trials)
    if observed.cut_short is not None:
        yield Caveat(
            CaveatKind.CUT_SHORT,
            f"the server failed after the long answer and {counted(len(observed.trials), 'trial')}, and what came "
            f"before stands: {observed.cut_short}; run again once it answers",
        )
    elif observed.interrupted:
        yield Caveat(
            CaveatKind.CUT_SHORT,
            f"the run ended after the long answer and {counted(len(observed.trials), 'trial')}, before this benchmark "
            "did; run again to have all of it",
        )
    again = [record.asked_again for record in calm if record is not None and record.asked_again is not None]
    yield from of_asking_again(again)
    timed = observed.timed
    queued = [record for record in timed if disturbances.was_queued(record, calm)]
    if queued:
        yield Caveat(
            CaveatKind.QUEUED,
            f"{of_all(len(queued), len(timed))} waited behind another client's, also when repeated, so "
            f"{no_ttft(queued, timed)}; run again when the server is idle",
        )
    elif waited := [record for record in timed if disturbances.always_waits(record)]:
        longest_s = units.seconds(max(disturbances.unattributed_ns(record) or 0 for record in waited))
        yield Caveat(
            CaveatKind.QUEUED,
            f"{of_all(len(waited), len(timed))} spent up to {longest_s:.1f} s in the server on none of its stages, as "
            f"one does that waits behind another client's, so {no_ttft(waited, timed)}; run again when the server is "
            "idle",
        )
    if lagged := [record for record in timed if metrics.was_stamped_late(record)]:
        longest_ms = 1000 * units.seconds(max(record.first_lag_ns or 0 for record in lagged))
        yield Caveat(
            CaveatKind.CLIENT_LAGGED,
            f"this program stalled for up to {longest_ms:.0f} ms when the first token of "
            f"{of_all(len(lagged), len(timed))} came, so {no_ttft(lagged, timed)}; another server's answers or a busy "
            "machine did that: run again with --concurrency 1",
        )
    if not observed.keeps_loaded:
        yield Caveat(
            CaveatKind.NOT_KEPT_LOADED,
            "no model stays loaded: /api/ps is empty after each answer and every request loads the model again, so "
            "there is no TTFT; start the server with OLLAMA_KEEP_ALIVE=5m if that is 0 there, or run again while "
            "no other client unloads models",
        )
        return
    reloaded = [
        one for one in timed if disturbances.was_reloaded(one, observed.warm_up, was_loaded=observed.was_loaded)
    ]
    if reloaded:
        yield Caveat(
            CaveatKind.RELOADED,
            f"{of_all(len(reloaded), len(timed))} had the model loaded again, also when repeated, so "
            f"{no_ttft(reloaded, timed)}; another client may be asking for it with another context: run again when "
            "the server is idle",
        )
    elif loading := [record for record in timed if disturbances.always_loads(record)]:
        longest_s = units.seconds(max(record.load_duration_ns or 0 for record in loading))
        yield Caveat(
            CaveatKind.RELOADED,
            f"{of_all(len(loading), len(timed))} spent up to {longest_s:.1f} s on loading although the model was "
            f"loaded, so {no_ttft(loading, timed)}; look at the server's log for why it loads again or waits with it",
        )


def of_asking_again(whys: Sequence[str]) -> tuple[Caveat, ...]:
    """Return what must be said where requests were sent again, for these reasons."""
    if not whys:
        return ()
    requests = "1 request was" if len(whys) == 1 else f"{len(whys)} requests were"
    others = [why for why in whys if not why.startswith(STOPPED)]
    if not others:
        return (
            Caveat(
                CaveatKind.ASKED_AGAIN, f"{requests} sent again, for no time can be told by the first answer: {whys[0]}"
            ),
        )
    text = f"{requests} sent again, for what came first was no answer: {others[0]}; look at the server's log if that "
    return (Caveat(CaveatKind.ASKED_AGAIN, f"{text}happens often"),)


def of_embedding(reloaded: int, held: Sequence[int] = ()) -> tuple[Caveat, ...]:
    """Return what must be said of an embedding model of which so many requests had it loaded again.

    `held` has for how long each request was held up between client and server that was, in ns.
    """
    if not reloaded:
        return delay_caveats.of_embedding(held)
    requests = counted(reloaded, "request")
    return (
        Caveat(
            CaveatKind.RELOADED,
            f"{requests} had the model loaded again and give no rate; set OLLAMA_KEEP_ALIVE=5m if the server keeps no "
            "model loaded, or run again when it is idle",
        ),
        *delay_caveats.of_embedding(held),
    )


def of_gaps(gaps: Sequence[str], *, of_depths: bool) -> tuple[Caveat, ...]:
    """Return what must be said of a sweep over depths, or else over requests at once, that has these gaps."""
    if not gaps:
        return ()
    if of_depths:
        return (Caveat(CaveatKind.DEPTHS_MISSING, f"depths not measured: {'; '.join(gaps)}"),)
    return (Caveat(CaveatKind.LEVELS_MISSING, "; ".join(gaps)),)


def _of_context(observed: Observations) -> Iterator[Caveat]:
    """Say it where the server gave another context than the one asked for, and why."""
    given = None if observed.residency is None else observed.residency.context_length
    asked, limit = observed.num_ctx, observed.limit_tokens
    if given is None or asked is None or given == asked:
        return
    if observed.is_theirs:
        why = f"others had the model loaded with {given:,}, which was kept; run again when it is not loaded"
    elif limit is not None and given <= limit < asked:
        why = f"the model's own limit is {limit:,}; its figures do not compare with those of longer contexts"
    else:
        why = f"the server gave {given:,}; look for a limit in its settings and its log"
    yield Caveat(CaveatKind.CONTEXT_DIFFERS, f"{asked:,} tokens of context were asked for, and {why}")


def _of_place(observed: Observations) -> Iterator[Caveat]:
    residency = observed.residency
    if residency is not None and 0 < residency.size_vram_bytes < residency.size_bytes:
        yield Caveat(
            CaveatKind.PARTLY_ON_GPU,
            f"only {residency.size_vram_bytes / residency.size_bytes:.0%} of the model lies on the GPU, the rest slows "
            "it down; a smaller quantisation or --context may fit whole",
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
    elif observed.load_was_shared:
        yield Caveat(
            CaveatKind.LOAD_TIME_HIDDEN,
            "another model had to make way or was loaded at the same time, and waiting for it counts as loading on "
            "this server, so no load time is given; run again when the server is idle",
        )


def repeats_itself(text: str) -> bool:
    """Return whether a text ends in one stretch of 4 to 120 characters at least three times in a row."""
    return any(
        len(text) >= REPEATS * length and text.endswith(text[-length:] * REPEATS)
        for length in range(SHORTEST_REPEAT, LONGEST_REPEAT + 1)
    )


def of_drift(drift: float) -> Caveat:
    """Return what must be said where a host became faster or slower by this share while it was measured."""
    direction = "slower" if drift < 0 else "faster"
    return Caveat(
        CaveatKind.DRIFT,
        f"the host was {abs(drift):.0%} {direction} at the end of its benchmarks than at their beginning, so its "
        "models were not timed alike; let it cool down, close what else runs there, and run again",
    )


def fault_of_one(faults: AbstractSet[CaveatKind]) -> str:
    """Say what is wrong with one answer, in words that follow "but"; empty where nothing is."""
    return " and ".join(text for kind, text in ANSWER_FAULTS.items() if kind in faults)


def fault_of_several(faults: AbstractSet[CaveatKind]) -> str:
    """Say of several what is wrong with each of them."""
    match CaveatKind.BUDGET_SPENT_THINKING in faults, CaveatKind.REPEATS_ITSELF in faults:
        case True, True:
            return "they repeat themselves or never answered"
        case True, False:
            return "they never answered"
        case _:
            return "their answers repeat themselves"


def free_of(faults: AbstractSet[CaveatKind]) -> str:
    """Describe, as a relative clause, an answer that has none of these faults."""
    match CaveatKind.BUDGET_SPENT_THINKING in faults, CaveatKind.REPEATS_ITSELF in faults:
        case True, True:
            return "that answered without repeating itself"
        case True, False:
            return "that answered"
        case _:
            return "that did not repeat itself"
