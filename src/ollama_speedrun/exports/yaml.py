"""Mappings, lists and scalars as YAML that every YAML parser reads back as the same values. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

Value: TypeAlias = "str | int | float | bool | Mapping[str, Value] | Sequence[Value]"

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_WORDS_OF_YAML: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
LONGEST_SIMPLE_KEY: Final = 1000
"""YAML 1.1 and 1.2 end the search for a key's colon after 1024 characters."""
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\"}


def block(value: Mapping[str, Value] | Sequence[Value]) -> str:
    """Return a mapping or a list as YAML in block style, ending in a line feed."""
    return "".join(f"{line}\n" for line in _lines(value))


def scalar(value: str | float) -> str:
    """Return a scalar: a text is quoted unless no YAML parser could take it for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0") + "0" * f"{value:.6f}".rstrip("0").endswith(".")
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML:
        return value
    return '"' + "".join(map(_quoted, value)) + '"'


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isascii() and character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _lines(value: Mapping[str, Value] | Sequence[Value]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, held in value.items():
            yield from _entry(scalar(key), held)
    else:
        for held in value:
            yield from _item(held)


def _entry(key: str, held: Value) -> Iterator[str]:
    start = f"{key}:"
    if len(key) > LONGEST_SIMPLE_KEY:
        yield f"? {key}"
        start = ":"
    if isinstance(held, str | int | float):
        yield f"{start} {scalar(held)}"
    elif not held:
        yield f"{start} {'{}' if isinstance(held, Mapping) else '[]'}"
    else:
        yield start
        yield from (f"  {line}" for line in _lines(held))


def _item(held: Value) -> Iterator[str]:
    if isinstance(held, str | int | float):
        yield f"- {scalar(held)}"
    elif not held:
        yield f"- {'{}' if isinstance(held, Mapping) else '[]'}"
    else:
        first, *rest = _lines(held)
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)
