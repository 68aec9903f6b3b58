"""Every figure as a pure function of a raw record. docs/metrics.md states the same formulas for readers.

A function returns None where the figure cannot be had honestly; `benchmark.caveats` then says why.
"""

from typing import Final

from .. import units
from .types import StreamRecord

FEWEST_TOKENS: Final = 16
"""Below this a rate says more about rounding than about the model."""
SHORTEST_WINDOW_NS: Final = 1_000_000
"""A rate over less than 1 ms is an artefact: one output token makes Ollama report 1000 ns."""
IMPLAUSIBLE: Final = 1.5
"""A prefill so many times faster than a cold one was cached; a server's clock so much faster than ours is wrong."""
QUEUE_FLOOR_NS: Final = 50_000_000
QUEUE_FACTOR: Final = 3


def ttft_s(record: StreamRecord) -> float | None:
    """Time to first token in seconds, thinking included; None when nothing was streamed."""
    return None if record.first_content_ns is None else units.seconds(record.first_content_ns)


def ttfa_s(record: StreamRecord) -> float | None:
    """Time to the first token of the answer in seconds, thinking excluded; None when no answer came."""
    return None if record.first_answer_ns is None else units.seconds(record.first_answer_ns)


def total_s(record: StreamRecord) -> float:
    """Seconds from the request to the last byte."""
    return units.seconds(record.ended_ns)


def decode_tps(record: StreamRecord) -> float | None:
    """Decode throughput by the server's clock in tokens/s: (eval_count − 1)/eval_duration.

    The duration runs from the first token to the last, so it spans one interval less than there are tokens.
    """
    return _rate(record.eval_count, record.eval_duration_ns, uncounted=1)


def ollama_tps(record: StreamRecord) -> float | None:
    """Ollama's own figure in tokens/s, eval_count/eval_duration, as `ollama run --verbose` prints it."""
    return _rate(record.eval_count, record.eval_duration_ns, uncounted=0)


def decode_client_tps(record: StreamRecord) -> float | None:
    """Decode throughput by the client's clock in tokens/s: (eval_count − 1 − e)/(last − first content chunk).

    e is 1 after done_reason "stop": the end token is counted but gives no chunk. None where the tokens came in too few
    chunks for the stamps to mean anything, as behind a proxy that buffers.
    """
    if record.first_content_ns is None or record.last_content_ns is None or record.content_chunks < FEWEST_TOKENS:
        return None
    end_token = 1 if record.done_reason == "stop" else 0
    return _rate(record.eval_count, record.last_content_ns - record.first_content_ns, uncounted=1 + end_token)


def tpot_s(record: StreamRecord) -> float | None:
    """Time per output token in seconds by MLPerf's definition: (last − first content chunk)/(output tokens − 1)."""
    if record.first_content_ns is None or record.last_content_ns is None:
        return None
    if record.eval_count is None or record.eval_count < FEWEST_TOKENS:
        return None
    return units.seconds(record.last_content_ns - record.first_content_ns) / (record.eval_count - 1)


def classic_tps(record: StreamRecord) -> float | None:
    """Tokens/s as the seed counts them: eval_count/(end − first token), on the client's clock."""
    if record.first_content_ns is None:
        return None
    return _rate(record.eval_count, record.ended_ns - record.first_content_ns, uncounted=0)


def prefill_tps(record: StreamRecord) -> float | None:
    """Prefill throughput in tokens/s: (prompt_eval_count − prompt_eval_cached_count)/prompt_eval_duration."""
    if record.prompt_eval_count is None:
        return None
    fresh = record.prompt_eval_count - (record.prompt_eval_cached_count or 0)
    return _rate(fresh, record.prompt_eval_duration_ns, uncounted=0)


def is_cache_hit(record: StreamRecord, cold: StreamRecord) -> bool:
    """Whether a prefill rate is too good to be true beside the one of the first request after loading."""
    rate, cold_rate = prefill_tps(record), prefill_tps(cold)
    return rate is not None and cold_rate is not None and rate > IMPLAUSIBLE * cold_rate


def disagreement(record: StreamRecord) -> float | None:
    """How far apart the two decode rates lie, as a share of the server's: positive where the server's is the higher."""
    server_tps, client_tps = decode_tps(record), decode_client_tps(record)
    if server_tps is None or client_tps is None:
        return None
    return (server_tps - client_tps) / server_tps


def is_server_clock_wrong(record: StreamRecord) -> bool:
    """Whether the server claims to decode far faster than its tokens came, as one does that counts in ms for ns.

    The other way round is no proof: whatever buffers between us makes the tokens come in a rush.
    """
    server_tps, client_tps = decode_tps(record), decode_client_tps(record)
    return server_tps is not None and client_tps is not None and server_tps > IMPLAUSIBLE * client_tps


def unattributed_ns(record: StreamRecord) -> int | None:
    """Server time that belongs to no stage, in ns: total − load − prompt_eval − eval. Waiting for a slot shows here."""
    if record.total_duration_ns is None or record.eval_duration_ns is None:
        return None
    stages = (record.load_duration_ns, record.prompt_eval_duration_ns, record.eval_duration_ns)
    return record.total_duration_ns - sum(stage or 0 for stage in stages)


def was_queued(record: StreamRecord, baseline: StreamRecord) -> bool:
    """Whether a request waited behind somebody else's: unattributed time above max(50 ms, 3 × the model's own)."""
    waited_ns = unattributed_ns(record)
    usual_ns = unattributed_ns(baseline) or 0
    return waited_ns is not None and waited_ns > max(QUEUE_FLOOR_NS, QUEUE_FACTOR * usual_ns)


def _rate(count: int | None, duration_ns: int | None, *, uncounted: int) -> float | None:
    if count is None or duration_ns is None or count < FEWEST_TOKENS or duration_ns < SHORTEST_WINDOW_NS:
        return None
    return units.per_second(count - uncounted, duration_ns)
