"""Which power the energy of a host's models is worked out from: what its user states, or this machine's sensors."""

from collections.abc import Callable, Sequence
from typing import Final

from ..benchmark.energy import Meter, Power
from ..benchmark.sensors import Sensors, find_sensors
from ..discovery.types import Host, ServerTarget
from ..discovery.watts import HostWatts
from ..events import Notice
from .events import Event
from .record import Selection

NO_SENSORS: Final = "this machine has no energy sensor that can be read"


class PowerSources:
    """The power of each host of a run; the last statement that names a host holds, and hosts files come first.

    `find` looks for this machine's sensors, once, and only where they are asked for.
    """

    def __init__(
        self,
        stated: Sequence[HostWatts],
        *,
        servers: Sequence[ServerTarget] = (),
        price_per_kwh: float | None = None,
        tell: Callable[[Event], None],
        find: Callable[[], Sensors] = find_sensors,
    ) -> None:
        of_files = [
            HostWatts(server.name or server.url, server.watts) for server in servers if server.watts is not None
        ]
        self._stated = (*of_files, *stated)
        self._unused = {one.host for one in stated}
        self._price_per_kwh = price_per_kwh
        self._tell = tell
        self._find = find
        self._sensors: Sensors | None = None

    def of(self, host: Host, *, is_this_machine: bool) -> Power | None:
        """Return how the power of a host is known; None where nobody stated it, or it has no sensor to be read.

        The sensors of this machine are never taken for another one: a notice says so.
        """
        named = [one for one in self._stated if takes(one, host)]
        self._unused -= {one.host for one in named}
        if not named:
            return None
        if (watts := named[-1].watts) is not None:
            return Power(watts=watts, price_per_kwh=self._price_per_kwh)
        if not is_this_machine:
            self._tell(
                Notice(
                    f"the sensors of this machine say nothing of {host.url}; state its power: --watts HOST=IDLE:BUSY"
                )
            )
            return None
        meter = self._meter()
        return None if meter is None else Power(meter=meter, price_per_kwh=self._price_per_kwh)

    def tell_unused(self) -> None:
        """Tell which hosts were named and not found."""
        for name in sorted(self._unused):
            self._tell(Notice(f"--watts names {name}, and no measured host is called so"))

    def _meter(self) -> Meter | None:
        if self._sensors is None:
            self._sensors = self._find()
            for remark in self._sensors.remarks:
                self._tell(Notice(f"energy sensors: {remark}"))
            if self._sensors.meter is None:
                self._tell(Notice(f"{NO_SENSORS}; state its power: --watts HOST=IDLE:BUSY"))
        return self._sensors.meter


def takes(stated: HostWatts, host: Host) -> bool:
    """Return whether a statement is about a host: by its name, address or URL, or a pattern of them."""
    return Selection(hosts=(stated.host,)).takes_host(host)
