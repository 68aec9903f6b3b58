"""Tells every few seconds how long a run still takes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from ..benchmark.events import BenchmarkEnded
from ..benchmark.plan import BenchmarkSettings
from ..inventory.types import Model
from ..quality import rounds
from ..quality.events import RaceMoved
from ..quality.forecast import further
from ..quality.standing import key_of
from .events import Event, ForecastRevised
from .race_time import RaceRest
from .standings import RaceName, Standings, standing_of
from .time_left import TimeLeft

PERIOD_S: Final = 2.0
RACE_PERIOD_S: Final = 10.0
"""Working out the races of a fleet takes some milliseconds, which delay stamps."""


class Outlook:
    """Follows the events of a run by its loop's clock; what is left is told while `told` holds."""

    def __init__(self, standings: Standings, settings: BenchmarkSettings, *, at_once: int) -> None:
        self._standings = standings
        self._settings = settings
        self._time_left = TimeLeft(settings, at_once=at_once)
        self._is_begun = False
        self._is_news = False
        self._picks: dict[RaceName, RaceMoved] = {}

    def queue(self, machine: str, models: Sequence[Model]) -> None:
        """Note models that a machine has to measure."""
        self._is_begun = True
        self._time_left.queue(machine, models)

    def take_in(self, event: Event) -> None:
        """Take in an event of this moment."""
        self._is_news = self._is_news or isinstance(event, BenchmarkEnded)
        self._time_left.take_in(event, asyncio.get_running_loop().time())

    @asynccontextmanager
    async def told(self, tell: Callable[[ForecastRevised | RaceMoved], None]) -> AsyncIterator[None]:
        """Tell what is left until the block ends."""
        telling = asyncio.create_task(self._keep_telling(tell))
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _keep_telling(self, tell: Callable[[ForecastRevised | RaceMoved], None]) -> None:
        loop = asyncio.get_running_loop()
        raced_s = loop.time()
        while True:
            await asyncio.sleep(PERIOD_S)
            if not self._is_begun:
                continue
            if self._settings.races and loop.time() - raced_s >= RACE_PERIOD_S:
                raced_s = loop.time()
                self._time_left.expect(self._rests())
            tell(ForecastRevised(self._time_left.left(loop.time())))
            if self._is_news and not self._time_left.is_racing:
                self._is_news = False
                self._tell_picks(tell)

    def _tell_picks(self, tell: Callable[[RaceMoved], None]) -> None:
        """Tell the likely pick of each tier that has changed, or become surer, with a first visit that ended."""
        for contest in self._standings.now():
            found = standing_of(contest, is_open=True)
            if found is None or not self._time_left.is_measured(found.pick[:2]):
                continue
            if found != self._picks.get(contest.name):
                self._picks[contest.name] = found
                tell(found)

    def _rests(self) -> Sequence[RaceRest]:
        """Return what each race that has begun probably still asks, of the hosts that answer."""
        rests = []
        for contest in self._standings.now():
            race, records = contest.race, contest.records
            spans = {}
            for number, items in further(race).items():
                lane = race.lanes[number]
                host, model, _ = key_of(records[lane.arm.name])
                if items and host not in self._time_left.lost:
                    spans[host, model] = (lane.asked, lane.asked + items)
            if spans:
                load_items = rounds.load_items([race.lanes[number] for number in race.survivors])
                rests.append(RaceRest(race.until, race.round_size, spans, load_items))
        return rests
