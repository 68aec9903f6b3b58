import asyncio
import threading

from virtual_time import VirtualLoop


def test_the_clock_does_not_leap_over_a_thread_that_was_left_behind() -> None:
    may_end = threading.Event()

    async def leave_a_thread_behind() -> None:
        waiting = asyncio.get_running_loop().run_in_executor(None, may_end.wait)
        await asyncio.sleep(0)
        waiting.cancel()

    threading.Timer(0.2, may_end.set).start()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(leave_a_thread_behind())
    assert may_end.is_set()
