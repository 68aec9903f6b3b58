"""Reading what the system and other programs print about machines nearby. Pure: nothing here runs or opens anything.

A line that is not understood is left out; no text raises.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

import msgspec

from .naming import usable_names
from .types import KnownHost, Neighbour

_COMPLETE: Final = 0x2
_BSD_ENTRY: Final = re.compile(r"\((\d+\.\d+\.\d+\.\d+)\) at ((?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2})\b", re.IGNORECASE)
_WINDOWS_ENTRY: Final = re.compile(r"\s*(\d+\.\d+\.\d+\.\d+)\s+((?:[0-9a-f]{2}-){5}[0-9a-f]{2})\b", re.IGNORECASE)


class _Peer(msgspec.Struct, frozen=True):
    is_online: bool = msgspec.field(name="Online", default=False)
    dns_name: str | None = msgspec.field(name="DNSName", default=None)
    host_name: str | None = msgspec.field(name="HostName", default=None)
    ips: list[str] | None = msgspec.field(name="TailscaleIPs", default=None)


class _Tailnet(msgspec.Struct, frozen=True):
    state: str = msgspec.field(name="BackendState", default="")
    peers: dict[str, _Peer] | None = msgspec.field(name="Peer", default=None)


def proc_net_arp(text: str) -> tuple[Neighbour, ...]:
    """Return the resolved entries of Linux's /proc/net/arp."""
    rows = (line.split() for line in text.splitlines()[1:])
    return _usable((row[0], row[3]) for row in rows if len(row) == 6 and _flags(row[2]) & _COMPLETE)


def bsd_arp(text: str) -> tuple[Neighbour, ...]:
    """Return the resolved entries of `arp -an` as macOS and the BSDs print them."""
    return _usable((entry[1], entry[2]) for entry in _BSD_ENTRY.finditer(text))


def windows_arp(text: str) -> tuple[Neighbour, ...]:
    """Return the entries of `arp -a` as Windows prints them in any language."""
    entries = map(_WINDOWS_ENTRY.match, text.splitlines())
    return _usable((entry[1], entry[2]) for entry in entries if entry is not None)


def tailscale_peers(text: str) -> tuple[KnownHost, ...]:
    """Return each peer that is online, out of `tailscale status --json`: one address, IPv4 where it has one, and names.

    The names are the one in the tailnet, short and in full (MagicDNS), and the machine's own.
    """
    try:
        tailnet = msgspec.json.decode(text, type=_Tailnet)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    if tailnet.state != "Running":
        return ()
    return tuple(
        KnownHost(min(peer.ips, key=lambda ip: ":" in ip), "tailscale", _names(peer))
        for peer in (tailnet.peers or {}).values()
        if peer.is_online and peer.ips
    )


def _names(peer: _Peer) -> tuple[str, ...]:
    in_full = peer.dns_name or ""
    return usable_names((in_full.partition(".")[0], in_full, peer.host_name or ""))


def default_gateway(text: str) -> str | None:
    """Return the gateway of the first default route in Linux's /proc/net/route, None where there is none."""
    for line in text.splitlines()[1:]:
        match line.split():
            case [_, "00000000", gateway, *_] if re.fullmatch(r"[0-9A-Fa-f]{8}", gateway) and int(gateway, 16):
                return str(IPv4Address(bytes.fromhex(gateway)[::-1]))
            case _:
                pass
    return None


def _usable(entries: Iterable[tuple[str, str]]) -> tuple[Neighbour, ...]:
    """Return the entries of single machines, each once: neither broadcast nor multicast nor an empty address."""
    return tuple(dict.fromkeys(_singles(entries)))


def _singles(entries: Iterable[tuple[str, str]]) -> Iterator[Neighbour]:
    for ip, written in entries:
        mac = bytes(int(part, 16) for part in re.split("[:-]", written))
        if _is_address(ip) and any(mac) and not mac[0] & 1:
            yield Neighbour(ip=ip, mac=mac.hex(":"))


def _is_address(text: str) -> bool:
    try:
        IPv4Interface(text)
    except ValueError:
        return False
    return True


def _flags(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0
