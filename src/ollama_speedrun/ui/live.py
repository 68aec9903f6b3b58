"""The live display of a run: a consumer of its events."""

import enum
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console

from ..events import Event


class Verbosity(enum.IntEnum):
    """How much of a run is told."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class RunDisplay:
    """Shows a run on a console of stderr: lines that stay, and on a terminal a live region below them.

    Use as a context manager; `handle` takes each event at the cost of storing it, a thread draws at most 8 times a second.
    """

    def __init__(
        self,
        console: Console,
        *,
        verbosity: Verbosity = Verbosity.NORMAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def handle(self, event: Event) -> None:
        """Take in one event."""
        raise NotImplementedError
