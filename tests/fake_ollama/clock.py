"""A server whose clock is wrong: every moment in what it sends, moved. Pure."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_DATE = re.compile(rb"(?<=Date: )[^\r]+")


def shifted(data: bytes, offset_s: int) -> bytes:
    """Return an answer of the same length whose RFC 3339 moments and Date header are `offset_s` seconds later."""
    offset = timedelta(seconds=offset_s)

    def moment(match: re.Match[bytes]) -> bytes:
        return (datetime.fromisoformat(match[0].decode()) + offset).isoformat(timespec="seconds").encode()

    def date(match: re.Match[bytes]) -> bytes:
        told = parsedate_to_datetime(match[0].decode()).replace(tzinfo=UTC)
        return format_datetime(told + offset, usegmt=True).encode()

    return _DATE.sub(date, _MOMENT.sub(moment, data))
