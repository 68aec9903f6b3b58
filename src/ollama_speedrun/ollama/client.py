"""A thin asynchronous client: one method an endpoint, every answer bounded in size and time, every failure typed."""

import asyncio
import os
import re
import ssl
import statistics
import sys
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Final, TypeVar

import aiohttp
import msgspec
from aiohttp.connector import NEEDS_CLEANUP_CLOSED

from .._version import __version__
from ..errors import OllamaError, ProtocolError, ServerError, TimedOutError, UnreachableError, shortage_of
from . import fields, wire
from .awake import AwakeTimeout
from .refusals import line_error, quoted, refusal
from .trace import traces

USER_AGENT: Final = f"ollama-speedrun/{__version__}"
CONNECT_TIMEOUT_S: Final = 10.0
LARGEST_ERROR_BYTES: Final = 64 * 1024
LARGEST_HEADER_BYTES: Final = 64 * 1024
"""Of one line; cookies and policies that a proxy adds can be longer than the 8 KiB that clients allow by default."""
FARTHEST_CLOCK_S: Final = 100 * 365.25 * 24 * 3600
"""A machine without a clock of its own starts in 1970; one that is farther off than this does not mean it."""
END_TIMEOUT_S: Final = 0.5
MOST_LINES: Final = 1_000
MOST_ROUND_TRIPS: Final = 16
"""So many of the latest small requests tell how far away a server is."""
_EVENT_FIELD: Final = re.compile(rb"(data|event|id|retry):")

_CLEANS_UP_CLOSED: Final = NEEDS_CLEANUP_CLOSED and sys.version_info >= (3, 11, 7)
"""Abort connections to servers that do not answer the end of TLS, which would else outlive the session. Not on early
3.11: in 3.11.2, but not in 3.11.7, asyncio raises AttributeError when a TLS connection that has ended is aborted."""

T = TypeVar("T", bound=msgspec.Struct)


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how large an answer may be; a generation's time is bounded by who asks for it."""

    connect_timeout_s: float = CONNECT_TIMEOUT_S
    short_timeout_s: float = 10.0
    """For everything but a generation; /api/ps can block while another client's model loads."""
    show_timeout_s: float = 30.0
    details_bytes: int = 1024**2
    """/api/show carries the licence and the list of tensors, together some hundred KB."""
    full_details_bytes: int = 12 * 1024**2
    """With `verbose` it carries the vocabulary, too: 250,000 tokens and as many merges."""
    models_bytes: int = 3 * 1024**2
    """For /api/tags and /api/ps: thousands of models, and few enough that reading them holds up no other host."""
    vectors_bytes: int = 6 * 1024**2
    answer_bytes: int = 2 * 1024**2
    line_bytes: int = 2 * 1024**2
    """The done line carries the whole context as token numbers."""
    stream_bytes: int = 256 * 1024**2


@asynccontextmanager
async def open_session(
    tls: ssl.SSLContext | None = None, *, authorization: str | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """Yield the HTTP session for a run: no proxies, no cookies, no compression, no limit on connections.

    `tls` decides which certificates are trusted, None as usual; `authorization` is sent with every request.
    """
    secret = {} if authorization is None else {"Authorization": authorization}
    stamping = aiohttp.TraceConfig()
    stamping.on_request_headers_sent.append(_stamp)
    stamping.on_request_chunk_sent.append(_stamp)
    stamping.on_connection_reuseconn.append(_note_reuse)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,
            ttl_dns_cache=300,
            ssl=tls or True,
            enable_cleanup_closed=_CLEANS_UP_CLOSED,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **secret},
        auto_decompress=False,
        max_line_size=LARGEST_HEADER_BYTES,
        max_field_size=LARGEST_HEADER_BYTES,
        trust_env=False,
        trace_configs=[stamping, *traces()],
    ) as session:
        yield session


@dataclass(slots=True)
class _Departure:
    """When a request left, in monotonic ns; before that, when it was made. And whether its connection had served."""

    at_ns: int = 0
    reused: bool = False


async def _stamp(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams | aiohttp.TraceRequestChunkSentParams,
) -> None:
    """Note that a head or a body is being handed to the socket: connecting and making the request are behind us."""
    match context.trace_request_ctx:
        case _Departure() as departure:
            departure.at_ns = time.perf_counter_ns()


async def _note_reuse(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceConnectionReuseconnParams
) -> None:
    match context.trace_request_ctx:
        case _Departure() as departure:
            departure.reused = True


class ChunkStream:
    """The chunks of one streamed generation, each with the client's stamp of its arrival.

    `sent_ns` is the monotonic clock when the request was handed to the socket.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        url: str,
        sent_ns: int,
        bounds: Bounds,
        kind: type[wire.Chunk] = wire.Chunk,
    ) -> None:
        self._response = response
        self._url = url
        self._kind = kind
        self._bounds = bounds
        self._has_content = False
        self.sent_ns = sent_ns
        self.ended_ns = sent_ns

    async def __aiter__(self) -> AsyncIterator[tuple[int, wire.Chunk]]:
        """Yield (arrival in monotonic ns, chunk) up to the first done line; what arrived together shares its stamp.

        A done line that only says that the model was loaded ends nothing while the stream goes on. Raises `ServerError`
        on an in-band error line and `ProtocolError` on anything that is no chunk.
        """
        pieces: list[bytes] = []
        pending_bytes = received_bytes = 0
        only_loaded: tuple[int, wire.Chunk] | None = None
        while data := await self._response.content.readany():
            arrived_ns = time.perf_counter_ns()
            received_bytes += len(data)
            pieces.append(data)
            pending_bytes += len(data)
            if b"\n" in data:
                *lines, rest = b"".join(pieces).split(b"\n")
                pieces, pending_bytes = [rest], len(rest)
            else:
                lines = []
            if pending_bytes > self._bounds.line_bytes or received_bytes > self._bounds.stream_bytes:
                raise ProtocolError(
                    f"{self._url} sent more than any answer holds and was stopped; the server is at fault"
                )
            for line in lines:
                if (chunk := self._parse(line)) is None:
                    continue
                self.ended_ns = arrived_ns
                if chunk.only_says_loaded:
                    only_loaded = (arrived_ns, chunk)
                    continue
                only_loaded = None
                self._has_content = self._has_content or chunk.has_content
                yield arrived_ns, chunk
                if chunk.done:
                    await self._see_out()
                    return
        self.ended_ns = time.perf_counter_ns()
        if (chunk := self._parse(b"".join(pieces))) is not None:
            yield self.ended_ns, chunk
        elif only_loaded is not None:
            yield only_loaded

    async def _see_out(self) -> None:
        """Wait for the end of the answer, so that the connection can serve again; one that stays open is given up."""
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                while await self._response.content.readany():
                    pass
        except (TimeoutError, aiohttp.ClientError, OSError):
            self._response.close()

    def _parse(self, line: bytes) -> wire.Chunk | None:
        """Return the chunk of a line, None for an empty one and for a comment among server-sent events."""
        line = line.strip()
        if not line or line.startswith(b":"):
            return None
        try:
            chunk = fields.read(line, self._kind)
        except fields.UNREADABLE as exc:
            if _EVENT_FIELD.match(line):
                raise ProtocolError(
                    f"{self._url} sent server-sent events ({quoted(line)}) and not one JSON object a line; a proxy "
                    "translates them: give the address of the Ollama server itself"
                ) from exc
            what = f"{self._url} sent a line that is no chunk of a generation: {quoted(line)}"
            raise ProtocolError(what, may_pass=True) from exc
        if chunk.error is not None:
            text = line_error(chunk.error)
            where = "an error in the middle of the answer" if self._has_content else "an error in place of an answer"
            raise ServerError(self._response.status, text, message=f"{text} ({where})")
        return chunk


class OllamaClient:
    """Talks to one server. Every method raises a subclass of `OllamaError` when the server does not play along."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, bounds: Bounds | None = None) -> None:
        self._session = session
        self._bounds = bounds or Bounds()
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._bounds.connect_timeout_s)
        self._round_trips: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=MOST_ROUND_TRIPS))
        self.base_url = base_url

    @property
    def round_trip_ns(self) -> int | None:
        """How long a small request took from its departure to the head of its answer, in ns.

        The lower median of the path that is answered soonest, None before the first one was answered.
        """
        return min(map(statistics.median_low, self._round_trips.values()), default=None)

    async def tags(self) -> wire.Tags:
        """List the stored models."""
        answer = await self._ask("GET", "/api/tags", wire.Tags, timeout_s=self._bounds.short_timeout_s)
        if len(answer.models or ()) > wire.MOST_MODELS:
            found = f"lists more than {wire.MOST_MODELS:,} models, more than any server has"
            raise ProtocolError(f"{self.base_url}/api/tags {found}; it is at fault")
        return answer

    async def show(self, model: str, *, verbose: bool = False) -> wire.Show:
        """Return a model's details; if `verbose` only `model_info`, with short lists such as each layer's heads."""
        body: dict[str, object] = {"model": model, "verbose": True} if verbose else {"model": model}
        bounds = self._bounds
        largest_bytes = bounds.full_details_bytes if verbose else bounds.details_bytes
        answer = await self._body(
            "POST", "/api/show", body=body, timeout_s=bounds.show_timeout_s, largest_bytes=largest_bytes
        )
        if not verbose:
            return _read(answer, wire.Show, f"{self.base_url}/api/show")
        found: dict[str, msgspec.Raw] = {}
        for some in fields.short_fields(answer):
            found.update(some)
            await asyncio.sleep(0)
        return wire.Show(model_info=msgspec.Raw(msgspec.json.encode(found)))

    async def ps(self) -> tuple[wire.Loaded, ...]:
        """List the loaded models."""
        answer = await self._ask("GET", "/api/ps", wire.Ps, timeout_s=self._bounds.short_timeout_s)
        entries = answer.models or ()
        if len(entries) > wire.MOST_LOADED:
            raise ProtocolError(
                f"{self.base_url}/api/ps lists {len(entries):,} loaded models, more than any server has; it is at fault"
            )
        return tuple(map(_loaded, entries))

    async def version(self) -> str:
        """Return the server's version; the cheapest way to see that it answers."""
        return (await self._ask("GET", "/api/version", wire.Version, timeout_s=self._bounds.short_timeout_s)).version

    async def clock_offset_s(self) -> float:
        """Return by how many seconds the server's clock is ahead of ours, about; 0 where it says nothing sensible."""
        path = "/api/version"
        url, departure = self.base_url + path, _Departure()
        try:
            async with (
                AwakeTimeout(self._bounds.short_timeout_s),
                self._session.get(
                    url, allow_redirects=False, timeout=self._timeout, trace_request_ctx=departure
                ) as response,
            ):
                self._round_trips[path].append(time.perf_counter_ns() - departure.at_ns)
                said = response.headers.get("Date", "")
        except TimeoutError as exc:
            raise TimedOutError(f"{url} gave no answer in time; is the server overloaded?") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise _translated(exc, url, self._bounds) from exc
        try:
            offset_s = parsedate_to_datetime(said).timestamp() - time.time()
        except (ValueError, TypeError, IndexError, OverflowError):
            return 0.0
        return offset_s if abs(offset_s) <= FARTHEST_CLOCK_S else 0.0

    async def embed(self, request: wire.EmbedRequest, *, timeout_s: float) -> wire.Embeddings:
        """Return the vectors of some texts, each decoded in a turn of its own; an unusable one is empty."""
        bytes_ = self._bounds.vectors_bytes
        began_ns = time.perf_counter_ns()
        answer = await self._ask(
            "POST", "/api/embed", wire.RawEmbeddings, body=request, timeout_s=timeout_s, largest_bytes=bytes_
        )
        took_ns = time.perf_counter_ns() - began_ns
        if answer.error is not None:
            raise ServerError(200, line_error(answer.error))
        vectors: list[tuple[float, ...]] = []
        for vector in fields.vectors(answer.embeddings, most=len(request.input) + 1):
            vectors.append(vector)
            await asyncio.sleep(0)
        return wire.Embeddings(
            embeddings=tuple(vectors),
            load_duration=answer.load_duration,
            total_duration=answer.total_duration,
            prompt_eval_count=answer.prompt_eval_count,
            took_ns=took_ns,
        )

    async def rendered_prompt(self, model: str, *, options: wire.Options, timeout_s: float) -> str | None:
        """Return how the server renders a short chat into the model's prompt; None where it does not say."""
        messages = (wire.Message(role="system", content="Be brief."), wire.Message(role="user", content="Hi."))
        request = wire.RenderRequest(model=model, messages=messages, options=options)
        answer = await self._ask("POST", "/api/chat", wire.Rendered, body=request, timeout_s=timeout_s)
        return None if answer.debug_info is None else answer.debug_info.rendered_template

    async def next_token(self, request: wire.GenerateRequest, *, timeout_s: float) -> tuple[wire.LikelyToken, ...]:
        """Return the tokens that may come first in an answer, as listed; empty where the server gives none."""
        answer = await self._ask("POST", "/api/generate", wire.Scored, body=request, timeout_s=timeout_s)
        if answer.error is not None:
            raise ServerError(200, line_error(answer.error))
        first = (answer.logprobs or ())[:1]
        return tuple(one for chosen in first for one in chosen.top_logprobs or ())

    async def unload(self, model: str) -> None:
        """Have the server drop a loaded model."""
        request = wire.GenerateRequest(model=model, stream=False, keep_alive=0)
        await self._have_done(request, timeout_s=self._bounds.short_timeout_s)

    async def load(self, model: str, *, num_ctx: int | None, keep_alive_s: int, timeout_s: float) -> None:
        """Have the server load a model with a context length, to stay for `keep_alive_s` (negative: forever)."""
        options: wire.Options = {} if num_ctx is None else {"num_ctx": num_ctx}
        request = wire.GenerateRequest(model=model, stream=False, keep_alive=keep_alive_s, options=options)
        await self._have_done(request, timeout_s=timeout_s)

    async def _have_done(self, request: wire.GenerateRequest, *, timeout_s: float) -> None:
        """Send a request without a prompt; its answer is one chunk, or several from a server that streams all the same.

        An error among them raises `ServerError`.
        """
        answer = await self._body("POST", "/api/generate", body=request, timeout_s=timeout_s)
        url = f"{self.base_url}/api/generate"
        for line in answer.split(b"\n", MOST_LINES)[:MOST_LINES]:
            chunk = _read(line, wire.Chunk, url) if line.strip() else wire.Chunk()
            if chunk.error is not None:
                raise ServerError(200, line_error(chunk.error))

    @asynccontextmanager
    async def generate(self, request: wire.GenerateRequest) -> AsyncIterator[ChunkStream]:
        """Send a streamed generation; leaving the context early cancels it on the server. Bound the time around it."""
        async with self._stream("/api/generate", request, wire.Chunk) as chunks:
            yield chunks

    @asynccontextmanager
    async def chat(self, request: wire.ChatRequest) -> AsyncIterator[ChunkStream]:
        """Send a conversation and stream the next message, as `generate` does with a prompt."""
        async with self._stream("/api/chat", request, wire.ChatChunk) as chunks:
            yield chunks

    @asynccontextmanager
    async def _stream(
        self, path: str, request: wire.GenerateRequest | wire.ChatRequest, kind: type[wire.Chunk]
    ) -> AsyncIterator[ChunkStream]:
        departure = _Departure()
        try:
            async with self._answered("POST", path, request, departure) as response:
                yield ChunkStream(response, self.base_url + path, departure.at_ns, self._bounds, kind)
        except (aiohttp.ClientError, OSError) as exc:
            raise _translated(exc, self.base_url + path, self._bounds) from exc

    async def _ask(  # noqa: PLR0913  # the request, what it is answered with, and two bounds
        self,
        method: str,
        path: str,
        answer_type: type[T],
        *,
        body: object = None,
        timeout_s: float,
        largest_bytes: int | None = None,
    ) -> T:
        answer = await self._body(method, path, body=body, timeout_s=timeout_s, largest_bytes=largest_bytes)
        return _read(answer, answer_type, self.base_url + path)

    async def _body(
        self, method: str, path: str, *, body: object = None, timeout_s: float, largest_bytes: int | None = None
    ) -> bytes:
        url = self.base_url + path
        if largest_bytes is None:
            largest_bytes = self._bounds.models_bytes if method == "GET" else self._bounds.answer_bytes
        try:
            async with AwakeTimeout(timeout_s), self._answered(method, path, body, _Departure()) as response:
                answer = await _read_bounded(response, largest_bytes)
        except TimeoutError as exc:
            raise TimedOutError(f"{url} gave no answer within {timeout_s:g} s; is the server overloaded?") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise _translated(exc, url, self._bounds) from exc
        if answer is None:
            raise ProtocolError(f"{url} sent more than {largest_bytes:,} bytes; the server is at fault")
        if method == "GET" and fields.has_too_many_parts(answer):
            raise ProtocolError(f"{url} lists more than any server has; the server is at fault")
        return answer

    @asynccontextmanager
    async def _answered(
        self, method: str, path: str, body: object, departure: _Departure
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and yield its answer, which is of status 200 and not compressed.

        A kept connection that ends before the first byte was closed while nobody looked: the request is sent again.
        """
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        while True:
            departure.reused = False
            departure.at_ns = time.perf_counter_ns()
            try:
                response = await self._session.request(
                    method,
                    self.base_url + path,
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    timeout=self._timeout,
                    trace_request_ctx=departure,
                )
                break
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not departure.reused:
                    raise
        if method == "GET":
            self._round_trips[path].append(time.perf_counter_ns() - departure.at_ns)
        async with response:
            if response.status != 200:
                said = await response.content.read(LARGEST_ERROR_BYTES)
                url = self.base_url + path
                raise refusal(response.status, response.headers, said, path=path, url=url, now_s=time.time())
            coding = response.headers.get("Content-Encoding", "identity").lower()
            if coding not in {"", "identity"}:
                raise ProtocolError(
                    f"{self.base_url}{path} answers compressed (Content-Encoding: {quoted(coding)}) though it was "
                    "asked not to; have the proxy in between pass answers on as they are"
                )
            yield response


def _read(answer: bytes, kind: type[T], url: str) -> T:
    try:
        return fields.read(answer, kind)
    except fields.UNREADABLE as exc:
        raise ProtocolError(f"{url} did not answer as Ollama does: it sent {quoted(answer)}") from exc


def _loaded(entry: msgspec.Raw) -> wire.Loaded:
    """Read an entry of /api/ps; one that cannot be read at all counts as a model without a name."""
    try:
        loaded = fields.read(entry, wire.Loaded)
        return msgspec.structs.replace(loaded, digest=wire.plain_digest(loaded.digest))
    except fields.UNREADABLE:
        return wire.Loaded()


async def _read_bounded(response: aiohttp.ClientResponse, largest_bytes: int) -> bytes | None:
    body = bytearray()
    async for data in response.content.iter_any():
        body += data
        if len(body) > largest_bytes:
            return None
    return bytes(body)


def _translated(exc: Exception, url: str, bounds: Bounds) -> OllamaError:
    shortage = shortage_of(exc)
    match exc:
        case OSError() if shortage is not None:
            return UnreachableError(f"{url} could not be asked: {shortage}")
        case aiohttp.ServerTimeoutError():
            return UnreachableError(
                f"{url} did not accept a connection within {bounds.connect_timeout_s:g} s; is it switched on?"
            )
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            return UnreachableError(f"{url} cannot be reached: {_why_unreachable(exc)}; is the server still running?")
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | OSError():
            return UnreachableError(f"{url} broke off the connection; did the server stop or run out of memory?")
        case aiohttp.ClientResponseError():
            return ProtocolError(f"{url} did not answer as an HTTP server does: {quoted(exc.message)}")
        case _:
            return ProtocolError(f"{url} did not answer as an HTTP server does: {quoted(str(exc))}")


def _why_unreachable(exc: aiohttp.ClientConnectorError | ConnectionRefusedError) -> str:
    """Say why a connection could not be made, in the system's words and without the library's."""
    match exc:
        case ConnectionRefusedError():
            return "connection refused"
        case aiohttp.ClientConnectorDNSError():
            return "its name has no address"
        case aiohttp.ClientConnectorError(os_error=OSError(errno=int(number))) if number > 0:
            return os.strerror(number).lower()
        case _:
            return str(exc)
