"""JSON: the first balanced object or array, with the same keys and equal values of the same type.

A number equals another of the same value: 1.0 is 1, for JSON knows one type of number (RFC 8259, section 6); strict
wants the same notation. `true` is no number, a number in quotes is a string, a key that stands twice is an error.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator
from typing import NoReturn, TypeAlias

from ..extract import shown
from ..items import Grade, JsonKey

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"

_MOST_TRIES = 64


def grade_json(key: JsonKey, text: str) -> Grade:
    """Grade the JSON value that the answer gives; strict where it says nothing else."""
    wanted: JsonValue = json.loads(key.value)
    found = first_value(text, opening="[" if isinstance(wanted, list) else "{")
    if found is None:
        return Grade(score=0.0, strict=0.0, extracted="", why="the answer holds no valid JSON of this kind")
    value, written = found
    if problem := difference(wanted, value, alike=alike):
        return Grade(score=0.0, strict=0.0, extracted=shown(written), why=problem)
    strict = text.strip() == written and difference(wanted, value, alike=_same) is None
    return Grade(score=1.0, strict=float(strict), extracted=shown(written), why="the JSON is equal")


def first_value(text: str, opening: str) -> tuple[JsonValue, str] | None:
    """Return the first valid JSON value that starts with this bracket, and how it is written; None for none."""
    decoder = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    place = -1
    for _ in range(_MOST_TRIES):
        place = text.find(opening, place + 1)
        if place < 0:
            return None
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        return value, text[place:end]
    return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _no_duplicates(pairs: list[tuple[str, JsonValue]]) -> JsonValue:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


Alike: TypeAlias = Callable[[JsonValue, JsonValue], bool]


def difference(wanted: JsonValue, value: JsonValue, *, alike: Alike, at: str = "the value") -> str | None:
    """Return one sentence on the first difference, None where the values are equal; `alike` compares scalars."""
    if isinstance(wanted, dict):
        return _object_difference(wanted, value, alike, at)
    if isinstance(wanted, list):
        return _array_difference(wanted, value, alike, at)
    return None if alike(wanted, value) else f"{at} is not {shown(json.dumps(wanted), 60)}"


def _object_difference(wanted: dict[str, JsonValue], value: JsonValue, alike: Alike, at: str) -> str | None:
    if not isinstance(value, dict):
        return f"{at} is no object"
    if wanted.keys() != value.keys():
        return f"{at} has other keys"
    return _first(difference(wanted[key], value[key], alike=alike, at=shown(key, 40)) for key in wanted)


def _array_difference(wanted: list[JsonValue], value: JsonValue, alike: Alike, at: str) -> str | None:
    if not isinstance(value, list):
        return f"{at} is no array"
    if len(wanted) != len(value):
        return f"{at} has {len(value)} elements, not {len(wanted)}"
    pairs = enumerate(zip(wanted, value, strict=True))
    return _first(difference(one, other, alike=alike, at=f"element {n} of {at}"[:80]) for n, (one, other) in pairs)


def _first(problems: Iterator[str | None]) -> str | None:
    return next((problem for problem in problems if problem is not None), None)


def alike(wanted: JsonValue, value: JsonValue) -> bool:
    """Whether two scalars are equal: a number by value, a string apart from blanks around it and Unicode form."""
    if isinstance(wanted, str) and isinstance(value, str):
        return _normal(wanted) == _normal(value)
    if _is_number(wanted) and _is_number(value):
        return wanted == value
    return _same(wanted, value)


def _same(wanted: JsonValue, value: JsonValue) -> bool:
    return type(wanted) is type(value) and wanted == value


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())
