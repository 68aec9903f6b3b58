"""Every event of a run. The live display and the plain log are made from these alone."""

from typing import TypeAlias

from ..assessment.events import Assessed
from ..benchmark.events import BenchmarkEvent
from ..discovery.events import DiscoveryEvent
from ..inventory.events import InventoryEvent
from ..quality.events import QualityEvent

Event: TypeAlias = DiscoveryEvent | InventoryEvent | BenchmarkEvent | QualityEvent | Assessed
