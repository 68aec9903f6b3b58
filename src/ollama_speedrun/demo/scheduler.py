"""Which models are loaded, who may use them and for how long they stay: Ollama's scheduler on one event loop.

A request leases a model. Leasing a loaded one is immediate; anything else goes through the load queue, in which one
request at a time evicts, waits and loads (all of that is `load_duration`). A lease then takes one of the runner's
slots, first come first served (that wait shows in `total_duration` alone). When the last lease ends, the keep-alive
clock starts.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from ..units import nanoseconds, seconds
from .engine import Engine, EngineError, Runner, StoredModel
from .golang import MAX_DURATION_NS

RUNNER_OPTIONS: Final = ("num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict")
"""The options, next to num_ctx, that are fixed when a model is loaded."""

MIN_CONTEXT_LENGTH: Final = 4

QUEUE_FULL: Final = "server busy, please try again.  maximum pending requests exceeded"


@dataclass(slots=True, eq=False)
class Loaded:
    """A model in memory. `name` is the one that loaded it, whatever name a later request uses."""

    model: StoredModel
    runner: Runner
    context_length: int
    options: Mapping[str, object]
    keep_alive_ns: int
    slots: asyncio.Semaphore
    users: int = 0
    expires_at_unix_ns: int | None = None
    expiry: asyncio.TimerHandle | None = None
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def shown_expiry_unix_ns(self) -> int:
        """When it will go, as /api/ps says: stale while busy, a guess before the first request has ended."""
        if self.expires_at_unix_ns is None:
            return time.time_ns() + self.keep_alive_ns
        return self.expires_at_unix_ns


class Scheduler:
    """The loaded models of one server. Everything runs on one event loop, so state changes between awaits only."""

    def __init__(
        self, engine: Engine, *, num_parallel: int, max_loaded: int, max_queue: int, keep_alive_ns: int
    ) -> None:
        self._engine = engine
        self._num_parallel = num_parallel
        self._max_loaded = max_loaded
        self._max_queue = max_queue
        self._keep_alive_ns = keep_alive_ns
        self._loaded: dict[str, Loaded] = {}
        self._load_turn = asyncio.Lock()
        self._waiting = 0
        self._closing: set[asyncio.Task[None]] = set()

    def loaded(self) -> list[Loaded]:
        """Return what is loaded, the one that stays longest first."""
        return sorted(self._loaded.values(), key=lambda entry: entry.shown_expiry_unix_ns, reverse=True)

    @asynccontextmanager
    async def lease(
        self, model: StoredModel, *, context_length: int, options: Mapping[str, object], keep_alive_ns: int | None
    ) -> AsyncIterator[Loaded]:
        """Hold a model in memory, loading it where needed; None keeps the keep-alive that holds.

        Raises `EngineError`: 503 when too many requests wait for a load, or what the engine says of the load.
        """
        wanted = max(context_length, MIN_CONTEXT_LENGTH)
        if model.context_length is not None:
            wanted = min(wanted, model.context_length)
        runner_options = {name: options[name] for name in RUNNER_OPTIONS if name in options}
        entry = self._usable(model, wanted, runner_options)
        if entry is None:
            entry = await self._load(model, wanted, runner_options, keep_alive_ns)
        else:
            entry.users += 1
        entry.idle.clear()
        if keep_alive_ns is not None:
            entry.keep_alive_ns = keep_alive_ns
        try:
            yield entry
        finally:
            self._release(entry)

    def expire(self, model: StoredModel) -> None:
        """Unload a model now, or as soon as its last request has ended; nothing happens when it is not loaded."""
        entry = self._loaded.get(_key(model))
        if entry is not None:
            entry.keep_alive_ns = 0
            if not entry.users:
                self._unload(entry)

    def forget(self, entry: Loaded) -> None:
        """Drop a runner that died; requests that still hold it fail by themselves."""
        self._unload(entry)

    async def close(self) -> None:
        """Unload everything and wait until it is gone."""
        for entry in list(self._loaded.values()):
            self._unload(entry)
        await asyncio.gather(*self._closing)

    def _usable(self, model: StoredModel, context_length: int, options: Mapping[str, object]) -> Loaded | None:
        entry = self._loaded.get(_key(model))
        if entry is None or entry.context_length != context_length or entry.options != options:
            return None
        return entry

    async def _load(
        self, model: StoredModel, context_length: int, options: Mapping[str, object], keep_alive_ns: int | None
    ) -> Loaded:
        """Return a lease's entry with its user already counted."""
        if self._waiting >= self._max_queue and self._load_turn.locked():
            raise EngineError(503, QUEUE_FULL)
        self._waiting += 1
        try:
            await self._load_turn.acquire()
        finally:
            self._waiting -= 1
        try:
            entry = self._usable(model, context_length, options)
            if entry is None:
                await self._make_room(model)
                runner = await self._engine.load(model, context_length=context_length, slots=self._num_parallel)
                entry = self._loaded[_key(model)] = Loaded(
                    model=model,
                    runner=runner,
                    context_length=context_length,
                    options=options,
                    keep_alive_ns=self._keep_alive_ns if keep_alive_ns is None else keep_alive_ns,
                    slots=asyncio.Semaphore(self._num_parallel),
                )
            entry.users += 1
            return entry
        finally:
            self._load_turn.release()

    async def _make_room(self, model: StoredModel) -> None:
        """Evict the same weights with other settings, then the idle entry with the shortest keep-alive."""
        if (stale := self._loaded.get(_key(model))) is not None:
            await self._evict(stale)
        while len(self._loaded) >= self._max_loaded:
            await self._evict(min(self._loaded.values(), key=lambda entry: (entry.users > 0, entry.keep_alive_ns)))

    async def _evict(self, entry: Loaded) -> None:
        entry.keep_alive_ns = 0
        while entry.users:
            await entry.idle.wait()
        self._unload(entry)
        await asyncio.gather(*(asyncio.shield(task) for task in self._closing))

    def _release(self, entry: Loaded) -> None:
        entry.users -= 1
        if entry.users:
            return
        entry.idle.set()
        if self._loaded.get(_key(entry.model)) is not entry:
            return
        if entry.expiry is not None:
            entry.expiry.cancel()
            entry.expiry = None
        entry.expires_at_unix_ns = time.time_ns() + entry.keep_alive_ns
        if entry.keep_alive_ns == 0:
            self._unload(entry)
        elif entry.keep_alive_ns < MAX_DURATION_NS:
            later = seconds(entry.keep_alive_ns)
            entry.expiry = asyncio.get_running_loop().call_later(later, self._expire_if_idle, entry)

    def _expire_if_idle(self, entry: Loaded) -> None:
        if not entry.users:
            self._unload(entry)

    def _unload(self, entry: Loaded) -> None:
        """Take an entry off the list and free it in the background, so that no client's going away can stop that."""
        if self._loaded.get(_key(entry.model)) is not entry:
            return
        del self._loaded[_key(entry.model)]
        if entry.expiry is not None:
            entry.expiry.cancel()
        task = asyncio.get_running_loop().create_task(entry.runner.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def keep_alive_ns(duration_s: float) -> int:
    """Seconds to the nanoseconds that the scheduler counts in; negative means forever."""
    return MAX_DURATION_NS if duration_s < 0 else min(nanoseconds(duration_s), MAX_DURATION_NS)


def _key(model: StoredModel) -> str:
    return model.weights_digest or model.digest
