"""Reading a message field by field: one that is odd counts as absent, and the rest stands. Pure.

Decoding holds up everything else that this program does, in a thread as well, so what a body may hold is bounded before
it is decoded: counting its parts takes a small share of the time.
"""

import codecs
import contextlib
import math
import re
import types
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The exceptions that decoding a hostile body can raise; nesting without end gives the last."""
MOST_PARTS: Final = 150_000
"""Objects, arrays and commas in a list of models; five thousand models have two thirds of that."""
MOST_FIELD_PARTS: Final = 20_000
"""The same in one field of a message; one with more counts as absent."""
MOST_NUMBERS: Final = 40_000
"""The numbers in one vector."""
LARGE_BYTES: Final = 1 << 16
"""A larger body is taken apart before any of its fields is decoded."""
LONGEST_FIELD_BYTES: Final = 1 << 13
"""A list with a number for each layer has less."""
STRETCH_BYTES: Final = 1 << 18
MOST_FIELDS: Final = 1_000
LARGEST_REPAIRED_BYTES: Final = 1 << 20
MOST_REPAIRED_ESCAPES: Final = 20_000

_SHORT_FIELD: Final = re.compile(
    rb'("[\w-]{1,100}(?:\.[\w-]{1,100}){1,8}")\s{0,8}:\s{0,8}'
    rb'(-?[0-9][0-9.eE+-]{0,30}|"[^"\\]{0,200}"|true|false|\[[^\[\]{}"]{0,8000}\])'
)
_LISTS: Final = (tuple[msgspec.Raw, ...], tuple[msgspec.Raw, ...] | None)
_ESCAPES: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(?:\\[^u])+"
)
_NOT_A_NUMBER: Final = re.compile(rb"(?<=[:\[,])\s{0,8}-?(?:NaN|Infinity)(?=\s{0,8}[,}\]])")
_TRUTHS: Final = {b"1": True, b'"true"': True, b"0": False, b'"false"': False}


def read(body: bytes | msgspec.Raw, kind: type[S]) -> S:
    """Return a message of this kind, whose fields all have defaults.

    A field that is null where no null is meant, or of another type, is absent: it has its default. A number with a
    fraction is rounded where a whole one is meant; a number written as a text is absent, and so are NaN and Infinity,
    which are no JSON. 1 and "true" are true where that is meant. Half a surrogate pair becomes
    U+FFFD, and so does a byte that is no UTF-8. A field with more parts than any server sends is absent. Raises
    `DecodeError` for what is no JSON object.
    """
    is_large = len(memoryview(body)) > LARGE_BYTES
    try:
        message: S = _read_slowly(body, kind) if is_large else _decoder(kind).decode(body)
    except UNREADABLE:
        return _read_slowly(_repaired(bytes(body)), kind)
    return message


def entries(raw: msgspec.Raw) -> tuple[msgspec.Raw, ...]:
    """Return the entries of a list, each as it was sent; none where it is no list or has more than any that we read."""
    if _has_more_parts(raw, MOST_PARTS):
        return ()
    try:
        found: tuple[msgspec.Raw, ...] = _decoder(tuple[msgspec.Raw, ...]).decode(raw)
    except UNREADABLE:
        return ()
    return found


def short_fields(body: bytes) -> Iterator[dict[str, msgspec.Raw]]:
    """Yield the fields with a dot in their name and a short value, a stretch of the body at a time.

    They are found without decoding what is around them, which may be a vocabulary of megabytes.
    """
    for start in range(0, len(body), STRETCH_BYTES):
        end = start + STRETCH_BYTES + LONGEST_FIELD_BYTES
        found: dict[str, msgspec.Raw] = {}
        for field in islice(_SHORT_FIELD.finditer(body, start, end), MOST_FIELDS):
            with contextlib.suppress(*UNREADABLE):
                name = msgspec.json.decode(field[1], type=str)
                found[name] = msgspec.json.decode(field[2], type=msgspec.Raw)
        yield found


def vectors(raw: msgspec.Raw, most: int) -> Iterator[tuple[float, ...]]:
    """Yield the vectors in a list, at most so many; an empty one for what is none, or is longer than any."""
    for piece in bytes(raw).strip()[1:].split(b"]", most)[:most]:
        written = piece.lstrip(b", \t\r\n")
        if not written.startswith(b"["):
            return
        numbers: tuple[float, ...] | None = _value(msgspec.Raw(written + b"]"), tuple[float, ...])
        yield numbers or ()


def any_value(body: bytes) -> object:
    """Return the JSON value of a body, with its texts made whole as `read` does; raises what `read` raises."""
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return msgspec.json.decode(_repaired(body))


def any_fields(body: bytes) -> dict[str, msgspec.Raw]:
    """Return the fields of an object as they were sent; raises what `read` raises, also for what is no object."""
    decoder = _decoder(dict[str, msgspec.Raw])
    try:
        found: dict[str, msgspec.Raw] = decoder.decode(body)
    except UNREADABLE:
        found = decoder.decode(_repaired(body))
    return found


def has_too_many_parts(body: bytes) -> bool:
    """Return whether a body holds more objects, arrays and items than any list of models, without decoding it."""
    return _has_more_parts(body, MOST_PARTS)


def _has_more_parts(body: bytes | msgspec.Raw, most: int) -> bool:
    if len(memoryview(body)) <= most:
        return False
    text = bytes(body)
    return text.count(b",") + text.count(b"{") + text.count(b"[") > most


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401  # a type, of which mypy has no name
    return msgspec.json.Decoder(kind)


@cache
def _raw_twin(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    """Return a decoder of a message's known fields as raw values; unknown ones are skipped without being built."""
    fields = [
        (field.name, msgspec.Raw, msgspec.field(name=field.encode_name, default=msgspec.Raw()))
        for field in msgspec.structs.fields(kind)
    ]
    return msgspec.json.Decoder(msgspec.defstruct(f"Raw{kind.__name__}", fields))


def _read_slowly(body: bytes | msgspec.Raw, kind: type[S]) -> S:
    raws = _raw_twin(kind).decode(body)
    known: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        raw = getattr(raws, field.name)
        if raw:
            value = _value(raw, field.type)
            if value is not None:
                known[field.name] = value
    return kind(**known)


def _value(raw: msgspec.Raw, wanted: Any) -> Any:  # noqa: ANN401  # a value of the type that is wanted
    """Return a value of a field's type, None where there is none in what came."""
    if wanted is msgspec.Raw:
        return raw
    most = MOST_PARTS if wanted in _LISTS else MOST_NUMBERS if wanted == tuple[float, ...] else MOST_FIELD_PARTS
    if not _is_text(raw) and _has_more_parts(raw, most):
        return None
    try:
        return _decoder(wanted).decode(raw)
    except UNREADABLE:
        return next((value for one in _alternatives(wanted) if (value := _near(raw, one)) is not None), None)


def _is_text(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b'"'


def _alternatives(wanted: Any) -> tuple[Any, ...]:  # noqa: ANN401  # types, or a union of some
    return get_args(wanted) if get_origin(wanted) in {Union, types.UnionType} else (wanted,)


def _near(raw: msgspec.Raw, wanted: Any) -> Any:  # noqa: ANN401  # a value of the type that is wanted
    """Return what can be saved of a value that is not quite of one plain type."""
    try:
        if wanted is bool:
            return _TRUTHS.get(bytes(raw).strip().lower())
        if wanted is int:
            number = _decoder(float).decode(raw)
            return round(number) if math.isfinite(number) else None
        if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
            return _read_slowly(bytes(raw), wanted)
        if get_origin(wanted) is tuple:
            return _near_list(raw, get_args(wanted)[0])
    except UNREADABLE:
        return None
    return None


def _near_list(raw: msgspec.Raw, wanted: Any) -> tuple[Any, ...] | None:  # noqa: ANN401  # values of the wanted type
    items = _decoder(list[msgspec.Raw]).decode(raw)
    values = (_value(item, wanted) for item in items)
    return tuple(value for value in values if value is not None)


def _repaired(body: bytes) -> bytes:
    """Return JSON without half surrogate pairs, in UTF-8, without a byte order mark, and with null for no number.

    Raises `DecodeError` for a body so large, or with so many escapes, that repairing it would take long.
    """
    if len(body) > LARGEST_REPAIRED_BYTES or body.count(b"\\") > MOST_REPAIRED_ESCAPES:
        raise msgspec.DecodeError("too large to be repaired")
    body = body.removeprefix(codecs.BOM_UTF8)
    if b"NaN" in body or b"Infinity" in body:
        body = _NOT_A_NUMBER.sub(b"null", body)
    whole = _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body) if b"\\u" in body else body
    try:
        whole.decode()
    except UnicodeDecodeError:
        return whole.decode(errors="replace").encode()
    return whole
