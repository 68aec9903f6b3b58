"""The turn of one text model in one variant: it is loaded, and its studies are carried out step by step."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from ..errors import OllamaError, ServerError
from ..visit.loaded_model import LoadedModel
from ..visit.study import Study, not_measured
from . import derive, workload
from .budget import Budget
from .plan import USUAL_CONTEXT_TOKENS
from .speed import SpeedTrials, settle
from .types import Observations, Result


class ResultStudy(Study, Protocol):
    """A study whose finding is part of a model's result."""

    def add_to(self, result: Result) -> Result:
        """Return the result with what was found so far."""


class Turn:
    """`open`, then `step` until it returns False, then `finish`; `result` is what was measured so far.

    The speed comes first, then the studies `alongside`, which keep the model as it is loaded; `last` come those whose
    findings belong to the result, within the same time budget as the speed. A failure of the server or the model ends
    the turn and becomes its result; nothing of it is raised.
    """

    def __init__(
        self,
        model: LoadedModel,
        speed: SpeedTrials,
        budget: Budget,
        *,
        alongside: Sequence[Study] = (),
        last: Sequence[ResultStudy] = (),
    ) -> None:
        self.model = model
        self.speed = speed
        self.began_at: datetime | None = None
        self.is_over = False
        self._budget = budget
        self._left: deque[Study] = deque((speed, *alongside))
        self._last = tuple(last)
        self._load_failure: str | None = None

    @property
    def failed(self) -> bool:
        """True if it broke before there was anything to tell."""
        return self._failure is not None

    @property
    def _failure(self) -> str | None:
        return self._load_failure or self.speed.failure

    @property
    def needs_the_memory(self) -> bool:
        """True if one of the last studies wants no other model loaded."""
        return any(study.needs_the_memory for study in self._last)

    @property
    def result(self) -> Result | None:
        """The result so far, marked as cut short until the turn is over; None before there is any."""
        variant = derive.variant_of(self.model.thinks)
        if self._failure is not None:
            return derive.failed(self.model.model, self._failure, variant=variant)
        observed = self._observed()
        if observed is None:
            return None
        result = derive.measured(self.model.model, observed)
        for study in self._last:
            result = study.add_to(result)
        return derive.with_memory(result, self.model.model, self.model.residencies)

    def _observed(self) -> Observations | None:
        opening, speed = self.model.opening, self.speed
        if opening is None or opening.warm_up is None or speed.interview is None:
            return None
        return Observations(
            warm_up=opening.warm_up,
            interview=speed.interview,
            trials=tuple(speed.trials),
            discarded=speed.discarded,
            residency=opening.residency,
            others=opening.others,
            was_loaded=opening.was_loaded,
            load_was_shared=opening.load_was_shared,
            keeps_loaded=speed.keeps_loaded,
            token_budget=speed.settings.interview_tokens,
            prompt_characters=len(workload.prompt("")),
            precision=speed.settings.precision,
            out_of_time=speed.is_out_of_time,
            thinks=self.model.thinks,
            cut_short=speed.cut_short,
            interrupted=not self.is_over,
            num_ctx=self.model.asked_num_ctx,
            limit_tokens=self.model.model.context_length,
            is_theirs=self.model.is_theirs,
        )

    async def open(self) -> None:
        """Load the model; may be done a second time."""
        self.began_at = self.began_at or datetime.now(UTC)
        try:
            await self.model.load()
        except OllamaError as exc:
            await settle(exc)
            if self.speed.interview is None:
                self._load_failure = f"{exc}{self._advice(exc)}"
            else:
                self.speed.cut_short = str(exc)

    def _advice(self, failure: OllamaError) -> str:
        """Return what to try where a long context may be what a server had no memory for; empty where it is not."""
        asked = self.model.asked_num_ctx
        if asked is None or asked <= USUAL_CONTEXT_TOKENS or not isinstance(failure, ServerError):
            return ""
        return f"; it was to be loaded with {asked:,} tokens of context: try a shorter --context"

    async def step(self) -> bool:
        """Do the next piece of work that leaves the model as it is loaded; returns whether another is wanted."""
        study = self._left[0]
        is_wanted = await self._step(study)
        if not is_wanted:
            self._left.popleft()
        return bool(self._left) and not self.failed and self.speed.cut_short is None

    async def finish(self) -> None:
        """Carry out the last studies; what of them fails leaves the rest as it is."""
        if self.speed.is_complete:
            for study in self._last:
                while await self._step(study):
                    pass
        self.is_over = True

    async def _step(self, study: Study) -> bool:
        """Do the next step of a study, and tell what a server would not give."""
        try:
            if study is not self.speed and study not in self._last:
                return await study.step(self.model)
            with self._budget.running():
                return await study.step(self.model)
        except OllamaError as exc:
            if not self.model.visit.health.is_gone:  # which was told
                self.model.visit.emit(not_measured(study, self.model.model, exc))
            return False
