"""The formats of result files: one row each."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from ..assessment.types import Scoring
from ..errors import UsageError
from ..results import codec
from ..results.types import Document


class Format(NamedTuple):
    """A kind of file, by its ending, and its text for a document; only a table of one score looks at the scoring."""

    suffix: str
    render: Callable[[Document, Scoring], str]


def _json(document: Document, _: Scoring) -> str:
    return codec.encode(document).decode()


def _markdown(document: Document, scoring: Scoring) -> str:
    from . import markdown  # noqa: PLC0415  a scan begins sooner without

    return markdown.render(document, scoring=scoring)


def _csv(document: Document, _: Scoring) -> str:
    from . import csv  # noqa: PLC0415  a scan begins sooner without

    return csv.render(document)


FORMATS: Final = (
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
