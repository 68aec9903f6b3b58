"""Sentences about machines without a server, and about having found none, after a scan. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from ipaddress import ip_address
from typing import Final

import msgspec

from ..wording import counted
from .types import DiscoveryPlan

_SHOWN: Final = 6
_DENIED_SHARE: Final = 0.9
_REASONS: Final = (
    "Most likely: (1) Ollama runs, but listens on its own machine only: set OLLAMA_HOST=0.0.0.0 there and restart it;",
    "(2) a firewall there does not let port {ports} through, or Ollama has another port: try --port;",
    "(3) it is in another network, such as a guest Wi-Fi or behind a VPN: name it, as in `discover 192.168.1.20`.",
)


class Outcomes(msgspec.Struct):
    """All that a scan learned besides servers.

    `answered` are the addresses that said anything, `refused` those of them that refused, by port; `unverified` are the
    URLs that accepted, but had not answered when the time was up. `unreachable_at_once` counts the addresses that the
    system itself turned down without trying.
    """

    servers: int = 0
    answered: set[str] = msgspec.field(default_factory=set)
    refused: defaultdict[int, list[str]] = msgspec.field(default_factory=lambda: defaultdict(list))
    unverified: list[str] = msgspec.field(default_factory=list)
    unreachable_at_once: int = 0


def diagnose(plan: DiscoveryPlan, outcomes: Outcomes, *, neighbours: Collection[str], platform: str) -> Iterator[str]:
    """Yield sentences for the user; `neighbours` are the addresses at which something lives on the local networks."""
    for port, hosts in sorted(outcomes.refused.items()):
        yield (
            f"Up, but nothing accepts on port {port}: {_some(hosts)}. "
            "Where Ollama runs there, is OLLAMA_HOST=0.0.0.0 set?"
        )
    swept = {str(address) for sweep in plan.sweeps if sweep.on_link for address in sweep.addresses}
    if silent := (swept & set(neighbours)) - outcomes.answered:
        yield (
            f"Up, but port {_ports(plan)} stays silent: {_some(silent)}. Where Ollama runs there, let its firewall "
            "accept that port, and set OLLAMA_HOST=0.0.0.0."
        )
    if outcomes.unverified:
        yield f"Accepted, but had not answered when the time was up: {', '.join(sorted(outcomes.unverified)[:_SHOWN])}."
    if platform == "darwin" and outcomes.unreachable_at_once > _DENIED_SHARE * max(1, plan.address_count):
        yield (
            "macOS does not let this terminal use the local network: allow it in System Settings, Privacy & Security, "
            "Local Network, and run this again."
        )
    elif not outcomes.servers and (plan.local or plan.sweeps):
        yield f"No Ollama server answered. Tried: {', '.join(scope(plan))}."
        yield " ".join(_REASONS).format(ports=_ports(plan))


def scope(plan: DiscoveryPlan) -> list[str]:
    """Return in words what a plan touches, part by part."""
    here = ["this machine"] if plan.local else []
    named = [server.url for server in plan.servers]
    via = dict.fromkeys(server.via for server in plan.candidates)
    known = [f"{sum(one.via == source for one in plan.candidates)} via {source}" for source in via]
    swept = [
        f"{sweep.network} port {sweep.port} ({counted(count, 'address')})"
        for sweep in plan.sweeps
        if (count := len(sweep.addresses))
    ]
    return [*here, *named, *known, *swept]


def _ports(plan: DiscoveryPlan) -> str:
    ports = {server.port for server in (*plan.local, *plan.candidates)} | {sweep.port for sweep in plan.sweeps}
    return " or ".join(map(str, sorted(ports)))


def _some(hosts: Iterable[str]) -> str:
    ordered = sorted(hosts, key=lambda host: (":" in host, ip_address(host)))
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more
