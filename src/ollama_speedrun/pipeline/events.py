"""Every event of a run. The live display and the plain log are made from these alone."""

from typing import TypeAlias

import msgspec

from ..assessment.events import Assessed
from ..benchmark.events import BenchmarkEvent
from ..discovery.events import DiscoveryEvent
from ..inventory.events import InventoryEvent
from ..quality.events import QualityEvent


class TimeLimitReached(msgspec.Struct, frozen=True):
    """The run ends because its time is up: so many models were measured, of those that were chosen."""

    measured: int
    models: int


Event: TypeAlias = DiscoveryEvent | InventoryEvent | BenchmarkEvent | QualityEvent | Assessed | TimeLimitReached
