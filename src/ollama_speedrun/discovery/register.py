"""Which servers are known, and which of two answers came from one and the same."""

from ipaddress import ip_address

import msgspec

from ..events import HostFound, HostMerged
from .types import Host


class _Entry(msgspec.Struct):
    host: Host
    port: int
    models_key: str


class Register:
    """The servers of one discovery, each of them once."""

    def __init__(self, own_addresses: frozenset[str]) -> None:
        self._own_addresses = own_addresses
        self._entries: list[_Entry] = []

    def admit(self, host: Host, *, port: int, models_key: str) -> HostFound | HostMerged | None:
        """Take in a server that answered; None when all of it was known.

        It is a known one when the URL is the same, or when kind, port and models are the same and both were reached at
        an address in common or at two addresses of this machine.
        """
        for entry in self._entries:
            same_url = entry.host.url == host.url
            if same_url or (
                (entry.host.kind, entry.port, entry.models_key) == (host.kind, port, models_key)
                and self._at_one_place(entry.host, host)
            ):
                merged = msgspec.structs.replace(
                    entry.host,
                    via=tuple(dict.fromkeys((*entry.host.via, *host.via))),
                    addresses=tuple(dict.fromkeys((*entry.host.addresses, *host.addresses))),
                )
                if merged == entry.host:
                    return None
                entry.host = merged
                return HostMerged(merged)
        self._entries.append(_Entry(host, port, models_key))
        return HostFound(host)

    def _at_one_place(self, one: Host, other: Host) -> bool:
        return bool(set(one.addresses) & set(other.addresses)) or (self._is_here(one) and self._is_here(other))

    def _is_here(self, host: Host) -> bool:
        return any(address in self._own_addresses or ip_address(address).is_loopback for address in host.addresses)
