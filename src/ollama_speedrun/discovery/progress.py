"""How far a scan is."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .events import DiscoveryEvent, ScanProgress


class Progress:
    """Counts the addresses that have answered or had their time, and tells it in about a hundred steps."""

    def __init__(self, total: int, emit: Callable[[DiscoveryEvent], None]) -> None:
        self._total = total
        self._emit = emit
        self._probed = 0
        self._step = max(1, total // 100)

    @contextmanager
    def one_address(self, timeout_s: float) -> Iterator[None]:
        """Count one address at the end of the block, or after `timeout_s` when that comes first."""
        is_counted = False

        def count() -> None:
            nonlocal is_counted
            if not is_counted:
                is_counted = True
                self.advance()

        timer = asyncio.get_running_loop().call_later(timeout_s, count)
        try:
            yield
        finally:
            timer.cancel()
            count()

    def advance(self) -> None:
        """Count one address."""
        self._probed += 1
        if self._probed % self._step == 0 or self._probed == self._total:
            self._emit(ScanProgress(self._probed, self._total))
