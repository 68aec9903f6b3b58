"""Keep the tests' traffic on this machine: an attempt to leave it raises, and fails the test even if that is caught.

The guard is an audit hook, so it sees every socket of the process whatever library opened it. It cannot be removed,
only told where to note what it has stopped.
"""

import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from pathlib import Path

NAMESPACE_VARIABLE = "SPEEDRUN_TEST_NAMESPACE"
"""Set in a process that runs inside a network namespace made by a test: nothing can leave the machine from there."""

LOG_VARIABLE = "SPEEDRUN_TEST_GUARD_LOG"
"""Names the file in which guarded subprocesses note what was stopped."""

stopped: list[str] = []
"""What the guard of this process has stopped since the list was last cleared."""

_SENDING = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class ForbiddenTraffic(Exception):  # noqa: N818  it is an event to be seen, not an error of the code under test
    """The code under test tried to send something off this machine. No OSError, so that no retry hides it."""


def install() -> None:
    """Watch this process from now on, unless it runs in a test's own namespace."""
    if NAMESPACE_VARIABLE not in os.environ:
        sys.addaudithook(_audit)


@contextmanager
def watching() -> Iterator[list[str]]:
    """Give the list of what is stopped inside the block, and forget it afterwards."""
    stopped.clear()
    try:
        yield stopped
    finally:
        stopped.clear()


def _audit(event: str, arguments: Sequence[object]) -> None:
    if event in _SENDING:
        # A message over a connected socket carries no address: its connect has been asked already.
        connection, address = arguments[0], arguments[1]
        is_internet = isinstance(connection, socket.socket) and connection.family in {socket.AF_INET, socket.AF_INET6}
        if is_internet and isinstance(address, tuple) and not _is_local(str(address[0])):
            _stop(f"{event} to {address[0]} port {address[1]}")
    elif event == "socket.getaddrinfo":
        name = _text(arguments[0])
        if name.rstrip(".").endswith(".invalid"):
            # RFC 6761: such a name exists nowhere. Answered here, because a resolver would ask the network.
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not _is_resolved_here(name):
            _stop(f"a look-up of {name}")
    elif event == "socket.gethostbyname" and not _is_resolved_here(_text(arguments[0])):
        _stop(f"a look-up of {_text(arguments[0])}")
    elif event in {"socket.gethostbyaddr", "socket.getnameinfo"}:
        # Reverse: an address in figures is what a resolver asks the network about.
        address = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
        if not _is_local(_text(address)):
            _stop(f"a look-up of {_text(address)}")


def _text(name: object) -> str:
    return name.decode("ascii", "replace") if isinstance(name, bytes) else str(name or "localhost")


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _is_resolved_here(name: str) -> bool:
    """Whether the resolver answers without asking anyone: local names, and addresses in figures."""
    try:
        ip_address(name)
    except ValueError:
        return _is_local(name)
    return True


def _stop(attempt: str) -> None:
    stopped.append(attempt)
    if log := os.environ.get(LOG_VARIABLE):
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{attempt}\n")
    raise ForbiddenTraffic(f"{attempt}: tests send nothing off this machine")
