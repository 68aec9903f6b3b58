"""What goes on on each host, made from events: models at work, models that wait, and what is waited for."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from ..benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkQueued
from ..inventory.events import ModelListed
from ..pipeline.events import Event
from ..quality.events import ItemGraded, QualityBegan
from ..report import figures
from ..report.text import clean
from ..visit.events import BenchmarkProgress, HostLost, Stage, Waiting

RIGHT: Final = 0.5
"""From this credit on an answer counts as right."""
WORTH_SAYING_S: Final = 1.0
"""A wait that is shorter is not shown."""
STILL_S: Final = 5.0
"""After so long without a token it is said what is waited for."""
NAME_WIDTH: Final = 24

Key: TypeAlias = tuple[str, str]
"""Host and model."""


class Row(NamedTuple):
    """What is shown of a host: the model at work ("": none), the host's label, and figures, from long to short."""

    model: str
    host: str
    figures: Sequence[str]


class Graded(NamedTuple):
    """The counted items that a model has answered, how many were right, and how many its first visit asks."""

    items: int = 0
    right: int = 0
    wanted: int = 0

    def __str__(self) -> str:
        """Say it in words."""
        of = f"/{self.wanted}" if self.items <= self.wanted else ""
        return f"items {self.items}{of}, {self.right} right"


class _Work(NamedTuple):
    """A model at work: when that began, how far it is, when it last moved, and the number of that move."""

    began_s: float
    progress: BenchmarkProgress
    stage_s: float
    moved_s: float
    move: int


class _Wait(NamedTuple):
    reason: str
    since_s: float
    seconds: float | None


class Activity:
    """Takes in events and returns a row for each model at work and each host that waits.

    `clock` gives seconds, `called` the name of the host at a URL.
    """

    def __init__(self, clock: Callable[[], float], called: Callable[[str], str]) -> None:
        self.queued: dict[Key, None] = {}
        self.ended: set[Key] = set()
        self._clock = clock
        self._called = called
        self._moves = 0
        self._running: dict[Key, _Work] = {}
        self._reopened: set[Key] = set()
        self._again: dict[str, tuple[str, _Work]] = {}
        """After its first visit: the model that each host is asked about."""
        self._graded: dict[Key, Graded] = {}
        self._waits: dict[str, _Wait] = {}
        self._listed: dict[str, int] = {}

    def take_in(self, event: Event) -> None:
        """Take in an event; those that say nothing of a host's work are ignored."""
        match event:
            case BenchmarkProgress(host=host, model=model):
                self._progress((host, model), event)
            case BenchmarkQueued(host=host, model=model):
                self.queued[host, model] = None
            case BenchmarkBegan(host=host, model=model):
                self._begin((host, model))
            case BenchmarkEnded(result=result):
                self._running.pop((result.host, result.model), None)
                self._waits.pop(result.host, None)
                self.ended.add((result.host, result.model))
            case QualityBegan(record=record, items=items):
                self._graded[record.host, record.model] = Graded(wanted=items)
            case ItemGraded(host=host, model=model, record=item) if item.is_counted:
                known = self._graded.get((host, model), Graded())
                right = known.right + (item.grade.score >= RIGHT)
                self._graded[host, model] = known._replace(items=known.items + 1, right=right)
            case Waiting(host=host, reason=None) | HostLost(host=host):
                self._waits.pop(host, None)
            case Waiting(host=host, reason=str(reason), seconds=seconds):
                self._wait(host, reason, seconds)
            case ModelListed(model=listed):
                self._listed[listed.host] = self._listed.get(listed.host, 0) + 1
            case _:
                pass

    def is_new(self, host: str, model: str) -> bool:
        """Return whether the turn of a model, which is at work, was not interrupted before."""
        return (host, model) not in self._reopened

    def graded(self, host: str, model: str) -> Graded:
        """Return what a model has answered."""
        return self._graded.get((host, model), Graded())

    @property
    def done(self) -> int:
        """The number of queued models that are over; one that runs again, in another variant, is not."""
        return len((self.ended & self.queued.keys()) - self._running.keys())

    def unmeasured(self, host: str) -> Sequence[str]:
        """Return the queued models of a host that have no result yet."""
        return [model for where, model in self.queued if where == host and (host, model) not in self.ended]

    def rows(self) -> list[Row]:
        """Return a row for each model at work, then for each host that waits."""
        now_s = self._clock()
        return [*self._at_work(now_s), *self._waiting(now_s)]

    def _begin(self, key: Key) -> None:
        host, model = key
        began_s = self._clock()
        self._waits.pop(host, None)
        self._again.pop(host, None)
        before = self._running.pop(key, None)
        self._reopened.discard(key)
        if before is not None:
            self._reopened.add(key)
            # Two models of a host did not fit into memory: both were closed, and the other one begins again later
            self._running = {other: work for other, work in self._running.items() if other[0] != host}
            began_s = before.began_s
        self._moves += 1
        now_s = self._clock()
        self._running[key] = _Work(began_s, BenchmarkProgress(host, model, Stage.LOADING), now_s, now_s, self._moves)

    def _progress(self, key: Key, event: BenchmarkProgress) -> None:
        host, model = key
        now_s = self._clock()
        self._moves += 1
        self._waits.pop(host, None)
        work = self._running.get(key)
        if work is not None:
            self._running[key] = self._moved(work, event, now_s)
        elif key in self.ended:
            known = self._again.get(host)
            if known is None or known[0] != model:
                known = (model, _Work(now_s, event, now_s, now_s, self._moves))
            self._again[host] = (model, self._moved(known[1], event, now_s))

    def _moved(self, work: _Work, event: BenchmarkProgress, now_s: float) -> _Work:
        stage_s = work.stage_s if event.stage is work.progress.stage else now_s
        return work._replace(progress=event, stage_s=stage_s, moved_s=now_s, move=self._moves)

    def _wait(self, host: str, reason: str, seconds: float | None) -> None:
        known = self._waits.get(host)
        now_s = self._clock()
        since_s = known.since_s if known is not None and known.reason == reason else now_s
        until = None if seconds is None else now_s - since_s + seconds
        self._waits[host] = _Wait(reason, since_s, until)

    def _at_work(self, now_s: float) -> Iterator[Row]:
        running = list(self._running.items())
        for (host, model), work in running:
            rivals = [(other.move, name) for (where, name), other in running if where == host and name != model]
            last_move, rival = max(rivals, default=(0, ""))
            is_its_turn = work.move > last_move
            wait = self._wait_in_words(host, now_s) if is_its_turn else f"waits for {clean(rival, NAME_WIDTH)}"
            yield self._row(host, model, work, now_s, wait)
        for host, (model, work) in list(self._again.items()):
            wait = self._wait_in_words(host, now_s)
            if wait is None and work.progress.stage is Stage.UNLOADING and now_s - work.moved_s >= STILL_S:
                wait = "waits for the other hosts"
            yield self._row(host, model, work, now_s, wait)

    def _row(self, host: str, model: str, work: _Work, now_s: float, wait: str | None) -> Row:
        elapsed = f"{figures.stopwatch(now_s - work.began_s):>5}"
        doing = _doing(work, now_s) if wait is None else wait
        progress, graded = work.progress, self.graded(host, model)
        variants = [f"{doing}  {elapsed}", doing, elapsed.strip() if wait is None else "waits"]
        if graded.items and wait is None:
            variants = [f"{graded}  {doing}  {elapsed}", f"{graded}  {elapsed}", str(graded)]
        elif progress.stage is Stage.GENERATING and progress.tokens and doing == progress.stage.value:
            rate = f"{figures.rate(progress.tps):>5} tok/s"
            counted = f"{progress.tokens:>5} tok  {rate}"
            variants = [f"{doing}  {counted}  {elapsed}", f"{counted}  {elapsed}", counted, rate]
        return Row(figures.name(model), self._called(host), variants)

    def _waiting(self, now_s: float) -> Iterator[Row]:
        """Yield the hosts without a model at work: those that wait for something, and those whose turn comes."""
        busy = {host for host, _ in self._running} | self._again.keys()
        for host in list(self._waits):
            said = self._wait_in_words(host, now_s)
            if host not in busy and said is not None:
                yield Row("", self._called(host), [said, "waits"])
        idle: dict[str, int] = {}
        for host, model in list(self.queued):
            if host not in busy and host not in self._waits and (host, model) not in self.ended:
                idle[host] = idle.get(host, 0) + 1
        for host, models in idle.items():
            waits = "1 model waits for its turn" if models == 1 else f"{models} models wait for their turn"
            yield Row("", self._called(host), [waits, "waits"])

    def _wait_in_words(self, host: str, now_s: float) -> str | None:
        """Return what a host waits for and how long that lasts at most, None where it does not wait for long."""
        wait = self._waits.get(host)
        if wait is None or now_s - wait.since_s < WORTH_SAYING_S:
            return None
        reason = clean(wait.reason, 80)
        listed = self._listed.get(host)
        so_far = f", {listed} so far" if listed and host not in {where for where, _ in self.queued} else ""
        if wait.seconds is None:
            return f"{reason}{so_far}  {figures.stopwatch(now_s - wait.since_s):>5}"
        left_s = max(wait.seconds - (now_s - wait.since_s), 0.0)
        return f"{reason}, up to {figures.roughly(left_s)} more"


def _doing(work: _Work, now_s: float) -> str:
    """Return what a model does, and what is waited for where nothing came for some seconds."""
    stage, still_s = work.progress.stage, now_s - work.moved_s
    if still_s >= STILL_S and stage is Stage.PROMPT:
        return "waiting for the first token"
    if still_s >= STILL_S and stage is Stage.GENERATING:
        return f"no token for {figures.roughly(still_s)}"
    return stage.value
