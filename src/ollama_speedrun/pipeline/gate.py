"""The decision to begin measuring, which a person may have to take."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from .forecast import Forecast
from .time_limit import TimeLimit

Approve: TypeAlias = Callable[[Forecast], Awaitable[bool]]
"""Returns whether a run that takes so long is to begin."""


class Gate:
    """Holds up the benchmarks until the run is approved; without `approve` it is open from the start.

    The clock of the time limit stands still while a person thinks.
    """

    def __init__(self, approve: Approve | None, limit: TimeLimit) -> None:
        self.is_closed = False
        """True if the answer was no."""
        self._approve = approve
        self._limit = limit
        self._decided = asyncio.Event()
        if approve is None:
            self._decided.set()

    async def is_open(self) -> bool:
        """Wait for the decision, and return it."""
        await self._decided.wait()
        return not self.is_closed

    async def decide(self, found: Forecast | None) -> None:
        """Have the run approved; one with nothing to measure is."""
        if self._approve is not None and found is not None:
            with self._limit.paused():
                self.is_closed = not await self._approve(found)
        self._decided.set()
