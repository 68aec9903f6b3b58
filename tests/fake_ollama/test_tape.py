import asyncio
import json
import sys
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import msgspec
import pytest

from fake_ollama import Exchange, FakeHost, FleetScript, HostScript, ModelScript
from fake_ollama.clock import shifted
from fake_ollama.fleet import fake_host

MODEL = ModelScript("a:1b", answer="one two three", decode_tps=200, prefill_tps=1000)


async def generate(url: str, prompt: str = "Hello", **more: object) -> list[tuple[int, dict[str, object]]]:
    """Return the lines of an answer, each with the moment at which it was read."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/api/generate", json={"model": "a:1b", "prompt": prompt, **more}) as answer,
    ):
        return [(time.perf_counter_ns(), json.loads(line)) async for line in answer.content]


async def eval_durations(host: FakeHost, count: int) -> list[object]:
    return [(await generate(host.url))[-1][1]["eval_duration"] for _ in range(count)]


@pytest.mark.parametrize("segment_bytes", [None, 7])
async def test_a_tape_holds_each_line_with_the_moment_at_which_it_went_out(segment_bytes: int | None) -> None:
    script = HostScript(models=(MODEL,), is_taped=True, segment_bytes=segment_bytes)
    async with fake_host(script) as host:
        asked_ns = time.perf_counter_ns()
        heard = await generate(host.url)
        (exchange,) = host.tape
    lines = exchange.lines()
    assert (exchange.path, exchange.body["prompt"]) == ("/api/generate", "Hello")
    assert [line for _, line in lines] == [line for _, line in heard]
    sent_ns = [at_ns for at_ns, _ in lines]
    assert asked_ns < exchange.arrived_ns < sent_ns[0]
    assert sent_ns == sorted(sent_ns)
    assert all(sent < read for sent, (read, _) in zip(sent_ns, heard, strict=True))


async def test_each_request_of_a_connection_is_an_exchange_of_its_own() -> None:
    async with fake_host(HostScript(models=(MODEL,), is_taped=True)) as host, aiohttp.ClientSession() as session:
        for path in ("/api/version", "/api/ps"):
            async with session.get(host.url + path) as answer:
                await answer.read()
        assert [(exchange.path, exchange.lines()) for exchange in host.tape] == [("/api/version", []), ("/api/ps", [])]


async def test_a_host_that_is_not_taped_keeps_nothing() -> None:
    async with fake_host(HostScript(models=(MODEL,), segment_bytes=50)) as host:
        await generate(host.url)
        assert host.tape == []


async def test_a_process_writes_its_tapes_when_it_ends(tmp_path: Path) -> None:
    script, tape = tmp_path / "fleet.json", tmp_path / "tape.json"
    script.write_bytes(msgspec.json.encode(FleetScript(hosts=(HostScript(models=(MODEL,), is_taped=True),))))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fake_ollama", "--script", str(script), "--tape", str(tape)),
        cwd=Path(__file__).parents[1],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    (url,) = json.loads(await process.stdout.readline())["urls"]
    heard = await generate(url)
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 10) == 0
    ((exchange,),) = msgspec.json.decode(tape.read_bytes(), type=list[list[Exchange]])
    assert [line for _, line in exchange.lines()] == [line for _, line in heard]


async def test_a_wrong_clock_is_wrong_wherever_the_time_is_told() -> None:
    script = HostScript(models=(MODEL,), preloaded=("a:1b",), keep_alive_s=600, clock_offset_s=-18_000)
    async with fake_host(script) as host, aiohttp.ClientSession() as session:
        created_at = (await generate(host.url))[0][1]["created_at"]
        async with session.get(f"{host.url}/api/ps") as answer:
            expires_at = (await answer.json())["models"][0]["expires_at"]
            date = parsedate_to_datetime(answer.headers["Date"])
    assert isinstance(created_at, str)
    late_s = [moment.timestamp() - time.time() for moment in (datetime.fromisoformat(created_at), date)]
    assert late_s == pytest.approx([-18_000, -18_000], abs=5)
    assert datetime.fromisoformat(expires_at).timestamp() - time.time() == pytest.approx(600 - 18_000, abs=5)


def test_moving_the_time_leaves_everything_else_and_the_length() -> None:
    answer = b'Date: Sat, 22 Aug 2026 23:30:00 GMT\r\n\r\n{"created_at":"2026-08-22T23:30:00.412907311Z","n":20260822}'
    moved = b'Date: Sun, 23 Aug 2026 00:30:00 GMT\r\n\r\n{"created_at":"2026-08-23T00:30:00.412907311Z","n":20260822}'
    assert shifted(answer, 3600) == moved


async def test_a_hot_host_is_slower() -> None:
    script = HostScript(models=(MODEL,), throttled_after=2, throttled_to=0.5)
    async with fake_host(script) as host:
        assert await eval_durations(host, 3) == [15_000_000, 15_000_000, 30_000_000]


async def test_an_old_server_cuts_a_long_prompt_whatever_it_is_told() -> None:
    prompt = "word " * 200
    for knows, counts in ((True, [None]), (False, [34])):
        async with fake_host(HostScript(models=(MODEL,), knows_truncate=knows)) as host:
            heard = await generate(host.url, prompt, truncate=False, options={"num_ctx": 64})
        assert [line.get("prompt_eval_count") for _, line in heard] == counts
