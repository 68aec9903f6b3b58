"""The search for the context at which layers of a model leave the GPU."""

import math
import time
from collections.abc import Sequence
from typing import Final

from .. import units
from ..visit.loaded_model import LoadedModel
from . import memory
from .budget import Budget
from .types import ContextLoad, Result

STEP_TOKENS: Final = 1024
CLOSE_ENOUGH: Final = 1.125
"""The search ends when the first context that does not fit is at most so many times the last one that does."""
MOST_LOADS: Final = 6


class GpuCliffSearch:
    """A study: bisects the contexts between one that lies wholly on the GPU and one that does not, one load a step.

    Nothing is loaded where all contexts tried so far fit, or lie on the CPU alone, or others have the model loaded.
    """

    name = "the search for the context that leaves the GPU"

    def __init__(self, model: LoadedModel, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self._loads = 0
        self._longest_load_s = 0.0

    @property
    def needs_the_memory(self) -> bool:
        """True if the model will be loaded with another context."""
        return self._next_context() is not None

    def _next_context(self) -> int | None:
        model = self._model
        return None if model.is_theirs else next_context(memory.loads_of(model.residencies))

    def add_to(self, result: Result) -> Result:
        """Return the result as it is: what was found is read from the loads of the model."""
        return result

    async def step(self, model: LoadedModel) -> bool:
        """Load the model with the next context of the search; raises `OllamaError` where it cannot be loaded."""
        num_ctx = self._next_context()
        left_s = self._budget.left_s
        is_affordable = left_s is None or self._longest_load_s < left_s
        if num_ctx is None or self._loads == MOST_LOADS or not is_affordable:
            return False
        began_ns = time.perf_counter_ns()
        await model.warm_up(num_ctx=num_ctx)
        self._longest_load_s = max(self._longest_load_s, units.seconds(time.perf_counter_ns() - began_ns))
        self._loads += 1
        return await model.look(num_ctx=num_ctx) is not None


def next_context(loads: Sequence[ContextLoad]) -> int | None:
    """Return the context to try next, in tokens; None where the search is over or there is nothing to look for."""
    split = [load.num_ctx for load in loads if 0 < load.gpu_bytes < load.memory_bytes]
    if not split:
        return None
    cliff = memory.gpu_cliff(loads, layers=None)
    if cliff is None:
        return memory.FEWEST_TOKENS if min(split) > memory.FEWEST_TOKENS else None
    low, high = cliff.whole_num_ctx, cliff.num_ctx
    middle = round(math.sqrt(low * high) / STEP_TOKENS) * STEP_TOKENS
    is_close = high <= CLOSE_ENOUGH * low or high - low <= STEP_TOKENS
    return None if is_close or not low < middle < high else middle
