"""The live display of a run: a consumer of its events."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from types import TracebackType
from typing import Final, NamedTuple, Self

from rich.console import Console
from rich.text import Text

from .._version import __version__
from ..benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkQueued
from ..discovery.events import HostFound, HostMerged, ScanProgress
from ..discovery.types import Host
from ..events import Phase, PhaseBegan, PhaseEnded
from ..pipeline.events import Event
from ..quality.events import ItemGraded, QualityBegan
from ..report import figures
from ..report.text import clean
from ..visit.events import BenchmarkProgress, Stage
from .bars import bar_line, spread
from .lines import BEGIN, INDENT, Verbosity, label, lines_of
from .painter import Painter

__all__ = ["RunDisplay", "Verbosity"]

BANNER: Final = "finds every Ollama server and benchmarks its models"
SHORTEST_WORTH_SAYING_S: Final = 0.1
LOG_LIMIT: Final = 600
RIGHT: Final = 0.5
"""From this credit on an answer counts as right."""


class _Running(NamedTuple):
    """A benchmark that goes on: its names as they are shown, when it began, and how far it is."""

    model: str
    host: str
    began_s: float
    progress: BenchmarkProgress


class _Graded(NamedTuple):
    """The counted items that a model has answered, how many were right, and how many its first visit asks."""

    items: int = 0
    right: int = 0
    wanted: int = 0

    def __str__(self) -> str:
        """Say it in words."""
        of = f"/{self.wanted}" if self.items <= self.wanted else ""
        return f"items {self.items}{of}, {self.right} right"


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
        self._painter = Painter(console, self._region)
        self._began_s: dict[Phase, float] = {}
        self._scan: ScanProgress | None = None
        self._found: dict[str, Host] = {}
        self._names: dict[str, str] = {}
        self._queued: set[tuple[str, str]] = set()
        self._ended: set[tuple[str, str]] = set()
        self._first_benchmark_s: float | None = None
        self._running: dict[tuple[str, str], _Running] = {}
        self._graded: dict[tuple[str, str], _Graded] = {}
        self._asked_again: dict[str, str] = {}
        """In rounds after the first visits: the model that each host is asked about."""

    def __enter__(self) -> Self:
        if self._verbosity > Verbosity.QUIET:
            self._painter.say(Text.assemble(("ollama-speedrun", "bold cyan"), f" {__version__} · {BANNER}"))
        self._painter.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._painter.__exit__(kind, error, trace)

    def handle(self, event: Event) -> None:
        """Take in one event."""
        suffix = ""
        match event:
            case ScanProgress():
                self._scan = event
            case BenchmarkProgress(host=host, model=model):
                self._progress((host, model), event)
            case BenchmarkQueued(host=host, model=model):
                self._queued.add((host, model))
            case BenchmarkBegan(host=host, model=model):
                self._begin((host, model))
            case BenchmarkEnded(result=result):
                suffix = self._end((result.host, result.model))
            case QualityBegan() | ItemGraded():
                self._follow(event)
            case HostFound(host=host) | HostMerged(host=host):
                self._name(host)
            case PhaseBegan(phase=phase):
                self._began_s[phase] = self._clock()
            case PhaseEnded(phase=phase):
                suffix = self._took(phase)
            case _:
                pass
        for line in lines_of(event, self._called):
            if line.verbosity <= self._verbosity:
                self._painter.say(line.text.append(suffix, "dim"))

    def log(self, line: str) -> None:
        """Show a line of the log."""
        self._painter.say(Text.assemble(INDENT, (clean(line, LOG_LIMIT), "dim")))

    def held(self) -> AbstractContextManager[None]:
        """Return a context in which nothing is drawn, for whoever else writes to the terminal."""
        return self._painter.held()

    def _name(self, host: Host) -> None:
        """Take in what a host is called."""
        self._found[host.url] = host
        self._names = figures.host_names(tuple(self._found.values()))

    def _called(self, url: str) -> str:
        return self._names.get(url) or figures.host_label(url)

    def _took(self, phase: Phase) -> str:
        """Return how long the phase lasted, in brackets; nothing where that is not worth a word."""
        now_s = self._clock()
        elapsed_s = now_s - self._began_s.pop(phase, now_s)
        return f" ({figures.duration(elapsed_s)})" if elapsed_s >= SHORTEST_WORTH_SAYING_S else ""

    def _begin(self, key: tuple[str, str]) -> None:
        host, model = key
        now_s = self._clock()
        if self._first_benchmark_s is None:
            self._first_benchmark_s = now_s
        again = self._running.pop(key, None)
        if again is not None:
            # Two models of a host did not fit into memory: both were closed, and the other one begins again later
            self._running = {other: entry for other, entry in self._running.items() if other[0] != host}
            now_s = again.began_s
        progress = BenchmarkProgress(host, model, Stage.LOADING)
        self._running[key] = _Running(figures.name(model), self._called(host), now_s, progress)
        if again is None and not self._painter.is_animated and self._verbosity > Verbosity.QUIET:
            self._painter.say(Text.assemble(INDENT, BEGIN, label(model, self._called(host))))

    def _end(self, key: tuple[str, str]) -> str:
        """Note that a model's turn is over; returns how many items it got right, as the end of its line."""
        self._running.pop(key, None)
        self._ended.add(key)
        graded = self._graded.get(key, _Graded())
        return f", {graded.right} of {graded.items} items right" if graded.items else ""

    def _follow(self, event: QualityBegan | ItemGraded) -> None:
        match event:
            case QualityBegan(record=record, items=items):
                self._graded[record.host, record.model] = _Graded(wanted=items)
            case ItemGraded(host=host, model=model, record=item) if item.is_counted:
                self._count((host, model), is_right=item.grade.score >= RIGHT)
            case _:
                pass

    def _count(self, key: tuple[str, str], *, is_right: bool) -> None:
        known = self._graded.get(key, _Graded())
        self._graded[key] = known._replace(items=known.items + 1, right=known.right + is_right)
        if key not in self._running:
            self._asked_again[key[0]] = key[1]

    def _progress(self, key: tuple[str, str], event: BenchmarkProgress) -> None:
        if key in self._running:
            self._running[key] = self._running[key]._replace(progress=event)

    def _region(self, width: int, height: int) -> list[Text]:
        """Return the live region: the scan, the benchmarks as a whole, and each benchmark that goes on."""
        if self._verbosity == Verbosity.QUIET:
            return []
        running = list(self._running.values())
        lines = list(islice(self._bars(width), height))
        if not running and Phase.BENCHMARK in self._began_s:
            again = [spread(*self._again(host), width) for host in self._asked_again]
            return [*lines, *again[: height - len(lines)]]
        room = height - len(lines)
        shown = running if len(running) <= room else running[: max(room - 1, 0)]
        lines.extend(self._running_line(entry, width) for entry in shown)
        if len(shown) < len(running) and len(lines) < height:
            lines.append(Text(f"{INDENT}and {len(running) - len(shown)} more", "dim"))
        return lines

    def _again(self, host: str) -> tuple[str, str, list[str]]:
        """Return model, host and figures of the line of a host that is asked in rounds."""
        model = self._asked_again[host]
        return figures.name(model), self._called(host), [str(self._graded[host, model])]

    def _bars(self, width: int) -> Iterator[Text]:
        scan = self._scan
        if scan is not None and Phase.DISCOVER in self._began_s:
            found = f"{len(self._found)} host{'' if len(self._found) == 1 else 's'}"
            variants = (f"{scan.probed}/{scan.total} addresses · {found}", f"{scan.probed}/{scan.total}")
            yield bar_line("scan", scan.probed, scan.total, variants, width)
        if (total := len(self._queued)) and Phase.BENCHMARK in self._began_s:
            done = self._done
            variants = (f"{done}/{total} models{self._left(done)}", f"{done}/{total}")
            yield bar_line("benchmark", done, total, variants, width)

    @property
    def _done(self) -> int:
        """The number of queued models that are over; one that runs again, in another variant, is not."""
        return len((self._ended & self._queued) - self._running.keys())

    def _left(self, done: int) -> str:
        """Return how long the queued benchmarks may still take, at the pace of those that are done."""
        if not done or self._first_benchmark_s is None:
            return ""
        pace_s = (self._clock() - self._first_benchmark_s) / done
        left_s = pace_s * (len(self._queued) - done)
        return f" · about {figures.roughly(left_s)} left" if left_s >= 1 else ""

    def _running_line(self, entry: _Running, width: int) -> Text:
        progress = entry.progress
        elapsed = f"{figures.stopwatch(self._clock() - entry.began_s):>5}"
        variants = [f"{progress.stage}  {elapsed}", progress.stage.value]
        if progress.stage is Stage.GENERATING and progress.tokens:
            rate = f"{figures.rate(progress.tps):>5} tok/s"
            counted = f"{progress.tokens:>5} tok  {rate}"
            variants = [f"{progress.stage}  {counted}  {elapsed}", f"{counted}  {elapsed}", counted, rate]
        graded = self._graded.get((progress.host, progress.model))
        if graded is not None and graded.items:
            variants = [f"{graded}  {elapsed}", str(graded)]
        return spread(entry.model, entry.host, variants, width)
