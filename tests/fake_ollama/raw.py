"""Servers that are not Ollama: scripted bytes for hostile and broken ones, and the known look-alikes."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait; None is forever."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Forever:
    """Send the same bytes again and again, with a pause in between, until the client goes away."""

    data: bytes
    every_s: float = 0.0


Step: TypeAlias = bytes | Pause | Forever
Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """What to send for each path ("*": any other); after the last step the connection closes."""

    answers: Mapping[str, Steps]
    speaks_first: bool = False
    """Send the answer for "*" without waiting for a request."""


@dataclass(slots=True)
class RawServer:
    """A running raw server, and the head of every request that it got."""

    url: str
    requests: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])


@asynccontextmanager
async def raw_server(
    script: Raw, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Run a raw server until the block ends; with `tls` it speaks https."""
    handlers: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await _serve(script, running, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            handlers.discard(task)
            writer.transport.abort() if task.cancelling() else writer.close()

    server = await asyncio.start_server(connect, address, port, ssl=tls)
    bound, bound_port = server.sockets[0].getsockname()[:2]
    authority = f"[{bound}]:{bound_port}" if ":" in bound else f"{bound}:{bound_port}"
    running = RawServer(f"{'http' if tls is None else 'https'}://{authority}")
    try:
        yield running
    finally:
        server.close()
        for task in list(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


async def _serve(script: Raw, running: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    path = "*"
    if not script.speaks_first:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        running.requests.append(head)
        path = head.split(" ", 2)[1]
    for step in script.answers.get(path, script.answers.get("*", (http(404, b"404 page not found", "text/plain"),))):
        match step:
            case bytes():
                writer.write(step)
            case Pause(None):
                await reader.read()
                return
            case Pause(float() | int() as seconds):
                await asyncio.sleep(seconds)
            case Forever():
                while not writer.is_closing():
                    writer.write(step.data)
                    await writer.drain()
                    await asyncio.sleep(step.every_s)
        await writer.drain()


def http(
    status: int, body: bytes, content_type: str = "application/json", headers: Sequence[tuple[str, str]] = ()
) -> bytes:
    """Return a whole HTTP answer that closes its connection."""
    fields = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("Connection", "close"), *headers]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + body


def answers(paths: Mapping[str, object], *, server: str | None = None) -> Raw:
    """Return a server that answers JSON values (or texts, as plain text) on some paths, and 404 elsewhere."""
    headers = (("Server", server),) if server is not None else ()
    made = {
        path: (
            http(200, value.encode(), "text/plain; charset=utf-8", headers)
            if isinstance(value, str)
            else http(200, json.dumps(value).encode(), headers=headers),
        )
        for path, value in paths.items()
    }
    return Raw({**made, "*": (http(404, b'{"error":"not found"}', headers=headers),)})


_ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"

TARPIT = Raw({"*": (Pause(),)})
"""Accepts and never answers."""
SILENT_BODY = Raw({"*": (_ENDLESS_HEAD, Pause())})
"""Sends its headers and never a body."""
ENDLESS_BODY = Raw({"*": (_ENDLESS_HEAD + b'{"models":[', Forever(b" " * 65536))})
"""A body without end, as fast as it is read."""
SLOW_DRIP = Raw({"*": (_ENDLESS_HEAD, Forever(b" ", every_s=0.05))})
"""One byte at a time, forever."""
HUGE_HEADERS = Raw({"*": (b"HTTP/1.1 200 OK\r\n", Forever(b"X-Filler: " + b"a" * 8000 + b"\r\n"))})
"""Headers without end."""
WRONG_TYPE = Raw({"*": (http(200, b"<html><body>It works!</body></html>", "text/html"),)})
"""A web page on every path."""
NOT_HTTP = Raw({"*": (b"SSH-2.0-OpenSSH_9.6\r\n", Pause())}, speaks_first=True)
"""Another protocol, which speaks first."""
INVALID_UTF8 = Raw({"*": (http(200, b'{"models":[{"name":"\xff\xfe"}]}'),)})
"""JSON with bytes that are no UTF-8."""
EMPTY_ANSWER = Raw({"*": ()})
"""Closes at once."""
TRUNCATED = Raw({"*": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",)})
"""Fewer bytes than promised."""


def redirect(location: str) -> Raw:
    """Return a server that sends every request elsewhere."""
    return Raw({"*": (http(302, b"", "text/plain", (("Location", location),)),)})


def _model(name: str, **changes: object) -> dict[str, object]:
    details = {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "8.0B",
        "quantization_level": "Q4_K_M",
    }
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-08-22T11:15:03Z",
        "size": 0,
        "digest": "",
        "details": details,
        **changes,
    }


LOOK_ALIKES: Mapping[str, Raw] = {
    "llama.cpp": answers(
        {
            "/": "llama.cpp",
            "/api/tags": {
                "models": [_model("qwen3-8b.gguf", size="")],
                "object": "list",
                "data": [{"id": "qwen3-8b.gguf", "object": "model", "owned_by": "llamacpp"}],
            },
        },
        server="llama.cpp",
    ),
    "LocalAI": answers(
        {
            "/": "Ollama is running",
            "/api/version": {"version": "0.9.0"},
            "/api/tags": {"models": [_model("gpt-4:latest", digest="sha256:" + "a1" * 32)]},
            "/api/ps": {"models": [_model("gpt-4:latest", digest="sha256:" + "a1" * 32)]},
        }
    ),
    "Docker Model Runner": answers(
        {
            "/": "Ollama is running",
            "/api/version": {"version": "0.1.0"},
            "/api/tags": {"models": [_model("ai/smollm2:latest", digest="b2" * 32)]},
            "/api/ps": {"models": []},
        }
    ),
    "Lemonade": answers(
        {
            "/": "Ollama is running",
            "/api/version": {"version": "0.16.1"},
            "/api/tags": {"models": [_model("Qwen3-4B-GGUF:latest", size=2_500_000_000, digest="0" * 64)]},
            "/api/ps": {
                "models": [
                    _model("Qwen3-4B-GGUF:latest", digest="0" * 64, expires_at="2099-01-01T00:00:00Z", size_vram=0)
                ]
            },
        }
    ),
    "KoboldCpp": answers(
        {
            "/": "Ollama is running",
            "/api/version": {"version": "0.7.0"},
            "/api/tags": {"models": [_model("koboldcpp", digest="c3" * 32, size=394998579)]},
            "/api/ps": {"models": [_model("koboldcpp", digest="c3" * 32)]},
        },
        server="ConcedoLlamaForKoboldServer",
    ),
    "rkllama": answers(
        {
            "/": "Welcome to RKLLama with Ollama API compatibility!",
            "/api/version": {"version": "0.0.52"},
            "/api/tags": {"models": [_model("qwen2.5:3b", size=3_400_000_000, digest="")]},
            "/api/ps": {"models": []},
        }
    ),
    "LM Studio": Raw(
        {"*": (http(200, b'{"error":"Unexpected endpoint or method. (GET /api/tags)"}', "application/json"),)}
    ),
    "Open WebUI": Raw(
        {
            "/": (http(200, b"<!doctype html><title>Open WebUI</title>", "text/html; charset=utf-8"),),
            "/ollama/api/tags": (http(401, b'{"detail":"Not authenticated"}'),),
            "/api/version": (http(200, b'{"version":"0.6.5","deployment_id":""}'),),
            "*": (http(401, b'{"detail":"Not authenticated"}'),),
        }
    ),
}
"""Servers that speak some of Ollama's API, by name; each as far as it is told apart from Ollama."""
