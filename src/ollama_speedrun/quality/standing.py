"""The race of a tier as the raw records show it: a fold, so that a saved run stands where the live one stood. Pure.

The race is about the share of right answers among the items that every chat model is asked, each item the same. Chance
is the same for all models and cancels between them.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..benchmark.types import ResultKey
from .race import open_race, resumed
from .race_types import Arm, Graded, Left, Race, Record, Rules
from .records import ItemRecord, QualityRecord


def arm_name(key: ResultKey) -> str:
    """Return the name of a model's arm: unique in a run, and the same whenever the run is read."""
    host, model, variant = key
    return f"{model}@{host}" if variant is None else f"{model} ({variant})@{host}"


def key_of(record: QualityRecord) -> ResultKey:
    """Return what names the model of a record."""
    return record.key


def standing(records: Sequence[QualityRecord], rules: Rules) -> Race | None:
    """Return the race between these records, which answered one mix; None where fewer than two can race.

    Records without an answer, base models, and those whose answers were taken over from an equal model take no part.
    One that is not asked any more (`not_asked`) left after its last answer.
    """
    arms = [record for record in records if can_race(record)]
    bank = max((record.places or 0 for record in arms), default=0)
    if len(arms) < 2 or bank < 1:
        return None
    return resumed(open_race(arms_of(arms, rules), bank, rules), _in_turn(arms))


def arms_of(records: Sequence[QualityRecord], rules: Rules) -> Sequence[Arm]:
    """Return who races. What a load costs is told by each model's answers to the first batch."""
    return [
        Arm(name=arm_name(key_of(one)), host=one.host, load_items=_load_items(one, rules.first_batch))
        for one in records
    ]


def _load_items(record: QualityRecord, first_batch: int) -> float | None:
    first = [entry.seconds for entry in record.items if _is_placed(entry) and _place(entry) < first_batch]
    item_s = statistics.fmean(first) if first else 0.0
    return None if record.load_s is None or item_s <= 0 else record.load_s / item_s


def answers_of(record: QualityRecord, *, skip: int = 0) -> Sequence[Graded]:
    """Return what a model's items are in its race, leaving out the first `skip` items of the record."""
    name = arm_name(key_of(record))
    return [
        Graded(name, _place(entry), _credit(entry), _tokens(entry), entry.seconds)
        for entry in record.items[skip:]
        if _is_placed(entry)
    ]


def scores_of(record: QualityRecord) -> Sequence[float]:
    """Return the scores of a model's counted items in the common order of its mix, as far as they were graded."""
    return [entry.grade.score for entry in record.counted if entry.place is not None]


def can_race(record: QualityRecord) -> bool:
    """Tell if a record takes part in the race of its tier."""
    is_own = record.protocol == "chat" and record.measured_on is None
    return is_own and record.places is not None and any(_is_placed(entry) for entry in record.items)


def by_mix(records: Iterable[QualityRecord]) -> Mapping[tuple[str, int, str], Sequence[QualityRecord]]:
    """Return the records that answered the same items in the same order: of one mix, one seed and one bank."""
    groups: dict[tuple[str, int, str], list[QualityRecord]] = defaultdict(list)
    for record in records:
        groups[record.mix, record.seed, record.bank].append(record)
    return groups


def _in_turn(arms: Sequence[QualityRecord]) -> Iterable[Record]:
    """Yield what happened, place by place, so that no arm runs ahead of the others and each leaves where it left."""
    happened: list[tuple[int, bool, int, Record]] = []
    for number, arm in enumerate(arms):
        answers = answers_of(arm)
        is_here = arm.not_asked is None
        happened.extend((one.place, is_here, number, one) for one in answers)
        if arm.not_asked is not None:
            last = max(one.place for one in answers)
            happened.append((last, False, number, Left(arm_name(key_of(arm)), arm.not_asked)))
    for _, _, _, one in sorted(happened, key=lambda entry: entry[:3]):
        yield one


def _is_placed(entry: ItemRecord) -> bool:
    return entry.is_counted and entry.place is not None


def _place(entry: ItemRecord) -> int:
    return -1 if entry.place is None else entry.place


def _credit(entry: ItemRecord) -> float:
    """Return the credit; an item that could not be graded counts as wrong in the race, and nowhere else."""
    return 0.0 if entry.grade.status == "ungradable" else entry.grade.score


def _tokens(entry: ItemRecord) -> int:
    return sum(answer.output_tokens or 0 for answer in entry.answers)
