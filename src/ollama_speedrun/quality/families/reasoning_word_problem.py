"""Word problems with distractors: people gain and lose things, and sentences with other numbers stand between.

Level 1 is one step and has no distractor. Level 5 follows four people through ten steps in which what one person has
depends on what another has at that moment (thirds, halves, swaps, "as many as"); six distractors use the same names,
the same goods and numbers of the same size.
"""

from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, NumberKey
from .drafting import drawn, listed, occurs, question
from .story_words import GOODS, NAMES


class _Size(NamedTuple):
    people: int
    steps: int
    distractors: int
    largest: int
    kinds: tuple[str, ...]


_SIZES = {
    1: _Size(1, 1, 0, 20, ("buys", "loses")),
    2: _Size(1, 2, 1, 30, ("buys", "loses", "boxes")),
    3: _Size(2, 3, 2, 60, ("buys", "loses", "boxes", "gives")),
    4: _Size(3, 5, 4, 90, ("buys", "boxes", "gives", "half", "as many")),
    5: _Size(4, 10, 6, 200, ("boxes", "gives", "half", "third", "as many", "swap")),
}


class _Story:
    """What each person has so far, and the sentences told so far."""

    def __init__(self, draw: Draw, size: _Size) -> None:
        self.draw, self.size = draw, size
        *self.people, self.neighbour = draw.sample(NAMES, size.people + 1)
        (self.good, self.goods), (_, self.others) = draw.sample(GOODS, 2)
        self.stock: dict[str, int] = {}
        self.sentences: list[str] = []
        self.distracted: list[tuple[str, int]] = []

    def begin(self, person: str) -> None:
        """Tell what a person has: a number, or at high levels how it relates to the person before."""
        earlier = tuple(self.stock)
        number = self.draw.integer(5, self.size.largest)
        if earlier and self.size.people > 2 and self.draw.chance(0.6):
            other = earlier[-1]
            if self.draw.chance(0.5):
                self.stock[person] = self.stock[other] + number
                self.sentences.append(f"{person} has {number} {self.goods} more than {other}.")
            else:
                self.stock[person] = 2 * self.stock[other]
                self.sentences.append(f"{person} has twice as many {self.goods} as {other}.")
            return
        self.stock[person] = number
        self.sentences.append(f"{person} has {number} {self.goods}.")

    def step(self) -> bool:
        """Tell one event; False where the event drawn cannot happen."""
        draw, goods = self.draw, self.goods
        person, kind = draw.choice(self.people), draw.choice(self.size.kinds)
        other = draw.choice([name for name in self.people if name != person]) if len(self.people) > 1 else ""
        have = self.stock[person]
        number = draw.integer(2, max(3, min(have - 1, self.size.largest // 2)))
        change, told = 0, ""
        match kind:
            case "buys":
                change, told = number, f"{person} buys {number} more {goods}."
            case "loses":
                change, told = -number, f"{person} loses {number} {goods}."
            case "boxes":
                boxes, each = draw.integer(2, 9), draw.integer(3, 12 if self.size.largest < 100 else 40)
                change, told = boxes * each, f"{person} buys {boxes} boxes with {each} {goods} in each box."
            case "gives":
                change, told = -number, f"{person} gives {number} {goods} to {other}."
                self.stock[other] += number
            case "half" if have % 2 == 0:
                change, told = -(have // 2), f"{person} counts the {goods} and sells exactly half of them."
            case "third" if have % 3 == 0:
                change = -(have // 3)
                told = f"{person} counts the {goods} and gives exactly one third of them to {other}."
                self.stock[other] += have // 3
            case "as many":
                change = self.stock[other]
                told = f"{person} gets as many new {goods} as {other} has at that moment."
            case "swap":
                change = self.stock[other] - have
                told = f"{person} and {other} swap all their {goods}."
                self.stock[other] = have
            case _:
                return False
        self.stock[person] += change
        self.sentences.append(told)
        return self.stock[person] > 1

    def distract(self) -> None:
        """Put a sentence that changes nothing in a place after the opening; no person gets two of a kind."""
        while True:
            kind, person = self.draw.below(6), self.draw.choice(self.people)
            about = self.neighbour if kind == 2 else person
            if (about, kind) not in self.distracted:
                break
        self.distracted.append((about, kind))
        number = self.draw.integer(4, self.size.largest)
        told = (
            f"{person} also has {number} {self.others}.",
            f"{person} is {number} years old.",
            f"{self.neighbour} from next door has {number} {self.goods}.",
            f"{person} sees {number} {self.goods} in a shop window but buys none of them.",
            f"{person} would like {number} more {self.goods} but does not get them.",
            f"A year ago {person} had {number} {self.goods}.",
        )[kind]
        self.sentences.insert(self.draw.integer(len(self.people), len(self.sentences)), told)

    def end(self) -> tuple[str, int]:
        """Return the question and its answer."""
        if len(self.people) > 2:
            pair = self.draw.sample(self.people, 2)
            return f"How many {self.goods} do {listed(pair)} have together now?", sum(self.stock[name] for name in pair)
        person = self.draw.choice(self.people)
        return f"How many {self.goods} does {person} have now?", self.stock[person]


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    size = _SIZES[level]

    def make() -> Draft | None:
        story = _Story(draw, size)
        for person in story.people:
            story.begin(person)
        if not all(story.step() for _ in range(size.steps)):
            return None
        for _ in range(size.distractors):
            story.distract()
        asked, answer = story.end()
        text = f"{' '.join(story.sentences)} {asked}"
        if occurs(str(answer), text) or answer > 9999 or len(set(story.sentences)) < len(story.sentences):
            return None
        return question(
            f"{text} Answer with only the number.", NumberKey(value=str(answer)), str(answer), max_tokens=48
        )

    return drawn(make)


WORD_PROBLEM = Family(area=Area.REASONING, name="word-problem", generate=_generate)
