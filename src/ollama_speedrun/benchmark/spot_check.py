"""A spot check, which finds out if a model still runs as an earlier run has it."""

import statistics
from typing import Final

from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import metrics, stats, workload
from .types import Result

LARGEST_CHANGE: Final = 0.05
"""A smaller change of the rate is no reason to measure again; a larger one only where the trials before spread less."""
MOST_TRIALS: Final = 3
"""A trial that deviates is repeated: one may be disturbed."""
LARGEST_MOVE: Final = 0.02
"""So much less or more of a model on the GPU is another way of running it."""


class SpotCheck:
    """A study: one trial, and up to two more where it deviates. `change` says what is otherwise, None where nothing is.

    `is_done` is False as long as nothing was measured.
    """

    name = "the spot check"
    needs_the_memory = False

    def __init__(self, known: Result, *, trial_tokens: int) -> None:
        self.is_done = False
        self.change: str | None = None
        self._known = known
        self._trial_tokens = trial_tokens
        self._rates: list[float] = []

    async def step(self, model: LoadedModel) -> bool:
        """Run one trial; raises `OllamaError` where the server fails."""
        record = await model.generate(workload.prompt(model.visit.nonce()), num_predict=self._trial_tokens)
        self._rates += [rate for rate in [_rate_tps(record)] if rate is not None]
        self.is_done = bool(self._rates)
        self.change = self._move(model) or self._drift()
        return self.change is not None and len(self._rates) < MOST_TRIALS and self.is_done

    def _drift(self) -> str | None:
        before_tps = self._known.speed_tps
        if before_tps is None or not self._rates:
            return None
        now_tps = statistics.geometric_mean(self._rates)
        known = [rate for trial in metrics.credible(self._known.trials) if (rate := _rate_tps(trial)) is not None]
        if max(now_tps / before_tps, before_tps / now_tps) - 1 <= max(LARGEST_CHANGE, stats.spread(known) or 0.0):
            return None
        return f"{self._known.model} runs at {now_tps:.3g} tok/s instead of {before_tps:.3g}"

    def _move(self, model: LoadedModel) -> str | None:
        residency, before = model.residency, self._known.gpu_share
        if residency is None or before is None or not residency.size_bytes:
            return None
        now = residency.size_vram_bytes / residency.size_bytes
        if abs(now - before) <= LARGEST_MOVE:
            return None
        return f"{self._known.model} has {now:.0%} of its memory on the GPU instead of {before:.0%}"


def _rate_tps(record: StreamRecord) -> float | None:
    """Return a trial's decode rate in tokens/s by the server's clock, or the client's where the server gives none."""
    return metrics.decode_tps(record) or metrics.decode_client_tps(record)
