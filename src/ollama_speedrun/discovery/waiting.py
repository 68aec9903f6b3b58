"""Says what is waited for, once that lasts."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

QUIET_S: Final = 2.0
"""A wait that is over sooner is not worth a word."""
_TOGETHER_S: Final = 0.1
_SHOWN: Final = 4


class Waiting:
    """Tells of named servers that take longer than a moment, those of one moment in one sentence."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._slow: dict[str, list[str]] = {}

    @contextmanager
    def connecting(self, url: str, longest_s: float) -> Iterator[None]:
        """Tell of a connection that is not there after a moment, and how long it is waited for at most."""
        with self._at_work(url, f"no connection yet; waiting up to {longest_s:g} s"):
            yield

    @contextmanager
    def answering(self, url: str, longest_s: float) -> Iterator[None]:
        """Tell of a server that has accepted and says nothing."""
        with self._at_work(url, f"connected, but no answer yet; waiting up to {longest_s:g} s"):
            yield

    @contextmanager
    def _at_work(self, url: str, what: str) -> Iterator[None]:
        timer = asyncio.get_running_loop().call_later(QUIET_S, self._note, url, what)
        try:
            yield
        finally:
            timer.cancel()
            if url in (slow := self._slow.get(what, [])):
                slow.remove(url)

    def _note(self, url: str, what: str) -> None:
        if what not in self._slow:
            asyncio.get_running_loop().call_later(_TOGETHER_S, self._tell, what)
        self._slow.setdefault(what, []).append(url)

    def _tell(self, what: str) -> None:
        urls = self._slow.pop(what)
        if urls:
            more = f" and {len(urls) - _SHOWN} more" if len(urls) > _SHOWN else ""
            self._say(f"{', '.join(urls[:_SHOWN])}{more}: {what}.")
