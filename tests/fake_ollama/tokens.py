"""Pseudo-tokens: a tokeniser that anyone can follow by eye, so that counts are known without a model."""

import itertools
import random
import re
from collections.abc import Sequence

_TOKEN = re.compile(r" ?[^\W\d_]{1,8}|\d| ?[^\w\s]|.", re.DOTALL)
_WORDS = ("The", " harbour", " lies", " still", ",", " and", " ships", " wait", " for", " wind", ".", " Then")


def tokenise(text: str) -> list[str]:
    """Cut a text into words of up to eight letters with their leading blank, digits, and single other characters.

    A character beyond U+FFFF makes three tokens, of which the first two carry no text. Joined, tokens give the text.
    """
    return [part for token in _TOKEN.findall(text) for part in (("", "", token) if max(token) > "\uffff" else (token,))]


def made_up(count: int) -> list[str]:
    """Return `count` tokens of prose, the same at each call, in no order that repeats."""
    dice = random.Random(0)
    return [dice.choice(_WORDS) for _ in range(count)]


def common_prefix(left: Sequence[str], right: Sequence[str]) -> int:
    """Return how many leading tokens two prompts share: what a prompt cache saves."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
