"""The time that a run may take, by the clock of its event loop."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class TimeLimit:
    """Ends a block of work when the time is up; `limit_s` None sets no bound.

    `is_reached` is True from then on, and also once something did not begin because too little time was left for it.
    """

    def __init__(self, limit_s: float | None) -> None:
        self.is_reached = False
        self._limit_s = limit_s
        self._ends_s = math.inf
        self._timeout: asyncio.Timeout | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Cancel the block when the time is up, and swallow that cancellation; any other one is raised."""
        if self._limit_s is None:
            yield
            return
        self._ends_s = asyncio.get_running_loop().time() + self._limit_s
        timeout = asyncio.timeout_at(self._ends_s)
        self._timeout = timeout
        try:
            async with timeout:
                yield
        except TimeoutError:
            if not timeout.expired():
                raise
            self.is_reached = True
        finally:
            self._timeout = None

    @property
    def left_s(self) -> float:
        """Seconds that are left, infinite without a bound or before the work began."""
        return self._ends_s - asyncio.get_running_loop().time()

    def allows(self, needed_s: float) -> bool:
        """Tell if work of so many seconds can still be done, and note that the limit is reached where it cannot."""
        if needed_s <= self.left_s:
            return True
        self.is_reached = True
        return False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the time of the block not count."""
        if self._timeout is None:
            yield
            return
        loop, timeout = asyncio.get_running_loop(), self._timeout
        began_s = loop.time()
        timeout.reschedule(None)
        yield
        self._ends_s += loop.time() - began_s
        timeout.reschedule(self._ends_s)
