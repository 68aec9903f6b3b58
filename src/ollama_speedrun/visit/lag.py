"""How long this program's own event loop stood still, so that no stamp taken then passes for a server's."""

import asyncio
import time
from collections import deque
from typing import Final, Self

import msgspec

from .. import units
from .types import StreamRecord

PERIOD_S: Final = 0.01
SHORTEST_STALL_NS: Final = 5_000_000
"""A timer that is later than this was held up; less is the usual jitter of a busy machine."""
AFTER_STALL_NS: Final = 5_000_000
"""What came during a stall is stamped one or two turns of the loop after it."""
MOST_STALLS: Final = 10_000


class LoopLag:
    """Watches the event loop while a block runs: a timer that comes late tells that the loop stood still.

    Stalls of 15 ms and more are always seen, those of 5 to 15 ms sometimes.
    """

    def __init__(self) -> None:
        self._stalls: deque[tuple[int, int]] = deque(maxlen=MOST_STALLS)
        self._due_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def at(self, stamp_ns: int) -> int | None:
        """Return for how many ns the loop had stood still when this stamp of `perf_counter_ns` was taken.

        None where it was running freely.
        """
        self._look(time.perf_counter_ns())
        stalls = [ended - began for began, ended in self._stalls if began <= stamp_ns <= ended + AFTER_STALL_NS]
        return max(stalls, default=None)

    def noted_in(self, record: StreamRecord, *, sent_ns: int) -> StreamRecord:
        """Return the record of a request that was sent then, with the lag at its first and its last content."""

        def lag_ns(stamp_ns: int | None) -> int | None:
            return None if stamp_ns is None else self.at(sent_ns + stamp_ns)

        first_ns, last_ns = lag_ns(record.first_content_ns), lag_ns(record.last_content_ns)
        return msgspec.structs.replace(record, first_lag_ns=first_ns, last_lag_ns=last_ns)

    def _wait(self) -> None:
        self._due_ns = time.perf_counter_ns() + units.nanoseconds(PERIOD_S)
        self._timer = asyncio.get_running_loop().call_later(PERIOD_S, self._tick)

    def _tick(self) -> None:
        self._look(time.perf_counter_ns())
        self._wait()

    def _look(self, now_ns: int) -> None:
        if now_ns - self._due_ns >= SHORTEST_STALL_NS:
            self._stalls.append((self._due_ns, now_ns))
