"""The process of the demo's hosts: `python -m ollama_speedrun.demo`, started by `demo.fleet` and by nobody else.

It writes `FleetMessage`s to standard output, one JSON line each, and ends when its standard input does.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import msgspec

from ..errors import DemoError
from .llama import LlamaEngine
from .model_files import (
    CUT_Q4_0,
    EMBED_Q8_0,
    INSTRUCT_FP16,
    INSTRUCT_Q4_0,
    INSTRUCT_Q4_1,
    INSTRUCT_Q8_0,
    ModelFile,
    ModelSpec,
    cache_dir,
    prepare,
)
from .preflight import check_engine
from .progress import DemoProgress, FleetFailed, FleetMessage, FleetReady
from .server import ServerSettings, serve


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host of the fleet: its usual port and what it stores."""

    port: int
    models: tuple[ModelSpec, ...]


FLEET = (
    HostPlan(11535, (INSTRUCT_Q4_1, EMBED_Q8_0)),
    HostPlan(11536, (INSTRUCT_Q8_0, INSTRUCT_Q4_0)),
    HostPlan(11537, (INSTRUCT_FP16, CUT_Q4_0)),
)

# One model in memory a host: whatever a client asks for, the fleet stays below 1.5 GB.
SETTINGS = ServerSettings(max_loaded=1)


def main() -> None:
    """Prepare the models and serve the fleet until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_until_input_ends())


async def _until_input_ends() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    serving = asyncio.create_task(_serve_fleet(ended))
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    serving.cancel()
    await asyncio.wait((serving, waiting))
    if not serving.cancelled():
        serving.result()


async def _serve_fleet(ended: asyncio.Event) -> None:
    def progress(message: DemoProgress) -> None:
        if ended.is_set():
            raise DemoError("the demo was stopped while it got ready")
        _say(message)

    specs = [spec for plan in FLEET for spec in plan.models]
    try:
        await asyncio.to_thread(check_engine)
        files = await asyncio.to_thread(prepare, specs, cache_dir(), progress)
    except DemoError as error:
        _say(FleetFailed(str(error)))
        return
    async with AsyncExitStack() as hosts:
        _say(FleetReady(tuple([await _started(plan, files, hosts) for plan in FLEET])))
        await ended.wait()


async def _started(plan: HostPlan, files: Sequence[ModelFile], hosts: AsyncExitStack) -> str:
    """Return the URL of a host, served until `hosts` is closed: at its usual port, or a free one if that is taken."""
    engine = LlamaEngine([file for file in files if file.spec in plan.models])
    try:
        return await hosts.enter_async_context(serve(engine, port=plan.port, settings=SETTINGS))
    except OSError:
        return await hosts.enter_async_context(serve(engine, port=0, settings=SETTINGS))


def _say(message: FleetMessage) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
