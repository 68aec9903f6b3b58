"""Pictures of shapes and digits: how many, which number, which colour, where.

What is right is drawn evenly from all that could be, so that a constant answer is right as often as chance says. From
level to level there are more shapes, distractors that share the shape or the colour, smaller digits on a ruled ground;
level 5 asks for a relation between shapes.
"""

import itertools
from collections.abc import Sequence

from ..draw import Draw
from ..items import (
    Answer,
    Area,
    ChoiceKey,
    Draft,
    Family,
    Key,
    Message,
    Need,
    NumberKey,
)
from ..pictures import COLOURS, GLYPH_HEIGHT, GLYPH_WIDTH, SHAPES, SIDE, Picture

_SHAPES = tuple(SHAPES)
_COLOURS = tuple(colour for colour in COLOURS if colour != "white")
_NUMBER = ("Answer with only the number.", "Give just the number.", "Reply with the number alone.")


def _draft(picture: Picture, prompt: str, key: Key, answer: str, chance: float = 0.0) -> Draft:
    return Draft(
        messages=(Message(role="user", content=prompt, images=(picture.base64(),)),),
        key=key,
        oracle=(Answer(content=answer),),
        max_tokens=32,
        chance=chance,
        needs=frozenset({Need.VISION}),
    )


def _choose(picture: Picture, question: str, options: Sequence[str], answer: str) -> Draft:
    listed = f"{', '.join(options[:-1])} or {options[-1]}"
    key = ChoiceKey(options=tuple(options), answer=answer)
    return _draft(picture, f"{question} Answer with one of these only: {listed}.", key, answer, 1 / len(options))


def _cells(draw: Draw, across: int, count: int) -> list[tuple[int, int, int]]:
    """Return the middle and the room to each side of `count` places that do not touch, a little off a grid."""
    step = SIDE // across
    radius = step // 2 - 3
    size = radius * 3 // 4
    slack = radius - size
    places = draw.sample(tuple(itertools.product(range(across), repeat=2)), count)
    return [
        (
            column * step + step // 2 + draw.integer(-slack, slack),
            row * step + step // 2 + draw.integer(-slack, slack),
            size,
        )
        for column, row in places
    ]


def _count(draw: Draw, level: int, _: bool) -> Draft:
    """Ask how many shapes there are, then how many of a kind, then how many of a kind and a colour."""
    low, high, others, across = ((1, 4, 0, 3), (3, 8, 0, 4), (2, 8, 6, 4), (2, 9, 12, 5), (4, 12, 20, 6))[level - 1]
    number = draw.integer(low, high)
    shape, other_shape, third_shape = draw.sample(_SHAPES, 3)
    colour, other_colour, third_colour = draw.sample(_COLOURS, 3)
    kinds = {
        3: ((other_shape, other_colour),),
        4: ((shape, other_colour), (other_shape, colour)),
        5: ((shape, other_colour), (other_shape, colour), (third_shape, colour), (shape, third_colour)),
    }.get(level, ())
    objects = [(shape, colour)] * number + [draw.choice(kinds) for _place in range(others)]
    picture = Picture()
    for (kind, paint), (x, y, size) in zip(objects, _cells(draw, across, len(objects)), strict=True):
        picture.shape(kind, paint, x, y, size)
    plural = "crosses" if shape == "cross" else f"{shape}s"
    what = "shapes" if level <= 2 else plural if level == 3 else f"{colour} {plural}"
    question = draw.choice((f"How many {what} are in this picture?", f"Count the {what} in this picture."))
    prompt = f"{question} {draw.choice(_NUMBER)}"
    return _draft(picture, prompt, NumberKey(value=str(number)), str(number), 1 / (high - low + 1))


def _read(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for the number in the picture: longer and smaller from level to level, then between ruled lines."""
    length, scale = ((2, 12), (4, 8), (6, 5), (8, 4), (10, 3))[level - 1]
    number = str(draw.integer(10 ** (length - 1), 10**length - 1))
    colour, rule = draw.sample([each for each in _COLOURS if each not in {"yellow", "gray"}], 2)
    width, height = (length * (GLYPH_WIDTH + 1) - 1) * scale, GLYPH_HEIGHT * scale
    x, y = draw.integer(4, SIDE - width - 4), draw.integer(20, SIDE - height - 20)
    picture = Picture()
    if level >= 4:
        for line in (y - 2 * scale, y + height + scale):
            picture.rectangle(rule, 0, line, SIDE, 1)
        for column in range(0, SIDE, 24):
            picture.rectangle("gray", column, 0, 1, SIDE)
    picture.digits(number, colour, x, y, scale)
    question = draw.choice(("Which number is written in this picture?", "Read the number in this picture."))
    return _draft(picture, f"{question} {draw.choice(_NUMBER)}", NumberKey(value=number), number)


def _colour(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for the colour of the only shape, of the shape of a kind, of the biggest or leftmost one, of a neighbour."""
    options = draw.sample(_COLOURS, 4 if level == 1 else 6)
    picture = Picture()
    if level == 5:
        return _neighbour(draw, picture, options)
    if level == 4:
        shape, count = draw.choice(_SHAPES), 5
        end = draw.choice(("leftmost", "rightmost", "topmost", "lowest"))
        paints = draw.sample(options, count)
        rows = draw.shuffled(range(count))
        middles = [
            (SIDE * (2 * column + 1) // (2 * count), SIDE * (2 * row + 1) // (2 * count))
            for column, row in enumerate(rows)
        ]
        for paint, (x, y) in zip(paints, middles, strict=True):
            picture.shape(shape, paint, x, y, 18)
        by_end = {
            "leftmost": min(range(count), key=lambda place: middles[place][0]),
            "rightmost": max(range(count), key=lambda place: middles[place][0]),
            "topmost": min(range(count), key=lambda place: middles[place][1]),
            "lowest": max(range(count), key=lambda place: middles[place][1]),
        }
        return _choose(picture, f"Which colour does the {end} {shape} have?", options, paints[by_end[end]])
    count = (1, 2, 5)[level - 1]
    shapes, paints = draw.sample(_SHAPES, count), draw.sample(options, min(count, len(options)))
    for shape, paint, (x, y, size) in zip(shapes, paints, _cells(draw, 3, count), strict=True):
        picture.shape(shape, paint, x, y, size)
    question = draw.choice(
        (f"Which colour does the {shapes[0]} have?", f"What is the colour of the {shapes[0]} in this picture?")
    )
    return _choose(picture, question, options, paints[0])


def _neighbour(draw: Draw, picture: Picture, options: Sequence[str]) -> Draft:
    """Ask for the colour of what lies beside one of sixteen shapes, which its kind and colour single out."""
    kinds = draw.sample(tuple(itertools.product(_SHAPES, options)), 16)
    row, column = draw.below(4), draw.below(4)
    steps = {"right": (0, 1), "left": (0, -1), "below": (1, 0), "above": (-1, 0)}
    sides = [side for side, (down, right) in steps.items() if 0 <= row + down < 4 and 0 <= column + right < 4]
    side = draw.choice(sides)
    for place, (shape, paint) in enumerate(kinds):
        picture.shape(shape, paint, 32 + 64 * (place % 4), 32 + 64 * (place // 4), 22)
    shape, paint = kinds[4 * row + column]
    beside = kinds[4 * (row + steps[side][0]) + column + steps[side][1]]
    relation = f"directly {side}" if side in {"below", "above"} else f"directly to the {side} of"
    return _choose(picture, f"Which colour does the shape {relation} the {paint} {shape} have?", options, beside[1])


_SIDES = ("left", "right")
_CORNERS = ("top left", "top right", "bottom left", "bottom right")
_RELATIONS = ("above", "below", "left", "right")


def _position(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for the side, the corner (alone, then among others), the relation of two shapes, the nearest shape."""
    picture = Picture()
    shape, colour = draw.choice(_SHAPES), draw.choice(_COLOURS)
    half = SIDE // 2
    if level == 1:
        side = draw.choice(_SIDES)
        x = draw.integer(35, half - 35) + (half if side == "right" else 0)
        picture.shape(shape, colour, x, draw.integer(40, SIDE - 40), draw.integer(20, 30))
        return _choose(picture, f"In which half of this picture is the {shape}?", _SIDES, side)
    if level in {2, 3}:
        corners = draw.shuffled(_CORNERS)[: 1 if level == 2 else 4]
        others = draw.sample([(each, paint) for each in _SHAPES for paint in _COLOURS if each != shape], 3)
        for corner, (each, paint) in zip(corners, ((shape, colour), *others), strict=False):
            x, y = (half if "right" in corner else 0), (half if "bottom" in corner else 0)
            size = draw.integer(18, 28)
            picture.shape(each, paint, x + draw.integer(35, 93), y + draw.integer(35, 93), size)
        return _choose(picture, f"In which corner of this picture is the {shape}?", _CORNERS, corners[0])
    return _relation(draw, picture) if level == 4 else _nearest(draw, picture)


def _relation(draw: Draw, picture: Picture) -> Draft:
    """Ask how a shape lies to another one in the same row or column of a grid, with others around."""
    relation = draw.choice(_RELATIONS)
    first, second = draw.sample(range(4), 2)
    before, after = min(first, second), max(first, second)
    line = draw.below(4)
    ends = {"above": (before, after), "left": (before, after), "below": (after, before), "right": (after, before)}
    start, end = ends[relation]
    upright = relation in {"above", "below"}
    places = [(line, start), (line, end)] if upright else [(start, line), (end, line)]
    free = [cell for cell in itertools.product(range(4), repeat=2) if cell not in places]
    kinds = draw.sample(tuple(itertools.product(_SHAPES, _COLOURS)), 7)
    for (shape, colour), (column, row) in zip(kinds, (*places, *draw.sample(free, 5)), strict=True):
        picture.shape(shape, colour, 32 + 64 * column, 32 + 64 * row, 22)
    one, other = (f"{colour} {shape}" for shape, colour in kinds[:2])
    question = f"Seen from the {other}, on which side is the {one}?"
    return _choose(picture, question, _RELATIONS, relation)


def _nearest(draw: Draw, picture: Picture) -> Draft:
    """Ask which shape is nearest to one; the next one is half as far again at least."""
    middle, *shapes = draw.shuffled(_SHAPES)
    places = tuple(itertools.product(range(30, SIDE - 29, 14), repeat=2))
    while True:
        x, y = draw.choice(places)
        spots = sorted(draw.sample(places, 4), key=lambda spot: (spot[0] - x) ** 2 + (spot[1] - y) ** 2)
        squares = [(left - x) ** 2 + (top - y) ** 2 for left, top in spots]
        apart = all(
            (one[0] - two[0]) ** 2 + (one[1] - two[1]) ** 2 > 44**2
            for one, two in itertools.combinations([(x, y), *spots], 2)
        )
        if apart and 4 * squares[1] > 9 * squares[0]:
            break
    colours = draw.sample(_COLOURS, 5)
    for shape, colour, (left, top) in zip((middle, *shapes), colours, ((x, y), *spots), strict=True):
        picture.shape(shape, colour, left, top, 18)
    return _choose(picture, f"Which shape is nearest to the {middle}?", sorted(shapes), shapes[0])


_NEEDS = frozenset({Need.VISION})

COUNT = Family(area=Area.VISION, name="count", generate=_count, needs=_NEEDS)
READ = Family(area=Area.VISION, name="digits", generate=_read, needs=_NEEDS)
COLOUR = Family(area=Area.VISION, name="colour", generate=_colour, needs=_NEEDS)
POSITION = Family(area=Area.VISION, name="position", generate=_position, needs=_NEEDS)

FAMILIES = (COUNT, READ, COLOUR, POSITION)
