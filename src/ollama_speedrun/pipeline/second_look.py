"""The second look at the mix of a tier: where first answers are nearly all right, or wrong, another mix is begun.

The models of a tier change together, when all of them have answered the first items of the other mix: two mixes in one
tier cannot be compared, and a run that ends before stands by the first answers.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from ..benchmark.types import ResultKey
from ..events import Notice
from ..quality import sharing
from ..quality.events import QualityBegan
from ..quality.mixes import Mix
from ..quality.pilot import FEWEST_MODELS, HARDER, better_half
from ..quality.records import ItemRecord, QualityRecord, item_s
from ..quality.standing import can_race, scores_of
from ..visit.study import Study
from .examiner import Examiner
from .record import Run
from .standings import by_tier

Tell: TypeAlias = Callable[[QualityBegan | Notice], None]
FEWEST_ANSWERS: Final = 5
"""A model with fewer first answers has no say."""


class SecondLook:
    """Knows which tiers are about to change their mix, and keeps what their models answer of it until they change."""

    def __init__(self, record: Run, examiner: Examiner, *, tell: Tell) -> None:
        self._record = record
        self._examiner = examiner
        self._tell = tell
        self._new: dict[ResultKey, QualityRecord] = {}
        self._copies: dict[ResultKey, Sequence[ResultKey]] = {}
        self._tiers: dict[str, tuple[Mix, set[ResultKey]]] = {}

    def look(self) -> None:
        """Choose the mix of each tier once more, by what its models have answered so far."""
        for tier, records in by_tier(self._record).items():
            racers = [one for one in records if can_race(one) and len(one.counted) >= FEWEST_ANSWERS]
            found = None if tier is None else self._examiner.second_look(tier, racers)
            if tier is None or found is None:
                continue
            current, mix = found
            self._tell(Notice(_why(tier, racers, current, mix)))
            asked = _asked_once([one for one in records if one in racers or one.measured_on is not None])
            self._tiers[tier] = (mix, set(asked))
            self._copies |= asked
            for key in asked:
                self._new[key] = self._examiner.begun_anew(self._record.quality_records[key], mix)

    def is_open(self, tier: str | None) -> bool:
        """Tell if the race of a tier may go on: it is not about to change its mix."""
        return tier not in self._tiers

    def waiting(self, url: str) -> Iterator[tuple[ResultKey, int, int]]:
        """Yield which models of a host have first items to answer, and between which places."""
        for _, keys in self._tiers.values():
            for key in keys:
                if key[0] == url and self.is_beginning(key):
                    yield key, self._answered(key), self._examiner.first_items

    def is_beginning(self, key: ResultKey) -> bool:
        """Tell if a model has not answered all first items of the mix that its tier begins."""
        is_changing = any(key in keys for _, keys in self._tiers.values())
        return is_changing and not self._is_gone(key) and self._answered(key) < self._examiner.first_items

    def study(self, key: ResultKey, *, is_wanted: Callable[[], bool]) -> Study:
        """Return the first items of the other mix that a model has not answered; its answers count from `change` on."""
        return self._examiner.beginning(self._new[key], note=lambda entry: self._note(key, entry), is_wanted=is_wanted)

    def answers(self, key: ResultKey) -> Sequence[ItemRecord]:
        """Return what a model has answered of the mix that its tier begins."""
        return [entry for entry in self._new[key].items if entry.is_counted] if key in self._new else ()

    def change(self) -> None:
        """Let each tier change whose models have all answered, or left; a model that left keeps its first answers."""
        for tier, (mix, keys) in list(self._tiers.items()):
            if any(self.is_beginning(key) for key in keys):
                continue
            del self._tiers[tier]
            stay = [key for key in keys if not self._is_gone(key)]
            if len(stay) < FEWEST_MODELS:
                continue
            self._examiner.change_mix(tier, mix)
            for key in sorted(stay, key=str):
                for copy in self._copies[key]:
                    self._tell(QualityBegan(self._examiner.begun_anew(self._record.quality_records[copy], mix), 0))
                self._tell(QualityBegan(self._new[key], 0))

    def _note(self, key: ResultKey, entry: ItemRecord) -> None:
        self._new[key] = msgspec.structs.replace(self._new[key], items=(*self._new[key].items, entry))

    def _is_gone(self, key: ResultKey) -> bool:
        return self._record.quality_records[key].not_asked is not None

    def _answered(self, key: ResultKey) -> int:
        return sum(entry.place is not None for entry in self.answers(key))


def _asked_once(records: Sequence[QualityRecord]) -> Mapping[ResultKey, Sequence[ResultKey]]:
    """Return who is asked, soonest first, each with the equal models that its answers are for."""
    asked: dict[ResultKey, list[ResultKey]] = {}
    by_key = {one.key: one for one in records}
    for record in sorted(records, key=lambda one: (one.measured_on is not None, item_s(one) or 0.0)):
        equals = [key for key in asked if _are_equal(by_key[key], record)]
        if equals:
            asked[equals[0]].append(record.key)
        elif record.measured_on is None:
            asked[record.key] = []
    return asked


def _are_equal(one: QualityRecord, other: QualityRecord) -> bool:
    is_same = one.identity is not None and (one.identity, one.variant) == (other.identity, other.variant)
    return is_same and sharing.agrees(one.counted, other.counted)


def _why(tier: str, racers: Sequence[QualityRecord], current: Mix, mix: Mix) -> str:
    share = statistics.fmean(better_half([scores_of(one) for one in racers]))
    kind = "harder" if HARDER.index(mix) > HARDER.index(current) else "easier"
    return (
        f"the better half of the models of {tier} GB answered {share:.0%} of their first items right, which hardly "
        f"tells them apart: they are asked {kind} items from the start (mix {mix} instead of {current})"
    )
