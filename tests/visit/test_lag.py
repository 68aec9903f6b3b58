"""The client's own event loop as a source of error, in real time: a stall is made by keeping the loop busy."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit import stream
from ollama_speedrun.visit.lag import LoopLag

STALL_S = 0.2
STALL_NS = 200_000_000
LEAST_NS = 180_000_000
"""The timer was due up to 10 ms after the stall began."""


async def test_a_stamp_that_is_taken_while_or_right_after_the_loop_stood_still_knows_for_how_long() -> None:
    async with LoopLag() as lag:
        await asyncio.sleep(0.03)
        before_ns = time.perf_counter_ns() - STALL_NS
        time.sleep(STALL_S)  # noqa: ASYNC251  # what a flood of another host's answers does to the loop
        in_the_stall_ns = time.perf_counter_ns()
        await asyncio.sleep(0)
        after_ns = time.perf_counter_ns()
        assert (lag.at(in_the_stall_ns) or 0) >= LEAST_NS
        assert (lag.at(after_ns) or 0) >= LEAST_NS
        assert (lag.at(before_ns) or 0) < LEAST_NS


async def test_a_stall_that_was_over_long_before_a_stamp_does_not_count() -> None:
    async with LoopLag() as lag:
        time.sleep(STALL_S)  # noqa: ASYNC251  # as above
        await asyncio.sleep(0.02)
        assert lag.at(time.perf_counter_ns() + 10_000_000_000) is None


class Stalling(OllamaClient):
    """Gives two pieces of an answer; the loop stands still before the second one is stamped."""

    @asynccontextmanager
    async def generate(self, request: wire.GenerateRequest) -> AsyncIterator[Any]:  # noqa: ARG002  # as its base has it
        yield StallingStream()


class StallingStream:
    def __init__(self) -> None:
        self.sent_ns = time.perf_counter_ns() - 10_000_000_000
        self.ended_ns = 0

    async def __aiter__(self) -> AsyncIterator[tuple[int, wire.Chunk]]:
        yield self.sent_ns + 1, wire.Chunk(response="a")
        time.sleep(STALL_S)  # noqa: ASYNC251  # as above
        self.ended_ns = time.perf_counter_ns()
        yield self.ended_ns, wire.Chunk(response="b")
        yield self.ended_ns, wire.Chunk(done=True)


async def test_a_record_says_when_the_loop_stood_still_as_content_was_stamped() -> None:
    request = wire.GenerateRequest(model="m", options={"num_predict": 8})
    async with open_session() as session:
        client = Stalling(session, "http://127.0.0.1:1")
        record = await stream.record(client, request, timeout_s=20, progress=lambda *_: None)
    assert (record.first_content_ns, record.first_lag_ns) == (1, None)
    assert (record.last_lag_ns or 0) >= LEAST_NS
