import io

from rich.console import Console

from ollama_speedrun.ui.preparation import PreparationDisplay

MB = 1_000_000


def fetch(console: Console, *, quiet: bool = False) -> str:
    with PreparationDisplay(console, quiet=quiet) as display:
        for done in (0, 31, 62, 93, 93):
            display.show("fetching the model", done * MB, 93 * MB, "bytes")
        display.show("deriving", 30, 30)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_pipe_gets_a_line_as_a_task_begins_and_ends() -> None:
    assert fetch(Console(file=io.StringIO(), _environ={})).splitlines() == [
        "→ fetching the model, 0 B of 93 MB",
        "✓ fetching the model, 93 MB of 93 MB",
        "✓ deriving, 30/30",
    ]


def test_quiet_says_nothing() -> None:
    assert fetch(Console(file=io.StringIO(), _environ={}), quiet=True) == ""


def test_a_terminal_gets_a_bar_for_each_task_that_goes_on() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60, _environ={})
    display = PreparationDisplay(console)
    display.show("fetching the model", 31 * MB, 93 * MB, "bytes")
    display.show("deriving", 15, 30)
    assert [line.plain for line in display._region(60, 24)] == [
        "fetching the model",
        "          ━━━━━━━━━━━───────────────────────  31 MB of 93 MB",
        "deriving",
        "          ━━━━━━━━━━━━━━━━━━━━────────────────────  15/30",
    ]
    assert len(display._region(60, 3)) == 3
