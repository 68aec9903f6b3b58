"""The sections of the page below the verdict; each is left out where the document has nothing for it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ...results.types import Document
from ...wording import counted
from .. import figures, further, meaning
from ..columns import NAMES, Column, cells, models, needed
from ..tables import BY_CONTEXT, Group
from ..text import clean
from ..trade_off import points
from ..view import Report, Unmeasured
from . import scatter, sweeps, tables
from .heat import heat_map
from .markup import EMPTY, Markup, element, join
from .timeline import timeline

BEST: Final = "★\N{NO-BREAK SPACE}"
ON_HOST_CARDS: Final = frozenset({"Size", "Params", "Quant"})
"""Columns that the cards of hosts show, so that the table of models is as wide as a page."""


class Section(msgspec.Struct, frozen=True):
    """A section: the id that links lead to, its title, a sentence on how to read it, and what it shows."""

    anchor: str
    title: str
    lead: str
    body: Markup

    def drawn(self) -> Markup:
        """Return the section as HTML."""
        return element(
            "section",
            element("h2", self.title),
            element("p", self.lead, class_="lead") if self.lead else None,
            self.body,
            id=self.anchor,
        )


def sections(document: Document, report: Report, names: Mapping[str, str]) -> Iterator[Section]:
    """Yield what the document has figures for, in the order of reading."""
    ranked = sweeps.ranked(document)
    placed = points(document)
    drawn = (
        (
            "trade-off",
            "Quality against speed",
            (
                "Up is better, right is faster. Whiskers are 95 % intervals, and no model of the tier lies beyond the "
                "dashed line. Grey dots are models of other tiers."
            ),
            scatter.panels(placed) if placed else None,
        ),
        ("models", "Models", "The best of each memory tier has a star.", _models(report)),
        (
            "areas",
            "Quality by area",
            "0 is guessing, 100 all right. The best of an area is bold; fewer than five answers are in italics.",
            heat_map(document, names),
        ),
        (
            "depth",
            "Speed by context depth",
            "How fast a model reads and writes when its context already holds so many tokens.",
            sweeps.depths(ranked, names),
        ),
        (
            "at-once",
            "Throughput by requests at once",
            "Where a line stays flat, the server answers one request after another.",
            sweeps.at_once(ranked, names),
        ),
        (
            "memory-by-context",
            "Memory by context",
            "What the loaded model takes, by the context that it is loaded with. Hollow dots are estimated.",
            _memory(report, sweeps.memory(ranked, names)),
        ),
        ("beside", "Other figures", "", _beside(report)),
        (
            "timeline",
            "Timeline of the run",
            "When each model was measured. Where no bar stands, models were asked further questions, or nothing ran.",
            timeline(document, names),
        ),
        ("hosts", "Hosts", "", _hosts(document, names)),
        ("caveats", "Caveats", "Reasons to look at a figure twice, and what to try.", _caveats(document, names)),
        ("unmeasured", "Failed and not benchmarked", "", _unmeasured(report)),
        ("meaning", "What the numbers mean", "", _meaning(report)),
    )
    for anchor, title, lead, body in drawn:
        if body is not None:
            yield Section(anchor, title, lead, body)


def _models(report: Report) -> Markup | None:
    """Return one table of all tiers, without the areas, which have a table of their own."""
    if not report.sections:
        return None
    areas = () if report.areas is None else (column.heading for column in report.areas.columns[len(NAMES) :])
    elsewhere = {*ON_HOST_CARDS, *areas}
    kept = [place for place, column in enumerate(report.columns) if column.heading not in elsewhere]
    columns = [report.columns[place] for place in kept]
    head = element("tr", *map(tables.heading, columns), element("th", "Notes", scope="col"))
    bodies = [
        element(
            "tbody",
            element("tr", element("th", section.title, scope="rowgroup", colspan=len(columns) + 1), class_="group"),
            *(
                tables.row(
                    columns,
                    [(BEST if row.best and place == 0 else "") + row.cells[place] for place in kept],
                    element("td", _marks(row.marks)),
                    class_="starred" if row.best else None,
                )
                for row in section.rows
            ),
            *(element("tr", element("td", line, colspan=len(columns) + 1), class_="small") for line in section.lines),
        )
        for section in report.sections
    ]
    return join(tables.scrolling("Models by memory tier", element("thead", head), *bodies), _notes(report))


def _marks(marks: str) -> Markup:
    return join(*(element("a", mark, href=f"#note-{mark}", aria_label=f"note {mark}") for mark in marks))


def _notes(report: Report) -> Markup:
    notes = (*report.notes, *report.other_notes)
    if not notes:
        return EMPTY
    rows = [join(element("dt", mark, id=f"note-{mark}"), element("dd", text)) for mark, text in notes]
    return element("dl", *rows, class_="notes")


def _beside(report: Report) -> Markup | None:
    """Return the tables that no other section has: embedding models, what an image costs."""
    found = [table for table in report.tables if all(not group.title for group in table.groups)]
    drawn = [
        join(element("h3", table.title), *_groups(table.title, table.columns, table.groups))
        for table in found
        if table.title != BY_CONTEXT
    ]
    return join(*drawn) if drawn else None


def _memory(report: Report, chart: Markup | None) -> Markup | None:
    """Return the chart of memory by context with its table below; None where there is neither."""
    found = [table for table in report.tables if table.title == BY_CONTEXT]
    drawn = [part for table in found for part in _groups(table.title, table.columns, table.groups)]
    return join(chart, *drawn) if chart is not None or drawn else None


def _groups(title: str, columns: Sequence[Column[Any]], groups: Iterable[Group]) -> Iterator[Markup]:
    for group in groups:
        yield tables.plain(group.title or title, columns, group.rows)


def _hosts(document: Document, names: Mapping[str, str]) -> Markup | None:
    if not document.hosts:
        return None
    cards = []
    for host in document.hosts:
        of_host = [model for model in document.models if model.host == host.url]
        measured = [result for result in document.results if result.host == host.url and result.status == "ok"]
        drift = next((result.drift for result in measured if result.drift is not None), None)
        facts = (
            ("Address", figures.host_label(host.url)),
            ("Server", f"{figures.word(host.kind)} {figures.word(host.version)}"),
            ("Found via", figures.name(", ".join(host.via))),
            ("Models", f"{len(of_host)}, {len(measured)} measured"),
            ("On disk", figures.size(sum(model.size_bytes or 0 for model in of_host)) if of_host else figures.ABSENT),
            *([("Requests at once", at_once)] if (at_once := further.of_host(measured)) else []),
            *([("Drift", f"{drift:+.0%} while its models were measured")] if drift is not None else []),
        )
        listed = needed(models(names), of_host)
        shown = tuple(column for column in listed if column.heading != "Host")
        table = tables.plain(f"Models of {names.get(host.url, '')}", shown, (cells(shown, model) for model in of_host))
        folded = element("details", element("summary", counted(len(of_host), "model")), table) if of_host else None
        cards.append(
            element(
                "article",
                element("h3", figures.host_called(host.url, names)),
                element("dl", *(join(element("dt", name), element("dd", text)) for name, text in facts)),
                folded,
                class_="card",
            )
        )
    return element("div", *cards, class_="cards")


def _caveats(document: Document, names: Mapping[str, str]) -> Markup | None:
    """Return every caveat in its own words, with the results that have it; those with the same words together."""
    found: dict[tuple[str, str], list[str]] = {}
    for result in document.results:
        host = figures.host_called(result.host, names)
        for caveat in result.caveats:
            key = (str(caveat.kind), clean(caveat.text, 600))
            found.setdefault(key, []).append(f"{figures.name(result.label)} on {host}")
    if not found:
        return None
    rows = [
        join(
            element("dt", kind.replace("-", " ").capitalize()),
            element("dd", text, " ", element("span", ", ".join(dict.fromkeys(of)), class_="where")),
        )
        for (kind, text), of in found.items()
    ]
    return element("dl", *rows, class_="caveats")


def _unmeasured(report: Report) -> Markup | None:
    parts = [
        join(element("h3", title), element("ul", *map(_entry, entries)))
        for title, entries in (("Failed", report.failed), ("Not benchmarked", report.skipped))
        if entries
    ]
    return join(*parts) if parts else None


def _entry(entry: Unmeasured) -> Markup:
    return element("li", element("strong", entry.models), f" on {entry.host}: {entry.reason}")


def _meaning(report: Report) -> Markup:
    rows = [
        element("div", element("dt", name), element("dd", text), id=anchor) for anchor, name, text in meaning.MEANINGS
    ]
    return join(
        element("dl", *rows, class_="meanings"),
        element("ul", *(element("li", line) for line in report.legend)) if report.legend else None,
    )
