"""Reading a message field by field: one that is odd counts as absent, and the rest stands. Pure."""

import math
import re
import types
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The exceptions that decoding a hostile body can raise; nesting without end gives the last."""
MOST_ITEMS: Final = 100_000
"""No list in a message that we read is longer, an embedding's vectors apart."""
MOST_PARTS: Final = 400_000
"""Objects and arrays in a list of models; ten thousand models have a tenth of that."""

_ESCAPES: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(?:\\[^u])+"
)


def read(body: bytes | msgspec.Raw, kind: type[S]) -> S:
    """Return a message of this kind, whose fields all have defaults.

    A field that is null where no null is meant, or of another type, is absent: it has its default. A number with a
    fraction is rounded where a whole one is meant; a number written as a text is absent. Half a surrogate pair becomes
    U+FFFD, and so does a byte that is no UTF-8. Raises `DecodeError` for what is no JSON object.
    """
    try:
        message: S = _decoder(kind).decode(body)
    except UNREADABLE:
        return _read_slowly(_repaired(bytes(body)), kind)
    return message


def any_value(body: bytes) -> object:
    """Return the JSON value of a body, with its texts made whole as `read` does; raises what `read` raises."""
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return msgspec.json.decode(_repaired(body))


def has_too_many_parts(body: bytes) -> bool:
    """Return whether a body holds more objects and arrays than any list of models, without decoding it."""
    return body.count(b"{") + body.count(b"[") > MOST_PARTS


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


def _read_slowly(body: bytes, kind: type[S]) -> S:
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
    try:
        return _decoder(wanted).decode(raw)
    except UNREADABLE:
        return next((value for one in _alternatives(wanted) if (value := _near(raw, one)) is not None), None)


def _alternatives(wanted: Any) -> tuple[Any, ...]:  # noqa: ANN401  # types, or a union of some
    return get_args(wanted) if get_origin(wanted) in {Union, types.UnionType} else (wanted,)


def _near(raw: msgspec.Raw, wanted: Any) -> Any:  # noqa: ANN401  # a value of the type that is wanted
    """Return what can be saved of a value that is not quite of one plain type."""
    try:
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
    if len(items) > MOST_ITEMS:
        return None
    values = (_value(item, wanted) for item in items)
    return tuple(value for value in values if value is not None)


def _repaired(body: bytes) -> bytes:
    """Return JSON whose texts are whole: without half surrogate pairs, and in UTF-8."""
    whole = _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body) if b"\\u" in body else body
    try:
        whole.decode()
    except UnicodeDecodeError:
        return whole.decode(errors="replace").encode()
    return whole
