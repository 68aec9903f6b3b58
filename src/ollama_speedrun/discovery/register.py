"""Which servers are known, and which of two answers came from one and the same."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

from .events import HostFound, HostMerged
from .naming import MOST_NAMES, is_address
from .recognise import Recognised
from .types import Access, Host, ServerTarget

Proof: TypeAlias = Callable[[ServerTarget, ServerTarget], Awaitable[bool | None]]
"""Asks two servers whether they are one; None: they do not tell."""

NAMED: Final = frozenset({"target", "hosts file"})
"""The sources of servers that the user named one by one."""

MacOf: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Looks up the hardware address behind an IP address; None where it is not known."""


class Meeting(msgspec.Struct, frozen=True):
    """A server that answered: how it was asked, what it turned out to be, and how it is handed on."""

    server: ServerTarget
    verdict: Recognised
    host: Host
    access: Access = Access()


class _Entry(msgspec.Struct):
    meeting: Meeting
    host: Host


class Register:
    """The servers of one discovery, each of them once."""

    def __init__(self, own_addresses: frozenset[str], *, proof: Proof, mac_of: MacOf) -> None:
        self._own_addresses = own_addresses
        self._proof = proof
        self._mac_of = mac_of
        self._entries: list[_Entry] = []
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def admit(self, meeting: Meeting) -> HostFound | HostMerged | None:
        """Take in a server that answered; None when all of it was known.

        It is a known one when the URL is the same, or when kind, version and models are the same and so is the place:
        an address in common, two addresses of this machine, or one hardware address, each with the same port. Models
        since the same nanosecond are one server at another place only where both have the same loaded until the same
        moment, for machines can share or copy their models. Two that the user named at different places stay two.
        """
        # Those with the same models take turns: while one is looked into, the other must not be taken for a new one.
        async with self._turns[meeting.verdict.models_key]:
            for entry in list(self._entries):
                if entry.host.url == meeting.host.url or await self._are_one(entry.meeting, meeting):
                    return _merge(entry, meeting.host)
            self._entries.append(_Entry(meeting, meeting.host))
            return HostFound(meeting.host, meeting.access)

    def call(self, url: str, names: Sequence[str]) -> HostMerged | None:
        """Take down what else the host at a URL is called; None when all of it was known."""
        entry = next((entry for entry in self._entries if entry.host.url == url), None)
        return None if entry is None else _merge(entry, msgspec.structs.replace(entry.host, names=tuple(names)))

    async def _are_one(self, known: Meeting, new: Meeting) -> bool:
        if (known.verdict, known.host.version) != (new.verdict, new.host.version):
            return False
        same_port = known.server.port == new.server.port
        shared_address = set(known.host.addresses) & set(new.host.addresses)
        if shared_address or (self._is_here(known.host) and self._is_here(new.host)):
            # Servers at several ports of one machine may well share their files.
            return same_port and known.server.path == new.server.path
        if {known.server.via, new.server.via} <= NAMED:
            return False
        macs = [await self._mac_of(meeting.host.addresses[0]) for meeting in (known, new)]
        if same_port and macs[0] is not None and macs[0] == macs[1]:
            return True
        return new.verdict.has_own_moments and await self._proof(known.server, new.server) is True

    def _is_here(self, host: Host) -> bool:
        return any(address in self._own_addresses or ip_address(address).is_loopback for address in host.addresses)


def _names(known: Host, new: Host) -> tuple[str, ...]:
    """Return what both are called, and by what name another way to the known one was spelled."""
    spelled = urlsplit(new.url).hostname or ""
    others = () if is_address(spelled) or spelled == urlsplit(known.url).hostname else (spelled,)
    return tuple(dict.fromkeys((*known.names, *others, *new.names)))[:MOST_NAMES]


def _merge(entry: _Entry, host: Host) -> HostMerged | None:
    merged = msgspec.structs.replace(
        entry.host,
        via=tuple(dict.fromkeys((*entry.host.via, *host.via))),
        addresses=tuple(dict.fromkeys((*entry.host.addresses, *host.addresses))),
        name=entry.host.name or host.name,
        names=_names(entry.host, host),
    )
    if merged == entry.host:
        return None
    entry.host = merged
    return HostMerged(merged)
