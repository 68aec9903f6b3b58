"""The bank of generated items: the list of all families, one item by name, and the fixed mixes that models are asked.

A run draws one mix for each tier from a secret seed, in a random order that is common to all models of the tier. The
order is stratified: each area's items are spread evenly, so that wherever a model stops, it was asked in each area
about as often as the shares below say.
"""

from collections.abc import Collection, Sequence
from typing import Final, TypeAlias

import msgspec

from .draw import Draw
from .families import code, context, facts, honesty, languages, reasoning, tasks, tools, vision, writing
from .items import LEVELS, Area, Family, Item, Message, Need, Tool
from .mixes import LEVELS_OF, SHARES, Mix

FAMILIES: Final[tuple[Family, ...]] = (
    *reasoning.FAMILIES,
    *code.FAMILIES,
    *writing.FAMILIES,
    *facts.FAMILIES,
    *languages.FAMILIES,
    *context.FAMILIES,
    *tasks.FAMILIES,
    *honesty.FAMILIES,
    *tools.FAMILIES,
    *vision.FAMILIES,
)
"""Every family of the bank, by area."""

ITEMS_PER_MIX: Final = 400
_SEEDS: Final = 1_000_000
"""Counted items have seeds below this, pilots from here to twice this."""
_MOST_TRIES: Final = 200
_CHANCE_OF_A_TWIN: Final = 0.5
"""Corrected for this chance, the mean of as many twins of each kind is Youden's J = TPR + TNR − 1: whoever always calls
a tool, or always says that it cannot be known, gets half of the twins right and scores 0."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What a run may ask: None for `areas` or `languages` allows all.

    `without` names what no model of this run can be given; without the sandbox, for example, the families that run
    code are left out and their share goes to the other families of the area. `longest_tokens` leaves out items whose
    answers may take more output tokens, and families that have none else; None allows all.
    """

    areas: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    without: frozenset[Need] = frozenset()
    longest_tokens: int | None = None

    def families(self) -> tuple[Family, ...]:
        """Return the families that may be asked, in the bank's order; those of languages restricted to `languages`."""
        spoken = None if self.languages is None else sorted(self.languages)
        others = (family for family in FAMILIES if family.area != Area.LANGUAGES)
        return tuple(
            family
            for family in (*others, *languages.families_for(spoken))
            if (self.areas is None or family.area in self.areas) and not family.needs & self.without
        )

    def allows(self, item: Item) -> bool:
        """Tell if one item may be asked."""
        spoken = self.languages is None or item.language is None or item.language in self.languages
        short = self.longest_tokens is None or item.most_tokens <= self.longest_tokens
        return spoken and short and not item.needs & self.without


EVERYTHING: Final = Selection()


def family_named(area: str, name: str) -> Family | None:
    """Return the family of this area and name; None where the bank has none.

    A family of languages may be restricted, for example `weekday@de+fr`.
    """
    if area == Area.LANGUAGES:
        return languages.family_named(name)
    return next((family for family in FAMILIES if (family.area, family.name) == (area, name)), None)


def item(area: str, family: str, level: int, seed: int) -> Item:
    """Return one item; the same arguments give the same item everywhere. ValueError for a family or level unknown."""
    known = family_named(area, family)
    if known is None:
        raise ValueError(f"the bank has no family {area}/{family}")
    return _item(known, level, seed)


def suits(asked: Item, abilities: Collection[Need]) -> bool:
    """Tell if a model (and installation) with these abilities may be asked this item."""
    return all(need in abilities for need in asked.needs)


def mix(
    kind: Mix, seed: int | str, selection: Selection = EVERYTHING, count: int = ITEMS_PER_MIX, *, pilot: bool = False
) -> tuple[Item, ...]:
    """Return about `count` items in their common order (a pair is never split), no two with equal messages.

    `pilot` gives items that no counted mix can hold; they are for choosing the mix. Fewer than `count` come back when
    the selection bounds what can be drawn (a language that has few words, say); none when it excludes everything.
    """
    draw = Draw(f"mix/{kind}/{seed}/{'pilot' if pilot else 'counted'}")
    families = [family for family in selection.families() if _may_be_short(family, kind, selection.longest_tokens)]
    areas = sorted({family.area for family in families}, key=list(Area).index)
    seen: set[_Content] = set()
    by_area = []
    for area, share in zip(areas, apportion(count, [SHARES[area] for area in areas]), strict=True):
        within = [family for family in families if family.area == area]
        by_family = []
        for family, number in zip(within, apportion(share, [family.weight for family in within]), strict=True):
            wanted = number + number % 2 if family.paired else number
            source = _Source(draw.fork(f"{area}/{family.name}"), family, LEVELS_OF[kind], _SEEDS if pilot else 0)
            by_family.append(source.take(wanted, selection, seen))
        by_area.append(spread(draw.fork(f"order/{area}"), by_family))
    return spread(draw.fork("order"), by_area)


def _may_be_short(family: Family, kind: Mix, longest_tokens: int | None) -> bool:
    if longest_tokens is None:
        return True
    return any(_item(family, level, seed=0).most_tokens <= longest_tokens for level in LEVELS_OF[kind])


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Return whole numbers in the ratio of the weights that add up to `total` (largest remainders, Hamilton)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    counts = [int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda place: (counts[place] - exact[place], place))
    for place in by_remainder[: total - sum(counts)]:
        counts[place] += 1
    return counts


def spread(draw: Draw, groups: Sequence[Sequence[Item]]) -> tuple[Item, ...]:
    """Merge the groups at random but evenly: the k-th of n items stands within the k-th n-th part of the whole."""
    placed = []
    for number, group in enumerate(groups):
        for place, one in enumerate(group):
            placed.append(((place + draw.below(2**32) / 2**32) / len(group), number, one))
    return tuple(one for _, _, one in sorted(placed, key=lambda triple: triple[:2]))


_Content: TypeAlias = tuple[tuple[Message, ...], tuple[Tool, ...]]


class _Source(msgspec.Struct):
    """Items of one family, drawn from seeds that start at `first_seed`."""

    draw: Draw
    family: Family
    levels: Sequence[int]
    first_seed: int

    def take(self, wanted: int, selection: Selection, seen: set[_Content]) -> list[Item]:
        """Return up to `wanted` different items, the levels in turn; add what they ask to `seen`."""
        taken: list[Item] = []
        turns: list[int] = []
        while len(taken) < wanted:
            turns = turns or list(self.draw.shuffled(self.levels))
            group = self._fresh(turns.pop(), selection, seen)
            if not group:
                break
            taken.extend(group)
        return taken

    def _fresh(self, level: int, selection: Selection, seen: set[_Content]) -> tuple[Item, ...]:
        """Return an item that was not seen (a whole pair where paired), of another level where this one has no more."""
        for attempt in range(_MOST_TRIES):
            if attempt >= _MOST_TRIES // 2:
                level = self.draw.choice(self.levels)
            seed = self.first_seed + self.draw.below(_SEEDS)
            seeds = self.draw.shuffled((seed - seed % 2, seed - seed % 2 + 1)) if self.family.paired else (seed,)
            group = tuple(_item(self.family, level, each) for each in seeds)
            contents = {(one.messages, one.tools) for one in group}
            if len(contents) == len(group) and not contents & seen and all(selection.allows(one) for one in group):
                seen |= contents
                return group
        return ()


def _item(family: Family, level: int, seed: int) -> Item:
    if level not in LEVELS:
        raise ValueError(f"level {level} is not one of {LEVELS}")
    twin = seed % 2 == 1
    shared = seed // 2 if family.paired else seed
    draft = family.generate(Draw(f"{family.area}/{family.name}/{level}/{shared}"), level, twin)
    fields = {name: getattr(draft, name) for name in draft.__struct_fields__}
    fields["needs"] = draft.needs | family.needs
    if family.paired:
        fields["chance"] = _CHANCE_OF_A_TWIN
    return Item(
        area=family.area,
        family=family.name,
        level=level,
        seed=seed,
        twin=twin if family.paired else None,
        **fields,
    )
