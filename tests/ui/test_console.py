import io
import os

import pytest
from rich.text import Text

from ollama_speedrun.ui.console import console_for


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_is_neither_coloured_nor_animated() -> None:
    console = console_for(io.StringIO(), environ={})
    assert (console.is_terminal, console.is_interactive, console.color_system) == (False, False, None)


def test_forced_colours_do_not_animate_a_pipe() -> None:
    console = console_for(io.StringIO(), environ={"FORCE_COLOR": "1"})
    assert (console.is_terminal, console.is_interactive) == (True, False)


def test_a_terminal_is_coloured_and_animated() -> None:
    console = console_for(Terminal(), environ={"TERM": "xterm"})
    assert (console.is_interactive, console.color_system, console.no_color) == (True, "standard", False)


@pytest.mark.parametrize(("color", "environ"), [(False, {}), (True, {"NO_COLOR": "1"})])
def test_colours_are_off_by_flag_and_by_no_color(color: bool, environ: dict[str, str]) -> None:
    stream = Terminal()
    console_for(stream, color=color, environ={"TERM": "xterm", **environ}).print(Text("text", "red"))
    assert stream.getvalue() == "text\n"


def test_a_dumb_terminal_is_not_animated() -> None:
    assert not console_for(Terminal(), environ={"TERM": "dumb"}).is_interactive


def test_server_text_is_never_markup_emoji_or_highlighted() -> None:
    stream = Terminal()
    console_for(stream, environ={"TERM": "xterm"}).print("[red]1[/red] :boom: 2")
    assert stream.getvalue() == "[red]1[/red] :boom: 2\n"


def test_what_an_encoding_lacks_is_a_question_mark() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    console_for(stream, environ={}).print("漢 ok")
    stream.seek(0)
    assert stream.read() == "? ok\n"


def test_the_cursor_is_never_hidden() -> None:
    stream = Terminal()
    assert console_for(stream, environ={"TERM": "xterm"}).show_cursor(show=False) is False
    assert stream.getvalue() == ""


def test_a_reader_that_went_away_is_the_callers_to_handle() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8", closefd=False) as stream:
        console = console_for(stream, environ={})
        with pytest.raises(BrokenPipeError):
            console.print("text")
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)
    os.close(writer)


@pytest.mark.parametrize("columns", ["0", "-1", "", "wide", "99999999999999999999"])
def test_a_width_that_is_none_is_not_believed(columns: str) -> None:
    screen = console_for(io.StringIO(), environ={"COLUMNS": columns})
    assert 1 <= screen.width <= 10_000
    screen.print("shown")
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue() == "shown\n"
