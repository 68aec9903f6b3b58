"""The targets of discovery, its plan, and the hosts that it finds."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from typing import Final, TypeAlias

import msgspec

OLLAMA: Final = "ollama"
DEFAULT_PORT: Final = 11434
DEFAULT_RATE_PER_S: Final = 8000
TAIL_S: Final = 3.15
HTTP_TIMEOUT_S: Final = 2.0
NAMED_TIMEOUT_S: Final = 10.0
NAMES_WAIT_S: Final = 0.3

Network: TypeAlias = IPv4Network | IPv6Network


class Secret:
    """A text that nothing shows by accident: its representation hides it, and encoding it as JSON raises TypeError."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """Return the text, for the one header that it is meant for."""
        return self._text

    def hide_in(self, text: str) -> str:
        """Return the text without this one in it, for what a server says may repeat what it was sent."""
        return text.replace(self._text, "…")


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Which certificates of https servers to accept: those by `ca_files` besides the usual ones, or any at all."""

    ca_files: tuple[str, ...] = ()
    insecure: bool = False


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The means to talk to one server: the token that is sent to it alone, and the certificates to accept.

    It goes from the target to every request to the server, whatever URL the server is asked by in the end. One with a
    token has no JSON. `patience_s` is how long a connection, and an answer to a short question, may take.
    """

    token: Secret | None = None
    trust: Trust = Trust()
    patience_s: float = NAMED_TIMEOUT_S


class Host(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server that answered, with every address it was reached at.

    `url` is its base URL without a trailing slash, `kind` is "ollama" or the name of the look-alike that it turned out
    to be, `version` is what /api/version says (None where it says nothing), `via` names the sources that led to it
    ("localhost", "scan", "target", "OLLAMA_HOST", "hosts file", "neighbours", "tailscale", "WSL"), `addresses` are bare
    IP addresses, the one in `url` first. `name` is what the user calls it in a hosts file, `names` what others call it:
    a target as it was spelled, Tailscale, the system's hosts file, reverse DNS. `identity` is equal for two runs that
    met the same server, wherever it was; None where it holds no model to be known by.
    """

    url: str
    kind: str
    version: str | None
    via: tuple[str, ...]
    addresses: tuple[str, ...]
    name: str | None = None
    identity: str | None = None
    names: tuple[str, ...] = ()

    @property
    def is_ollama(self) -> bool:
        """True if this is an Ollama server, and not one that merely looks like it."""
        return self.kind == OLLAMA


class Watts(msgspec.Struct, frozen=True, kw_only=True):
    """The power that a host draws while it writes, and while it does nothing, as its user states it."""

    busy_watts: float
    idle_watts: float | None = None


class ServerTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One server to ask: `host` is a name or a bare IP address, `path` what its API stands below, such as "/ollama".

    `token` is sent to this server and to no other. `watts` is the power that a hosts file states.
    """

    scheme: str = "http"
    host: str
    port: int = DEFAULT_PORT
    path: str = ""
    via: str = "target"
    name: str | None = None
    token: Secret | None = None
    watts: Watts | None = None

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them; an IPv6 address stands in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"{self.scheme}://{self.authority}{self.path}"


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


class KnownHost(msgspec.Struct, frozen=True):
    """A machine that another program on this one knows: its address or name, which program, and what that calls it."""

    host: str
    via: str
    names: tuple[str, ...] = ()


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that this one has talked to lately, out of the operating system's table; `mac` in lower case."""

    ip: str
    mac: str


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of one network that will be tried, nearest first, on one port.

    `on_link` says that no router stands between, so that each address needs an entry in the kernel's neighbour table.
    An address may take `patience_s` to accept, and the sweep ends `tail_s` after the last one was tried, whatever is
    still open: the kernels on both sides repeat a lost packet only after a second.
    """

    network: IPv4Network
    addresses: tuple[IPv4Address, ...]
    port: int
    via: str
    on_link: bool
    patience_s: float = TAIL_S
    tail_s: float = TAIL_S


class DiscoveryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that discovery will send packets to, and within which bounds.

    `local` is this machine by its loopback addresses and then its own others: silent when nothing is there. `servers`
    were asked for by the user, so that their failure is reported. `candidates` are single machines that something on
    this one knows of, and are silent, too. `own_addresses` tells a second way to this machine from another machine.
    `notes` are sentences for the user on what is left out, why, and what would include it. Nothing is sent into the
    networks of `exclude`, not even when a name leads there.

    An address counts as probed after `connect_timeout_s`; sockets to candidates listen for `tail_s`, those to `servers`
    for `named_tail_s`. `http_timeout_s` bounds the whole exchange with one server that accepted, `named_timeout_s` with
    one of `servers`, which may be slow: it is asked for longer than a stranger. At most `rate_per_s` connections are
    begun in a second.

    `known_names` are what other programs call addresses. With `looks_up_names` the system is asked what the hosts found
    are called, beside the scan; what has not come `names_wait_s` after its end is given up.
    """

    local: tuple[ServerTarget, ...] = ()
    servers: tuple[ServerTarget, ...] = ()
    candidates: tuple[ServerTarget, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    own_addresses: frozenset[str] = frozenset()
    exclude: tuple[Network, ...] = ()
    notes: tuple[str, ...] = ()
    trust: Trust = Trust()
    connect_timeout_s: float = 0.5
    known_names: Mapping[str, tuple[str, ...]] = {}
    looks_up_names: bool = True
    names_wait_s: float = NAMES_WAIT_S
    http_timeout_s: float = HTTP_TIMEOUT_S
    named_timeout_s: float = NAMED_TIMEOUT_S
    tail_s: float = TAIL_S
    named_tail_s: float = NAMED_TIMEOUT_S
    rate_per_s: int = DEFAULT_RATE_PER_S

    @property
    def address_count(self) -> int:
        """How many pairs of address and port will be tried without having been named by the user."""
        return len(self.candidates) + sum(len(sweep.addresses) for sweep in self.sweeps)
