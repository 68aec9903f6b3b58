"""Which models a host has loaded, and leaving it as it was found."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ..errors import OllamaError, ServerError
from ..events import Notice
from ..inventory.types import Model
from ..ollama import wire
from ..ollama.awake import AwakeTimeout
from ..ollama.client import OllamaClient
from .events import BenchmarkProgress, FoundLoaded, Stage, VisitEvent, Waiting
from .health import Health
from .loaded import Identity, expiry_s, find, identity, remaining_s, resident_of
from .retry import retrying
from .types import LoadedBefore

UNLOAD_TIMEOUT_S: Final = 5.0
UNLOAD_POLL_S: Final = 0.05
LOOKS: Final = 3
LOOK_PAUSE_S: Final = 0.5
BUSY_POLL_S: Final = 1.0
QUIET_S: Final = 3.0
EXPIRY_SLACK_S: Final = 2.0
NOT_FOUND: Final = 404
FORBIDDEN: Final = frozenset({401, 403})


class Residents:
    """The models that a host has loaded: whose they are, whether they are at work, and how to leave them as they were.

    `before` are those that others had loaded, at the start or when a model's turn came: in the end they are to be there
    again.
    """

    def __init__(
        self, client: OllamaClient, *, emit: Callable[[VisitEvent], None], timeout_s: float, health: Health
    ) -> None:
        self.before: tuple[wire.Loaded, ...] = ()
        self._client = client
        self._emit = emit
        self._timeout_s = timeout_s
        self._health = health
        self._clock_offset_s: float | None = None
        self._tells_loaded = True
        self._keep_alive_s: dict[Identity, int] = {}
        self._ours: list[Model] = []
        self._touched: list[Model] = []

    async def look_around(self, *, at_any_rate: bool = False) -> None:
        """Note and tell what is loaded before anything is sent that changes it; raises `OllamaError` as `look` does.

        `at_any_rate` goes on without knowing where the server forbids to ask.
        """
        try:
            loaded = await self.look()
            await self._note(loaded)
            if self._tells_loaded:
                self._tell(loaded)
        except ServerError as exc:
            if exc.status in FORBIDDEN and at_any_rate:
                refusal = f"does not tell what is loaded (HTTP {exc.status} for /api/ps)"
                self._emit(Notice(f"{self._client.base_url} {refusal}; it is measured all the same"))
            elif exc.status in FORBIDDEN:
                raise ServerError(
                    exc.status,
                    exc.text,
                    message=f"HTTP {exc.status} for /api/ps; have the proxy in front allow GET /api/ps, or measure "
                    "without knowing with --if-busy go",
                ) from exc
            elif exc.status != NOT_FOUND:
                raise
            self._tells_loaded = False  # before 0.1.38, or forbidden

    async def look(self) -> Sequence[wire.Loaded]:
        """Return what is loaded, asking up to three times; raises `OllamaError` where the server does not say.

        One that has no /api/ps at all counts as having nothing loaded.
        """
        if not self._tells_loaded:
            return ()
        for _ in range(LOOKS - 1):
            try:
                return await retrying(self._client.ps, self._health)
            except OllamaError as exc:
                self._health.check()
                if isinstance(exc, ServerError) and exc.status in {NOT_FOUND, *FORBIDDEN}:
                    raise
                await asyncio.sleep(LOOK_PAUSE_S)
        return await retrying(self._client.ps, self._health)

    async def loaded(self) -> Sequence[wire.Loaded] | None:
        """Return what is loaded, None where the server fails to say."""
        try:
            return await self._client.ps() if self._tells_loaded else ()
        except OllamaError:
            return None

    async def arrive(self, model: Model) -> tuple[Sequence[wire.Loaded], wire.Loaded | None]:
        """Return what is loaded before a model's turn, and whether others have the model, now or before the run.

        Another client that loaded it meanwhile counts as having had it before; otherwise the model is ours from then
        on. Raises `OllamaError` where the server does not say, for then nothing must be sent that could reload it.
        """
        loaded = await self.look()
        present = find(loaded, model)
        if present is not None and not self.is_ours(present) and find(self.before, model) is None:
            await self._note((present,))
        theirs = find(self.before, model)
        if theirs is None:
            self._ours.append(model)
        self._touched.append(model)
        return loaded, theirs

    async def _note(self, loaded: Sequence[wire.Loaded]) -> None:
        """Keep what others have loaded, and for how long from now on by the server's clock."""
        self.before = (*self.before, *loaded)
        if loaded and self._clock_offset_s is None:
            try:
                self._clock_offset_s = await self._client.clock_offset_s()
            except OllamaError:
                self._clock_offset_s = 0.0
        for entry in loaded:
            self._keep_alive_s[identity(entry)] = remaining_s(entry, since_s=self._server_now_s)

    def _tell(self, loaded: Sequence[wire.Loaded]) -> None:
        found = (resident_of(entry, remaining_s=self._keep_alive_s[identity(entry)]) for entry in loaded)
        self._emit(
            FoundLoaded(
                LoadedBefore(
                    host=self._client.base_url,
                    seen_at=datetime.now(UTC),
                    models=tuple(one for one in found if one is not None),
                )
            )
        )

    @property
    def _server_now_s(self) -> float:
        """The server's clock, in seconds since the epoch."""
        return time.time() + (self._clock_offset_s or 0.0)

    def is_ours(self, entry: wire.Loaded) -> bool:
        """Return whether a loaded model is one that was loaded for us."""
        return any(find((entry,), model) is not None for model in self._ours)

    async def is_quiet(self, *, wait_s: float) -> bool:
        """Return whether no other client is seen at work for 3 seconds on end; once one is, wait for `wait_s` at most.

        A model's `expires_at` moves when a request ends, and lies in the past while one runs for longer than the
        keep-alive: both show that it is in use. With nothing loaded there is nothing to wait for. A server that does
        not say is not quiet.
        """
        last = {entry.digest: entry.expires_at for entry in self.before}
        calm_since = began = time.monotonic()
        if last:
            self._emit(Waiting(self._client.base_url, "looking if another client uses it", QUIET_S))
        while last:
            await asyncio.sleep(BUSY_POLL_S)
            loaded = await self.loaded()
            now = last if loaded is None else {entry.digest: entry.expires_at for entry in loaded}
            overdue = any(
                entry.expires_at and remaining_s(entry, since_s=self._server_now_s) == 0 for entry in loaded or ()
            )
            if loaded is None or now != last or overdue:
                calm_since = time.monotonic()
                left_s = max(wait_s - (calm_since - began), 0.0)
                self._emit(Waiting(self._client.base_url, "another client uses it", left_s))
                if calm_since - began >= wait_s:
                    return False
            if time.monotonic() - calm_since >= QUIET_S:
                return True
            last = now
        return True

    async def leave(self, *models: Model) -> None:
        """Unload models unless others had them loaded, and wait for a few seconds until they are gone.

        A cancellation that comes meanwhile takes effect thereafter.
        """
        await _to_its_end(self._unload_all(models))

    async def _unload_all(self, models: Sequence[Model]) -> None:
        for model in models:
            if model in self._ours:
                await self._unload(model)

    async def _unload(self, model: Model) -> None:
        try:
            async with AwakeTimeout(UNLOAD_TIMEOUT_S):
                if find(await self._client.ps(), model) is not None:
                    self._emit(BenchmarkProgress(model.host, model.name, Stage.UNLOADING))
                    await self._client.unload(model.name)
                    while find(await self._client.ps(), model) is not None:  # noqa: ASYNC110  # it can only be asked
                        await asyncio.sleep(UNLOAD_POLL_S)
        except (OllamaError, TimeoutError) as exc:
            why = str(exc) or "the server did not unload it in time; try `ollama stop`"
            self._emit(Notice(f"{model.name} may still be loaded on {model.host}: {why}"))
        else:
            self._ours = [other for other in self._ours if other != model]

    async def restore(self) -> None:
        """Load every model again that was evicted for ours, with its context and the rest of its keep-alive.

        So is one that our requests left with less than that. A cancellation that comes meanwhile takes effect
        thereafter.
        """
        if self.before:
            await _to_its_end(self._restore())

    async def _restore(self) -> None:
        where = self._client.base_url
        try:
            async with AwakeTimeout(self._timeout_s):
                loaded = {identity(entry): entry for entry in await self.look()}
                for entry in self.before:
                    keep_alive_s = self._keep_alive_s[identity(entry)]
                    now = loaded.get(identity(entry))
                    if keep_alive_s == 0 or (now is not None and not self._was_changed_by_us(entry, now)):
                        continue
                    self._emit(Notice(f"loading {entry.name} on {where} again, as it was before the run"))
                    self._emit(Waiting(where, f"loading {entry.name} again"))
                    await self._client.load(
                        entry.name,
                        num_ctx=entry.context_length,
                        keep_alive_s=keep_alive_s,
                        timeout_s=self._timeout_s,
                    )
        except (OllamaError, TimeoutError) as exc:
            why = str(exc) or "time ran out"
            self._emit(Notice(f"what was loaded on {where} could not be restored: {why}"))

    def _was_changed_by_us(self, before: wire.Loaded, now: wire.Loaded) -> bool:
        """Return whether a model that we sent requests to has another context than before, or leaves memory earlier."""
        if not any(find((before,), model) is not None for model in self._touched):
            return False
        contexts = {before.context_length, now.context_length} - {None}
        return len(contexts) > 1 or 0 < expiry_s(now) < expiry_s(before) - EXPIRY_SLACK_S


def is_forbidden(failure: OllamaError) -> bool:
    """Return whether the server will go on refusing, because it does not let this client ask."""
    return isinstance(failure, ServerError) and failure.status in FORBIDDEN


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await work to its end, also when cancelled meanwhile: that is raised thereafter. The work bounds its own time."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled
