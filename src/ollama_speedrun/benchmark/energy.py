"""What a token costs in energy, and that in money. Pure, but for the study that reads a meter."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from .. import units
from ..discovery.types import Watts
from ..events import Notice
from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import delays, disturbances, metrics, workload
from .budget import Budget
from .types import EnergyFigures, Result, timed_of

JOULES_PER_WH: Final = 3600.0
JOULES_PER_KWH: Final = 3_600_000.0
MILLION: Final = 1e6
IDLE_S: Final = 2.0
"""For so long the sensors are read before the first trial."""
METERED_S: Final = 3.0
"""Trials go on for so long at least: the energy counters of some GPUs are renewed ten times a second only."""
MOST_METERED_TRIALS: Final = 8
SEEN_LOAD: Final = 1.1
SEEN_LOAD_WATTS: Final = 1.0
"""Sensors that show no more than this above idle did not see the work: it was done elsewhere."""


class Meter(Protocol):
    """The energy sensors of this machine: `names`, and how many joules they have counted so far."""

    @property
    def names(self) -> Sequence[str]:
        """What is measured, such as "CPU package 0 (RAPL)"."""

    def read(self) -> tuple[int, float]:
        """Return a moment of the monotonic clock in ns, and the joules that all sensors have counted until then."""


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """How the power of a host is known: stated `watts`, or a `meter`; what a kWh costs, None where nobody said."""

    watts: Watts | None = None
    meter: Meter | None = None
    price_per_kwh: float | None = None


def figures(  # noqa: PLR0913  # independent figures, named at the call
    *,
    busy_watts: float,
    idle_watts: float | None,
    seconds: float,
    output_tokens: int,
    sensors: Sequence[str] = (),
    price_per_kwh: float | None = None,
) -> EnergyFigures | None:
    """Return the energy of so many output tokens in so many seconds at this power; None of no tokens or no time.

    Joules a token are watts × seconds / tokens, with the power that the host draws when idle; where that is known,
    those above idle stand beside them.
    """
    if output_tokens <= 0 or seconds <= 0:
        return None
    joules_per_token = busy_watts * seconds / output_tokens
    return EnergyFigures(
        source="sensors" if sensors else "stated",
        sensors=tuple(sensors),
        busy_watts=busy_watts,
        idle_watts=idle_watts,
        seconds=seconds,
        output_tokens=output_tokens,
        joules_per_token=joules_per_token,
        joules_per_token_above_idle=(
            None if idle_watts is None else max(0.0, busy_watts - idle_watts) * seconds / output_tokens
        ),
        tokens_per_wh=JOULES_PER_WH / joules_per_token,
        price_per_kwh=price_per_kwh,
        cost_per_million_tokens=(
            None if price_per_kwh is None else MILLION * joules_per_token / JOULES_PER_KWH * price_per_kwh
        ),
    )


def stated(result: Result, watts: Watts, price_per_kwh: float | None = None) -> Result:
    """Return the result with the energy of its trials at the watts that its host's user states."""
    timed = () if result.interview is None else timed_of(result.interview, result.trials)
    counted = [
        (metrics.total_s(trial) - units.seconds(delays.held_ns(trial) + delays.held_end_ns(trial)), tokens)
        for trial in timed
        if (tokens := metrics.output_tokens(trial)) is not None
    ]
    found = figures(
        busy_watts=watts.busy_watts,
        idle_watts=watts.idle_watts,
        seconds=sum(seconds for seconds, _ in counted),
        output_tokens=sum(tokens for _, tokens in counted),
        price_per_kwh=price_per_kwh,
    )
    return msgspec.structs.replace(result, energy=found)


def priced(result: Result, price_per_kwh: float) -> Result:
    """Return the result with the cost of its energy at another price; unchanged where no energy is known."""
    known = result.energy
    if known is None:
        return result
    found = figures(
        busy_watts=known.busy_watts,
        idle_watts=known.idle_watts,
        seconds=known.seconds,
        output_tokens=known.output_tokens,
        sensors=known.sensors,
        price_per_kwh=price_per_kwh,
    )
    return msgspec.structs.replace(result, energy=found)


class StatedEnergy:
    """A study that asks nothing: the energy of the speed trials at the watts that the host's user states."""

    name = "energy"
    needs_the_memory = False

    def __init__(self, watts: Watts, price_per_kwh: float | None) -> None:
        self._watts = watts
        self._price_per_kwh = price_per_kwh

    def add_to(self, result: Result) -> Result:
        """Return the result with its energy."""
        return stated(result, self._watts, self._price_per_kwh)

    async def step(self, model: LoadedModel) -> bool:  # noqa: ARG002  # it asks nothing
        """Do nothing."""
        return False


class MeteredEnergy:
    """A study: trials between two readings of this machine's sensors, after a while without work to know idle power.

    Where the sensors show no more power during the trials than before, the model runs elsewhere: there is no figure.
    """

    name = "energy"
    needs_the_memory = False

    def __init__(self, meter: Meter, trial_tokens: int, budget: Budget, price_per_kwh: float | None) -> None:
        self._meter = meter
        self._trial_tokens = trial_tokens
        self._budget = budget
        self._price_per_kwh = price_per_kwh
        self._idle_watts: float | None = None
        self._joules = self._seconds = 0.0
        self._tokens = 0
        self._trials = 0
        self._is_void = False

    def add_to(self, result: Result) -> Result:
        """Return the result with the energy of the metered trials."""
        if self._seconds <= 0 or self._is_void:
            return result
        found = figures(
            busy_watts=self._joules / self._seconds,
            idle_watts=self._idle_watts,
            seconds=self._seconds,
            output_tokens=self._tokens,
            sensors=self._meter.names,
            price_per_kwh=self._price_per_kwh,
        )
        return msgspec.structs.replace(result, energy=found)

    async def step(self, model: LoadedModel) -> bool:
        """Read the idle power, or meter one trial; raises `OllamaError`."""
        if self._budget.is_spent:
            return False
        try:
            return await self._step(model)
        except OSError as exc:
            self._is_void = True
            model.visit.emit(
                Notice(
                    f"{model.model.name} on {model.model.host} has no energy: a sensor cannot be read any more: {exc}"
                )
            )
            return False

    async def _step(self, model: LoadedModel) -> bool:
        if self._idle_watts is None:
            begun = self._meter.read()
            await asyncio.sleep(IDLE_S)
            self._idle_watts = _watts(begun, self._meter.read())
            return True
        begun = self._meter.read()
        record = await model.generate(workload.prompt(model.visit.nonce()), num_predict=self._trial_tokens)
        self._take(begun, self._meter.read(), record, model)
        self._trials += 1
        if self._seconds < METERED_S and self._trials < MOST_METERED_TRIALS:
            return True
        self._look_whether_it_was_here(model)
        return False

    def _take(
        self, begun: tuple[int, float], ended: tuple[int, float], record: StreamRecord, model: LoadedModel
    ) -> None:
        tokens = metrics.output_tokens(record)
        if tokens is None or disturbances.was_disturbed(record, model.opening):
            return
        self._joules += ended[1] - begun[1]
        self._seconds += units.seconds(ended[0] - begun[0])
        self._tokens += tokens

    def _look_whether_it_was_here(self, model: LoadedModel) -> None:
        if self._seconds <= 0 or self._idle_watts is None:
            return
        busy_watts = self._joules / self._seconds
        if busy_watts >= max(SEEN_LOAD * self._idle_watts, self._idle_watts + SEEN_LOAD_WATTS):
            return
        self._is_void = True
        model.visit.emit(
            Notice(
                f"{model.model.name} on {model.model.host} has no energy: this machine's sensors saw {busy_watts:.0f} "
                f"W while it wrote and {self._idle_watts:.0f} W before. It runs elsewhere, as behind a tunnel, or on "
                "hardware without a sensor; state its power with --watts HOST=IDLE:BUSY"
            )
        )


def _watts(begun: tuple[int, float], ended: tuple[int, float]) -> float:
    return (ended[1] - begun[1]) / units.seconds(max(1, ended[0] - begun[0]))
