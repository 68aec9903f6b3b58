import io
import unicodedata
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ollama_speedrun.assessment.types import Pick, Recommendation, UseVerdict, Verdict
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.report import terminal
from ollama_speedrun.report.settings import USUAL, ReportSettings
from ollama_speedrun.results.types import Document
from report.snapshot import assert_as_on_file
from specimens import DESK, LONG_NAME, RACK, document, host, model, rated, result, run_of, unrated

HOSTILE = [
    "\x1b[31mansi\x1b[2J",
    "rtl\u202etxt",
    "llama-🦙-漢字:8b",
    "two\nlines",
    "[red]markup[/red]",
    "[link=http://evil.example]x",
    ":boom:",
    "\x9b5Acsi",
    "pipe|`tick`<b>",
]


def console(width: int | None = 80, *, color: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=width is not None,
        no_color=not color,
        color_system="standard" if color else None,
        _environ={},
    )


def printed(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def report(run: Document, width: int | None, settings: ReportSettings = USUAL) -> str:
    screen = console(width)
    terminal.print_report(screen, run, settings)
    return printed(screen)


def hostile_run(names: list[str]) -> Document:
    entries = [rated(result(name, DESK)) for name in names]
    return Document(
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        hosts=tuple(msgspec.structs.replace(host(name), kind=name, version=name) for name in names),
        models=tuple(
            msgspec.structs.replace(model(name, DESK), quantization=name, parameter_size=name) for name in names
        ),
        results=(
            *(entry.result for entry in entries),
            *(msgspec.structs.replace(result(name, name), status="failed", reason=name) for name in names),
        ),
        assessments=tuple(entry.assessment for entry in entries),
        verdict=document().verdict,
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_report_at_a_width(width: int) -> None:
    text = report(document(), width)
    assert_as_on_file(f"report-{width}", text)
    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 160])
def test_the_wide_and_verbose_report_at_a_width(width: int) -> None:
    text = report(document(), width, ReportSettings(wide=True, verbose=True))
    assert_as_on_file(f"report-wide-{width}", text)
    assert max(map(cell_len, text.splitlines())) <= width


def test_the_recommendation_comes_first_and_nothing_is_said_twice() -> None:
    text = report(document(), 120)
    assert text.splitlines()[0] == "★ Use llama3.1:8b @ 192.168.1.20. Best of 3."
    assert text.count("Best of 3") == 1


def test_a_run_without_a_recommendation_says_why_in_its_place() -> None:
    run = run_of(result("a", DESK), verdict=Verdict((), None, (), "no answers were graded"))
    assert report(run, 120).splitlines()[:2] == ["No recommendation: no answers were graded.", ""]


def test_uses_with_another_best_have_a_line_each_and_share_it_where_they_agree() -> None:
    other = Pick(DESK, "b", 70.0)
    uses = (
        UseVerdict("chat", other, "x"),
        UseVerdict("code", Pick(DESK, "a", 80.0), "x"),
        UseVerdict("agent", None, "no model with the capability tools did better than guessing"),
        UseVerdict("rag", other, "y"),
    )
    run = run_of(result("a", DESK), verdict=Verdict((), Recommendation(DESK, "a", 80.0, why="it leads"), uses))
    assert report(run, 120).splitlines()[:4] == [
        "★ Use a @ 192.168.1.20. It leads.",
        "  chat, rag: b @ 192.168.1.20",
        "  agent: none, no model with the capability tools did better than guessing",
        "",
    ]


def test_what_does_not_change_the_decision_is_counted_and_left_to_verbose() -> None:
    last = report(document(), 200).splitlines()[-1]
    assert (
        last == "With --verbose: 1 model not benchmarked, why each ★ is the best of its tier, how to read the figures."
    )


def test_the_report_in_a_pipe_is_whole_and_plain() -> None:
    text = report(document(), None)
    assert_as_on_file("report-pipe", text)
    assert "\x1b" not in text


def test_the_classic_report() -> None:
    screen = console(None)
    terminal.print_report(screen, document(), ReportSettings(scoring="classic", verbose=True))
    assert_as_on_file("report-classic", printed(screen))


@pytest.mark.parametrize("width", [60, 120])
def test_hosts_and_models_at_a_width(width: int) -> None:
    screen = console(width)
    terminal.print_hosts(screen, document())
    terminal.print_models(screen, document())
    text = printed(screen)
    assert_as_on_file(f"hosts-and-models-{width}", text)
    assert max(map(cell_len, text.splitlines())) <= width


def test_nothing_found_prints_nothing() -> None:
    screen = console()
    empty = Document(started_at=datetime(2026, 1, 1, tzinfo=UTC))
    terminal.print_hosts(screen, empty)
    terminal.print_models(screen, empty)
    terminal.print_report(screen, empty)
    assert printed(screen) == ""


def test_scores_are_green_from_70_yellow_from_40_red_below() -> None:
    screen = console(120, color=True)
    terminal.print_report(screen, document())
    text = printed(screen)
    assert all(cell in text for cell in ("\x1b[1;32m82.9\x1b[0m", "\x1b[33m65.1\x1b[0m", "\x1b[31m40.0\x1b[0m"))


def test_without_colour_no_colour_is_sent() -> None:
    screen = Console(file=io.StringIO(), width=80, force_terminal=True, _environ={"NO_COLOR": "1", "TERM": "xterm"})
    terminal.print_report(screen, document())
    styles = printed(screen).split("\x1b[")[1:]
    assert {style.split("m")[0] for style in styles} <= {"0", "1", "2"}


def test_an_encoding_without_our_symbols_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", newline="\n")
    terminal.print_report(Console(file=stream, _environ={}), document())
    stream.seek(0)
    assert "* llama3.1:8b" in stream.read()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_hostile_names_neither_steer_the_terminal_nor_break_the_table(width: int) -> None:
    text = report(hostile_run(HOSTILE), width)
    assert_as_on_file(f"hostile-{width}", text)
    assert max(map(cell_len, text.splitlines())) <= width


@given(st.lists(st.text(), min_size=1, max_size=3))
@settings(max_examples=60)
def test_no_word_of_a_server_puts_a_control_character_on_the_terminal(names: list[str]) -> None:
    for width in (None, 60):
        screen = console(width)
        run = hostile_run(names)
        terminal.print_report(screen, run)
        terminal.print_hosts(screen, run)
        terminal.print_models(screen, run)
        categories = {unicodedata.category(character) for character in printed(screen).replace("\n", "")}
        assert categories & {"Cc", "Cf", "Cs"} == set()


def names_of_forty_hosts() -> list[tuple[str, str]]:
    return [(f"{LONG_NAME[:50]}-v{index:02}:Q4_K_M"[:60], f"http://10.0.0.{index}:11434") for index in range(40)]


@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_forty_hosts_with_long_names_all_stay_legible(width: int | None) -> None:
    entries = [rated(result(name, url)) for name, url in names_of_forty_hosts()]
    run = Document(
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        models=tuple(model(name, url) for name, url in names_of_forty_hosts()),
        results=tuple(entry.result for entry in entries),
        assessments=tuple(entry.assessment for entry in entries),
    )
    text = report(run, width)
    assert all(name in text and url[7:-6] in text for name, url in names_of_forty_hosts())
    assert width is None or max(map(cell_len, text.splitlines())) <= width


def test_a_row_without_any_figure_is_a_row_of_dashes() -> None:
    bare = msgspec.structs.replace(
        result("unlisted", RACK),
        decode_tps=None,
        decode_interval=None,
        ttft_s=None,
        load_s=None,
    )
    run = run_of(unrated(bare))
    assert report(run, 120).splitlines()[:3] == [
        "Model     Host               Memory   GPU  tok/s  TTFT  Score",
        "Benchmarks",
        "unlisted  rack.example:8080       –  100%      –     –      –",
    ]


def test_a_table_of_models_has_a_column_for_drafts_and_for_the_format_where_one_differs() -> None:
    def head(*models: Model) -> list[str]:
        screen = console(160)
        terminal.print_models(screen, msgspec.structs.replace(document(), models=models))
        return printed(screen).splitlines()[0].split()

    plain = msgspec.structs.replace(model("m:1b", RACK), format="gguf", drafts=False)
    other, drafting = (
        msgspec.structs.replace(plain, **change) for change in ({"format": "safetensors"}, {"drafts": True})
    )
    assert {"Format", "Drafts"} & set(head(plain)) == set()
    assert {"Format", "Drafts"} & set(head(plain, other)) == {"Format"}
    assert {"Format", "Drafts"} & set(head(plain, drafting)) == {"Drafts"}
