"""Looking up what the hosts found are called, beside the scan and without holding it up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

NamesOf: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""Returns what an address is called; raises TimeoutError where no answer comes in time."""

AT_ONCE: Final = 8
MOST_UNANSWERED: Final = 3
"""A resolver that gave no answer so often is asked no more."""


class NameLookUps:
    """Asks for the names of addresses, a few at once, and gives each answer to `tell` with what it was asked for."""

    def __init__(self, names_of: NamesOf, tell: Callable[[str, Sequence[str]], None]) -> None:
        self._names_of = names_of
        self._tell = tell
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered = 0

    def ask(self, url: str, ip: str) -> None:
        """Begin to look up the names of the host at a URL."""
        self._tasks.add(asyncio.create_task(self._look_up(url, ip)))

    async def finish(self, patience_s: float) -> None:
        """Wait so long for what is still being looked up, and give up the rest."""
        if pending := [task for task in self._tasks if not task.done()]:
            await asyncio.wait(pending, timeout=patience_s)
        self.give_up()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for task in self._tasks:
            if not task.cancelled():
                task.result()

    def give_up(self) -> None:
        """Ask for nothing more."""
        for task in self._tasks:
            task.cancel()

    async def _look_up(self, url: str, ip: str) -> None:
        async with self._slots:
            if self._unanswered >= MOST_UNANSWERED:
                return
            try:
                names = await self._names_of(ip)
            except TimeoutError:
                self._unanswered += 1
                return
        if names:
            self._tell(url, names)
