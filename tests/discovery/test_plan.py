from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_address, ip_interface, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.discovery.plan import build_plan
from ollama_speedrun.discovery.targets import SWEEPABLE, is_sweepable
from ollama_speedrun.discovery.types import (
    DiscoveryPlan,
    Interface,
    KnownHost,
    Neighbour,
    Network,
    NetworkTarget,
    ServerTarget,
    Sweep,
)
from ollama_speedrun.errors import TargetError

LOOPBACK = Interface(name="lo", address=ip_interface("127.0.0.1/8"), is_loopback=True)


def lan(address: str, name: str = "eth0") -> Interface:
    return Interface(name=name, address=ip_interface(address))


def swept(plan: DiscoveryPlan) -> list[str]:
    return [str(address) for sweep in plan.sweeps for address in sweep.addresses]


def test_without_targets_the_plan_is_this_machine_and_its_networks() -> None:
    plan = build_plan(interfaces=[LOOPBACK, lan("192.168.1.2/29")])
    assert plan == DiscoveryPlan(
        local=(
            ServerTarget(host="127.0.0.1", via="localhost"),
            ServerTarget(host="::1", via="localhost"),
            ServerTarget(host="192.168.1.2", via="own address"),
        ),
        sweeps=(
            Sweep(
                network=IPv4Network("192.168.1.0/29"),
                addresses=tuple(IPv4Address(f"192.168.1.{last}") for last in (1, 3, 4, 5, 6)),
                port=11434,
                via="scan",
                on_link=True,
            ),
        ),
        own_addresses=frozenset({"127.0.0.1", "192.168.1.2"}),
    )


def test_with_targets_only_those_are_probed() -> None:
    server = ServerTarget(host="10.9.8.7")
    network = NetworkTarget(network=IPv4Network("192.168.1.0/30"), port=8080, via="target")
    plan = build_plan(
        targets=[server, network, server],
        interfaces=[LOOPBACK, lan("192.168.1.2/24"), lan("10.0.0.1/24")],
        ollama_host=ServerTarget(host="elsewhere", via="OLLAMA_HOST"),
    )
    assert (plan.local, plan.servers) == ((), (server,))
    assert plan.sweeps == (
        Sweep(
            network=network.network,
            addresses=(IPv4Address("192.168.1.1"), IPv4Address("192.168.1.2")),
            port=8080,
            via="target",
            on_link=True,
        ),
    )


def test_a_network_behind_a_router_is_not_on_link() -> None:
    network = NetworkTarget(network=IPv4Network("10.5.0.0/24"))
    assert [sweep.on_link for sweep in build_plan(targets=[network], interfaces=[lan("10.0.0.1/24")]).sweeps] == [False]


def test_every_port_is_tried_everywhere() -> None:
    plan = build_plan(interfaces=[lan("10.0.0.1/30")], ports=(11434, 8080))
    assert [(server.host, server.port) for server in plan.local] == [
        ("127.0.0.1", 11434),
        ("::1", 11434),
        ("10.0.0.1", 11434),
        ("127.0.0.1", 8080),
        ("::1", 8080),
        ("10.0.0.1", 8080),
    ]
    assert [(sweep.port, swept(build_plan(interfaces=[lan("10.0.0.1/30")]))) for sweep in plan.sweeps] == [
        (11434, ["10.0.0.2"]),
        (8080, ["10.0.0.2"]),
    ]


def test_what_ollama_host_names_is_not_swept_too() -> None:
    named = ServerTarget(host="10.0.0.2", via="OLLAMA_HOST")
    plan = build_plan(interfaces=[lan("10.0.0.1/29")], ollama_host=named)
    assert plan.servers == (named,)
    assert swept(plan) == ["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]


def test_a_network_on_two_interfaces_is_swept_once() -> None:
    plan = build_plan(interfaces=[lan("10.0.0.1/29"), lan("10.0.0.2/29", "wlan0"), lan("10.0.0.3/30", "wlan1")])
    assert swept(plan) == ["10.0.0.4", "10.0.0.5", "10.0.0.6"]


def test_a_large_network_is_cut_to_its_own_24_and_says_so() -> None:
    plan = build_plan(interfaces=[lan("10.0.7.9/16")])
    assert swept(plan) == [f"10.0.7.{last}" for last in range(1, 255) if last != 9]
    assert " ".join(plan.notes) == (
        "eth0 (10.0.0.0/16) has 65,536 addresses, of which 254 are tried: those around 10.0.7.9. "
        "Raise --max-addresses to try them all."
    )


def test_a_large_network_is_swept_whole_when_allowed_and_its_own_24_first() -> None:
    plan = build_plan(interfaces=[lan("10.0.7.9/20")], max_addresses=4096)
    assert plan.notes == ()
    assert len(swept(plan)) == 4096 - 3
    assert swept(plan)[:3] == ["10.0.7.0", "10.0.7.1", "10.0.7.2"]
    assert swept(plan)[255] == "10.0.0.1"


def test_the_bound_holds_for_all_networks_together() -> None:
    plan = build_plan(interfaces=[lan("10.0.0.1/24"), lan("10.0.1.1/24", "wlan0")], max_addresses=300)
    assert [len(sweep.addresses) for sweep in plan.sweeps] == [253, 45]
    assert [note.split(" has ")[0] for note in plan.notes] == ["wlan0 (10.0.1.0/24)"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("docker0", "a bridge to containers"),
        ("br-3f2a", "a bridge to containers"),
        ("veth12ab", "a bridge to containers"),
        ("virbr0", "a bridge to virtual machines"),
        ("vmnet8", "a bridge to virtual machines"),
        ("vEthernet (WSL)", "a bridge to virtual machines"),
        ("utun3", "a VPN or tunnel"),
        ("tailscale0", "a VPN or tunnel"),
        ("wg0", "a VPN or tunnel"),
    ],
)
def test_bridges_and_tunnels_are_left_alone_and_named(name: str, reason: str) -> None:
    plan = build_plan(interfaces=[lan("10.0.0.1/24", name)])
    assert (swept(plan), plan.notes) == ([], (f"{name} (10.0.0.0/24) is not swept: it is {reason}.",))


@pytest.mark.parametrize(
    "name", ["eth0", "en0", "wlp3s0", "br0", "bond0", "Ethernet 2", "Wi-Fi", "vEthernet (External)"]
)
def test_a_lan_is_swept_whatever_its_name(name: str) -> None:
    assert len(swept(build_plan(interfaces=[lan("10.0.0.1/24", name)]))) == 253


@pytest.mark.parametrize(
    ("interface", "reason"),
    [
        (Interface(name="x0", address=ip_interface("10.0.0.1/24"), point_to_point=True), "a point-to-point link"),
        (lan("169.254.7.7/16"), "self-assigned, so no router gave it an address"),
        (lan("203.0.113.5/24"), "not a private network"),
        (lan("100.64.0.5/24"), "not a private network"),
    ],
)
def test_what_is_no_private_lan_is_left_alone_and_named(interface: Interface, reason: str) -> None:
    plan = build_plan(interfaces=[interface])
    assert swept(plan) == []
    assert [note.partition(" is not swept: it is ")[2] for note in plan.notes] == [f"{reason}."]


@pytest.mark.parametrize(
    "interface",
    [
        LOOPBACK,
        Interface(name="eth1", address=ip_interface("10.0.0.1/24"), is_up=False),
        lan("fd00::1/64"),
        lan("10.0.0.1/32"),
    ],
)
def test_what_has_no_neighbours_is_left_out_silently(interface: Interface) -> None:
    plan = build_plan(interfaces=[interface])
    assert (swept(plan), plan.notes) == ([], ())


def test_excluded_networks_are_not_swept() -> None:
    plan = build_plan(interfaces=[lan("10.0.0.1/29")], exclude=[IPv4Network("10.0.0.4/30")])
    assert swept(plan) == ["10.0.0.2", "10.0.0.3"]


@pytest.mark.parametrize("network", ["10.0.0.0/24", "10.0.0.1/32", "fd00::/8"])
def test_a_target_that_is_excluded_is_a_contradiction(network: str) -> None:
    exclude = [ip_network(network)]
    server = ServerTarget(host="fd00::7" if ":" in network else "10.0.0.1")
    with pytest.raises(TargetError, match="which is excluded"):
        build_plan(targets=[server], exclude=exclude)
    with pytest.raises(TargetError, match="which is excluded"):
        build_plan(ollama_host=server, exclude=exclude)


def test_this_machine_and_what_is_known_are_left_out_where_they_are_excluded() -> None:
    plan = build_plan(
        interfaces=[LOOPBACK, lan("10.0.0.1/30")],
        neighbours=[neighbour("10.0.0.2")],
        known=[KnownHost("100.64.0.7", "tailscale")],
        exclude=[ip_network("127.0.0.0/8"), ip_network("10.0.0.0/30"), ip_network("100.64.0.0/10")],
    )
    assert [server.host for server in plan.local] == ["::1"]
    assert (plan.candidates, swept(plan)) == ((), [])


def neighbour(ip: str) -> Neighbour:
    return Neighbour(ip=ip, mac="02:00:00:00:00:01")


def test_known_machines_are_asked_first_and_not_swept_again() -> None:
    plan = build_plan(
        interfaces=[lan("10.0.0.1/29"), lan("172.17.0.1/16", "docker0")],
        neighbours=[neighbour("10.0.0.3"), neighbour("172.17.0.9"), neighbour("192.168.7.7"), neighbour("8.8.8.8")],
        known=[KnownHost("100.64.0.7", "tailscale"), KnownHost("host.docker.internal", "WSL")],
    )
    assert [(server.host, server.via) for server in plan.candidates] == [
        ("10.0.0.3", "neighbours"),
        ("100.64.0.7", "tailscale"),
        ("host.docker.internal", "WSL"),
        ("172.17.0.9", "neighbours"),
    ]
    assert swept(plan) == ["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"]
    assert plan.address_count == 8


def test_known_machines_keep_to_the_bound_too() -> None:
    near = [neighbour(f"10.0.9.{last}") for last in range(1, 100)]
    plan = build_plan(interfaces=[lan("10.0.0.1/16")], neighbours=near, max_addresses=280)
    assert (len(swept(plan)), len(plan.candidates)) == (253, 26)


def test_only_the_named_interfaces_are_looked_behind_even_a_tunnel() -> None:
    plan = build_plan(
        interfaces=[LOOPBACK, lan("10.0.0.1/29"), lan("10.8.0.1/30", "wg0"), lan("8.0.0.1/30", "ppp0")],
        neighbours=[neighbour("10.0.0.3"), neighbour("10.8.0.2")],
        known=[KnownHost("100.64.0.7", "tailscale")],
        only_interfaces=["wg0", "ppp0"],
    )
    assert swept(plan) == []
    assert [server.host for server in plan.candidates] == ["10.8.0.2"]
    assert plan.notes == ("ppp0 (8.0.0.0/30) is not swept: it is not a private network.",)


def test_an_interface_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(TargetError, match="no interface 'eth7' here; there are: lo, eth0"):
        build_plan(interfaces=[LOOPBACK, lan("10.0.0.1/29")], only_interfaces=["eth7"])


@pytest.mark.parametrize(
    ("target", "hurry_s", "times"),
    [
        ("10.0.0.0/24", None, (3.15, 3.15)),
        ("10.0.0.0/20", None, (3.15, 1.1)),
        ("10.5.0.0/24", None, (3.15, 3.15)),
        ("10.5.0.0/20", None, (1.3, 1.3)),
        ("10.0.0.0/20", 0.9, (0.9, 0.9)),
        ("10.5.0.0/24", 0.9, (0.9, 0.9)),
    ],
)
def test_a_sweep_listens_as_long_as_its_size_and_place_allow(
    target: str, hurry_s: float | None, times: tuple[float, float]
) -> None:
    network = NetworkTarget(network=IPv4Network(target))
    (sweep,) = build_plan(targets=[network], interfaces=[lan("10.0.0.1/20")], hurry_s=hurry_s).sweeps
    assert (sweep.patience_s, sweep.tail_s) == times


def test_patience_with_an_address_lengthens_the_tail_too() -> None:
    plans = [build_plan(connect_timeout_s=seconds) for seconds in (0.5, 7.0)]
    assert [(plan.connect_timeout_s, plan.tail_s) for plan in plans] == [(0.5, 3.15), (7.0, 7.0)]


def test_patience_raises_every_wait_of_a_scan() -> None:
    network = NetworkTarget(network=IPv4Network("10.5.0.0/20"))
    usual, patient = (build_plan(targets=[network], connect_timeout_s=seconds) for seconds in (0.5, 20.0))
    assert (usual.http_timeout_s, usual.named_timeout_s, usual.sweeps[0].tail_s) == (2.0, 10.0, 1.3)
    (sweep,) = patient.sweeps
    assert {patient.http_timeout_s, patient.named_timeout_s, patient.tail_s, sweep.patience_s, sweep.tail_s} == {20.0}


INTERFACES = st.builds(
    Interface,
    name=st.sampled_from(["lo", "eth0", "wlan0", "docker0", "br-1", "utun3", "wg0", "Ethernet"]),
    address=st.builds(
        lambda network, offset, prefix: IPv4Interface((int(network.network_address) + offset, prefix)),
        st.sampled_from(
            [*SWEEPABLE, IPv4Network("100.64.0.0/10"), IPv4Network("203.0.113.0/24"), IPv4Network("8.0.0.0/8")]
        ),
        st.integers(0, 2**16 - 1),
        st.integers(18, 32),
    ),
    is_up=st.booleans(),
    is_loopback=st.booleans(),
    point_to_point=st.booleans(),
)
NETWORKS = st.builds(
    lambda private, offset, prefix: IPv4Network((int(private.network_address) + offset, prefix), strict=False),
    st.sampled_from(SWEEPABLE),
    st.integers(0, 2**16 - 1),
    st.integers(20, 32),
)


EXCLUSIONS: st.SearchStrategy[Network] = NETWORKS | st.sampled_from(
    [ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("100.64.0.0/10"), ip_network("0.0.0.0/0")]
)
NEIGHBOURS = st.builds(
    lambda private, offset: neighbour(str(private.network_address + offset)),
    st.sampled_from([*SWEEPABLE, IPv4Network("8.0.0.0/8")]),
    st.integers(0, 2**16 - 1),
)


@settings(max_examples=200)
@given(
    interfaces=st.lists(INTERFACES, max_size=5),
    neighbours=st.lists(NEIGHBOURS, max_size=4),
    known=st.lists(
        st.sampled_from(
            [KnownHost("100.64.0.7", "tailscale"), KnownHost("fd7a::7", "tailscale"), KnownHost("10.0.0.1", "WSL")]
        )
    ),
    exclude=st.lists(EXCLUSIONS, max_size=3),
    max_addresses=st.integers(1, 1500),
    first_only=st.booleans(),
)
def test_a_plan_stays_within_the_private_networks_of_this_machine(
    *,
    interfaces: Sequence[Interface],
    neighbours: Sequence[Neighbour],
    known: Sequence[KnownHost],
    exclude: Sequence[Network],
    max_addresses: int,
    first_only: bool,
) -> None:
    only = [interface.name for interface in interfaces[:1]] if first_only else []
    plan = build_plan(
        interfaces=interfaces,
        neighbours=neighbours,
        known=known,
        exclude=exclude,
        max_addresses=max_addresses,
        only_interfaces=only,
    )
    looked_behind = [
        interface
        for interface in interfaces
        if interface.is_up
        and not interface.is_loopback
        and isinstance(interface.address, IPv4Interface)
        and (not only or interface.name in only)
    ]
    lans = [
        interface.address.network
        for interface in looked_behind
        if only or (interface.name in {"lo", "eth0", "wlan0", "Ethernet"} and not interface.point_to_point)
    ]
    addresses = [address for sweep in plan.sweeps for address in sweep.addresses]
    assert len(addresses) == len(set(addresses))
    assert len(addresses) + len(plan.candidates) == plan.address_count <= max_addresses
    for address in addresses:
        assert any(address in network for network in lans)
        assert is_sweepable(IPv4Network(address))
        assert str(address) not in plan.own_addresses
    for server in plan.candidates:
        assert KnownHost(server.host, server.via) in known or (
            server.via == "neighbours"
            and is_sweepable(IPv4Network(server.host))
            and any(IPv4Address(server.host) in interface.address.network for interface in looked_behind)
        )
    for server in plan.local:
        assert ip_address(server.host).is_loopback or server.host in plan.own_addresses
    everything = [*(server.host for server in (*plan.local, *plan.candidates)), *map(str, addresses)]
    assert len(everything) == len(set(everything))
    assert not [host for host in everything if any(ip_address(host) in network for network in exclude)]


def test_an_interface_with_the_loopback_address_and_no_flag_adds_no_second_way_to_this_machine() -> None:
    odd = Interface(name="lo", address=ip_interface("127.0.0.1/18"))

    assert [server.host for server in build_plan(interfaces=[odd]).local] == ["127.0.0.1", "::1"]
