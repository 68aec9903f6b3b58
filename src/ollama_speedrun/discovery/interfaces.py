"""The network interfaces of this machine."""

import ipaddress
import socket

from .types import Interface


def read_interfaces() -> tuple[Interface, ...]:
    """Return every IPv4 and IPv6 address of this machine with its real netmask, in the operating system's order."""
    import psutil  # noqa: PLC0415  explicit targets need no interfaces, and the import costs start-up time

    states = psutil.net_if_stats()
    found: list[Interface] = []
    for name, addresses in psutil.net_if_addrs().items():
        state = states.get(name)
        flags = set(state.flags.split(",")) if state else set[str]()
        for entry in addresses:
            if entry.family not in {socket.AF_INET, socket.AF_INET6}:
                continue
            address = _address(entry.address, entry.netmask)
            found.append(
                Interface(
                    name=name,
                    address=address,
                    is_up=state is not None and state.isup,
                    is_loopback=address.ip.is_loopback,
                    point_to_point="pointopoint" in flags or entry.ptp is not None,
                )
            )
    return tuple(found)


def _address(text: str, netmask: str | None) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """Return the address with its prefix; without a netmask it stands alone, so that nothing around it is swept."""
    ip = ipaddress.ip_address(text)
    if isinstance(ip, ipaddress.IPv4Address):
        return ipaddress.IPv4Interface(f"{ip}/{netmask or 32}")
    prefix = int(ipaddress.IPv6Address(netmask)).bit_count() if netmask else 128
    return ipaddress.IPv6Interface((ip, prefix))
