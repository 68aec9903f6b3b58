"""Find one value among near-duplicates, after updates, over one to three hops.

A notebook tells of lockers, their codes and who uses them; later entries replace earlier ones. The answer stands in the
text by the nature of the task, among other codes of the same form, and an answer that names another code is wrong.
Level 1 has three lockers. Level 5 is about 120 entries (some 2,000 tokens) on 40 lockers that share colours and towns:
codes are exchanged and restored, people move and change their partners, and the question goes from a person to the
partner, to the partner's locker, to its code, where each of the three links was replaced on the way.
"""

import re
from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, TextKey
from .drafting import drawn, question
from .story_words import COLOURS, NAMES, TOWNS


class _Size(NamedTuple):
    """How many lockers, towns and people there are, how many updates follow, and how many links the question has."""

    lockers: int
    towns: int
    people: int
    updates: int
    hops: int


_SIZES = {
    1: _Size(3, 0, 0, 0, 1),
    2: _Size(8, 3, 0, 0, 1),
    3: _Size(14, 4, 0, 8, 1),
    4: _Size(22, 5, 8, 16, 2),
    5: _Size(40, 6, 14, 60, 3),
}


class _Notebook:
    """The entries so far, and what holds after them."""

    def __init__(self, draw: Draw, size: _Size) -> None:
        self.draw, self.size = draw, size
        self.entries: list[str] = []
        towns = draw.sample(TOWNS, size.towns)
        kinds = [f"{colour} locker in {town}" for colour in COLOURS for town in towns]
        lockers = draw.sample(kinds or [f"{colour} locker" for colour in COLOURS], size.lockers)
        self.unused = [str(code) for code in draw.sample(range(1000, 10_000), size.lockers + size.updates)]
        self.codes = {locker: self.unused.pop() for locker in lockers}
        self.before = dict[str, str]()
        self.changes = dict.fromkeys(lockers, 0)
        people = draw.sample(NAMES, size.people)
        self.uses = dict(zip(people, draw.sample(lockers, size.people), strict=True))
        half = size.people // 2
        self.partner = dict(zip(people[:half], people[half:], strict=True)) if size.hops > 2 else {}
        self.moved: list[str] = []
        self.parted: list[str] = []

    def begin(self) -> None:
        """Write the first state, shuffled."""
        first = [f"The code of the {locker} is {code}." for locker, code in self.codes.items()]
        first += [f"{name} uses the {locker}." for name, locker in self.uses.items()]
        first += [f"The partner of {name} is {other}." for name, other in self.partner.items()]
        self.entries.extend(self.draw.shuffled(first))

    def update(self) -> None:
        """Write one change and carry it out."""
        kinds = ["code", "code", "exchange", "back"]
        kinds += ["moves", "moves"] * (self.size.hops > 1) + ["partner"] * (self.size.hops > 2)
        draw, kind = self.draw, self.draw.choice(kinds)
        one, other = draw.sample(tuple(self.codes), 2)
        if kind == "back" and one in self.before:
            self._set(one, self.before[one])
            self.entries.append(f"The {one} has got back the code that it had before the last change of its code.")
        elif kind == "exchange" and self.size.hops > 1:
            first, second = self.codes[one], self.codes[other]
            self._set(one, second)
            self._set(other, first)
            self.entries.append(f"The {one} and the {other} have exchanged their codes.")
        elif kind == "moves":
            name = draw.choice([name for name in self.uses if self.uses[name] != one])
            self.uses[name] = one
            self.moved.append(name)
            self.entries.append(f"{name} now uses the {one} instead.")
        elif kind == "partner":
            name = draw.choice(tuple(self.partner))
            self.partner[name] = draw.choice(
                [person for person in self.uses if person not in (name, self.partner[name])]
            )
            self.parted.append(name)
            self.entries.append(f"{name} has changed partners: it is {self.partner[name]} now.")
        else:
            self._set(one, self.unused.pop())
            self.entries.append(f"The code of the {one} has been changed to {self.codes[one]}.")

    def _set(self, locker: str, code: str) -> None:
        self.before[locker] = self.codes[locker]
        self.codes[locker] = code
        self.changes[locker] += 1

    def ask(self) -> tuple[str, str] | None:
        """Return a question and the code that answers it; None where none is hard enough."""
        draw, hops = self.draw, self.size.hops
        if hops == 1:
            lockers = [locker for locker in self.codes if self.changes[locker] > 0 or not self.size.updates]
            locker = draw.choice(lockers)
            return f"What is the {'current ' * (self.size.updates > 0)}code of the {locker}?", self.codes[locker]
        starts = self.partner if hops == 3 else self.uses
        people = [name for name in starts if self._hard(name)]
        if not people:
            return None
        name = draw.choice(people)
        if hops == 2:
            return f"What is the current code of the locker that {name} uses?", self.codes[self.uses[name]]
        locker = self.uses[self.partner[name]]
        return f"What is the current code of the locker that the partner of {name} uses?", self.codes[locker]

    def _hard(self, name: str) -> bool:
        """Return True where each link from this person on was replaced."""
        if self.size.hops == 3 and name not in self.parted:
            return False
        user = self.partner[name] if self.size.hops == 3 else name
        return user in self.moved and self.changes[self.uses[user]] > 0


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    size = _SIZES[level]

    def make() -> Draft | None:
        notebook = _Notebook(draw, size)
        notebook.begin()
        for _ in range(size.updates):
            notebook.update()
        found = notebook.ask()
        if found is None:
            return None
        asked, code = found
        written = re.findall(r"\d{4}", " ".join(notebook.entries))
        if size.updates and code == written[-1]:
            return None
        text = " ".join(notebook.entries)
        intro = "A notebook; later entries replace earlier ones.\n" if size.updates else ""
        prompt = f"{intro}{text}\n{asked} Answer with only the code."
        codes = tuple(dict.fromkeys(other for other in written if other != code))
        return question(prompt, TextKey(accept=(code,), reject=codes), code, chance=1 / (len(codes) + 1))

    return drawn(make)


NEEDLE = Family(area=Area.CONTEXT, name="needle", generate=_generate)
