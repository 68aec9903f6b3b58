"""How fast a model writes code and JSON beside prose: with drafts, the decode rate depends on what is written."""

from collections import deque
from typing import Final

import msgspec

from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import disturbances, metrics, stats, workload
from .budget import Budget
from .types import ContentKind, ContentRate, Result

TRIALS_OF_EACH: Final = 2
SCORED: Final[ContentKind] = "prose"
"""What the trials write that the scores are made of."""


class ContentTrials:
    """A study: short trials of code and of JSON in turn, one a step, beside the prose of the speed trials."""

    name = "the speed by content"
    needs_the_memory = False

    def __init__(self, trial_tokens: int, budget: Budget) -> None:
        self._trial_tokens = trial_tokens
        self._budget = budget
        self._left: deque[ContentKind] = deque([*workload.CONTENT] * TRIALS_OF_EACH)
        self._trials: dict[ContentKind, list[StreamRecord]] = {}

    def add_to(self, result: Result) -> Result:
        """Return the result with the rate of each kind of content that was written, prose first."""
        if not self._trials or result.speed_tps is None:
            return result
        prose = ContentRate(
            kind=SCORED,
            decode_tps=result.speed_tps,
            is_scored=True,
            trials=result.decode_interval.trials if result.decode_interval else len(result.trials),
        )
        others = [rate for kind, trials in self._trials.items() if (rate := content_rate(kind, trials)) is not None]
        return msgspec.structs.replace(result, content=(prose, *others)) if others else result

    async def step(self, model: LoadedModel) -> bool:
        """Time the next trial, unless the time is up; one that was disturbed does not count. Raises `OllamaError`."""
        if self._budget.is_spent or not self._left:
            return False
        kind = self._left.popleft()
        prompt = workload.content_prompt(kind, model.visit.nonce())
        record = await model.generate(prompt, num_predict=self._trial_tokens, may_be_empty=True)
        if not disturbances.was_disturbed(record, model.opening):
            self._trials.setdefault(kind, []).append(record)
        return bool(self._left)


def content_rate(kind: ContentKind, trials: list[StreamRecord]) -> ContentRate | None:
    """Return the geometric mean of the decode rates of some trials; None where none of them has one."""
    rates = [rate for trial in trials if (rate := metrics.speed_tps(trial)) is not None]
    mean_tps = stats.geometric_mean(rates)
    if mean_tps is None:
        return None
    return ContentRate(kind=kind, decode_tps=mean_tps, trials=len(rates), records=tuple(trials))
