"""What a scan will touch, decided before the first packet leaves."""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import islice
from typing import Final

import msgspec

from .targets import DEFAULT_MAX_ADDRESSES, is_sweepable
from .types import (
    DEFAULT_PORT,
    DiscoveryPlan,
    Interface,
    NetworkTarget,
    ServerTarget,
    Sweep,
)

_TAIL_S: Final = 3.3
_LOOPBACK: Final = ("127.0.0.1", "::1")
_VIRTUAL: Final = (
    (
        re.compile(r"docker|br-|veth(?!ernet)|cni|flannel|cali|podman|lxc|lxdbr|kube", re.IGNORECASE),
        "a bridge to containers",
    ),
    (
        re.compile(r"virbr|vmnet|vboxnet|bridge\d|vEthernet \((WSL|Default|nat)|VirtualBox|VMware", re.IGNORECASE),
        "a bridge to virtual machines",
    ),
    (re.compile(r"utun|tun|tap|wg|ppp|ipsec|gpd|zt|tailscale|nordlynx|proton", re.IGNORECASE), "a VPN or tunnel"),
)
"""How the names of interfaces begin that lead to guests and tunnels, not to a LAN."""


def build_plan(  # noqa: PLR0913  each is one independent input of the plan, named at the call
    *,
    targets: Sequence[ServerTarget | NetworkTarget] = (),
    interfaces: Sequence[Interface] = (),
    ollama_host: ServerTarget | None = None,
    ports: Sequence[int] = (DEFAULT_PORT,),
    max_addresses: int = DEFAULT_MAX_ADDRESSES,
    exclude: Sequence[IPv4Network] = (),
    connect_timeout_s: float = 0.5,
) -> DiscoveryPlan:
    """Return the plan for these targets alone or, without any, for this machine, OLLAMA_HOST and the local networks.

    Only private networks are swept, by their real netmasks and with at most `max_addresses` addresses in all; of one
    that is larger than what is left of those, only the /24 around this machine. No network in `exclude` is swept.
    """
    local: tuple[ServerTarget, ...] = ()
    notes: tuple[str, ...] = ()
    if targets:
        servers = tuple(dict.fromkeys(target for target in targets if isinstance(target, ServerTarget)))
        networks = dict.fromkeys(target for target in targets if isinstance(target, NetworkTarget))
        sweeps = [_whole(network, interfaces) for network in networks]
    else:
        local = tuple(_local_servers(interfaces, ports))
        servers = () if ollama_host is None else (ollama_host,)
        swept, notes = _local_networks(interfaces, max_addresses)
        sweeps = [
            Sweep(network=network, addresses=addresses, port=port, via="scan", on_link=True)
            for port in ports
            for network, addresses in swept.items()
        ]
    return DiscoveryPlan(
        local=local,
        servers=servers,
        sweeps=tuple(_each_address_once(sweeps, (*local, *servers), exclude)),
        own_addresses=frozenset(str(interface.address.ip) for interface in interfaces if interface.is_up),
        notes=notes,
        connect_timeout_s=connect_timeout_s,
        tail_s=max(_TAIL_S, connect_timeout_s),
    )


def _whole(target: NetworkTarget, interfaces: Iterable[Interface]) -> Sweep:
    return Sweep(
        network=target.network,
        addresses=tuple(target.network.hosts()),
        port=target.port,
        via=target.via,
        on_link=any(
            interface.is_up
            and isinstance(interface.address, IPv4Interface)
            and interface.address.network.overlaps(target.network)
            for interface in interfaces
        ),
    )


def _local_servers(interfaces: Iterable[Interface], ports: Iterable[int]) -> Iterator[ServerTarget]:
    """Yield this machine: loopback first, then the addresses that a server may be bound to instead."""
    own = dict.fromkeys(str(address.ip) for _, address in _ipv4(interfaces))
    for port in ports:
        for host in _LOOPBACK:
            yield ServerTarget(host=host, port=port, via="localhost")
        for host in own:
            yield ServerTarget(host=host, port=port, via="own address")


def _local_networks(
    interfaces: Iterable[Interface], max_addresses: int
) -> tuple[dict[IPv4Network, tuple[IPv4Address, ...]], tuple[str, ...]]:
    """Return the addresses to try of each local network, and a sentence on each that is left out or cut short."""
    swept: dict[IPv4Network, tuple[IPv4Address, ...]] = {}
    notes: list[str] = []
    left = max_addresses
    for interface, address in _ipv4(interfaces):
        network = address.network
        if network.prefixlen == 32 or network in swept:
            continue
        if (reason := _why_not_swept(interface, network)) is not None:
            notes.append(f"{interface.name} ({network}) is not swept: it is {reason}.")
            continue
        part = network
        if network.num_addresses > left:
            part = IPv4Network((address.ip, max(24, network.prefixlen)), strict=False)
        swept[network] = tuple(islice(_nearest_first(part, address.ip), left))
        left -= len(swept[network])
        if part != network or len(swept[network]) < part.num_addresses - 2:
            notes.append(
                f"{interface.name} ({network}) has {network.num_addresses:,} addresses, of which "
                f"{len(swept[network])} are tried: those around {address.ip}. Raise --max-addresses to try them all."
            )
    return swept, tuple(notes)


def _ipv4(interfaces: Iterable[Interface]) -> Iterator[tuple[Interface, IPv4Interface]]:
    for interface in interfaces:
        if interface.is_up and not interface.is_loopback and isinstance(interface.address, IPv4Interface):
            yield interface, interface.address


def _why_not_swept(interface: Interface, network: IPv4Network) -> str | None:
    """Return what keeps a network from being swept, as a noun; None where it is a LAN."""
    for pattern, kind in _VIRTUAL:
        if pattern.match(interface.name):
            return kind
    if interface.point_to_point:
        return "a point-to-point link"
    if network.is_link_local:
        return "self-assigned, so no router gave it an address"
    if not is_sweepable(network):
        return "not a private network"
    return None


def _nearest_first(network: IPv4Network, around: IPv4Address) -> Iterator[IPv4Address]:
    """Yield the network's hosts, those that share a /24 with `around` before the others."""
    if network.prefixlen >= 24:
        yield from network.hosts()
        return
    near = IPv4Network((around, 24), strict=False)
    yield from (address for address in near if address not in {network.network_address, network.broadcast_address})
    yield from (address for address in network.hosts() if address not in near)


def _each_address_once(
    sweeps: Iterable[Sweep], asked: Iterable[ServerTarget], exclude: Sequence[IPv4Network]
) -> Iterator[Sweep]:
    """Yield the sweeps without excluded addresses and without those that are asked by name or by an earlier sweep."""
    taken = {(server.host, server.port) for server in asked}
    for sweep in sweeps:
        fresh = tuple(
            address
            for address in sweep.addresses
            if (str(address), sweep.port) not in taken and not any(address in excluded for excluded in exclude)
        )
        taken.update((str(address), sweep.port) for address in fresh)
        yield msgspec.structs.replace(sweep, addresses=fresh)
