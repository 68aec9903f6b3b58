"""The speed of one text model: the interview, then trials until the decode rate is known well enough."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

import msgspec

from ..errors import OllamaError, TimedOutError
from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import delays, derive, disturbances, metrics, stats, workload
from .budget import Budget
from .types import Result

RETRIES: Final = 2
ENOUGH_TRIALS: Final = 5
FEW_TRIALS_DOUBT: Final = 1.5
"""The spread of fewer than 5 trials is known badly: only one that is clearly too large ends them."""
SETTLE_S: Final = 1.5
"""After a cancelled generation a server may still finish the batch that it was reading."""


async def settle(failure: OllamaError) -> None:
    """Give a server time to come to rest after a request that timed out."""
    if isinstance(failure, TimedOutError):
        await asyncio.sleep(SETTLE_S)


class TrialSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many tokens the interview and a trial have, and how many trials there are: `fewest` to `most`.

    Between the two they end when the 95 % interval of the decode rate is within ± `precision`, after `longest_s`
    seconds of trials, and when the spread so far says that no further trial within these bounds would get it there.
    """

    interview_tokens: int
    trial_tokens: int
    fewest: int
    most: int
    precision: float
    longest_s: float | None = None

    def is_done(self, trials: Sequence[StreamRecord], *, left_s: float | None = None) -> bool:
        """Return whether these trials suffice, or more of them would not help in the time that is left."""
        if len(trials) >= self.most:
            return True
        if len(trials) < self.fewest:
            return False
        most = min(self.most, len(trials) + self._affordable(trials, left_s))
        if len(trials) >= most:
            return True
        rates = [
            rate
            for trial in metrics.credible(trials)
            if (rate := metrics.decode_tps(trial) or metrics.decode_client_tps(trial))
        ]
        reached, hoped = stats.half_width(rates), stats.projected_half_width(rates, most)
        if reached is None or hoped is None or reached <= self.precision:
            return True
        return hoped > self.precision * (1 if len(rates) >= ENOUGH_TRIALS else FEW_TRIALS_DOUBT)

    def _affordable(self, trials: Sequence[StreamRecord], left_s: float | None) -> int:
        """Return for how many more trials there is time."""
        spent_s = sum(metrics.total_s(trial) for trial in trials)
        bounds_s = [left_s, None if self.longest_s is None else self.longest_s - spent_s]
        known_s = [bound_s for bound_s in bounds_s if bound_s is not None]
        if not known_s or spent_s <= 0:
            return self.most
        return max(0, math.floor(min(known_s) * len(trials) / spent_s))


class SpeedTrials:
    """A study: one long generation, the interview, then short ones until the settings are met or the budget is spent.

    `begun` is a result that was cut short, whose generations count. `failure` says why there is no interview;
    `cut_short` what failed after it and ended the trials, which stand. `keeps_loaded` is False once the server has been
    seen to unload the model after each answer.
    """

    name = "the speed"
    needs_the_memory = False

    def __init__(self, settings: TrialSettings, budget: Budget, *, begun: Result | None = None) -> None:
        self.interview: StreamRecord | None = None if begun is None else begun.interview
        self.trials: list[StreamRecord] = [] if self.interview is None or begun is None else list(begun.trials)
        self.discarded = 0 if begun is None else begun.discarded_trials or 0
        self.keeps_loaded = True
        self.failure: str | None = None
        self.cut_short: str | None = None
        self.settings = settings
        self._budget = budget
        self._may_be_done = self.interview is not None

    @property
    def is_complete(self) -> bool:
        """True if there is an interview and nothing ended the trials early."""
        return self.interview is not None and self.cut_short is None

    @property
    def is_out_of_time(self) -> bool:
        """True if the budget is spent."""
        return self._budget.is_spent

    def prefill_tps(self) -> float | None:
        """Return how fast the interview's prompt was read in tokens/s, None where that is not known."""
        return None if self.interview is None else metrics.prefill_tps(self.interview)

    async def step(self, model: LoadedModel) -> bool:
        """Run the interview, or one trial; what the server does wrong is kept and not raised.

        Where both were done before the run was interrupted, nothing is left to do.
        """
        if self._may_be_done:
            self._may_be_done = False
            if self.settings.is_done(self.trials):
                return False
        try:
            if self.interview is None:
                self.interview = await self._undisturbed(model, self.settings.interview_tokens)
            else:
                self.trials.append(await self._undisturbed(model, self.settings.trial_tokens))
        except OllamaError as exc:
            if self.interview is None:
                self.failure = str(exc)
            else:
                self.cut_short = str(exc)
            await settle(exc)
            return False
        return not (self._budget.is_spent or self.settings.is_done(self.trials, left_s=self._budget.left_s))

    async def drift(self, model: LoadedModel) -> float | None:
        """Load and time the model again; returns by what share it became faster, None where nothing tells that it did.

        Where others have it loaded with another context by now, that is left alone.
        """
        try:
            _, theirs = await model.visit.residents.arrive(model.model)
            if theirs is not None and theirs.context_length != model.num_ctx:
                return None
            await model.warm_up()
            again = await self._undisturbed(model, self.settings.trial_tokens)
        except OllamaError:
            return None
        return derive.drift(self.trials, again)

    async def _undisturbed(self, model: LoadedModel, num_predict: int) -> StreamRecord:
        """Generate from the workload until no queue and no reload came between, three times at most.

        An empty interview is asked for again; an empty trial is one among others, and says something of the model.
        """
        opening = model.opening
        warm_up = None if opening is None else opening.warm_up
        asked_again: str | None = None
        for attempt in range(RETRIES + 1):
            record = await model.generate(
                workload.prompt(model.visit.nonce()),
                num_predict=num_predict,
                may_be_empty=self.interview is not None,
            )
            asked_again = record.asked_again or asked_again
            calm = [known for known in (warm_up, self.interview, *self.trials) if known is not None]
            await self._look_whether_it_stays(model, record)
            reloaded = (
                self.keeps_loaded
                and opening is not None
                and warm_up is not None
                and disturbances.was_reloaded(record, warm_up, was_loaded=opening.was_loaded)
            )
            waited = disturbances.was_queued(record, calm) or delays.comes_and_goes(record, calm)
            if attempt == RETRIES or not (reloaded or waited):
                return msgspec.structs.replace(record, asked_again=asked_again)
            self.discarded += 1
        raise AssertionError("the last attempt returns")

    async def _look_whether_it_stays(self, model: LoadedModel, record: StreamRecord) -> None:
        """After an answer with a load in it, see in /api/ps whether the server keeps the model loaded at all."""
        opening = model.opening
        if not self.keeps_loaded or opening is None or opening.was_loaded:
            return
        first_ns = opening.load_duration_ns or 0
        floor_ns = disturbances.RELOAD_FLOOR_UNLISTED_NS
        if disturbances.is_a_load(record.load_duration_ns, first_ns, was_loaded=False, floor_ns=floor_ns):
            self.keeps_loaded = not await model.is_gone()
