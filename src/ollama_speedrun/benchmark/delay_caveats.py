"""The caveats on time that passes between client and server. Pure."""

import statistics
from collections.abc import Iterator, Sequence

from .. import units
from ..wording import counted
from . import delays, metrics
from .caveat_words import no_ttft, of_all
from .types import Caveat, CaveatKind, Observations, StreamRecord


def of(observed: Observations) -> Iterator[Caveat]:
    """Yield what must be said of requests and answers that something held up, and of a server that is far away."""
    timed = observed.timed
    if metrics.is_server_clock_wrong(timed):
        return
    held = [one for one in timed if delays.held_ns(one) and not metrics.was_first_piece_late(one)]
    if held:
        yield _of_held(held, timed)
    elif far := [record for record in timed if delays.is_path_slow(record)]:
        yield Caveat(
            CaveatKind.SLOW_PATH,
            f"a small request takes {_round_trip(far)} there and back, which is part of the TTFT; a slow network does "
            "that, and so does a gateway that looks at each request: measure on the server itself to tell them apart",
        )
    ends = [late_ns for record in (observed.interview, *observed.trials) if (late_ns := delays.held_end_ns(record))]
    if ends:
        without = "so there is no classic_tps" if delays.held_end_ns(observed.interview) else "and the figures stand"
        yield Caveat(
            CaveatKind.LATE_END,
            f"the end of {of_all(len(ends), 1 + len(observed.trials), 'answer')} came {_s(statistics.median(ends))} "
            f"after its last token, which the server's durations do not explain, {without}; a proxy in between holds "
            "it back: give the address of the Ollama server itself",
        )


def of_embedding(held: Sequence[int]) -> tuple[Caveat, ...]:
    """Return what must be said of an embedding model where requests were held up for so long each, in ns."""
    if not held:
        return ()
    text = (
        f"{counted(len(held), 'request')} waited {_s(statistics.median(held))} for something that neither the server's "
        "durations nor the network explain, and give no rate; a proxy in between holds them up: give the address of "
        "the Ollama server itself"
    )
    return (Caveat(CaveatKind.HELD_UP, text),)


def _of_held(held: Sequence[StreamRecord], timed: Sequence[StreamRecord]) -> Caveat:
    trips_ns = statistics.median(record.round_trip_ns or 0 for record in held)
    waited_ns = statistics.median(map(delays.held_ns, held)) + min(trips_ns, delays.LONGEST_ROUND_TRIP_NS)
    if trips_ns > delays.LONGEST_ROUND_TRIP_NS:
        why = f"and a small request {_s(trips_ns)}, longer than a network takes"
    else:
        why = f"which neither its durations nor the network explain (a small request takes {_s(trips_ns)})"
    return Caveat(
        CaveatKind.HELD_UP,
        f"{of_all(len(held), len(timed))} spent {_s(waited_ns)} outside of the server before the first token, {why}, "
        f"so {no_ttft(held, timed)}; a proxy or gateway in between holds requests up: give the address of the Ollama "
        "server itself",
    )


def _round_trip(records: Sequence[StreamRecord]) -> str:
    return _s(statistics.median(record.round_trip_ns or 0 for record in records))


def _s(ns: float) -> str:
    """Return a time in seconds or, where it is short, in milliseconds."""
    seconds = units.seconds(round(ns))
    if seconds >= 0.95:
        return f"{seconds:.1f} s"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.001 else "under 1 ms"
