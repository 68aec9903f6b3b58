"""The client against hostile and broken servers; a healthy one is met in the pipeline's tests."""

import asyncio
import contextlib
import errno
import gzip
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NoReturn

import aiohttp
import pytest

from fake_ollama.raw import Forever, Pause, Raw, Step, raw_server
from ollama_speedrun.errors import OllamaError, ProtocolError, ServerError, TimedOutError, UnreachableError
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import Bounds, OllamaClient, open_session
from ollama_speedrun.ollama.refusals import refusal

pytestmark = pytest.mark.virtual_time


def http(body: bytes, *, status: str = "200 OK", headers: str = "Content-Type: application/json\r\n") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def stream(*chunks: bytes, ended: bool = True) -> tuple[Step, ...]:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    framed = tuple(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return (head, *framed, *((b"0\r\n\r\n",) if ended else ()))


def line(**fields: object) -> bytes:
    return json.dumps({"model": "m", "response": "", "done": False, **fields}).encode() + b"\n"


@asynccontextmanager
async def client_of(*steps: Step, bounds: Bounds | None = None) -> AsyncIterator[OllamaClient]:
    async with raw_server(Raw({"*": steps})) as server, open_session() as session:
        yield OllamaClient(session, server.url, bounds)


async def chunks_of(client: OllamaClient) -> list[wire.Chunk]:
    async with client.generate(wire.GenerateRequest(model="m", prompt="p")) as chunks:
        stamps_and_chunks = [pair async for pair in chunks]
    stamps = [stamp for stamp, _ in stamps_and_chunks]
    assert stamps == sorted(stamps)
    assert chunks.sent_ns <= stamps[0] <= stamps[-1] <= chunks.ended_ns
    return [chunk for _, chunk in stamps_and_chunks]


Ask = Callable[[OllamaClient], Awaitable[object]]
ASKS: list[Ask] = [
    lambda client: client.tags(),
    lambda client: client.show("m"),
    lambda client: client.ps(),
    lambda client: client.unload("m"),
    chunks_of,
]


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ((http(b"<html>hello</html>"),), ProtocolError),
        ((http(b"\xff\xfe\x00"),), ProtocolError),
        ((http(b"[" * 100_000),), ProtocolError),
        ((http(b'"text"'),), ProtocolError),
        ((http(b'{"error":"model is required"}', status="400 Bad Request"),), ServerError),
        ((http(b'{"error":{"code":7}}', status="500 Oops"),), ServerError),
        ((http(b"\xff\xff not json", status="502 Bad Gateway"),), ServerError),
        ((http(b"", status="302 Found", headers="Location: http://127.0.0.1:1/elsewhere\r\n"),), ServerError),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), ProtocolError),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",), ProtocolError),
        ((b"",), UnreachableError),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",), UnreachableError),
    ],
)
async def test_whatever_a_server_sends_becomes_a_typed_error(
    ask: Ask, steps: tuple[Step, ...], error: type[OllamaError]
) -> None:
    async with client_of(*steps) as client:
        with pytest.raises(error) as caught:
            await ask(client)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("ask", ASKS)
async def test_a_port_that_refuses_is_unreachable(ask: Ask, unused_tcp_port: int) -> None:
    async with open_session() as session:
        with pytest.raises(UnreachableError, match="cannot be reached: connection refused;"):
            await ask(OllamaClient(session, f"http://127.0.0.1:{unused_tcp_port}"))


async def test_a_lack_of_open_files_blames_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async with open_session() as session:
        client = OllamaClient(session, "http://127.0.0.1:1")
        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", refused)
        with pytest.raises(UnreachableError) as caught:
            await client.version()
    assert str(caught.value) == (
        "http://127.0.0.1:1/api/version could not be asked: too many files are open at once; `ulimit -n 1024` before "
        "the command allows more"
    )


async def test_a_server_that_never_answers_runs_into_the_time_bound() -> None:
    async with client_of(Pause(), bounds=Bounds(short_timeout_s=0.1)) as client:
        with pytest.raises(TimedOutError, match=r"/api/ps gave no answer within 0.1 s"):
            await client.ps()


async def test_an_odd_entry_among_the_loaded_models_hides_neither_itself_nor_the_others() -> None:
    odd = {"name": "odd:1b", "digest": "ff", "size": "12", "expires_at": 5, "context_length": 10**400}
    body = json.dumps({"models": [odd, 7, {"name": "m:1b", "context_length": 8192}]}).encode()
    async with client_of(http(body)) as client:
        assert await client.ps() == (
            wire.Loaded("odd:1b", "ff"),
            wire.Loaded(),
            wire.Loaded("m:1b", context_length=8192),
        )


async def test_a_listing_without_end_is_cut_off() -> None:
    async with client_of(
        b"HTTP/1.1 200 OK\r\n\r\n", Forever(b" " * 65536), bounds=Bounds(models_bytes=1_000_000)
    ) as client:
        with pytest.raises(ProtocolError, match="more than 1,000,000 bytes"):
            await client.tags()


async def test_a_line_without_end_is_cut_off() -> None:
    async with client_of(
        b"HTTP/1.1 200 OK\r\n\r\n", Forever(b"x" * 65536), bounds=Bounds(line_bytes=1_000_000)
    ) as client:
        with pytest.raises(ProtocolError, match="more than any answer holds"):
            await chunks_of(client)


async def test_a_long_error_text_is_shortened() -> None:
    body = json.dumps({"error": "x" * 5000}).encode()
    async with client_of(http(body, status="500 Oops")) as client:
        with pytest.raises(ServerError) as caught:
            await client.ps()
    assert (caught.value.status, len(caught.value.text)) == (500, 500)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("plain", "plain"),
        ({"code": 400, "message": "too long"}, "too long"),
        ('{"error":{"code":400,"message":"too long"}}', "too long"),
        ("{no json", "{no json"),
        ({"code": 400}, '{"code":400}'),
    ],
)
async def test_the_words_of_an_error_are_found_in_whatever_the_server_wraps_them(error: object, text: str) -> None:
    async with client_of(http(json.dumps({"error": error}).encode(), status="400 Bad")) as client:
        with pytest.raises(ServerError) as caught:
            await client.ps()
    assert caught.value.text == text


async def test_lines_are_put_together_however_the_network_cuts_them() -> None:
    whole = line(response="A") + line(response="B") + line(done=True, done_reason="stop", eval_count=2)
    for size in (1, 7, 64, len(whole)):
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        async with client_of(*stream(*pieces)) as client:
            chunks = await chunks_of(client)
        assert [chunk.response for chunk in chunks] == ["A", "B", ""]
        assert (chunks[-1].done, chunks[-1].eval_count) == (True, 2)


async def test_a_last_line_without_newline_counts() -> None:
    async with client_of(*stream(line(response="A"), line(done=True).rstrip())) as client:
        assert [chunk.done for chunk in await chunks_of(client)] == [False, True]


async def test_the_first_done_line_ends_the_stream_even_if_the_server_goes_on_or_keeps_it_open() -> None:
    more = line(response="B") + line(done=True, eval_count=99_999)
    async with client_of(*stream(line(response="A") + line(done=True, eval_count=1) + more, ended=False)) as client:
        assert [(chunk.response, chunk.eval_count) for chunk in await chunks_of(client)] == [("A", None), ("", 1)]


async def test_numbers_that_cannot_be_meant_are_absent() -> None:
    figures = {"eval_count": 10**300, "eval_duration": -5, "load_duration": 7}
    async with client_of(*stream(line(done=True, done_reason="x" * 1_500_000, **figures))) as client:
        (done,) = await chunks_of(client)
    assert (done.eval_count, done.eval_duration, done.load_duration) == (None, None, 7)
    assert done.done_reason == "x" * 40


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 1500 00:00:00 GMT", "Fri", "", "x" * 500]
)
async def test_a_clock_that_cannot_be_meant_counts_as_right(date: str) -> None:
    async with client_of(http(b"{}", headers=f"Date: {date}\r\n")) as client:
        assert await client.clock_offset_s() == 0


async def test_an_error_line_in_the_stream_is_an_error() -> None:
    async with client_of(*stream(line(response="A"), b'{"error":"unexpected EOF"}\n')) as client:
        with pytest.raises(ServerError, match="unexpected EOF"):
            await chunks_of(client)


async def test_a_connection_that_breaks_in_the_stream_is_an_error() -> None:
    async with client_of(*stream(line(response="A"), ended=False)) as client:
        with pytest.raises(UnreachableError, match="broke off"):
            await chunks_of(client)


async def test_a_line_that_only_says_that_the_model_was_loaded_ends_nothing() -> None:
    loaded = line(done=True, done_reason="load")
    async with client_of(*stream(loaded, line(response="A"), line(done=True, eval_count=1))) as client:
        assert [(chunk.response, chunk.done_reason) for chunk in await chunks_of(client)] == [("A", None), ("", None)]
    async with client_of(*stream(loaded)) as client:
        assert [chunk.done_reason for chunk in await chunks_of(client)] == ["load"]


async def test_server_sent_events_are_named_and_quoted_and_their_comments_passed_over() -> None:
    async with client_of(*stream(b": ping\n", b'data: {"model":"m\x1b[31m"}\n')) as client:
        with pytest.raises(ProtocolError) as caught:
            await chunks_of(client)
    assert 'sent server-sent events ("data: {"model":"m [31m"}") and not one JSON object a line' in str(caught.value)


async def test_a_line_that_is_no_chunk_is_quoted_at_its_beginning() -> None:
    async with client_of(*stream(b"<html>" + b"x" * 1000 + b"\n")) as client:
        with pytest.raises(ProtocolError, match=r'sent a line that is no chunk of a generation: "<html>x{73}…"$'):
            await chunks_of(client)


@pytest.mark.parametrize("ask", ASKS)
async def test_an_answer_that_is_compressed_is_said_to_be(ask: Ask) -> None:
    packed = http(gzip.compress(b"{}"), headers="Content-Encoding: gzip\r\n")
    async with client_of(packed) as client:
        with pytest.raises(ProtocolError, match=r'compressed \(Content-Encoding: "gzip"\) though it was asked not to'):
            await ask(client)


PAGE = b"<!DOCTYPE html>\n<html><head>\n<title>ai.example.org |\n 524: A &quot;timeout&quot;</title>" + b"<p>" * 5000


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            http(PAGE, status="524 X", headers="Content-Type: text/html\r\n"),
            'HTTP 524 (a web page: "ai.example.org | 524: A "timeout""); a proxy gave up waiting',
        ),
        (http(b"<html></html>", status="502 X"), "HTTP 502 (a web page); a proxy could not reach the server"),
        (http(b"no\x07body", status="504 X", headers=""), 'HTTP 504 ("no body"); a proxy gave up waiting'),
        (http(b"", status="500 X"), "HTTP 500 (an empty body)"),
        (
            http(b"", status="401 X"),
            "HTTP 401 (an empty body); where it wants a token, give it one with token=… in a hosts file",
        ),
        (
            http(b'{"error":"Unauthorized"}', status="401 X"),
            "HTTP 401: Unauthorized; where it wants a token, give it one with token=… in a hosts file",
        ),
        (
            http(b"moved", status="301 X", headers="Location: https://ai.example.org/api/ps\r\n"),
            (
                "HTTP 301: it redirects to https://ai.example.org/api/ps, which is not followed; give that address up "
                "to /api instead"
            ),
        ),
        (
            http(b"", status="302 X", headers="Location: /login?next=/\r\n"),
            (
                "HTTP 302: it redirects to /login?next=/, which is not followed; give the address of the Ollama server "
                "behind it"
            ),
        ),
        (
            http(b"", status="307 X", headers="Location: http://[::1/api/ps\r\n"),
            (
                "HTTP 307: it redirects to http://[::1/api/ps, which is not followed; give that address up to /api "
                "instead"
            ),
        ),
        (
            http(b"", status="308 X", headers="Location: /api/ps\r\n"),
            (
                "HTTP 308: it redirects to /api/ps, which is what was asked; the server, or a proxy in front of it, is "
                "at fault"
            ),
        ),
        (
            http(b"", status="302 X"),
            "HTTP 302: it redirects without saying where; give the address of the server behind it",
        ),
        (http(b'{"error":"boom"}', status="500 X"), "boom (HTTP 500)"),
        (http(b'{"detail":"rate limit"}', status="429 X"), "rate limit (HTTP 429)"),
        (http(b'{"message":"no upstream","error":null}', status="500 X"), "no upstream (HTTP 500)"),
        (http(b'{"detail":["a",{"b":1}]}', status="422 X"), '["a",{"b":1}] (HTTP 422)'),
        (
            http(b"404 page not found", status="404 X", headers="Content-Type: text/plain\r\n"),
            'HTTP 404 for /api/ps ("404 page not found"); this server, or a proxy in front of it, does not offer it',
        ),
        (
            http(b'{"error":"not found"}', status="404 X"),
            'HTTP 404 for /api/ps ("not found"); this server, or a proxy in front of it, does not offer it',
        ),
        (
            http(b"", status="405 X"),
            "HTTP 405 for /api/ps (an empty body); this server, or a proxy in front of it, does not offer it",
        ),
        (http(b'{"error":"model \\"a\\" not found"}', status="404 X"), 'model "a" not found (HTTP 404)'),
    ],
)
async def test_a_refusal_says_its_status_first_and_what_came_with_it(answer: bytes, message: str) -> None:
    async with client_of(answer) as client:
        with pytest.raises(ServerError) as caught:
            await client.ps()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("header", "pause_s"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_the_pause_that_a_server_asks_for_is_a_number_or_a_date(header: str, pause_s: float | None) -> None:
    noon_s = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
    refused = refusal(429, {"Retry-After": header}, b'{"error":"slow down"}', now_s=noon_s)
    assert (refused.retry_after_s, refused.text) == (pause_s, "slow down")


async def test_a_kept_connection_that_ends_before_the_first_byte_is_given_up_for_a_new_one() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer once, and end the connection when the next request has come."""
        nonlocal connections
        connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError), contextlib.closing(writer):
            for is_answered in (True, False):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                if (length := re.search(r"Content-Length: (\d+)", head)) is not None:
                    await reader.readexactly(int(length[1]))
                if is_answered:
                    writer.write(http(line(response="A") + line(done=True)) if "generate" in head else http(b"{}"))
                    await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_session() as session:
        client = OllamaClient(session, url)
        assert await client.ps() == ()
        assert [chunk.response for chunk in await chunks_of(client)] == ["A", ""]
        assert await client.ps() == ()
    assert connections == 3


async def test_more_loaded_models_than_any_server_has_are_an_error_and_not_read_one_by_one() -> None:
    flood = http(b'{"models":[' + b",".join([b"{}"] * 1_000_000) + b"]}")
    many = http(b'{"models":[' + b",".join([b"{}"] * 1001) + b"]}")
    for body in (flood, many):
        async with client_of(body) as client:
            with pytest.raises(ProtocolError, match=r"more than any server has|lists 1,001 loaded models"):
                await client.ps()


async def test_a_server_that_streams_though_it_was_told_not_to_can_load_and_unload() -> None:
    async with client_of(http(line(response=None) + b"\n" + line(done=True, done_reason="load"))) as client:
        await client.unload("m:1b")
        await client.load("m:1b", num_ctx=None, keep_alive_s=5, timeout_s=1)
    async with client_of(http(line(response="") + b'{"error":"out of memory"}')) as client:
        with pytest.raises(ServerError, match="out of memory"):
            await client.load("m:1b", num_ctx=None, keep_alive_s=5, timeout_s=1)


async def test_leaving_a_stream_early_closes_its_connection() -> None:
    seen = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(step for step in stream(line(response="A"), ended=False) if isinstance(step, bytes))
        await writer.drain()
        while await reader.read(1024):
            pass
        seen.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_session() as session:
        async with OllamaClient(session, url).generate(wire.GenerateRequest(model="m")) as chunks:
            async for _ in chunks:
                break
        await asyncio.wait_for(seen.wait(), timeout=5)


async def test_requests_say_who_asks_and_follow_the_wire_format() -> None:
    async with raw_server(Raw({"*": (http(b'{"done":true,"done_reason":"unload"}'),)})) as server:
        async with open_session() as session:
            await OllamaClient(session, server.url).unload("m:1b")
        assert server.requests[0].startswith("POST /api/generate HTTP/1.1\r\n")
        assert "User-Agent: ollama-speedrun/" in server.requests[0]
        assert "Origin" not in server.requests[0]
        assert "Authorization" not in server.requests[0]


async def test_connecting_is_over_when_a_request_counts_as_sent() -> None:
    async def dawdle(*_: object) -> None:
        await asyncio.sleep(0.2)

    slow = aiohttp.TraceConfig()
    slow.on_connection_create_end.append(dawdle)
    slow.freeze()
    answer = http(line(response="a") + line(done=True))
    async with raw_server(Raw({"*": (answer,)})) as server, open_session() as session:
        session.trace_configs.append(slow)
        async with OllamaClient(session, server.url).generate(wire.GenerateRequest(model="m", prompt="p")) as chunks:
            stamps = [stamp async for stamp, _ in chunks]
    assert 0 < stamps[0] - chunks.sent_ns < 200_000_000
