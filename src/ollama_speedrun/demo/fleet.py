"""The demo fleet as its client sees it: several Ollama hosts on loopback, in a process of their own.

The hosts live in a child process so that their event loop does not disturb the times that the client measures. The
child ends when its standard input does, so neither Ctrl-C nor a killed parent leaves a process behind.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import IO, assert_never

import msgspec

from ..errors import DemoError
from .preflight import check_extra
from .progress import (
    Deriving,
    Fetching,
    FleetFailed,
    FleetMessage,
    FleetReady,
    ProgressCallback,
)

_GOODBYE_S = 5.0


@asynccontextmanager
async def demo_fleet(progress: ProgressCallback | None = None) -> AsyncIterator[tuple[str, ...]]:
    """Yield the URLs of the running demo hosts, such as http://127.0.0.1:11535; all is gone at exit.

    The first use on a machine fetches the model and derives the others, which `progress` hears about. Raises
    `DemoError` when the extra, a system library or the network is missing.
    """
    async with _fleet_process() as (process, log):
        yield await _urls(process, log, progress)


async def serve_fleet(ready: Callable[[tuple[str, ...]], None], progress: ProgressCallback | None = None) -> None:
    """Serve the demo hosts until cancelled; call `ready` with their URLs once they answer.

    Raises `DemoError` as `demo_fleet` does, and when the serving process ends by itself.
    """
    async with _fleet_process() as (process, log):
        ready(await _urls(process, log, progress))
        await process.wait()
        raise _ended(process, log)


@asynccontextmanager
async def _fleet_process() -> AsyncIterator[tuple[asyncio.subprocess.Process, IO[bytes]]]:
    check_extra()
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "ollama_speedrun.demo"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is the parent's business, which may want to unload models first
        )
        try:
            yield process, log
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close the child's standard input, which ends it, and make sure that it has ended."""
    assert process.stdin is not None  # noqa: S101 - opened as a pipe
    process.stdin.close()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _urls(
    process: asyncio.subprocess.Process, log: IO[bytes], progress: ProgressCallback | None
) -> tuple[str, ...]:
    """Return the URLs when the child says that its hosts answer, and pass on its progress until then."""
    assert process.stdout is not None  # noqa: S101 - opened as a pipe
    async for line in process.stdout:
        message = msgspec.json.decode(line, type=FleetMessage)
        match message:
            case Fetching() | Deriving():
                if progress is not None:
                    progress(message)
            case FleetReady(urls):
                return urls
            case FleetFailed(text):
                raise DemoError(text)
            case _:
                assert_never(message)
    await process.wait()
    raise _ended(process, log)


def _ended(process: asyncio.subprocess.Process, log: IO[bytes]) -> DemoError:
    log.seek(0)
    said = log.read().decode(errors="replace").strip().splitlines()
    why = said[-1] if said else f"exit status {process.returncode}"
    return DemoError(f"the process of the demo's hosts has ended by itself ({why}); run the command again")
