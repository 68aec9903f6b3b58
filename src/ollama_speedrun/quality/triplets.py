"""Triplets for embedding models: a text, its paraphrase, and another text that shares more of its words.

The share of triplets whose paraphrase is nearer (accuracy@1) is the score; a model that guesses gets a half. Anchor and
paraphrase say the same in other words, the distractor says something else in nearly the anchor's words. Levels:

1. the distractor is about other things altogether;
2. the distractor keeps the anchor's sentence, another thing is done;
3. the distractor swaps who does it and to whom;
4. the same names in another language, against the anchor's own with one exchanged (widespread languages);
5. as 4, in the least widespread languages, and the exchanged name is one of five instead of three.
"""

import math
from collections.abc import Sequence

import msgspec

from .draw import Draw
from .items import LEVELS
from .tables.names import names

MOST_TRIPLETS = 200
"""What `triplets` gives at most: a model embeds three texts for each."""

MOST_ASKED = 60
"""Triplets that a model is asked at most in a run: 180 texts, a matter of seconds on most hosts."""

_PEOPLE = (
    ("the doctor", "the physician"),
    ("the teacher", "the schoolmaster"),
    ("the thief", "the robber"),
    ("the child", "the kid"),
    ("the lawyer", "the attorney"),
    ("the writer", "the author"),
    ("the sailor", "the seaman"),
    ("the policeman", "the police officer"),
    ("the cook", "the chef"),
    ("the farmer", "the grower"),
)
_DEEDS = (
    ("called", "phoned"),
    ("helped", "assisted"),
    ("hired", "employed"),
    ("praised", "commended"),
    ("answered", "replied to"),
    ("cheated", "deceived"),
    ("chased", "pursued"),
    ("insulted", "offended"),
)
_TIMES = (
    ("at noon", "at midday"),
    ("every day", "daily"),
    ("twice", "two times"),
    ("in the fall", "in autumn"),
    ("right away", "immediately"),
    ("again and again", "repeatedly"),
)


class Triplet(msgspec.Struct, frozen=True, kw_only=True):
    """Three texts; the anchor means what the paraphrase says, and not what the distractor says."""

    level: int
    anchor: str
    paraphrase: str
    distractor: str


def triplets(seed: int | str, count: int, levels: Sequence[int] = LEVELS) -> tuple[Triplet, ...]:
    """Return up to `count` (at most `MOST_TRIPLETS`) different triplets, the levels in turn; the same for a seed."""
    draw = Draw(f"triplets/{seed}")
    made: dict[Triplet, None] = {}
    for place in range(20 * min(count, MOST_TRIPLETS)):
        if len(made) == min(count, MOST_TRIPLETS):
            break
        level = levels[place % len(levels)]
        made[_names(draw, level) if level >= 4 else _sentences(draw, level)] = None
    return tuple(made)


def accuracy(vectors: Sequence[tuple[Sequence[float], Sequence[float], Sequence[float]]]) -> float | None:
    """Return the share of triplets (anchor, paraphrase, distractor) whose paraphrase is nearer by cosine.

    A tie, a zero vector or one of another length counts as wrong; None without triplets.
    """
    if not vectors:
        return None
    return sum(nearer(*each) for each in vectors) / len(vectors)


def nearer(anchor: Sequence[float], paraphrase: Sequence[float], distractor: Sequence[float]) -> bool:
    """Tell if the anchor's cosine with the paraphrase is greater than with the distractor."""
    right, wrong = _cosine(anchor, paraphrase), _cosine(anchor, distractor)
    return right is not None and wrong is not None and right > wrong


def _cosine(one: Sequence[float], two: Sequence[float]) -> float | None:
    """Return the cosine of the angle between two vectors; None where it has none."""
    size = sum(part * part for part in one) * sum(part * part for part in two)
    if len(one) != len(two) or not 0 < size < float("inf"):
        return None
    return sum(left * right for left, right in zip(one, two, strict=True)) / math.sqrt(size)


def _sentence(who: str, deed: str, whom: str, when: str) -> str:
    return f"{who.capitalize()} {deed} {whom} {when}."


def _sentences(draw: Draw, level: int) -> Triplet:
    """Return sentences of one meaning, and one of another that has most of the anchor's words from level 2 on."""
    who, whom, another, fourth = draw.sample(_PEOPLE, 4)
    deed, other_deed = draw.sample(_DEEDS, 2)
    when, other_time = draw.sample(_TIMES, 2)
    distractor = {
        1: _sentence(another[0], other_deed[0], fourth[0], other_time[0]),
        2: _sentence(who[0], other_deed[0], whom[0], when[0]),
        3: _sentence(whom[0], deed[0], who[0], when[0]),
    }[level]
    return Triplet(
        level=level,
        anchor=_sentence(who[0], deed[0], whom[0], when[0]),
        paraphrase=_sentence(who[1], deed[1], whom[1], when[1]),
        distractor=distractor,
    )


def _words(name: str) -> set[str]:
    return set(name.casefold().replace("-", " ").split())


def _names(draw: Draw, level: int) -> Triplet:
    """Return countries in English and in another language, and in English with one exchanged."""
    table = names()
    tiers = {1, 2, 3} if level == 4 else {4, 5}
    language = table.languages[draw.choice(sorted(code for code, row in table.languages.items() if row.tier in tiers))]
    english = table.english.countries
    differing = [code for code in sorted(english) if not _words(english[code]) & _words(language.countries[code])]
    *kept, last, other = draw.sample(differing, 4 if level == 4 else 6)
    return Triplet(
        level=level,
        anchor=", ".join(english[code] for code in (*kept, last)),
        paraphrase=", ".join(language.countries[code] for code in (*kept, last)),
        distractor=", ".join(english[code] for code in (*kept, other)),
    )
