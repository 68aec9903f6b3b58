"""Results as Markdown, with GitHub's tables."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from ..assessment.types import Rated
from ..results.types import Document
from . import figures, meaning, view
from .columns import HOSTS, Column, T, cells, models, needed
from .settings import USUAL, ReportSettings
from .view import Advice, Report, Unmeasured

_SPECIAL: Final = re.compile(r"[\\`*_\[\]~#]")
# What GitHub makes links, mentions and formulas of, in any text; a comment inside is not seen and prevents it
_ALIVE: Final = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=\bGH-)(?=\d)", re.IGNORECASE)
_NOTES: Final = Column[Any]("Notes", str, "words")
_INERT: Final = "<!-- -->"
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"})


def render(document: Document, settings: ReportSettings = USUAL) -> str:
    """Return the report as a Markdown page; every word of a server is shown as it is, none is taken for Markdown."""
    return "\n".join(_lines(document, settings)) + "\n"


def escape(text: str) -> str:
    """Return `text` so that Markdown shows it as it is, in a table's cell too."""
    plain = _ALIVE.sub("\0", text.replace("\0", ""))
    marked = _SPECIAL.sub(r"\\\g<0>", plain).translate(_ENTITIES)
    return marked.replace("\0", _INERT).replace("$", "<span>$</span>")


def _lines(document: Document, settings: ReportSettings) -> Iterator[str]:
    report = view.report(document, msgspec.structs.replace(settings, verbose=True))
    yield "# Ollama speedrun"
    yield ""
    yield escape(f"Begun {figures.moment(document.started_at)}, {document.tool.name} {document.tool.version}.")
    for line in report.caution:
        yield from ("", f"**{escape(line)}**")
    yield from _decision(report, meaning.recommended(document))
    if not document.results:
        columns = needed(models(figures.host_names(document.hosts)), document.models)
        yield from _listing("Models", columns, document.models)
        yield from _listing("Servers", HOSTS, document.hosts)
    for section in report.sections:
        yield from ("", f"## {escape(section.title)}", "")
        rows = ((f"{'★ ' if row.best else ''}{row.cells[0]}", *row.cells[1:], row.marks) for row in section.rows)
        yield from _table((*report.columns, _NOTES), rows)
        for line in section.lines:
            yield from ("", escape(line))
    areas = () if report.areas is None or settings.wide else (report.areas,)
    for table in (*areas, *report.tables):
        yield from ("", f"## {escape(table.title)}")
        for group in table.groups:
            yield from ("", *([f"### {escape(group.title)}", ""] if group.title else []))
            yield from _table(table.columns, group.rows)
    for title, entries in (("Failed", report.failed), ("Not benchmarked", report.skipped)):
        if entries:
            yield from ("", f"## {title}", "", *map(_unmeasured, entries))
    if report.notes:
        yield from ("", "## Notes", "")
        yield from (f"- {mark}: {escape(text)}" for mark, text in report.notes)
    yield from _details(report)


def _decision(report: Report, chosen: Rated | None) -> Iterator[str]:
    """Yield what to use, or why there is nothing to recommend, and the uses with another answer."""
    if report.recommendation is not None:
        yield from ("", f"★ Use {_advice(report.recommendation)}")
        if chosen is not None:
            yield from ("", escape(meaning.expected(chosen)))
    elif report.why_none is not None:
        yield from ("", f"No recommendation: {escape(report.why_none)}.")
    if report.remarks:
        yield from ("", *(f"- {escape(remark)}" for remark in report.remarks))
    if report.uses:
        yield ""
    for use in report.uses:
        answer = (
            f"none, {escape(use.why)}" if use.model is None else f"**{escape(use.model)}** on {escape(use.host or '')}"
        )
        yield f"- {escape(use.uses)}: {answer}"


def _details(report: Report) -> Iterator[str]:
    """Yield, folded, what does not change the decision: other notes, why each tier has its best, how to read it."""
    lines = [
        *(f"- {escape(advice.scope)}: {_advice(advice)}" for advice in report.tiers),
        *(f"- {mark}: {escape(text)}" for mark, text in report.other_notes),
        *(f"- {escape(text)}" for text in report.legend),
    ]
    if lines:
        yield from ("", "<details><summary>How to read this, and more notes</summary>", "", *lines, "", "</details>")


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
    return f"**{escape(advice.model)}** on {escape(advice.host)}. {escape(advice.why)}"


def _unmeasured(entry: Unmeasured) -> str:
    return f"- {escape(entry.models)} on {escape(entry.host)}: {escape(entry.reason)}"
