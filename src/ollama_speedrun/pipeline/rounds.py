"""The races after every model had its first visit: ask on until the best of each tier is certain.

No round of all hosts together: each host asks what its models have to answer now, in whichever race, and waits for
others only where nothing is left to ask before they have answered.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Final, TypeAlias

import msgspec

from ..assessment.score import USUAL_SPREAD
from ..benchmark.turns import Thinks
from ..benchmark.types import Result, ResultKey
from ..events import Notice
from ..inventory.types import Model
from ..quality.entrants import Candidate, Span, field
from ..quality.events import NotAsked, QualityBegan, RaceMoved
from ..quality.items import UNANSWERED
from ..quality.race_types import Race
from ..quality.records import ItemRecord, QualityRecord, score
from ..quality.rounds import is_asked, pace_setters
from ..quality.standing import arm_name, key_of
from ..visit.study import Study
from .examiner import Examiner
from .record import Run
from .second_look import SecondLook
from .standings import Contest, RaceName, Standings, standing_of
from .workers import Workers

Task: TypeAlias = tuple[Model, Thinks, Sequence[Study]]
"""A model with the studies to carry out on it."""
Work: TypeAlias = AsyncIterator[Task]
"""What is to be done on one host, each task made when the one before it is done."""
VisitAgain: TypeAlias = Callable[[str, Work], Awaitable[None]]
"""Visits the host of that URL once more."""
PATIENCE_S: Final = 20.0
"""A host that has to wait for others for longer than this is left as it was found, and visited again."""


class Batch(msgspec.Struct, frozen=True):
    """Items of one model, from the place `first` up to, not including, `stop`, in the order of preference `rank`."""

    rank: tuple[int, int]
    arm: str
    key: ResultKey
    first: int
    stop: int


class Rounds:
    """Asks on. Hosts work side by side, each without a pause as long as one of its models has something to answer.

    A model that gives no answer leaves its race. `may_begin` tells if there is time to load a model.
    """

    def __init__(  # noqa: PLR0913  # independent inputs, named at the call
        self,
        record: Run,
        examiner: Examiner,
        standings: Standings,
        *,
        visit_again: VisitAgain,
        machine_of: Callable[[str], str],
        tell: Callable[[NotAsked | RaceMoved | QualityBegan | Notice], None],
        at_once: int,
        may_begin: Callable[[Model], bool] = lambda _: True,
    ) -> None:
        self._may_begin = may_begin
        self._record = record
        self._examiner = examiner
        self._standings = standings
        self._visit_again = visit_again
        self._machine_of = machine_of
        self._tell = tell
        self._second_look = SecondLook(record, examiner, tell=tell)
        self._at_once = at_once
        self._visited: set[str] = set()
        self._news = asyncio.Event()
        self._told: dict[RaceName, int] = {}
        self._moved: dict[RaceName, RaceMoved] = {}

    async def run(self) -> None:
        """Ask until every race is over."""
        self._second_look.look()
        async with asyncio.TaskGroup() as group:
            workers = Workers(group, at_once=self._at_once)
            while True:
                self._news.clear()
                self._look()
                for url in self._hosts():
                    if url not in self._visited and self._next(url) is not None:
                        self._visited.add(url)
                        workers.submit(self._machine_of(url), partial(self._visit, url, workers))
                if not self._visited:
                    return
                await self._news.wait()

    def _hosts(self) -> Sequence[str]:
        return sorted({key[0] for key in self._examiner.asked})

    def _look(self) -> None:
        """Take models out of their races that no use can prefer to another, and tell of each round that has begun."""
        self._second_look.change()
        for contest in self._contests():
            if contest.race.is_over or self._told.get(contest.name) == contest.race.until:
                continue
            found = [
                (key_of(contest.records[left.candidate.name]), str(left.reason))
                for left in field(candidates_of(self._record, contest.records)).not_asked
                if contest.records[left.candidate.name].not_asked is None
            ]
            for key, reason in found:
                self._tell(NotAsked(*key, reason))
        for contest in self._contests():
            self._told[contest.name] = contest.race.until
            moved = standing_of(contest)
            if moved is not None and _what_counts(moved) != _what_counts(self._moved.get(contest.name)):
                self._moved[contest.name] = moved
                self._tell(moved)

    async def _visit(self, url: str, workers: Workers) -> None:
        """Visit a host until there is nothing to do on it, or others are waited for."""
        before = self._next(url)
        async with aclosing(self._work(url, workers)) as work:
            await self._visit_again(url, work)
        if before is not None and self._next(url) == before:
            self._leave(before)
        self._visited.remove(url)
        self._news.set()

    async def _work(self, url: str, workers: Workers) -> AsyncGenerator[Task, None]:
        """Yield what is to be done on a host."""
        loaded: str | None = None
        while True:
            self._look()
            batch = self._next(url, loaded)
            if batch is None:
                if not await self._is_worth_waiting(url, workers):
                    return
                continue
            loaded = batch.arm
            model, thinks = self._examiner.asked[batch.key]
            study, answers = self._study(batch)
            before = len(answers())
            yield model, thinks, [study]
            if all(entry.grade.failure == UNANSWERED for entry in answers()[before:]) and self._is_wanted(batch):
                self._leave(batch)
            self._news.set()

    def _study(self, batch: Batch) -> tuple[Study, Callable[[], Sequence[ItemRecord]]]:
        """Return what asks the items of a batch, and what gives all that its model has answered by then."""
        key, wanted = batch.key, partial(self._is_wanted, batch)
        if self._second_look.is_beginning(key):
            return self._second_look.study(key, is_wanted=wanted), partial(self._second_look.answers, key)
        study = self._examiner.again(key, first=batch.first, stop=batch.stop, is_wanted=wanted)
        return study, lambda: self._record.quality_records[key].items

    async def _is_worth_waiting(self, url: str, workers: Workers) -> bool:
        """Wait for answers of other hosts; False where this host has no more to do, or keeps others from working."""
        races = [contest.race for contest in self._standings.now()]
        if not any(_is_in(race, url) for race in races) or workers.has_waiting or len(self._visited) < 2:
            return False
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._news.wait()
                return True
        return False

    def _contests(self) -> Sequence[Contest]:
        """Return the races that may go on."""
        return [contest for contest in self._standings.now() if self._second_look.is_open(contest.name[0])]

    def _leave(self, batch: Batch) -> None:
        self._tell(NotAsked(*batch.key, "it gave no answer when it was asked again"))

    def _next(self, url: str, loaded: str | None = None) -> Batch | None:
        """Return what to ask on a host next: what others wait for, what costs no load, what is behind."""
        begun = [
            Batch((0 if arm_name(key) == loaded else 1, first), arm_name(key), key, first, stop)
            for key, first, stop in self._second_look.waiting(url)
            if arm_name(key) == loaded or self._may_begin(self._examiner.asked[key][0])
        ]
        found = [
            Batch(_rank(race, number, is_loaded=lane.arm.name == loaded), lane.arm.name, key, lane.asked, race.until)
            for contest in self._contests()
            for race in [contest.race]
            for number, lane in enumerate(race.lanes)
            if lane.arm.host == url and is_asked(race, number)
            for key in [key_of(contest.records[lane.arm.name])]
            if key in self._examiner.asked
            and (lane.arm.name == loaded or self._may_begin(self._examiner.asked[key][0]))
        ]
        return min([*begun, *found], key=lambda batch: batch.rank, default=None)

    def _is_wanted(self, batch: Batch) -> bool:
        """Tell if another answer of a batch can still change anything; looks at what all hosts have answered."""
        self._news.set()
        if self._second_look.is_beginning(batch.key):
            return True
        for contest in self._standings.now():
            for number, lane in enumerate(contest.race.lanes):
                if lane.arm.name == batch.arm:
                    return is_asked(contest.race, number)
        return False


def _rank(race: Race, number: int, *, is_loaded: bool) -> tuple[int, int]:
    """Return how soon to ask an arm, smallest first: who is loaded, pace setters, those behind them, those ahead."""
    lane = race.lanes[number]
    is_ahead = lane.asked >= race.frontier and number not in pace_setters(race)
    return (0 if is_loaded and not is_ahead else 2 if is_ahead else 1), lane.asked


def _is_in(race: Race, url: str) -> bool:
    """Tell if a race that is not over has an arm on a host that may be asked again."""
    return not race.is_over and any(lane.arm.host == url and lane.fate is None for lane in race.lanes)


def _what_counts(moved: RaceMoved | None) -> object:
    """Return what makes a standing news: within a round the lead changes with whose answers come first."""
    return None if moved is None else (moved.until, moved.is_over)


def candidates_of(record: Run, records: Mapping[str, QualityRecord]) -> Sequence[Candidate]:
    """Return the models of a race with what is known of each figure that a use can weigh, as intervals."""
    results = {result.key: result for result in record.results}
    contexts = {(model.host, model.name): model.context_length for model in record.models}
    return [
        Candidate(name=name, host=one.host, figures=_figures(results[key_of(one)], one, contexts[one.host, one.model]))
        for name, one in records.items()
        if key_of(one) in results
    ]


def _figures(result: Result, record: QualityRecord, context_tokens: int | None) -> Mapping[str, Span]:
    """Return each figure from its worst to its best, more being better."""
    figures: dict[str, Span] = {}
    tps, interval = result.speed_tps, result.decode_interval
    if tps is not None:
        spread = USUAL_SPREAD * tps
        figures["speed"] = (
            Span(tps - spread, tps + spread) if interval is None else Span(interval.low_tps, interval.high_tps)
        )
    if result.ttft_s is not None:
        figures["latency"] = Span(-result.ttft_s, -result.ttft_s)
    if result.memory_bytes is not None:
        figures["memory"] = Span(-result.memory_bytes, -result.memory_bytes)
    if context_tokens is not None:
        figures["context"] = Span(context_tokens, context_tokens)
    quality = score(record.counted, dict.fromkeys((entry.area for entry in record.counted), 1.0))
    for area, found in quality.areas.items() if quality else ():
        figures[area] = Span(found.low, found.high)
    return figures
