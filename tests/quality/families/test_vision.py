"""Pictures are read back from the PNG by code that shares nothing with the drawing; it answers the question."""

import math
import re

import pytest

from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.families import vision
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import LEVELS, Answer, ChoiceKey, Draft, Family, Need
from quality.png import Shape, read, shapes

SEEDS = range(40)
FAMILY = pytest.mark.parametrize("family", vision.FAMILIES, ids=lambda family: family.name)
DIGITS = """
.###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...#
#..## ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...#
#.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .####
##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#.
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##..
"""


WHITE, GRAY = "0", "9"


def drafts(family: Family, levels: tuple[int, ...] = LEVELS) -> list[Draft]:
    return [
        family.generate(Draw(f"test/{family.name}/{level}/{seed}"), level, False) for level in levels for seed in SEEDS
    ]


def look(draft: Draft) -> tuple[str, str, list[Shape]]:
    message = draft.messages[0]
    return message.content, draft.oracle[0].content, shapes(read(message.images[0]))


def number_in(seen: list[str]) -> str:
    """Return the digits of the colour that is neither ground nor rule: a rule crosses the whole picture."""
    colours = set("".join(seen)) - {WHITE, GRAY}
    ruled = {min(set(row) - {GRAY}) for row in seen if len(set(row) - {GRAY}) == 1} - {WHITE}
    [ink] = colours - ruled if len(colours) > 1 else colours
    points = {(x, y) for y, row in enumerate(seen) if ink in row for x, colour in enumerate(row) if colour == ink}
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    scale = (bottom - top + 1) // 7
    left = min(x for x, _ in points)
    glyphs = [line.split() for line in DIGITS.split("\n") if line]
    for start in (left, left - scale):  # a 1 leaves its first column free
        text = ""
        for cell in range(start, max(x for x, _ in points) + 1, 6 * scale):
            dots = [
                "".join("#" if (cell + column * scale, top + row * scale) in points else "." for column in range(5))
                for row in range(7)
            ]
            matching = [str(digit) for digit in range(10) if [line[digit] for line in glyphs] == dots]
            text += "".join(matching) or "?"
        if "?" not in text:
            return text
    raise AssertionError("no digits")


@FAMILY
def test_the_oracle_is_right_and_other_answers_are_not(family: Family) -> None:
    for draft in drafts(family):
        whole = grade(draft, draft.oracle)
        assert (whole.score, whole.strict) == (1.0, 1.0)
        assert grade(draft, (Answer(content="I cannot see it."),)).score == 0.0
        assert draft.needs == {Need.VISION} == family.needs
        if isinstance(draft.key, ChoiceKey):
            wrong = [option for option in draft.key.options if option != draft.key.answer]
            assert [grade(draft, (Answer(content=option),)).score for option in wrong] == [0.0] * len(wrong)
            assert draft.chance == 1 / len(draft.key.options)


def test_the_shapes_asked_for_are_counted() -> None:
    for draft in drafts(vision.COUNT):
        prompt, oracle, seen = look(draft)
        found = re.search(r"(?:How many|Count the) (?:(\w+) )??(\w+?)(?:(?<=s)es|s) (?:are )?in this", prompt)
        assert found is not None
        colour, kind = found[1], found[2]
        asked = [shape for shape in seen if kind in {"shape", shape.kind} and colour in {None, shape.colour}]
        assert str(len(asked)) == oracle, prompt


def test_the_digits_are_read() -> None:
    for draft in drafts(vision.READ):
        assert number_in(read(draft.messages[0].images[0])) == draft.oracle[0].content


def test_the_colour_asked_for_is_seen() -> None:
    ends = {"leftmost": (0, -1), "rightmost": (0, 1), "topmost": (1, -1), "lowest": (1, 1)}
    for draft in drafts(vision.COLOUR):
        prompt, oracle, seen = look(draft)
        if beside := re.search(r"directly (?:to the )?(\w+)(?: of)? the (\w+) (\w+) have", prompt):
            [one] = [shape for shape in seen if (shape.colour, shape.kind) == (beside[2], beside[3])]
            right, down = {"right": (64, 0), "left": (-64, 0), "below": (0, 64), "above": (0, -64)}[beside[1]]
            target = min(seen, key=lambda shape: math.dist((shape.x, shape.y), (one.x + right, one.y + down)))
        elif end := re.search(r"the (\w+most|lowest) ", prompt):
            axis, sign = ends[end[1]]
            target = max(seen, key=lambda shape: sign * (shape.x, shape.y)[axis])
        else:
            [target] = [shape for shape in seen if f"the {shape.kind}" in prompt]
        assert target.colour == oracle, prompt


def test_the_place_asked_for_is_seen() -> None:
    for draft in drafts(vision.POSITION):
        prompt, oracle, seen = look(draft)
        if near := re.search(r"nearest to the (\w+)\?", prompt):
            [one] = [shape for shape in seen if shape.kind == near[1]]
            by_distance = sorted(seen, key=lambda shape: math.dist((shape.x, shape.y), (one.x, one.y)))
            assert by_distance[1].kind == oracle
        elif seen_from := re.search(r"from the (\w+) (\w+), on which side is the (\w+) (\w+)\?", prompt):
            [other] = [shape for shape in seen if (shape.colour, shape.kind) == seen_from.group(1, 2)]
            [one] = [shape for shape in seen if (shape.colour, shape.kind) == seen_from.group(3, 4)]
            right, down = one.x - other.x, one.y - other.y
            flat, steep = ("left" if right < 0 else "right"), ("above" if down < 0 else "below")
            assert (flat if abs(right) > abs(down) else steep) == oracle
            assert min(abs(right), abs(down)) <= 1
        else:
            [one] = [shape for shape in seen if f"is the {shape.kind}?" in prompt]
            flat, steep = ("left" if one.x < 128 else "right"), ("top" if one.y < 128 else "bottom")
            assert oracle == (flat if "half" in prompt else f"{steep} {flat}")


@pytest.mark.parametrize("family", [vision.COUNT, vision.POSITION], ids=lambda family: family.name)
def test_right_answers_are_balanced(family: Family) -> None:
    for level in (1, 2):
        answers = [
            family.generate(Draw(f"balance/{level}/{seed}"), level, False).oracle[0].content for seed in range(120)
        ]
        kinds = set(answers)
        expected = len(answers) / len(kinds)
        assert all(abs(answers.count(kind) - expected) < 4 * math.sqrt(expected) for kind in kinds)
