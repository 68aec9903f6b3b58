import asyncio

import pytest

from ollama_speedrun.pipeline.workers import Workers

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize(
    ("at_once", "expected"),
    [
        (8, [("a1", 0), ("b1", 0), ("c1", 0), ("a2", 1), ("b2", 1)]),
        (2, [("a1", 0), ("b1", 0), ("a2", 1), ("b2", 1), ("c1", 2)]),
        (1, [("a1", 0), ("a2", 1), ("b1", 2), ("b2", 3), ("c1", 4)]),
    ],
)
async def test_one_machine_works_in_turn_and_at_most_so_many_side_by_side(
    at_once: int, expected: list[tuple[str, int]]
) -> None:
    begun: list[tuple[str, int]] = []
    loop = asyncio.get_running_loop()
    start_s = loop.time()

    def job(name: str) -> None:
        async def work() -> None:
            begun.append((name, round(loop.time() - start_s)))
            await asyncio.sleep(1)

        workers.submit(name[0], work)

    async with asyncio.TaskGroup() as group:
        workers = Workers(group, at_once=at_once)
        for name in ("a1", "b1", "a2", "c1", "b2"):
            job(name)
    assert begun == expected


async def test_a_machine_can_be_given_more_work_after_it_was_done() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(len(done))

    async with asyncio.TaskGroup() as group:
        workers = Workers(group, at_once=1)
        for _ in range(3):
            workers.submit("a", work)
            await asyncio.sleep(1)
    assert done == [0, 1, 2]
