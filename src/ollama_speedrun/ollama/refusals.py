"""What a server, or a proxy in front of it, said instead of an answer, in words for a person. Pure."""

import contextlib
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any, Final
from urllib.parse import urljoin

import msgspec

from ..errors import ServerError
from . import fields, wire

LONGEST_CHARACTERS: Final = 500
LONGEST_QUOTE_CHARACTERS: Final = 80
_SHORT_CHARACTERS: Final = 160

LARGEST_HEAD_CHARACTERS: Final = 16_384
_PROXY_WAITED: Final = frozenset({408, 504, 522, 524})
_PROXY_FAILED: Final = frozenset({502, 520, 521, 523, 525, 526, 530})
_PERMISSION: Final = frozenset({401, 403, 407})
_NOT_OFFERED: Final = frozenset({404, 405, 501})
PERMISSION_HINT: Final = "where it wants a token, give it one with token=… in a hosts file"


def refusal(  # noqa: PLR0913 - an answer, and what is known of its question
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    path: str | None = None,
    url: str | None = None,
    now_s: float = 0.0,
) -> ServerError:
    """Return the error for an HTTP answer that is no success: the server's own words, or what came instead of them.

    `path` is what was asked for, which is named where the server does not offer it; None names nothing. `url` is the
    whole of it, for a redirect that leads nowhere else. `now_s` is the time in seconds since the epoch, against which a
    date in Retry-After counts.
    """
    error = _refusal(status, headers, body, path, url)
    error.retry_after_s = retry_after_s(headers, now_s=now_s)
    return error


def retry_after_s(headers: Mapping[str, str], *, now_s: float) -> float | None:
    """Return the pause in seconds that a server asks for, by a number or a date; None where it asks for none."""
    said = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"[0-9]{1,9}", said):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now_s)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _refusal(status: int, headers: Mapping[str, str], body: bytes, path: str | None, url: str | None) -> ServerError:
    said = _own_words(body)
    if path is not None and status in _NOT_OFFERED and "model" not in (said or "").lower():
        return _not_offered(status, headers, body, path)
    if said is not None:
        advice = PERMISSION_HINT if status in _PERMISSION else ""
        is_long = len(said) > _SHORT_CHARACTERS
        ending = f"; {advice}" if advice else ""
        return ServerError(status, said, message=f"HTTP {status}: {said}{ending}" if advice or is_long else None)
    if 300 <= status < 400:
        return ServerError(status, "", message=f"HTTP {status}: {redirection(headers, url)}")
    text = _text(body)
    advice = _advice(status)
    return ServerError(
        status, text, message=f"HTTP {status} ({shown(headers, body)})" + (f"; {advice}" if advice else "")
    )


def _not_offered(status: int, headers: Mapping[str, str], body: bytes, path: str) -> ServerError:
    """Return the error of a path that is missing as a whole, unlike a model that is."""
    said = _own_words(body)
    what = shown(headers, body) if said is None else quoted(said)
    message = f"HTTP {status} for {path} ({what}); this server, or a proxy in front of it, does not offer it"
    return ServerError(status, _text(body), message=message)


def shown(headers: Mapping[str, str], body: bytes) -> str:
    """Return the beginning of a body in quotation marks, the title of a web page, or that there is nothing."""
    text = body[:LARGEST_HEAD_CHARACTERS].decode(errors="replace").strip()
    return _page(text) if _is_page(headers, text) else quoted(text) if text else "an empty body"


def _text(body: bytes) -> str:
    return shortened(cleaned(body.decode(errors="replace").strip()))


def redirection(headers: Mapping[str, str], url: str | None = None) -> str:
    """Return in words where a redirect leads, and what to make of it; `url` is what was asked, None where unknown."""
    location = next((value for name, value in headers.items() if name.lower() == "location"), "")
    if not location.strip():
        return "it redirects without saying where; give the address of the server behind it"
    where = shortened(cleaned(location), 200)
    if url is not None and _is_same(url, location.strip()):
        return f"it redirects to {where}, which is what was asked; the server, or a proxy in front of it, is at fault"
    if "/api/" in location:
        return f"it redirects to {where}, which is not followed; give that address up to /api instead"
    return f"it redirects to {where}, which is not followed; give the address of the Ollama server behind it"


def _is_same(url: str, location: str) -> bool:
    """Tell if a redirect leads to the very address that was asked."""
    try:
        return urljoin(url, location) == url
    except ValueError:
        return False


def line_error(error: Any) -> str:  # noqa: ANN401  # whatever JSON a server puts there
    """Return the text of an `error` that a server sent within a message."""
    match error:
        case {"message": str(text)} | {"error": {"message": str(text)}}:
            pass
        case str(text) if text.startswith("{"):  # the engine's own answer, handed on by the server as it came
            with contextlib.suppress(*fields.UNREADABLE):
                return line_error(msgspec.json.decode(text))
        case str(text):
            pass
        case _:
            text = msgspec.json.encode(error).decode()
    return shortened(text)


def quoted(text: str | bytes) -> str:
    """Return the beginning of what a server sent, on one line, without control characters, in quotation marks."""
    if isinstance(text, bytes):
        text = text[: 8 * LONGEST_QUOTE_CHARACTERS].decode(errors="replace")
    return f'"{shortened(cleaned(text), LONGEST_QUOTE_CHARACTERS)}"'


def cleaned(text: str) -> str:
    """Return a text on one line, without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:8192]).split())


def shortened(text: str, longest: int = LONGEST_CHARACTERS) -> str:
    """Return a text of at most so many characters; an ellipsis stands for the rest."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _own_words(body: bytes) -> str | None:
    try:
        body_ = msgspec.json.decode(body, type=wire.ErrorBody)
    except fields.UNREADABLE:
        return None
    said = next((one for one in (body_.error, body_.detail, body_.message) if one not in (None, "")), None)
    return None if said is None else line_error(said)


def _is_page(headers: Mapping[str, str], text: str) -> bool:
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return "html" in kind.lower() or text[:1] == "<"


def _page(text: str) -> str:
    _, _, after = text[:LARGEST_HEAD_CHARACTERS].partition("<title")
    title = cleaned(unescape(after.partition(">")[2].partition("</")[0]))
    return f"a web page: {quoted(title)}" if title else "a web page"


def _advice(status: int) -> str:
    if status in _PROXY_WAITED:
        return "a proxy gave up waiting"
    if status in _PROXY_FAILED:
        return "a proxy could not reach the server"
    return PERMISSION_HINT if status in _PERMISSION else ""
