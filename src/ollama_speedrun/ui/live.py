"""The live display of a run: a consumer of its events."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.text import Text

from .._version import __version__
from ..benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkPartial
from ..benchmark.types import Result
from ..discovery.events import HostFound, HostMerged, ScanProgress
from ..discovery.types import Host
from ..events import Phase, PhaseBegan, PhaseEnded
from ..pipeline.events import Event, ForecastRevised
from ..pipeline.time_left import Remaining
from ..quality.events import RaceMoved
from ..report import figures
from ..report.text import clean
from ..visit.events import BenchmarkProgress, HostLost
from .activity import Activity
from .bars import bar_line, spread
from .failures import Failures
from .lines import BEGIN, INDENT, Line, Verbosity, label, lines_of, lost_line, remaining_figures
from .painter import Painter
from .picks import Picks

__all__ = ["RunDisplay", "Verbosity"]

BANNER: Final = "finds every Ollama server and benchmarks its models"
SHORTEST_WORTH_SAYING_S: Final = 0.1
LOG_LIMIT: Final = 600
HEARTBEAT_S: Final = 30.0
"""Where nothing is drawn, a line says what goes on after so long without another one."""
MOST_ROWS_TOLD: Final = 3


class RunDisplay:
    """Shows a run on a console of stderr: lines that stay, and on a terminal a live region below them.

    Use as a context manager. `handle` costs no more than storing the event; a thread draws at most 4 times a second.
    `clock` gives seconds. The same display may see several phases at once, in any order.
    """

    def __init__(
        self,
        console: Console,
        *,
        verbosity: Verbosity = Verbosity.NORMAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verbosity = verbosity
        self._clock = clock
        self._painter = Painter(console, self._region, self.pulse)
        self._began_s: dict[Phase, float] = {}
        self._scan: ScanProgress | None = None
        self._found: dict[str, Host] = {}
        self._names: dict[str, str] = {}
        self._activity = Activity(clock, self._called)
        self._failures = Failures(clock, self._called)
        self._picks = Picks(self._called)
        self._lost: set[str] = set()
        self._first_benchmark_s: float | None = None
        self._remaining: tuple[Remaining, float] | None = None
        self._said_s = clock()

    def __enter__(self) -> Self:
        self._say(Line(Verbosity.NORMAL, Text.assemble(("ollama-speedrun", "bold cyan"), f" {__version__} · {BANNER}")))
        self._painter.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say(*self._failures.all_due())
        self._painter.__exit__(kind, error, trace)

    def handle(self, event: Event) -> None:
        """Take in one event."""
        self._activity.take_in(event)
        if isinstance(event, BenchmarkProgress | BenchmarkPartial):
            return
        self._say(*self._failures.due_before(event))
        suffix = ""
        is_news = not isinstance(event, RaceMoved) or self._picks.take_in(event)
        match event:
            case ScanProgress():
                self._scan = event
            case ForecastRevised(remaining=remaining):
                self._remaining = (remaining, self._clock())
            case BenchmarkBegan():
                self._begin(event)
            case BenchmarkEnded(result=result) if self._is_told_later(result):
                return
            case BenchmarkEnded(result=result):
                graded = self._activity.graded(result.host, result.model)
                suffix = f", {graded.right} of {graded.items} items right" if graded.items else ""
            case HostLost():
                self._lose(event)
            case HostFound(host=host) | HostMerged(host=host):
                self._name(host)
            case PhaseBegan(phase=phase):
                self._began_s[phase] = self._clock()
            case PhaseEnded(phase=phase):
                suffix = self._took(phase)
            case _:
                pass
        for line in lines_of(event, self._called):
            self._say(Line(line.verbosity if is_news else Verbosity.VERBOSE, line.text.append(suffix, "dim")))
            suffix = ""  # belongs to the first line; its caveats follow

    def log(self, line: str) -> None:
        """Show a line of the log."""
        self._painter.say(Text.assemble(INDENT, (clean(line, LOG_LIMIT), "dim")))

    def held(self) -> AbstractContextManager[None]:
        """Return a context in which nothing is drawn, for whoever else writes to the terminal."""
        return self._painter.held()

    def pulse(self) -> None:
        """Say what has been due for a moment, and where nothing is drawn now and then what goes on."""
        self._say(*self._failures.due())
        if not self._painter.is_animated and self._clock() - self._said_s >= HEARTBEAT_S and self._began_s:
            self._say(Line(Verbosity.NORMAL, Text.assemble(INDENT, ("… ", "dim"), "; ".join(self._in_words()))))

    def _say(self, *lines: Line) -> None:
        for line in lines:
            if line.verbosity <= self._verbosity:
                self._said_s = self._clock()
                self._painter.say(line.text)

    def _name(self, host: Host) -> None:
        """Take in what a host is called."""
        self._found[host.url] = host
        self._names = figures.host_names(tuple(self._found.values()))

    def _called(self, url: str) -> str:
        return self._names.get(url) or figures.host_label(url)

    def _is_told_later(self, result: Result) -> bool:
        """Return whether a failure gets no line of its own now: it shares one, or that of its host which is lost."""
        if result.status != "failed" or self._verbosity >= Verbosity.VERBOSE:
            return False
        if result.host not in self._lost:
            self._failures.add(result)
        return True

    def _lose(self, event: HostLost) -> None:
        if event.host not in self._lost:
            self._lost.add(event.host)
            self._say(lost_line(self._called(event.host), event.reason, self._activity.unmeasured(event.host)))

    def _took(self, phase: Phase) -> str:
        """Return how long the phase lasted, in brackets; nothing where that is not worth a word."""
        now_s = self._clock()
        elapsed_s = now_s - self._began_s.pop(phase, now_s)
        return f" ({figures.duration(elapsed_s)})" if elapsed_s >= SHORTEST_WORTH_SAYING_S else ""

    def _begin(self, event: BenchmarkBegan) -> None:
        if self._first_benchmark_s is None:
            self._first_benchmark_s = self._clock()
        is_new = self._activity.is_new(event.host, event.model)
        if is_new and event.host not in self._lost and not self._painter.is_animated:
            self._say(
                Line(Verbosity.NORMAL, Text.assemble(INDENT, BEGIN, label(event.model, self._called(event.host))))
            )

    def _in_words(self) -> Iterator[str]:
        """Yield how far the run is, and what its hosts do."""
        if (scan := self._scan) is not None and Phase.DISCOVER in self._began_s:
            yield f"{scan.probed}/{scan.total} addresses"
        if Phase.BENCHMARK in self._began_s and self._activity.queued:
            yield " · ".join(self._progress()[:1])
        rows = self._activity.rows()
        for row in rows[:MOST_ROWS_TOLD]:
            where = f"{row.model} @ {row.host}" if row.model else row.host
            yield f"{where}: {' '.join(row.figures[0].split())}"
        if len(rows) > MOST_ROWS_TOLD:
            yield f"and {len(rows) - MOST_ROWS_TOLD} more"

    def _region(self, width: int, height: int) -> list[Text]:
        """Return the live region: the scan, the benchmarks as a whole, picks, and a line for each model and host."""
        if self._verbosity == Verbosity.QUIET:
            return []
        lines = list(islice(self._bars(width), height))
        rows = self._activity.rows() if self._began_s else []
        if Phase.BENCHMARK in self._began_s:
            lines.extend(self._picks.lines(width)[: max(height - len(lines) - len(rows), 0)])
        room = height - len(lines)
        shown = rows if len(rows) <= room else rows[: max(room - 1, 0)]
        lines.extend(spread(row.model, row.host, row.figures, width) for row in shown)
        if len(shown) < len(rows) and len(lines) < height:
            lines.append(Text(f"{INDENT}and {len(rows) - len(shown)} more", "dim"))
        return lines

    def _bars(self, width: int) -> Iterator[Text]:
        scan = self._scan
        if scan is not None and Phase.DISCOVER in self._began_s:
            found = f"{len(self._found)} host{'' if len(self._found) == 1 else 's'}"
            variants = (f"{scan.probed}/{scan.total} addresses · {found}", f"{scan.probed}/{scan.total}")
            yield bar_line("scan", scan.probed, scan.total, variants, width)
        if (total := len(self._activity.queued)) and Phase.BENCHMARK in self._began_s:
            left_s, now_s = self._left_s, self._clock()
            if left_s is None or self._first_benchmark_s is None:
                yield bar_line("benchmark", self._activity.done, total, self._progress(), width)
            else:
                spent_s = now_s - self._first_benchmark_s
                whole_ms = max(round(1000 * (spent_s + left_s)), 1)
                yield bar_line("benchmark", round(1000 * spent_s), whole_ms, self._progress(), width)

    def _progress(self) -> list[str]:
        """Return how many models are done and what is left, from long to short."""
        models = f"{self._activity.done}/{len(self._activity.queued)} models"
        if self._remaining is None:
            return [models, models.removesuffix(" models")]
        left, told_s = self._remaining
        passed_s = self._clock() - told_s
        left = left.after(passed_s)
        longer = [f"{models} · {said}" if said else models for said in remaining_figures(left)]
        return [*longer, models, models.removesuffix(" models")]

    @property
    def _left_s(self) -> float | None:
        """Seconds that are left; None before anything was said of them."""
        if self._remaining is None:
            return None
        left, told_s = self._remaining
        return left.after(self._clock() - told_s).seconds
