"""What a run need not measure, because an earlier one did, or because it was interrupted after it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from ..benchmark import derive
from ..benchmark.plan import Thinking
from ..benchmark.runner import variants_of
from ..benchmark.turns import Thinks
from ..benchmark.types import Result, ResultKey
from ..discovery.types import Host
from ..inventory.types import Model
from ..quality.records import ItemRecord, QualityRecord
from ..quality.sharing import agrees
from ..results.known import Known, Recall
from ..wording import counted
from .examiner import Examiner

Taken: TypeAlias = Sequence[tuple[Thinks, Known]]
"""What is known of one model, for some of its variants."""


class Knowledge:
    """What is known of the models that were listed so far. Without `recall` nothing is."""

    def __init__(self, recall: Recall | None, *, thinking: Thinking, examined: Examiner | None) -> None:
        self._recall = recall
        self._thinking = thinking
        self._examined = examined
        self._known: dict[ResultKey, Known] = {}

    async def learn(self, host: Host, models: Sequence[Model]) -> None:
        """Find out what is known of the models of a host, in a thread: that may mean to read a file."""
        if self._recall is None:
            return
        for known in await asyncio.to_thread(self._recall, host, models):
            if self._fits(known):
                self._known[known.result.key] = known

    def forget(self, host: Host) -> None:
        """Know nothing of a host any more: it is not what it was."""
        self._known = {key: known for key, known in self._known.items() if key[0] != host.url}

    def whole(self, models: Sequence[Model]) -> Mapping[str, Taken]:
        """Return by the name of a model which of its variants need not be measured; names without any are left out."""
        return {model.name: taken for model in models if (taken := self._whole_of(model))}

    def left(self, models: Sequence[Model]) -> Sequence[Model]:
        """Return the models of which at least one variant is to be measured."""
        return [model for model in models if len(self._whole_of(model)) < len(self._variants(model))]

    def result(self, model: Model, thinks: Thinks) -> Result | None:
        """Return what is known of a variant, whole or cut short."""
        known = self._of(model, thinks)
        return None if known is None else known.result

    def record(self, model: Model, thinks: Thinks) -> QualityRecord | None:
        """Return the items that a variant has answered."""
        known = self._of(model, thinks)
        return None if known is None else known.record

    def _whole_of(self, model: Model) -> Taken:
        return [
            (thinks, known)
            for thinks in self._variants(model)
            if (known := self._of(model, thinks)) is not None and not known.result.is_cut_short
        ]

    def _variants(self, model: Model) -> Sequence[Thinks]:
        return variants_of(model, self._thinking) if model.generates_text else (None,)

    def _of(self, model: Model, thinks: Thinks) -> Known | None:
        return self._known.get((model.host, model.name, derive.variant_of(thinks)))

    def _fits(self, known: Known) -> bool:
        """Tell if the items that were answered are those that this run asks; a part without them is of use, too."""
        if self._examined is None or known.result.is_cut_short:
            return True
        return self._examined.fits(known.record)


def to_check(models: Sequence[Model], taken: Mapping[str, Taken]) -> tuple[Model, Thinks, Known] | None:
    """Return the model that a host is checked with: the smallest that generates text; None where there is none."""
    candidates = [
        (model, *taken[model.name][0])
        for model in models
        if model.name in taken and model.generates_text and taken[model.name][0][1].result.speed_tps is not None
    ]
    return min(candidates, key=lambda found: found[0].size_bytes or 0, default=None)


def is_fresh(taken: Mapping[str, Taken]) -> bool:
    """Tell if nothing has to be checked."""
    return all(known.is_checked for entries in taken.values() for _, known in entries)


def answers_otherwise(known: Known, answers: Sequence[ItemRecord]) -> str | None:
    """Return what a check of a model's answers found, None where they are as they were."""
    if known.record is None or agrees(known.record.counted, answers):
        return None
    return f"{known.result.model} answers otherwise than it did"


def in_words(taken: Mapping[str, Taken]) -> str:
    """Return how many results are kept of the run that is resumed, and how many taken over from others, and from when.

    Those of the run itself name no other run that measured them.
    """
    results = [known.result for entries in taken.values() for _, known in entries]
    others = [result for result in results if result.measured_in is not None]
    kept = len(results) - len(others)
    days = sorted({_day(result.ended_at) for result in others if result.ended_at is not None})
    span = "" if not days else f" from {days[0]}" if len(days) == 1 else f" from {days[0]} to {days[-1]}"
    parts = [
        *([f"{counted(kept, 'result')} of this run kept"] if kept else []),
        *([f"{counted(len(others), 'result')} taken over{span}; --fresh measures them again"] if others else []),
    ]
    return ", ".join(parts)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"
