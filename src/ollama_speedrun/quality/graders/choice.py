"""One of several options: exactly one is named, or one is marked as the answer; contradictions fail."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ..extract import explicit_answers, fold, plain, shown, words
from ..items import ChoiceKey, Grade
from .text import denied, is_bare

_ByFirstWord: TypeAlias = dict[str, list[tuple[tuple[str, ...], str]]]
"""The options and their words by the first of these, the longest before the others."""

_SENTENCE = re.compile(r"[.!?;:\n]+")
_DETERMINERS = frozenset({"no"})
"""Options that are also common words: they count at the start of a sentence or before punctuation only."""


def grade_choice(key: ChoiceKey, text: str) -> Grade:
    """Grade the option that the answer names; strict where it says nothing else."""
    chosen = chosen_options(key.options, text)
    said = ", ".join(sorted(chosen))
    if len(chosen) != 1:
        why = "names no option" if not chosen else "names several options"
        return Grade(score=0.0, strict=0.0, extracted=shown(said), why=why)
    if key.answer not in chosen:
        return Grade(score=0.0, strict=0.0, extracted=shown(said), why=f"the answer is {shown(key.answer, 60)}")
    return Grade(
        score=1.0, strict=float(is_bare((key.answer,), text)), extracted=shown(said), why="names the right option"
    )


def chosen_options(options: Sequence[str], text: str) -> frozenset[str]:
    """Return the options that the answer gives: marked, else alone on a line, else named anywhere."""
    marked = [named for line in explicit_answers(text) if (named := named_options(options, line))]
    if marked:
        return frozenset().union(*marked)
    clean = plain(text)
    by_words = {words(option): option for option in options}
    alone = {by_words[said] for line in clean.splitlines() if (said := words(line[:200])) in by_words}
    return frozenset(alone) or named_options(options, clean)


def named_options(options: Sequence[str], text: str) -> frozenset[str]:
    """Return the options that stand in the text as whole words; of two that overlap the longer one counts."""
    by_first: _ByFirstWord = {}
    for alias, option in sorted(((words(option), option) for option in options), key=lambda pair: -len(pair[0])):
        if alias:
            by_first.setdefault(alias[0], []).append((alias, option))
    return frozenset(option for sentence in _sentences(text) for option in _of_sentence(by_first, sentence))


def _sentences(text: str) -> Iterator[str]:
    return (sentence for sentence in _SENTENCE.split(text) if sentence.strip())


def _of_sentence(by_first: _ByFirstWord, sentence: str) -> Iterator[str]:
    found = words(sentence)
    place = 0
    while place < len(found):
        alias, option = next(
            (pair for pair in by_first.get(found[place], ()) if found[place : place + len(pair[0])] == pair[0]),
            ((), ""),
        )
        if alias and not denied(found, place) and _is_meant(sentence, found, place, option):
            yield option
        place += max(1, len(alias))


def _is_meant(sentence: str, found: Sequence[str], place: int, option: str) -> bool:
    """Whether a word that is an option stands for it: not `no` before a noun, not the article `a`."""
    if len(option) == 1 and option.isalpha():
        return len(found) == 1 or bool(
            re.search(
                rf"(?<![\w'’]){re.escape(option)}(?![\w'’])(?!\s+[a-z])|[(\[\"']{re.escape(option)}[)\]\"']", sentence
            )
        )
    if fold(option) in _DETERMINERS and place:
        return bool(re.search(rf"\b{re.escape(option)}\b\s*(?:[,)\]\"'—–-]|$)", sentence, re.IGNORECASE))
    return True
