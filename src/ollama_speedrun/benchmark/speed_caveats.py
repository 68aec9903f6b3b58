"""The caveats on speed: clocks and counts that disagree, too few tokens, and trials that differ. Pure."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Final

from ..visit.observation import REPEATED
from ..wording import counted
from . import delays, metrics, stats
from .types import Caveat, CaveatKind, Observations, StreamRecord

LARGEST_DISAGREEMENT: Final = 0.05
FARTHEST_ENDS: Final = 10
STEADY_DISAGREEMENT: Final = 0.01
STEADY_JITTER_NS: Final = 3_000_000
"""Less than the usual jitter, for jitter does not push each of several generations the same way."""


def of(observed: Observations) -> Iterator[Caveat]:
    """Yield what must be said of the decode rates of one benchmark."""
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
            f"the longest answer had {counted(max(counts), 'token')}, and no rate can be had from fewer than "
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
    low_tps, high_tps = found.low_tps, found.high_tps
    if high_tps > FARTHEST_ENDS * low_tps:  # which no one can picture: two trials that differ by half give it
        low_tps, high_tps = min(rates), max(rates)
    return f"{low_tps:.1f}–{high_tps:.1f} tok/s"


def _of_late_first_pieces(observed: Observations) -> Iterator[Caveat]:
    """Say why no time to the first token can be had where tokens had been decoded long before it."""
    timed = observed.timed
    known = (observed.interview, *observed.trials)
    hidden = [tokens for record in known if (tokens := metrics.hidden_tokens(record))]
    if 2 * len(hidden) > len(known):
        yield Caveat(
            CaveatKind.HIDDEN_THINKING,
            f"the server counted {counted(max(hidden), 'token')} before it showed one, as models do that think in "
            "silence, so there is no TTFT and no classic_tps; ask for the thinking with --think on, or try --think off",
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


def _of_edges(timed: Sequence[StreamRecord], apart: float) -> Caveat:
    """Say why the client's decode rate is off, always in the same direction, while the server's is not."""
    direction = "high" if apart < 0 else "low"
    off = f"the speed by this machine's clock (decode_client_tps) is {abs(apart):.1%} too {direction}"
    if held_back := min(metrics.tokens_held_back(record) for record in timed):
        return Caveat(
            CaveatKind.TOKENS_HELD_BACK,
            f"{held_back} or more tokens of each answer came without a chunk of their own, which parsers of thinking "
            f"and tool calls cause, and speculative decoding, so {off}; go by the server's (tok/s), or try --think off",
        )
    edge = "first" if apart < 0 else "last"
    return Caveat(
        CaveatKind.LATE_CHUNK,
        f"the {edge} chunk of each answer came later than the server's own durations allow, so {off}; go by "
        "the server's (tok/s), or run again on a quieter machine and network",
    )


def _disagreement(timed: Sequence[StreamRecord]) -> float:
    """Return the median distance of the two decode rates, as a share; 0 where one of them is missing."""
    apart = _distances(timed, jitter_ns=delays.USUAL_JITTER_NS)
    return statistics.median(abs(distance) for distance in apart) if apart else 0.0


def _steady_disagreement(timed: Sequence[StreamRecord]) -> float:
    """Return the median distance of the two decode rates where all lie apart the same way, else 0."""
    apart = _distances(timed, jitter_ns=STEADY_JITTER_NS)
    steady = apart and (min(apart) > STEADY_DISAGREEMENT or max(apart) < -STEADY_DISAGREEMENT)
    return statistics.median(apart) if steady else 0.0


def _distances(timed: Sequence[StreamRecord], *, jitter_ns: int) -> list[float]:
    return [apart for record in timed if (apart := metrics.disagreement(record, jitter_ns=jitter_ns)) is not None]
