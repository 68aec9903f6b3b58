"""Words: an accepted name as whole words among the first of the answer's line, and no other candidate beside it."""

import unicodedata
from collections.abc import Iterator, Sequence

from ..extract import explicit_answers, first_line, plain, shown, window, words
from ..items import Grade, TextKey

_NEGATIONS = frozenset({"not", "never", "isn", "wasn", "aren", "neither", "nor", "without"})
_ARTICLES = frozenset({"t", "the", "a", "an", "in", "called", "named", "is", "at"})
_OR = frozenset({"or", "oder", "ou", "o", "или", "または"})


def grade_text(key: TextKey, text: str) -> Grade:
    """Grade the name that the answer gives; strict where it says nothing else."""
    said = said_line(text)
    if not said:
        return Grade(score=0.0, strict=0.0, extracted="", why="the answer is empty")
    if problem := wrong_because(key, said):
        return Grade(score=0.0, strict=0.0, extracted=shown(said), why=problem)
    return Grade(
        score=1.0, strict=float(is_bare(key.accept, text)), extracted=shown(said), why="names the right answer"
    )


def said_line(text: str) -> str:
    """Return the line that gives the answer: what is marked as the answer, else the first line that says something."""
    return next(iter(explicit_answers(text)), "") or first_line(plain(text))


def wrong_because(key: TextKey, said: str) -> str | None:
    """Return why a line is not the right answer, None where it is."""
    found = words(said)
    near = window(found)
    accepted = [alias for alias in key.accept if next(names(near, words(alias)), None) is not None]
    if not accepted:
        return f"does not name {shown(key.accept[0], 60)}" if key.accept else "no answer would be right"
    aliases = [words(alias) for alias in key.accept]
    others = _uncovered(found, aliases, key.reject)
    if others:
        return f"names {shown(others[0], 60)} as well"
    if _alternatives(near, aliases):
        return "gives the reader a choice"
    return None


def names(found: Sequence[str], alias: Sequence[str]) -> Iterator[int]:
    """Yield the places where the words stand that name the alias, but where the text denies it (`not Paris`)."""
    if not alias:
        return
    for place in range(len(found) - len(alias) + 1):
        if tuple(found[place : place + len(alias)]) == tuple(alias) and not denied(found, place):
            yield place


def denied(found: Sequence[str], place: int) -> bool:
    """Whether a negation stands right before this place, articles apart."""
    for before in range(place - 1, max(-1, place - 4), -1):
        if found[before] in _NEGATIONS:
            return True
        if found[before] not in _ARTICLES:
            return False
    return False


def _uncovered(found: Sequence[str], aliases: Sequence[Sequence[str]], reject: Sequence[str]) -> list[str]:
    """Return the rejected names that stand in the text outside of any accepted one."""
    taken = {place + offset for alias in aliases for place in names(found, alias) for offset in range(len(alias))}
    return [
        name
        for name in reject
        if any(not taken.issuperset(range(place, place + len(words(name)))) for place in names(found, words(name)))
    ]


def _alternatives(found: Sequence[str], aliases: Sequence[Sequence[str]]) -> bool:
    """Whether `or` stands beside the accepted name, with something that is not accepted on its other side."""
    places = {place + offset for alias in aliases for place in names(found, alias) for offset in range(len(alias))}
    for place, word in enumerate(found):
        if word not in _OR or place in places:
            continue
        before, after = place - 1 in places, place + 1 in places
        if before != after and 0 < place < len(found) - 1:
            return True
    return False


def is_bare(accept: Sequence[str], text: str) -> bool:
    """Whether the text is an accepted name and nothing else but a final period."""
    said = text.strip().removesuffix(".")
    return (
        "\n" not in said
        and said == plain(said)
        and words(said) in {words(alias) for alias in accept}
        and unicodedata.category(said[-1])[0] in "LMN"  # words of Indic scripts may end in a mark
    )
