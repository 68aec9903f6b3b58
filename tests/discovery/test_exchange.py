import asyncio
import socket
import time
import tracemalloc
from functools import partial

import pytest

from fake_ollama import raw
from fake_ollama.fleet import fake_host
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun import __version__
from ollama_speedrun.discovery.exchange import Exchange, interview
from ollama_speedrun.discovery.recognise import ROOT, TAGS, VERSION, refuses_host_header
from ollama_speedrun.discovery.types import ServerTarget

pytestmark = pytest.mark.virtual_time


async def dial(port: int) -> socket.socket:
    stream = socket.socket()
    stream.setblocking(False)
    await asyncio.get_running_loop().sock_connect(stream, ("127.0.0.1", port))
    return stream


async def ask(port: int, *, timeout_s: float = 2.0, host_header: str | None = None) -> Exchange:
    with await dial(port) as first:
        return await interview(
            ServerTarget(host="127.0.0.1", port=port),
            partial(dial, port),
            first=first,
            timeout_s=timeout_s,
            host_header=host_header,
        )


async def test_a_server_is_asked_its_three_questions_with_the_projects_name_and_nothing_secret() -> None:
    async with fake_host(HostScript(models=(ModelScript("fake:1b"),))) as host:
        exchange = await ask(host.port)
    assert exchange.failure is None
    assert {path: answer.status for path, answer in exchange.answers.items()} == {TAGS: 200, VERSION: 200, ROOT: 200}
    assert exchange.answers[ROOT].body == b"Ollama is running"
    assert {record.path for record in host.requests} == {TAGS, VERSION, ROOT}
    for record in host.requests:
        headers = {name.lower(): value for name, value in record.headers.items()}
        assert headers.pop("connection") in {"keep-alive", "close"}
        assert headers == {
            "host": f"127.0.0.1:{host.port}",
            "user-agent": f"ollama-speedrun/{__version__}",
            "accept": "*/*",
            "accept-encoding": "identity",
        }


async def test_a_long_list_of_models_comes_whole_through_chunks_and_cut_segments() -> None:
    models = tuple(ModelScript(f"model-{number}:latest") for number in range(60))
    async with fake_host(HostScript(models=models, segment_bytes=700)) as host:
        exchange = await ask(host.port)
    assert exchange.failure is None
    assert exchange.answers[TAGS].body.count(b'"digest"') == 60


async def test_a_slow_server_is_asked_side_by_side_and_not_one_question_after_the_other() -> None:
    async with fake_host(HostScript(latency_s=0.6)) as host:
        began_s = time.monotonic()
        exchange = await ask(host.port, timeout_s=5)
    assert exchange.failure is None
    assert time.monotonic() - began_s < 1.75


async def test_a_server_that_closes_after_each_answer_is_asked_anew() -> None:
    async with raw.raw_server(raw.LOOK_ALIKES["Lemonade"]) as server:
        exchange = await ask(server.port)
    assert exchange.failure is None
    assert {path: answer.status for path, answer in exchange.answers.items()} == {TAGS: 200, VERSION: 200, ROOT: 200}


async def test_a_foreign_host_header_is_told_from_a_local_one() -> None:
    async with fake_host(HostScript()) as host:
        foreign = await ask(host.port, host_header="ollama.example.org")
        local = await ask(host.port, host_header="localhost")
    assert refuses_host_header(foreign.answers)
    assert local.answers[TAGS].status == 200


SLOW = {"tarpit": raw.TARPIT, "silent body": raw.SILENT_BODY, "slow drip": raw.SLOW_DRIP}


@pytest.mark.parametrize("name", SLOW)
async def test_a_server_that_never_ends_gets_its_time_and_no_more(name: str) -> None:
    async with raw.raw_server(SLOW[name]) as server:
        began_s = time.monotonic()
        exchange = await ask(server.port, timeout_s=0.4)
        took_s = time.monotonic() - began_s
    assert exchange == Exchange(
        {}, "accepts, but gives no complete answer within 0.4 s; raise --connect-timeout to wait longer"
    )
    assert 0.4 <= took_s < 2.0


HOSTILE = {
    "another protocol": (raw.NOT_HTTP, "does not speak HTTP (it says 'SSH-2.0-OpenSSH_9.6')"),
    "headers without end": (raw.HUGE_HEADERS, "answers with headers larger than any web server's"),
    "one header without end": (
        raw.Raw({"*": (b"HTTP/1.1 200 OK\r\nX: ", raw.Forever(b"a" * 9000))}),
        "answers with headers larger than any web server's",
    ),
    "no answer": (raw.EMPTY_ANSWER, "closes the connection without a complete answer"),
    "half an answer": (raw.TRUNCATED, "closes the connection without a complete answer"),
    "a length that is none": (
        raw.Raw({"*": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",)}),
        "does not keep to HTTP (a length that is no number)",
    ),
    "a chunk's length that is none": (
        raw.Raw({"*": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",)}),
        "does not keep to HTTP (a length that is no number)",
    ),
    "a promise of far too much": (
        raw.Raw({"*": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",)}),
        "sends more than ",
    ),
    "chunks of far too much": (
        raw.Raw({"*": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",)}),
        "sends more than ",
    ),
    "TLS": (raw.Raw({"*": (b"\x15\x03\x01\x00\x02\x02\x16\n",)}), "does not speak HTTP"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_server_that_breaks_the_rules_is_named_at_once(name: str) -> None:
    script, reason = HOSTILE[name]
    async with raw.raw_server(script) as server:
        began_s = time.monotonic()
        exchange = await ask(server.port, timeout_s=5)
    assert exchange.answers == {}
    assert exchange.failure is not None
    assert exchange.failure.startswith(reason)
    assert time.monotonic() - began_s < 3.0


async def test_a_body_without_end_is_cut_off_within_bounded_memory() -> None:
    async with raw.raw_server(raw.ENDLESS_BODY) as server:
        tracemalloc.start()
        try:
            exchange = await ask(server.port)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert exchange.answers == {}
    assert exchange.failure is not None
    assert exchange.failure.startswith("sends more than ")
    assert peak_bytes < 16 << 20


async def test_a_redirect_is_not_followed() -> None:
    async with raw.raw_server(raw.WRONG_TYPE) as goal, raw.raw_server(raw.redirect(f"{goal.url}/api/tags")) as server:
        exchange = await ask(server.port)
    assert exchange.answers[TAGS].status == 302
    assert goal.requests == []
