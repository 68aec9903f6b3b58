"""The plan of a scan: every address that it will contact, decided before the first packet leaves."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_address
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from ..errors import TargetError
from .targets import DEFAULT_MAX_ADDRESSES, is_sweepable
from .types import (
    DEFAULT_PORT,
    DEFAULT_RATE_PER_S,
    HTTP_TIMEOUT_S,
    NAMED_TIMEOUT_S,
    NAMES_WAIT_S,
    TAIL_S,
    DiscoveryPlan,
    Interface,
    KnownHost,
    Neighbour,
    Network,
    NetworkTarget,
    ServerTarget,
    Sweep,
    Trust,
)

_LARGE_ADDRESSES: Final = 1024
_LARGE_TAIL_S: Final = 1.3
_LARGE_HEDGED_TAIL_S: Final = 1.1
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
    neighbours: Sequence[Neighbour] = (),
    known: Sequence[KnownHost] = (),
    ollama_host: ServerTarget | None = None,
    ports: Sequence[int] = (DEFAULT_PORT,),
    max_addresses: int = DEFAULT_MAX_ADDRESSES,
    only_interfaces: Sequence[str] = (),
    exclude: Sequence[Network] = (),
    trust: Trust | None = None,
    connect_timeout_s: float = 0.5,
    rate_per_s: int = DEFAULT_RATE_PER_S,
    hurry_s: float | None = None,
    looks_up_names: bool = True,
    names_wait_s: float = NAMES_WAIT_S,
) -> DiscoveryPlan:
    """Return the plan for these targets alone or, without any, for this machine and all that is within reach.

    That is OLLAMA_HOST, the hosts `known` to other programs, the neighbours, and the local
    networks. Only private networks are swept, by their real netmasks and with at most `max_addresses` addresses in all;
    of one that is larger than what is left of those, only the /24 around this machine. `only_interfaces` leaves out
    what is not behind these, and includes even a bridge or tunnel. Nothing in `exclude` is tried. With `hurry_s` each
    sweep ends so long after its last address was tried, and late answers are lost.

    Raises `TargetError` for an interface that does not exist and for a target that is excluded.
    """
    if targets:
        servers = tuple(_with_their_tokens(target for target in targets if isinstance(target, ServerTarget)))
        networks = dict.fromkeys(target for target in targets if isinstance(target, NetworkTarget))
        reach = _Reach(sweeps=tuple(_whole(network, interfaces) for network in networks))
    else:
        servers = () if ollama_host is None else (ollama_host,)
        near = _Near(interfaces, _chosen(interfaces, only_interfaces), neighbours, () if only_interfaces else known)
        reach = _within_reach(near, ports, max_addresses, ask_all=bool(only_interfaces))
    _check_that_none_is_excluded(servers, exclude)
    local = tuple(_allowed(reach.local, exclude))
    candidates = tuple(_each_server_once(_allowed(reach.candidates, exclude), (*local, *servers)))
    sweeps = tuple(_each_address_once(reach.sweeps, (*local, *servers, *candidates), exclude))
    return DiscoveryPlan(
        local=local,
        servers=servers,
        candidates=candidates,
        sweeps=tuple(_with_patience(sweeps, hurry_s, connect_timeout_s)),
        own_addresses=frozenset(str(interface.address.ip) for interface in interfaces if interface.is_up),
        exclude=tuple(exclude),
        notes=reach.notes,
        trust=trust or Trust(),
        connect_timeout_s=connect_timeout_s,
        http_timeout_s=max(HTTP_TIMEOUT_S, connect_timeout_s),
        named_timeout_s=max(NAMED_TIMEOUT_S, connect_timeout_s),
        tail_s=max(TAIL_S, connect_timeout_s) if hurry_s is None else hurry_s,
        named_tail_s=max(NAMED_TIMEOUT_S, connect_timeout_s) if hurry_s is None else hurry_s,
        rate_per_s=rate_per_s,
        known_names={one.host: one.names for one in known if one.names},
        looks_up_names=looks_up_names,
        names_wait_s=names_wait_s,
    )


def _check_that_none_is_excluded(servers: Iterable[ServerTarget], exclude: Sequence[Network]) -> None:
    for server in servers:
        if (network := excluded_by(server.host, exclude)) is not None:
            raise TargetError(f"{server.url} is in {network}, which is excluded: leave out one of the two")


def _allowed(servers: Iterable[ServerTarget], exclude: Sequence[Network]) -> Iterator[ServerTarget]:
    """Return the servers whose address is not excluded."""
    return (server for server in servers if excluded_by(server.host, exclude) is None)


class _Near(NamedTuple):
    """What is known of the surroundings: all interfaces, those to scan behind, and machines that something knows of."""

    interfaces: Sequence[Interface]
    chosen: Sequence[Interface]
    neighbours: Sequence[Neighbour]
    known: Sequence[KnownHost]


class _Reach(NamedTuple):
    """What is to be asked without having been named, or swept, and a sentence on each network that is left out."""

    local: tuple[ServerTarget, ...] = ()
    candidates: tuple[ServerTarget, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    notes: tuple[str, ...] = ()


def _within_reach(near: _Near, ports: Sequence[int], max_addresses: int, *, ask_all: bool) -> _Reach:
    """Return this machine, the machines that something knows of, and the local networks."""
    swept, notes = _local_networks(near.chosen, max_addresses, ask_all=ask_all)
    single = _single_hosts(near.chosen, near.neighbours, near.known, swept, max_addresses)
    return _Reach(
        local=tuple(_local_servers(near.interfaces, ports)),
        candidates=tuple(ServerTarget(host=host, port=port, via=via) for port in ports for host, via in single),
        sweeps=tuple(
            Sweep(network=network, addresses=addresses, port=port, via="scan", on_link=True)
            for port in ports
            for network, addresses in swept.items()
        ),
        notes=notes,
    )


def _with_their_tokens(servers: Iterable[ServerTarget]) -> Iterable[ServerTarget]:
    """Return each server once; one that is named several times has the first token it was given each time."""
    distinct = tuple(dict.fromkeys(servers))
    tokens = {server.url: server.token for server in reversed(distinct) if server.token}
    return dict.fromkeys(msgspec.structs.replace(server, token=tokens.get(server.url)) for server in distinct)


def excluded_by(host: str, exclude: Iterable[Network]) -> Network | None:
    """Return the network of `exclude` that an address lies in; None for none, and for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return next((network for network in exclude if address in network), None)


def _chosen(interfaces: Sequence[Interface], names: Sequence[str]) -> Sequence[Interface]:
    """Return the interfaces of these names, or all of them where there are no names."""
    for name in names:
        if name not in {interface.name for interface in interfaces}:
            known = ", ".join(dict.fromkeys(interface.name for interface in interfaces)) or "none"
            raise TargetError(f"there is no interface {name!r} here; there are: {known}")
    return [interface for interface in interfaces if interface.name in names] if names else interfaces


def _single_hosts(
    interfaces: Iterable[Interface],
    neighbours: Iterable[Neighbour],
    known: Iterable[KnownHost],
    swept: Mapping[IPv4Network, Sequence[IPv4Address]],
    max_addresses: int,
) -> list[tuple[str, str]]:
    """Return (host, source) of the machines that something here knows of.

    A neighbour counts where it is private and in the network of one of the interfaces. Those that are not swept in any
    case are at most as many as are left of `max_addresses`.
    """
    networks = [address.network for _, address in _ipv4(interfaces)]
    near = (
        (neighbour.ip, "neighbours")
        for neighbour in neighbours
        if is_sweepable(IPv4Network(neighbour.ip)) and any(IPv4Address(neighbour.ip) in network for network in networks)
    )
    addresses = {str(address) for part in swept.values() for address in part}
    sources: dict[str, str] = {}
    for host, via in (*((one.host, one.via) for one in known), *near):
        sources.setdefault(host, via)
    inside = [(host, via) for host, via in sources.items() if host in addresses]
    outside = [(host, via) for host, via in sources.items() if host not in addresses]
    return [*inside, *outside[: max_addresses - len(addresses)]]


def _with_patience(sweeps: Sequence[Sweep], hurry_s: float | None, connect_timeout_s: float) -> Iterator[Sweep]:
    """Yield the sweeps with the time that each of their addresses may take.

    Where there are many addresses, the last ones get less, and behind a router all: there an address costs an open
    socket and is tried once, so that the kernel's repeat after a second has to be in time. On the link the neighbour
    table makes most of them wait in any case, and each is tried three times.
    """
    is_large = sum(len(sweep.addresses) for sweep in sweeps) > _LARGE_ADDRESSES
    for sweep in sweeps:
        large_tail_s = _LARGE_HEDGED_TAIL_S if sweep.on_link else _LARGE_TAIL_S
        usual_s = max(large_tail_s if is_large else TAIL_S, connect_timeout_s)
        tail_s = usual_s if hurry_s is None else hurry_s
        patience_s = max(TAIL_S, tail_s) if hurry_s is None and sweep.on_link else tail_s
        yield msgspec.structs.replace(sweep, patience_s=patience_s, tail_s=tail_s)


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
    own = [host for host in dict.fromkeys(str(address.ip) for _, address in _ipv4(interfaces)) if host not in _LOOPBACK]
    for port in ports:
        for host in _LOOPBACK:
            yield ServerTarget(host=host, port=port, via="localhost")
        for host in own:
            yield ServerTarget(host=host, port=port, via="own address")


def _local_networks(
    interfaces: Iterable[Interface], max_addresses: int, *, ask_all: bool
) -> tuple[dict[IPv4Network, tuple[IPv4Address, ...]], tuple[str, ...]]:
    """Return the addresses to try of each local network, and a sentence on each that is left out or cut short."""
    swept: dict[IPv4Network, tuple[IPv4Address, ...]] = {}
    notes: list[str] = []
    left = max_addresses
    for interface, address in _ipv4(interfaces):
        network = address.network
        if network.prefixlen == 32 or network in swept:
            continue
        if (reason := _why_not_swept(interface, network, ask_all=ask_all)) is not None:
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


def _why_not_swept(interface: Interface, network: IPv4Network, *, ask_all: bool) -> str | None:
    """Return what keeps a network from being swept, as a noun; None where it is a LAN, or private and asked for."""
    for pattern, kind in _VIRTUAL:
        if pattern.match(interface.name) and not ask_all:
            return kind
    if interface.point_to_point and not ask_all:
        return "a point-to-point link"
    if network.is_link_local and not ask_all:
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


def _each_server_once(servers: Iterable[ServerTarget], asked: Iterable[ServerTarget]) -> Iterator[ServerTarget]:
    """Yield the servers that are not asked in any case."""
    taken = {(server.host, server.port) for server in asked}
    return (server for server in servers if (server.host, server.port) not in taken)


def _each_address_once(
    sweeps: Iterable[Sweep], asked: Iterable[ServerTarget], exclude: Sequence[Network]
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
