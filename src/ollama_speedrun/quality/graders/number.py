"""Numbers: one distinct number is the answer; else the marked one; else the last after `=` or `is`; else the last."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import gcd

import msgspec

from ..extract import explicit_answers, first_line, fold_digits, plain, shown
from ..items import Grade, NumberKey

_RUN = re.compile(r"[0-9](?:[0-9.,'’_\u00a0\u2009\u202f]{0,200}[0-9])?")
_DIGITS = re.compile(r"[0-9]{1,80}")
_SHAPES = (
    (re.compile(r"[0-9]{1,80}"), "", "."),
    (re.compile(r"[0-9]{1,80}\.[0-9]{1,80}"), "", "."),
    (re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]{1,80})?"), ",", "."),
    (re.compile(r"[1-9][0-9]{0,1}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]{1,80})?"), ",", "."),
    (
        re.compile(r"[1-9][0-9]{0,2}(?:['’_\u00a0\u2009\u202f][0-9]{3})+(?:[.,][0-9]{1,80})?"),
        "'’_\u00a0\u2009\u202f",
        ",",
    ),
    (re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]{1,80}"), ".", ","),
    (re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}"), ".", ","),
    (re.compile(r"[0-9]{1,80},[0-9]{1,80}"), "", ","),
)
"""Ways to write a number: the shape, the separators of thousands in it, and its decimal mark; the first that fits."""

_EXPONENT = re.compile(
    r"[eE]([+-]?[0-9]{1,2})(?![\w.])"
    r"|\s?[×x*·]\s?10\s?(?:(?:\^|\*\*)\s?\{?([+-]?[0-9]{1,2})\}?|(⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))"
)
_SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_DENOMINATOR = re.compile(r"\s?[/⁄]\s?([0-9]{1,20})(?![0-9./⁄])")
_SPACED = re.compile(r"[-+]?[1-9][0-9]{0,2}(?: [0-9]{3})+(?:[.,][0-9]{1,20})?")
_NEGATIVE = re.compile(r"(?:\bminus|\bnegative|=\s?-|\bis -)\s\Z", re.IGNORECASE)
_RELATION = re.compile(r"[=≈]|\bis\b|\bare\b", re.IGNORECASE)
_POWER = frozenset("^⁰¹²³⁴⁵⁶⁷⁸⁹")
_DENIED = re.compile(r"\bnot\s{1,3}\Z", re.IGNORECASE)
_EXPLANATION = re.compile(
    r"\s?(?:[^\W\d_]{1,12})?[.,]?\s?(?:\([^()]{1,400}\)\.?\Z|\b(?:because|since)\b)", re.IGNORECASE
)
_CALCULATION = re.compile(r"[0-9\s.,+*×÷/·-]+")
_NEAR = 60

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_UNITS = {name: value for value, name in enumerate(_SMALL.split())}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMBER_WORD = "|".join((*_UNITS, *_TENS, "hundred", "thousand"))
_IN_WORDS = re.compile(rf"\b(?:{_NUMBER_WORD})(?:[\s-](?:and\s)?(?:{_NUMBER_WORD})){{0,8}}\b")


class Found(msgspec.Struct, frozen=True):
    """A number in a text: its exact value and the place where it stands."""

    value: Fraction
    start: int
    end: int


def grade_number(key: NumberKey, text: str) -> Grade:
    """Grade the number that the answer gives; strict where it says nothing else."""
    wanted, tolerance = Fraction(key.value), Fraction(key.tolerance)
    found = chosen_number(text)
    if found is None:
        return Grade(score=0.0, strict=0.0, extracted="", why="the answer gives no number")
    value, said = found
    if abs(value - wanted) > tolerance:
        return Grade(score=0.0, strict=0.0, extracted=shown(said), why=f"the answer is {key.value}")
    return Grade(score=1.0, strict=float(_is_bare(text)), extracted=shown(said), why=f"the number is {key.value}")


def chosen_number(text: str) -> tuple[Fraction, str] | None:
    """Return the number that the text gives for its answer, and how it is written there; None for no number."""
    clean = _readable(plain(text))
    if _SPACED.fullmatch(clean.rstrip(".")):
        clean = clean.replace(" ", "")
    found = _meant(clean)
    if not found:
        return _in_words(clean)
    if len({number.value for number in found}) == 1:
        return _said(clean, found[0])
    for marked in explicit_answers(text):
        segment = _readable(marked)
        if len(numbers_in(segment)) > 1 and _CALCULATION.fullmatch(segment):
            continue  # the result stands below
        if inside := _meant(segment):
            return _said(segment, _of_segment(segment, inside))
    if alone := _alone(text):
        return alone
    return _said(clean, _after_relation(clean, found) or _explained(clean, found[0]) or found[-1])


def _meant(text: str) -> tuple[Found, ...]:
    """Return the numbers of a text but those that it denies (`not 43`); all where it denies all."""
    found = numbers_in(text)
    return (
        tuple(number for number in found if not _DENIED.search(text[max(0, number.start - 8) : number.start])) or found
    )


def _explained(text: str, first: Found) -> Found | None:
    """Return the number that the text begins with, where all that follows explains it: `42 (17 + 25)`."""
    return first if first.start == 0 and _EXPLANATION.match(text, first.end) else None


def _said(text: str, number: Found) -> tuple[Fraction, str]:
    return number.value, text[number.start : number.end]


def _readable(text: str) -> str:
    """Return the text with ASCII digits and signs, and vulgar fractions as `a/b`."""
    text = fold_digits(text)
    return text if text.isascii() else "".join(_vulgar(char) for char in text)


def _vulgar(char: str) -> str:
    if char >= "\x80" and "FRACTION" in unicodedata.name(char, ""):
        return f" {unicodedata.normalize('NFKC', char)}"
    return char


def _of_segment(segment: str, inside: Sequence[Found]) -> Found:
    """Return the number of a marked answer: the last result of a calculation in it, else the first number."""
    end = _SENTENCE_END.search(segment, inside[0].end)
    equals = segment.rfind("=", 0, end.start() if end else len(segment))
    return next((number for number in inside if number.start > equals >= 0), inside[0])


def _alone(text: str) -> tuple[Fraction, str] | None:
    """Return the number that is the whole first line, else the one that is the whole last line.

    Where the second line is a number as well, the text is a sum written in a column, and its last line counts.
    """
    lines = [plain(line) for line in plain(text).splitlines() if line.strip()]
    order = [plain(first_line(text)), *lines[-1:]]
    if len(lines) > 2 and _is_bare(lines[1]):
        order.reverse()
    for line in order:
        if _is_bare(line):
            clean = _readable(line)
            return _said(clean, numbers_in(clean)[0])
    return None


def _after_relation(text: str, found: Sequence[Found]) -> Found | None:
    """Return the number closest behind the last `=`, `is` or `are` that has one near it on its line."""
    place = len(found)
    for relation in reversed(list(_RELATION.finditer(text))):
        while place and found[place - 1].start >= relation.end():
            place -= 1
        if place < len(found):
            number = found[place]
            between = text[relation.end() : number.start]
            if len(between) <= _NEAR and "\n" not in between:
                return number
    return None


def _is_bare(text: str) -> bool:
    """Whether the text is one number and nothing else but a final period."""
    clean = _readable(text.strip())
    found = numbers_in(clean)
    return len(found) == 1 and found[0].start == 0 and clean[found[0].end :] in ("", ".")


def numbers_in(text: str) -> tuple[Found, ...]:
    """Return the numbers of a text with ASCII digits, in order; digits that belong to a name (`x2`, `A42`) are none."""
    found: list[Found] = []
    place = 0
    while run := _RUN.search(text, place):
        place = run.end()
        if _is_label(text, run.start()):
            continue
        for start, end, value in _split(run):
            number = _complete(text, start, end, value)
            if number is not None:
                found.append(number)
                place = max(place, number.end)
    return tuple(found)


def _is_label(text: str, start: int) -> bool:
    before = text[start - 1 : start]
    return before == "_" or (before.isalpha() and before < "\u0530") or before == "^"


def _split(run: re.Match[str]) -> Iterator[tuple[int, int, Fraction]]:
    """Yield start, end and value of the number that the run of digits and separators is, else of each run of digits."""
    if (value := _value(run[0])) is not None:
        yield run.start(), run.end(), value
        return
    for digits in _DIGITS.finditer(run[0]):
        yield run.start() + digits.start(), run.start() + digits.end(), Fraction(digits[0])


def _value(written: str) -> Fraction | None:
    for shape, thousands, decimal in _SHAPES:
        if shape.fullmatch(written):
            for mark in thousands:
                written = written.replace(mark, "")
            return Fraction(written.replace(decimal, "."))
    return None


def _complete(text: str, start: int, end: int, value: Fraction) -> Found | None:
    """Return the number with its sign, exponent and denominator; None for the base of a power."""
    exponent = _EXPONENT.match(text, end)
    if exponent:
        value *= Fraction(10) ** int(next(filter(None, exponent.groups())).translate(_SUPERSCRIPT))
        end = exponent.end()
    elif text[end : end + 1] in _POWER and end < len(text):
        return None
    elif (
        (below := _DENOMINATOR.match(text, end))
        and value.denominator == 1
        and text[start - 1 : start] not in ("/", "⁄")
    ):
        ratio = _reduced(value.numerator, int(below[1]))
        if ratio is not None:
            value, end = ratio, below.end()
    begin = start
    before = text[max(0, start - 12) : start]
    if before.endswith(("-", "+")) and not before[-2:-1].isalnum() and before[-2:-1] not in (")", "]"):
        begin = start - 1
        value = -value if before.endswith("-") else value
    elif sign := _NEGATIVE.search(before):
        begin = start - (len(before) - sign.start())
        value = -value
    return Found(value, begin, end)


def _reduced(above: int, below: int) -> Fraction | None:
    """Return the fraction where it is in lowest terms; one that is not is a division that was left undone."""
    return Fraction(above, below) if below > 1 and gcd(above, below) == 1 else None


def _in_words(text: str) -> tuple[Fraction, str] | None:
    """Return the value of the one English number word (up to thousands) of a text without digits."""
    runs = [run[0] for run in _IN_WORDS.finditer(text.lower()[:2000])]
    values = {_spelled(run) for run in runs}
    if len(values) > 1:
        values -= {1}
    if len(values) != 1 or (values == {1} and len(text.split()) > 6):
        return None
    value = Fraction(values.pop())
    return (-value if re.search(r"\b(?:minus|negative)\b", text, re.IGNORECASE) else value), runs[-1]


def _spelled(run: str) -> int:
    total = part = 0
    for word in re.split(r"[\s-]+", run):
        if word == "hundred":
            part = max(part, 1) * 100
        elif word == "thousand":
            total, part = total + max(part, 1) * 1000, 0
        else:
            part += _UNITS.get(word, 0) + _TENS.get(word, 0)
    return total + part
