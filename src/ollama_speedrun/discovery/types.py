"""What discovery is asked for and what it hands on."""

from ipaddress import IPv4Network
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
