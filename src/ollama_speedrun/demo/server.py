"""The Ollama HTTP API over an `Engine`: one served "host".

    async with serve(engine, host="127.0.0.1", port=0) as url:
        ...

Statuses, headers, chunking and texts are those of Ollama 0.33; where its answers have a quirk that clients notice (an
error inside a stream, lengths of small bodies only, refused Host headers), the quirk is kept.
"""

import ipaddress
import re
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from aiohttp import hdrs, web

from ollama_speedrun.demo import bodies, golang, requests
from ollama_speedrun.demo.engine import (
    Engine,
    EngineError,
    Finish,
    GenerateJob,
    Message,
    Piece,
    RunnerDiedError,
    StoredModel,
    StreamCutError,
)
from ollama_speedrun.demo.requests import ChatRequest, GenerateRequest, StreamedRequest
from ollama_speedrun.demo.scheduler import Loaded, Scheduler, keep_alive_ns

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Bodies: TypeAlias = bodies.GenerateBodies | bodies.ChatBodies

JSON: Final = "application/json; charset=utf-8"
NDJSON: Final = "application/x-ndjson"
SCHEDULER: Final = web.AppKey("scheduler", Scheduler)
"""Where an application keeps what is loaded."""

_CHUNKED_FROM_BYTES: Final = 2048
_BODY_LIMIT_BYTES: Final = 64 * 1024**2
_SHUTDOWN_S: Final = 0.1
_LOCAL_SUFFIXES: Final = (".localhost", ".local", ".internal")
_LOCAL_ORIGIN: Final = re.compile(
    r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?|(app|file|tauri|vscode-webview|vscode-file)://.*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What an operator sets on an Ollama server. `keep_alive_s` below zero keeps models for ever."""

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
    guards = [_refuse_foreign_host] if _is_loopback(bound_host) else []
    app = web.Application(middlewares=[*guards, _refuse_foreign_origin, _say_errors], client_max_size=_BODY_LIMIT_BYTES)
    app.on_response_prepare.append(_drop_foreign_headers)
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


@dataclass(frozen=True, slots=True)
class _Clock:
    started_ns: int
    load_ns: int

    def times(self) -> dict[str, int]:
        """Return the two durations that the server measures itself, at the end of an answer."""
        return {"total_duration": time.perf_counter_ns() - self.started_ns, "load_duration": self.load_ns}


class _SignInError(EngineError):
    """A cloud model was asked for, and nobody has signed in."""

    def __init__(self) -> None:
        super().__init__(401, "unauthorized")


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
        return _json(request, {"version": self._settings.version})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        disabled = self._settings.cloud_disabled
        return _json(request, {"cloud": {"disabled": disabled, "source": "env" if disabled else "none"}})

    async def _tags(self, request: web.Request) -> web.StreamResponse:
        return _json(request, bodies.tags(self._engine.models()))

    async def _ps(self, request: web.Request) -> web.StreamResponse:
        return _json(request, bodies.running(self._scheduler.loaded()))

    async def _openai_models(self, _request: web.Request) -> web.StreamResponse:
        body = golang.encode_json(bodies.openai_models(self._engine.models())) + b"\n"
        return web.Response(body=body, content_type="application/json")

    async def _show(self, request: web.Request) -> web.StreamResponse:
        return _json(request, bodies.show(self._find(requests.show_request(await request.read()))))

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
                return _json(request, {"model": wanted.model, "embeddings": []})
            async with entry.slots:
                vectors = await entry.runner.embed(wanted.texts, truncate=wanted.truncate, dimensions=wanted.dimensions)
            total_ns = time.perf_counter_ns() - started_ns
            return _json(request, bodies.embedded(wanted.model, vectors, total_ns=total_ns, load_ns=load_ns))

    def _find(self, name: str) -> StoredModel:
        if name:
            wanted = requests.canonical_name(name)
            for model in self._engine.models():
                if requests.canonical_name(model.name) == wanted:
                    return model
        raise EngineError(404, f"model '{name}' not found")

    def _unload(self, request: web.Request, model: StoredModel, answer: Bodies) -> web.StreamResponse:
        self._scheduler.expire(model)
        return _json(request, answer.empty("unload"))

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
            clock = _Clock(wanted.started_ns, load_ns=time.perf_counter_ns() - wanted.started_ns)
            if wanted.job is None:
                return _json(request, answer.empty("load"))
            async with entry.slots, aclosing(self._pieces(entry, common, wanted.job)) as pieces:
                if common.stream:
                    return await _stream(request, pieces, answer, clock)
                return await _whole(request, pieces, answer, clock)

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
        raise _SignInError
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


def runner_error(code: int, message: str, kind: str, **more: int) -> str:
    """Return the text of an error that llama-server raised: its own JSON, which Ollama passes on as a string."""
    return golang.encode_json({"error": {"code": code, "message": message, "type": kind, **more}}).decode()


def _think(model: StoredModel, common: StreamedRequest) -> bool | str | None:
    """Return whether and how hard to think: a model that can does so unless it is told not to."""
    return True if common.think is None and "thinking" in model.capabilities else common.think


async def _stream(
    request: web.Request, pieces: AsyncIterator[Piece | Finish], answer: Bodies, clock: _Clock
) -> web.StreamResponse:
    """Send one line a chunk; the headers go out with the first, so that an earlier failure has its own status."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: NDJSON})
    response.enable_chunked_encoding()
    try:
        async for item in pieces:
            match item:
                case Piece():
                    body = answer.chunk(item)
                case Finish():
                    body = answer.done(Piece(), item, clock.times())
            if body is None:
                continue
            line = golang.encode_json(body) + b"\n"
            if not response.prepared:
                await response.prepare(request)
            await response.write(line)
    except EngineError as error:
        line = golang.encode_json({"error": error.text})
        if not response.prepared:
            response.set_status(error.status)
            response.headers[hdrs.CONTENT_TYPE] = "application/json"
            await response.prepare(request)
        await response.write(line + b"\n")
    except StreamCutError as cut:
        if not response.prepared:
            await response.prepare(request)
        if cut.abrupt:
            _break_off(request)
            return response
    await response.write_eof()
    return response


async def _whole(
    request: web.Request, pieces: AsyncIterator[Piece | Finish], answer: Bodies, clock: _Clock
) -> web.StreamResponse:
    """Send the only line of an answer that is not streamed; of one that was cut, what there is of it."""
    said: list[Piece] = []
    try:
        async for item in pieces:
            match item:
                case Piece():
                    said.append(item)
                case Finish():
                    return _json(request, answer.done(_joined(said), item, clock.times()))
    except StreamCutError as cut:
        if cut.abrupt:
            _break_off(request)
    return _json(request, answer.chunk(_joined(said)) or {})


def _break_off(request: web.Request) -> None:
    """Close the connection in the middle of an answer."""
    if request.transport is not None:
        request.transport.close()


def _joined(pieces: list[Piece]) -> Piece:
    return Piece(
        text="".join(piece.text for piece in pieces),
        thinking="".join(piece.thinking for piece in pieces),
        tool_calls=[call for piece in pieces for call in piece.tool_calls],
        logprobs=[entry for piece in pieces for entry in piece.logprobs or ()] or None,
    )


def _json(request: web.Request, body: object, *, status: int = 200) -> web.StreamResponse:
    """Return a whole JSON answer. Like Go's server it states the length of small bodies only."""
    encoded = golang.encode_json(body)
    if len(encoded) >= _CHUNKED_FROM_BYTES and request.method == hdrs.METH_HEAD:
        return web.StreamResponse(status=status, headers={hdrs.CONTENT_TYPE: JSON})
    response = web.Response(body=encoded, status=status, headers={hdrs.CONTENT_TYPE: JSON})
    if len(encoded) >= _CHUNKED_FROM_BYTES:
        response.enable_chunked_encoding()
    return response


@web.middleware
async def _say_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what went wrong before an answer had begun into Ollama's words."""
    try:
        return await handler(request)
    except _SignInError as error:
        signin_url = "https://ollama.com/connect"
        return _json(request, {"error": error.text, "signin_url": signin_url}, status=error.status)
    except EngineError as error:
        return _json(request, {"error": error.text}, status=error.status)
    except web.HTTPNotFound:
        return web.Response(status=404, body=b"404 page not found", content_type="text/plain")
    except web.HTTPMethodNotAllowed as error:
        allow = {hdrs.ALLOW: ", ".join(sorted(error.allowed_methods, reverse=True))}
        return web.Response(status=405, body=b"405 method not allowed", content_type="text/plain", headers=allow)
    except web.HTTPRequestEntityTooLarge:
        return _json(request, {"error": "http: request body too large"}, status=413)


@web.middleware
async def _refuse_foreign_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to a Host that is neither local nor private: a page of the web that was rebound to this address."""
    name = (request.url.host or "").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        local = name in {"", "localhost", socket.gethostname().lower()} or name.endswith(_LOCAL_SUFFIXES)
    else:
        local = address.is_loopback or address.is_private or address.is_unspecified
    return await handler(request) if local else web.Response(status=403)


@web.middleware
async def _refuse_foreign_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to pages of other sites."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or origin == f"{request.scheme}://{request.host}":
        return await handler(request)
    if not _LOCAL_ORIGIN.fullmatch(origin):
        return web.Response(status=403)
    response = await handler(request)
    if not response.prepared:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    return response


async def _drop_foreign_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Leave out what aiohttp adds and Ollama does not send."""
    response.headers.pop(hdrs.SERVER, None)
    if response.status == 403 and response.content_length == 0:
        response.headers.pop(hdrs.CONTENT_TYPE, None)
