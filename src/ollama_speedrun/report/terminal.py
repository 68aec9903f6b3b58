"""The report as tables on a terminal or in a pipe."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text

from ..comparison.types import Kind
from ..results.types import Document
from ..wording import counted
from . import compared, figures, layout, view
from .columns import HOSTS, Column, T, cells, models, needed
from .compared import Compared
from .layout import paragraph, print_lines, table, width_of
from .settings import USUAL, ReportSettings
from .tables import Table
from .view import Advice, Grade, Report, Row, Unmeasured

if TYPE_CHECKING:
    from .plot import Piece

GRADE_STYLES: Final[dict[Grade, str]] = {"good": "bold green", "fair": "yellow", "poor": "red"}
CHANGE_STYLES: Final[dict[Kind, str]] = {"worse": "bold red", "better": "green", "same": "", "cannot-tell": "dim"}
BEST_STYLE: Final = "bold"
SPILLS_STYLE: Final = "bold yellow"
HEADLINE_STYLE: Final = "bold cyan"
CAUTION_STYLE: Final = "bold yellow"
STAR: Final = "★"
USUAL_WIDTH: Final = 80
"""The width of a plot in a pipe or a file."""
SERIES_STYLES: Final = ("bold yellow", "cyan", "green", "magenta", "blue", "red", "bright_cyan", "bright_magenta")


def print_report(console: Console, document: Document, settings: ReportSettings = USUAL) -> None:
    """Print what to use, the table of each memory tier, and what could change that decision."""
    print_lines(console, _report(console, view.report(document, settings), settings))


def print_plots(console: Console, document: Document) -> None:
    """Print what the document has to plot, in the console's width and encoding; nothing where that is nothing."""
    from . import plot  # noqa: PLC0415  every table is there sooner without

    lines = plot.plots(document, width=width_of(console) or USUAL_WIDTH, has_unicode=console.encoding.startswith("utf"))
    print_lines(console, (Text.assemble(*((piece.text, _plotted(piece)) for piece in line)) for line in lines))


def _plotted(piece: "Piece") -> str:
    match piece.style:
        case "plain":
            return ""
        case "title":
            return HEADLINE_STYLE
        case "best":
            return BEST_STYLE
        case int(place):
            return SERIES_STYLES[place % len(SERIES_STYLES)]


def print_hosts(console: Console, document: Document) -> None:
    """Print the hosts that were found, nothing where there are none."""
    print_lines(console, _plain_table(console, HOSTS, document.hosts))


def print_models(console: Console, document: Document) -> None:
    """Print the models of each host, nothing where there are none."""
    columns = models(figures.host_names(document.hosts))
    print_lines(console, _plain_table(console, needed(columns, document.models), document.models))


def print_comparison(console: Console, found: Compared) -> None:
    """Print what changed between two results: the summary, what else changed, and the figures."""
    print_lines(console, _comparison(console, found))


def _comparison(console: Console, found: Compared) -> Iterator[Text]:
    yield from paragraph(console, Text(found.summary, BEST_STYLE))
    for line in found.unlike:
        yield from paragraph(console, Text(line, CAUTION_STYLE))
    for line in (*found.suspects, *found.alone):
        yield from paragraph(console, Text(line))
    if found.rows:
        yield Text()
        lines = [[*map(Text, row.cells[:-1]), Text(row.cells[-1], CHANGE_STYLES[row.kind])] for row in found.rows]
        yield from table([*map(_placed, compared.COLUMNS)], lines, width_of(console))
    if found.hidden:
        yield from paragraph(console, Text(f"With --verbose: {counted(found.hidden, 'more figure')}.", "dim"))


def _report(console: Console, report: Report, settings: ReportSettings) -> Iterator[Text]:
    for line in report.caution:
        yield from paragraph(console, Text(line, CAUTION_STYLE))
    yield from _decision(console, report)
    if report.sections:
        yield from _sections(console, report)
        yield Text()
    for beside in report.tables:
        yield from paragraph(console, Text(beside.title, HEADLINE_STYLE))
        yield from _beside(console, beside)
        yield Text()
    if report.failed:
        yield from _unmeasured(console, "Failed", report.failed)
    if settings.verbose and report.skipped:
        yield from _unmeasured(console, "Not benchmarked", report.skipped)
    for mark, note in (*report.notes, *(report.other_notes if settings.verbose else ())):
        yield from paragraph(console, Text(f"{mark}  {note}", "dim"), hanging=3)
    if settings.verbose:
        yield from _details(console, report)
    elif more := _more(report):
        yield from paragraph(console, Text(more, "dim"))


def _decision(console: Console, report: Report) -> Iterator[Text]:
    """Yield what to use, or why there is nothing to recommend, and the uses with another answer."""
    if report.recommendation is not None:
        advice = report.recommendation
        chosen = Text(f"{STAR} ").append("Use ").append(advice.model, BEST_STYLE).append(f" @ {advice.host}. ")
        yield from paragraph(console, chosen.append(advice.why), hanging=2)
    elif report.why_none is not None:
        yield from paragraph(console, Text(f"No recommendation: {report.why_none}."), hanging=2)
    for remark in report.remarks:
        yield from paragraph(console, Text(f"  {remark}"), hanging=4)
    for use in report.uses:
        answer = f"none, {use.why}" if use.model is None else f"{use.model} @ {use.host}"
        yield from paragraph(console, Text(f"  {use.uses}: {answer}"), hanging=4)
    if report.recommendation is not None or report.why_none is not None or report.remarks:
        yield Text()


def _details(console: Console, report: Report) -> Iterator[Text]:
    """Yield how the figures are to be read, and why each tier has its best."""
    for line in report.legend:
        yield from paragraph(console, Text(line, "dim"))
    if report.tiers:
        yield Text()
        yield Text("Best of each memory tier", HEADLINE_STYLE)
        for advice in report.tiers:
            yield from paragraph(console, Text("  ").append_text(_advice(advice)), hanging=4)


def _more(report: Report) -> str:
    """Return what `--verbose` would add, empty where that is nothing."""
    skipped = sum(entry.count for entry in report.skipped)
    parts = [
        *([counted(len(report.other_notes), "more note")] if report.other_notes else []),
        *([f"{counted(skipped, 'model')} not benchmarked"] if skipped else []),
        *(["why each ★ is the best of its tier"] if report.tiers else []),
        *(["how to read the figures"] if report.legend else []),
    ]
    return f"With --verbose: {', '.join(parts)}." if parts else ""


def _unmeasured(console: Console, title: str, entries: Sequence[Unmeasured]) -> Iterator[Text]:
    yield Text(title, HEADLINE_STYLE)
    for entry in entries:
        mark = Text("✗ ", "red") if title == "Failed" else Text("– ", "dim")
        text = Text("  ").append(mark).append(f"{entry.models} @ {entry.host}: ").append(entry.reason)
        yield from paragraph(console, text, hanging=4)
    yield Text()


def _sections(console: Console, report: Report) -> Iterator[Text]:
    """Yield one table, so that the columns of all tiers stand in line, with a heading for each tier."""
    rows = [row for section in report.sections for row in section.rows]
    starred = any(row.best for row in rows)
    marked = any(row.marks for row in rows)
    placed = [*map(_placed, report.columns)]
    if starred:
        placed[0] = layout.Column("  Model", name=True)
    if marked:
        placed.append(layout.Column(""))
    lines: list[Sequence[Text] | Text] = []
    for section in report.sections:
        lines.append(Text(section.title, HEADLINE_STYLE))
        lines.extend(_cells(row, report.columns, starred=starred, marked=marked) for row in section.rows)
        for line in section.lines:
            lines.extend(paragraph(console, Text(f"  {line}", "dim"), hanging=4))
    yield from table(placed, lines, width_of(console))


def _cells(row: Row, columns: Sequence[Column[Any]], *, starred: bool, marked: bool) -> list[Text]:
    """Return the row's cells; the star stands before the name, the marks of its notes behind the score."""
    styled = [Text(cell, _style(row, column)) for cell, column in zip(row.cells, columns, strict=True)]
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


def _advice(advice: Advice) -> Text:
    chosen = Text(f"{advice.scope}: ").append(advice.model, BEST_STYLE)
    return chosen.append(f" @ {advice.host}, score {advice.score}. {advice.why}")


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
