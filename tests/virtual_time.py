"""An event loop whose clock moves only when nothing is left to do, so that no test depends on how busy the machine is.

Client and fake server run in one loop, and what one sends on loopback has reached the other when the call returns.
Where neither has anything to do, the clock leaps to the next timer. While the loop runs, the clocks of the `time`
module follow it, so a client's stamps are those of the script: 200 tok/s are 200 tok/s, however slowly Python computes.

Tests get this loop by `pytest.mark.virtual_time`. While a thread works for the loop, time passes as it does in truth.
It does not suit tests with subprocesses, whose time is real.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_TICK_NS: Final = 1000
"""What one turn of the loop takes, so that two stamps are never equal by accident."""

_SHORT_LEAP_S: Final = 0.05
_GRACE_S: Final = 0.005
"""How long to wait in truth for bytes that the kernel may still have, before a leap that could be a time-out."""

_real_clocks_ns: Final[Mapping[str, Callable[[], int]]] = {
    "perf_counter": time.perf_counter_ns,
    "monotonic": time.monotonic_ns,
    "time": time.time_ns,
}


class _LeapingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type, unused-ignore]  # chosen at run time
    def __init__(self) -> None:
        super().__init__()
        self.elapsed_ns = 0
        self.busy_threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; where nothing is, let the time pass at once instead of waiting for it."""
        self.elapsed_ns += _TICK_NS
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            return super().select(None)
        if self.busy_threads:
            return self._select_in_real_time(timeout)
        ready = super().select(_GRACE_S if timeout > _SHORT_LEAP_S else 0)
        if not ready:
            self.elapsed_ns += round(timeout * 1e9)
        return ready

    def _select_in_real_time(self, timeout: float) -> list[tuple[selectors.SelectorKey, int]]:
        perf_counter_ns = _real_clocks_ns["perf_counter"]
        began_ns = perf_counter_ns()
        ready = super().select(timeout)
        self.elapsed_ns += perf_counter_ns() - began_ns
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; its timers are exact."""

    has_exact_timers = True

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        self._begun_ns = {name: clock() for name, clock in _real_clocks_ns.items()}
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._now_ns("monotonic") / 1e9

    def run_forever(self) -> None:
        with self._virtual_clocks():
            super().run_forever()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        self._leaping.busy_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_is_done)
        return future

    async def shutdown_default_executor(self, *limit_s: float | None) -> None:
        """Wait for the threads in real time: since Python 3.12 a timer limits this, which the clock would leap over."""
        self._leaping.busy_threads += 1
        try:
            await super().shutdown_default_executor(*limit_s)
        finally:
            self._leaping.busy_threads -= 1

    def _thread_is_done(self, _future: asyncio.Future[Any]) -> None:
        self._leaping.busy_threads -= 1

    def _now_ns(self, clock: str) -> int:
        return self._begun_ns[clock] + self._leaping.elapsed_ns

    @contextmanager
    def _virtual_clocks(self) -> Iterator[None]:
        replaced: dict[str, Any] = {}
        for name in self._begun_ns:
            replaced |= {name: getattr(time, name), f"{name}_ns": getattr(time, f"{name}_ns")}
            setattr(time, name, lambda name=name: self._now_ns(name) / 1e9)
            setattr(time, f"{name}_ns", lambda name=name: self._now_ns(name))
        try:
            yield
        finally:
            for name, function in replaced.items():
                setattr(time, name, function)
