"""Every figure as a pure function of a raw record. docs/metrics.md states the same formulas for readers.

A function returns None where the figure cannot be had honestly; `benchmark.caveats` then says why.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Final

from .. import units
from ..visit.observation import REPEATED
from . import delays
from .delays import SHORTEST_WINDOW_NS, USUAL_JITTER_NS, first_ns, possible_ns
from .types import StreamRecord

FEWEST_TOKENS: Final = 16
"""Below this a rate says more about rounding than about the model."""
ENOUGH_TOKENS: Final = 64
"""From here on, one token that is early or late by half its time moves a rate by less than 1 %."""
IMPLAUSIBLE: Final = 1.5
"""A server's clock so many times faster than ours is wrong."""
CACHED_FACTOR: Final = 3
"""A prompt read so many times faster than its fellows was cached: that gains 45 times or more on a real server, while
other work on the machine can cost one read half its speed."""
TOKEN_SLACK: Final = 4
"""A count may exceed num_predict by so many tokens: the end token, or a few drafts of speculative decoding."""
UNSEEN_TOKENS: Final = 4
"""So many tokens may precede the first chunk: a tag that a parser takes away, the bytes of one character."""
SHORTEST_WHOLE_CHARACTERS: Final = 64
"""A single chunk of so many characters is an answer in one piece, where the server counts no tokens."""
LONGEST_TRANSFER_NS: Final = 1_000_000_000
LARGEST_LAG: Final = 0.05
"""The share of a window that may be this program's own delay."""
PROBE_TOKENS: Final = 16
"""About what the warm-up's own words and the end of a template take; what it counts beyond them precedes the nonce."""
TELLING_PREFIX: Final = 0.25
"""From this share of a prompt on, the time of its reading shows whether its beginning was cached."""
MOST_CHARACTERS_PER_TOKEN: Final = 8
"""No tokeniser packs English tighter; fewer prompt tokens than that means that the prompt was cut."""


def ttft_s(record: StreamRecord) -> float | None:
    """Time to first token in seconds, thinking included; None when nothing was streamed, or the first piece came late.

    It came late where this program itself stood still, or tokens had been decoded for some time before, by the server's
    clock: behind a proxy that collects a block or all of the answer, and after thinking that is not shown. None, too,
    where something between client and server held the request up. What `undisturbed` leaves out has a load or a queue
    inside.
    """
    return None if delays.held_ns(record) else wait_s(record)


def wait_s(record: StreamRecord) -> float | None:
    """Seconds to the first token as `ttft_s` has them, also where something in between held the request up."""
    if record.first_content_ns is None or was_first_piece_late(record) or was_stamped_late(record):
        return None
    return units.seconds(record.first_content_ns)


def was_stamped_late(record: StreamRecord) -> bool:
    """Return whether this program itself stood still when the first content came, for over 5 % of the time until then.

    The stamp may be later than the content by as much.
    """
    if record.first_content_ns is None or record.first_lag_ns is None:
        return False
    return record.first_lag_ns > LARGEST_LAG * record.first_content_ns


def ttfa_s(record: StreamRecord) -> float | None:
    """Time to the first token of the answer in seconds, thinking excluded, also where that is not shown.

    None when no answer came, it came in one piece or in blocks, or something in between held the request up.
    """
    if record.first_answer_ns is None or (was_first_piece_late(record) and not hidden_tokens(record)):
        return None
    if was_stamped_late(record) or delays.held_ns(record):
        return None
    return units.seconds(record.first_answer_ns)


def total_s(record: StreamRecord) -> float:
    """Seconds from the request to the last byte."""
    return units.seconds(record.ended_ns)


def output_tokens(record: StreamRecord) -> int | None:
    """Return how many tokens the server counted; None where it is not believed.

    That is more than was asked for, and none at all where some came.
    A server that ends an answer because it repeats itself counts nothing. It gives each token a chunk of its own then,
    so these are counted.
    """
    if record.done_reason == REPEATED and record.eval_count is None:
        return record.content_chunks
    counts_nothing = record.eval_count == 0 and record.content_chunks > 0
    return None if counts_nothing or is_over_budget(record) else record.eval_count


def is_over_budget(record: StreamRecord) -> bool:
    """Return whether the server counted clearly more tokens than num_predict allowed."""
    if record.eval_count is None or record.token_limit is None:
        return False
    return record.eval_count > record.token_limit + TOKEN_SLACK


def decode_tps(record: StreamRecord) -> float | None:
    """Decode throughput by the server's clock in tokens/s: (eval_count − 1)/eval_duration.

    The duration runs from the first token to the last, so it spans one interval less than there are tokens.
    """
    return _rate(output_tokens(record), possible_ns(record.eval_duration_ns, record.ended_ns), uncounted=1)


def ollama_tps(record: StreamRecord) -> float | None:
    """Ollama's own figure in tokens/s, eval_count/eval_duration, as `ollama run --verbose` prints it."""
    return _rate(output_tokens(record), possible_ns(record.eval_duration_ns, record.ended_ns), uncounted=0)


def decode_client_tps(record: StreamRecord) -> float | None:
    """Decode throughput by the client's clock in tokens/s: (eval_count − 1 − e)/(last − first content chunk).

    e is 1 after done_reason "stop": the end token is counted but gives no chunk. None where the tokens arrived at too
    few moments for the stamps to mean anything, or some had been decoded long before the first chunk.
    """
    if record.first_content_ns is None or record.last_content_ns is None or _arrivals(record) < FEWEST_TOKENS:
        return None
    if was_first_piece_late(record):
        return None
    window_ns = record.last_content_ns - record.first_content_ns
    if max(record.first_lag_ns or 0, record.last_lag_ns or 0) > LARGEST_LAG * window_ns:
        return None
    return _rate(output_tokens(record), window_ns, uncounted=1 + _end_tokens(record))


def tpot_s(record: StreamRecord) -> float | None:
    """Time per output token in seconds by MLPerf's definition: (last − first content chunk)/(output tokens − 1)."""
    tokens = output_tokens(record)
    if record.first_content_ns is None or record.last_content_ns is None or was_buffered(record):
        return None
    if was_first_piece_late(record):
        return None
    if tokens is None or tokens < FEWEST_TOKENS:
        return None
    return units.seconds(record.last_content_ns - record.first_content_ns) / (tokens - 1)


def classic_tps(record: StreamRecord) -> float | None:
    """Tokens/s as the seed counts them: eval_count/(end − first token), on the client's clock.

    None where tokens that are counted had been decoded long before the first one was seen, and where the end came long
    after the last one.
    """
    if record.first_content_ns is None or was_first_piece_late(record) or was_stamped_late(record):
        return None
    if delays.held_end_ns(record):
        return None
    return _rate(output_tokens(record), record.ended_ns - record.first_content_ns, uncounted=0)


def load_s(record: StreamRecord) -> float | None:
    """Seconds that loading took by the server's clock; None where it says nothing, or more than ours can have seen."""
    load_ns = possible_ns(record.load_duration_ns, first_ns(record))
    return None if load_ns is None else units.seconds(load_ns)


def prefill_tps(record: StreamRecord, *, cached_tokens: int = 0) -> float | None:
    """Prefill throughput in tokens/s: (prompt_eval_count − prompt_eval_cached_count)/prompt_eval_duration.

    `cached_tokens` stands in for a prompt_eval_cached_count that the server does not give (before 0.33.3).
    """
    if record.prompt_eval_count is None:
        return None
    cached = cached_tokens if record.prompt_eval_cached_count is None else record.prompt_eval_cached_count
    read_ns = possible_ns(record.prompt_eval_duration_ns, first_ns(record))
    return _rate(record.prompt_eval_count - max(0, cached), read_ns, uncounted=0)


def constant_prefix_tokens(warm_up: StreamRecord, read: StreamRecord) -> int:
    """Tokens of a template and system prompt: they stand before the nonce, so each read but the first has them cached.

    The warm-up says next to nothing, so its count is the prefix. 0 where the server reads a long one again each time.
    """
    if warm_up.prompt_eval_count is None or read.prompt_eval_count is None:
        return 0
    prefix = max(0, warm_up.prompt_eval_count - PROBE_TOKENS)
    return 0 if _is_read_anew(prefix, warm_up, read) else prefix


def _is_read_anew(prefix: int, warm_up: StreamRecord, read: StreamRecord) -> bool:
    """Return whether a long prefix was read each time: then the whole prompt was read at the rate of the warm-up.

    A model whose attention slides, or which is recurrent, cannot go on from a part of what it has read. A warm-up far
    faster than that was cached itself, by an earlier user, and proves nothing.
    """
    cold_tps, whole_tps = prefill_tps(warm_up), prefill_tps(read)
    if cold_tps is None or whole_tps is None or prefix < TELLING_PREFIX * (read.prompt_eval_count or 0):
        return False
    rest_tps = prefill_tps(read, cached_tokens=prefix) or 0.0
    return math.sqrt(whole_tps * rest_tps) < cold_tps < IMPLAUSIBLE * whole_tps


def uncached(reads: Sequence[StreamRecord]) -> list[StreamRecord]:
    """Return the reads of like prompts whose prefill rate is no more than 3 × the lower median of all of them."""
    rates = [(rate, read) for read in reads if (rate := prefill_tps(read)) is not None]
    if not rates:
        return []
    usual_tps = statistics.median_low([rate for rate, _ in rates])
    return [read for rate, read in rates if rate <= CACHED_FACTOR * usual_tps]


def disagreement(record: StreamRecord, *, jitter_ns: int = 0) -> float | None:
    """How far apart the two decode rates lie, as a share of the server's: positive where the server's is the higher.

    0 where that comes from chunks which were early or late by less than `jitter_ns`.
    """
    server_tps, client_tps, tokens = decode_tps(record), decode_client_tps(record), output_tokens(record)
    if server_tps is None or client_tps is None or tokens is None:
        return None
    apart_s = abs(tokens / server_tps - tokens / client_tps)
    return 0.0 if apart_s < units.seconds(jitter_ns) else (server_tps - client_tps) / server_tps


def tokens_held_back(record: StreamRecord) -> int:
    """How many output tokens gave no content chunk of their own, the end token apart; 0 where that is unknown.

    Parsers of thinking and tool calls swallow tokens, halves of a character wait for each other, and speculative
    decoding puts several into one chunk.
    """
    tokens = output_tokens(record)
    return 0 if tokens is None else max(0, tokens - _end_tokens(record) - record.content_chunks)


def was_buffered(record: StreamRecord) -> bool:
    """Return whether an answer arrived at too few moments for our clock to tell its tokens apart.

    That is one in few moments although it had many chunks, or in a single chunk although it had many tokens.
    """
    return record.content_chunks >= FEWEST_TOKENS > _arrivals(record) or _is_one_chunk(record)


def was_first_piece_late(record: StreamRecord) -> bool:
    """Return whether the first content came clearly later than the first token was there, so that no TTFT can be had.

    By the server's clock: its tokens took longer to decode than the time that was left after the first content, by more
    than 20 ms and 4 tokens, and at least half of the tokens of that time had no moment of their own, or all its
    durations make up the total: then a proxy collected the tokens and sent them one by one. Without usable durations
    every answer that was buffered counts as late, and so does one that came at a single moment.
    """
    unseen_ns = unseen_decoding_ns(record)
    if unseen_ns is None or (was_buffered(record) and _arrivals(record) == 1):
        return was_buffered(record)
    tokens, decode_ns = output_tokens(record) or 0, record.eval_duration_ns or 0
    token_ns = decode_ns / max(1, tokens - 1)
    if unseen_ns <= max(USUAL_JITTER_NS, UNSEEN_TOKENS * token_ns):
        return False
    without_a_moment = tokens - _end_tokens(record) - _arrivals(record)
    return 2 * without_a_moment >= unseen_ns / token_ns or delays.agrees_with_total(record)


def unseen_decoding_ns(record: StreamRecord) -> int | None:
    """For how long tokens were decoded before the first content came, in ns: eval_duration − (end − first content).

    Both ends of the second interval are equally late on a slow network. An end that was held back alone counts as if it
    had not been. None where a figure is missing or impossible.
    """
    decode_ns, tokens = possible_ns(record.eval_duration_ns, record.ended_ns), output_tokens(record)
    if record.first_content_ns is None or decode_ns is None or tokens is None:
        return None
    if decode_ns < SHORTEST_WINDOW_NS or tokens < FEWEST_TOKENS:
        return None
    return max(0, decode_ns - (record.ended_ns - delays.held_end_ns(record) - record.first_content_ns))


def hidden_tokens(record: StreamRecord) -> int:
    """How many tokens were decoded before the first one was shown, where the rest came one by one: silent thinking.

    All of them where nothing was shown at all. 0 where nothing tells, and where a proxy held them back.
    """
    tokens = output_tokens(record)
    if tokens is None or tokens < FEWEST_TOKENS:
        return 0
    if record.content_chunks == 0:
        return tokens
    held_back = tokens_held_back(record)
    if _is_one_chunk(record) or 2 * _arrivals(record) <= record.content_chunks or held_back <= UNSEEN_TOKENS:
        return 0
    unseen_tokens = (unseen_decoding_ns(record) or 0) * tokens / max(1, record.eval_duration_ns or 0)
    if not was_first_piece_late(record) or 2 * unseen_tokens < held_back:
        return 0
    return held_back if _follow_one_by_one(record, tokens) else 0


def _follow_one_by_one(record: StreamRecord, tokens: int) -> bool:
    """Return whether chunks came at the pace of the server's tokens, so that each was about one of them."""
    if record.first_content_ns is None or record.last_content_ns is None:
        return False
    if record.content_chunks == 1:
        return True
    chunk_ns = (record.last_content_ns - record.first_content_ns) / (record.content_chunks - 1)
    return chunk_ns < 2 * (record.eval_duration_ns or 0) / (tokens - 1)


def _is_one_chunk(record: StreamRecord) -> bool:
    """Return whether the whole of an answer of many tokens was one chunk."""
    if record.content_chunks != 1:
        return False
    shown_characters, tokens = record.answer_characters + record.thinking_characters, output_tokens(record)
    return shown_characters >= (SHORTEST_WHOLE_CHARACTERS if tokens is None else max(FEWEST_TOKENS, tokens))


def is_server_clock_wrong(timed: Sequence[StreamRecord]) -> bool:
    """Return whether the server claims to decode far faster than its tokens came, as one does that counts in ms for ns.

    Most of the generations must say so, for a network may stall in one. The other way round is no proof: whatever
    buffers between us makes the tokens come in a rush.
    """
    ratios = [ratio for record in timed if (ratio := _lead_of_server(record)) is not None]
    return bool(ratios) and statistics.median(ratios) > IMPLAUSIBLE


def credible(timed: Sequence[StreamRecord]) -> list[StreamRecord]:
    """Return the generations without those whose decode rate by the server contradicts both our clock and the others.

    It does so above 1.5 × the client's rate and 1.5 × the lower median of the server's: a stall of the network changes
    the client's alone, and the server's stands.
    """
    rates = [rate for record in timed if (rate := decode_tps(record)) is not None]
    usual_tps = statistics.median_low(rates) if rates else 0.0
    return [
        record
        for record in timed
        if (decode_tps(record) or 0.0) <= IMPLAUSIBLE * usual_tps or (_lead_of_server(record) or 0.0) <= IMPLAUSIBLE
    ]


def speed_tps(record: StreamRecord) -> float | None:
    """Decode throughput of a single generation in tokens/s: the server's figure unless our clock contradicts it."""
    by_client = decode_client_tps(record)
    return by_client if is_server_clock_wrong([record]) else decode_tps(record) or by_client


def _lead_of_server(record: StreamRecord) -> float | None:
    """Return by what factor the server claims to be faster than our clock saw it, None where nothing can be compared.

    Of an answer that was buffered only the end is known, and that a network needs less than a second for it.
    """
    by_server, by_client = decode_tps(record), decode_client_tps(record)
    if by_server is None:
        return None
    if by_client is not None:
        return by_server / by_client
    if not was_buffered(record) or not record.total_duration_ns or record.total_duration_ns < 0:
        return None
    return (record.ended_ns - LONGEST_TRANSFER_NS) / record.total_duration_ns


def was_truncated(record: StreamRecord, *, prompt_characters: int) -> bool:
    """Return whether fewer prompt tokens were read than a prompt of so many characters can have."""
    return (
        record.prompt_eval_count is not None
        and record.prompt_eval_count > 0  # none at all is what a server says that does not count
        and record.prompt_eval_count < prompt_characters / MOST_CHARACTERS_PER_TOKEN
    )


def _arrivals(record: StreamRecord) -> int:
    """At how many moments content came; its chunks where a record does not tell."""
    return record.content_chunks if record.content_arrivals is None else record.content_arrivals


def _end_tokens(record: StreamRecord) -> int:
    return 1 if record.done_reason == "stop" else 0


def _rate(count: int | None, duration_ns: int | None, *, uncounted: int) -> float | None:
    if count is None or duration_ns is None or count < FEWEST_TOKENS or duration_ns < SHORTEST_WINDOW_NS:
        return None
    return units.per_second(count - uncounted, duration_ns)
