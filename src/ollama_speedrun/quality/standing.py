"""The race of a tier as the raw records show it: a fold, so that a saved run stands where the live one stood. Pure.

The race is about the share of right answers among the items that every chat model is asked, each item the same. Chance
is the same for all models and cancels between them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from .race import open_race, resumed
from .race_types import Arm, Graded, Left, Loaded, Race, Record, Rules
from .records import ItemRecord, QualityRecord

RecordKey: TypeAlias = tuple[str, str, str | None]
"""Host, model and variant."""


def arm_name(key: RecordKey) -> str:
    """Return the name of a model's arm: unique in a run, and the same whenever the run is read."""
    host, model, variant = key
    return f"{model}@{host}" if variant is None else f"{model} ({variant})@{host}"


def key_of(record: QualityRecord) -> RecordKey:
    """Return what names the model of a record."""
    return record.host, record.model, record.variant


def standing(
    records: Sequence[QualityRecord],
    rules: Rules,
    *,
    left: Mapping[str, str] | None = None,
    loads_s: Mapping[str, float] | None = None,
) -> Race | None:
    """Return the race between these records, which answered one mix; None where fewer than two can race.

    Records without an answer, base models, and those whose answers were taken over from an equal model take no part.
    `left` gives, by the arm's name, why a model will not be asked any more; `loads_s` what loading it takes.
    """
    arms = [record for record in records if can_race(record)]
    bank = max((record.places or 0 for record in arms), default=0)
    if len(arms) < 2 or bank < 1:
        return None
    race = open_race([Arm(name=arm_name(key_of(record)), host=record.host) for record in arms], bank, rules)
    return resumed(race, _in_turn(arms, left or {}, loads_s or {}))


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


def _in_turn(arms: Sequence[QualityRecord], left: Mapping[str, str], loads_s: Mapping[str, float]) -> Iterable[Record]:
    """Yield what happened, place by place, so that no arm runs ahead of the others."""
    placed = [sorted((entry for entry in arm.items if _is_placed(entry)), key=_place) for arm in arms]
    names = [arm_name(key_of(arm)) for arm in arms]
    for name in names:
        if name in loads_s:
            yield Loaded(name, loads_s[name])
    for entry, name in sorted(
        ((entry, name) for name, entries in zip(names, placed, strict=True) for entry in entries),
        key=lambda pair: _place(pair[0]),
    ):
        yield Graded(name, _place(entry), _credit(entry), _tokens(entry), entry.seconds)
    for name in names:
        if name in left:
            yield Left(name, left[name])


def _is_placed(entry: ItemRecord) -> bool:
    return entry.is_counted and entry.place is not None


def _place(entry: ItemRecord) -> int:
    return -1 if entry.place is None else entry.place


def _credit(entry: ItemRecord) -> float:
    """Return the credit; an item that could not be graded counts as wrong in the race, and nowhere else."""
    return 0.0 if entry.grade.status == "ungradable" else entry.grade.score


def _tokens(entry: ItemRecord) -> int:
    return sum(answer.output_tokens or 0 for answer in entry.answers)
