"""Time that passes between client and server and is not the model's: by the server's own durations and ours. Pure.

On a real Ollama, idle or busy, all that lies outside of its durations is below 10 ms on loopback.
"""

from collections.abc import Sequence
from typing import Final

from ..visit.types import StreamRecord

USUAL_JITTER_NS: Final = 20_000_000
"""A network, a wireless one too, and two schedulers do no more than this to a single chunk."""
CLOCK_TOLERANCE: Final = 0.05
SHORTEST_WINDOW_NS: Final = 1_000_000
"""A rate over less than 1 ms is an artefact: one output token makes Ollama report 1000 ns."""
HOLD_FLOOR_NS: Final = 200_000_000
"""A slow network's jitter, and a slow machine that makes tokens of a prompt, stay below."""
HOLD_SHARE: Final = 0.05
"""Of the time to the first token: less does not change what it says."""
ROUND_TRIP_SLACK: Final = 0.5
"""A round trip may be so much longer than the median of those before."""
LONGEST_ROUND_TRIP_NS: Final = 500_000_000
"""No network in use takes longer; what makes a small request wait for longer is something in between."""
SLOW_ANSWER_FACTOR: Final = 3
TELLING_ROUND_TRIP_NS: Final = 150_000_000
TELLING_SHARE: Final = 0.1
CREDIBLE_PACE: Final = 1.5
END_TOKENS: Final = 2
"""So many tokens may follow the last one that is shown: the end token, and one that a parser holds back."""


def possible_ns(duration_ns: int | None, seen_ns: int) -> int | None:
    """Return a server's duration; None where it is negative, or longer than what it is part of was by our clock."""
    if duration_ns is None or not 0 <= duration_ns <= (1 + CLOCK_TOLERANCE) * seen_ns + USUAL_JITTER_NS:
        return None
    return duration_ns


def first_ns(record: StreamRecord) -> int:
    """When the first content came, in ns after the request was sent; the end of the answer where none came."""
    return record.ended_ns if record.first_content_ns is None else record.first_content_ns


def held_ns(record: StreamRecord) -> int:
    """How long a request was held up before its first content, beyond what server and network explain, in ns.

    0 where that is less than 200 ms, half a round trip or 5 % of the time to the first content, and where nothing
    tells: the server gives no durations, or no small request was timed. A round trip of over 500 ms is no network's.
    """
    outside_ns = _outside_ns(record)
    if outside_ns is None or record.round_trip_ns is None or record.first_content_ns is None:
        return 0
    outside_ns -= record.first_lag_ns or 0
    return _if_long(outside_ns, record.round_trip_ns, within_ns=record.first_content_ns)


def held_end_ns(record: StreamRecord) -> int:
    """How long the end of an answer came after its last content, beyond what server and network explain, in ns.

    0 where that is little or nothing tells, as for `held_ns`.
    """
    durations = _Durations.of(record)
    if durations is None or durations.total_ns is None:
        return 0
    if record.round_trip_ns is None or record.last_content_ns is None or record.first_content_ns is None:
        return 0
    token_ns = durations.decode_ns / max(1, (record.eval_count or 0) - 1)
    after_ns = record.ended_ns - record.last_content_ns - round(END_TOKENS * token_ns)
    outside_ns = min(after_ns, record.ended_ns - durations.total_ns) - (record.last_lag_ns or 0)
    return _if_long(outside_ns, record.round_trip_ns, within_ns=record.ended_ns - record.first_content_ns)


def held_whole_ns(took_ns: int, total_ns: int | None, *, round_trip_ns: int | None) -> int:
    """How long an answer took in one piece that the server's own total and the network do not explain, in ns.

    0 where that is little or nothing tells, as for `held_ns`.
    """
    total_ns = possible_ns(total_ns, took_ns)
    if total_ns is None or total_ns < SHORTEST_WINDOW_NS or round_trip_ns is None:
        return 0
    return _if_long(took_ns - total_ns, round_trip_ns, within_ns=took_ns)


def agrees_with_total(record: StreamRecord) -> bool:
    """Return whether the server's load, reading and decoding are all there, and fill its total to within 5 % and 20 ms.

    One that puts its reading into the duration of decoding leaves the reading out, or exceeds the total.
    """
    durations = _Durations.of(record)
    if durations is None or durations.total_ns is None:
        return False
    stages_ns = durations.load_ns + durations.prompt_ns + durations.decode_ns
    return abs(durations.total_ns - stages_ns) <= CLOCK_TOLERANCE * durations.total_ns + USUAL_JITTER_NS


def comes_and_goes(record: StreamRecord, calm: Sequence[StreamRecord]) -> bool:
    """Return whether a request was held up and one of the others was not, so that it is worth repeating."""
    return held_ns(record) > 0 and any(held_ns(other) == 0 for other in calm)


def is_path_slow(record: StreamRecord) -> bool:
    """Return whether a small request takes 150 ms or more there and back, and a tenth of the time to first token."""
    if record.round_trip_ns is None or record.first_content_ns is None:
        return False
    least_ns = max(TELLING_ROUND_TRIP_NS, TELLING_SHARE * record.first_content_ns)
    return least_ns <= record.round_trip_ns <= record.first_content_ns


def _if_long(outside_ns: int, round_trip_ns: int, *, within_ns: int) -> int:
    """Return what the network leaves unexplained of a time outside of the server; 0 where that is little.

    A round trip of over three times that time is not the network's: the server is slow to answer small requests.
    """
    is_networks = round_trip_ns <= SLOW_ANSWER_FACTOR * outside_ns + USUAL_JITTER_NS
    explained_ns = min(round_trip_ns, LONGEST_ROUND_TRIP_NS) if is_networks else 0
    unexplained_ns = outside_ns - explained_ns
    is_long = unexplained_ns > max(HOLD_FLOOR_NS, ROUND_TRIP_SLACK * explained_ns, HOLD_SHARE * within_ns)
    return unexplained_ns if is_long else 0


def _outside_ns(record: StreamRecord) -> int | None:
    """Return how much of the time to the first content lies outside of what the server says it did, in ns.

    Its total duration lasts from the request's arrival to the end. The decoding that is part of it began no later than
    the first content came, and no later than its own length before the end: thinking that is not shown is no delay.
    """
    durations = _Durations.of(record)
    if durations is None or record.first_content_ns is None:
        return None
    began_ns = min(record.first_content_ns, record.ended_ns - held_end_ns(record) - durations.decode_ns)
    if durations.total_ns is None:
        return began_ns - durations.load_ns - durations.prompt_ns
    return began_ns + durations.decode_ns - durations.total_ns


class _Durations:
    """A server's durations where they can be believed; the total is None where it is not that of its parts."""

    def __init__(self, load_ns: int, prompt_ns: int, decode_ns: int, total_ns: int | None) -> None:
        self.load_ns, self.prompt_ns, self.decode_ns = load_ns, prompt_ns, decode_ns
        self.total_ns = total_ns

    @classmethod
    def of(cls, record: StreamRecord) -> "_Durations | None":
        """Return the durations of a record; None where one is missing, impossible or in another unit."""
        load_ns = possible_ns(record.load_duration_ns or 0, first_ns(record))
        prompt_ns = possible_ns(record.prompt_eval_duration_ns, first_ns(record))
        decode_ns = possible_ns(record.eval_duration_ns, record.ended_ns)
        if load_ns is None or prompt_ns is None or decode_ns is None:
            return None
        shown_ns = (record.last_content_ns or 0) - (record.first_content_ns or 0)
        is_one_token = (record.eval_count or 0) <= 1  # for which Ollama reports 1000 ns
        shortest_ns = prompt_ns if is_one_token else min(prompt_ns, decode_ns)
        if shortest_ns < SHORTEST_WINDOW_NS or shown_ns > CREDIBLE_PACE * decode_ns + USUAL_JITTER_NS:
            return None
        total_ns = possible_ns(record.total_duration_ns, record.ended_ns)
        if total_ns is not None and total_ns + USUAL_JITTER_NS < load_ns + prompt_ns + decode_ns:
            total_ns = None
        return cls(load_ns, prompt_ns, decode_ns, total_ns)
