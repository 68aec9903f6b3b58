import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ollama_speedrun.report import terminal
from ollama_speedrun.report.braille import Canvas
from ollama_speedrun.report.plot import plots
from ollama_speedrun.results.types import Document
from report.fleet import HOSTS, START, many, renamed
from report.snapshot import assert_as_on_file

PLACES = st.tuples(st.floats(0, 1), st.floats(0, 1))


def drawn(run: Document, width: int = 80, *, has_unicode: bool = True) -> list[str]:
    return ["".join(piece.text for piece in line) for line in plots(run, width=width, has_unicode=has_unicode)]


@pytest.mark.parametrize("has_unicode", [True, False])
def test_the_plots(has_unicode: bool) -> None:
    name = "plots" if has_unicode else "plots-ascii"
    assert_as_on_file(name, "\n".join(drawn(many(9, 12), has_unicode=has_unicode)))


@pytest.mark.parametrize("width", [40, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    run = renamed(many(30, 6), "漢字" * 60, "\x1b[31mred", "m")
    assert max(cell_len(line) for line in drawn(run, width)) <= width


def test_a_narrow_terminal_is_plotted_for_40_columns_and_a_wide_one_for_100() -> None:
    run = many(9, 12)
    assert drawn(run, 10) == drawn(run, 40)
    assert drawn(run, 250) == drawn(run, 100)


def test_without_unicode_our_own_characters_are_ascii() -> None:
    assert all(line.isascii() for line in drawn(many(30, 6), has_unicode=False))


def test_without_figures_nothing_is_plotted() -> None:
    assert drawn(Document(started_at=START, hosts=HOSTS)) == []


def test_hostile_names_bring_no_control_character() -> None:
    lines = drawn(renamed(many(4, 6), "\x1b[2J\x9b5A\r\n\u202e", "\x07"))
    assert all(character.isprintable() for line in lines for character in line)


@pytest.mark.parametrize(("encoding", "color"), [("utf-8", True), ("utf-8", False), ("ascii", False)])
def test_a_console_gets_what_it_can_show(encoding: str, color: bool) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(
        file=stream, width=80, force_terminal=True, no_color=not color, color_system="standard", _environ={}
    )
    terminal.print_plots(console, many(9, 12))
    stream.flush()
    shown = stream.buffer.getvalue().decode(encoding)
    assert ("\x1b[36m" in shown) == color
    assert any("\u2800" < character < "\u2900" for character in shown) == (encoding == "utf-8")
    assert "Quality against tok/s" in shown


@given(st.lists(st.tuples(PLACES, PLACES), max_size=6), st.integers(1, 30), st.integers(1, 12))
def test_whatever_is_drawn_lies_within_the_canvas(
    lines: list[tuple[tuple[float, float], tuple[float, float]]], columns: int, rows: int
) -> None:
    canvas = Canvas(columns, rows, has_braille=True)
    for start, end in lines:
        canvas.line(start, end)
        canvas.mark(end, "x", 1)
    shown = canvas.lines()
    assert len(shown) == rows
    assert max((len(row) for row in shown), default=0) <= columns
    assert sum(spot.character == "x" for row in shown for spot in row) <= len(lines)
    for _, (x, y) in lines:
        assert shown[canvas.row_of(y)][canvas.column_of(x)].character == "x"


def test_a_diagonal_of_dots() -> None:
    canvas = Canvas(2, 1, has_braille=True)
    canvas.line((0, 0), (1, 1))
    assert ["".join(spot.character for spot in row) for row in canvas.lines()] == ["⡠⠊"]
