"""Embedding models: how many texts a second become vectors, one by one and 32 at a time."""

from collections import deque
from typing import Final

from .. import units
from ..visit.events import BenchmarkProgress, Stage
from ..visit.loaded_model import LoadedModel
from . import delays, disturbances, stats, workload
from .types import EmbeddingFigures

_, LARGE_BATCH = workload.EMBEDDING_BATCHES
ROUNDS: Final = workload.EMBEDDING_ROUNDS


class EmbeddingRates:
    """A study of two steps, one for each size of a batch; `finding` is None before the second is done.

    A request that had the model loaded again gives no rate; `reloaded` counts those. Nor does one that
    something between client and server held up; `held` has for how long, in ns. `asked_again`
    says why requests were sent again.
    """

    name = "the rate of embeddings"
    needs_the_memory = False

    def __init__(self) -> None:
        self.finding: EmbeddingFigures | None = None
        self.reloaded = 0
        self.held: list[int] = []
        self.asked_again: list[str] = []
        self._left = deque((1, LARGE_BATCH))
        self._rates: dict[int, float | None] = {}
        self._dimension = 0

    async def step(self, model: LoadedModel) -> bool:
        """Embed batches of the next size, and keep the median of their rates."""
        size = self._left.popleft()
        model.visit.emit(BenchmarkProgress(model.model.host, model.model.name, Stage.EMBEDDING))
        rates = [await self._rate(model, size) for _ in range(ROUNDS)]
        self._rates[size] = stats.percentile([rate for rate in rates if rate is not None], 0.5)
        if self._left:
            return True
        self.finding = EmbeddingFigures(
            dimension=self._dimension, batch_1_per_s=self._rates[1], batch_32_per_s=self._rates[LARGE_BATCH]
        )
        return False

    async def _rate(self, model: LoadedModel, size: int) -> float | None:
        texts = workload.sentences(model.visit.nonce(), size)
        answer = await model.embed(texts)
        took_ns = answer.took_ns
        if answer.asked_again is not None:
            self.asked_again.append(answer.asked_again)
        self._dimension = len(answer.embeddings[0])
        if await self._was_reloaded(model, answer.load_duration):
            self.reloaded += 1
            return None
        round_trip_ns = model.visit.client.round_trip_ns
        if held_ns := delays.held_whole_ns(took_ns, answer.total_duration, round_trip_ns=round_trip_ns):
            self.held.append(held_ns)
            return None
        return units.per_second(size, took_ns)

    async def _was_reloaded(self, model: LoadedModel, load_ns: int | None) -> bool:
        opening = model.opening
        first_ns = 0 if opening is None else opening.load_duration_ns or 0
        was_loaded = opening is not None and opening.was_loaded
        if disturbances.is_a_load(load_ns, first_ns, was_loaded=was_loaded):
            return True
        floor_ns = disturbances.RELOAD_FLOOR_UNLISTED_NS
        looks_so = not was_loaded and disturbances.is_a_load(load_ns, first_ns, was_loaded=False, floor_ns=floor_ns)
        return looks_so and await model.is_gone()
