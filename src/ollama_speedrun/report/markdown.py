"""Results as Markdown, with GitHub's tables."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from ..assessment.types import Scoring
from ..results.types import Document
from . import figures, view
from .columns import HOSTS, MODELS, RESULTS, Column, T, cells
from .view import Advice, Unmeasured

_SPECIAL: Final = re.compile(r"[\\`*_\[\]~#]")
# What GitHub makes links, mentions and formulas of, in any text; a comment inside is not seen and prevents it
_ALIVE: Final = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=\bGH-)(?=\d)", re.IGNORECASE)
_NOTES: Final = Column[Any]("Notes", str, "words")
_INERT: Final = "<!-- -->"
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"})


def render(document: Document, *, scoring: Scoring = "overall") -> str:
    """Return the report as a Markdown page; every word of a server is shown as it is, none is taken for Markdown."""
    return "\n".join(_lines(document, scoring)) + "\n"


def escape(text: str) -> str:
    """Return `text` so that Markdown shows it as it is, in a table's cell too."""
    plain = _ALIVE.sub("\0", text.replace("\0", ""))
    marked = _SPECIAL.sub(r"\\\g<0>", plain).translate(_ENTITIES)
    return marked.replace("\0", _INERT).replace("$", "<span>$</span>")


def _lines(document: Document, scoring: Scoring) -> Iterator[str]:
    report = view.report(document, scoring=scoring)
    yield "# Ollama speedrun"
    yield ""
    yield escape(f"Begun {figures.moment(document.started_at)}, {document.tool.name} {document.tool.version}.")
    if report.recommendation is not None:
        yield from ("", "## Recommendation", "", _advice(report.recommendation))
    if report.tiers:
        yield from ("", "## Best of each memory tier", "")
        yield from (f"- {escape(advice.scope)}: {_advice(advice)}" for advice in report.tiers)
    if not document.results:
        yield from _listing("Models", MODELS, document.models)
        yield from _listing("Servers", HOSTS, document.hosts)
    for section in report.sections:
        yield from ("", f"## {escape(section.title)}", "")
        rows = ((f"{'★ ' if row.best else ''}{row.cells[0]}", *row.cells[1:], row.marks) for row in section.rows)
        yield from _table((*RESULTS, _NOTES), rows)
    for table in report.tables:
        yield from ("", f"## {escape(table.title)}")
        for group in table.groups:
            yield from ("", *([f"### {escape(group.title)}", ""] if group.title else []))
            yield from _table(table.columns, group.rows)
    for title, entries in (("Failed", report.failed), ("Not benchmarked", report.skipped)):
        if entries:
            yield from ("", f"## {title}", "", *map(_unmeasured, entries))
    if report.notes or report.legend:
        yield from ("", "## Notes", "")
        yield from (f"- {mark}: {escape(text)}" for mark, text in report.notes)
        yield from (f"- {escape(text)}" for text in report.legend)


def _listing(title: str, columns: Sequence[Column[T]], found: Sequence[T]) -> Iterator[str]:
    """Yield a table of what was found, nothing where nothing was."""
    if found:
        yield from ("", f"## {title}", "")
        yield from _table(columns, (cells(columns, one) for one in found))


def _table(columns: Sequence[Column[Any]], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(column.heading for column in columns)
    yield _row("--:" if column.kind == "figure" else ":--" for column in columns)
    yield from (_row(map(escape, row)) for row in rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _advice(advice: Advice) -> str:
    return f"**{escape(advice.model)}** on {escape(advice.host)}, score {advice.score}: {escape(advice.why)}"


def _unmeasured(entry: Unmeasured) -> str:
    return f"- {escape(entry.model)} on {escape(entry.host)}: {escape(entry.reason)}"
