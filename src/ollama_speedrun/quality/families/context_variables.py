"""Track variables through assignments: copies, sums, differences, swaps.

Level 1 copies one of two values, so that the answer stands in the text, beside another of its kind; from level 2 on it
stands nowhere. Level 5 has 130 lines (some 2,000 tokens) on sixteen variables whose names share their words
(`north_red`, `red_north`); at least thirty lines bear on the one asked for, and each of them must be followed.
"""

from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, NumberKey, TextKey
from .drafting import drawn, occurs, question


class _Size(NamedTuple):
    """Number of variables and of lines after their first values; `relevant` lines at least bear on the answer."""

    variables: int
    lines: int
    relevant: int


_SIZES = {1: _Size(2, 1, 1), 2: _Size(3, 3, 2), 3: _Size(5, 9, 4), 4: _Size(8, 34, 10), 5: _Size(16, 114, 30)}
_LETTERS = tuple("abcdefghkmnpqrstuvwxyz")
_SIDES = ("north", "south", "east", "west")
_SHADES = ("red", "blue", "green", "grey")
_LARGEST = 400


class _Line(NamedTuple):
    text: str
    targets: tuple[str, ...]
    sources: tuple[str, ...]


def _names(draw: Draw, size: _Size) -> tuple[str, ...]:
    if size.variables < 10:
        return draw.sample(_LETTERS, size.variables + 1)
    pairs = [f"{side}_{shade}" for side in _SIDES for shade in _SHADES]
    turned = [f"{shade}_{side}" for side in _SIDES for shade in _SHADES]
    start = draw.sample(range(len(pairs)), size.variables // 2)
    return draw.shuffled([pairs[index] for index in start] + [turned[index] for index in start])


def _line(draw: Draw, values: dict[str, int], simple: bool) -> _Line | None:
    """Return one assignment among the variables and carry it out; None where the draw would leave the range."""
    sources: tuple[str, ...]
    target, one, other = draw.sample(tuple(values), 3) if len(values) > 2 else (*draw.sample(tuple(values), 2), "")
    number = draw.integer(2, 19)
    match draw.below(3 if simple or not other else 6):
        case 0:
            text, sources, value = f"{target} = {one} + {number}", (one,), values[one] + number
        case 1:
            text, sources, value = f"{target} = {one} - {number}", (one,), values[one] - number
        case 2:
            text, sources, value = f"{target} = {target} + {one}", (target, one), values[target] + values[one]
        case 3:
            text, sources, value = f"{target} = {one} - {other}", (one, other), values[one] - values[other]
        case 4:
            text, sources, value = f"{target} = {one} + {other}", (one, other), values[one] + values[other]
        case _:
            values[target], values[one] = values[one], values[target]
            return _Line(f"{target}, {one} = {one}, {target}", (target, one), (target, one))
    if not 0 < value < _LARGEST:
        return None
    values[target] = value
    return _Line(text, (target,), sources)


def _relevant(lines: list[_Line], name: str) -> int:
    """Return how many lines bear on the last value of a variable."""
    wanted, count = {name}, 0
    for line in reversed(lines):
        if wanted.intersection(line.targets):
            wanted = wanted.difference(line.targets).union(line.sources)
            count += 1
    return count


def _copy(draw: Draw) -> Draft:
    """Return an item of level 1: two values, and a copy of one of them."""
    first, second, third = draw.sample(_LETTERS, 3)
    values = dict(zip((first, second), draw.sample(range(2, 100), 2), strict=True))
    source = draw.choice((first, second))
    told = ", ".join(f"{name} = {value}" for name, value in values.items())
    asked = draw.choice(("What is the value of {}?", "What is {}?", "Which number is {}?")).format(third)
    prompt = f"{told}, {third} = {source}. {asked} Answer with only the number."
    right, wrong = str(values.pop(source)), tuple(str(value) for value in values.values())
    return question(prompt, TextKey(accept=(right,), reject=wrong), right, chance=1 / 2)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    if level == 1:
        return _copy(draw)
    size = _SIZES[level]

    def make() -> Draft | None:
        names = _names(draw, size)[: size.variables]
        values = {name: draw.integer(3, 60) for name in names}
        first = [f"{name} = {value}" for name, value in values.items()]
        lines = [drawn(lambda: _line(draw, values, level == 2)) for _ in range(size.lines)]
        hard = [name for name in names if _relevant(lines, name) >= size.relevant]
        if not hard:
            return None
        name = draw.choice(hard)
        text = "\n".join((*first, *(line.text for line in lines)))
        prompt = (
            f"The lines are carried out one after the other.\n{text}\n"
            f"What is the value of {name} at the end? Answer with only the number."
        )
        answer = str(values[name])
        return None if occurs(answer, prompt) else question(prompt, NumberKey(value=answer), answer)

    return drawn(make)


VARIABLES = Family(area=Area.CONTEXT, name="variable-tracking", generate=_generate)
