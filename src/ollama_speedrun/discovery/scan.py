"""Carry out a plan: every server that answers becomes an event at once."""

from collections.abc import Callable

from ollama_speedrun.discovery.types import DiscoveryPlan
from ollama_speedrun.events import Event


async def discover(plan: DiscoveryPlan, *, emit: Callable[[Event], None]) -> None:
    """Send out what the plan holds, nothing else, and return when every address has answered or had its time.

    Emits `HostFound` as soon as a server is recognised (a look-alike too, under its own kind), `HostMerged` when one is
    reached another way, `TargetFailed` for a server that the user named and that gave no usable answer, `ScanProgress`
    and `Notice`. Servers are handed on while the rest is still being tried. No answer from the network makes it raise.
    """
    raise NotImplementedError
