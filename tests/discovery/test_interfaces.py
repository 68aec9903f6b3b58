from ipaddress import IPv4Interface

from ollama_speedrun.discovery.interfaces import read_interfaces


def test_loopback_is_read_with_its_real_netmask_and_known_as_loopback() -> None:
    loopback = [interface for interface in read_interfaces() if interface.address == IPv4Interface("127.0.0.1/8")]
    assert [(interface.is_up, interface.is_loopback, interface.point_to_point) for interface in loopback] == [
        (True, True, False)
    ]
