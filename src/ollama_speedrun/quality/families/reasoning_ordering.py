"""Put three to eight people in order from clues, and name the one at a place.

Levels 1 to 3 compare neighbours in a chain ("taller than"), shuffled, in both directions. Levels 4 and 5 describe a
queue by clues of which none can be left out; the order is the only one that obeys them, found by search when the item
is made. Level 5 has eight people and no clue that sets two of them side by side, so that cases must be told apart.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from ..draw import Draw
from ..items import Area, ChoiceKey, Draft, Family
from .drafting import listed, question
from .story_words import NAMES, NUMBER_WORDS, ORDINALS

_SCALES = (
    ("taller", "shorter", "tallest", "shortest"),
    ("older", "younger", "oldest", "youngest"),
    ("faster", "slower", "fastest", "slowest"),
    ("heavier", "lighter", "heaviest", "lightest"),
    ("richer", "poorer", "richest", "poorest"),
    ("stronger", "weaker", "strongest", "weakest"),
)


def _chain(draw: Draw, people: int) -> Draft:
    order = draw.sample(NAMES, people)
    more, less, most, least = draw.choice(_SCALES)
    clues = [
        f"{first} is {more} than {second}." if draw.chance(0.5) else f"{second} is {less} than {first}."
        for first, second in itertools.pairwise(order)
    ]
    place = draw.choice((0, people - 1) if people < 5 else (1, people // 2, people - 2))
    if place == 0:
        asked = f"Who is the {most}?"
    elif place == people - 1:
        asked = f"Who is the {least}?"
    elif place == people - 2:
        asked = f"Who is the second {least}?"
    else:
        asked = f"Who is the {ORDINALS[place]} {most}?"
    prompt = f"{' '.join(draw.shuffled(clues))} {asked} Answer with only the name."
    key = ChoiceKey(options=draw.shuffled(order), answer=order[place])
    return question(prompt, key, order[place], chance=1 / people)


class _Clue(NamedTuple):
    """A statement on two people of a queue; `number` is an operand of "between" alone."""

    kind: str
    first: str
    second: str
    number: int = 0

    def holds(self, first: int, second: int) -> bool:
        """Return True where it holds with these two at these places."""
        match self.kind:
            case "before":
                return first < second
            case "directly":
                return second - first == 1
            case "apart":
                return abs(first - second) != 1
            case _:
                return abs(first - second) == self.number + 1

    def written(self) -> str:
        """Return it as a sentence."""
        match self.kind:
            case "before":
                return f"{self.first} is somewhere in front of {self.second}."
            case "directly":
                return f"{self.first} is directly in front of {self.second}."
            case "apart":
                return f"{self.first} is not next to {self.second}."
            case _:
                people = "person is" if self.number == 1 else "people are"
                return f"Exactly {NUMBER_WORDS[self.number]} {people} between {self.first} and {self.second}."


def _search_order(people: Sequence[str], clues: Sequence[_Clue]) -> list[str]:
    """Return the people such that each next one has as many clues as can be with those before."""
    order: list[str] = []
    while len(order) < len(people):
        ties = {
            person: sum(person in clue[1:3] and (clue.first in order or clue.second in order) for clue in clues)
            for person in people
            if person not in order
        }
        order.append(max(ties, key=lambda person: ties[person]))
    return order


def _solutions(people: Sequence[str], clues: Sequence[_Clue]) -> int:
    """Return how many orders obey the clues, at most 2."""
    order = _search_order(people, clues)
    checks = [
        [clue for clue in clues if person in clue[1:3] and {clue.first, clue.second} <= set(order[: index + 1])]
        for index, person in enumerate(order)
    ]
    place: dict[str, int] = {}

    def count_from(index: int, free: Sequence[int]) -> int:
        if index == len(order):
            return 1
        found = 0
        for position in free:
            place[order[index]] = position
            if all(clue.holds(place[clue.first], place[clue.second]) for clue in checks[index]):
                found += count_from(index + 1, [other for other in free if other != position])
            if found > 1:
                return 2
        return found

    return count_from(0, range(len(people)))


def _true_clues(draw: Draw, order: Sequence[str], kinds: Sequence[str]) -> tuple[_Clue, ...]:
    """Return everything of these kinds that is true of an order, in random order."""
    clues: list[_Clue] = []
    for first, one in enumerate(order):
        for second in range(first + 1, len(order)):
            other, distance = order[second], second - first
            pair = (one, other) if draw.chance(0.5) else (other, one)
            if distance == 1 and "directly" in kinds:
                clues.append(_Clue("directly", one, other))
            if distance > 1:
                clues.extend((_Clue("between", *pair, distance - 1), _Clue("apart", *pair)))
            clues.append(_Clue("before", one, other))
    return draw.shuffled(clues)


def _queue(draw: Draw, people: int, kinds: Sequence[str]) -> Draft:
    order = draw.sample(NAMES, people)
    names = draw.shuffled(order)
    clues: list[_Clue] = []
    for clue in _true_clues(draw, order, kinds):
        if not any({clue.first, clue.second} == {other.first, other.second} for other in clues):
            clues.append(clue)
            if len(clues) >= people - 1 and _solutions(names, clues) == 1:
                break
    for clue in tuple(clues):
        fewer = [other for other in clues if other is not clue]
        if _solutions(names, fewer) == 1:
            clues = fewer
    place = draw.integer(1, people - 2)
    prompt = (
        f"{listed(names)} stand in a queue. {' '.join(clue.written() for clue in clues)} "
        f"Who is {ORDINALS[place]} from the front? Answer with only the name."
    )
    return question(prompt, ChoiceKey(options=names, answer=order[place]), order[place], chance=1 / people)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    if level <= 3:
        return _chain(draw, level + 2)
    if level == 4:
        return _queue(draw, 6, ("directly", "between", "apart", "before"))
    return _queue(draw, 8, ("between", "apart", "before"))


ORDERING = Family(area=Area.REASONING, name="ordering", generate=_generate)
