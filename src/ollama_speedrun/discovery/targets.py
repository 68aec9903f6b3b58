"""Reading the names of servers and networks that a user writes."""

import re
from ipaddress import AddressValueError, IPv4Network, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from ..errors import TargetError
from ..masking import passwords_in
from .types import DEFAULT_PORT, Network, NetworkTarget, ServerTarget

DEFAULT_MAX_ADDRESSES: Final = 1024

SWEEPABLE: Final = tuple(
    IPv4Network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")
)
"""Where a sweep may go: the private networks of RFC 1918, link-local and loopback. Python's `is_private` is wider."""

_SCHEME_PORTS: Final = {"http": 80, "https": 443}
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*")
_ENDPOINT: Final = re.compile(r"/(api|v1)(/|$)")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_WILDCARDS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}

_ENCODED_ZONE: Final = re.compile("%25(?=[^]])")
"""In a URL the interface of a link-local address stands behind an encoded percent sign: fe80::1%25eth0."""


def parse_target(
    text: str, *, default_port: int = DEFAULT_PORT, max_addresses: int = DEFAULT_MAX_ADDRESSES
) -> ServerTarget | NetworkTarget:
    """Return a server out of HOST, HOST:PORT or a URL, or a network out of IPv4 CIDR notation.

    Without a port, http means `default_port` (Ollama's, not 80) and https means 443. Raises `TargetError` with a
    sentence on what is wrong and what to write instead.
    """
    written = text.strip()
    if not written:
        raise TargetError(
            "an empty target names no server: write a host, HOST:PORT, a URL or a network like 10.0.0.0/24"
        )
    if "://" in written:
        return parse_url(written, default_port=default_port)
    if "@" in written:
        raise _credentials_error()
    if "/" in written and _names_a_server(written):
        return parse_url(f"http://{written}", default_port=default_port)
    if "/" in written:
        return _parse_network(written, default_port, max_addresses)
    host, port = _split_port(written)
    return ServerTarget(host=_checked_host(host, written), port=default_port if port is None else _port(port, written))


def parse_ollama_host(text: str) -> ServerTarget:
    """Return the server that OLLAMA_HOST names, by Ollama's own rules.

    Quotes and blanks are trimmed; no scheme means http and port 11434, `http://` 80, `https://` 443; an impossible port
    gives way to the default; the addresses that a server binds to (0.0.0.0, ::) are asked at loopback. Raises
    `TargetError` where Ollama's own client would find no server either: an unknown scheme, an impossible host.
    """
    written = text.strip().strip("\"'").strip()
    scheme, separator, rest = written.partition("://")
    if not separator:
        scheme, rest, default_port = "http", written, DEFAULT_PORT
    elif scheme in _SCHEME_PORTS:
        default_port = _SCHEME_PORTS[scheme]
    else:
        raise TargetError(f"OLLAMA_HOST={written}: the scheme must be http or https")
    authority, _, path = rest.partition("/")
    if "@" in authority or any(passwords_in([written])):
        raise _credentials_error()
    host, port = _split_port(authority)
    usable = port is not None and port.isascii() and port.isdigit() and int(port) <= 65535
    return ServerTarget(
        scheme=scheme,
        host=_WILDCARDS.get(host) or _checked_host(host, f"OLLAMA_HOST={written}"),
        port=int(port) if usable and port is not None else default_port,
        path=_checked_path(path, f"OLLAMA_HOST={written}"),
        via="OLLAMA_HOST",
    )


def parse_exclusion(text: str) -> Network:
    """Return the network, or the single address, that nothing is to be sent to; raises `TargetError` for neither."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise TargetError(f"{text!r} is no network such as 192.168.1.0/24, nor an address") from error


def is_sweepable(network: IPv4Network) -> bool:
    """Return whether every address of the network is private, so that a sweep stays within the user's own networks."""
    return any(network.subnet_of(private) for private in SWEEPABLE)


def parse_url(written: str, *, default_port: int = DEFAULT_PORT) -> ServerTarget:
    """Return the server at a base URL; raises `TargetError` for what is none."""
    if any(passwords_in([written])):
        raise _credentials_error()
    try:
        parts = urlsplit(written)
    except ValueError as error:
        raise TargetError(f"{written!r} is not a URL: write it like http://192.168.1.20:11434") from error
    if "@" in parts.netloc:
        raise _credentials_error()
    if parts.scheme not in _SCHEME_PORTS:
        raise TargetError(f"{written!r} has the scheme {parts.scheme!r}: only http and https lead to an Ollama server")
    if parts.query or parts.fragment:
        # What goes on is not repeated: a query may hold a token.
        server = f"{parts.scheme}://{parts.netloc}"
        raise TargetError(f"a target takes no ? or # behind the server: give only {server}")
    host, port = _split_port(_ENCODED_ZONE.sub("%", parts.netloc))
    default = 443 if parts.scheme == "https" else default_port
    return ServerTarget(
        scheme=parts.scheme,
        host=_checked_host(host, written),
        port=default if port is None else _port(port, written),
        path=_checked_path(parts.path, repr(written)),
    )


def _checked_path(path: str, written: str) -> str:
    """Return what the API stands below: nothing, or a path that begins with a slash and ends without one."""
    prefix = f"/{stripped}" if (stripped := path.strip("/")) else ""
    if _ENDPOINT.search(prefix):
        raise TargetError(f"{written} goes on after the server: leave out what comes from /api or /v1 on")
    if not _PATH.fullmatch(prefix):
        raise TargetError(f"{written} has a path that no URL has; write what is not a letter or digit as %XX")
    return prefix


def _names_a_server(written: str) -> bool:
    """Return whether a slash ends a server's name, or begins a path behind its port, and no length of a prefix."""
    authority, _, path = written.partition("/")
    has_port = authority.startswith("[") or authority.count(":") == 1
    return not path or (has_port and not path.isdigit())


def _parse_network(written: str, port: int, max_addresses: int) -> NetworkTarget:
    try:
        network = ip_network(written, strict=False)
    except ValueError as error:
        raise TargetError(
            f"{written!r} is no network such as 192.168.1.0/24, and the name of a server has no path"
        ) from error
    if not isinstance(network, IPv4Network):
        raise TargetError(f"{written}: an IPv6 network is too large to sweep; name its servers one by one")
    if not is_sweepable(network):
        raise TargetError(
            f"{network} is not a private network: only private ones are swept; name its servers one by one"
        )
    if network.num_addresses > max_addresses:
        raise TargetError(
            f"{network} has {network.num_addresses:,} addresses, more than the {max_addresses:,} that one run tries: "
            f"name a smaller network, or raise --max-addresses"
        )
    return NetworkTarget(network=network, port=port, via="target")


def _split_port(authority: str) -> tuple[str, str | None]:
    """Host and port as written; an IPv6 address without brackets is all host."""
    if authority.startswith("["):
        host, bracket, port = authority[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return authority, None
        return host, port.removeprefix(":") if port else None
    if authority.count(":") > 1:
        return authority, None
    host, separator, port = authority.partition(":")
    return host, port if separator else None


def _port(text: str, written: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    raise TargetError(f"{written!r}: {text!r} is not a port; a port is a number from 1 to 65535")


def _checked_host(host: str, written: str) -> str:
    """Return the host as it is asked: an address in its shortest spelling, a name in lower case."""
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except AddressValueError as error:
            raise TargetError(f"{written!r}: {host!r} is not an IPv6 address; write it like [fe80::1]:11434") from error
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise TargetError(f"{written!r} names no server: write a host name, an IP address, HOST:PORT or a URL")
    if labels[-1].isdigit():
        try:
            return str(ip_address(host))
        except ValueError as error:
            raise TargetError(
                f"{written!r}: {host!r} is not an IPv4 address; it has four numbers from 0 to 255"
            ) from error
    return host.lower()


def _credentials_error() -> TargetError:
    # The text is not repeated: it holds a secret.
    return TargetError("a target with a user name or password is not accepted: give only the host and the port")
