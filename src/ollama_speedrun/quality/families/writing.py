"""Texts that obey rules: sentences with given words, acrostics, ordered lists, texts without a letter.

This measures control over a text, not its beauty. All rules of an item must hold. From level to level there are more
rules, they bind each other (an exact length, no letter e, a last word), and the room that they leave gets smaller;
level 5 asks for five at once. The answer of the oracle is built by construction from our own word lists.
"""

import itertools
from collections.abc import Sequence

from ..draw import Draw
from ..items import Answer, Area, Constraint, ConstraintsKey, Draft, Family, Message
from .vocabulary import (
    ADJECTIVES,
    ADVERBS,
    DETERMINERS,
    HIDDEN,
    INTRANSITIVE,
    LISTED,
    NOUNS,
    PLURALS,
    PREPOSITIONS,
    TOPICS,
    VERBS,
)

_ENGLISH = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_LISTABLE = tuple(dict.fromkeys((*LISTED, *NOUNS, *ADJECTIVES)))
_ONLY_TEXT = ("Answer with only the text.", "Reply with the text alone.", "Write nothing else.")
_ONLY_LIST = ("One word a line, nothing else.", "Put each word on its own line and write nothing else.")


def sentence(draw: Draw, nouns: Sequence[str], length: int, without: str = "") -> list[str]:
    """Return the words of a sentence of this length about the nouns, without the letters; ValueError if impossible.

    A sentence about n nouns has 3n−1 to 5n−1 words; further nouns are drawn where there are fewer than two or the
    sentence gets longer.
    """

    def free(table: Sequence[str]) -> list[str]:
        return [word for word in table if not set(word) & set(without)]

    phrases = next(count for count in range(max(2, len(nouns)), length) if length <= 5 * count - 1)
    extra = length - (3 * phrases - 1)
    if extra < 0:
        raise ValueError(f"no sentence of {length} words has {phrases} noun phrases")
    spare = [noun for noun in free(NOUNS) if noun not in nouns]
    heads = draw.shuffled([*nouns, *draw.sample(spare, phrases - len(nouns))])
    adjectives = iter(draw.sample(free(ADJECTIVES), extra))
    determiners = draw.shuffled(free(DETERMINERS)) * phrases
    links = (draw.choice(free(VERBS)), *draw.sample(free(PREPOSITIONS), phrases - 2))
    built: list[str] = []
    for place, head in enumerate(heads):
        built += [links[place - 1]] if place else []
        share = extra // phrases + (place < extra % phrases)
        built += [determiners[place], *itertools.islice(adjectives, share), head]
    return built


def _text(parts: Sequence[str]) -> str:
    return f"{parts[0].capitalize()} {' '.join(parts[1:])}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _draft(prompt: str, rules: Sequence[Constraint], oracle: str, max_tokens: int) -> Draft:
    return Draft(
        messages=(Message(role="user", content=prompt),),
        key=ConstraintsKey(constraints=tuple(rules)),
        oracle=(Answer(content=oracle),),
        max_tokens=max_tokens,
    )


def _own_text(prompt: str) -> tuple[Constraint, ...]:
    """Return the rules that hold for every text: words that differ, and nothing copied from the prompt."""
    return (
        Constraint(kind="distinct-words", low=50),
        Constraint(kind="not-copied", text=prompt, high=40),
    )


def _include(draw: Draw, level: int, _: bool) -> Draft:
    """Write sentences with given words: more of them, a narrower range, two sentences, an exact length, a last word."""
    count, sentences, slack = ((1, 1, 8), (2, 1, 5), (3, 1, 4), (4, 2, 2), (5, 2, 0))[level - 1]
    nouns = draw.sample(NOUNS, count)
    halves = [nouns] if sentences == 1 else [nouns[: (count + 1) // 2], nouns[(count + 1) // 2 :]]
    lengths = [draw.integer(max(3 * max(2, len(half)) - 1, 6), 5 * max(2, len(half)) - 2) for half in halves]
    parts = [sentence(draw, half, length) for half, length in zip(halves, lengths, strict=True)]
    total = sum(lengths)
    low = max(4, total - draw.integer(0, slack))
    high = low + slack
    oracle = " ".join(map(_text, parts))
    rules = [
        Constraint(kind="include-words", words=nouns),
        Constraint(kind="word-count", low=low, high=high),
        Constraint(kind="sentence-count", low=sentences, high=sentences),
    ]
    exactly = f"exactly {low} words" if low == high else f"{low} to {high} words"
    names = _listed(nouns)
    ending = ""
    if level == 5:
        last = parts[-1][-1]
        rules.append(Constraint(kind="ends-with", text=last))
        ending = f" The last word must be {last}."
    the_words = f"the word {names}" if count == 1 else f"the words {names}"
    what = f"one sentence of {exactly}" if sentences == 1 else f"{_ENGLISH[sentences]} sentences, together {exactly}"
    prompt = draw.choice((f"Write {what}. Use {the_words}.", f"Use {the_words} in {what}."))
    prompt = f"{prompt}{ending} {draw.choice(_ONLY_TEXT)}"
    return _draft(prompt, [*rules, *_own_text(prompt)], oracle, 90)


def _acrostic(draw: Draw, level: int, _: bool) -> Draft:
    """Write lines whose first letters spell a word: longer words, lines of a bounded, then of an exact length."""
    letters = ((3, 3), (4, 4), (5, 5), (6, 6), (7, 8))[level - 1]
    hidden = draw.choice([word for word in HIDDEN if letters[0] <= len(word) <= letters[1]])
    topic = draw.choice(TOPICS)
    low, high = ((2, 8), (2, 8), (3, 6), (4, 5), (4, 4))[level - 1]
    size = draw.integer(max(3, low), min(5, high))
    used: list[str] = [hidden]
    plurals = iter(draw.sample(PLURALS, len(hidden)))
    verbs = iter(draw.sample(INTRANSITIVE, len(hidden)))
    adverbs = iter(draw.sample(ADVERBS, 2 * len(hidden)))
    rows: list[str] = []
    for letter in hidden:
        first = draw.choice([word for word in ADJECTIVES if word[0] == letter and word not in used])
        used.append(first)
        row = [first.capitalize(), next(plurals), next(verbs), next(adverbs), next(adverbs)]
        rows.append(" ".join(row[:size]))
    rules = [
        Constraint(kind="acrostic", text=hidden),
        Constraint(kind="line-words", low=low, high=high),
    ]
    extra = ""
    if level >= 4:
        needed = draw.choice(rows).split()[1]
        rules.append(Constraint(kind="include-words", words=(needed,)))
        extra = f" Use the word {needed}."
    if level == 5:
        rules.append(Constraint(kind="exclude-words", words=("the", "a", "and")))
        extra += " Do not use the words the, a or and."
    exactly = f"exactly {low}" if low == high else f"{low} to {high}"
    name = hidden.upper()
    number = _ENGLISH[len(hidden)]
    poem = (
        f"Write an acrostic of the word {name} about {topic}: {number} lines of {exactly} words, "
        f"where the first letters of the lines spell {name}."
    )
    lines = (
        f"Write {number} lines about {topic}. Read from top to bottom, their first letters must spell {name}. "
        f"Each line has {exactly} words."
    )
    prompt = draw.choice((poem, lines))
    prompt = f"{prompt}{extra} {draw.choice(_ONLY_TEXT)}"
    return _draft(prompt, [*rules, *_own_text(prompt)], "\n".join(rows), 120)


def _list(draw: Draw, level: int, _: bool) -> Draft:
    """List words: with an initial, in order, then both; at last with an exact length and without a letter."""
    count = (3, 4, 5, 6, 6)[level - 1]
    table: list[str] = []
    letters, without = _ALPHABET, ""
    shortest, longest = (3, 3, 3, 6, 5)[level - 1], None
    while len(table) < count:
        if level != 2:
            letters = "".join(sorted(draw.sample("abcdefghlmnprstw", 2 if level == 4 else 1)))
        if level == 5:
            without, shortest = draw.choice("aeior"), draw.integer(5, 6)
            longest = shortest
        table = [
            word
            for word in _LISTABLE
            if word[0] in letters and shortest <= len(word) <= (longest or 99) and not set(word) & set(without)
        ]
    chosen = draw.sample(table, count)
    rules = [
        Constraint(kind="item-count", low=count, high=count),
        Constraint(kind="item-words", low=1, high=1),
        Constraint(kind="item-letters", low=shortest, high=longest),
        Constraint(kind="distinct-items"),
        Constraint(kind="include-words", words=chosen[:1]),
    ]
    asked = []
    if level != 2:
        rules.append(Constraint(kind="initials", text=letters))
        asked.append(f"that start with {' or '.join(letters.upper())}")
    if level >= 2:
        rules.append(Constraint(kind="sorted"))
        asked.append("in alphabetical order")
    if level == 4:
        asked.append(f"each of {_ENGLISH[shortest]} letters or more")
    if level == 5:
        rules.append(Constraint(kind="no-letter", text=without))
        asked.append(f"each of exactly {_ENGLISH[shortest]} letters and without the letter {without}")
    prompt = (
        f"{draw.choice(('Write', 'Give', 'Make'))} a list of {_ENGLISH[count]} different words {', '.join(asked)}. "
        f"One of them must be {chosen[0]}. {draw.choice(_ONLY_LIST)}"
    )
    return _draft(prompt, rules, "\n".join(sorted(chosen) if level >= 2 else chosen), 60)


_FORBIDDEN = (
    ("k", "v", "j", "w", "p"),
    ("f", "y", "g", "b", "c"),
    ("m", "u", "d", "l"),
    ("a", "i", "s", "o"),
    ("e", "ai", "os", "ou"),
)


def _lipogram(draw: Draw, level: int, _: bool) -> Draft:
    """Write a sentence without a letter: rarer letters first, then e, then two letters, with more words to include."""
    without = draw.choice(_FORBIDDEN[level - 1])
    count = (1, 1, 2, 2, 3)[level - 1]
    nouns = draw.sample([noun for noun in NOUNS if not set(noun) & set(without)], count)
    length = draw.integer(*((6, 9), (7, 9), (8, 9), (8, 9), (9, 13))[level - 1])
    slack = (5, 4, 3, 2, 0)[level - 1]
    parts = sentence(draw, nouns, length, without)
    low = length - draw.integer(0, slack)
    high = low + slack
    rules = [
        Constraint(kind="no-letter", text=without),
        Constraint(kind="include-words", words=nouns),
        Constraint(kind="word-count", low=low, high=high),
        Constraint(kind="sentence-count", low=1, high=1),
    ]
    exactly = f"exactly {low} words" if low == high else f"{low} to {high} words"
    letters = f"the letter {without}" if len(without) == 1 else f"the letters {without[0]} and {without[1]}"
    names = f"the {'word' if count == 1 else 'words'} {_listed(nouns)}"
    oracle = _text(parts)
    extra = ""
    if level >= 4:
        rules.append(Constraint(kind="all-lowercase"))
        oracle = oracle.lower()
        extra = " Use small letters only."
    prompt = draw.choice(
        (
            f"Write one sentence of {exactly} without {letters}. It must use {names}.",
            f"Without using {letters} anywhere, write one sentence of {exactly} that has {names} in it.",
        )
    )
    prompt = f"{prompt}{extra} {draw.choice(_ONLY_TEXT)}"
    return _draft(prompt, [*rules, *_own_text(prompt)], oracle, 60)


INCLUDE = Family(area=Area.WRITING, name="given-words", generate=_include)
ACROSTIC = Family(area=Area.WRITING, name="acrostic", generate=_acrostic)
LIST = Family(area=Area.WRITING, name="list", generate=_list)
LIPOGRAM = Family(area=Area.WRITING, name="lipogram", generate=_lipogram)

FAMILIES = (INCLUDE, ACROSTIC, LIST, LIPOGRAM)
