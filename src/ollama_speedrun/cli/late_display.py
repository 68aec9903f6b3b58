"""The live display, loaded beside the work: loading it takes longer than a LAN takes to answer."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ..pipeline.events import Event

if TYPE_CHECKING:
    from ..ui.live import RunDisplay

HEAD_START_S: Final = 0.1


class LateDisplay:
    """Hands events on to the display that `load` makes in a thread of its own, and keeps them until there is one.

    The work gets a head start, because loading takes time from it.
    """

    def __init__(self, load: "Callable[[], RunDisplay]") -> None:
        self._load = load
        self._lock = threading.Lock()
        self._early: list[Callable[[RunDisplay], None]] = []
        self._display: RunDisplay | None = None
        self._is_over = threading.Event()
        self._thread = ThreadPoolExecutor(1, "display")

    def __enter__(self) -> Self:
        self._loading = self._thread.submit(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.shutdown()
        self._loading.result().__exit__(kind, error, trace)

    def handle(self, event: Event) -> None:
        """Take in one event."""
        self._pass_on(lambda display: display.handle(event))

    def log(self, line: str) -> None:
        """Have a line of the log shown."""
        self._pass_on(lambda display: display.log(line))

    async def held(self) -> AbstractContextManager[None]:
        """Return a context in which nothing is drawn, once the display is there."""
        display = await asyncio.wrap_future(self._loading)
        return display.held()

    def _pass_on(self, call: "Callable[[RunDisplay], None]") -> None:
        with self._lock:
            if self._display is None:
                self._early.append(call)
            else:
                call(self._display)

    def _begin(self) -> "RunDisplay":
        self._is_over.wait(HEAD_START_S)
        display = self._load().__enter__()
        with self._lock:
            for call in self._early:
                call(display)
            self._display = display
        return display
