"""The report as tables on a terminal or in a pipe."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ..assessment.types import Scoring
from ..results.types import Document
from . import layout, view
from .columns import HOSTS, MODELS, RESULTS, Column, T, cells
from .layout import paragraph, print_lines, table, width_of
from .tables import Table
from .view import Advice, Grade, Report, Row, Unmeasured

GRADE_STYLES: Final[dict[Grade, str]] = {"good": "bold green", "fair": "yellow", "poor": "red"}
BEST_STYLE: Final = "bold"
SPILLS_STYLE: Final = "bold yellow"
HEADLINE_STYLE: Final = "bold cyan"
STAR: Final = "★"


def print_report(console: Console, document: Document, *, scoring: Scoring = "overall") -> None:
    """Print the table of each memory tier, what was not benchmarked and why, and the recommendation."""
    print_lines(console, _report(console, view.report(document, scoring=scoring)))


def print_hosts(console: Console, document: Document) -> None:
    """Print the hosts that were found, nothing where there are none."""
    print_lines(console, _plain_table(console, HOSTS, document.hosts))


def print_models(console: Console, document: Document) -> None:
    """Print the models of each host, nothing where there are none."""
    print_lines(console, _plain_table(console, MODELS, document.models))


def _report(console: Console, report: Report) -> Iterator[Text]:
    if report.sections:
        yield from _sections(report, width_of(console))
        yield Text()
    for beside in report.tables:
        yield from paragraph(console, Text(beside.title, HEADLINE_STYLE))
        yield from _beside(console, beside)
        yield Text()
    for title, entries in (("Failed", report.failed), ("Not benchmarked", report.skipped)):
        if entries:
            yield Text(title, HEADLINE_STYLE)
            for entry in entries:
                yield from paragraph(console, _unmeasured(entry, failed=title == "Failed"), hanging=4)
            yield Text()
    for mark, note in report.notes:
        yield from paragraph(console, Text(f"{mark}  {note}", "dim"), hanging=3)
    for line in report.legend:
        yield from paragraph(console, Text(line, "dim"))
    if report.tiers:
        yield Text()
        yield Text("Best of each memory tier", HEADLINE_STYLE)
        for advice in report.tiers:
            yield from paragraph(console, Text("  ").append_text(_advice(advice)), hanging=4)
    if report.recommendation is not None:
        yield Text()
        yield from _recommendation(console, report.recommendation)


def _sections(report: Report, width: int | None) -> Iterator[Text]:
    """Yield one table, so that the columns of all tiers stand in line, with a heading for each tier."""
    rows = [row for section in report.sections for row in section.rows]
    starred = any(row.best for row in rows)
    marked = any(row.marks for row in rows)
    shown = [index for index, column in enumerate(RESULTS) if column.heading not in report.needless]
    placed = [_placed(RESULTS[index]) for index in shown]
    if starred:
        placed[0] = layout.Column("  Model", name=True)
    if marked:
        placed.append(layout.Column(""))
    lines: list[Sequence[Text] | Text] = []
    for section in report.sections:
        lines.append(Text(section.title, HEADLINE_STYLE))
        lines.extend(_cells(row, shown, starred=starred, marked=marked) for row in section.rows)
    yield from table(placed, lines, width)


def _cells(row: Row, shown: Sequence[int], *, starred: bool, marked: bool) -> list[Text]:
    """Return the row's cells; the star stands before the name, the marks of its notes behind the score."""
    styled = [Text(row.cells[index], _style(row, RESULTS[index])) for index in shown]
    if starred:
        styled[0] = Text(f"{STAR if row.best else ' '} ").append_text(styled[0])
    return [*styled, Text(row.marks, "dim")] if marked else styled


def _style(row: Row, column: Column[Any]) -> str:
    match column.emphasis:
        case "best" if row.best:
            return BEST_STYLE
        case "spills" if row.spills:
            return SPILLS_STYLE
        case "grade" if row.grade:
            return GRADE_STYLES[row.grade]
        case _:
            return ""


def _beside(console: Console, beside: Table) -> Iterator[Text]:
    lines: list[Sequence[Text] | Text] = []
    for group in beside.groups:
        lines.extend(paragraph(console, Text(group.title, BEST_STYLE), hanging=2) if group.title else ())
        lines.extend([*map(Text, row)] for row in group.rows)
    yield from table([*map(_placed, beside.columns)], lines, width_of(console))


def _unmeasured(entry: Unmeasured, *, failed: bool) -> Text:
    mark = Text("✗ ", "red") if failed else Text("– ", "dim")
    return Text("  ").append_text(mark).append(f"{entry.model} @ {entry.host}: ").append(entry.reason)


def _advice(advice: Advice) -> Text:
    chosen = Text(f"{advice.scope}: ").append(advice.model, BEST_STYLE)
    return chosen.append(f" @ {advice.host}, score {advice.score}: {advice.why}")


def _recommendation(console: Console, advice: Advice) -> Iterator[Text]:
    yield Text(advice.scope, HEADLINE_STYLE)
    chosen = Text().append(f"{STAR} {advice.model}", "bold green")
    yield from paragraph(console, chosen.append(f" @ {advice.host}, score {advice.score}"), hanging=2)
    yield from paragraph(console, Text("  ").append(advice.why), hanging=2)


def _plain_table(console: Console, columns: Sequence[Column[T]], found: Sequence[T]) -> Iterator[Text]:
    if found:
        rows = [[*map(Text, cells(columns, one))] for one in found]
        yield from table([*map(_placed, columns)], rows, width_of(console))


def _placed(column: Column[Any]) -> layout.Column:
    return layout.Column(
        column.heading,
        right=column.kind == "figure",
        name=column.kind == "name",
        luxury=column.luxury,
        spare=column.gives_way,
    )
