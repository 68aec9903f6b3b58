"""The formats of result files: one row each. Light, because help and errors name their endings."""

from __future__ import annotations

from ..errors import UsageError

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..results.types import Document
    from .settings import ReportSettings


class Format:
    """A kind of file, by its ending, and its text for a document; only the tables for people look at the settings."""

    def __init__(self, suffix: str, render: Callable[[Document, ReportSettings], str]) -> None:
        self.suffix = suffix
        self.render = render


def _json(document: Document, _: ReportSettings) -> str:
    from ..results import codec  # noqa: PLC0415  --help does without

    return codec.encode(document).decode()


def _markdown(document: Document, settings: ReportSettings) -> str:
    from . import markdown  # noqa: PLC0415  a scan begins sooner without

    return markdown.render(document, settings)


def _csv(document: Document, _: ReportSettings) -> str:
    from . import csv  # noqa: PLC0415  a scan begins sooner without

    return csv.render(document)


FORMATS = (
    Format(".json", _json),
    Format(".md", _markdown),
    Format(".csv", _csv),
)


def format_of(path: Path) -> Format:
    """Return the format that the ending of `path` asks for; `UsageError` where it is none of ours."""
    suffix = path.suffix.lower()
    for row in FORMATS:
        if row.suffix == suffix:
            return row
    endings = ", ".join(row.suffix for row in FORMATS)
    raise UsageError(f"cannot tell the format of {str(path)!r}: end the file's name in one of {endings}")


def endings() -> str:
    """Return the endings as a sentence names them."""
    *others, last = (row.suffix for row in FORMATS)
    return f"{', '.join(others)} or {last}"
