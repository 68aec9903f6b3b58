import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.discovery import listings
from ollama_speedrun.discovery.types import KnownHost, Neighbour

LINUX = """\
IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         A0:B1:C2:03:04:05     *        eth0
192.168.1.20     0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.21     0x1         0x6         a0:b1:c2:03:04:06     *        eth0
172.17.0.2       0x1         0x2         02:42:ac:11:00:02     *        docker0
"""
MACOS = """\
? (192.168.1.1) at a0:b1:c2:3:4:5 on en0 ifscope [ethernet]
? (192.168.1.20) at (incomplete) on en0 ifscope [ethernet]
nas.lan (192.168.1.30) at a0:b1:c2:3:4:6 on en0 ifscope permanent [ethernet]
? (192.168.1.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]
? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]
"""
WINDOWS = """\

Schnittstelle: 192.168.1.5 --- 0x7
  Internetadresse       Physische Adresse     Typ
  192.168.1.1           a0-b1-c2-03-04-05     dynamisch
  192.168.1.30          a0-b1-c2-03-04-06     dynamisch
  192.168.1.255         ff-ff-ff-ff-ff-ff     statisch
  224.0.0.22            01-00-5e-00-00-16     statisch
"""
TAILSCALE = {
    "Version": "1.86.2",
    "BackendState": "Running",
    "TailscaleIPs": ["100.101.102.103"],
    "Self": {"HostName": "laptop", "TailscaleIPs": ["100.101.102.103"], "Online": True},
    "Peer": {
        "nodekey:1": {
            "HostName": "GPU",
            "DNSName": "gpu-1.tail1234.ts.net.",
            "TailscaleIPs": ["fd7a:115c:a1e0::1", "100.64.0.7"],
            "Online": True,
        },
        "nodekey:2": {"HostName": "off", "TailscaleIPs": ["100.64.0.8"], "Online": False},
        "nodekey:3": {"HostName": "six", "TailscaleIPs": ["fd7a:115c:a1e0::3"], "Online": True},
        "nodekey:4": {"HostName": "none", "TailscaleIPs": None, "Online": True},
    },
}
ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t00000000\t0110A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
"""


def test_linux_tells_its_resolved_neighbours() -> None:
    assert listings.proc_net_arp(LINUX) == (
        Neighbour(ip="192.168.1.1", mac="a0:b1:c2:03:04:05"),
        Neighbour(ip="192.168.1.21", mac="a0:b1:c2:03:04:06"),
        Neighbour(ip="172.17.0.2", mac="02:42:ac:11:00:02"),
    )


@pytest.mark.parametrize(("read", "text"), [(listings.bsd_arp, MACOS), (listings.windows_arp, WINDOWS)])
def test_macos_and_windows_tell_single_machines_alone(read: object, text: str) -> None:
    assert callable(read)
    ips = {"192.168.1.1": "a0:b1:c2:03:04:05", "192.168.1.30": "a0:b1:c2:03:04:06"}
    assert read(text) == tuple(Neighbour(ip=ip, mac=mac) for ip, mac in ips.items())


def test_peers_of_the_tailnet_that_are_online_are_known_by_one_address_each_and_their_names() -> None:
    assert listings.tailscale_peers(json.dumps(TAILSCALE)) == (
        KnownHost("100.64.0.7", "tailscale", ("gpu-1", "gpu-1.tail1234.ts.net", "gpu")),
        KnownHost("fd7a:115c:a1e0::3", "tailscale", ("six",)),
    )


@pytest.mark.parametrize("changes", [{"BackendState": "Stopped"}, {"Peer": None}, {"Peer": {}}])
def test_a_tailnet_that_is_down_or_empty_has_no_peers(changes: dict[str, object]) -> None:
    assert listings.tailscale_peers(json.dumps({**TAILSCALE, **changes})) == ()


def test_the_gateway_is_read_from_the_default_route() -> None:
    assert listings.default_gateway(ROUTES) == "192.168.16.1"
    assert listings.default_gateway(ROUTES.replace("0110A8C0", "00000000")) is None
    assert listings.default_gateway("") is None


SOME_LINES = st.lists(st.sampled_from([*LINUX.splitlines(), *MACOS.splitlines(), *WINDOWS.splitlines(), *ROUTES]))


@given(st.text() | SOME_LINES.map("\n".join))
def test_no_text_raises(text: str) -> None:
    for read in (listings.proc_net_arp, listings.bsd_arp, listings.windows_arp):
        assert all(":" in neighbour.mac for neighbour in read(text))
    assert listings.tailscale_peers(text) == ()
    listings.default_gateway(text)
