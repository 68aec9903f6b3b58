"""Fake hosts on real sockets, with a log of what they were asked."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from fake_ollama.engine import Generation, ScriptedEngine, Work, current_work
from fake_ollama.relay import relay
from fake_ollama.script import FleetScript, HostScript
from fake_ollama.tape import Exchange
from ollama_speedrun.demo.engine import StoredModel
from ollama_speedrun.demo.scheduler import QUEUE_FULL, Scheduler
from ollama_speedrun.demo.server import SCHEDULER, ServerSettings, application


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """One request. Times are of `time.perf_counter_ns`; `status` None: cancelled or still running."""

    method: str
    path: str
    headers: dict[str, str]
    body: object
    arrived_ns: int
    ended_ns: int | None = None
    status: int | None = None
    work: Work = field(default_factory=Work)

    @property
    def generation(self) -> Generation | None:
        """What it made a model do; None when nothing was generated."""
        return self.work.generation


@dataclass(slots=True)
class FakeHost:
    """A running fake host."""

    script: HostScript
    engine: ScriptedEngine
    url: str
    requests: list[RequestRecord]
    tape: list[Exchange]
    kill: Callable[[], None]
    _loaded: Callable[[], Sequence[str]]

    @property
    def loaded(self) -> Sequence[str]:
        """The names of the models in memory."""
        return self._loaded()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def peak_concurrency(self) -> int:
        """The most generations that ever ran at once."""
        return self.engine.peak_concurrency

    def asked(self, path: str) -> list[RequestRecord]:
        """Return the requests for one path, in the order of their arrival."""
        return [record for record in self.requests if record.path == path]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The running hosts of one script, in its order."""

    hosts: Sequence[FakeHost]

    @property
    def urls(self) -> list[str]:
        """Every host's base URL."""
        return [host.url for host in self.hosts]


@asynccontextmanager
async def fake_fleet(script: FleetScript | Sequence[HostScript]) -> AsyncIterator[Fleet]:
    """Run fake hosts until the block ends. Raises `OSError` when an address cannot be bound."""
    hosts = script.hosts if isinstance(script, FleetScript) else script
    async with AsyncExitStack() as stack:
        yield Fleet([await stack.enter_async_context(fake_host(host, number)) for number, host in enumerate(hosts)])


@asynccontextmanager
async def fake_host(script: HostScript, number: int = 0) -> AsyncIterator[FakeHost]:
    """Run one fake host. `number` tells hosts with equal scripts apart: it goes into digests and dates."""
    log: list[RequestRecord] = []
    tape: list[Exchange] = []
    is_relayed = script.is_taped or any(
        (script.segment_bytes, script.block_bytes, script.coalesce_s, script.clock_offset_s, script.end_hold_s)
    )
    sockets = _Sockets()
    engine = ScriptedEngine(script, number, die=sockets.break_off)
    settings = ServerSettings(
        version=script.version,
        num_parallel=script.num_parallel,
        max_loaded=script.max_loaded,
        max_queue=script.max_queue,
        keep_alive_s=script.keep_alive_s,
        context_length=script.context_length,
        cloud_disabled=script.cloud_disabled,
    )
    app = application(engine, settings=settings, bound_host=script.address)
    if script.most_requests is not None:
        app.middlewares.insert(0, _gate(script.most_requests))
    if script.holds_s:
        app.middlewares.insert(0, _holding(script.holds_s))
    app.middlewares.insert(0, _logging(log, script.latency_s))
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0)
    await runner.setup()
    assert runner.server is not None
    sockets.server = runner.server
    address, port = ("127.0.0.1", 0) if is_relayed else (script.address, script.port)
    address, port = sockets.listen(await asyncio.get_running_loop().create_server(runner.server, address, port))
    if is_relayed:
        address, port = sockets.listen(await relay(script, upstream_port=port, tape=tape))
    for model in engine.models():
        if model.name in script.preloaded:
            await _preload(app[SCHEDULER], model, script)
    netloc = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    try:
        yield FakeHost(
            script,
            engine,
            f"http://{netloc}",
            log,
            tape,
            sockets.break_off,
            lambda: [entry.model.name for entry in app[SCHEDULER].loaded()],
        )
    finally:
        sockets.break_off()
        await runner.cleanup()


@dataclass(slots=True)
class _Sockets:
    """What has to go at once when a host dies."""

    listeners: list[asyncio.Server] = field(default_factory=list)
    server: web.Server | None = None

    def listen(self, listener: asyncio.Server) -> tuple[str, int]:
        """Keep a listening socket; returns its address and port."""
        self.listeners.append(listener)
        address, port = listener.sockets[0].getsockname()[:2]
        return address, port

    def break_off(self) -> None:
        """Refuse new connections and break the open ones."""
        for listener in self.listeners:
            listener.close()
        for connection in self.server.connections if self.server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()


async def _preload(scheduler: Scheduler, model: StoredModel, script: HostScript) -> None:
    async with scheduler.lease(model, context_length=script.context_length, options={}, keep_alive_ns=None):
        pass


def _logging(log: list[RequestRecord], latency_s: float) -> Middleware:
    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        record = RequestRecord(
            method=request.method,
            path=request.path,
            headers=dict(request.headers),
            body=None,
            arrived_ns=time.perf_counter_ns(),
        )
        log.append(record)
        current_work.set(record.work)
        try:
            record.body = _parsed(await request.read())
            if latency_s:
                await asyncio.sleep(latency_s)
            response = await handler(request)
            record.status = response.status
            return response
        finally:
            record.ended_ns = time.perf_counter_ns()

    return note


def _holding(holds_s: Sequence[float]) -> Middleware:
    left_s = deque(holds_s)

    @web.middleware
    async def hold(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in {"/api/generate", "/api/chat", "/api/embed"}:
            await asyncio.sleep(left_s.popleft() if len(left_s) > 1 else left_s[0])
        return await handler(request)

    return hold


def _gate(most_requests: int) -> Middleware:
    under_way: list[web.Request] = []

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in {"/api/generate", "/api/chat"}:
            return await handler(request)
        if len(under_way) >= most_requests:
            return web.json_response({"error": QUEUE_FULL}, status=503)
        under_way.append(request)
        try:
            return await handler(request)
        finally:
            under_way.remove(request)

    return refuse


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body
