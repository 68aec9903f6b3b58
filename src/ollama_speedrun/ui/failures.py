"""Failures that are held back for a moment, so that models of a host that fail alike share a line."""

from collections.abc import Callable, Sequence
from typing import Final

from ..benchmark.events import BenchmarkEnded
from ..benchmark.types import Result
from ..events import PhaseEnded
from ..pipeline.events import Event
from .lines import Called, Line, failed_line

HELD_S: Final = 0.5


class Failures:
    """Collects failed results. They are due after half a second, or once their host does or says something else."""

    def __init__(self, clock: Callable[[], float], called: Called) -> None:
        self._clock = clock
        self._called = called
        self._held: dict[str, tuple[float, list[Result]]] = {}

    def add(self, result: Result) -> None:
        """Hold back a result that failed; `due_before` was asked about its event."""
        _, results = self._held.setdefault(result.host, (self._clock(), []))
        results.append(result)

    def due_before(self, event: Event) -> Sequence[Line]:
        """Return the lines that have to stand before those of an event."""
        match event:
            case BenchmarkEnded(result=result):
                held = self._held.get(result.host)
                alike = held is not None and result.status == "failed" and result.reason == held[1][0].reason
                return () if held is None or alike else self._taken(result.host)
            case PhaseEnded():
                return self.all_due()
            case _:
                return ()

    def due(self) -> Sequence[Line]:
        """Return the lines that were held back for long enough."""
        now_s = self._clock()
        hosts = [host for host, (since_s, _) in list(self._held.items()) if now_s - since_s >= HELD_S]
        return [line for host in hosts for line in self._taken(host)]

    def all_due(self) -> Sequence[Line]:
        """Return everything that is held back."""
        return [line for host in list(self._held) for line in self._taken(host)]

    def _taken(self, host: str) -> Sequence[Line]:
        held = self._held.pop(host, None)
        return () if held is None else (failed_line(held[1], self._called),)
