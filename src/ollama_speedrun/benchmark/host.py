"""One host while it is benchmarked: what was loaded, requests with constant options, and leaving it as it was found."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import msgspec

from ..errors import OllamaError, ServerError
from ..events import BenchmarkBegan, BenchmarkEnded, BenchmarkProgress, BenchmarkRevised, Notice, Stage
from ..inventory.types import Model
from ..ollama import wire
from ..ollama.client import OllamaClient
from . import stream, workload
from .plan import BenchmarkSettings
from .types import Residency, StreamRecord

LOAD_FACTOR: Final = 2
"""A warm-up includes the load, and cutting it short would abort the load on the server."""
FAREWELL_TIMEOUT_S: Final = 5.0
UNLOAD_POLL_S: Final = 0.05
BUSY_POLL_S: Final = 1.0
QUIET_S: Final = 3.0
FOREVER_YEAR: Final = 2100

BenchmarkEvent: TypeAlias = BenchmarkBegan | BenchmarkProgress | BenchmarkEnded | BenchmarkRevised | Notice


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What to generate: a prompt with its nonce, a bound on the output, a context length, and how to think."""

    prompt: str
    num_predict: int
    num_ctx: int
    thinks: bool | str | None = None
    image: str | None = None


class HostSession:
    """`before` is what /api/ps said at the start: what others had loaded, and what is to be there again at the end."""

    def __init__(
        self,
        client: OllamaClient,
        settings: BenchmarkSettings,
        *,
        emit: Callable[[BenchmarkEvent], None],
        nonce: Callable[[], str],
    ) -> None:
        self.client = client
        self.settings = settings
        self.emit = emit
        self.nonce = nonce
        self.before: Sequence[wire.Loaded] = ()
        self._began_at = datetime.now(UTC)
        self._ours: list[Model] = []

    async def look_around(self) -> None:
        """Note what is loaded, and what the server's clock says, before anything is sent that could change it."""
        self.before = await self.loaded()
        if self.before:
            try:
                self._began_at = datetime.now(UTC) + timedelta(seconds=await self.client.clock_offset_s())
            except OllamaError:
                return

    async def loaded(self) -> Sequence[wire.Loaded]:
        """Return what is loaded; nothing where the server cannot say (before 0.1.38)."""
        try:
            return await self.client.ps()
        except OllamaError:
            return ()

    def claim(self, model: Model) -> None:
        """Note that a model is loaded on our account, unless it was there before."""
        if find(self.before, model) is None:
            self._ours.append(model)

    def is_ours(self, entry: wire.Loaded) -> bool:
        """Whether a loaded model is one that we claimed."""
        return any(find((entry,), model) is not None for model in self._ours)

    async def is_quiet(self, *, wait_s: float) -> bool:
        """Whether nobody else's model is at work for 3 seconds on end; once one is, waits for `wait_s` at most.

        A model's `expires_at` moves when a request ends, and lies in the past while one runs for longer than the
        keep-alive: both betray work. With nothing loaded there is none, and nothing to wait for.
        """
        last = {entry.digest: entry.expires_at for entry in self.before}
        calm_since = began = time.monotonic()
        while last:
            await asyncio.sleep(BUSY_POLL_S)
            loaded = await self.loaded()
            now = {entry.digest: entry.expires_at for entry in loaded}
            server_now = self._began_at + timedelta(seconds=time.monotonic() - began)
            overdue = any(entry.expires_at and _remaining_s(entry, since=server_now) == 0 for entry in loaded)
            if now != last or overdue:
                calm_since = time.monotonic()
                if calm_since - began >= wait_s:
                    return False
            if time.monotonic() - calm_since >= QUIET_S:
                return True
            last = now
        return True

    async def generate(self, model: Model, ask: Ask, *, stage: Stage) -> StreamRecord:
        """Stream one generation; raises `OllamaError`. The stage LOADING gets twice the time."""
        request = wire.GenerateRequest(
            model=model.name,
            prompt=ask.prompt,
            truncate=False,
            think=ask.thinks,
            images=() if ask.image is None else (ask.image,),
            options=workload.options(num_predict=ask.num_predict, num_ctx=ask.num_ctx),
        )
        self.emit(BenchmarkProgress(model.host, model.name, stage))

        def progress(chunks: int, per_s: float | None) -> None:
            self.emit(BenchmarkProgress(model.host, model.name, Stage.GENERATING, chunks, per_s))

        timeout_s = self.settings.timeout_s * (LOAD_FACTOR if stage is Stage.LOADING else 1)
        try:
            return await stream.record(self.client, request, timeout_s=timeout_s, progress=progress)
        except ServerError as exc:
            if exc.status != 400 or "truncate" not in exc.text:
                raise
        return await stream.record(
            self.client, msgspec.structs.replace(request, truncate=None), timeout_s=timeout_s, progress=progress
        )

    async def leave(self, model: Model) -> None:
        """Unload a model unless others had it loaded, and wait for a few seconds until it is gone."""
        if find(self.before, model) is not None:
            return
        try:
            async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                if find(await self.client.ps(), model) is None:
                    return
                self.emit(BenchmarkProgress(model.host, model.name, Stage.UNLOADING))
                await self.client.unload(model.name)
                while find(await self.client.ps(), model) is not None:  # noqa: ASYNC110  # a server can only be asked
                    await asyncio.sleep(UNLOAD_POLL_S)
        except (OllamaError, TimeoutError) as exc:
            why = exc or "the server did not unload it"
            self.emit(Notice(f"{model.name} may still be loaded on {model.host}: {why}"))

    async def restore_evicted(self) -> None:
        """Load every model that had to make way for ours again, with its context and the rest of its keep-alive."""
        if not self.before:
            return
        where = self.client.base_url
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                still_loaded = {(entry.digest, entry.name) for entry in await self.client.ps()}
                for entry in self.before:
                    keep_alive_s = _remaining_s(entry, since=self._began_at)
                    if (entry.digest, entry.name) in still_loaded or keep_alive_s == 0:
                        continue
                    self.emit(Notice(f"loading {entry.name} on {where} again, as it was before the run"))
                    await self.client.load(
                        entry.name,
                        num_ctx=entry.context_length,
                        keep_alive_s=keep_alive_s,
                        timeout_s=self.settings.timeout_s,
                    )
        except (OllamaError, TimeoutError) as exc:
            self.emit(Notice(f"what was loaded on {where} could not be restored: {exc or 'time ran out'}"))


def find(loaded: Sequence[wire.Loaded], model: Model) -> wire.Loaded | None:
    """Find a model by digest, for an alias is listed under the name that loaded it; by name where one is absent."""
    for entry in loaded:
        if entry.digest == model.digest if entry.digest and model.digest else entry.name == model.name:
            return entry
    return None


def residency_of(loaded: wire.Loaded | None) -> Residency | None:
    """Return where a model lies, None where /api/ps does not say."""
    if loaded is None or not loaded.size or loaded.size < 0:
        return None
    on_gpu = min(max(loaded.size_vram or 0, 0), loaded.size)
    return Residency(loaded.size, on_gpu, loaded.context_length)


def _remaining_s(loaded: wire.Loaded, *, since: datetime) -> int:
    """Seconds of keep-alive that were left at a time: negative for "for ever", 0 where none or unknown."""
    try:
        expires_at = datetime.fromisoformat(loaded.expires_at or "")
    except ValueError:
        return 0
    if expires_at.year >= FOREVER_YEAR:
        return -1
    return max(0, int((expires_at - since).total_seconds())) if expires_at.tzinfo else 0
