"""Look up host names without being held up by a resolver that does not answer."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address


async def resolve(host: str, *, timeout_s: float) -> Sequence[str]:
    """Return the IP addresses of a name, best first, or the address itself when `host` is one.

    Raises `socket.gaierror` when the name is unknown and TimeoutError when no answer comes.
    """
    if _is_address(host):
        return (host,)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def deliver(ips: tuple[str, ...], error: OSError | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(ips)

    def look_up() -> None:
        ips: tuple[str, ...] = ()
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            ips = tuple(dict.fromkeys(str(address[0]) for *_, address in found))
        except OSError as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits any more
            loop.call_soon_threadsafe(deliver, ips, failure)

    # A daemon thread and not the loop's executor: at its end the loop waits for its executor, and a look-up that hangs
    # cannot be cancelled.
    threading.Thread(target=look_up, daemon=True, name=f"look-up of {host}").start()
    async with asyncio.timeout(timeout_s):
        return await answer


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
