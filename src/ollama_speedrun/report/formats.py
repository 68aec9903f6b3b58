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
    """A kind of file, by its ending, and its content for a document; only what people read looks at the settings.

    What is `only_at_end` costs too much to be written again and again while models are measured. `check` raises
    `UsageError` where this machine cannot make such a file.
    """

    def __init__(
        self,
        suffix: str,
        render: Callable[[Document, ReportSettings], str | bytes],
        *,
        only_at_end: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.suffix = suffix
        self.render = render
        self.only_at_end = only_at_end
        self.check = check


def _json(document: Document, _: ReportSettings) -> str:
    from ..results import codec  # noqa: PLC0415  --help does without

    return codec.encode(document).decode()


def _markdown(document: Document, settings: ReportSettings) -> str:
    from . import markdown  # noqa: PLC0415  a scan begins sooner without

    return markdown.render(document, settings)


def _csv(document: Document, _: ReportSettings) -> str:
    from . import csv  # noqa: PLC0415  a scan begins sooner without

    return csv.render(document)


def _html(document: Document, settings: ReportSettings) -> str:
    from .html import page  # noqa: PLC0415  a scan begins sooner without

    return page.render(document, settings)


def _svg(document: Document, settings: ReportSettings) -> str:
    from . import card  # noqa: PLC0415  a scan begins sooner without

    return card.render(document, settings)


def _png(document: Document, settings: ReportSettings) -> bytes:
    from . import raster  # noqa: PLC0415  a scan begins sooner without

    return raster.png(_svg(document, settings))


def _check_png() -> None:
    from . import raster  # noqa: PLC0415  a scan begins sooner without

    raster.check()


FORMATS = (
    Format(".json", _json),
    Format(".md", _markdown),
    Format(".csv", _csv),
    Format(".html", _html, only_at_end=True),
    Format(".svg", _svg, only_at_end=True),
    Format(".png", _png, only_at_end=True, check=_check_png),
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
