"""The Ollama HTTP API over an `Engine`: one served "host".

    async with serve(engine, host="127.0.0.1", port=0) as url:
        ...

Statuses, headers, chunking and texts are those of Ollama 0.33; where its answers have a quirk that clients notice (an
error inside a stream, lengths of small bodies only, refused Host headers), the quirk is kept.
"""

import ipaddress
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from . import bodies, golang, requests
from .engine import (
    Engine,
    EngineError,
    Finish,
    GenerateJob,
    Message,
    Piece,
    RunnerDiedError,
    StoredModel,
)
from .guards import (
    SignInError,
    drop_foreign_headers,
    refuse_foreign_host,
    refuse_foreign_origin,
    say_errors,
)
from .replies import Bodies, Clock, json_answer, runner_error, stream, whole
from .requests import ChatRequest, GenerateRequest, StreamedRequest
from .scheduler import Loaded, Scheduler, keep_alive_ns

SCHEDULER: Final = web.AppKey("scheduler", Scheduler)
"""Where an application keeps what is loaded."""

_BODY_LIMIT_BYTES: Final = 64 * 1024**2
_SHUTDOWN_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What an operator sets on an Ollama server. `keep_alive_s` below zero keeps models forever."""

    version: str = "0.33.0"
    num_parallel: int = 1
    max_loaded: int = 3
    max_queue: int = 512
    keep_alive_s: float = 300.0
    context_length: int = 4096
    cloud_disabled: bool = False


@asynccontextmanager
async def serve(
    engine: Engine, *, host: str = "127.0.0.1", port: int = 0, settings: ServerSettings | None = None
) -> AsyncIterator[str]:
    """Serve an engine's models until the block ends; yields the base URL. Port 0 takes a free one.

    Raises `OSError` when the address cannot be bound.
    """
    runner = await start(application(engine, settings=settings, bound_host=host), host=host, port=port)
    try:
        yield base_url(runner)
    finally:
        await runner.cleanup()


async def start(app: web.Application, *, host: str, port: int) -> web.AppRunner:
    """Bind an application so that a client's going away cancels its handler. Raises `OSError`."""
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner


def base_url(runner: web.AppRunner) -> str:
    """Return the URL of the first address that a runner is bound to."""
    host, port, *_ = runner.addresses[0]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def application(
    engine: Engine, *, settings: ServerSettings | None = None, bound_host: str = "127.0.0.1"
) -> web.Application:
    """Return the API as an application to be run by the caller. Bound to loopback it refuses foreign Host headers."""
    settings = settings or ServerSettings()
    scheduler = Scheduler(
        engine,
        num_parallel=settings.num_parallel,
        max_loaded=settings.max_loaded,
        max_queue=settings.max_queue,
        keep_alive_ns=keep_alive_ns(settings.keep_alive_s),
    )
    api = _Api(engine, settings, scheduler)
    guards = [refuse_foreign_host] if _is_loopback(bound_host) else []
    app = web.Application(middlewares=[*guards, refuse_foreign_origin, say_errors], client_max_size=_BODY_LIMIT_BYTES)
    app.on_response_prepare.append(drop_foreign_headers)
    app[SCHEDULER] = scheduler
    app.on_cleanup.append(_unload_all)
    for path, handler in api.readable().items():
        app.router.add_route(hdrs.METH_HEAD, path, handler)
        app.router.add_route(hdrs.METH_GET, path, handler)
    for path, handler in api.queries().items():
        app.router.add_get(path, handler, allow_head=False)
    for path, handler in api.commands().items():
        app.router.add_post(path, handler)
    return app


async def _unload_all(app: web.Application) -> None:
    await app[SCHEDULER].close()


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A request that passed all checks made before loading. Without a job, loading is all that it asks for."""

    started_ns: int
    model: StoredModel
    common: StreamedRequest
    job: GenerateJob | None
    answer: Bodies


class _Api:
    def __init__(self, engine: Engine, settings: ServerSettings, scheduler: Scheduler) -> None:
        self._engine = engine
        self._settings = settings
        self._scheduler = scheduler

    def readable(self) -> Mapping[str, Handler]:
        """Paths for GET and HEAD."""
        return {"/": self._root, "/api/version": self._version, "/api/tags": self._tags}

    def queries(self) -> Mapping[str, Handler]:
        """Paths for GET alone."""
        return {"/api/status": self._status, "/api/ps": self._ps, "/v1/models": self._openai_models}

    def commands(self) -> Mapping[str, Handler]:
        """Paths for POST alone."""
        return {
            "/api/show": self._show,
            "/api/generate": self._generate,
            "/api/chat": self._chat,
            "/api/embed": self._embed,
        }

    async def _root(self, _request: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return json_answer(request, {"version": self._settings.version})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        disabled = self._settings.cloud_disabled
        return json_answer(request, {"cloud": {"disabled": disabled, "source": "env" if disabled else "none"}})

    async def _tags(self, request: web.Request) -> web.StreamResponse:
        return json_answer(request, bodies.tags(self._engine.models()))

    async def _ps(self, request: web.Request) -> web.StreamResponse:
        return json_answer(request, bodies.running(self._scheduler.loaded()))

    async def _openai_models(self, _request: web.Request) -> web.StreamResponse:
        body = golang.encode_json(bodies.openai_models(self._engine.models())) + b"\n"
        return web.Response(body=body, content_type="application/json")

    async def _show(self, request: web.Request) -> web.StreamResponse:
        name, verbose = requests.show_request(await request.read())
        return json_answer(request, bodies.show(self._find(name), verbose=verbose))

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        started_ns = time.perf_counter_ns()
        wanted = requests.generate_request(await request.read())
        common = wanted.common
        model = self._find(common.model)
        answer = bodies.GenerateBodies(common.model)
        is_empty = not wanted.prompt and not wanted.images
        if is_empty and common.keep_alive_ns == 0:
            return self._unload(request, model, answer)
        _check_capabilities(model, common, "generate")
        if wanted.suffix and "insert" not in model.capabilities:
            raise EngineError(400, f"{requests.registry_name(common.model)} does not support insert")
        job = None if is_empty else _generate_job(model, wanted)
        return await self._run(request, _Wanted(started_ns, model, common, job, answer))

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        started_ns = time.perf_counter_ns()
        wanted = requests.chat_request(await request.read())
        common = wanted.common
        if not common.model:
            raise EngineError(400, "model is required")
        model = self._find(common.model)
        answer = bodies.ChatBodies(common.model, thinks=bool(_think(model, common)))
        if not wanted.messages and common.keep_alive_ns == 0:
            return self._unload(request, model, answer)
        _check_capabilities(model, common, "chat")
        if wanted.tools and "tools" not in model.capabilities:
            raise EngineError(400, f"{requests.registry_name(common.model)} does not support tools")
        job = _chat_job(model, wanted) if wanted.messages else None
        return await self._run(request, _Wanted(started_ns, model, common, job, answer))

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        started_ns = time.perf_counter_ns()
        wanted = requests.embed_request(await request.read())
        model = self._find(wanted.model)
        requests.check_options(wanted.options)
        async with self._scheduler.lease(
            model,
            context_length=self._context_length(wanted.options),
            options=wanted.options,
            keep_alive_ns=wanted.keep_alive_ns,
        ) as entry:
            load_ns = time.perf_counter_ns() - started_ns
            if not wanted.texts:
                return json_answer(request, {"model": wanted.model, "embeddings": []})
            async with entry.slots:
                vectors = await entry.runner.embed(wanted.texts, truncate=wanted.truncate, dimensions=wanted.dimensions)
            total_ns = time.perf_counter_ns() - started_ns
            return json_answer(request, bodies.embedded(wanted.model, vectors, total_ns=total_ns, load_ns=load_ns))

    def _find(self, name: str) -> StoredModel:
        if name:
            wanted = requests.canonical_name(name)
            for model in self._engine.models():
                if requests.canonical_name(model.name) == wanted:
                    return model
        raise EngineError(404, f"model '{name}' not found")

    def _unload(self, request: web.Request, model: StoredModel, answer: Bodies) -> web.StreamResponse:
        self._scheduler.expire(model)
        return json_answer(request, answer.empty("unload"))

    def _context_length(self, options: Mapping[str, object]) -> int:
        num_ctx = options.get("num_ctx")
        return int(num_ctx) if isinstance(num_ctx, int | float) else self._settings.context_length

    async def _run(self, request: web.Request, wanted: _Wanted) -> web.StreamResponse:
        common, answer = wanted.common, wanted.answer
        requests.check_options(common.options)
        async with self._scheduler.lease(
            wanted.model,
            context_length=self._context_length(common.options),
            options=common.options,
            keep_alive_ns=common.keep_alive_ns,
        ) as entry:
            clock = Clock(wanted.started_ns, load_ns=time.perf_counter_ns() - wanted.started_ns)
            if wanted.job is None:
                return json_answer(request, answer.empty("load"))
            if common.render_only:
                images = sum(len(message.images) for message in wanted.job.messages)
                return json_answer(request, answer.rendered(entry.runner.rendered(wanted.job), images=images))
            async with entry.slots, aclosing(self._pieces(entry, common, wanted.job)) as pieces:
                if common.stream:
                    return await stream(request, pieces, answer, clock)
                return await whole(request, pieces, answer, clock)

    async def _pieces(
        self, entry: Loaded, common: StreamedRequest, job: GenerateJob
    ) -> AsyncGenerator[Piece | Finish, None]:
        """Generate, after the checks that Ollama leaves to the runner and so makes only when the model is loaded."""
        match common.output_format:
            case None | "":
                pass
            case "json":
                job = replace(job, output_format="json")
            case dict() as schema:
                job = replace(job, output_format=schema)
            case other:
                got = golang.quote(golang.encode_json(other).decode())
                raise EngineError(500, f'invalid format: {got}; expected "json" or a valid JSON Schema object')
        if any(message.images for message in job.messages) and "vision" not in entry.model.capabilities:
            message = "Multimodal data provided, but model does not support multimodal requests."
            raise EngineError(400, runner_error(400, message, "invalid_request_error"))
        try:
            async with aclosing(entry.runner.generate(job)) as pieces:
                async for piece in pieces:
                    yield piece
        except RunnerDiedError:
            self._scheduler.forget(entry)
            raise


def _check_capabilities(model: StoredModel, common: StreamedRequest, action: str) -> None:
    if model.remote_host is not None:
        raise SignInError
    if "completion" not in model.capabilities:
        raise EngineError(400, f'"{common.model}" does not support {action}')
    if common.think and "thinking" not in model.capabilities:
        raise EngineError(400, f'"{common.model}" does not support thinking')


def _generate_job(model: StoredModel, wanted: GenerateRequest) -> GenerateJob:
    if wanted.raw:
        return replace(_job(model, wanted.common), raw_prompt=wanted.prompt)
    system = wanted.system or model.system
    instructions = (Message("system", system),) if system else ()
    return replace(_job(model, wanted.common), messages=(*instructions, Message("user", wanted.prompt, wanted.images)))


def _chat_job(model: StoredModel, wanted: ChatRequest) -> GenerateJob:
    has_system = any(message.role == "system" for message in wanted.messages)
    instructions = (Message("system", model.system),) if model.system and not has_system else ()
    return replace(_job(model, wanted.common), messages=(*instructions, *wanted.messages), tools=wanted.tools)


def _job(model: StoredModel, common: StreamedRequest) -> GenerateJob:
    """Return everything of a job but its prompt."""
    return GenerateJob(
        model=model,
        options=common.options,
        think=_think(model, common),
        truncate=common.truncate,
        shift=common.shift,
        top_logprobs=common.top_logprobs,
    )


def _think(model: StoredModel, common: StreamedRequest) -> bool | str | None:
    """Return whether and how hard to think: a model that can does so unless it is told not to."""
    return True if common.think is None and "thinking" in model.capabilities else common.think
