import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ollama_speedrun.report.layout import Column, paragraph, shorten, table

COLUMNS = [
    Column("Model", name=True),
    Column("Host", name=True),
    Column("Size", right=True, spare=1),
    Column("Score", right=True),
]


def lines(rows: list[list[str]], width: int | None) -> list[str]:
    return [line.plain for line in table(COLUMNS, [[*map(Text, row)] for row in rows], width)]


def test_a_wide_table_has_a_line_for_each_row() -> None:
    assert lines([["llama", "10.0.0.1", "4.6 GB", "82.9"], ["m", "h", "1 MB", "–"]], 80) == [
        "Model  Host        Size  Score",
        "llama  10.0.0.1  4.6 GB   82.9",
        "m      h           1 MB      –",
    ]


def test_columns_move_closer_before_a_name_takes_a_line_of_its_own() -> None:
    assert lines([["llama3.1:8b-instruct", "10.0.0.1", "4.6 GB", "82.9"], ["m", "h", "1 MB", "–"]], 36) == [
        "Model          Host       Size Score",
        "llama3.1:8b-instruct",
        "               10.0.0.1 4.6 GB  82.9",
        "m              h          1 MB     –",
    ]


def test_a_narrow_table_has_names_above_figures() -> None:
    assert lines([["llama3.1:8b-instruct", "10.0.0.1", "4.6 GB", "82.9"]], 30) == [
        "Model  Host",
        "    Size Score",
        "llama3.1:8b-instruct  10.0.0.1",
        "  4.6 GB  82.9",
    ]


def test_what_can_be_spared_is_left_out_by_name_at_last() -> None:
    assert lines([["llama", "10.0.0.1", "4.6 GB", "82.9"]], 12) == [
        "Model  Host",
        "  Score",
        "llama",
        "  10.0.0.1",
        "   82.9",
        "Not shown here: Size.",
    ]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("llama3.1:8b", 11, "llama3.1:8b"),
        ("llama3.1:8b", 9, "llam…1:8b"),
        ("hf.co/bartowski/Llama-GGUF:Q4_K_M", 20, "hf.co/bar…GUF:Q4_K_M"),
        ("llama", 1, "…"),
        ("llama", 0, ""),
        ("漢字漢字漢字", 7, "漢字…字"),
    ],
)
def test_names_are_cut_in_the_middle_so_that_the_tag_stays(text: str, width: int, shown: str) -> None:
    assert shorten(text, width) == shown


@given(st.text(), st.integers(0, 40))
def test_a_shortened_text_fits(text: str, width: int) -> None:
    assert cell_len(shorten(text, width)) <= width


NAMES = st.text(st.sampled_from("ab:-/漢🦙"), max_size=70)


@given(st.lists(st.lists(NAMES, min_size=4, max_size=4), max_size=4), st.none())
def test_without_a_width_no_cell_is_cut(rows: list[list[str]], width: None) -> None:
    shown = lines(rows, width)
    assert len(shown) == len(rows) + 1
    for row, line in zip(rows, shown[1:], strict=True):
        assert all(cell in line for cell in row)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=4), st.integers(20, 100))
def test_no_line_of_rows_is_wider_than_the_terminal(names: list[tuple[str, str]], width: int) -> None:
    for line in lines([[*pair, "4.6 GB", "82.9"] for pair in names], width):
        assert line.startswith("Not shown") or cell_len(line) <= width


def test_a_paragraph_hangs_on_a_terminal_and_is_one_line_in_a_pipe() -> None:
    text = "one two three four"
    terminal = Console(file=io.StringIO(), force_terminal=True, width=12)
    assert [line.plain for line in paragraph(terminal, Text(text), hanging=2)] == ["one two", "  three four"]
    pipe = Console(file=io.StringIO(), width=12)
    assert [line.plain for line in paragraph(pipe, Text(text), hanging=2)] == [text]
