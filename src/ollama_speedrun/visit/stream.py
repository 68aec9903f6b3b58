"""One streamed answer, turned into a raw record and, where it is wanted, its text."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import msgspec

from ..errors import ProtocolError, ServerError, TimedOutError
from ..ollama import wire
from ..ollama.awake import AwakeTimeout
from ..ollama.client import ChunkStream, OllamaClient
from .lag import LoopLag
from .observation import Observation
from .types import Answer, StreamRecord

PROGRESS_PERIOD_NS: Final = 100_000_000
"""Nobody looks more often, and the time of one stream is taken from the stamps of the others."""
RUNAWAY_FACTOR: Final = 4
RUNAWAY_SLACK: Final = 64
MOST_CHARACTERS: Final = 65_536
MOST_TOOL_CALLS: Final = 64
MOST_ARGUMENT_BYTES: Final = 65_536


class Transcript:
    """The full text of an answer, as far as it may be kept."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._thinking: list[str] = []
        self._tool_calls: list[wire.ToolCall] = []
        self._characters_left = MOST_CHARACTERS
        self._argument_bytes_left = MOST_ARGUMENT_BYTES
        self._is_whole = True

    def add(self, chunk: wire.Chunk) -> None:
        """Take in one chunk."""
        if chunk.response:
            self._content.append(self._bounded(chunk.response))
        if chunk.thinking:
            self._thinking.append(self._bounded(chunk.thinking))
        for call in chunk.tool_calls or ():
            self._add_call(call)

    def answer(self, record: StreamRecord) -> Answer:
        """Return the answer whose stream left this record."""
        return Answer(
            record=record,
            content="".join(self._content),
            thinking="".join(self._thinking),
            tool_calls=tuple(self._tool_calls),
            is_whole=self._is_whole,
        )

    def _bounded(self, text: str) -> str:
        kept = text[: self._characters_left]
        self._characters_left -= len(kept)
        self._is_whole = self._is_whole and len(kept) == len(text)
        return kept

    def _add_call(self, call: object) -> None:
        self._argument_bytes_left -= len(msgspec.json.encode(call))
        if len(self._tool_calls) == MOST_TOOL_CALLS or self._argument_bytes_left < 0:
            self._is_whole = False
            return
        try:
            self._tool_calls.append(msgspec.convert(call, wire.ToolCall))
        except msgspec.ValidationError:
            self._tool_calls.append(wire.ToolCall())


async def record(
    client: OllamaClient,
    request: wire.GenerateRequest | wire.ChatRequest,
    *,
    timeout_s: float,
    progress: Callable[[int, float | None], None],
    transcript: Transcript | None = None,
) -> StreamRecord:
    """Send `request` and return what was observed of the stream; `transcript` gets every chunk, too.

    `progress` gets (content chunks so far, their rate per second), for the first and the last chunk, and at most ten
    times a second between. The options of the request bound its answer by num_predict.

    Raises `OllamaError` for every way in which an answer can go wrong: an error before or in the stream, an end without
    a done line, a server that ignores the token budget, and `TimedOutError` after `timeout_s` seconds. An answer that
    the server ended because the model repeats itself is no failure: its record has the done_reason "repeat".
    """
    what = f"{request.model} on {client.base_url}"
    token_limit = _token_limit(request.options)
    content_chunks = 0
    try:
        async with AwakeTimeout(timeout_s), LoopLag() as lag, _sent(client, request) as stream:
            observed = Observation(sent_ns=stream.sent_ns, token_limit=token_limit)
            runaway_chunks = RUNAWAY_FACTOR * token_limit + RUNAWAY_SLACK
            next_progress_ns = stream.sent_ns
            try:
                async for arrived_ns, chunk in stream:
                    observed.add(arrived_ns, chunk)
                    if transcript is not None:
                        transcript.add(chunk)
                    content_chunks = observed.content_chunks
                    if content_chunks > runaway_chunks:
                        raise ProtocolError(
                            f"{what} went on beyond the {token_limit} tokens that were asked for and was stopped after "
                            f"{content_chunks} chunks; the server is at fault"
                        )
                    if chunk.done or arrived_ns >= next_progress_ns:
                        next_progress_ns = arrived_ns + PROGRESS_PERIOD_NS
                        progress(content_chunks, observed.chunks_per_s())
            except ServerError as exc:
                exc.had_begun = content_chunks > 0
                if not (observed.is_repeating and "repeat" in exc.text.lower()):
                    raise
                return lag.noted_in(
                    observed.record(ended_ns=time.perf_counter_ns(), where=client.base_url), sent_ns=stream.sent_ns
                )
            observation = observed.record(ended_ns=stream.ended_ns, where=client.base_url)
            noted = lag.noted_in(observation, sent_ns=stream.sent_ns)
            return msgspec.structs.replace(noted, round_trip_ns=client.round_trip_ns)
    except TimeoutError as exc:
        if content_chunks:
            why = f"did not end within {timeout_s:g} s ({content_chunks} chunks had come)"
            advice = "raise --timeout or lower --num-predict"
        else:
            why, advice = f"gave no token within {timeout_s:g} s", "raise --timeout"
        raise TimedOutError(f"{what} {why}; {advice}", had_begun=content_chunks > 0) from exc


def _sent(
    client: OllamaClient, request: wire.GenerateRequest | wire.ChatRequest
) -> AbstractAsyncContextManager[ChunkStream]:
    match request:
        case wire.GenerateRequest():
            return client.generate(request)
        case wire.ChatRequest():
            return client.chat(request)


def _token_limit(options: wire.Options) -> int:
    match options["num_predict"]:
        case int(limit):
            return limit
        case other:
            raise ValueError(f"num_predict is {other!r}, not a number of tokens")
