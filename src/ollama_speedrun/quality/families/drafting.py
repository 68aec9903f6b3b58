"""What families share: a draft of one question, whole-word search, and drawing again until a draw serves."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..draw import Draw
from ..items import Answer, Draft, Key, Message

T = TypeVar("T")

_MOST_DRAWS = 10_000
_ONSETS, _CODAS = "bdfgklmnprtvz", "bdgklmnprt"
_UNWANTED = ("dik", "fag", "fuk", "kak", "kik", "nap", "naz", "neg", "nig", "nip", "put", "rap", "tit", "vag")
_ENGLISH = frozenset((
    "baron", "began", "begin", "benet", "betel", "bevel", "bidet", "bigot", "bogan", "bonet", "boron", "dated", "debar",
    "debit", "debug", "defog", "degum", "dekan", "demon", "denim", "devil", "digit", "divan", "divot", "donor",
    "donut", "fakir", "fatal", "felon", "feral", "fetal", "fever", "filet", "final", "finer", "foker", "gamer",
    "gamin", "gamut", "gator", "gavel", "gelid", "gener", "getup", "given", "gopal", "kabob", "kapok", "karat",
    "karen", "kebab", "ketol", "label", "labor", "lapel", "later", "legal", "lemon", "level", "libel", "liken",
    "limit", "linen", "liner", "logon", "loner", "lupin", "lurid", "madam", "mafil", "manor", "medal", "melon",
    "merit", "metal", "meter", "milan", "miler", "mimed", "minor", "model", "modem", "mogul", "molar", "moral",
    "motel", "motor", "mural", "nadir", "naked", "natal", "naval", "navel", "nobel", "nodal", "nomad", "novel",
    "numen", "paged", "panel", "parol", "pedal", "peril", "petal", "pilot", "pinup", "piped", "pivot", "polar",
    "rabat", "rabid", "radar", "radon", "ramen", "rapid", "ratel", "raven", "razed", "razor", "rebel", "rebut",
    "refit", "regal", "relit", "remit", "renal", "repel", "repot", "rerun", "revel", "rigid", "rigor", "rival",
    "rivet", "robed", "robin", "robot", "roman", "rotor", "rural", "tabor", "taken", "talon", "tamed", "tapir",
    "tenet", "tenon", "tenor", "tepid", "timed", "timid", "token", "tonal", "total", "totem", "tubal", "tulip",
    "tumid", "tumor", "tuned", "tunel", "tutor", "valet", "valid", "valor", "vapid", "vapor", "venal", "venom",
    "vigil", "vigor", "viral", "vital", "vivid", "vomit", "zonal", "zoned",
))  # fmt: skip


def question(prompt: str, key: Key, answer: str, *, max_tokens: int = 32, chance: float = 0.0) -> Draft:
    """Return the draft of a single user message whose oracle answers `answer`."""
    message = Message(role="user", content=prompt)
    return Draft(messages=(message,), key=key, oracle=(Answer(content=answer),), max_tokens=max_tokens, chance=chance)


def occurs(phrase: str, text: str) -> bool:
    """Return True where `phrase` stands in `text` as whole words, case ignored."""
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE) is not None


def drawn(make: Callable[[], T | None]) -> T:
    """Return the first result of `make` that is not None; RuntimeError where it never gives one.

    `make` moves its draw on, so each try differs, and the sequence of tries is the same everywhere.
    """
    for _ in range(_MOST_DRAWS):
        result = make()
        if result is not None:
            return result
    raise RuntimeError("the family's conditions cannot be met: no draw of ten thousand served")


def invented(draw: Draw, count: int) -> tuple[str, ...]:
    """Return different invented words such as "mipod": open syllables, a final consonant, no word of English."""
    words: list[str] = []
    while len(words) < count:
        word = "".join(draw.choice(_ONSETS) + draw.choice("aeiou") for _ in range(2)) + draw.choice(_CODAS)
        if word not in words and word not in _ENGLISH and not word.startswith(_UNWANTED):
            words.append(word)
    return tuple(words)


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return the words as an English list: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
