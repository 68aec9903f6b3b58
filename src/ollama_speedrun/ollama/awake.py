"""A time limit that does not count while this process is stopped or the machine sleeps.

After SIGSTOP and SIGCONT every timer is due at once, before what a server has sent meanwhile is read: an ordinary limit
would blame the server.
"""

import asyncio
from types import TracebackType
from typing import Final, Self

PARTS: Final = 8
"""A limit is looked at so many times; a pause longer than two of these parts counts as two."""


class AwakeTimeout:
    """Cancels the block after so many seconds and raises TimeoutError, as `asyncio.timeout` does."""

    def __init__(self, limit_s: float) -> None:
        self._timeout = asyncio.timeout(None)
        self._left_s = limit_s
        self._part_s = limit_s / PARTS
        self._timer: asyncio.TimerHandle | None = None
        self._began_s = 0.0

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def expire(self) -> None:
        """End the block now."""
        if not self._timeout.expired():
            self._timeout.reschedule(0)

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._began_s = loop.time()
        self._timer = loop.call_later(min(self._part_s, self._left_s), self._look)

    def _look(self) -> None:
        passed_s = asyncio.get_running_loop().time() - self._began_s
        self._left_s -= min(passed_s, 2 * self._part_s)
        if self._left_s > 1e-9:
            self._wait()
        else:
            self.expire()
