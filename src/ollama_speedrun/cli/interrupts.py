"""Ctrl-C, SIGTERM and a terminal that closes: the first ends a run in order, the second at once."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

from .exit_codes import ExitCode

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


@contextlib.contextmanager
def on_interrupt(act: Callable[[], object]) -> Iterator[None]:
    """Call `act` on the running loop at the first signal, and leave the process at the second.

    Only the main thread gets signals; elsewhere nothing is installed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    came_before = False

    def handle(*_: object) -> None:
        nonlocal came_before
        if came_before:
            os._exit(ExitCode.INTERRUPTED)
        came_before = True
        loop.call_soon_threadsafe(act)

    previous = {number: signal.signal(number, handle) for number in _SIGNALS if not _is_under_nohup(number)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _is_under_nohup(number: int) -> bool:
    """Return whether a signal was switched off so that the process outlives its terminal."""
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN
