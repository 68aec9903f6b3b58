"""Keeping secrets out of what leaves the program: terminal, files and logs alike. Pure."""

import json
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar, cast
from urllib.parse import quote

import msgspec

T = TypeVar("T")

SHORTEST: Final = 4
"""A shorter secret is left alone: taking it out would cut holes into words and numbers, and so give it away."""
MASKED: Final = "…"


class Mask:
    """The secrets of a run, and texts without them.

    A server may repeat what it was sent, so a secret can come back in an error, a model's name or an answer.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Keep this secret, too, as it is and as JSON or a URL would spell it."""
        if len(secret) >= SHORTEST:
            self._spellings |= {secret, json.dumps(secret)[1:-1], quote(secret, safe="")}

    def text(self, text: str) -> str:
        """Return the text with every secret replaced by an ellipsis."""
        for spelling in sorted(self._spellings, key=len, reverse=True):
            text = text.replace(spelling, MASKED)
        return text

    def within(self, value: T) -> T:
        """Return a frozen value with the texts inside it masked, however deep in structs and tuples."""
        return cast("T", self._within(value)) if self._spellings else value  # each value is replaced by one of its type

    def _within(self, value: object) -> object:
        if type(value) is str:
            return self.text(value)
        if type(value) is tuple:
            return tuple(map(self._within, value))
        if isinstance(value, msgspec.Struct):
            changes = {
                name: masked
                for name in value.__struct_fields__
                if (masked := self._within(found := getattr(value, name))) != found
            }
            return msgspec.structs.replace(value, **changes) if changes else value
        return value


def passwords_in(texts: Iterable[str]) -> Iterator[str]:
    """Yield the passwords of the URLs among the texts, which nobody should have written there."""
    for text in texts:
        _, found, rest = text.partition("://")
        authority, at, _ = rest.partition("/")[0].rpartition("@")
        _, colon, password = authority.partition(":")
        if found and at and colon and password:
            yield password
