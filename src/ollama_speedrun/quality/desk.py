"""Who is asked what in a run, while it goes on: the mix of each tier, and which equal model was asked already."""

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TypeAlias

import msgspec

from ..benchmark.types import ResultKey
from ..inventory.types import Model
from ..visit.types import Residency
from .exam import Exam
from .items import Item, Need
from .mixes import Mix
from .records import ItemRecord, QualityRecord
from .sharing import SPOT_CHECK_ITEMS, agrees

TierOf: TypeAlias = Callable[[Model, Residency | None], str | None]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What one model is to be asked: the counted items in order, and spares for those that prove ungradable.

    `is_check` says that an equal model is asked in full elsewhere.
    """

    mix: Mix
    items: tuple[Item, ...]
    spares: tuple[Item, ...]
    is_check: bool = False


class Desk:
    """Hands out items. Models of equal identity in equal variants are asked in full once and checked elsewhere."""

    def __init__(self, exam: Exam, *, tier_of: TierOf) -> None:
        self.exam = exam
        self.tier_of = tier_of
        self._asked_in_full: dict[tuple[str, str | None], ResultKey] = {}
        self._records: dict[ResultKey, list[ItemRecord]] = defaultdict(list)

    def assign(self, key: ResultKey, *, identity: str | None, mix: Mix, abilities: Collection[Need]) -> Assignment:
        """Return what to ask in the first visit of a model whose tier has its mix."""
        first = min(self.exam.settings.first, self.exam.settings.items)
        items = self.exam.items(mix, abilities, stop=first)
        spares = self.exam.items(mix, abilities, first=first, stop=2 * first)
        if identity is not None and self.exam.settings.spot_check:
            equal = self._asked_in_full.setdefault((identity, key[2]), key)
            if equal != key:
                return Assignment(mix=mix, items=items[:SPOT_CHECK_ITEMS], spares=(), is_check=True)
        return Assignment(mix=mix, items=items, spares=spares)

    def asked_in_full(self, identity: str, variant: str | None) -> str:
        """Return the host that answers in full for an identity; KeyError where none does."""
        return self._asked_in_full[identity, variant][0]

    def note(self, key: ResultKey, record: ItemRecord) -> None:
        """Remember a graded item."""
        self._records[key].append(record)

    def take_over(self, key: ResultKey, record: QualityRecord, *, tier: str | None) -> None:
        """Count the answers of an earlier run as given in this one, and ask the models of that tier the same mix."""
        if tier is not None and record.protocol == "chat":
            self.exam.adopt(tier, record.mix)
        if record.identity is not None:
            self._asked_in_full.setdefault((record.identity, key[2]), key)
        self._records[key].extend(record.counted)

    def the_rest(
        self, key: ResultKey, identity: str, assignment: Assignment, abilities: Collection[Need]
    ) -> tuple[Item, ...]:
        """Return what is left to ask after a check: nothing where it agrees with its equal, else all other items."""
        equal = self._asked_in_full[identity, key[2]]
        if agrees(self._records[equal], self._records[key]):
            return ()
        first = min(self.exam.settings.first, self.exam.settings.items)
        return self.exam.items(assignment.mix, abilities, stop=first)[len(assignment.items) :]
