"""One streamed generation, turned into a raw record."""

import asyncio
from collections.abc import Callable
from typing import Final

from .. import units
from ..errors import ProtocolError, TimedOutError
from ..ollama import wire
from ..ollama.client import OllamaClient
from .types import StreamRecord

TAIL_CHARACTERS: Final = 400
RUNAWAY_FACTOR: Final = 4
RUNAWAY_SLACK: Final = 64


async def record(
    client: OllamaClient,
    request: wire.GenerateRequest,
    *,
    timeout_s: float,
    progress: Callable[[int, float | None], None],
) -> StreamRecord:
    """Send `request` and return what was observed; `progress` gets (content chunks so far, their rate per second).

    Raises `OllamaError` for every way in which a generation can go wrong: an error before or in the stream, an end
    without a done line, a server that ignores the token budget, and `TimedOutError` after `timeout_s` seconds.
    """
    observed = _Observation()
    try:
        async with asyncio.timeout(timeout_s), client.generate(request) as stream:
            runaway_chunks = RUNAWAY_FACTOR * int(request.options["num_predict"]) + RUNAWAY_SLACK
            async for arrived_ns, chunk in stream:
                observed.add(arrived_ns - stream.sent_ns, chunk)
                if observed.content_chunks > runaway_chunks:
                    raise ProtocolError(
                        f"{request.model} on {client.base_url} ignores num_predict: stopped after "
                        f"{observed.content_chunks} chunks"
                    )
                progress(observed.content_chunks, observed.chunk_rate_per_s())
            return observed.record(ended_ns=stream.ended_ns - stream.sent_ns, where=client.base_url)
    except TimeoutError as exc:
        raise TimedOutError(
            f"{request.model} on {client.base_url} did not end within {timeout_s:g} s "
            f"({observed.content_chunks} chunks had come); raise --timeout or lower --num-predict"
        ) from exc


class _Observation:
    """The running state of a stream; stamps are ns since the request was sent."""

    def __init__(self) -> None:
        self.content_chunks = 0
        self.first_content_ns: int | None = None
        self.first_answer_ns: int | None = None
        self.last_content_ns: int | None = None
        self.answer_characters = 0
        self.thinking_characters = 0
        self.tail = ""
        self.done: wire.Chunk | None = None

    def add(self, at_ns: int, chunk: wire.Chunk) -> None:
        thinking = chunk.thinking or ""
        if chunk.response or thinking or chunk.tool_calls:
            self.content_chunks += 1
            self.last_content_ns = at_ns
            if self.first_content_ns is None:
                self.first_content_ns = at_ns
        if chunk.response and self.first_answer_ns is None:
            self.first_answer_ns = at_ns
        self.answer_characters += len(chunk.response)
        self.thinking_characters += len(thinking)
        self.tail = (self.tail + thinking + chunk.response)[-TAIL_CHARACTERS:]
        if chunk.done:
            self.done = chunk

    def chunk_rate_per_s(self) -> float | None:
        if self.first_content_ns is None or self.last_content_ns is None:
            return None
        return units.per_second(self.content_chunks - 1, self.last_content_ns - self.first_content_ns)

    def record(self, *, ended_ns: int, where: str) -> StreamRecord:
        done = self.done
        if done is None:
            raise ProtocolError(
                f"{where} ended the stream without saying that it was done, after {self.content_chunks} chunks; "
                "look at the server's log"
            )
        return StreamRecord(
            first_content_ns=self.first_content_ns,
            first_answer_ns=self.first_answer_ns,
            last_content_ns=self.last_content_ns,
            ended_ns=ended_ns,
            content_chunks=self.content_chunks,
            answer_characters=self.answer_characters,
            thinking_characters=self.thinking_characters,
            answer_tail=self.tail,
            done_reason=done.done_reason,
            total_duration_ns=done.total_duration,
            load_duration_ns=done.load_duration,
            prompt_eval_count=done.prompt_eval_count,
            prompt_eval_cached_count=done.prompt_eval_cached_count,
            prompt_eval_duration_ns=done.prompt_eval_duration,
            eval_count=done.eval_count,
            eval_duration_ns=done.eval_duration,
        )
