"""Tells every few seconds how long a run still takes."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from ..benchmark.plan import BenchmarkSettings
from ..inventory.types import Model
from ..quality.forecast import further
from ..quality.standing import key_of
from .events import Event, ForecastRevised
from .pace import ModelKey
from .record import Run
from .standings import Standings
from .time_left import TimeLeft

PERIOD_S: Final = 2.0
USUAL_RACE_ITEMS: Final = 110
EVIDENCE_WEIGHT: Final = 0.7
"""The projection of a race is noisy: in 100 simulated tiers this weight brings it nearest to what was asked then."""
RACE_PERIOD_S: Final = 10.0
"""Working out the races of a fleet takes some milliseconds, which delay stamps."""


class Outlook:
    """Follows the events of a run by its loop's clock; what is left is told while `told` holds."""

    def __init__(self, record: Run, settings: BenchmarkSettings, *, at_once: int) -> None:
        self._standings = Standings(record, settings)
        self._settings = settings
        self._time_left = TimeLeft(settings, at_once=at_once)
        self._is_begun = False

    def queue(self, machine: str, models: Sequence[Model]) -> None:
        """Note models that a machine has to measure."""
        self._is_begun = True
        self._time_left.queue(machine, models)

    def take_in(self, event: Event) -> None:
        """Take in an event of this moment."""
        self._time_left.take_in(event, asyncio.get_running_loop().time())

    @asynccontextmanager
    async def told(self, tell: Callable[[ForecastRevised], None]) -> AsyncIterator[None]:
        """Tell what is left until the block ends."""
        telling = asyncio.create_task(self._keep_telling(tell))
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _keep_telling(self, tell: Callable[[ForecastRevised], None]) -> None:
        loop = asyncio.get_running_loop()
        raced_s = loop.time()
        while True:
            await asyncio.sleep(PERIOD_S)
            if not self._is_begun:
                continue
            if self._settings.races and loop.time() - raced_s >= RACE_PERIOD_S:
                raced_s = loop.time()
                self._time_left.expect(self._further_items())
            tell(ForecastRevised(self._time_left.left(loop.time())))

    def _further_items(self) -> Mapping[ModelKey, int]:
        """Return how many further items each model that races is probably asked, 0 for those that are out."""
        found: dict[ModelKey, int] = {}
        for contest in self._standings.now():
            race, records = contest.race, contest.records
            expected = further(race)
            for number, lane in enumerate(race.lanes):
                host, model, _ = key_of(records[lane.arm.name])
                more = 0 if host in self._time_left.lost else tempered(expected.get(number, 0))
                found[host, model] = found.get((host, model), 0) + more
        return found


def tempered(items: int) -> int:
    """Return the further items that a projection leads to expect, drawn towards those of a usual race; 0 stays 0."""
    if items == 0:
        return 0
    log = EVIDENCE_WEIGHT * math.log(items) + (1 - EVIDENCE_WEIGHT) * math.log(USUAL_RACE_ITEMS)
    return round(math.exp(log))
