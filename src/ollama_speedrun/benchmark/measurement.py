"""One text model in one variant, measured step by step, so that the steps of two models can take turns."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from .. import units
from ..errors import OllamaError, TimedOutError
from ..events import Notice
from ..inventory.types import Model
from ..ollama import wire
from ..visit.events import Stage
from . import image, metrics, outcome, stats, sweeps, workload
from .host import Ask, HostSession, find, residency_of
from .types import ConcurrencyPoint, DepthPoint, ImageFigures, Observations, Residency, Result, StreamRecord

RETRIES: Final = 2
SETTLE_S: Final = 1.5
"""After a cancelled generation a server may still finish the batch that it was reading."""


class Measurement:
    """`open`, then `step` until it returns False, then `finish`; then `result` says what came of it.

    A failure of the server or the model ends the measurement and becomes its result; nothing of it is raised.
    """

    def __init__(self, host: HostSession, model: Model, thinks: bool | str | None) -> None:
        self.model = model
        self.residency: Residency | None = None
        self._host = host
        self._thinks = thinks
        self._num_ctx = host.settings.num_ctx
        self._is_theirs = False
        self._was_loaded = False
        self._load_was_shared = False
        self._others: tuple[str, ...] = ()
        self._warm_up: StreamRecord | None = None
        self._interview: StreamRecord | None = None
        self._trials: list[StreamRecord] = []
        self._discarded = 0
        self._spent_ns = 0
        self._image: ImageFigures | None = None
        self._depths: tuple[DepthPoint, ...] = ()
        self._concurrency: tuple[ConcurrencyPoint, ...] = ()
        self._cut_short: str | None = None
        self._failure: Result | None = None

    @property
    def failed(self) -> bool:
        """Whether it broke."""
        return self._failure is not None

    @property
    def result(self) -> Result:
        """What came of it so far."""
        if self._failure is not None:
            return self._failure
        if self._warm_up is None or self._interview is None:
            raise ValueError(f"{self.model.name} on {self.model.host} has not been measured")
        observed = Observations(
            warm_up=self._warm_up,
            interview=self._interview,
            trials=tuple(self._trials),
            discarded=self._discarded,
            residency=self.residency,
            others=self._others,
            was_loaded=self._was_loaded,
            load_was_shared=self._load_was_shared,
            token_budget=self._host.settings.num_predict,
            prompt_characters=len(workload.prompt("")),
            precision=self._host.settings.precision,
            out_of_time=self._is_out_of_time,
            thinks=self._thinks,
            cut_short=self._cut_short,
            image=self._image,
            depths=self._depths,
            concurrency=self._concurrency,
        )
        return outcome.measured(self.model, observed)

    async def open(self) -> None:
        """Load the model, and see where it lies; done a second time, its first load time stands.

        One that others have loaded keeps the context that it has.
        """
        async with self._failing_quietly():
            loaded_before, theirs = await self._host.arrive(self.model)
            self._is_theirs = theirs is not None
            self._num_ctx = (theirs and theirs.context_length) or self._host.settings.num_ctx
            warm_up = await self._generate(workload.warm_up_prompt, workload.WARM_UP_TOKENS, Stage.LOADING)
            loaded = await self._host.loaded() or ()
            resident = find(loaded, self.model)
            self.residency = residency_of(resident)
            self._others = tuple(
                entry.name for entry in loaded if entry is not resident and not self._host.is_ours(entry)
            )
            if self._warm_up is None:
                self._warm_up = warm_up
                under_another_name = resident is None and bool(loaded)  # which has its weights
                self._was_loaded = self._is_theirs or under_another_name
                beside = [entry for entry in loaded if entry is not resident]
                self._load_was_shared = _names(loaded_before) != _names(beside)

    def afresh(self) -> "Measurement":
        """Return the same measurement, not begun."""
        return Measurement(self._host, self.model, self._thinks)

    async def step(self) -> bool:
        """Run the interview, or one trial; returns whether another step is wanted.

        What fails after the interview ends the trials, and those made so far stand.
        """
        began_ns = time.perf_counter_ns()
        async with self._failing_quietly():
            if self._interview is None:
                self._interview = await self._undisturbed(self._host.settings.num_predict)
            else:
                self._trials.append(await self._undisturbed(self._host.settings.trial_tokens))
        self._spent_ns += time.perf_counter_ns() - began_ns
        return not (self.failed or self._cut_short or self._is_enough)

    async def finish(self) -> None:
        """Run what may move the model about, the image and the sweeps; what of them fails leaves the rest as it is."""
        if self.failed or self._cut_short or self._interview is None:
            return
        settings = self._host.settings
        began_ns = time.perf_counter_ns()

        def is_in_time() -> bool:
            spent_s = units.seconds(self._spent_ns + time.perf_counter_ns() - began_ns)
            return settings.budget_s is None or spent_s < settings.budget_s

        if "vision" in self.model.capabilities and is_in_time():
            async with self._doing_without("the cost of an image"):
                self._image = await self._image_figures()
        if settings.concurrency_levels:
            async with self._doing_without("the sweep over requests at once"):
                levels = settings.concurrency_levels
                self._concurrency = await sweeps.concurrency(levels, self._stamped_trial, is_in_time=is_in_time)
        if settings.depths:
            async with self._doing_without("the sweep over context depths"):
                most_tokens = self._num_ctx if self._is_theirs else self.model.context_length or self._num_ctx
                curve = sweeps.DepthCurve(
                    self._host, self.model, thinks=self._thinks, most_tokens=most_tokens, keeps_ctx=self._is_theirs
                )
                self._depths = await curve.measure(settings.depths, is_in_time=is_in_time)

    async def drift(self) -> float | None:
        """Load and time the model again; returns by what share it became faster, None where nothing tells that it did.

        Where others have it loaded with another context by now, that is left alone.
        """
        try:
            _, theirs = await self._host.arrive(self.model)
            if theirs is not None and theirs.context_length != self._num_ctx:
                return None
            await self._generate(workload.warm_up_prompt, workload.WARM_UP_TOKENS, Stage.LOADING)
            again = await self._undisturbed(self._host.settings.trial_tokens)
        except OllamaError:
            return None
        return outcome.drift(self._trials, again)

    async def _stamped_trial(self) -> tuple[int, StreamRecord]:
        """Run one trial; returns when it was sent on the monotonic clock in ns, and its record."""
        sent_ns = time.perf_counter_ns()
        return sent_ns, await self._generate(workload.prompt, self._host.settings.trial_tokens)

    @property
    def _is_out_of_time(self) -> bool:
        budget_s = self._host.settings.budget_s
        return budget_s is not None and units.seconds(self._spent_ns) >= budget_s

    @property
    def _is_enough(self) -> bool:
        """Whether the trials suffice: none is left to do, the interval is narrow, or the budget is spent."""
        settings = self._host.settings
        if len(self._trials) >= settings.most_trials or self._is_out_of_time:
            return True
        if len(self._trials) < settings.fewest_trials:
            return False
        rates = [
            rate
            for trial in metrics.credible(self._trials)
            if (rate := metrics.decode_tps(trial) or metrics.decode_client_tps(trial))
        ]
        reached = stats.half_width(rates)
        return reached is None or reached <= settings.precision

    async def _undisturbed(self, num_predict: int) -> StreamRecord:
        """Generate from the workload until no queue and no reload came between, three times at most."""
        for attempt in range(RETRIES + 1):
            record = await self._generate(workload.prompt, num_predict)
            calm = [known for known in (self._warm_up, self._interview, *self._trials) if known is not None]
            reloaded = self._warm_up is not None and metrics.was_reloaded(
                record, self._warm_up, was_loaded=self._was_loaded
            )
            if attempt == RETRIES or not (reloaded or metrics.was_queued(record, calm)):
                return record
            self._discarded += 1
        raise AssertionError("the last attempt returns")

    async def _generate(
        self, prompt: Callable[[str], str], num_predict: int, stage: Stage = Stage.PROMPT, image: str | None = None
    ) -> StreamRecord:
        ask = Ask(
            prompt=prompt(self._host.nonce()),
            num_predict=num_predict,
            num_ctx=self._num_ctx,
            thinks=self._thinks,
            image=image,
        )
        return await self._host.generate(self.model, ask, stage=stage)

    async def _image_figures(self) -> ImageFigures:
        """Ask the same with and without an image; the difference is what the image costs."""
        without = await self._generate(workload.image_prompt, 1)
        with_image = await self._generate(workload.image_prompt, 1, image=image.png_base64())
        return outcome.image_figures(without, with_image)

    @asynccontextmanager
    async def _doing_without(self, what: str) -> AsyncIterator[None]:
        """Tell what a server would not give, and go on without it."""
        try:
            yield
        except OllamaError as exc:
            self._host.emit(Notice(f"{self.model.name} on {self.model.host} goes without {what}: {exc}"))

    @asynccontextmanager
    async def _failing_quietly(self) -> AsyncIterator[None]:
        """Turn what a server does wrong into the result, or, after the interview, into a caveat."""
        try:
            yield
        except OllamaError as exc:
            if self._interview is None:
                self._failure = outcome.failed(self.model, str(exc), variant=outcome.variant_of(self._thinks))
            else:
                self._cut_short = str(exc)
            if isinstance(exc, TimedOutError):
                await asyncio.sleep(SETTLE_S)


def _names(loaded: Sequence[wire.Loaded]) -> set[tuple[str | None, str]]:
    return {(entry.digest, entry.name) for entry in loaded}
