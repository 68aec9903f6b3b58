"""The time that the studies of one model may take together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .. import units


class Budget:
    """A number of seconds to spend, None for no bound; only what runs inside `running` counts."""

    def __init__(self, limit_s: float | None) -> None:
        self._limit_s = limit_s
        self._spent_ns = 0
        self._began_ns: int | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time that the block takes."""
        self._began_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            self._spent_ns += time.perf_counter_ns() - self._began_ns
            self._began_ns = None

    @property
    def left_s(self) -> float | None:
        """The seconds that are left, 0 where none are; None for no bound."""
        if self._limit_s is None:
            return None
        under_way_ns = 0 if self._began_ns is None else time.perf_counter_ns() - self._began_ns
        return max(0.0, self._limit_s - units.seconds(self._spent_ns + under_way_ns))

    @property
    def is_spent(self) -> bool:
        """True if nothing is left."""
        return self.left_s == 0.0
