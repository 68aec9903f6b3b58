"""Phase 3 on one host: its models one after another, each warmed up, timed, and left as it was found."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec

from ..errors import OllamaError, ServerError, TimedOutError
from ..events import BenchmarkBegan, BenchmarkEnded, BenchmarkProgress, Notice, Stage
from ..inventory.types import Model
from ..ollama import wire
from ..ollama.client import OllamaClient
from . import metrics, outcome, stream, workload
from .types import Observations, Residency, Result, StreamRecord

LOAD_FACTOR: Final = 2
"""A warm-up includes the load, and cutting it short would abort the load on the server."""
QUEUE_RETRIES: Final = 2
SETTLE_S: Final = 1.5
"""After a cancelled generation a server may still finish the batch that it was reading."""
FAREWELL_TIMEOUT_S: Final = 5.0
UNLOAD_POLL_S: Final = 0.05
FOREVER_YEAR: Final = 2100

BenchmarkEvent: TypeAlias = BenchmarkBegan | BenchmarkProgress | BenchmarkEnded | Notice


class BenchmarkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How each model is run: seconds for one generation, tokens of output, tokens of context."""

    timeout_s: float = 300.0
    num_predict: int = 512
    num_ctx: int = 4096


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
    session = _HostSession(client, settings, await _loaded(client), emit, nonce)
    try:
        for model in sorted(models, key=session.turn):
            emit(BenchmarkBegan(model.host, model.name))
            emit(BenchmarkEnded(await session.benchmark(model)))
    finally:
        await session.restore_evicted()


class _HostSession:
    """What is known of one host while its models are benchmarked; `before` is what /api/ps said at the start."""

    def __init__(
        self,
        client: OllamaClient,
        settings: BenchmarkSettings,
        before: Sequence[wire.Loaded],
        emit: Callable[[BenchmarkEvent], None],
        nonce: Callable[[], str],
    ) -> None:
        self._client = client
        self._settings = settings
        self._before = before
        self._began_at = datetime.now(UTC)
        self._emit = emit
        self._nonce = nonce

    def turn(self, model: Model) -> tuple[bool, int]:
        """Sort key: loaded models first, then by size on disk, so that results come early."""
        return (_find(self._before, model) is None, model.size_bytes or 0)

    async def benchmark(self, model: Model) -> Result:
        try:
            return await self._measure(model)
        except TimedOutError as exc:
            await asyncio.sleep(SETTLE_S)
            return outcome.failed(model, str(exc))
        except OllamaError as exc:
            return outcome.failed(model, str(exc))
        finally:
            if _find(self._before, model) is None:
                await self._unload(model)

    async def _measure(self, model: Model) -> Result:
        loaded = _find(self._before, model)
        num_ctx = (loaded and loaded.context_length) or self._settings.num_ctx
        warm_up = await self._generate(
            model, Stage.LOADING, num_predict=min(workload.WARM_UP_TOKENS, self._settings.num_predict), num_ctx=num_ctx
        )
        now_loaded = await _loaded(self._client)
        resident = _find(now_loaded, model)
        for _ in range(1 + QUEUE_RETRIES):
            trial = await self._generate(model, Stage.PROMPT, num_predict=self._settings.num_predict, num_ctx=num_ctx)
            if not metrics.was_queued(trial, warm_up):
                break
        observed = Observations(
            warm_up=warm_up,
            trial=trial,
            residency=_residency(resident),
            others=tuple(other.name for other in now_loaded if other is not resident),
            was_loaded=loaded is not None,
            token_budget=self._settings.num_predict,
        )
        return outcome.measured(model, observed)

    async def _generate(self, model: Model, stage: Stage, *, num_predict: int, num_ctx: int) -> StreamRecord:
        request = wire.GenerateRequest(
            model=model.name,
            prompt=workload.prompt(self._nonce()),
            truncate=False,
            options=workload.options(num_predict=num_predict, num_ctx=num_ctx),
        )
        self._emit(BenchmarkProgress(model.host, model.name, stage))

        def progress(chunks: int, per_s: float | None) -> None:
            self._emit(BenchmarkProgress(model.host, model.name, Stage.GENERATING, chunks, per_s))

        timeout_s = self._settings.timeout_s * (LOAD_FACTOR if stage is Stage.LOADING else 1)
        try:
            return await stream.record(self._client, request, timeout_s=timeout_s, progress=progress)
        except ServerError as exc:
            if exc.status != 400 or "truncate" not in exc.text:
                raise
        return await stream.record(
            self._client, msgspec.structs.replace(request, truncate=None), timeout_s=timeout_s, progress=progress
        )

    async def _unload(self, model: Model) -> None:
        """Unload what we loaded and wait until it is gone, for a few seconds at most; a dead server is let be."""
        try:
            async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                if _find(await self._client.ps(), model) is None:
                    return
                self._emit(BenchmarkProgress(model.host, model.name, Stage.UNLOADING))
                await self._client.unload(model.name)
                while _find(await self._client.ps(), model) is not None:  # noqa: ASYNC110  # a server can only be asked
                    await asyncio.sleep(UNLOAD_POLL_S)
        except (OllamaError, TimeoutError) as exc:
            self._emit(
                Notice(f"{model.name} may still be loaded on {model.host}: {exc or 'the server did not unload it'}")
            )

    async def restore_evicted(self) -> None:
        """Load every model that had to make way for ours again, with its context and the rest of its keep-alive."""
        if not self._before:
            return
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                still_loaded = {(loaded.digest, loaded.name) for loaded in await self._client.ps()}
                for loaded in self._before:
                    keep_alive_s = _remaining_s(loaded, since=self._began_at)
                    if (loaded.digest, loaded.name) in still_loaded or keep_alive_s == 0:
                        continue
                    self._emit(
                        Notice(f"loading {loaded.name} on {self._client.base_url} again, as it was before the run")
                    )
                    await self._client.load(
                        loaded.name,
                        num_ctx=loaded.context_length,
                        keep_alive_s=keep_alive_s,
                        timeout_s=self._settings.timeout_s,
                    )
        except (OllamaError, TimeoutError) as exc:
            self._emit(
                Notice(f"what was loaded on {self._client.base_url} could not be restored: {exc or 'time ran out'}")
            )


async def _loaded(client: OllamaClient) -> tuple[wire.Loaded, ...]:
    """Return what is loaded; nothing where the server cannot say (before 0.1.38)."""
    try:
        return await client.ps()
    except OllamaError:
        return ()


def _find(loaded: Sequence[wire.Loaded], model: Model) -> wire.Loaded | None:
    """Find a model by digest, for an alias is listed under the name that loaded it; by name where one is absent."""
    for entry in loaded:
        if entry.digest == model.digest if entry.digest and model.digest else entry.name == model.name:
            return entry
    return None


def _residency(loaded: wire.Loaded | None) -> Residency | None:
    if loaded is None or not loaded.size or loaded.size < 0:
        return None
    on_gpu = min(max(loaded.size_vram or 0, 0), loaded.size)
    return Residency(loaded.size, on_gpu, loaded.context_length)


def _remaining_s(loaded: wire.Loaded, *, since: datetime) -> int:
    """Seconds of keep-alive that were left at the start: negative for "for ever", 0 where none or unknown."""
    try:
        expires_at = datetime.fromisoformat(loaded.expires_at or "")
    except ValueError:
        return 0
    if expires_at.year >= FOREVER_YEAR:
        return -1
    return max(0, int((expires_at - since).total_seconds())) if expires_at.tzinfo else 0
