"""Look up host names and addresses without being held up by a resolver that does not answer."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from ..ollama.awake import AwakeTimeout
from .naming import is_address, is_loopback, usable_names

LOOK_UP_S: Final = 2.0
"""The longest that a look-up of an address may take."""

T = TypeVar("T")


async def resolve(host: str, *, timeout_s: float) -> Sequence[str]:
    """Return the IP addresses of a name, best first, or the address itself when `host` is one.

    Raises `socket.gaierror` when the name is unknown and TimeoutError when no answer comes.
    """
    if is_address(host):
        return (host,)

    def look_up() -> Sequence[str]:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    return await _off_the_loop(look_up, timeout_s=timeout_s)


async def names_of(ip: str) -> Sequence[str]:
    """Return what the system calls an address, by its own hosts file or by reverse DNS; nothing for loopback.

    Raises TimeoutError when no answer comes in time.
    """
    if is_loopback(ip):
        return ()

    def look_up() -> Sequence[str]:
        try:
            name, aliases, _ = socket.gethostbyaddr(ip)
        except OSError:
            return ()
        return usable_names((name, *aliases))

    return await _off_the_loop(look_up, timeout_s=LOOK_UP_S)


async def _off_the_loop(look_up: Callable[[], T], *, timeout_s: float) -> T:
    """Return what a look-up returns, or raise its OSError.

    It runs in a daemon thread and not in the loop's executor: at its end the loop waits for its executor, and a look-up
    that hangs cannot be cancelled.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(set_outcome: Callable[[], None]) -> None:
        if not answer.done():
            set_outcome()

    def work() -> None:
        try:
            found = look_up()
        except OSError as exc:
            error = exc
            outcome = lambda: answer.set_exception(error)  # noqa: E731  # one of two calls to make on the loop
        else:
            outcome = lambda: answer.set_result(found)  # noqa: E731
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, daemon=True, name="look-up").start()
    async with AwakeTimeout(timeout_s):
        return await answer
