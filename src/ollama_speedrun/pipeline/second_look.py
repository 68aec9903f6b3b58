"""The second look at the mix of a tier: where first answers are nearly all right, or wrong, another mix is begun.

Nothing is lost when a run ends meanwhile: a model keeps its first answers as what counts until it begins the other mix.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from ..benchmark.types import ResultKey
from ..events import Notice
from ..quality import sharing
from ..quality.events import QualityBegan
from ..quality.mixes import Mix
from ..quality.pilot import HARDER, better_half
from ..quality.records import QualityRecord, item_s
from ..quality.standing import can_race
from .examiner import Examiner
from .record import Run
from .standings import by_tier

Tell: TypeAlias = Callable[[QualityBegan | Notice], None]
FEWEST_ANSWERS: Final = 5
"""A model with fewer first answers has no say."""


class SecondLook:
    """Knows which models begin another mix, and which of them have not answered its first items yet."""

    def __init__(self, record: Run, examiner: Examiner, *, tell: Tell) -> None:
        self._record = record
        self._examiner = examiner
        self._tell = tell
        self._mixes: dict[ResultKey, Mix] = {}
        self._copies: dict[ResultKey, Sequence[ResultKey]] = {}
        self._before: dict[ResultKey, QualityRecord] = {}
        self._tiers: dict[str, set[ResultKey]] = {}

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
            self._tiers[tier] = set(asked)
            self._mixes |= dict.fromkeys(asked, mix)
            self._copies |= asked

    def is_open(self, tier: str | None) -> bool:
        """Tell if the race of a tier may go on: all of its models have answered the first items, or left."""
        return all(self._is_done(key) for key in self._tiers.get(tier or "", ()))

    def waiting(self, url: str) -> Iterator[tuple[ResultKey, int, int]]:
        """Yield which models of a host have first items to answer, and between which places."""
        for key in self._mixes:
            if key[0] == url and not self._is_done(key):
                yield key, self._answered(key), self._examiner.first_items

    def is_beginning(self, key: ResultKey) -> bool:
        """Tell if a model has not answered all first items of the mix that it begins."""
        return key in self._mixes and not self._is_done(key)

    def begin(self, key: ResultKey) -> None:
        """Let a model begin its other mix, and with it the equals whose answers it gives."""
        if key not in self._mixes or key in self._before:
            return
        for one in (key, *self._copies[key]):
            known = self._record.quality_records[one]
            self._before[one] = known
            self._tell(QualityBegan(self._examiner.begun_anew(known, self._mixes[key]), self._examiner.first_items))

    def give_up(self, key: ResultKey) -> None:
        """Let the first answers count again of a model that answered nothing of the other mix."""
        if key in self._before and not self._record.quality_records[key].counted:
            for one in (key, *self._copies[key]):
                self._tell(QualityBegan(self._before[one], 0))

    def _is_done(self, key: ResultKey) -> bool:
        is_gone = self._record.quality_records[key].not_asked is not None
        return is_gone or (key in self._before and self._answered(key) >= self._examiner.first_items)

    def _answered(self, key: ResultKey) -> int:
        if key not in self._before:
            return 0
        return sum(one.is_counted and one.place is not None for one in self._record.quality_records[key].items)


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
    share = better_half([[entry.grade.score for entry in one.counted if entry.place is not None] for one in racers])
    kind = "harder" if HARDER.index(mix) > HARDER.index(current) else "easier"
    return (
        f"the better half of the models of {tier} GB answered {share or 0:.0%} of their first items right, which "
        f"hardly tells them apart: they are asked {kind} items from the start (mix {mix} instead of {current})"
    )
