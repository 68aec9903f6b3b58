"""How many requests a server answers at the same time, from the stamps of requests that were sent together. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ..visit.types import StreamRecord
from . import metrics
from .types import ConcurrencyPoint

JITTER_SHARE: Final = 0.05
"""So much of each end of a stream may be a neighbour's chunk that came late, or a server that hands over its slot."""
SAME_THROUGHPUT: Final = 0.02


class Parallelism(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests a server answers at once, and what that gains and costs beside one request alone.

    It `is_lower_bound` where no more than these were sent. `throughput_tps` is that of all requests together at the
    smallest number of `requests` that reaches the most; `stream_tps` the decode rate of each of them, `ttft_s` the
    median time to first token. None where not known.
    """

    at_once: int
    is_lower_bound: bool
    requests: int
    throughput_tps: float | None = None
    alone_tps: float | None = None
    stream_tps: float | None = None
    ttft_s: float | None = None
    alone_ttft_s: float | None = None


def ran_at_once(runs: Iterable[tuple[int, StreamRecord]]) -> int:
    """Return how many of some streams were decoded at the same moment: (sent in monotonic ns, record) each.

    A stream lasts from its first content to its last by our clock; one whose chunks a proxy collected, for as long as
    the server says that it worked on it, before its end. Each end is shortened by 5 %, and one that ends as the next
    begins does not count with it.
    """
    edges = sorted(
        edge
        for sent_ns, record in runs
        if (window := _window_ns(record)) is not None
        for edge in ((sent_ns + window[0], 1), (sent_ns + window[1], -1))
    )
    running = most = 0
    for _, change in edges:
        running += change
        most = max(most, running)
    return most


def work_ns(record: StreamRecord) -> int | None:
    """Return for how long a server worked on a request by its own clock: reading and writing; None where unknown."""
    prefill_ns, decode_ns = record.prompt_eval_duration_ns, record.eval_duration_ns
    return None if prefill_ns is None or decode_ns is None else prefill_ns + decode_ns


def work_span_ns(sent_ns: int, record: StreamRecord) -> tuple[int, int]:
    """Return when a server began and ended its work on a request, by the clock of `sent_ns`.

    It ends with the last byte, and lasts as long as the server says: for no time where it does not say.
    """
    ended_ns = sent_ns + record.ended_ns
    return ended_ns - (work_ns(record) or 0), ended_ns


def _window_ns(record: StreamRecord) -> tuple[float, float] | None:
    first_ns, last_ns = record.first_content_ns, record.last_content_ns
    if first_ns is None or last_ns is None:
        return None
    if metrics.was_buffered(record) and work_ns(record) is not None:
        first_ns, last_ns = work_span_ns(0, record)
    margin_ns = JITTER_SHARE * (last_ns - first_ns)
    return first_ns + margin_ns, last_ns - margin_ns


def at_once(sent_and_ran: Iterable[tuple[int, int]]) -> tuple[int, bool] | None:
    """Return how many requests a server answers at once, and if that is only a lower bound.

    Each round is how many requests were sent together and how many of them ran at once. None where no round had two.
    """
    rounds = [*sent_and_ran]
    most_sent = max((sent for sent, _ in rounds), default=0)
    if most_sent < 2:
        return None
    most = max(1, *(ran for _, ran in rounds))
    return most, most == most_sent


def inferred(points: Sequence[ConcurrencyPoint]) -> Parallelism | None:
    """Return what a sweep over requests at once tells of its server; None where no two were sent together."""
    found = at_once((point.requests, point.ran_at_once) for point in points)
    if found is None:
        return None
    alone = next((point for point in points if point.requests == 1), None)
    best_tps = max(point.throughput_tps or 0.0 for point in points)
    together = min(
        (point for point in points if (point.throughput_tps or 0.0) >= best_tps * (1 - SAME_THROUGHPUT)),
        key=lambda point: point.requests,
    )
    return Parallelism(
        at_once=found[0],
        is_lower_bound=found[1],
        requests=together.requests,
        throughput_tps=together.throughput_tps,
        alone_tps=None if alone is None else alone.throughput_tps,
        stream_tps=together.decode_tps,
        ttft_s=together.ttft_p50_s,
        alone_ttft_s=None if alone is None else alone.ttft_p50_s,
    )
