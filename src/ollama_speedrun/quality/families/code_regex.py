"""Write a regular expression that matches certain texts in full.

A text is described part by part; hidden texts that fit and near misses decide. Level 1 has two parts, level 4 repeated
groups between separators. Level 5 adds two conditions on the whole text, such as that the first letter comes back at
the end or that no two neighbours are equal, which want look-aheads and back-references together with the parts.
"""

import re
import string
from collections.abc import Callable
from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, Need, RegexKey
from .drafting import drawn, listed, question

_TEMPLATES = (
    "Write a Python regular expression that matches a whole text exactly when it consists of {}.",
    "Give one Python regular expression. It must match a text in full if and only if the text consists of {}.",
    "Which Python regular expression matches exactly the texts that consist of {}?",
)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven")
_WORDS = ("cat", "dog", "red", "blue", "north", "south", "id", "ref", "pay", "box", "key", "sun", "tag", "row")
_CLASSES = (
    ("digit", "[0-9]", string.digits),
    ("lower-case letter", "[a-z]", string.ascii_lowercase),
    ("capital letter", "[A-Z]", string.ascii_uppercase),
    ("hexadecimal digit (0-9, a-f)", "[0-9a-f]", "0123456789abcdef"),
    ("vowel (a, e, i, o, u)", "[aeiou]", "aeiou"),
)
_CASES = 8


class _Part(NamedTuple):
    words: str
    pattern: str
    sample: Callable[[Draw], str]


def _run(draw: Draw) -> _Part:
    name, pattern, letters = draw.choice(_CLASSES)
    low = draw.integer(1, 4)
    plural = name.replace("letter", "letters").replace("digit", "digits", 1).replace("vowel", "vowels")
    if draw.chance(0.5):
        words = f"exactly {_NUMBERS[low]} {name if low == 1 else plural}"
        return _Part(words, f"{pattern}{{{low}}}", lambda d: "".join(d.choice(letters) for _ in range(low)))
    high = low + draw.integer(1, 3)
    words = f"{_NUMBERS[low]} to {_NUMBERS[high]} {plural}"
    return _Part(
        words, f"{pattern}{{{low},{high}}}", lambda d: "".join(d.choice(letters) for _ in range(d.integer(low, high)))
    )


def _word(draw: Draw) -> _Part:
    words = draw.sample(_WORDS, draw.integer(2, 3))
    quoted = [f'"{word}"' for word in words]
    return _Part(f"one of {listed(quoted, 'or')}", f"(?:{'|'.join(words)})", lambda d: d.choice(words))


def _mark(draw: Draw) -> _Part:
    mark = draw.choice("-_:/#.+")
    if draw.chance(0.4):
        return _Part(f'an optional "{mark}"', f"{re.escape(mark)}?", lambda d: mark if d.chance(0.5) else "")
    return _Part(f'the character "{mark}"', re.escape(mark), lambda d: mark)  # noqa: ARG005 - a part may draw


def _repeated(draw: Draw) -> _Part:
    part, separator = _run(draw), draw.choice(",;|")
    low = draw.integer(2, 3)
    high = low + draw.integer(1, 2)
    words = f'{_NUMBERS[low]} to {_NUMBERS[high]} groups separated by "{separator}", each group being {part.words}'
    pattern = f"{part.pattern}(?:{re.escape(separator)}{part.pattern}){{{low - 1},{high - 1}}}"
    return _Part(words, pattern, lambda d: separator.join(part.sample(d) for _ in range(d.integer(low, high))))


_CONDITIONS = (
    ("the first and the last character are the same", r"(?=(.).*\1\Z)"),
    ("no two neighbouring characters are the same", r"(?!.*(.)\1)"),
    ('it holds an even number of the character "a" (none is even)', r"(?=(?:[^a]*a[^a]*a)*[^a]*\Z)"),
    ("its length is an odd number", r"(?=.(?:..)*\Z)"),
    ("it holds at least two different digits", r"(?=.*([0-9]).*(?!\1)[0-9])"),
    ("no digit occurs twice", r"(?!.*([0-9]).*\1)"),
)


def _parts(draw: Draw, level: int) -> list[_Part]:
    makers = {
        1: (_run, _run),
        2: (_run, _mark, _run),
        3: (_word, _mark, _run, _run),
        4: (_word, _mark, _repeated, _mark, _run),
        5: (_run, _mark, _repeated, _run),
    }[level]
    return [make(draw) for make in makers]


def _conditions(draw: Draw) -> tuple[tuple[str, ...], str]:
    """Return two conditions in words, and the look-aheads that state them with their groups numbered through."""
    chosen = draw.sample(_CONDITIONS, 2)
    groups, ahead = 0, ""
    for _, pattern in chosen:
        own = re.compile(pattern).groups
        ahead += pattern.replace("\\1", f"\\{groups + 1}") if own else pattern
        groups += own
    return tuple(words for words, _ in chosen), ahead


def _near_miss(draw: Draw, text: str) -> str:
    """Return the text with one character left out, doubled, exchanged, added, or two changed places."""
    place = draw.below(len(text))
    match draw.below(5):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[: place + 1] + text[place:]
        case 2:
            return text[:place] + draw.choice("aZ5-x") + text[place + 1 :]
        case 3:
            return draw.choice((text + draw.choice("0az "), draw.choice("0aZ") + text))
        case _:
            return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    def make() -> Draft | None:
        parts = _parts(draw, level)
        words = ", followed by ".join(part.words for part in parts)
        pattern = "".join(part.pattern for part in parts)
        if level == 5:
            conditions, ahead = _conditions(draw)
            words = f"{words}, under two conditions: {conditions[0]}, and {conditions[1]}"
            pattern = ahead + pattern
        own = re.compile(pattern)  # written here, short, and run on short texts
        samples = ["".join(part.sample(draw) for part in parts) for _ in range(40 * level)]
        match = tuple(dict.fromkeys(text for text in samples if own.fullmatch(text)))[:_CASES]
        if len(match) < _CASES:
            return None
        misses = [text for text in samples if not own.fullmatch(text)][: _CASES // 2]
        misses += [_near_miss(draw, text) for text in match for _ in range(4)]
        reject = tuple(dict.fromkeys(text for text in misses if not own.fullmatch(text)))[: _CASES + 2]
        if len(reject) < _CASES:
            return None
        key = RegexKey(match=match, reject=(*reject, ""))
        return question(
            f"{draw.choice(_TEMPLATES).format(words)} Answer with only the pattern.", key, pattern, max_tokens=120
        )

    return drawn(make)


REGEX = Family(area=Area.CODE, name="regex", generate=_generate, needs=frozenset({Need.SANDBOX}))
