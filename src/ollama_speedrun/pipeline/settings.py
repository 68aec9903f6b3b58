"""The settings of a run. Pure."""

import msgspec

from ..assessment.uses import USES, Use
from ..benchmark.plan import BenchmarkSettings
from ..discovery.watts import HostWatts
from ..quality.items import Item
from .record import Selection


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to run: what to select, how to benchmark, how many machines at once, and which items of the user's to ask.

    `watts` is the power of hosts as the user states it, and `price_per_kwh` what a kWh costs, in any currency.
    """

    selection: Selection = Selection()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    concurrency: int = 8
    own_items: tuple[Item, ...] = ()
    only_own_items: bool = False
    items_files: tuple[str, ...] = ()
    uses: tuple[Use, ...] = USES
    use: str | None = None
    time_limit_s: float | None = None
    watts: tuple[HostWatts, ...] = ()
    price_per_kwh: float | None = None
