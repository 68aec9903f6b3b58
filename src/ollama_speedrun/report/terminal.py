"""The report as tables on a terminal or in a pipe."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from . import figures, view
from .document import Document
from .layout import Column, paragraph, print_lines, table, width_of
from .tables import Table
from .view import Advice, Grade, Report, Row, Scoring, Section, Unmeasured

GRADE_STYLES: Final[dict[Grade, str]] = {"good": "bold green", "fair": "yellow", "poor": "red"}
BEST_STYLE: Final = "bold"
SPILLS_STYLE: Final = "bold yellow"
HEADLINE_STYLE: Final = "bold cyan"
STAR: Final = "★"

_LUXURIES: Final = {"±", "Params"}
_OF_MODELS: Final = {"Params": 6, "Load": 5, "±": 4, "Quant": 3, "Size": 2}
_OF_SWEEPS: Final = {"Memory": 3, "Prefill": 2, "TTFT p95": 2, "TTFT p50": 1}
_SPARE: Final = _OF_MODELS | _OF_SWEEPS | {"Capabilities": 5, "Addresses": 5, "Found via": 4}
_NAMES: Final = {"Model", "Host"}


def print_report(console: Console, document: Document, *, scoring: Scoring = "overall") -> None:
    """Print the table of each memory tier, what was not benchmarked and why, and the recommendation."""
    print_lines(console, _report(console, view.report(document, scoring=scoring)))


def print_hosts(console: Console, document: Document) -> None:
    """Print the hosts that were found, nothing where there are none."""
    print_lines(console, _plain_table(console, view.HOST_HEADINGS, map(view.host_cells, document.hosts)))


def print_models(console: Console, document: Document) -> None:
    """Print the models of each host, nothing where there are none."""
    print_lines(console, _plain_table(console, view.MODEL_HEADINGS, map(view.model_cells, document.models)))


def _report(console: Console, report: Report) -> Iterator[Text]:
    if report.sections:
        yield from _sections(report.sections, width_of(console))
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


def _sections(sections: Sequence[Section], width: int | None) -> Iterator[Text]:
    """Yield one table, so that the columns of all tiers stand in line, with a heading for each tier."""
    rows = [row for section in sections for row in section.rows]
    starred = any(row.best for row in rows)
    marked = any(row.marks for row in rows)
    shown = [index for index, heading in enumerate(view.HEADINGS) if _is_shown(heading, index, rows)]
    columns = [_column(view.HEADINGS[index]) for index in shown]
    if starred:
        columns[0] = Column("  Model", name=True)
    if marked:
        columns.append(Column(""))
    lines: list[Sequence[Text] | Text] = []
    for section in sections:
        lines.append(Text(section.title, HEADLINE_STYLE))
        lines.extend(_cells(row, shown, starred=starred, marked=marked) for row in section.rows)
    yield from table(columns, lines, width)


def _is_shown(heading: str, index: int, rows: Sequence[Row]) -> bool:
    """Whether a column is worth its room: the one of the GPU where a model did not fit onto it."""
    match heading:
        case "GPU":
            return any(row.spills for row in rows)
        case "±":
            return any(row.cells[index] != figures.ABSENT for row in rows)
        case _:
            return True


def _cells(row: Row, shown: Sequence[int], *, starred: bool, marked: bool) -> list[Text]:
    """Return the row's cells; the star stands before the name, the marks of its notes behind the score."""
    cells = [Text(row.cells[index], _style(row, view.HEADINGS[index])) for index in shown]
    if starred:
        cells[0] = Text(f"{STAR if row.best else ' '} ").append_text(cells[0])
    return [*cells, Text(row.marks, "dim")] if marked else cells


def _style(row: Row, heading: str) -> str:
    match heading:
        case "Model" if row.best:
            return BEST_STYLE
        case "GPU" if row.spills:
            return SPILLS_STYLE
        case "Score" if row.grade:
            return GRADE_STYLES[row.grade]
        case _:
            return ""


def _beside(console: Console, beside: Table) -> Iterator[Text]:
    lines: list[Sequence[Text] | Text] = []
    for group in beside.groups:
        lines.extend(paragraph(console, Text(group.title, BEST_STYLE), hanging=2) if group.title else ())
        lines.extend([*map(Text, row)] for row in group.rows)
    yield from table([_column(heading) for heading in beside.headings], lines, width_of(console))


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


def _plain_table(console: Console, headings: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[Text]:
    cells = [[*map(Text, row)] for row in rows]
    if cells:
        yield from table([_column(heading) for heading in headings], cells, width_of(console))


def _column(heading: str) -> Column:
    return Column(
        heading,
        right=bool(heading) and heading not in view.WORDS,
        name=heading in _NAMES,
        luxury=heading in _LUXURIES,
        spare=_SPARE.get(heading, 0),
    )
