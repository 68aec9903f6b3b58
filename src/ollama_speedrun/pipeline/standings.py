"""Where the races of a run stand, kept up as answers come in: what a fold over all records gives, without doing it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from ..assessment.certainty import rules_of
from ..assessment.tiers import placed
from ..benchmark.plan import BenchmarkSettings
from ..quality import sharing, verdicts
from ..quality.events import RaceMoved
from ..quality.likely import likely
from ..quality.race import resumed
from ..quality.race_types import Race, Rules
from ..quality.records import QualityRecord
from ..quality.standing import answers_of, arm_name, arms_of, by_mix, can_race, key_of, standing
from .record import Run

RaceName: TypeAlias = tuple[str | None, str]
"""The memory tier and the mix of items."""


class Contest(msgspec.Struct, frozen=True):
    """A race that has begun, and the record of each arm by the arm's name."""

    name: RaceName
    race: Race
    records: Mapping[str, QualityRecord]


class Standings:
    """Gives the races of a run as its records stand. What was folded already is kept."""

    def __init__(self, record: Run, settings: BenchmarkSettings) -> None:
        self._record = record
        self._settings = settings
        self._known: dict[RaceName, Contest] = {}

    def now(self) -> Sequence[Contest]:
        """Return the race of each tier, and of each mix of items where a tier was asked several."""
        found = []
        for tier, records in by_tier(self._record).items():
            for (mix, _, _), group in by_mix(records).items():
                contest = self._carried_on((tier, mix), {arm_name(key_of(one)): one for one in group if can_race(one)})
                if contest is not None:
                    self._known[tier, mix] = contest
                    found.append(contest)
        return found

    def _carried_on(self, name: RaceName, records: Mapping[str, QualityRecord]) -> Contest | None:
        """Fold what is new into the race that is known, or all of it where more than answers came."""
        known = self._known.get(name)
        places = max((one.places or 0 for one in records.values()), default=0)
        rules = rules_of(self._settings, places) if places else None
        if known is not None and rules is not None and _only_answered(known, records, rules):
            news = [
                graded
                for arm, record in records.items()
                for graded in answers_of(record, skip=len(known.records[arm].items))
            ]
            return Contest(name, resumed(known.race, news), records) if news else known
        race = None if rules is None else standing(tuple(records.values()), rules)
        return None if race is None else Contest(name, race, records)


def standing_of(contest: Contest, *, is_open: bool = False) -> RaceMoved | None:
    """Return where a race stands; None where no model is left in it.

    `is_open` says that more models may still enter it, so that nothing is certified yet.
    """
    race = contest.race
    now = likely(race)
    if now is None:
        return None
    is_over = race.is_over and not is_open
    is_certified = is_over and race.rules.certifies and verdicts.is_certified(race, now.pick)
    return RaceMoved(
        tier=contest.name[0],
        pick=key_of(contest.records[race.lanes[now.pick].arm.name]),
        probability=None if is_certified else now.probability,
        models=len(race.survivors),
        until=race.until,
        is_over=is_over,
    )


def _only_answered(known: Contest, now: Mapping[str, QualityRecord], rules: Rules) -> bool:
    before = known.records
    is_more = before.keys() == now.keys() and all(
        before[arm].not_asked == now[arm].not_asked and now[arm].items[: len(before[arm].items)] == before[arm].items
        for arm in now
    )
    if not is_more or all(lane.asked >= rules.first_batch for lane in known.race.lanes):
        return is_more  # the first batch says what a load costs
    return [lane.arm for lane in known.race.lanes] == list(arms_of(tuple(now.values()), rules))


def by_tier(record: Run) -> Mapping[str | None, Sequence[QualityRecord]]:
    """Return the records of each tier; those that share the answers of an equal model are marked."""
    sizes = {(model.host, model.name): model.size_bytes for model in record.models}
    memory = {result.key: result.memory_bytes for result in record.results}
    tiers: dict[str | None, list[QualityRecord]] = defaultdict(list)
    for one in sharing.shared(tuple(record.quality_records.values())):
        tier, _ = placed(memory_bytes=memory.get(key_of(one)), size_bytes=sizes.get((one.host, one.model)))
        tiers[tier].append(one)
    return tiers
