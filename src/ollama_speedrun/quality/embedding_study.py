"""The study of an embedding model's quality: the share of triplets whose paraphrase is nearer than the distractor."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from ..visit.loaded_model import LoadedModel
from .events import ItemGraded, QualityBegan, QualityEvent
from .items import Grade
from .mixes import BANK_VERSION
from .records import AnswerRecord, ItemRecord, QualityRecord
from .triplets import MOST_ASKED, Triplet, nearer, triplets

AREA: Final = "embedding"
MIX: Final = "triplets"
CHANCE: Final = 0.5
"""Who guesses takes the paraphrase for the nearer one half of the time."""
IN_A_STEP: Final = 8
"""Triplets whose texts are sent in one request."""


class GradedTriplets:
    """A study: a few triplets a step. `count` bounds them, `seed` draws them; what is found is told as it comes."""

    name = "the quality of its vectors"
    needs_the_memory = False

    def __init__(self, *, seed: int, count: int, emit: Callable[[QualityEvent], None]) -> None:
        self._seed = seed
        self._left = list(triplets(seed, min(count, MOST_ASKED)))
        self._asked = 0
        self._emit = emit

    async def step(self, model: LoadedModel) -> bool:
        """Embed the texts of a few triplets and grade them. Raises `OllamaError` where the server fails."""
        if not self._asked:
            self._emit(QualityBegan(self._opening(model), len(self._left)))
        batch, self._left = self._left[:IN_A_STEP], self._left[IN_A_STEP:]
        if batch:
            await self._grade(model, batch)
        return bool(self._left)

    def _opening(self, model: LoadedModel) -> QualityRecord:
        return QualityRecord(
            host=model.model.host,
            model=model.model.name,
            bank=str(BANK_VERSION),
            seed=self._seed,
            mix=MIX,
            protocol="triplets",
        )

    async def _grade(self, model: LoadedModel, batch: Sequence[Triplet]) -> None:
        texts = [text for one in batch for text in (one.anchor, one.paraphrase, one.distractor)]
        began_ns = time.perf_counter_ns()
        vectors = (await model.embed(texts)).embeddings
        took_ns = (time.perf_counter_ns() - began_ns) // len(batch)
        for place, one in enumerate(batch):
            is_right = nearer(*vectors[3 * place : 3 * place + 3])
            record = _record(one, self._asked, took_ns, is_right=is_right)
            self._asked += 1
            self._emit(ItemGraded(model.model.host, model.model.name, None, record))


def _record(one: Triplet, number: int, took_ns: int, *, is_right: bool) -> ItemRecord:
    which = "paraphrase" if is_right else "distractor"
    credit = float(is_right)
    return ItemRecord(
        item=f"{AREA}/triplet/{one.level}/{number}",
        area=AREA,
        family="triplet",
        level=one.level,
        chance=CHANCE,
        answers=(AnswerRecord(content="", ended_ns=took_ns),),
        grade=Grade(score=credit, strict=credit, extracted=which, why=f"the {which} is nearer to the anchor"),
    )
