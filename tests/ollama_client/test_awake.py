import asyncio
import time

import pytest

from ollama_speedrun.ollama.awake import AwakeTimeout


@pytest.mark.virtual_time
@pytest.mark.parametrize("limit_s", [0.01, 2.0, 300.0])
async def test_a_limit_ends_the_block_when_its_time_is_up(limit_s: float) -> None:
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with AwakeTimeout(limit_s):
            await asyncio.Event().wait()
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(limit_s, rel=0.01)


@pytest.mark.virtual_time
async def test_a_block_that_ends_in_time_is_left_alone() -> None:
    async with AwakeTimeout(1.0):
        await asyncio.sleep(0.9)
    await asyncio.sleep(5)


@pytest.mark.virtual_time
async def test_a_block_can_be_ended_before_its_time_and_a_cancellation_stays_one() -> None:
    limit = AwakeTimeout(60)
    asyncio.get_running_loop().call_later(1, limit.expire)
    with pytest.raises(TimeoutError):
        await waiting(limit)
    task = asyncio.create_task(waiting(AwakeTimeout(60)))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def waiting(limit: AwakeTimeout) -> None:
    async with limit:
        await asyncio.Event().wait()


async def test_time_in_which_the_process_stood_still_does_not_count() -> None:
    async with AwakeTimeout(0.2):
        await asyncio.sleep(0)
        time.sleep(0.5)  # noqa: ASYNC251  # as a stopped process does
        await asyncio.sleep(0.01)
