"""The rounds of the races, after every model had its first visit: ask on until the best of each tier is certain."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from ..assessment.certainty import rules_of
from ..assessment.score import USUAL_SPREAD
from ..assessment.tiers import placed
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.turns import Thinks
from ..benchmark.types import Result
from ..events import Notice
from ..inventory.types import Model
from ..quality import sharing
from ..quality.entrants import Candidate, Span, field
from ..quality.events import NotAsked
from ..quality.race_types import Race
from ..quality.records import QualityRecord, score
from ..quality.rounds import is_asked, pace_setters
from ..quality.standing import RecordKey, arm_name, by_mix, can_race, key_of, standing
from ..visit.study import Study
from .examiner import Examiner, loads_s
from .record import Run
from .workers import Workers

Work: TypeAlias = Sequence[tuple[Model, Thinks, Sequence[Study]]]
"""Models of one host with the studies to carry out on each."""
VisitAgain: TypeAlias = Callable[[str, Work], Awaitable[None]]
"""Visits the host of that URL once more."""


def races_of(
    record: Run, settings: BenchmarkSettings, *, left: Mapping[str, str] | None = None
) -> Sequence[tuple[Race, Mapping[str, QualityRecord]]]:
    """Return the race of each tier as the records stand, with the record of each arm by the arm's name."""
    loads = {arm_name(key): seconds for key, seconds in loads_s(record).items()}
    found = []
    for records in _by_tier(record).values():
        for group in by_mix(records).values():
            places = max((one.places or 0 for one in group), default=0)
            if places and (race := standing(group, rules_of(settings, places), left=left, loads_s=loads)) is not None:
                found.append((race, {arm_name(key_of(one)): one for one in group if can_race(one)}))
    return found


class Rounds:
    """Asks in rounds. On each host the models of a round are loaded one after another; hosts work side by side.

    A model that gives no answer in a round leaves its race. `may_begin` tells if there is time to load a model.
    """

    def __init__(  # noqa: PLR0913  # independent inputs, named at the call
        self,
        record: Run,
        examiner: Examiner,
        settings: BenchmarkSettings,
        *,
        visit_again: VisitAgain,
        machine_of: Callable[[str], str],
        tell: Callable[[Notice | NotAsked], None],
        at_once: int,
        may_begin: Callable[[Model], bool] = lambda _: True,
    ) -> None:
        self._may_begin = may_begin
        self._record = record
        self._examiner = examiner
        self._settings = settings
        self._visit_again = visit_again
        self._machine_of = machine_of
        self._tell = tell
        self._at_once = at_once
        self._left: dict[str, str] = {}

    @property
    def left(self) -> Mapping[str, str]:
        """Why models left their races, by the arm's name, kept up to date."""
        return self._left

    async def run(self) -> None:
        """Ask until every race is over."""
        number = 1
        while due := self._due():
            if self._leave_the_dominated():
                continue
            number += 1
            arms = sum(map(len, due.values()))
            most = max(stop - first for batches in due.values() for _, first, stop in batches)
            self._tell(
                Notice(f"round {number}: up to {most} more items of {_count(arms)}, until the best are told apart")
            )
            async with asyncio.TaskGroup() as group:
                workers = Workers(group, at_once=self._at_once)
                for url, batches in due.items():
                    workers.submit(self._machine_of(url), partial(self._visit, url, batches))

    def _leave_the_dominated(self) -> bool:
        """Take models out of their races that no use can prefer to another one; returns whether there were any."""
        found = [
            (record, str(left.reason))
            for _, records in races_of(self._record, self._settings, left=self._left)
            for left in field(candidates_of(self._record, records)).not_asked
            if (record := records[left.candidate.name]) and left.candidate.name not in self._left
        ]
        for record, reason in found:
            self._left[arm_name(key_of(record))] = reason
            self._tell(NotAsked(*key_of(record), reason))
        return bool(found)

    async def _visit(self, url: str, batches: Sequence[tuple[RecordKey, int, int]]) -> None:
        work = []
        for key, first, stop in batches:
            model, thinks = self._examiner.asked[key]
            wanted = partial(self._is_wanted, arm_name(key))
            work.append((model, thinks, [self._examiner.again(key, first=first, stop=stop, is_wanted=wanted)]))
        await self._visit_again(url, work)
        for key, first, _ in batches:
            answered = {entry.place for entry in self._record.quality_records[key].items if entry.is_counted}
            if first not in answered and self._is_wanted(arm_name(key)):
                self._left[arm_name(key)] = "it gave no answer when it was asked again"

    def _due(self) -> Mapping[str, Sequence[tuple[RecordKey, int, int]]]:
        """Return what each host is to be asked in this round: model, first place and the place to stop before."""
        due: dict[str, list[tuple[RecordKey, int, int]]] = defaultdict(list)
        for race, records in races_of(self._record, self._settings, left=self._left):
            pacers = pace_setters(race)
            for number in sorted(race.entered, key=lambda number: number not in pacers):
                lane = race.lanes[number]
                if not is_asked(race, number):
                    continue
                key = key_of(records[lane.arm.name])
                if key in self._examiner.asked and self._may_begin(self._examiner.asked[key][0]):
                    due[key[0]].append((key, lane.asked, race.until))
        return due

    def _is_wanted(self, arm: str) -> bool:
        """Tell if another answer of this arm can still change anything."""
        for race, records in races_of(self._record, self._settings, left=self._left):
            if arm in records:
                return any(race.lanes[number].arm.name == arm and is_asked(race, number) for number in race.entered)
        return False


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


def _by_tier(record: Run) -> Mapping[str | None, Sequence[QualityRecord]]:
    """Return the records of each tier; those that share the answers of an equal model are marked."""
    sizes = {(model.host, model.name): model.size_bytes for model in record.models}
    memory = {result.key: result.memory_bytes for result in record.results}
    tiers: dict[str | None, list[QualityRecord]] = defaultdict(list)
    for one in sharing.shared(tuple(record.quality_records.values())):
        tier, _ = placed(memory_bytes=memory.get(key_of(one)), size_bytes=sizes.get((one.host, one.model)))
        tiers[tier].append(one)
    return tiers


def _count(models: int) -> str:
    return "one model" if models == 1 else f"{models} models"
