"""What hosts are called. Pure: names out of the network are text of strangers, and only host names pass."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from .types import Host

MOST_NAMES: Final = 8
LONGEST_NAME_CHARACTERS: Final = 253
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)


def usable_names(written: Iterable[str]) -> tuple[str, ...]:
    """Return those that are host names of another machine, in lower case, each once and a bounded number."""
    names = (name.removesuffix(".").lower() for name in written if len(name) <= LONGEST_NAME_CHARACTERS + 1)
    return tuple(dict.fromkeys(filter(_is_of_a_machine, names)))[:MOST_NAMES]


def called(host: Host) -> Iterator[str]:
    """Yield everything that a host is called: URL, addresses and names, the first part of each name, and with its port.

    A server on this machine's loopback is called localhost, too.
    """
    yield from (host.url, *host.addresses)
    try:
        in_url = urlsplit(host.url)
        port = in_url.port or ""
    except ValueError:  # in a file that is not as we wrote it
        return
    yield from (in_url.netloc + in_url.path, in_url.netloc)
    names = [in_url.hostname or "", host.name or "", *host.names]
    if any(map(is_loopback, host.addresses)):
        names.append("localhost")
    for name in filter(None, names):
        yield from (name, f"{name}:{port}")
        if not is_address(name):
            yield name.partition(".")[0]


def is_address(host: str) -> bool:
    """Return whether a host is written as an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(ip: str) -> bool:
    """Return whether an address, or what is none, stands for this machine itself."""
    return is_address(ip) and ip_address(ip).is_loopback


def _is_of_a_machine(name: str) -> bool:
    """Return whether a name could be another machine's: neither an address in figures nor this machine's loopback."""
    labels = name.split(".")
    is_host = len(name) <= LONGEST_NAME_CHARACTERS and all(map(_LABEL.fullmatch, labels))
    return is_host and not labels[-1].isdigit() and labels[-1] != "localhost" and labels[-2:] != ["in-addr", "arpa"]
