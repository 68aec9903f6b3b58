"""Every caveat, its condition and its text, in one place. Pure."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from .. import units
from ..visit.observation import REPEATED
from ..visit.types import STOPPED
from ..wording import counted
from . import metrics, stats
from .types import Caveat, CaveatKind, Observations, StreamRecord

LARGEST_DISAGREEMENT: Final = 0.05
STEADY_DISAGREEMENT: Final = 0.01
STEADY_JITTER_NS: Final = 3_000_000
"""Less than the usual jitter, for jitter does not push each of several generations the same way."""
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
        *_of_speed(observed),
        *_of_answer(observed),
        *_of_prompt(observed),
        *_of_disturbance(observed),
        *_of_context(observed),
        *_of_place(observed),
    )


def _of_speed(observed: Observations) -> Iterator[Caveat]:
    timed = metrics.credible(observed.timed)
    counts = [tokens for record in timed if (tokens := metrics.output_tokens(record)) is not None]
    enough = [tokens for tokens in counts if tokens >= metrics.FEWEST_TOKENS]
    fewest = min(enough or counts, default=None)
    by_server = [rate for record in timed if (rate := metrics.decode_tps(record)) is not None]
    yield from _of_clocks(observed, timed, counts, fewest, has_server_rate=bool(by_server))
    yield from _of_late_first_pieces(observed)
    yield from _of_short_trials(observed)
    if fewest is not None and metrics.FEWEST_TOKENS <= fewest < metrics.ENOUGH_TOKENS:
        yield Caveat(
            CaveatKind.SHORT_ANSWERS,
            f"the speed comes from answers of {fewest} tokens, of which one that is early or late moves it by up to "
            f"{1 / (fewest - 1):.0%}; raise --num-predict, or where the model stops by itself average over more trials "
            "with --profile thorough",
        )
    yield from _of_precision(observed, timed, by_server)


def _of_clocks(
    observed: Observations,
    timed: Sequence[StreamRecord],
    counts: Sequence[int],
    fewest: int | None,
    *,
    has_server_rate: bool,
) -> Iterator[Caveat]:
    """Yield the one caveat that matters most on the counts and clocks that the rates come from."""
    over_budget = [record for record in (observed.interview, *observed.trials) if metrics.is_over_budget(record)]
    if over_budget:
        yield Caveat(
            CaveatKind.BUDGET_EXCEEDED,
            f"the server counted {max(record.eval_count or 0 for record in over_budget)} tokens where "
            f"{max(record.token_limit or 0 for record in over_budget)} were asked for, so its counts are not believed "
            "and no figure comes from them; is it really Ollama?",
        )
    elif fewest is not None and fewest < metrics.FEWEST_TOKENS:
        yield Caveat(
            CaveatKind.TOO_FEW_TOKENS,
            f"the longest answer had {_tokens(max(counts))}, and no rate can be had from fewer than "
            f"{metrics.FEWEST_TOKENS}; the model may not suit the prompt: ask it something with `ollama run`",
        )
    elif not has_server_rate and not all(record.done_reason == REPEATED for record in timed):
        by_our_clock = any(metrics.decode_client_tps(record) is not None for record in timed)
        consequence = "speed comes from this machine's clock" if by_our_clock else "no speed can be had"
        yield Caveat(
            CaveatKind.NO_SERVER_DURATIONS,
            f"the server gave no usable counts and durations, so {consequence}; a newer Ollama gives them",
        )
    elif metrics.is_server_clock_wrong(timed):
        yield Caveat(
            CaveatKind.CLOCKS_DISAGREE,
            "the server claims a far higher speed than its tokens came with, so only this machine's clock is used; "
            "is it really Ollama?",
        )
    elif left_out := len(observed.timed) - len(timed):
        yield Caveat(
            CaveatKind.CLOCKS_DISAGREE,
            f"in {left_out} of {len(observed.timed)} generations the server claims a far higher speed than the tokens "
            "came with, so those are left out of its rates; is it really Ollama?",
        )
    elif (apart := _disagreement(timed)) > LARGEST_DISAGREEMENT:
        yield Caveat(
            CaveatKind.CLOCKS_DISAGREE,
            f"decode speed by the server's clock and by ours differ by {apart:.0%}; a proxy, a busy network or "
            "a parser that holds tokens back does that: compare decode_tps with decode_client_tps",
        )
    elif steady := _steady_disagreement(timed):
        yield _of_edges(timed, steady)


def _of_precision(
    observed: Observations, timed: Sequence[StreamRecord], by_server: Sequence[float]
) -> Iterator[Caveat]:
    """Yield a caveat where the speed is known less well than was asked for, or has no interval."""
    if (reached := stats.half_width(by_server)) is not None and reached > observed.precision:
        why = (
            "the time budget ended the trials"
            if observed.out_of_time
            else "the trials differ by more than further ones could make up for"
        )
        remedy = "give more --budget" if observed.out_of_time else "run again on a quieter machine"
        yield Caveat(
            CaveatKind.IMPRECISE,
            f"the speed is known to {_known(by_server)} only, not ±{observed.precision:.0%}, "
            f"from {len(by_server)} trials: {why}; {remedy}",
        )
    elif observed.out_of_time and len(timed) < 2:
        yield Caveat(
            CaveatKind.IMPRECISE,
            "the time budget allowed one generation only, so the speed has no interval; give more --budget",
        )


def _known(rates: Sequence[float]) -> str:
    """Say how well a rate is known: as ±, or by both ends of its interval where that lies askew."""
    found, reached = stats.interval(rates), stats.half_width(rates)
    if found is None or reached is None:
        return "nothing"
    if reached <= stats.WIDE:
        return f"±{reached:.1%}"
    return f"{found.low_tps:.1f}–{found.high_tps:.1f} tok/s"


def _of_late_first_pieces(observed: Observations) -> Iterator[Caveat]:
    """Say why no time to the first token can be had where tokens had been decoded long before it."""
    timed = observed.timed
    known = (observed.interview, *observed.trials)
    hidden = [tokens for record in known if (tokens := metrics.hidden_tokens(record))]
    if 2 * len(hidden) > len(known):
        yield Caveat(
            CaveatKind.HIDDEN_THINKING,
            f"the server counted {_tokens(max(hidden))} before it showed one, as models do that think in silence, so "
            "there is no TTFT and no classic_tps; ask for the thinking with --think on, or try --think off",
        )
    elif 2 * sum(map(metrics.was_first_piece_late, timed)) > len(timed):
        pieces = max(record.content_arrivals or record.content_chunks for record in timed)
        came = "in one piece" if pieces == 1 else "in blocks"
        yield Caveat(
            CaveatKind.BUFFERED,
            f"answers came {came}, long after their first tokens were there, so neither the time to the first token "
            "nor a speed by this machine's clock can be had; a proxy in between buffers: ask the server itself",
        )
    elif 2 * sum(map(metrics.was_buffered, timed)) > len(timed):
        yield Caveat(
            CaveatKind.BUFFERED,
            "the chunks of an answer arrived in a few pieces, so this machine's clock tells no speed; a proxy in "
            "between buffers: ask the server itself",
        )


def _of_short_trials(observed: Observations) -> Iterator[Caveat]:
    """Say how many trials were left out because next to nothing came, where others stand."""
    trials = observed.trials
    empty = [trial for trial in trials if trial.is_empty]
    short = [trial for trial in trials if not trial.is_empty and _is_short(trial)]
    if len(empty) + len(short) == len(trials):
        return
    if empty:
        yield _of_left_out(len(empty), len(trials), "came back empty")
    if short:
        yield _of_left_out(len(short), len(trials), f"had fewer than {metrics.FEWEST_TOKENS} tokens")


def _of_left_out(count: int, trials: int, what: str) -> Caveat:
    was = "was" if count == 1 else "were"
    return Caveat(CaveatKind.EMPTY_TRIALS, f"{count} of {trials} trials {what} and {was} left out; the figures stand")


def _is_short(trial: StreamRecord) -> bool:
    return (metrics.output_tokens(trial) or metrics.FEWEST_TOKENS) < metrics.FEWEST_TOKENS


def _tokens(count: int) -> str:
    return counted(count, "token")


def _of_edges(timed: Sequence[StreamRecord], apart: float) -> Caveat:
    """Say why the client's decode rate is off, always in the same direction, while the server's is not."""
    direction = "high" if apart < 0 else "low"
    off = f"the speed by this machine's clock (decode_client_tps) is {abs(apart):.1%} too {direction}"
    if held_back := min(metrics.tokens_held_back(record) for record in timed):
        return Caveat(
            CaveatKind.TOKENS_HELD_BACK,
            f"{held_back} or more tokens of each answer came without a chunk of their own, as a parser of thinking or "
            f"tool calls and speculative decoding do it, so {off}; go by the server's (tok/s), or try --think off",
        )
    edge = "first" if apart < 0 else "last"
    return Caveat(
        CaveatKind.LATE_CHUNK,
        f"the {edge} chunk of each answer came later than the server's own durations allow, so {off}; go by "
        "the server's (tok/s), or run again on a quieter machine and network",
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
            f"{_tokens(interview.content_chunks)}; the speed until then is by this machine's clock, and the length "
            "says nothing of the quality",
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
    counted = observed.interview.prompt_eval_cached_count is not None
    prefix = 0 if counted else metrics.constant_prefix_tokens(observed.warm_up, observed.interview)
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
            f"the server failed after the interview and {len(observed.trials)} trials, and what came before stands: "
            f"{observed.cut_short}; run again when it is well",
        )
    elif observed.interrupted:
        yield Caveat(
            CaveatKind.CUT_SHORT,
            f"the run ended after the interview and {counted(len(observed.trials), 'trial')}, before this benchmark "
            "did; run again to have all of it",
        )
    again = [record.asked_again for record in calm if record is not None and record.asked_again is not None]
    if again:
        requests = "1 request was" if len(again) == 1 else f"{len(again)} requests were"
        others = [why for why in again if not why.startswith(STOPPED)]
        yield Caveat(
            CaveatKind.ASKED_AGAIN,
            f"{requests} sent again, for what came first was no answer: {others[0]}; look at the server's log if that "
            "happens often"
            if others
            else f"{requests} sent again, for no time can be told by the first answer: {again[0]}",
        )
    timed = observed.timed
    queued = [record for record in timed if metrics.was_queued(record, calm)]
    if queued:
        yield Caveat(
            CaveatKind.QUEUED,
            f"{_of_all(queued, timed)} waited behind another client's, also when repeated, so "
            f"{_no_ttft(queued, timed)}; run again when the server is idle",
        )
    if lagged := [record for record in timed if metrics.was_stamped_late(record)]:
        longest_ms = 1000 * units.seconds(max(record.first_lag_ns or 0 for record in lagged))
        yield Caveat(
            CaveatKind.CLIENT_LAGGED,
            f"this program stalled for up to {longest_ms:.0f} ms when the first token of "
            f"{_of_all(lagged, timed)} came, so {_no_ttft(lagged, timed)}; another server's answers or a busy machine "
            "did that: run again with --concurrency 1",
        )
    if not observed.keeps_loaded:
        yield Caveat(
            CaveatKind.NOT_KEPT_LOADED,
            "no model stays loaded: /api/ps is empty after each answer and every request loads the model again, so "
            "there is no TTFT; start the server with OLLAMA_KEEP_ALIVE=5m if that is 0 there, or run again while "
            "no other client unloads models",
        )
        return
    reloaded = [one for one in timed if metrics.was_reloaded(one, observed.warm_up, was_loaded=observed.was_loaded)]
    if reloaded:
        yield Caveat(
            CaveatKind.RELOADED,
            f"{_of_all(reloaded, timed)} had the model loaded again, also when repeated, so "
            f"{_no_ttft(reloaded, timed)}; another client may be asking for it with another context: run again when "
            "the server is idle",
        )


def of_embedding(reloaded: int) -> tuple[Caveat, ...]:
    """Return what must be said of an embedding model of which so many requests had it loaded again."""
    if not reloaded:
        return ()
    requests = counted(reloaded, "request")
    return (
        Caveat(
            CaveatKind.RELOADED,
            f"{requests} had the model loaded again and give no rate; set OLLAMA_KEEP_ALIVE=5m if the server keeps no "
            "model loaded, or run again when it is idle",
        ),
    )


def of_gaps(gaps: Sequence[str], *, of_depths: bool) -> tuple[Caveat, ...]:
    """Return what must be said of a sweep over depths, or else over requests at once, that has these gaps."""
    if not gaps:
        return ()
    if of_depths:
        return (Caveat(CaveatKind.DEPTHS_MISSING, f"depths not measured: {'; '.join(gaps)}"),)
    return (Caveat(CaveatKind.LEVELS_MISSING, "; ".join(gaps)),)


def _of_all(some: Sequence[StreamRecord], timed: Sequence[StreamRecord]) -> str:
    return "every request" if len(some) == len(timed) else f"{len(some)} of {len(timed)} requests"


def _no_ttft(some: Sequence[StreamRecord], timed: Sequence[StreamRecord]) -> str:
    return "there is no TTFT" if len(some) == len(timed) else "the TTFT comes from the others"


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


def _disagreement(timed: Sequence[StreamRecord]) -> float:
    """Return the median distance of the two decode rates, as a share; 0 where one of them is missing."""
    apart = _distances(timed, jitter_ns=metrics.USUAL_JITTER_NS)
    return statistics.median(abs(distance) for distance in apart) if apart else 0.0


def _steady_disagreement(timed: Sequence[StreamRecord]) -> float:
    """Return the median distance of the two decode rates where all lie apart the same way, else 0."""
    apart = _distances(timed, jitter_ns=STEADY_JITTER_NS)
    steady = apart and (min(apart) > STEADY_DISAGREEMENT or max(apart) < -STEADY_DISAGREEMENT)
    return statistics.median(apart) if steady else 0.0


def _distances(timed: Sequence[StreamRecord], *, jitter_ns: int) -> list[float]:
    return [apart for record in timed if (apart := metrics.disagreement(record, jitter_ns=jitter_ns)) is not None]


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
