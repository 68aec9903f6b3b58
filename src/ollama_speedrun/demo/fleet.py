"""The demo fleet as its client sees it: several Ollama hosts on loopback, in a process of their own.

The hosts live in a child process so that their event loop does not disturb the times that the client measures. The
child ends when its standard input does, so neither Ctrl-C nor a killed parent leaves a process behind.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ollama_speedrun.demo.progress import ProgressCallback


@asynccontextmanager
async def demo_fleet(progress: ProgressCallback | None = None) -> AsyncIterator[tuple[str, ...]]:
    """Yield the URLs of the running demo hosts, such as http://127.0.0.1:11535; all is gone at exit.

    The first use on a machine fetches the model and derives the others, which `progress` hears about. Raises
    `DemoError` when the extra, a system library or the network is missing.
    """
    raise NotImplementedError
    yield ()


async def serve_fleet(ready: Callable[[tuple[str, ...]], None], progress: ProgressCallback | None = None) -> None:
    """Serve the demo hosts until cancelled; call `ready` with their URLs once they answer.

    Raises `DemoError` as `demo_fleet` does, and when the serving process ends by itself.
    """
    raise NotImplementedError
