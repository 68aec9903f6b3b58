"""Which signals end a run in order."""

import asyncio
import os
import signal
import sys

import pytest

from ollama_speedrun.cli.interrupts import on_interrupt

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")


@pytest.mark.parametrize(("handler", "calls"), [(signal.SIG_DFL, ["end"]), (signal.SIG_IGN, [])])
async def test_a_terminal_that_closes_ends_the_run_unless_it_was_started_under_nohup(
    handler: signal.Handlers, calls: list[str]
) -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGHUP, handler)
    try:
        with on_interrupt(lambda: heard.append("end")):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
        assert signal.getsignal(signal.SIGHUP) == handler
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == calls
