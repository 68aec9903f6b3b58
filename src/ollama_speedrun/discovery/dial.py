"""Open TCP connections to many addresses, quickly, without overloading the event loop, the kernel or the network."""

import asyncio
import socket
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..ollama.awake import AwakeTimeout
from .types import DEFAULT_RATE_PER_S

HEDGES_S: Final = (0.0, 0.150, 0.350)
"""When an address is tried again: a lost packet would else be repeated only after a second."""

_SOCKETS_PER_TURN: Final = 64
_TURN_S: Final = 0.005
_WANTED_FILES: Final = 16_384
_FILES_OF_OTHERS: Final = 256
_LINUX_NEIGHBOURS: Final = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
_LINUX_ARP_TABLE: Final = Path("/proc/net/arp")
_USUAL_NEIGHBOURS: Final = 1024
_NEIGHBOURS_OF_OTHERS: Final = 64


class Throttle:
    """Lets at most `limit` through in any `period_s`, in the order in which they come."""

    def __init__(self, limit: int, period_s: float) -> None:
        self._passed_s: deque[float] = deque(maxlen=limit)
        self._period_s = period_s
        self._queue = asyncio.Lock()

    async def wait(self) -> float:
        """Return when it is the caller's turn: the moment, in seconds of the loop's clock."""
        loop = asyncio.get_running_loop()
        async with self._queue:
            if len(self._passed_s) == self._passed_s.maxlen:
                earliest_s = self._passed_s[0] + self._period_s
                if (delay_s := earliest_s - loop.time()) > 0:
                    await asyncio.sleep(delay_s)
            self._passed_s.append(loop.time())
            return self._passed_s[-1]


class Dialer:
    """Opens connections, as many at once as this process may hold files open.

    A loop that opens thousands of sockets in one turn is busy for so long that answers come too late to be seen; so at
    most 64 are opened in 5 ms, and at most `rate_per_s` in a second.
    """

    def __init__(self, rate_per_s: int = DEFAULT_RATE_PER_S) -> None:
        self.capacity = max(_SOCKETS_PER_TURN, raise_file_limit() - _FILES_OF_OTHERS)
        self.free_files = asyncio.Semaphore(self.capacity)
        self._turns = even_throttle(rate_per_s)

    async def dial(self, ip: str, port: int) -> socket.socket:
        """Return a non-blocking socket that is connected; raises OSError when the address does not accept."""
        async with self.free_files:
            await self._turns.wait()
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            stream = socket.socket(family, socket.SOCK_STREAM)
            try:
                stream.setblocking(False)
                await asyncio.get_running_loop().sock_connect(stream, (ip, port))
            except BaseException:
                stream.close()
                raise
            return stream

    async def dial_any(
        self, ips: Sequence[str], port: int, *, give_up_s: float, hedges_s: Sequence[float] = HEDGES_S
    ) -> tuple[str, socket.socket]:
        """Return the first of these addresses that accepts, with its socket; each is tried at all of `hedges_s`.

        Raises TimeoutError when one stayed silent until `give_up_s`, and otherwise ConnectionRefusedError when one
        refused, or the OSError that the system gave.
        """
        if len(ips) == len(hedges_s) == 1:
            async with asyncio.timeout(give_up_s):
                return ips[0], await self.dial(ips[0], port)
        attempts = {asyncio.create_task(self._dial_later(ip, port, delay_s)): ip for delay_s in hedges_s for ip in ips}
        winner: socket.socket | None = None
        try:
            try:
                async with AwakeTimeout(give_up_s):
                    ip, winner = await _first_success(attempts)
            finally:
                await _abandon(attempts, winner)
        except BaseException:
            if winner is not None:
                winner.close()
            raise
        return ip, winner

    async def _dial_later(self, ip: str, port: int, delay_s: float) -> socket.socket:
        await asyncio.sleep(delay_s)
        return await self.dial(ip, port)


async def _first_success(attempts: dict[asyncio.Task[socket.socket], str]) -> tuple[str, socket.socket]:
    pending = set(attempts)
    refused: set[str] = set()
    failure: OSError = TimeoutError()
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for attempt in done:
            try:
                return attempts[attempt], attempt.result()
            except ConnectionRefusedError as error:
                failure = error
                refused.add(attempts[attempt])
            except OSError as error:
                failure = failure if refused else error
        # A refusal is the machine's own answer; asking again would bring the same.
        pending = {attempt for attempt in pending if attempts[attempt] not in refused}
    raise failure


async def _abandon(attempts: Iterable[asyncio.Task[socket.socket]], winner: socket.socket | None) -> None:
    for attempt in attempts:
        attempt.cancel()
    for outcome in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(outcome, socket.socket) and outcome is not winner:
            outcome.close()


def even_throttle(rate_per_s: int) -> Throttle:
    """Return a pace of at most `rate_per_s` that gives the event loop time for answers after every few sockets."""
    per_turn = min(_SOCKETS_PER_TURN, rate_per_s)
    return Throttle(per_turn, max(_TURN_S, per_turn / rate_per_s))


def neighbour_throttle() -> Throttle:
    """Return the pace at which new on-link addresses fit into the kernel's neighbour table.

    An address at which nobody lives occupies an entry for the three seconds of three ARP requests. When the table is
    full, connects fail without a packet having been sent, for every process on the machine.
    """
    try:
        size = int(_LINUX_NEIGHBOURS.read_text(encoding="ascii"))
        used = len(_LINUX_ARP_TABLE.read_text(encoding="ascii").splitlines()) - 1
    except (OSError, ValueError):
        size, used = _USUAL_NEIGHBOURS, 0
    return Throttle(max(_SOCKETS_PER_TURN, size - used - _NEIGHBOURS_OF_OTHERS), 3.02)


def raise_file_limit() -> int:
    """Raise this process's soft limit on open files as far as a scan can use it, and return the limit that holds."""
    if sys.platform == "win32":
        return _WANTED_FILES
    import resource  # noqa: PLC0415  Windows has no such module

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WANTED_FILES if soft == resource.RLIM_INFINITY else min(soft, _WANTED_FILES)
