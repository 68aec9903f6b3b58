"""The state of a host during a visit: answering, missing, or given up."""

import asyncio
import enum
from collections.abc import Awaitable, Callable
from typing import Final

from ..errors import OllamaError, ProtocolError, ServerError, UnreachableError
from ..events import Notice
from ..ollama.awake import AwakeTimeout
from .events import HostLost, Waiting

PATIENCE_S: Final = 15.0
PROBE_TIMEOUT_S: Final = 5.0
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 2.0
FIRST_BUSY_PAUSE_S: Final = 0.5
LONGEST_BUSY_PAUSE_S: Final = 5.0
MOST_TIMEOUTS: Final = 2
AWAY: Final = frozenset({502, 521, 523, 530})
"""With these a proxy says that the server behind it cannot be reached."""


class State(enum.Enum):
    """ANSWERING → MISSING when a request broke or timed out and a probe failed; MISSING → ANSWERING, or GONE.

    GONE is final: nothing more is sent to the host during this visit.
    """

    ANSWERING = enum.auto()
    MISSING = enum.auto()
    GONE = enum.auto()


class Health:
    """Knows whether a host still answers. `probe` asks it the cheapest question there is.

    `has_worked` says that a model has answered before.
    A host that turns requests away is waited for `busy_s` seconds in all, counted from its last answer to one.
    """

    def __init__(
        self,
        url: str,
        probe: Callable[[], Awaitable[object]],
        *,
        patience_s: float,
        emit: Callable[[Notice | Waiting | HostLost], None],
        busy_s: float = 0.0,
    ) -> None:
        self.state = State.ANSWERING
        self._url = url
        self._probe = probe
        self._patience_s = patience_s
        self._emit = emit
        self._why_gone = ""
        self._busy_s = self._busy_left_s = busy_s
        self._busy_pause_s = FIRST_BUSY_PAUSE_S
        self._timeouts = 0
        self.has_worked = False

    @property
    def is_gone(self) -> bool:
        """True if the host was given up."""
        return self.state is State.GONE

    def check(self) -> None:
        """Raise `UnreachableError` where the host was given up."""
        if self.is_gone:
            raise UnreachableError(self._why_gone)

    def count_answer(self, *, is_work: bool) -> None:
        """Note that a request was answered: a host whose models answer is neither busy nor hung.

        One may well list its models while none of them answers.
        """
        if not is_work:
            return
        self.has_worked = True
        self._busy_left_s, self._busy_pause_s = self._busy_s, FIRST_BUSY_PAUSE_S
        self._timeouts = 0

    def count_timeout(self, *, is_work: bool) -> None:
        """Note that a request got no answer in time; the second in a row that uses a model gives the host up."""
        if not is_work:
            return
        self._timeouts += 1
        if self._timeouts >= MOST_TIMEOUTS:
            self._give_up(
                f"{self._url} finished none of the last {self._timeouts} requests in time, so no more are sent; is it "
                "overloaded? raise --timeout, or restart it"
            )

    async def wait_while_busy(self, said: str, retry_after_s: float | None) -> bool:
        """Wait before asking a busy host again, for as long as it says; False where its time for that is used up."""
        pause_s = self._busy_pause_s if retry_after_s is None else max(retry_after_s, FIRST_BUSY_PAUSE_S)
        if pause_s > self._busy_left_s:
            return False
        if self._busy_left_s == self._busy_s:
            self._emit(Notice(f"{self._url} is busy: {said}; asking again for up to {self._busy_s:g} s"))
        self._emit(Waiting(self._url, "it is busy and is asked again", pause_s))
        self._busy_left_s -= pause_s
        self._busy_pause_s = min(2 * self._busy_pause_s, LONGEST_BUSY_PAUSE_S)
        await asyncio.sleep(pause_s)
        return True

    async def wait_until_it_answers(self) -> None:
        """Return as soon as a probe is answered, at once where the host is well.

        Raises `UnreachableError` once it was missing for `patience_s`.
        """
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + self._patience_s
        pause_s = FIRST_PAUSE_S
        self.check()
        while (failure := await self._failure(give_up_s - loop.time())) is not None:
            if self.state is State.ANSWERING:
                self.state = State.MISSING
                self._emit(Waiting(self._url, "it does not answer", self._patience_s))
            if loop.time() + pause_s >= give_up_s:
                self._give_up(failure)
            self.check()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        self.state = State.ANSWERING

    def _give_up(self, why: str) -> None:
        if not self.is_gone:
            self._emit(HostLost(self._url, why))
        self.state, self._why_gone = State.GONE, why

    async def _failure(self, left_s: float) -> str | None:
        """Return why the host does not answer, None where it does; an error of its own is an answer, too.

        That a proxy cannot reach it is none.
        """
        try:
            async with AwakeTimeout(min(PROBE_TIMEOUT_S, max(left_s, FIRST_PAUSE_S))):
                await self._probe()
        except ServerError as exc:
            return f"{self._url} cannot be reached: {exc}" if exc.status in AWAY else None
        except ProtocolError:
            return None
        except OllamaError as exc:
            return str(exc)
        except TimeoutError:
            return f"{self._url} cannot be reached: it gives no answer; is the server still running?"
        return None
