"""Why a server could not be reached, as a sentence to stand after its URL that says what to try."""

import errno
import socket
import sys
from ipaddress import ip_address
from typing import Final

from ..errors import shortage_of
from .types import ServerTarget

_NO_SUCH_NAME: Final = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_UNREACHABLE: Final = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def explain(error: OSError, server: ServerTarget, *, waited_s: float) -> str:
    """Return the sentence for what connecting to a server, or looking up its name, has raised."""
    shortage = shortage_of(error)
    if shortage is not None:
        return f"it could not be asked: {shortage}"
    address, _, interface = server.host.partition("%")
    match error:
        case socket.gaierror(errno=code) if code in _NO_SUCH_NAME and interface:
            reason = f"this machine has no interface {interface!r}: check what is behind the %."
        case socket.gaierror(errno=code) if code in _NO_SUCH_NAME:
            reason = f"no machine is called {server.host!r}: check the spelling, or give its IP address."
        case socket.gaierror():
            reason = f"the name {server.host!r} could not be looked up ({error.strerror}): give the IP address instead."
        case ConnectionRefusedError() if _is_this_machine(server.host):
            reason = f"nothing listens on port {server.port}: start Ollama there with `ollama serve`."
        case ConnectionRefusedError():
            reason = (
                f"the machine is up, but nothing accepts on port {server.port}: is Ollama running, "
                "and is OLLAMA_HOST=0.0.0.0 set there so that other machines may connect?"
            )
        case TimeoutError():
            reason = (
                f"no answer within {waited_s:g} s: is the machine on and in this network, "
                f"and does its firewall let port {server.port} through?"
            )
        case OSError(errno=errno.EHOSTUNREACH) if sys.platform == "darwin":
            reason = (
                "the machine cannot be reached: is it on, and does macOS allow this terminal to use the local network "
                "(System Settings, Privacy & Security, Local Network)?"
            )
        case OSError(errno=errno.EINVAL) if not interface and _is_link_local(address):
            reason = f"such an address is one of a link: name the interface behind it, as in {address}%eth0."
        case OSError(errno=code) if code in _UNREACHABLE:
            reason = f"the machine cannot be reached ({error.strerror}): is it on and in this network?"
        case _:
            reason = f"connecting failed ({error.strerror or error}): is the address right?"
    return reason


def _is_link_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.version == 6 and address.is_link_local


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified
