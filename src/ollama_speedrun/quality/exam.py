"""Which items a run asks of which model: one mix and one order for all models of a tier. No I/O and no clock.

The first models of a tier answer a short pilot, which chooses the tier's mix and is not counted. From then on every
model of the tier answers the same items in the same order, left out what its capabilities exclude, so that any two of
them can be compared on the items that both answered.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from . import bank
from .bank import EVERYTHING, Mix, Selection
from .draw import Draw
from .items import Item, Need
from .records import ItemRecord

PILOT_ITEMS: Final = 6
STRONG: Final = 5
"""So many right answers of a pilot call for a harder mix than the tier's usual one."""
WEAK: Final = 1
"""So few right answers of a pilot call for an easier one."""
HARDER: Final[tuple[Mix, ...]] = (Mix.EASY, Mix.MIDDLE, Mix.HARD)
USUAL_MIX: Final[Mapping[str, Mix]] = {
    "<2": Mix.EASY,
    "2-4": Mix.MIDDLE,
    "4-8": Mix.MIDDLE,
    "8-16": Mix.HARD,
    "16+": Mix.HARD,
}
"""What suits most models of a memory tier; a pilot moves it by one step at most."""


class ExamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much to ask: at most `items` counted items of each model, from `selection`.

    `own` are items of the user's, asked before the bank's; `only_own` leaves the bank out. `seed` None draws one.
    `spot_check` asks ten items of a model whose answers are known from another host, instead of all.
    """

    items: int = 80
    selection: Selection = EVERYTHING
    own: tuple[Item, ...] = ()
    only_own: bool = False
    seed: int | None = None
    spot_check: bool = True


class Exam:
    """The items of one run. `decide` fixes the mix of a tier; what was fixed first holds for all its models."""

    def __init__(self, settings: ExamSettings, *, seed: int, without: Collection[Need] = ()) -> None:
        self.settings = settings
        self.seed = seed
        excluded = settings.selection.without | frozenset(without)
        self._selection = msgspec.structs.replace(settings.selection, without=excluded)
        self._mixes: dict[str, Mix] = {}
        self._drawn: dict[Mix, tuple[Item, ...]] = {}

    def mix_of(self, tier: str | None) -> Mix | None:
        """Return the tier's mix, None while it is not decided. Without the bank, or without a tier, the easy one."""
        if tier is None or self.settings.only_own:
            return Mix.EASY
        return self._mixes.get(tier)

    def pilot(self, tier: str) -> tuple[Item, ...]:
        """Return the pilot's items, of the tier's usual mix and of areas that every chat model is asked in."""
        suitable = msgspec.structs.replace(self._selection, without=self._selection.without | set(Need))
        return bank.mix(USUAL_MIX[tier], self.seed, suitable, PILOT_ITEMS, pilot=True)[:PILOT_ITEMS]

    def decide(self, tier: str, pilot: Sequence[ItemRecord]) -> Mix:
        """Fix the tier's mix by a pilot, unless it is fixed, and return it."""
        right = sum(record.grade.score >= 0.5 for record in pilot)
        step = (right >= STRONG) - (right <= WEAK) if len(pilot) >= PILOT_ITEMS else 0
        place = HARDER.index(USUAL_MIX[tier]) + step
        return self._mixes.setdefault(tier, HARDER[min(max(place, 0), len(HARDER) - 1)])

    def items(self, mix: Mix, abilities: Collection[Need], *, count: int | None = None) -> tuple[Item, ...]:
        """Return what a model with these abilities is asked, in order, own items first.

        The most that is asked (`count`, None for what the settings say) counts the bank's items; own items come on top.
        """
        suitable = (item for item in self._order(mix) if bank.suits(item, abilities))
        own = tuple(item for item in self.settings.own if bank.suits(item, abilities))
        return (*own, *_first(suitable, self.settings.items if count is None else count))

    def _order(self, mix: Mix) -> tuple[Item, ...]:
        if self.settings.only_own:
            return ()
        if mix not in self._drawn:
            self._drawn[mix] = bank.mix(mix, self.seed, self._selection)
        return self._drawn[mix]


def new_seed(draw: Draw) -> int:
    """Return a seed for a run's order of items."""
    return draw.below(2**31)


def _first(items: Iterable[Item], count: int) -> tuple[Item, ...]:
    return tuple(item for _, item in zip(range(count), items, strict=False))
