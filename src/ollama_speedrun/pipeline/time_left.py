"""How long a run still takes, by what was measured so far: a fold over its events and the seconds at which they came.

While first visits go on, each machine has the rest of the visits under way and those of its queue before it, then the
rounds of the races. A race asks as many further items as the evidence so far makes likely.
"""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from ..benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkPartial
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result
from ..inventory.types import Model
from ..quality.events import ItemGraded, QualityBegan
from ..quality.records import ItemRecord
from ..quality.rounds import round_size
from ..visit.events import BenchmarkProgress, HostLost, Stage
from .forecast import FURTHER_ITEMS, Cost, longest
from .pace import ModelKey, Pace
from .race_time import NO_COST, RaceCost, RaceRest, cost_of_races

FEWEST_TOKENS: Final = 16
"""Before that many chunks a rate says nothing."""
OVERDUE: Final = 0.25
"""What is over its time is expected to last a quarter of what it took so far."""
SHORT, MIDDLE, LONG = 0.34, 0.75, 1.43
"""About what a race asked in the end ÷ what `further` expected, at 10 %, half and 90 % of moments of simulated races.

`benchmarks/race_rest.py` measures it.
"""
USUAL_ITEMS: Final = 30
"""So many of the next items of a model stand for all that its race still asks."""
IN_PROGRESS: Final = 0.9
"""At most so much of the item under way counts as done."""


class Remaining(msgspec.Struct, frozen=True, kw_only=True):
    """What is left to do: models in their first visit or before it, loads, output tokens, and about so many seconds.

    `likely_s` is how long it takes until every model had its first visit, which gives likely picks; None in a run
    without races, where it is the same as `seconds`, and once it is over. From `low_s` to `high_s` it takes in 8 of 10
    cases where races are to come; None without them.
    """

    models: int
    loads: int
    tokens: int
    seconds: float
    likely_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None

    def after(self, passed_s: float) -> "Remaining":
        """Return the same once so many seconds have passed; the time left stops short of nothing."""
        return msgspec.structs.replace(
            self,
            seconds=max(self.seconds - passed_s, min(self.seconds, 1.0)),
            likely_s=None if self.likely_s is None else max(self.likely_s - passed_s, 0.0),
            low_s=None if self.low_s is None else max(self.low_s - passed_s, 0.0),
            high_s=None if self.high_s is None else max(self.high_s - passed_s, 0.0),
        )


class _Visit(msgspec.Struct):
    """The first visit of one model: when it began, what it generated, what it was asked."""

    machine: str
    model: Model
    began_s: float | None = None
    opened_s: float = 0.0
    is_loaded: bool = False
    asks: int | None = None
    speed_tokens: int = 0
    tokens_now: int = 0
    stepped_s: float = 0.0
    asked_s: float | None = None
    next_place: int = 0
    pilots: int = 0
    is_over: bool = False


class TimeLeft:
    """Knows what is left of a run. `pace` is how fast its models are."""

    def __init__(self, settings: BenchmarkSettings, *, at_once: int) -> None:
        self.pace = Pace(settings)
        self._settings = settings
        self._at_once = at_once
        self._visits: dict[ModelKey, _Visit] = {}
        self.lost: set[str] = set()
        """The hosts that were given up."""
        self._races: Sequence[RaceRest] = ()
        self._last_end_s: dict[str, float] = {}
        self._reference: dict[str, Model] = {}
        self._batches: defaultdict[str, list[_Visit]] = defaultdict(list)

    def queue(self, machine: str, models: Sequence[Model]) -> None:
        """Note models that a machine has to measure."""
        for model in models:
            self._visits[model.host, model.name] = _Visit(machine, model)
            self.pace.know(model)

    @property
    def is_racing(self) -> bool:
        """True once every model had its first visit."""
        return all(visit.is_over for visit in self._visits.values())

    def is_measured(self, key: ModelKey) -> bool:
        """Return whether a model's first visit is over, or was in an earlier run."""
        visit = self._visits.get(key)
        return visit is None or visit.is_over

    def expect(self, races: Sequence[RaceRest]) -> None:
        """Note what each race that has begun probably still asks."""
        self._races = races

    def take_in(self, event: object, now_s: float) -> None:
        """Take in an event that came at this second of any clock; those that say nothing of the time are ignored."""
        match event:
            case BenchmarkBegan(host, model) if visit := self._visits.get((host, model)):
                visit.is_over = False
                visit.began_s = now_s if visit.began_s is None else visit.began_s
                visit.opened_s = now_s
            case BenchmarkProgress(host, model) if visit := self._visits.get((host, model)):
                self._progress(visit, event, now_s)
            case QualityBegan(record, items) if visit := self._visits.get((record.host, record.model)):
                visit.asks = items
                places = [entry.place for entry in record.items if entry.is_counted and entry.place is not None]
                visit.next_place = max(places, default=-1) + 1
                self.pace.note_mix((record.host, record.model), record.mix)
            case ItemGraded(host, model, record=record) if visit := self._visits.get((host, model)):
                self._answer(visit, record)
            case BenchmarkPartial(result) if visit := self._visits.get((result.host, result.model)):
                self._step(visit, result, now_s)
            case BenchmarkEnded(result) if visit := self._visits.get((result.host, result.model)):
                self._end(visit, result, now_s)
            case HostLost(host):
                self.lost.add(host)
            case _:
                pass

    def left(self, now_s: float) -> Remaining:
        """Return what is left at this second of the events' clock."""
        open_visits = [visit for visit in self._visits.values() if not visit.is_over]
        rests = [self._rest(visit, now_s) for visit in open_visits]
        machines: defaultdict[str, float] = defaultdict(float)
        for visit, rest in sorted(zip(open_visits, rests, strict=True), key=lambda pair: pair[0].began_s is None):
            machines[visit.machine] += rest.total_s
        for machine in {visit.machine for visit in self._visits.values()}:
            machines[machine] += self._reference_s(machine, now_s)
        visits_s = longest(machines.values(), self._at_once) if machines else 0.0
        short, middle, long = self._race()
        return Remaining(
            models=len(open_visits),
            loads=sum(not visit.is_loaded for visit in open_visits) + middle.loads,
            tokens=sum(rest.tokens for rest in rests) + self._tokens(middle),
            seconds=visits_s + middle.seconds,
            likely_s=visits_s if middle.seconds and open_visits else None,
            low_s=visits_s + short.seconds if middle.seconds else None,
            high_s=visits_s + long.seconds if middle.seconds else None,
        )

    def _progress(self, visit: _Visit, event: BenchmarkProgress, now_s: float) -> None:
        key = (event.host, event.model)
        if event.stage in {Stage.PROMPT, Stage.EMBEDDING} and not visit.is_loaded and visit.began_s is not None:
            visit.is_loaded = True
            self.pace.note_load(key, now_s - visit.opened_s)
        if event.stage is Stage.PROMPT and visit.asked_s is None:
            visit.asked_s = now_s
        if event.stage is Stage.GENERATING and visit.is_loaded:
            visit.tokens_now = event.tokens
            if event.tps and event.tokens >= FEWEST_TOKENS:
                self.pace.note_rate(key, event.tps)

    def _step(self, visit: _Visit, result: Result, now_s: float) -> None:
        """Take in that a step of a visit is over: a generation that is timed, or an item of the pilot."""
        speed_tokens = _generated(result)
        if speed_tokens == visit.speed_tokens and visit.asks is None and visit.tokens_now:
            visit.pilots += 1
            self.pace.note_tokens((result.host, result.model), visit.tokens_now, now_s - visit.stepped_s)
        visit.speed_tokens, visit.tokens_now, visit.stepped_s = speed_tokens, 0, now_s
        visit.asked_s = None
        self.pace.note_result(result, is_over=False)

    def _answer(self, visit: _Visit, record: ItemRecord) -> None:
        """Take in an answer; those of a pilot are told together when it is over, and were noted before."""
        if record.place is not None:
            visit.next_place = max(visit.next_place, record.place + 1)
        is_known = not record.is_counted and visit.pilots > 0
        visit.pilots -= is_known
        self.pace.note_answer((visit.model.host, visit.model.name), record, is_known=is_known)

    def _end(self, visit: _Visit, result: Result, now_s: float) -> None:
        visit.is_over = True
        self.pace.note_result(result, is_over=True)
        if result.status == "ok" and visit.model.generates_text:
            self._reference.setdefault(visit.machine, visit.model)
        batch = self._batches[visit.machine]
        batch.append(visit)
        running = (one for one in self._visits.values() if one.machine == visit.machine and not one.is_over)
        if any(one.began_s is not None for one in running):
            return
        began_s = min((one.began_s for one in batch if one.began_s is not None), default=now_s)
        took_s = now_s - self._last_end_s.get(visit.machine, began_s)
        self._last_end_s[visit.machine] = now_s
        self.pace.note_visits([one.model for one in batch], took_s)
        batch.clear()

    def _rest(self, visit: _Visit, now_s: float) -> "_Rest":
        """Return what is left of a first visit."""
        if visit.model.host in self.lost:
            return _Rest(0.0, 0)
        whole, whole_s = self.pace.cost_of(visit.model), self.pace.visit_s(visit.model)
        if visit.began_s is None:
            return _Rest(whole_s, whole.tokens)
        spent_s = now_s - visit.began_s
        load_s = 0.0 if visit.is_loaded else max(whole.load_s - spent_s, OVERDUE * spent_s)
        is_timed = visit.asks is not None
        items, items_s = self._items_left(visit, whole, now_s)
        speed_tokens = 0 if is_timed else max(whole.speed_tokens - visit.speed_tokens - visit.tokens_now, 0)
        token_s = self.pace.token_s(visit.model)
        speed_s = speed_tokens * token_s if visit.model.generates_text else max(whole.speed_s - spent_s, 0.0)
        factor = self.pace.timing_factor(visit.model.host)
        last_s = max(whole.last_s - (0.0 if items or not is_timed else now_s - visit.stepped_s), 0.0)
        rest_s = load_s + factor * (speed_s + last_s) + items_s
        tokens = speed_tokens + items * (whole.item_tokens // whole.items if whole.items else 0)
        return _Rest(rest_s, tokens)

    def _items_left(self, visit: _Visit, whole: Cost, now_s: float) -> tuple[int, float]:
        """Return how many items of a first visit are left, and the seconds that they take."""
        key = (visit.model.host, visit.model.name)
        if visit.asks is None:
            return whole.items, self.pace.items_s(visit.model, whole.items)
        items = self.pace.affordable(visit.model, max(visit.asks - self.pace.counted[key], 0))
        under_way_s = 0.0 if visit.asked_s is None else min(now_s - visit.asked_s, IN_PROGRESS * whole.item_s)
        return items, max(self.pace.items_s(visit.model, items) - under_way_s, 0.0)

    def _reference_s(self, machine: str, now_s: float) -> float:
        """Return what is left of the repetition of a machine's first model, which looks for drift."""
        mine = [visit for visit in self._visits.values() if visit.machine == machine and visit.model.generates_text]
        if not self._settings.reference_trial or len(mine) < 2:
            return 0.0
        model = self._reference.get(machine, mine[0].model)
        whole_s = self.pace.load_s(model) + self._settings.trial_tokens * self.pace.token_s(model)
        if not all(visit.is_over for visit in mine):
            return whole_s
        return max(whole_s - (now_s - self._last_end_s.get(machine, now_s)), 0.0)

    def _race(self) -> tuple[RaceCost, RaceCost, RaceCost]:
        """Return what the rounds to come cost: if they are few, as usual, and if they are many."""
        writers = {
            (visit.model.host, visit.model.name): visit
            for visit in self._visits.values()
            if visit.model.generates_text and visit.model.host not in self.lost
        }
        settings = self._settings
        if not settings.races or settings.max_items <= settings.first_items or len(writers) < 2:
            return (NO_COST,) * 3
        races = list(self._races)
        new = [visit.model for visit in writers.values() if not visit.is_over]
        if new:
            races.append(self._usual_race(new))
        answered = {key: visit.next_place for key, visit in writers.items()}
        known = {key for race in races for key in race.spans}
        item_s = {key: self._item_s(visit.model) for key, visit in writers.items()}
        load_s = {key: self.pace.load_s(writers[key].model) for key in known & writers.keys()}

        def cost(share: float) -> RaceCost:
            return cost_of_races(
                [race.times(share, settings.max_items).after(answered) for race in races],
                machine_of=lambda key: self._visits[key].machine,
                load_s=load_s,
                item_s=item_s,
                at_once=self._at_once,
            )

        return cost(SHORT), cost(MIDDLE), cost(LONG)

    def _tokens(self, races: RaceCost) -> int:
        return round(sum(items * self.pace.tokens_an_item(key) for key, items in races.items.items()))

    def _item_s(self, model: Model) -> float:
        return self.pace.items_s(model, USUAL_ITEMS) / USUAL_ITEMS

    def _usual_race(self, models: Sequence[Model]) -> RaceRest:
        """Return what a race of models without an answer probably asks them."""
        settings = self._settings
        known = [stop - first for race in self._races for first, stop in race.spans.values()]
        rule = min(FURTHER_ITEMS, settings.max_items - settings.first_items)
        items = round(sum(known) / len(known)) if known else rule
        first = settings.first_items
        load_items = statistics.fmean(self.pace.load_s(model) / self._item_s(model) for model in models)
        size = round_size(first, load_items)
        spans = {(model.host, model.name): (first, first + items) for model in models}
        return RaceRest(first + size, size, spans, load_items)


class _Rest(msgspec.Struct, frozen=True):
    """What is left of one visit."""

    total_s: float
    tokens: int


def _generated(result: Result) -> int:
    """Return the output tokens of interview and trials so far."""
    records = (*([result.interview] if result.interview else ()), *result.trials)
    return sum(record.eval_count or record.content_chunks for record in records)
