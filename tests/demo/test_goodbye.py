"""The demo's child process at its end, where it does not end by itself."""

import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from ollama_speedrun.demo import fleet

DEAF = "import time; print('up', flush=True); time.sleep(600)"


async def test_a_child_that_does_not_end_by_itself_is_ended_without_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "_GOODBYE_S", 0.05)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", DEAF, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline()
    await fleet._end(process)
    assert process.returncode
