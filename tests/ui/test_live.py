import io
import json
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ollama_speedrun.assessment.events import Assessed
from ollama_speedrun.benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkQueued, BenchmarkRevised
from ollama_speedrun.benchmark.types import Caveat, CaveatKind, Result
from ollama_speedrun.discovery.events import HostFound, HostMerged, ScanProgress, TargetFailed
from ollama_speedrun.events import Notice, Phase, PhaseBegan, PhaseEnded
from ollama_speedrun.inventory.events import ModelFailed, ModelListed
from ollama_speedrun.pipeline.events import Event, ForecastRevised
from ollama_speedrun.pipeline.time_left import Remaining
from ollama_speedrun.quality.events import ItemGraded, QualityBegan, RaceMoved
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import ItemRecord, QualityRecord
from ollama_speedrun.ui.console import console_for
from ollama_speedrun.ui.lines import remaining_figures
from ollama_speedrun.ui.live import RunDisplay, Verbosity
from ollama_speedrun.visit.events import BenchmarkProgress, HostLost, Stage, Waiting
from specimens import DESK, LONG_NAME, ON_GPU, QUEUED, RACK, document, host, model, result

MODEL = "llama3.1:8b"

RUN: list[Event] = [
    PhaseBegan(Phase.DISCOVER, "localhost and 192.168.1.0/24"),
    Notice("192.168.0.0/16 is too large"),
    ScanProgress(100, 254),
    HostFound(host(DESK)),
    PhaseBegan(Phase.ENUMERATE, "as hosts are found"),
    HostMerged(host(DESK)),
    TargetFailed(RACK, "connection refused"),
    ModelListed(model(MODEL, DESK)),
    ModelFailed(DESK, "odd:1b", "HTTP 500"),
    BenchmarkQueued(DESK, MODEL),
    PhaseBegan(Phase.BENCHMARK, "one at a time"),
    BenchmarkBegan(DESK, MODEL),
    BenchmarkProgress(DESK, MODEL, Stage.GENERATING, 12, 56.2),
    BenchmarkEnded(result(MODEL, DESK, caveats=(ON_GPU,))),
    BenchmarkEnded(document().results[3]),
    BenchmarkEnded(document().results[4]),
    BenchmarkEnded(document().results[5]),
    BenchmarkRevised(result(MODEL, DESK, caveats=(QUEUED,))),
    PhaseEnded(Phase.DISCOVER, True, "1 host"),
    PhaseEnded(Phase.BENCHMARK, False, "1 failed"),
    Assessed(document().verdict),  # type: ignore[arg-type]
]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def pipe() -> Console:
    return Console(file=io.StringIO(), _environ={})


def terminal(width: int = 80, height: int = 24) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, height=height, _environ={})


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def told(verbosity: Verbosity) -> list[str]:
    """The lines that a whole run leaves in a pipe."""
    console = pipe()
    with RunDisplay(console, verbosity=verbosity, clock=Clock()) as display:
        for event in RUN:
            display.handle(event)
    return written(console).splitlines()


def test_a_run_in_a_pipe_is_plain_lines() -> None:
    assert told(Verbosity.NORMAL) == [
        "ollama-speedrun 0.1.0 · finds every Ollama server and benchmarks its models",
        "→ Discover: localhost and 192.168.1.0/24",
        "  note: 192.168.0.0/16 is too large",
        "  ✓ 192.168.1.20: ollama 0.33.0, via scan",
        "→ Enumerate: as hosts are found",
        "  ✗ rack.example:8080: connection refused",
        "  ✗ odd:1b @ 192.168.1.20: HTTP 500",
        "→ Benchmark: one at a time",
        "  → llama3.1:8b @ 192.168.1.20",
        "  ✓ llama3.1:8b @ 192.168.1.20: 56.2 ±2% tok/s, TTFT 340 ms, load 2.1 s, 512 tokens",
        "  ✗ phi3:mini @ rack.example:8080: the stream ended early; look at its log",
        "  – painter:latest @ rack.example:8080: it draws and cannot answer",
        "  ✓ nomic-embed-text:latest @ rack.example:8080: 41.5 emb/s, 310 at 32, load 420 ms, 768 dimensions",
        "✓ Discover: 1 host",
        "✗ Benchmark: 1 failed",
    ]


def test_quiet_leaves_the_failures() -> None:
    assert told(Verbosity.QUIET) == [
        "  ✗ rack.example:8080: connection refused",
        "  ✗ odd:1b @ 192.168.1.20: HTTP 500",
        "  ✗ phi3:mini @ rack.example:8080: the stream ended early; look at its log",
        "✗ Benchmark: 1 failed",
    ]


def test_verbose_adds_each_model_merger_and_caveat() -> None:
    assert [line for line in told(Verbosity.VERBOSE) if line not in told(Verbosity.NORMAL)] == [
        "  the same server: 192.168.1.20: ollama 0.33.0, via scan",
        "  llama3.1:8b @ 192.168.1.20: chat, 4.6 GB, 8.0B, Q4_K_M",
        "    ! only 52 % of the model lies on the GPU; a smaller quantisation may fit",
    ]


def test_a_phase_says_how_long_it_took() -> None:
    console, clock = pipe(), Clock()
    with RunDisplay(console, clock=clock) as display:
        display.handle(PhaseBegan(Phase.DISCOVER, "here"))
        clock.now_s += 1.3
        display.handle(PhaseEnded(Phase.DISCOVER, True, "2 hosts"))
        display.handle(PhaseEnded(Phase.ASSESS, True, "never began"))
    assert written(console).splitlines()[-2:] == ["✓ Discover: 2 hosts (1.3 s)", "✓ Assess: never began"]


def overlapping(clock: Clock) -> Iterator[Event]:
    """A scan that still runs while one model is done, one generates and one loads."""
    yield PhaseBegan(Phase.DISCOVER, "here")
    yield HostFound(host(DESK))
    yield ScanProgress(127, 254)
    yield PhaseBegan(Phase.BENCHMARK, "now")
    for name in ("a", MODEL, LONG_NAME, "d"):
        yield BenchmarkQueued(DESK, name)
    yield BenchmarkBegan(DESK, "a")
    clock.now_s += 20
    yield BenchmarkEnded(result("a", DESK))
    yield ForecastRevised(Remaining(models=3, loads=3, tokens=4_200, seconds=304, likely_s=None))
    yield BenchmarkBegan(DESK, MODEL)
    yield BenchmarkBegan(DESK, LONG_NAME)
    clock.now_s += 60
    yield BenchmarkProgress(DESK, MODEL, Stage.GENERATING, 212, 56.23)
    yield BenchmarkProgress(DESK, "unknown", Stage.GENERATING, 1, None)
    clock.now_s += 4


def region(width: int, height: int = 24) -> list[str]:
    clock = Clock()
    display = RunDisplay(terminal(width), clock=clock)
    for event in overlapping(clock):
        display.handle(event)
    return [line.plain for line in display._region(width, height)]


def test_the_live_region_shows_overlapping_phases() -> None:
    assert region(90) == [
        "scan      ━━━━━━━━━━━━━━━━━━━━────────────────────  127/254 addresses · 1 host",
        "benchmark ━━━━━━───────────────────  1/4 models · 3 loads, 4,200 tokens · about 4 min left",
        "  llama3.1:8b @ 192.168.1.20                     generating    212 tok   56.2 tok/s   1:04",
        "  hf.co/bartowski/Meta-…literated-GGUF:Q4_K_M @ 192.168.1.20  waits for llama3.1:8b   1:04",
    ]


def test_a_narrow_live_region_drops_details_and_keeps_the_names() -> None:
    assert region(40) == [
        "scan      ━━━━━━━━━━───────────  127/254",
        "benchmark ━━━━──────────────  1/4 models",
        "  llama3.1:8b                 56.2 tok/s",
        "  hf.co/b…F:Q4_K_M @ 192.168.1.20  waits",
    ]


def test_a_low_terminal_says_how_many_more_there_are() -> None:
    assert region(60, 3)[2:] == ["  and 2 more"]
    assert len(region(60, 1)) == 1


@given(st.integers(20, 130), st.integers(1, 10))
def test_the_region_never_exceeds_the_terminal(width: int, height: int) -> None:
    lines = region(width, height)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


def shown(events: list[Event]) -> list[str]:
    """The live region after these events, in a terminal of 60 columns."""
    display = RunDisplay(terminal(60), clock=Clock())
    for event in [PhaseBegan(Phase.BENCHMARK, "now"), *events]:
        display.handle(event)
    return [line.plain for line in display._region(60, 24)]


QUEUE: list[Event] = [BenchmarkQueued(DESK, "a"), BenchmarkQueued(DESK, "b"), BenchmarkQueued(RACK, "c")]


def test_two_models_of_a_host_run_side_by_side() -> None:
    both: list[Event] = [
        BenchmarkBegan(DESK, "a"),
        BenchmarkBegan(DESK, "b"),
        BenchmarkProgress(DESK, "a", Stage.PROMPT),
    ]
    assert [line.split() for line in shown([*QUEUE, *both])[1:]] == [
        ["a", "@", "192.168.1.20", "reading", "the", "prompt", "0:00"],
        ["b", "@", "192.168.1.20", "waits", "for", "a", "0:00"],
        ["rack.example:8080", "1", "model", "waits", "for", "its", "turn"],
    ]


def test_an_embedding_model_makes_no_tokens() -> None:
    events: list[Event] = [BenchmarkBegan(DESK, "a"), BenchmarkProgress(DESK, "a", Stage.GENERATING)]
    assert shown([*QUEUE, *events])[1].split()[3:] == ["generating", "0:00"]


def test_a_model_that_begins_again_closes_the_one_beside_it() -> None:
    both: list[Event] = [BenchmarkBegan(DESK, "a"), BenchmarkBegan(DESK, "b"), BenchmarkBegan(RACK, "c")]
    again: list[Event] = [BenchmarkProgress(DESK, "b", Stage.UNLOADING), BenchmarkBegan(DESK, "a")]
    assert [line.split()[0] for line in shown([*QUEUE, *both, *again])[1:]] == ["c", "a"]


def test_a_model_is_done_with_its_last_variant() -> None:
    first: list[Event] = [BenchmarkBegan(DESK, "a"), BenchmarkEnded(result("a", DESK, variant="thinking"))]
    assert "1/3 models" in shown([*QUEUE, *first])[0]
    assert "0/3 models" in shown([*QUEUE, *first, BenchmarkBegan(DESK, "a")])[0]
    both = [*first, BenchmarkBegan(DESK, "a"), BenchmarkEnded(result("a", DESK, variant="direct"))]
    assert "1/3 models" in shown([*QUEUE, *both])[0]


def test_the_echo_of_ctrl_c_breaks_no_line_of_the_region() -> None:
    display = RunDisplay(terminal(60), clock=Clock())
    for event in [PhaseBegan(Phase.BENCHMARK, "now"), *QUEUE, BenchmarkBegan(DESK, LONG_NAME)]:
        display.handle(event)
    assert max(cell_len(line + "^C") for line in display._painter._draw().plain.splitlines()) < 60


def test_a_finished_phase_leaves_the_region() -> None:
    display = RunDisplay(terminal(), clock=Clock())
    for event in RUN:
        display.handle(event)
    assert display._region(80, 24) == []


def test_quiet_has_no_region() -> None:
    display = RunDisplay(terminal(), verbosity=Verbosity.QUIET, clock=Clock())
    for event in overlapping(Clock()):
        display.handle(event)
    assert display._region(80, 24) == []


def test_a_terminal_is_left_with_lines_alone_even_after_an_exception() -> None:
    stream = Terminal()
    console = console_for(stream, environ={"TERM": "xterm", "COLUMNS": "90", "LINES": "24", "NO_COLOR": "1"})
    with pytest.raises(KeyboardInterrupt):
        interrupt_when_drawn(RunDisplay(console, clock=Clock()), stream)
    text = stream.getvalue()
    assert screen(text) == [
        "ollama-speedrun 0.1.0 · finds every Ollama server and benchmarks its models",
        "→ Discover: here",
        "  ✓ 192.168.1.20: ollama 0.33.0, via scan",
        "→ Benchmark: now",
        "  ✓ a @ 192.168.1.20: 56.2 ±2% tok/s, TTFT 340 ms, load 2.1 s, 512 tokens",
    ]
    assert "\x1b[?25l" not in text


def interrupt_when_drawn(display: RunDisplay, stream: io.StringIO) -> None:
    with display:
        for event in overlapping(Clock()):
            display.handle(event)
        while "127/254" not in stream.getvalue():
            time.sleep(0.01)
        raise KeyboardInterrupt


def screen(text: str) -> list[str]:
    """What stands on a terminal after this output: it knows line feeds, returns, and the sequences that rich sends."""
    lines: list[str] = [""]
    row = column = 0
    while text:
        if text.startswith("\x1b["):
            end = next(index for index in range(2, len(text)) if text[index].isalpha())
            match text[2 : end + 1]:
                case "2K":
                    lines[row] = ""
                case "1A":
                    row -= 1
                case sequence if sequence.endswith("m"):
                    pass
                case other:
                    raise AssertionError(other)
            text = text[end + 1 :]
            continue
        match text[0]:
            case "\n":
                row, column = row + 1, 0
                lines.extend([""] * (row + 1 - len(lines)))
            case "\r":
                column = 0
            case character:
                lines[row] = lines[row][:column].ljust(column) + character + lines[row][column + 1 :]
                column += 1
        text = text[1:]
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def test_a_stream_whose_reader_has_gone_ends_the_drawing_and_not_the_run() -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(5, "Input/output error")

    with RunDisplay(Console(file=Gone(), _environ={}), clock=Clock()) as display:
        for event in RUN:
            display.handle(event)


def cpu_s(act: Callable[[], object]) -> float:
    """Return what the quickest of some thousand-fold repetitions took of the processor's time."""
    took_s: list[float] = []
    for _ in range(5):
        began_s = time.process_time()
        for _ in range(1000):
            act()
        took_s.append(time.process_time() - began_s)
    return min(took_s)


def test_taking_in_progress_costs_next_to_nothing_and_draws_nothing() -> None:
    console = terminal()
    display = RunDisplay(console)
    display.handle(BenchmarkBegan(DESK, MODEL))
    event = BenchmarkProgress(DESK, MODEL, Stage.GENERATING, 12, 56.2)
    as_json = cpu_s(lambda: json.dumps({"host": DESK, "model": MODEL, "tokens": 12, "tps": 56.2}))
    assert cpu_s(lambda: display.handle(event)) < 10 * as_json
    assert written(console) == ""


def test_hostile_names_are_plain_text_on_the_display() -> None:
    console = pipe()
    with RunDisplay(console, clock=Clock()) as display:
        display.handle(TargetFailed("http://\x1b[2Jh", "[red]no\n\x1b]0;x\x07\u202eway"))
    assert written(console).splitlines()[-1] == "  ✗ http://h: [red]no way"


def graded(credit: float, *, is_counted: bool = True) -> ItemGraded:
    grade = Grade(score=credit, strict=credit, extracted="x", why="as told")
    item = ItemRecord(item="i", area="facts", family="f", level=1, answers=(), grade=grade, is_counted=is_counted)
    return ItemGraded(DESK, MODEL, None, item)


def asked(items: int) -> QualityBegan:
    return QualityBegan(QualityRecord(host=DESK, model=MODEL, bank="1", seed=1, mix="easy"), items)


def test_graded_items_are_counted_while_a_model_answers_them() -> None:
    began: list[Event] = [BenchmarkQueued(DESK, MODEL), PhaseBegan(Phase.BENCHMARK, ""), BenchmarkBegan(DESK, MODEL)]

    lines = shown([*began, asked(25), graded(1.0, is_counted=False), graded(1.0), graded(0.0)])

    assert "items 2/25, 1 right" in lines[-1]


AGAIN = BenchmarkProgress(DESK, MODEL, Stage.PROMPT)


def test_a_model_that_is_asked_again_in_a_round_has_a_line() -> None:
    began: list[Event] = [BenchmarkQueued(DESK, MODEL), PhaseBegan(Phase.BENCHMARK, ""), BenchmarkBegan(DESK, MODEL)]

    lines = shown([*began, asked(1), graded(1.0), BenchmarkEnded(result(MODEL, DESK)), AGAIN, graded(0.0)])

    assert MODEL in lines[-1]
    assert "items 2, 1 right" in lines[-1]


def test_the_line_of_a_measured_model_says_how_many_items_were_right() -> None:
    console = pipe()
    with RunDisplay(console, clock=Clock()) as display:
        for event in (BenchmarkBegan(DESK, MODEL), asked(2), graded(1.0), graded(0.0)):
            display.handle(event)
        display.handle(BenchmarkEnded(result(MODEL, DESK)))

    assert written(console).splitlines()[-1].endswith(", 1 of 2 items right")


def test_the_caveats_of_a_measured_model_do_not_repeat_how_many_items_were_right() -> None:
    console = pipe()
    caveat = Caveat(CaveatKind.QUEUED, "it waited")
    measured = msgspec.structs.replace(result(MODEL, DESK), caveats=(caveat,))
    with RunDisplay(console, verbosity=Verbosity.VERBOSE, clock=Clock()) as display:
        for event in (BenchmarkBegan(DESK, MODEL), asked(1), graded(1.0), BenchmarkEnded(measured)):
            display.handle(event)

    lines = written(console).splitlines()
    assert sum("items right" in line for line in lines) == 1
    assert [line for line in lines if "it waited" in line and "items right" not in line]


def lines_after(events: Sequence[Event], verbosity: Verbosity = Verbosity.NORMAL) -> list[str]:
    """The lines that these events leave in a pipe, without the banner."""
    console = pipe()
    with RunDisplay(console, clock=Clock(), verbosity=verbosity) as display:
        for event in events:
            display.handle(event)
    return written(console).splitlines()[1:]


def dying() -> list[Event]:
    """A host that dies with five models before it, and another one that goes on."""
    names = [f"m{number}:1b" for number in range(5)]
    why = "cannot be reached: connection refused; is the server still running?"
    events: list[Event] = [*(BenchmarkQueued(RACK, name) for name in names), BenchmarkBegan(RACK, names[0])]
    events += [Waiting(RACK, "it does not answer", 15.0), HostLost(RACK, why)]
    for name, reason in zip(names, ("the connection broke", *[why] * 4), strict=True):
        events += [BenchmarkBegan(RACK, name), BenchmarkProgress(DESK, "a", Stage.GENERATING, 3, 5.0)]
        events += [BenchmarkEnded(Result(host=RACK, model=name, status="failed", reason=reason))]
    return [*events, HostLost(RACK, why), BenchmarkEnded(result("a", DESK))]


def test_a_dead_host_is_one_line_that_says_how_many_models_are_affected() -> None:
    assert lines_after(dying()) == [
        "  → m0:1b @ rack.example:8080",
        (
            "  ✗ rack.example:8080: cannot be reached: connection refused; is the server still running?; 5 models are "
            "not measured: m0:1b, m1:1b, m2:1b, m3:1b, m4:1b"
        ),
        "  ✓ a @ 192.168.1.20: 56.2 ±2% tok/s, TTFT 340 ms, load 2.1 s, 512 tokens",
    ]


def test_verbose_tells_each_model_of_a_dead_host() -> None:
    lines = lines_after(dying(), Verbosity.VERBOSE)
    assert [line for line in lines if line.startswith("  ✗ m")] == [
        "  ✗ m0:1b @ rack.example:8080: the connection broke",
        *(
            f"  ✗ m{number}:1b @ rack.example:8080: cannot be reached: connection refused; is the server still running?"
            for number in range(1, 5)
        ),
    ]


def test_models_of_a_host_that_fail_alike_share_a_line() -> None:
    failed: list[Event] = [
        BenchmarkEnded(Result(host=host_url, model=name, status="failed", reason=reason))
        for host_url, name, reason in (
            (RACK, "a", "HTTP 403"),
            (DESK, "b", "HTTP 403"),
            (RACK, "c", "HTTP 403"),
            (RACK, "d", "out of memory"),
        )
    ]
    assert lines_after(failed) == [
        "  ✗ a, c @ rack.example:8080: HTTP 403",
        "  ✗ b @ 192.168.1.20: HTTP 403",
        "  ✗ d @ rack.example:8080: out of memory",
    ]


def test_what_a_host_waits_for_is_shown() -> None:
    clock = Clock()
    display = RunDisplay(terminal(70), clock=clock)
    for event in (PhaseBegan(Phase.BENCHMARK, ""), BenchmarkQueued(DESK, "a"), BenchmarkQueued(RACK, "b")):
        display.handle(event)
    display.handle(BenchmarkBegan(DESK, "a"))
    display.handle(BenchmarkProgress(DESK, "a", Stage.PROMPT))
    display.handle(Waiting(RACK, "another client uses it", 300.0))
    clock.now_s += 20
    assert [" ".join(line.plain.split()) for line in display._region(70, 24)[1:]] == [
        "a @ 192.168.1.20 waiting for the first token 0:20",
        "rack.example:8080 another client uses it, up to 5 min more",
    ]
    display.handle(Waiting(RACK, None))
    display.handle(Waiting(DESK, "it is busy and is asked again", 5.0))
    clock.now_s += 2
    assert [" ".join(line.plain.split()) for line in display._region(70, 24)[1:]] == [
        "a @ 192.168.1.20 it is busy and is asked again, up to 3 s more",
        "rack.example:8080 1 model waits for its turn",
    ]


def test_a_slow_listing_says_how_many_models_it_has_so_far() -> None:
    clock = Clock()
    display = RunDisplay(terminal(70), clock=clock)
    display.handle(PhaseBegan(Phase.ENUMERATE, ""))
    display.handle(Waiting(DESK, "listing its models"))
    display.handle(ModelListed(model(MODEL, DESK)))
    clock.now_s += 7
    assert [" ".join(line.plain.split()) for line in display._region(70, 24)] == [
        "192.168.1.20 listing its models, 1 so far 0:07"
    ]


def test_in_a_pipe_a_line_says_what_goes_on_after_half_a_minute_of_silence() -> None:
    console, clock = pipe(), Clock()
    display = RunDisplay(console, clock=clock)
    for event in (PhaseBegan(Phase.BENCHMARK, "now"), *QUEUE, BenchmarkBegan(DESK, "a")):
        display.handle(event)
    display.handle(ForecastRevised(Remaining(models=3, loads=2, tokens=900, seconds=200, likely_s=None)))
    for _ in range(31):
        clock.now_s += 1
        display.pulse()
    display.handle(BenchmarkProgress(DESK, "a", Stage.GENERATING, 40, 12.0))
    for _ in range(31):
        clock.now_s += 1
        display.pulse()
    display._painter.paint()
    assert written(console).splitlines()[2:] == [
        (
            "  … 0/3 models · 2 loads, 900 tokens · about 3 min left; a @ 192.168.1.20: loading 0:30; "
            "rack.example:8080: 1 model waits for its turn"
        ),
        (
            "  … 0/3 models · 2 loads, 900 tokens · about 2 min left; a @ 192.168.1.20: no token for 29 s 1:00; "
            "rack.example:8080: 1 model waits for its turn"
        ),
    ]


def test_the_time_left_tells_when_likely_picks_are_there() -> None:
    left = Remaining(models=3, loads=9, tokens=9_000, seconds=900, likely_s=130)
    display = RunDisplay(terminal(100), clock=Clock())
    for event in (PhaseBegan(Phase.BENCHMARK, "now"), *QUEUE, BenchmarkBegan(DESK, "a"), ForecastRevised(left)):
        display.handle(event)
    assert "0/3 models · 9 loads, 9,000 tokens · likely picks in 2 min, all in 15 min" in str(
        display._region(100, 9)[0]
    )


def moved(model: str, probability: float | None, *, tier: str | None = "4-8", is_over: bool = False) -> RaceMoved:
    return RaceMoved(tier=tier, pick=(DESK, model, None), probability=probability, models=3, until=27, is_over=is_over)


def test_the_pick_of_each_tier_and_how_sure_it_is_stands_in_the_region() -> None:
    display = RunDisplay(terminal(80), clock=Clock())
    events = [
        PhaseBegan(Phase.BENCHMARK, "now"),
        *QUEUE,
        HostFound(host(DESK)),
        moved(MODEL, 0.62),
        moved("large:30b", None, tier="16+", is_over=True),
        moved("tiny:1b", 0.9999, tier="<2"),
        moved(MODEL, 0.93),
    ]
    for event in events:
        display.handle(event)
    lines = [line.plain for line in display._region(80, 24)]
    assert lines[1:4] == [
        f"{'  <2 GB: tiny:1b @ 192.168.1.20':<72}99% sure",
        f"{'  4-8 GB: llama3.1:8b @ 192.168.1.20':<72}93% sure",
        f"{'  16+ GB: large:30b @ 192.168.1.20':<71}certified",
    ]
    assert len(display._region(80, 3)) == 3


def test_in_a_pipe_a_pick_is_told_when_it_changes_or_is_settled_and_not_when_it_only_becomes_surer() -> None:
    console = pipe()
    with RunDisplay(console, clock=Clock()) as display:
        display.handle(moved(MODEL, 0.5))
        display.handle(moved(MODEL, 0.7))
        display.handle(moved("other:8b", 0.6))
        display.handle(moved("other:8b", None, is_over=True))
    assert written(console).splitlines()[1:] == [
        "  4-8 GB: llama3.1:8b @ 192.168.1.20 leads, 50% sure; 3 models in the race, up to 27 items each",
        "  4-8 GB: other:8b @ 192.168.1.20 leads, 60% sure; 3 models in the race, up to 27 items each",
        "  4-8 GB: other:8b @ 192.168.1.20 is the best, certified",
    ]


def test_a_time_left_that_is_uncertain_is_a_range() -> None:
    left = Remaining(models=0, loads=3, tokens=900, seconds=300, low_s=180, high_s=540)
    assert remaining_figures(left)[-1] == "3 to 9 min left"
    assert remaining_figures(msgspec.structs.replace(left, high_s=190.0))[-1] == "about 5 min left"
    assert remaining_figures(msgspec.structs.replace(left, low_s=50.0))[-1] == "50 s to 9 min left"
