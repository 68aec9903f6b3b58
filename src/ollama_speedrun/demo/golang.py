"""What a client of Ollama sees of Go: its JSON escapes, its timestamps, its durations and the words of its errors."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from ..units import NS_PER_S

MAX_DURATION_NS: Final = 2**63 - 1
"""Go's longest duration, 292 years: what "keep forever" means to Ollama."""

_UNIT_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3600 * NS_PER_S,
}
_DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")
_ESCAPES: Final = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)
_SYNTAX_ERRORS: Final = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting value": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}


class GoError(ValueError):
    """An input that Go refuses; the text is Go's."""


def encode_json(value: object) -> bytes:
    """Return JSON without blanks, with `<`, `>` and `&` escaped: outside strings JSON has none of them."""
    encoded = msgspec.json.encode(value)
    for plain, escaped in _ESCAPES:
        if plain in encoded:
            encoded = encoded.replace(plain, escaped)
    return encoded


def decode_json(body: bytes) -> object:
    """Return the first JSON value of a body; what follows it is ignored, as Go's decoder does. Raises `GoError`."""
    text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text) or error.msg.startswith("Unterminated string"):
            raise GoError("unexpected EOF") from error
        where = _SYNTAX_ERRORS.get(error.msg, "looking for beginning of value")
        raise GoError(f"invalid character {text[error.pos]!r} {where}") from error
    return value


def kind_of(value: object) -> str:
    """Return the word for a JSON value's type in Go's decoding errors."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def quote(text: str) -> str:
    r"""Return a text as Go's %q prints it: in double quotes, with `"` and `\` escaped."""
    return json.dumps(text, ensure_ascii=False)


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a duration such as "5m"; raises `GoError` with the words of Go's time package."""
    unsigned = text.lstrip("+-") if text[:1] in {"+", "-"} else text
    if unsigned == "0":
        return 0
    position, total = 0, Decimal(0)
    for part in _DURATION_PART.finditer(unsigned):
        if part.start() != position:
            break
        number, unit = part.groups()
        if not unit:
            raise GoError(f"time: missing unit in duration {quote(text)}")
        if unit not in _UNIT_NS:
            raise GoError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        total += Decimal(number) * _UNIT_NS[unit]
        position = part.end()
    if position == 0 or position != len(unsigned):
        raise GoError(f"time: invalid duration {quote(text)}")
    if total > MAX_DURATION_NS:
        raise GoError(f"time: invalid duration {quote(text)}")
    return -int(total) if text.startswith("-") else int(total)


def timestamp(unix_ns: int) -> str:
    """Return RFC 3339 in UTC with nanoseconds, trailing zeros dropped. Years up to 9999, beyond what Ollama can say."""
    whole_s, rest_ns = divmod(unix_ns, NS_PER_S)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole_s)
    fraction = f".{rest_ns:09d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
