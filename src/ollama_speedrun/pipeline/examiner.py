"""The graded items of a run as studies: one desk and one sandbox for all hosts."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from ..assessment.tiers import placed
from ..benchmark import derive
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.runner import Studies, no_studies
from ..benchmark.turns import Thinks
from ..inventory.types import Model
from ..quality import grading, sandbox
from ..quality.bank import Selection
from ..quality.desk import Desk
from ..quality.events import QualityEvent
from ..quality.exam import Exam, ExamSettings
from ..quality.items import Item, Need
from ..quality.study import GradedItems
from ..visit.study import Study
from ..visit.types import Residency
from .record import Run

if TYPE_CHECKING:
    from .run import RunSettings

_LARGEST_SEED: Final = 2**31


@contextmanager
def examiner(settings: "RunSettings", *, record: Run, emit: Callable[[QualityEvent], None]) -> Iterator[Studies]:
    """Yield what returns the graded items of a model as a study; none where none are to be asked."""
    wanted = exam_settings(settings.benchmark, own=settings.own_items, only_own=settings.only_own_items)
    if not (wanted.items or wanted.own):
        yield no_studies
        return
    with ExitStack() as stack:
        runs_code = sandbox.available()
        room = stack.enter_context(sandbox.Sandbox()) if runs_code else None
        seed = secrets.randbelow(_LARGEST_SEED) if wanted.seed is None else wanted.seed
        desk = Desk(Exam(wanted, seed=seed, without=() if runs_code else (Need.SANDBOX,)), tier_of=_tier_of)

        def studies(model: Model, thinks: Thinks) -> Sequence[Study]:
            if not model.generates_text:
                return ()
            host = record.hosts.get(model.host)
            items = GradedItems(
                desk,
                variant=derive.variant_of(thinks),
                grade=partial(grading.grade, sandbox=room),
                emit=emit,
                server_version=host.version if host else None,
            )
            return [items]

        yield studies


def exam_settings(benchmark: BenchmarkSettings, *, own: Sequence[Item] = (), only_own: bool = False) -> ExamSettings:
    """Return how much to ask of each model by the settings of a benchmark, and which items of the user's."""
    selection = Selection(
        areas=frozenset(benchmark.areas) or None,
        languages=frozenset(benchmark.languages) or None,
    )
    return ExamSettings(
        items=0 if only_own else benchmark.max_items,
        selection=selection,
        own=tuple(own),
        only_own=only_own,
        seed=benchmark.item_seed,
    )


def _tier_of(model: Model, residency: Residency | None) -> str | None:
    tier, _ = placed(memory_bytes=residency.size_bytes if residency else None, size_bytes=model.size_bytes)
    return tier
