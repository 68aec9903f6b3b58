"""Who is a knight, always telling the truth, and who a knave, always lying, by what they say.

Each puzzle has one solution only, as a search over all assignments made sure. Level 1 has three people with one simple
statement each. Level 5 has seven people whose statements are conditionals, counts and comparisons on others, so
that no statement settles anybody's kind alone and assumptions must be followed through several statements.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, TextKey
from .drafting import drawn, listed, question
from .story_words import NAMES, NUMBER_WORDS

_KINDS = {True: "knight", False: "knave"}
_PEOPLE = {1: 3, 2: 3, 3: 4, 4: 5, 5: 7}
_FORMS = {
    1: ("is", "same"),
    2: ("is", "same", "count"),
    3: ("is", "same", "both", "count"),
    4: ("same", "both", "either", "if", "count"),
    5: ("same", "either", "if", "at least", "count"),
}
_MOST_KNIGHTS = 3


class _Statement(NamedTuple):
    """What one person says; the kinds of `first` and `second` are operands of some forms, `number` of the counts."""

    speaker: int
    form: str
    first: int
    second: int
    first_kind: bool
    second_kind: bool
    number: int

    def true(self, knights: Sequence[bool]) -> bool:
        """Return its truth where `knights` says who is one."""
        first, second = knights[self.first] == self.first_kind, knights[self.second] == self.second_kind
        match self.form:
            case "is":
                return first
            case "same":
                return (knights[self.first] == knights[self.second]) == self.first_kind
            case "both":
                return first and second
            case "either":
                return first or second
            case "if":
                return not first or second
            case _:
                count = sum(knights)
                return count == self.number or (self.form == "at least" and count > self.number)

    def written(self, names: Sequence[str]) -> str:
        """Return it as said."""
        one, other = names[self.first], names[self.second]
        first, second = _KINDS[self.first_kind], _KINDS[self.second_kind]
        match self.form:
            case "is":
                said = f"{one} is a {first}."
            case "same":
                said = f"{one} and {other} are of {'the same kind' if self.first_kind else 'different kinds'}."
            case "both":
                said = f"{one} is a {first} and {other} is a {second}."
            case "either":
                said = f"{one} is a {first} or {other} is a {second}, or both."
            case "if":
                said = f"If {one} is a {first}, then {other} is a {second}."
            case form:
                count = f"{NUMBER_WORDS[self.number]} of us {'is a knight' if self.number == 1 else 'are knights'}"
                said = f"{'At least' if form == 'at least' else 'Exactly'} {count}."
        return f'{names[self.speaker]} says: "{said}"'


def _statement(draw: Draw, people: int, speaker: int, forms: Sequence[str]) -> _Statement:
    form = draw.choice(forms)
    first, second = draw.sample([person for person in range(people) if person != speaker], 2)
    return _Statement(
        speaker, form, first, second, draw.chance(0.5), draw.chance(0.5), draw.integer(1, min(people - 1, 4))
    )


def _solutions(statements: Sequence[_Statement], people: int) -> list[tuple[bool, ...]]:
    """Return every assignment under which knights alone say what is true."""
    return [
        knights
        for knights in itertools.product((True, False), repeat=people)
        if all(statement.true(knights) == knights[statement.speaker] for statement in statements)
    ]


def _accepted(knights: Sequence[str]) -> tuple[str, ...]:
    """Return the ways to name all knights, in each order."""
    orders = [tuple(order) for order in itertools.permutations(knights)]
    joined = [listed(order) for order in orders] + [", ".join(order) for order in orders]
    joined += [" and ".join(order) for order in orders] + [" ".join(order) for order in orders]
    joined += [f"{', '.join(order[:-1])}, and {order[-1]}" for order in orders if len(order) > 2]
    return tuple(dict.fromkeys(joined))


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    people = _PEOPLE[level]

    def make() -> Draft | None:
        names = draw.sample(NAMES, people)
        statements = [_statement(draw, people, speaker, _FORMS[level]) for speaker in range(people)]
        if level > 1 and len({statement[1:] for statement in statements}) < people:
            return None
        solutions = _solutions(statements, people)
        if len(solutions) != 1 or not 1 <= sum(solutions[0]) <= min(_MOST_KNIGHTS, people - 1):
            return None
        knights = sorted(name for name, knight in zip(names, solutions[0], strict=True) if knight)
        knaves = tuple(name for name in names if name not in knights)
        said = " ".join(statement.written(names) for statement in draw.shuffled(statements))
        prompt = (
            f"Knights always tell the truth, knaves always lie. {listed(names)} are each a knight or a knave. {said} "
            "Who is a knight? Answer with only the name of each knight."
        )
        key = TextKey(accept=_accepted(knights), reject=knaves)
        return question(prompt, key, listed(knights), chance=1 / (2**people - 2))

    return drawn(make)


KNIGHTS_AND_KNAVES = Family(area=Area.REASONING, name="knights-and-knaves", generate=_generate)
