"""Machines that this one knows of without asking any: its neighbour table, its tailnet, its WSL host."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from . import listings
from .types import KnownHost, Neighbour

_LONGEST_S: Final = 1.0
_LINUX_NEIGHBOURS: Final = Path("/proc/net/arp")
_LINUX_ROUTES: Final = Path("/proc/net/route")
_LINUX_RELEASE: Final = Path("/proc/sys/kernel/osrelease")
_TAILSCALE: Final = "/Applications/Tailscale.app/Contents/MacOS/Tailscale" if sys.platform == "darwin" else "tailscale"


def read_neighbours(platform: str = sys.platform) -> tuple[Neighbour, ...]:
    """Return the machines that the system has talked to lately; none where it does not tell."""
    match platform:
        case "linux":
            return listings.proc_net_arp(read_text(_LINUX_NEIGHBOURS))
        case "win32":
            return listings.windows_arp(output_of(["arp", "-a"]))
        case _:
            return listings.bsd_arp(output_of(["arp", "-an"]))


def read_known() -> tuple[KnownHost, ...]:
    """Return each machine that another program on this one knows: tailnet peers, WSL's host."""
    peers = listings.tailscale_peers(output_of([_TAILSCALE, "status", "--json"]))
    if "microsoft" not in read_text(_LINUX_RELEASE).lower():
        return peers
    gateway = listings.default_gateway(read_text(_LINUX_ROUTES))
    hosts = (*([gateway] if gateway else []), "host.docker.internal")
    return (*peers, *(KnownHost(host, "WSL") for host in hosts))


def output_of(command: Sequence[str], *, timeout_s: float = _LONGEST_S) -> str:
    """Return what a command prints; "" where there is no such command, where it fails, or takes longer."""
    try:
        done = subprocess.run(  # noqa: S603  the commands are the constants above
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")


def read_text(path: Path) -> str:
    """Return what a file of the system says; "" where there is none or it may not be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
