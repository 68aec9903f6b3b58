"""Which items a run asks of which model: one mix and one order for all models of a tier. No I/O and no clock.

The first models of a tier answer a short pilot, which chooses the tier's mix and is not counted (`pilot`). From then on
every model of the tier answers the same items in the same order, left out what its capabilities exclude, so that any
two of them can be compared on the items that both answered.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from . import bank
from .bank import EVERYTHING, Selection
from .draw import Draw
from .items import Item, Need
from .mixes import Mix
from .pilot import PILOT_ITEMS, USUAL_MIX, mix_by_pilot
from .records import ItemRecord

SPECIAL_NEEDS: Final = frozenset({Need.TOOLS, Need.VISION})


class ExamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much to ask: at most `items` common items of each model, `first` of them in its first visit.

    `own` are items of the user's, asked before the bank's; `only_own` leaves the bank out. `seed` None draws one.
    `spot_check` asks ten items of a model whose answers are known from another host, instead of all. `answer_tokens`
    bounds the output tokens of a model that does not think, pilot included; None is no bound. `races` puts the items of
    the bank in a random order, each order equally likely, as the proof of a race's certificates needs it; without it
    their areas are spread evenly.
    """

    items: int = 80
    first: int = 80
    selection: Selection = EVERYTHING
    own: tuple[Item, ...] = ()
    only_own: bool = False
    seed: int | None = None
    spot_check: bool = True
    answer_tokens: int | None = None
    races: bool = False


class Exam:
    """The items of one run. `decide` fixes the mix of a tier; what was fixed first holds for all its models.

    `left_out` is what this installation cannot grade, such as items that run code where there is no sandbox.
    """

    def __init__(self, settings: ExamSettings, *, seed: int, without: Collection[Need] = ()) -> None:
        self.settings = settings
        self.seed = seed
        excluded = settings.selection.without | frozenset(without)
        self.left_out = frozenset(without)
        self._selection = msgspec.structs.replace(settings.selection, without=excluded)
        self._mixes: dict[str, Mix] = {}
        self._drawn: dict[Mix, tuple[Item, ...]] = {}
        self._places: dict[Mix, Mapping[str, int]] = {}

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
        return self._mixes.setdefault(tier, mix_by_pilot(USUAL_MIX[tier], [record.grade.score for record in pilot]))

    def change(self, tier: str, mix: Mix) -> None:
        """Ask the models of a tier another mix from now on."""
        self._mixes[tier] = mix

    def adopt(self, tier: str, mix: str) -> None:
        """Fix the mix of a tier, unless it is fixed, as that of models whose answers are known."""
        if mix in set(Mix):
            self._mixes.setdefault(tier, Mix(mix))

    def items(
        self, mix: Mix, abilities: Collection[Need], *, first: int = 0, stop: int | None = None
    ) -> tuple[Item, ...]:
        """Return what a model with these abilities is asked between two places of the common order.

        Places count the items that every chat model is asked; those that need a capability stand between them and come
        on top, and so do the user's own items before place 0. `stop` None is the most that the settings allow.
        """
        end = self.settings.items if stop is None else stop
        own = tuple(item for item in self.settings.own if bank.suits(item, abilities)) if first == 0 else ()
        between = (item for item, place in self._placed(mix) if first <= place < end)
        return (*own, *(item for item in between if bank.suits(item, abilities)))

    def places(self, mix: Mix) -> int:
        """Return how many items of a mix every chat model can be asked: the size of the bank of a race."""
        return sum(map(self._counter(mix), self._order(mix)))

    def place_of(self, mix: Mix, item: Item) -> int | None:
        """Return the place of a common item in the order of its mix, None for any other item."""
        return self._known_places(mix).get(item.name)

    def _placed(self, mix: Mix) -> Iterator[tuple[Item, int]]:
        """Yield the items in order, each with the place of the next common item, or its own where it is one."""
        place, takes_place = 0, self._counter(mix)
        for item in self._order(mix):
            yield item, place
            place += takes_place(item)

    def _counter(self, mix: Mix) -> Callable[[Item], bool]:
        """Return what tells if an item takes a place: the common ones, or all where there are no common ones."""
        return is_common if any(map(is_common, self._order(mix))) else lambda _: True

    def _known_places(self, mix: Mix) -> Mapping[str, int]:
        if mix not in self._places:
            takes_place = self._counter(mix)
            self._places[mix] = {item.name: place for item, place in self._placed(mix) if takes_place(item)}
        return self._places[mix]

    def _order(self, mix: Mix) -> tuple[Item, ...]:
        if self.settings.only_own:
            return ()
        if mix not in self._drawn:
            spread = bank.mix(mix, self.seed, self._selection)
            self._drawn[mix] = Draw(f"race/{mix}/{self.seed}").shuffled(spread) if self.settings.races else spread
        return self._drawn[mix]


def new_seed(draw: Draw) -> int:
    """Return a seed for a run's order of items."""
    return draw.below(2**31)


def is_common(item: Item) -> bool:
    """Tell if every chat model can be asked an item: it needs no capability of the model."""
    return not item.needs & SPECIAL_NEEDS
