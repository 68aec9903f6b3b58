"""Rules on a text, and the grade of an answer that has to obey several of them at once.

| kind           | holds when                                                               | operands   |
|----------------|--------------------------------------------------------------------------|------------|
| include-words  | each of `words` occurs as a whole word or phrase, in any case            | words      |
| exclude-words  | none of `words` occurs                                                   | words      |
| word-count     | there are `low` to `high` words                                          | low, high  |
| line-count     | there are `low` to `high` lines that are not blank                       | low, high  |
| line-words     | every line has `low` to `high` words                                     | low, high  |
| sentence-count | there are `low` to `high` sentences                                      | low, high  |
| acrostic       | the first letters of the lines spell `text`                              | text       |
| item-count     | the list has `low` to `high` items                                       | low, high  |
| item-words     | every item has `low` to `high` words                                     | low, high  |
| item-letters   | every item has `low` to `high` letters                                   | low, high  |
| initials       | every item starts with one of the letters of `text`                      | text       |
| sorted         | the items are in alphabetical order                                      |            |
| distinct-items | no item occurs twice                                                     |            |
| distinct-words | at least `low` percent of the words differ from each other               | low        |
| not-copied     | at most `high` percent of the runs of three words stand in `text`        | text, high |
| no-new-numbers | every number occurs in `text` as well                                    | text       |
| no-letter      | none of the letters of `text` occurs                                     | text       |
| no-digits      | there is no digit                                                        |            |
| starts-with    | the first words are `text`                                               | text       |
| ends-with      | the last words are `text`                                                | text       |
| all-lowercase  | there is no capital letter                                               |            |
| all-capitals   | there is no small letter                                                 |            |

Items are the lines, or the parts between commas where there is one line only. Case counts in the last two rules only.
An absent `low` or `high` sets no bound.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from ..items import Constraint, ConstraintsKey, Grade

MOST_CHARACTERS = 10_000
"""What is read of an answer; a longer one breaks the rules on length, and the grader's time stays bounded."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”\u2019)\]*]*+(?=\s|$)|\n[ \t]*\n")
_MARKER = re.compile(r"^\s*(?:>\s+)*(?:[-*•+–]\s+|\(?\d{1,3}[.):]\s+|#{1,6}\s+)?")
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,3}|`)(?=\S)(.{1,300}?)(?<=\S)\1")
_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_PREAMBLE = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|absolutely|here(?:['\u2019]s| is| are)|answer)\b", re.IGNORECASE
)
_COUNTED = re.compile(r"[(\[](?:word count|total)?:? ?\d{1,4}(?: words)?[)\]]\.?$", re.IGNORECASE)
_AFTERWORD = re.compile(
    r"^\(?\**(?:note|word count|total|let me know|i hope|i have|this (?:text|sentence|poem|list|acrostic|meets)|"
    r"these (?:words|items|lines)|feel free|each (?:line|item|word)|the (?:first letters|list|text|words)|\d+ words)\b",
    re.IGNORECASE,
)
_SPELLED = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_SPELLED, start=2)}
_QUOTES = {'"': '"', "'": "'", "“": "”", "\u2018": "\u2019", "«": "»"}


def words(text: str) -> list[str]:
    """Return the words of the text in lower case; a hyphen or an apostrophe inside a word does not part it."""
    return [word.replace("\u2019", "'") for word in _WORD.findall(_fold(text))]


def lines(text: str) -> list[str]:
    """Return the lines that are not blank, without blanks around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def items(text: str) -> list[str]:
    """Return the items of a list: its lines, or what commas or semicolons part where there is one line only."""
    found = lines(text)
    if len(found) == 1:
        *most, last = re.split(r"[,;]", " ".join(found[0].split()))
        found = [*most, *last.removeprefix(" and ").split(" and ")] if most else [last]
    return [item for item in (part.strip(" .,;") for part in found) if item]


def sentences(text: str) -> list[str]:
    """Return the sentences: what `.`, `!`, `?` or a blank line ends; a part without a word is none."""
    return [part for part in _SENTENCE_END.split(text) if _WORD.search(part)]


def check(constraint: Constraint, text: str) -> str | None:
    """Return None where the rule holds, else one clause that says why not; no text makes it raise.

    A kind that does not exist never holds.
    """
    if (rule := RULES.get(constraint.kind)) is None:
        return f"there is no rule {constraint.kind!r}"
    return rule.check(constraint, text[:MOST_CHARACTERS])


def problem(constraint: Constraint) -> str | None:
    """Return what is wrong with the rule itself (its kind, a missing operand), None for a rule that can be checked."""
    if (rule := RULES.get(constraint.kind)) is None:
        return f"there is no rule {constraint.kind!r}; the rules are {', '.join(RULES)}"
    given = {
        "words": any(map(_WORD.search, constraint.words)),
        "text": bool(constraint.text.strip()),
        "low": constraint.low is not None,
        "high": constraint.high is not None,
        "low or high": constraint.low is not None or constraint.high is not None,
    }
    if missing := [operand for operand in rule.operands if not given[operand]]:
        return f"{constraint.kind} needs {missing[0]}"
    if constraint.low is not None and constraint.high is not None and constraint.low > constraint.high:
        return f"{constraint.kind}: low {constraint.low} is above high {constraint.high}"
    return None


def grade_constraints(key: ConstraintsKey, text: str) -> Grade:
    """Return 1 where every rule holds for the answer as it stands, or without what is wrapped around it.

    `strict` forgives nothing; `score` a sentence before or after the text, a fence, quotes, emphasis and list markers.
    An answer without a word is wrong under any rules.
    """
    read = text[:MOST_CHARACTERS].strip()
    bare = unwrap(read)
    why = broken(key.constraints, bare)
    strict = not why and bare == read
    if why and not broken(key.constraints, read):
        why, bare = [], read
    return Grade(
        score=float(not why),
        strict=float(strict),
        extracted=bare[:500],
        why="; ".join(why[:3]) or "every rule holds",
    )


def broken(constraints: Sequence[Constraint], text: str) -> list[str]:
    """Return why each rule that does not hold is broken, in the order of the rules."""
    if not _WORD.search(text):
        return ["there is no text"]
    return [why for rule in constraints if (why := check(rule, text)) is not None]


def unwrap(text: str) -> str:
    """Return the text without a fence, a sentence before or after it, quotes, emphasis and list markers."""
    fence = _FENCE.search(text)
    inner = fence[1] if fence is not None and _WORD.search(fence[1]) else text
    kept = [_EMPHASIS.sub(r"\2", _MARKER.sub("", line)).strip() for line in inner.splitlines()]
    kept = _without_afterword(_without_preamble(kept))
    return _unquoted(_COUNTED.sub("", "\n".join(kept).strip()).strip())


def _without_preamble(kept: list[str]) -> list[str]:
    """Drop a first line such as `Here is a list:` where more follows; on a single line, drop the part to its colon."""
    filled = [place for place, line in enumerate(kept) if line]
    if not filled:
        return kept
    first, rest = kept[filled[0]], kept[filled[0] + 1 :]
    known = _PREAMBLE.match(first) is not None
    if len(filled) > 1 and (first.endswith(":") or (known and first.endswith((".", "!")))):
        return rest
    _, colon, tail = first.partition(":")
    return [tail.strip(), *rest] if known and colon and tail.strip() else kept


def _without_afterword(kept: list[str]) -> list[str]:
    """Drop what follows a blank line and speaks of the answer: `(Word count: 18)`, `Let me know …`."""
    end = len(kept)
    for place in range(len(kept) - 1, 0, -1):
        if not kept[place - 1] and _AFTERWORD.match(kept[place]):
            end = place - 1
    return kept[:end]


def _unquoted(text: str) -> str:
    """Drop quotes around the whole text."""
    if len(text) > 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        return text[1:-1].strip()
    return text


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).casefold()[: 2 * MOST_CHARACTERS]
    return "".join(character for character in folded if not unicodedata.category(character).startswith("M"))


def _plain(phrase: str) -> str:
    return " ".join(words(phrase))


def _holds_phrase(text: str, phrase: str) -> bool:
    """Tell that the words of the phrase follow each other in the text; parts of hyphenated words and `'s` count too."""
    parts = re.findall(r"[^\W_]+", _fold(text))
    wanted = re.findall(r"[^\W_]+", _fold(phrase))
    return bool(wanted) and any(
        parts[place : place + len(wanted)] == wanted for place in range(len(parts) - len(wanted) + 1)
    )


def _bounds(rule: Constraint) -> str:
    if rule.low == rule.high:
        return f"{rule.low}"
    if rule.high is None:
        return f"at least {rule.low}"
    return f"at most {rule.high}" if rule.low is None else f"{rule.low} to {rule.high}"


def _within(rule: Constraint, value: int) -> bool:
    return (rule.low is None or value >= rule.low) and (rule.high is None or value <= rule.high)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _count(of: Callable[[str], Sequence[str]], name: str) -> Callable[[Constraint, str], str | None]:
    def rule(constraint: Constraint, text: str) -> str | None:
        found = len(of(text))
        return None if _within(constraint, found) else f"{found} {name} instead of {_bounds(constraint)}"

    return rule


def _each(
    parts: Callable[[str], Sequence[str]], size: Callable[[str], int], name: str
) -> Callable[[Constraint, str], str | None]:
    def rule(constraint: Constraint, text: str) -> str | None:
        for part in parts(text):
            if not _within(constraint, size(part)):
                return f"{_quoted(part)} has {size(part)} {name} instead of {_bounds(constraint)}"
        return None

    return rule


def _letters(text: str) -> int:
    return sum(character.isalpha() for character in text)


def _include(rule: Constraint, text: str) -> str | None:
    missing = [word for word in rule.words if not _holds_phrase(text, word)]
    return f"{_quoted(missing[0])} is missing" if missing else None


def _exclude(rule: Constraint, text: str) -> str | None:
    used = [word for word in rule.words if _holds_phrase(text, word)]
    return f"{_quoted(used[0])} is not allowed" if used else None


def _initial(text: str) -> str:
    return next((character for character in _fold(text) if character.isalpha()), "")


def _acrostic(rule: Constraint, text: str) -> str | None:
    spelled = "".join(_initial(line) for line in lines(text))
    return None if spelled == _fold(rule.text) else f"the first letters are {_quoted(spelled.upper())}"


def _initials(rule: Constraint, text: str) -> str | None:
    for item in items(text):
        if not (initial := _initial(item)) or initial not in _fold(rule.text):
            return f"{_quoted(item)} does not start with {' or '.join(rule.text)}"
    return None


def _sorted(_: Constraint, text: str) -> str | None:
    plain = [_plain(item) for item in items(text)]
    for first, second in pairwise(plain):
        if first > second:
            return f"{_quoted(second)} stands after {_quoted(first)}"
    return None


def _distinct_items(_: Constraint, text: str) -> str | None:
    plain = [_plain(item) for item in items(text)]
    twice = next((item for item, count in Counter(plain).items() if count > 1), None)
    return None if twice is None else f"{_quoted(twice)} occurs twice"


def _distinct_words(rule: Constraint, text: str) -> str | None:
    found = words(text)
    share = 100 * len(set(found)) // max(1, len(found))
    return None if _within(rule, share) else f"only {share} % of the words are distinct"


def _runs(text: str, length: int = 3) -> list[tuple[str, ...]]:
    found = words(text)
    return [tuple(found[place : place + length]) for place in range(len(found) - length + 1)]


def _not_copied(rule: Constraint, text: str) -> str | None:
    runs, source = _runs(text), set(_runs(rule.text))
    share = 100 * sum(run in source for run in runs) // max(1, len(runs))
    return None if _within(rule, share) else f"{share} % of the text is copied"


def _numbers(text: str) -> list[str]:
    digits = [found.replace(",", "") for found in _NUMBER.findall(_fold(text))]
    return digits + [_NUMBER_WORDS[word] for word in words(text) if word in _NUMBER_WORDS]


def _no_new_numbers(rule: Constraint, text: str) -> str | None:
    known = set(_numbers(rule.text))
    new = [number for number in _numbers(text) if number not in known]
    return f"the number {new[0]} is not in the source" if new else None


def _no_letter(rule: Constraint, text: str) -> str | None:
    folded = unicodedata.normalize("NFKD", _fold(text))  # "é" counts as "e"
    used = [letter for letter in _fold(rule.text) if letter in folded]
    if not used:
        return None
    culprit = next((word for word in words(text) if used[0] in unicodedata.normalize("NFKD", word)), text)
    return f"the letter {used[0]} occurs in {_quoted(culprit)}"


def _no_digits(_: Constraint, text: str) -> str | None:
    return "there is a digit" if any(character.isdigit() for character in text) else None


def _starts(rule: Constraint, text: str) -> str | None:
    wanted = words(rule.text)
    return None if words(text)[: len(wanted)] == wanted else f"does not start with {_quoted(rule.text)}"


def _ends(rule: Constraint, text: str) -> str | None:
    wanted = words(rule.text)
    return None if not wanted or words(text)[-len(wanted) :] == wanted else f"does not end with {_quoted(rule.text)}"


def _lowercase(_: Constraint, text: str) -> str | None:
    capital = next((word for word in text.split() if any(map(str.isupper, word))), None)
    return f"{_quoted(capital)} has a capital letter" if capital else None


def _capitals(_: Constraint, text: str) -> str | None:
    small = next((word for word in text.split() if any(map(str.islower, word))), None)
    return f"{_quoted(small)} has a small letter" if small else None


class Rule(NamedTuple):
    """How a kind of rule is checked, and the operands that it cannot do without."""

    check: Callable[[Constraint, str], str | None]
    operands: tuple[Literal["words", "text", "low", "high", "low or high"], ...] = ()


RULES: dict[str, Rule] = {
    "include-words": Rule(_include, ("words",)),
    "exclude-words": Rule(_exclude, ("words",)),
    "word-count": Rule(_count(words, "words"), ("low or high",)),
    "line-count": Rule(_count(lines, "lines"), ("low or high",)),
    "line-words": Rule(_each(lines, lambda line: len(words(line)), "words"), ("low or high",)),
    "sentence-count": Rule(_count(sentences, "sentences"), ("low or high",)),
    "acrostic": Rule(_acrostic, ("text",)),
    "item-count": Rule(_count(items, "items"), ("low or high",)),
    "item-words": Rule(_each(items, lambda item: len(words(item)), "words"), ("low or high",)),
    "item-letters": Rule(_each(items, _letters, "letters"), ("low or high",)),
    "initials": Rule(_initials, ("text",)),
    "sorted": Rule(_sorted),
    "distinct-items": Rule(_distinct_items),
    "distinct-words": Rule(_distinct_words, ("low",)),
    "not-copied": Rule(_not_copied, ("text", "high")),
    "no-new-numbers": Rule(_no_new_numbers, ("text",)),
    "no-letter": Rule(_no_letter, ("text",)),
    "no-digits": Rule(_no_digits),
    "starts-with": Rule(_starts, ("text",)),
    "ends-with": Rule(_ends, ("text",)),
    "all-lowercase": Rule(_lowercase),
    "all-capitals": Rule(_capitals),
}
"""Each kind of rule with its check."""
