"""Phase 3 on one host: its models in turn, two by two where memory holds both, and everything left as it was found."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from ..errors import OllamaError
from ..events import Notice
from ..inventory.types import Model
from ..ollama.client import OllamaClient
from . import embedding, outcome
from .events import BenchmarkBegan, BenchmarkEnded, BenchmarkEvent, BenchmarkRevised
from .host import HostSession, find
from .measurement import Measurement
from .plan import BenchmarkSettings, IfBusy, Thinking
from .types import Result

LEVELS: Final = ("low", "medium", "high")
"""What gpt-oss-like models know instead of on and off."""


async def benchmark_host(
    client: OllamaClient,
    models: Sequence[Model],
    settings: BenchmarkSettings,
    *,
    emit: Callable[[BenchmarkEvent], None],
    nonce: Callable[[], str],
) -> None:
    """Benchmark a host's models, those already loaded first, then from small to large.

    Failures become results. A model that was loaded before keeps its context and stays; one that we loaded is unloaded,
    and one that had to make way for ours is loaded again, also when the run is cancelled.
    """
    host = HostSession(client, settings, emit=emit, nonce=nonce)
    try:
        await host.look_around()
    except OllamaError as exc:
        for model in models:
            emit(BenchmarkEnded(outcome.unsafe(model, str(exc))))
        return
    if not await _is_free(host):
        for model in models:
            emit(BenchmarkEnded(outcome.busy(model)))
        return
    try:
        in_turn = sorted(models, key=lambda model: (find(host.before, model) is None, model.size_bytes or 0))
        await _Turns(host).take(in_turn)
    finally:
        await host.restore()


async def _is_free(host: HostSession) -> bool:
    """Whether to go on: at once, or when others have come to rest."""
    match host.settings.if_busy:
        case IfBusy.GO:
            return True
        case IfBusy.SKIP:
            return await host.is_quiet(wait_s=0)
        case IfBusy.WAIT:
            return await host.is_quiet(wait_s=host.settings.timeout_s)


class _Turns:
    """The order of things on one host."""

    def __init__(self, host: HostSession) -> None:
        self._host = host
        self._first: Measurement | None = None
        self._results: list[Result] = []
        self._holds_two = host.settings.take_turns

    async def take(self, models: Sequence[Model]) -> None:
        """Measure every model in every variant, and at the end the first one once more."""
        queue = deque(
            Measurement(self._host, model, thinks)
            for model in models
            if model.generates_text
            for thinks in self._variants(model)
        )
        while queue:
            await self._together(queue)
        for model in models:
            if not model.generates_text:
                await self._embedding(model)
        await self._look_for_drift()

    async def _embedding(self, model: Model) -> None:
        self._host.emit(BenchmarkBegan(model.host, model.name))
        try:
            self._tell(await embedding.measure(self._host, model))
        finally:
            await self._host.leave(model)

    def _variants(self, model: Model) -> Sequence[bool | str | None]:
        """Return what to ask of a model: the server's default, or each way of thinking that it knows."""
        if "thinking" not in model.capabilities:
            return (None,)
        by_level = (model.family or "").replace("-", "").startswith("gptoss")
        match self._host.settings.thinking:
            case Thinking.DEFAULT:
                return (None,)
            case Thinking.ON:
                return ("medium",) if by_level else (True,)
            case Thinking.OFF:
                return ("low",) if by_level else (False,)
            case Thinking.ALL:
                return LEVELS if by_level else (True, False)

    async def _together(self, queue: deque[Measurement]) -> None:
        """Measure the next in the queue, taking turns with the one after it where both fit into memory."""
        batch = [queue.popleft()]
        try:
            await self._open(batch[0])
            if queue and self._may_share(batch[0], queue[0]):
                batch.append(queue.popleft())
                await self._open(batch[1])
                if not await self._both_lie_well(*batch):
                    self._holds_two = False
                    first, second = batch
                    queue.extendleft((second.afresh(), first))
                    return
            active = [measurement for measurement in batch if not measurement.failed]
            while active:
                active = [measurement for measurement in active if await measurement.step()]
            await self._finish_all(batch)
        finally:
            await self._host.leave(*(measurement.model for measurement in batch))

    async def _finish_all(self, batch: Sequence[Measurement]) -> None:
        """Run what comes last and tell the results, also of what has to end before it was through."""
        untold = deque(batch)
        try:
            while untold:
                await self._finish(untold[0], batch)
                self._tell(untold.popleft().result)
        finally:
            for measurement in untold:
                self._tell(measurement.result)

    async def _finish(self, measurement: Measurement, batch: Sequence[Measurement]) -> None:
        """Run what comes last, with the memory to itself where that matters."""
        if self._host.settings.sweeps and len(batch) > 1:
            await self._host.leave(*(other.model for other in batch))
            await measurement.open()
        await measurement.finish()
        if self._first is None and not measurement.failed:
            self._first = measurement

    async def _open(self, measurement: Measurement) -> None:
        self._host.emit(BenchmarkBegan(measurement.model.host, measurement.model.name))
        await measurement.open()

    def _may_share(self, first: Measurement, second: Measurement) -> bool:
        return self._holds_two and not (self._host.before or first.failed) and first.model.digest != second.model.digest

    async def _both_lie_well(self, first: Measurement, second: Measurement) -> bool:
        """Whether the second's loading left the first where it was, and did not have to spill for it."""
        if second.failed:
            return True
        still = find(await self._host.loaded() or (), first.model)
        spilled = second.residency is not None and 0 < second.residency.size_vram_bytes < second.residency.size_bytes
        moved = still is None or (first.residency is not None and still.size_vram != first.residency.size_vram_bytes)
        return not (spilled or moved)

    async def _look_for_drift(self) -> None:
        """Time the first model again: where it comes out otherwise, the host was not the same throughout."""
        measured = [result for result in self._results if result.status == "ok" and result.decode_tps is not None]
        if not self._host.settings.reference_trial or self._first is None or len(measured) < 2:
            return
        self._host.emit(
            Notice(f"timing {self._first.model.name} on {self._host.client.base_url} once more, to see drift")
        )
        try:
            drift = await self._first.drift()
        finally:
            await self._host.leave(self._first.model)
        if drift is not None:
            where = self._host.client.base_url
            self._host.emit(Notice(f"{where} changed its speed by {drift:+.0%} while its models were benchmarked"))
            for result in measured:
                self._host.emit(BenchmarkRevised(outcome.drifted(result, drift)))

    def _tell(self, result: Result) -> None:
        self._results.append(result)
        self._host.emit(BenchmarkEnded(result))
