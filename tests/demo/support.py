"""What the demo's tests share."""

from collections.abc import Mapping

import psutil

from ollama_speedrun.demo.progress import DemoProgress

GREEDY: Mapping[str, int] = {"temperature": 0, "seed": 7, "num_ctx": 2048}


def unheard(_message: DemoProgress) -> None:
    """Progress that nobody watches."""


def is_running(process: psutil.Process) -> bool:
    """Whether a process still does something; one that merely waits to be reaped does not."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def workers() -> list[psutil.Process]:
    """The model processes that this one has running."""
    running = [child for child in psutil.Process().children() if is_running(child)]
    return [child for child in running if "ollama_speedrun.demo.worker" in child.cmdline()]
