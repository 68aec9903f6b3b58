"""What discovery is asked for and what it hands on."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface
from typing import Final

import msgspec

OLLAMA: Final = "ollama"
DEFAULT_PORT: Final = 11434


class Host(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server that answered, with every address it was reached at.

    `url` is its base URL without a trailing slash, `kind` is "ollama" or the name of the look-alike that it turned out
    to be, `version` is what /api/version says (None where it says nothing), `via` names the sources that led to it
    ("localhost", "scan", "target", "OLLAMA_HOST"), `addresses` are bare IP addresses, the one in `url` first.
    """

    url: str
    kind: str
    version: str | None
    via: tuple[str, ...]
    addresses: tuple[str, ...]

    @property
    def is_ollama(self) -> bool:
        """Whether this is an Ollama server, and not one that merely looks like it."""
        return self.kind == OLLAMA


class ServerTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One server to ask: `host` is a name or a bare IP address."""

    scheme: str = "http"
    host: str
    port: int = DEFAULT_PORT
    via: str = "target"

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash; an IPv6 address stands in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class NetworkTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Every address of one IPv4 network, on one port."""

    network: IPv4Network
    port: int = DEFAULT_PORT
    via: str = "scan"


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """One IPv4 or IPv6 address of one network interface, as the operating system has it.

    `address` carries its real netmask. `point_to_point` marks tunnels such as a VPN's.
    """

    name: str
    address: IPv4Interface | IPv6Interface
    is_up: bool = True
    is_loopback: bool = False
    point_to_point: bool = False


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of one network that will be tried, nearest first, on one port.

    `on_link` says that no router stands between, so that each address needs an entry in the kernel's neighbour table.
    """

    network: IPv4Network
    addresses: tuple[IPv4Address, ...]
    port: int
    via: str
    on_link: bool


class DiscoveryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that discovery will send packets to, and within which bounds.

    `local` is this machine by its loopback addresses and then its own others: silent when nothing is there. `servers`
    were asked for by the user, so that their failure is reported. `own_addresses` tells a second way to this machine
    from another machine. `notes` are sentences for the user on what is left out, why, and what would include it.

    An address counts as probed after `connect_timeout_s`; sockets keep listening for late answers until `tail_s`
    after they were opened, because the kernels on both sides repeat a lost packet only after a second. `http_timeout_s`
    bounds the whole exchange with one server that accepted.
    """

    local: tuple[ServerTarget, ...] = ()
    servers: tuple[ServerTarget, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    own_addresses: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    connect_timeout_s: float = 0.5
    http_timeout_s: float = 2.0
    tail_s: float = 3.3

    @property
    def address_count(self) -> int:
        """How many pairs of address and port the sweeps will try."""
        return sum(len(sweep.addresses) for sweep in self.sweeps)
