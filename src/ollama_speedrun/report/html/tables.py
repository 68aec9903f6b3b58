"""Tables of a page: they scroll sideways where they are wider than the screen. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from .. import meaning
from ..columns import Column
from .markup import Markup, element


def scrolling(caption: str, *parts: Markup, class_: str = "") -> Markup:
    """Return a table in a frame that scrolls, by the keyboard too; the caption is for screen readers."""
    table = element("table", element("caption", caption, class_="unseen"), *parts, class_=class_ or None)
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=caption)


def heading(column: Column[Any]) -> Markup:
    """Return the head of a column, which leads to what its number means where the page says that."""
    anchor = meaning.id_of(column.heading)
    text: str | Markup = column.heading or element("span", "Remark", class_="unseen")
    shown = text if anchor is None else element("a", column.heading, href=f"#{anchor}")
    return element("th", shown, scope="col", class_=_class(column))


def row(columns: Sequence[Column[Any]], cells: Iterable[str], *more: Markup, class_: str | None = None) -> Markup:
    """Return a row; its first cell is its head."""
    drawn = [
        element("th", cell, scope="row", class_=_class(column))
        if place == 0
        else element("td", cell, class_=_class(column))
        for place, (column, cell) in enumerate(zip(columns, cells, strict=True))
    ]
    return element("tr", *drawn, *more, class_=class_)


def plain(caption: str, columns: Sequence[Column[Any]], rows: Iterable[Iterable[str]]) -> Markup:
    """Return a table of cells."""
    head = element("thead", element("tr", *map(heading, columns)))
    return scrolling(caption, head, element("tbody", *(row(columns, cells) for cells in rows)))


def _class(column: Column[Any]) -> str | None:
    match column.kind:
        case "figure":
            return "figure"
        case "name":
            return "name"
        case _:
            return None
