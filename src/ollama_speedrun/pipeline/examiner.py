"""The graded items of a run as studies: one desk and one sandbox for all hosts."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final, TypeAlias

from ..assessment.tiers import placed
from ..benchmark import derive
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.turns import Thinks
from ..benchmark.types import ResultKey
from ..errors import SandboxError
from ..events import Notice
from ..inventory.types import Model
from ..quality import grading, sandbox
from ..quality.at_once import AtOnce
from ..quality.bank import Selection
from ..quality.desk import Assignment, Desk
from ..quality.embedding_study import GradedTriplets
from ..quality.entrants import BelowSpeedFloor
from ..quality.events import ItemGraded, QualityEvent
from ..quality.exam import Exam, ExamSettings
from ..quality.items import Item, Need
from ..quality.mixes import BANK_VERSION, PILOT_MIX, Mix
from ..quality.next_token_study import NextTokenStudy
from ..quality.next_tokens import has_sibling
from ..quality.pilot import FEWEST_MODELS, mix_by_first_answers
from ..quality.records import ItemRecord, QualityRecord, begun_anew
from ..quality.sharing import SPOT_CHECK_ITEMS
from ..quality.standing import scores_of
from ..quality.study import GradedItems, Grader, abilities_of
from ..results.known import Known
from ..visit.study import Study
from ..visit.types import Residency
from .record import Run
from .settings import RunSettings

NO_MIX: Final = "none"
"""The mix of a model that was asked nothing."""
_LARGEST_SEED: Final = 2**31
Asked: TypeAlias = tuple[Model, Thinks]


class Examiner:
    """Makes the studies of graded items. `asked` are the models that were given one, by host, model and variant."""

    def __init__(self, desk: Desk, *, grade: Grader, record: Run, emit: Callable[[QualityEvent], None]) -> None:
        self.asked: dict[ResultKey, Asked] = {}
        self.begun: Callable[[Model, Thinks], QualityRecord | None] = lambda _model, _thinks: None
        """Returns the items that a model answered before its benchmark was cut short."""
        self._desk = desk
        self._grade = grade
        self._record = record
        self._emit = emit
        self._compared: set[str] = set()
        self._at_once: defaultdict[ResultKey, AtOnce] = defaultdict(AtOnce)

    def first(self, model: Model, thinks: Thinks) -> Sequence[Study]:
        """Return what to ask while a model is loaded for its speed trials: items, or triplets of an embedding model."""
        if model.kind == "embedding":
            exam = self._desk.exam
            if not exam.settings.items:
                return ()
            return [GradedTriplets(seed=exam.seed, count=exam.settings.items, emit=self._emit)]
        if not model.generates_text:
            return ()
        variant = derive.variant_of(thinks)
        self.asked[model.host, model.name, variant] = (model, thinks)
        host = self._record.hosts.get(model.host)
        version = host.version if host else None

        def why_not() -> str | None:
            return _too_slow(self._record, (model.host, model.name, variant))

        return [
            GradedItems(
                self._desk,
                variant=variant,
                grade=self._grade,
                emit=self._emit,
                server_version=version,
                why_not=why_not,
                begun=self.begun(model, thinks),
            ),
            *self._next_tokens(model),
        ]

    def _next_tokens(self, model: Model) -> Sequence[Study]:
        """Return what compares a model with its siblings; each file of weights is asked once, on one host."""
        prompts = 0 if self._record.settings is None else self._record.settings.sibling_prompts
        base, digest = model.base, model.digest
        if not prompts or base is None or digest is None or digest in self._compared:
            return ()
        if not has_sibling(model, self._record.to_measure):
            return ()
        self._compared.add(digest)
        known = self._record.next_tokens.get((model.host, model.name))
        asked = len(known.answers) if known is not None and known.digest == digest else 0
        return (
            [NextTokenStudy(prompts, base=base, digest=digest, emit=self._emit, asked=asked)] if asked < prompts else []
        )

    def fits(self, record: QualityRecord | None) -> bool:
        """Tell if a record is of the items that this run asks, in its order; False where there is none."""
        exam = self._desk.exam
        if record is None or record.bank != str(BANK_VERSION) or exam.settings.own or exam.settings.only_own:
            return False
        if record.mix == NO_MIX:
            return record.not_asked is not None
        if record.mix == PILOT_MIX:
            return False
        left_out = tuple(sorted(map(str, exam.left_out)))
        return record.seed == exam.seed and (record.protocol == "triplets" or record.left_out == left_out)

    def take_over(self, model: Model, thinks: Thinks, known: Known) -> None:
        """Let the answers of an earlier run count as if this one had asked: further rounds go on from there."""
        record = known.record
        if record is None or not model.generates_text:
            return
        key = (model.host, model.name, derive.variant_of(thinks))
        self.asked[key] = (model, thinks)
        tier, _ = placed(memory_bytes=known.result.memory_bytes, size_bytes=model.size_bytes)
        self._desk.take_over(key, record, tier=tier)

    def check(self, model: Model, record: QualityRecord | None, note: Callable[[ItemRecord], None]) -> Sequence[Study]:
        """Return a study that asks a model ten items again; what it answers goes to `note` and is kept nowhere."""
        if record is None or record.mix == NO_MIX or record.protocol == "triplets":
            return ()
        names = [entry.item for entry in record.counted][:SPOT_CHECK_ITEMS]
        mix = Mix(record.mix)
        items = tuple(item for item in self._desk.exam.items(mix, abilities_of(model)) if item.name in names)
        batch = Assignment(mix=mix, items=items, spares=())
        apart = Desk(self._desk.exam, tier_of=tier_of)
        return [GradedItems(apart, variant=record.variant, grade=self._grade, emit=_to(note), batch=batch)]

    def second_look(self, tier: str, racers: Sequence[QualityRecord]) -> tuple[Mix, Mix] | None:
        """Return the mix of a tier and the one that its first answers call for; None where these are the same.

        None, too, where more than first answers are there, as those of an earlier run, for they are worth more, and
        where the models have begun another mix before: nothing is changed twice.
        """
        exam = self._desk.exam
        current = exam.mix_of(tier)
        first = [scores_of(record) for record in racers]
        if current is None or exam.settings.only_own or len(first) < FEWEST_MODELS:
            return None
        is_settled = any(record.mix != current or _has_begun_anew(record) for record in racers)
        if is_settled or max(map(len, first)) > exam.settings.first:
            return None
        found = mix_by_first_answers(first, current)
        return None if found is current else (current, found)

    def change_mix(self, tier: str, mix: Mix) -> None:
        """Ask the models of a tier another mix from now on."""
        self._desk.exam.change(tier, mix)

    def beginning(
        self, record: QualityRecord, *, note: Callable[[ItemRecord], None], is_wanted: Callable[[], bool]
    ) -> Study:
        """Return the first items of a record's mix that are not answered; what is answered goes to `note` alone."""
        return self._batch(record, first=0, stop=self.first_items, emit=_to(note), is_wanted=is_wanted)

    def begun_anew(self, record: QualityRecord, mix: Mix) -> QualityRecord:
        """Return the record of a model that begins another mix."""
        return begun_anew(record, mix=str(mix), places=self._desk.exam.places(mix) or None)

    @property
    def first_items(self) -> int:
        """How many items of the common order the first visit of a model asks."""
        return min(self._desk.exam.settings.first, self._desk.exam.settings.items)

    def again(self, key: ResultKey, *, first: int, stop: int, is_wanted: Callable[[], bool]) -> Study:
        """Return the items between two places of the common order, for a model that answered those before."""
        record = self._record.quality_records[key]
        return self._batch(record, first=first, stop=stop, emit=self._emit, is_wanted=is_wanted)

    def _batch(
        self,
        record: QualityRecord,
        *,
        first: int,
        stop: int,
        emit: Callable[[QualityEvent], None],
        is_wanted: Callable[[], bool],
    ) -> Study:
        model, _ = self.asked[record.key]
        mix, answered = Mix(record.mix), {entry.item for entry in record.items if entry.is_counted}
        between = self._desk.exam.items(mix, abilities_of(model), first=first, stop=stop)
        items = tuple(item for item in between if item.name not in answered)
        return GradedItems(
            self._desk,
            variant=record.variant,
            grade=self._grade,
            emit=emit,
            batch=Assignment(mix=mix, items=items, spares=()),
            at_once=self._at_once[record.key],
            is_wanted=is_wanted,
        )


@contextmanager
def examiner(
    settings: RunSettings, *, record: Run, emit: Callable[[QualityEvent | Notice], None]
) -> Iterator[Examiner | None]:
    """Yield what makes the studies of graded items; None where nothing is to be asked."""
    wanted = exam_settings(settings.benchmark, own=settings.own_items, only_own=settings.only_own_items)
    if not (wanted.items or wanted.own):
        yield None
        return
    with ExitStack() as stack:
        room = None
        try:
            room = stack.enter_context(sandbox.Sandbox())
        except SandboxError as error:
            if settings.benchmark.max_items:
                emit(Notice(f"items that run code are left out: {error}"))
        seed = secrets.randbelow(_LARGEST_SEED) if wanted.seed is None else wanted.seed
        desk = Desk(Exam(wanted, seed=seed, without=(Need.SANDBOX,) if room is None else ()), tier_of=tier_of)
        yield Examiner(desk, grade=partial(grading.grade, sandbox=room), record=record, emit=emit)


def exam_settings(benchmark: BenchmarkSettings, *, own: Sequence[Item] = (), only_own: bool = False) -> ExamSettings:
    """Return how much to ask of each model by the settings of a benchmark, and which items of the user's."""
    selection = Selection(
        areas=frozenset(benchmark.areas) or None,
        languages=frozenset(benchmark.languages) or None,
        longest_tokens=benchmark.longest_answer_tokens,
    )
    return ExamSettings(
        items=0 if only_own else benchmark.max_items,
        first=benchmark.first_items,
        selection=selection,
        own=tuple(own),
        only_own=only_own,
        seed=benchmark.item_seed,
        answer_tokens=benchmark.answer_tokens,
        races=benchmark.races,
    )


def tier_of(model: Model, residency: Residency | None) -> str | None:
    """Return the memory tier that a model's items are chosen by: of its memory in use, else of its size on disk."""
    tier, _ = placed(memory_bytes=residency.size_bytes if residency else None, size_bytes=model.size_bytes)
    return tier


def _to(note: Callable[[ItemRecord], None]) -> Callable[[QualityEvent], None]:
    """Return what takes events and hands on each answer, which is told nobody else."""

    def keep(event: QualityEvent) -> None:
        if isinstance(event, ItemGraded):
            note(event.record)

    return keep


def _has_begun_anew(record: QualityRecord) -> bool:
    return any(entry.place is not None and not entry.is_counted for entry in record.items)


def _too_slow(record: Run, key: ResultKey) -> str | None:
    """Return the reason not to ask a model whose speed is known by now to be below the floor."""
    floor_tps = 0.0 if record.settings is None else record.settings.min_speed_tps
    tps = next((result.speed_tps for result in record.results if result.key == key), None)
    return str(BelowSpeedFloor(tps, floor_tps)) if tps is not None and tps < floor_tps else None
