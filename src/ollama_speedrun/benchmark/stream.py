"""One streamed generation, turned into a raw record."""

import asyncio
from collections.abc import Callable
from typing import Final

from ..errors import ProtocolError, TimedOutError
from ..ollama import wire
from ..ollama.client import OllamaClient
from .observation import Observation
from .types import StreamRecord

PROGRESS_PERIOD_NS: Final = 100_000_000
"""Nobody looks more often, and the time of one stream is taken from the stamps of the others."""
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

    It is called for the first and the last chunk, and at most ten times a second between. Raises `OllamaError` for
    every way in which a generation can go wrong: an error before or in the stream, an end without a done line, a server
    that ignores the token budget, and `TimedOutError` after `timeout_s` seconds.
    """
    content_chunks = 0
    try:
        async with asyncio.timeout(timeout_s), client.generate(request) as stream:
            token_limit = int(request.options["num_predict"])
            observed = Observation(sent_ns=stream.sent_ns, token_limit=token_limit)
            runaway_chunks = RUNAWAY_FACTOR * token_limit + RUNAWAY_SLACK
            next_progress_ns = stream.sent_ns
            async for arrived_ns, chunk in stream:
                observed.add(arrived_ns, chunk)
                content_chunks = observed.content_chunks
                if content_chunks > runaway_chunks:
                    raise ProtocolError(
                        f"{request.model} on {client.base_url} ignores num_predict: stopped after {content_chunks} "
                        "chunks"
                    )
                if chunk.done or arrived_ns >= next_progress_ns:
                    next_progress_ns = arrived_ns + PROGRESS_PERIOD_NS
                    progress(content_chunks, observed.chunks_per_s())
            return observed.record(ended_ns=stream.ended_ns, where=client.base_url)
    except TimeoutError as exc:
        raise TimedOutError(
            f"{request.model} on {client.base_url} did not end within {timeout_s:g} s "
            f"({content_chunks} chunks had come); raise --timeout or lower --num-predict"
        ) from exc
