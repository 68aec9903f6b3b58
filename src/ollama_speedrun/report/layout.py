"""Laying out rows of cells for a width, so that nothing overlaps and no name is lost. Widths are terminal cells."""

import textwrap
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from .text import ELLIPSIS, to_ascii

Row: TypeAlias = Sequence[Text]

NARROWEST_NAME: Final = 12
WIDEST_SECOND_NAME: Final = 15  # an IPv4 address, the commonest host
NARROWEST_NOTE: Final = 24
HEADING_STYLE: Final = "bold"


class Column(msgspec.Struct, frozen=True):
    """A column: a `name` may take a line of its own; the highest `spare` goes first when the width is short.

    A `luxury` with a `spare` goes before a name has to leave its place in the row.
    """

    heading: str
    right: bool = False
    name: bool = False
    luxury: bool = False
    spare: int = 0


def table(columns: Sequence[Column], rows: Sequence[Row | Text], width: int | None) -> Iterator[Text]:
    """Yield the lines of a table at most `width` cells wide, or as wide as it needs where `width` is None.

    A row that is a mere text is a heading across the columns. What does not fit, in this order: closer columns; a long
    name takes a line of its own above its row's figures; luxuries are left out; all names take a line of their own;
    columns with a `spare` are left out. A last line names what was left out.
    """
    headings = tuple(Text(column.heading, HEADING_STYLE) for column in columns)
    lines = [headings, *rows]
    if width is None:
        yield from _whole(columns, _widths(lines), lines)
        return
    for kept in _without_luxuries(columns):
        shown = [columns[index] for index in kept]
        cut = [line if isinstance(line, Text) else [line[index] for index in kept] for line in lines]
        widths = _widths(cut)
        if sum(widths) + 2 * (len(shown) - 1) <= width:
            yield from _whole(shown, widths, cut)
            break
        if (narrow := _narrowed(shown, widths, width)) is not None:
            for line in cut:
                yield from [line] if isinstance(line, Text) else _fitted(shown, narrow, line, width)
            break
    else:
        kept = yield from _stacked(columns, _widths(lines), lines, width)
    if left_out := [column.heading for index, column in enumerate(columns) if index not in kept]:
        for part in textwrap.wrap(f"Not shown here: {', '.join(left_out)}.", max(width, NARROWEST_NOTE)):
            yield Text(part, "dim")


def _without_luxuries(columns: Sequence[Column]) -> Iterator[list[int]]:
    """Yield which columns to try: all of them, then one luxury after another fewer."""
    kept = list(range(len(columns)))
    yield kept
    luxuries = [index for index in kept if columns[index].luxury]
    for out in sorted(luxuries, key=lambda index: -columns[index].spare):
        kept = [index for index in kept if index != out]
        yield kept


def _widths(lines: Iterable[Row | Text]) -> list[int]:
    cells = [line for line in lines if not isinstance(line, Text)]
    return [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, cut in the middle: a model's tag and a host's port stand at the end."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return ELLIPSIS[:width]
    tail = text
    while cell_len(tail) > width // 2:
        tail = tail[1:]
    head = text
    while cell_len(head) > width - 1 - cell_len(tail):
        head = head[:-1]
    return head + ELLIPSIS + tail


def paragraph(console: Console, text: Text, *, hanging: int = 0) -> Iterator[Text]:
    """Yield `text` as lines for the console's width, all but the first indented; one line in a pipe."""
    width = width_of(console)
    if width is None:
        yield text
        return
    for index, line in enumerate(text.wrap(console, max(width - hanging, 8))):
        line.rstrip()
        yield line if index == 0 else Text(" " * hanging).append_text(line)


def width_of(console: Console) -> int | None:
    """Return the width to lay out for, None for a pipe or file, where nothing need be left out."""
    return console.width if console.is_interactive or console.is_dumb_terminal else None


def printable(console: Console, text: Text) -> Text:
    """Return `text`, our own symbols in ASCII where the console's encoding asks for it."""
    if not console.encoding.startswith("utf"):
        text.plain = to_ascii(text.plain)
    return text


def print_lines(console: Console, lines: Iterable[Text]) -> None:
    """Print each line as it is, neither wrapped nor cut."""
    if text := Text("\n").join(lines):
        console.print(printable(console, text), soft_wrap=True)


def _narrowed(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int] | None:
    """Return widths whose sum fits, the names' columns made narrower; None where that leaves too little for names."""
    names = [index for index, column in enumerate(columns) if column.name]
    if not names:
        return None
    narrow = list(widths)
    for index in names[1:]:
        narrow[index] = min(narrow[index], WIDEST_SECOND_NAME)
    room = width - (sum(narrow) - narrow[names[0]]) - (len(columns) - 1)
    if room < min(NARROWEST_NAME, narrow[names[0]]):
        return None
    narrow[names[0]] = min(narrow[names[0]], room)
    return narrow


def _whole(columns: Sequence[Column], widths: Sequence[int], lines: Sequence[Row | Text]) -> Iterator[Text]:
    yield from (line if isinstance(line, Text) else _line(columns, widths, line, gap=2) for line in lines)


def _line(columns: Sequence[Column], widths: Sequence[int], row: Row, *, gap: int) -> Text:
    line = Text()
    for index, (column, width, cell) in enumerate(zip(columns, widths, row, strict=True)):
        padding = " " * (width - cell.cell_len)
        line.append(" " * gap if index else "")
        line.append(padding if column.right else "").append_text(cell).append("" if column.right else padding)
    line.rstrip()
    return line


def _fitted(columns: Sequence[Column], widths: Sequence[int], row: Row, width: int) -> Iterator[Text]:
    """Yield a row as one line, names that are too long for their column on lines of their own above it."""
    long = [cell.cell_len > room for cell, room in zip(row, widths, strict=True)]
    yield from _names([cell for cell, is_long in zip(row, long, strict=True) if is_long], width)
    yield _line(columns, widths, [Text() if is_long else cell for cell, is_long in zip(row, long, strict=True)], gap=1)


def _stacked(
    columns: Sequence[Column], widths: Sequence[int], lines: Sequence[Row | Text], width: int
) -> Generator[Text, None, list[int]]:
    """Yield each row as a line of names and, indented below it, a line of figures; returns which columns it kept."""
    kept = [index for index, column in enumerate(columns) if not column.name]
    while sum(widths[index] + 1 for index in kept) + 1 > width and any(columns[index].spare for index in kept):
        kept.remove(max(kept, key=lambda index: columns[index].spare))
    for line in lines:
        if isinstance(line, Text):
            yield line
            continue
        yield from _names([cell for column, cell in zip(columns, line, strict=True) if column.name], width)
        figures = _line([columns[i] for i in kept], [widths[i] for i in kept], [line[i] for i in kept], gap=1)
        yield Text("  ").append_text(figures)
    return [index for index, column in enumerate(columns) if column.name or index in kept]


def _names(names: Sequence[Text], width: int) -> Iterator[Text]:
    """Yield the names on one line, or on one each where they do not fit beside each other."""
    joined = Text("  ").join(names)
    if joined.cell_len <= width:
        yield from [joined] if names else []
        return
    for index, cell in enumerate(names):
        indent = "  " if index else ""
        yield Text(indent).append(shorten(cell.plain, width - len(indent)), cell.style)
