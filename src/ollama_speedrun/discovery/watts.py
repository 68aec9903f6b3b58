"""How much power a host draws, as its user states it. Pure."""

import math
from typing import Final

import msgspec

from .types import Watts

SENSORS: Final = "sensors"
LARGEST_WATTS: Final = 1e6


class HostWatts(msgspec.Struct, frozen=True):
    """The power of the host that is called so; `watts` None asks this machine's own sensors."""

    host: str
    watts: Watts | None


def parse_host_watts(text: str) -> HostWatts:
    """Return what HOST=WATTS, HOST=IDLE:BUSY or HOST=sensors says; raises `ValueError` for anything else."""
    host, equals, said = text.rpartition("=")
    if not equals or not host.strip():
        raise ValueError("no host")
    return HostWatts(host.strip(), None if said.strip().lower() == SENSORS else parse_watts(said))


def parse_watts(text: str) -> Watts:
    """Return the power of a text such as 350 or 60:350 (idle, then busy); raises `ValueError` for any other."""
    idle, colon, busy = text.rpartition(":")
    return watts_of(float(idle) if colon else None, float(busy))


def watts_of(idle_watts: float | None, busy_watts: float) -> Watts:
    """Return the power of a host; raises `ValueError` where it is none, or idle above busy."""
    for given in (busy_watts, *(() if idle_watts is None else (idle_watts,))):
        if not (math.isfinite(given) and 0 <= given <= LARGEST_WATTS):
            raise ValueError(f"{given:g} is no number of watts")
    if busy_watts == 0 or (idle_watts is not None and idle_watts > busy_watts):
        raise ValueError("the busy watts are 0, or less than the idle watts")
    return Watts(busy_watts=busy_watts, idle_watts=idle_watts)
