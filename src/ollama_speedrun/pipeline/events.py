"""Every event of a run. The live display and the plain log are made from these alone."""

from typing import TypeAlias

import msgspec

from ..assessment.events import Assessed
from ..benchmark.events import BenchmarkEvent
from ..discovery.events import DiscoveryEvent
from ..inventory.events import InventoryEvent
from ..quality.events import QualityEvent
from .forecast import Forecast
from .time_left import Remaining


class Forecasted(msgspec.Struct, frozen=True):
    """All models are listed: what is to be done, and how long it may take."""

    forecast: Forecast


class ForecastRevised(msgspec.Struct, frozen=True):
    """What is left to do and how long that takes, by what was measured so far."""

    remaining: Remaining


class TimeLimitReached(msgspec.Struct, frozen=True):
    """The run ends because its time is up: so many models were measured, of those that were chosen."""

    measured: int
    models: int


Event: TypeAlias = (
    DiscoveryEvent
    | InventoryEvent
    | BenchmarkEvent
    | QualityEvent
    | Assessed
    | Forecasted
    | ForecastRevised
    | TimeLimitReached
)
