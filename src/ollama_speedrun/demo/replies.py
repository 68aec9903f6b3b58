"""How answers go out: whole or line by line, with Go's framing and Ollama's ways of failing half-way."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from aiohttp import hdrs, web

from . import bodies, golang
from .engine import EngineError, Finish, Piece, StreamCutError

Bodies: TypeAlias = bodies.GenerateBodies | bodies.ChatBodies

JSON: Final = "application/json; charset=utf-8"
NDJSON: Final = "application/x-ndjson"
_CHUNKED_FROM_BYTES: Final = 2048


@dataclass(frozen=True, slots=True)
class Clock:
    """When a request came, by `time.perf_counter_ns`, and how long it took until its model was there."""

    started_ns: int
    load_ns: int

    def times(self) -> dict[str, int]:
        """Return the two durations that the server measures itself, at the end of an answer."""
        return {"total_duration": time.perf_counter_ns() - self.started_ns, "load_duration": self.load_ns}


def runner_error(code: int, message: str, kind: str, **more: int) -> str:
    """Return the text of an error that llama-server raised: its own JSON, which Ollama passes on as a string."""
    return golang.encode_json({"error": {"code": code, "message": message, "type": kind, **more}}).decode()


async def stream(
    request: web.Request, pieces: AsyncIterator[Piece | Finish], answer: Bodies, clock: Clock
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


async def whole(
    request: web.Request, pieces: AsyncIterator[Piece | Finish], answer: Bodies, clock: Clock
) -> web.StreamResponse:
    """Send the only line of an answer that is not streamed; of one that was cut, what there is of it."""
    said: list[Piece] = []
    try:
        async for item in pieces:
            match item:
                case Piece():
                    said.append(item)
                case Finish():
                    return json_answer(request, answer.done(_joined(said), item, clock.times()))
    except StreamCutError as cut:
        if cut.abrupt:
            _break_off(request)
    return json_answer(request, answer.chunk(_joined(said)) or {})


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


def json_answer(request: web.Request, body: object, *, status: int = 200) -> web.StreamResponse:
    """Return a whole JSON answer. Like Go's server it states the length of small bodies only."""
    encoded = golang.encode_json(body)
    if len(encoded) >= _CHUNKED_FROM_BYTES and request.method == hdrs.METH_HEAD:
        return web.StreamResponse(status=status, headers={hdrs.CONTENT_TYPE: JSON})
    response = web.Response(body=encoded, status=status, headers={hdrs.CONTENT_TYPE: JSON})
    if len(encoded) >= _CHUNKED_FROM_BYTES:
        response.enable_chunked_encoding()
    return response
