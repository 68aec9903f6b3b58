"""Keeping secrets out of what leaves the program: terminal, files and logs alike. Pure."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final, TypeVar, cast
from urllib.parse import quote

import msgspec

T = TypeVar("T")

SHORTEST: Final = 4
"""A shorter secret is left alone: taking it out would cut holes into words and numbers, and so give it away."""
CASELESS: Final = 8
"""From this length on, a secret is found in either case, and as Base64."""
TELLING: Final = 6
"""From so many characters on, the beginning or the end of a secret tells something of it."""
MASKED: Final = "…"


class Mask:
    """The secrets of a run, and texts without them.

    A server may repeat what it was sent, so a secret can come back in an error, a model's name or an answer.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self._whole: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Keep this secret, too, in each way in which software may spell it."""
        if len(secret) < SHORTEST:
            return
        self._spellings = sorted({*self._spellings, *_spellings(secret)}, key=len, reverse=True)
        self._whole = re.compile("|".join(map(_pattern, self._spellings)))

    def text(self, text: str) -> str:
        """Return the text with every secret replaced by an ellipsis, and with what was left of one where it was cut."""
        if self._whole is None:
            return text
        text = self._whole.sub(MASKED, text)
        for spelling in self._spellings:
            text = _without_rest(_without_beginning(text, spelling), spelling)
        return text

    def within(self, value: T) -> T:
        """Return a frozen value with the texts inside it masked, however deep in structs, mappings and sequences."""
        return cast("T", self._within(value)) if self._spellings else value  # each value is replaced by one of its type

    def _within(self, value: object) -> object:
        if type(value) is str:
            return self.text(value)
        if type(value) is tuple:
            return tuple(map(self._within, value))
        if isinstance(value, dict):
            masked_dict = {self._within(key): self._within(found) for key, found in value.items()}
            return value if masked_dict == value else masked_dict
        if type(value) is list:
            return [self._within(found) for found in value]
        if isinstance(value, msgspec.Struct):
            changes = {
                name: masked
                for name in value.__struct_fields__
                if (masked := self._within(found := getattr(value, name))) != found
            }
            return msgspec.structs.replace(value, **changes) if changes else value
        return value


def _spellings(secret: str) -> Iterator[str]:
    """Yield the secret as it is, and as JSON, Python, a URL, HTML and Base64 spell it."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield quote(secret, safe="")
    yield quote(secret)
    yield html.escape(secret)
    encoded = b64encode(secret.encode(errors="replace")).decode().rstrip("=")
    if len(encoded) >= CASELESS:
        yield encoded
        yield encoded.translate(str.maketrans("+/", "-_"))


def _pattern(spelling: str) -> str:
    """Return what matches a spelling: in either case where it is too long to be a word by chance."""
    return f"(?i:{re.escape(spelling)})" if len(spelling) >= CASELESS else re.escape(spelling)


def _without_beginning(text: str, secret: str) -> str:
    """Return the text without the beginning of a secret that was cut off at its end, or before an ellipsis."""
    start = 0
    while len(secret) > TELLING and (at := text.find(secret[:TELLING], start)) >= 0:
        length = sum(
            1
            for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text[at : at + len(secret)], secret, strict=False))
        )
        rest = text[at + length :]
        if not rest or rest.startswith(MASKED):
            return text[:at] + MASKED + rest.removeprefix(MASKED)
        start = at + 1
    return text


def _without_rest(text: str, secret: str) -> str:
    """Return the text without the rest of a secret at its beginning, where the text was cut."""
    lead = MASKED if text.startswith(MASKED) else ""
    for length in range(len(secret) - 1, TELLING - 1, -1):
        if text.startswith(secret[-length:], len(lead)):
            return MASKED + text[len(lead) + length :]
    return text


def passwords_in(texts: Iterable[str]) -> Iterator[str]:
    """Yield the passwords of the URLs among the texts, which nobody should have written there.

    One may hold a slash: what stands behind a colon and is no port ends at the last @.
    """
    for text in texts:
        _, found, rest = text.partition("://")
        authority = rest.partition("/")[0]
        _, colon, port = authority.partition(":")
        if "@" not in authority and colon and not port.isdigit() and not authority.startswith("["):
            authority = rest
        _, colon, password = authority.rpartition("@")[0].partition(":")
        if found and colon and password:
            yield password
