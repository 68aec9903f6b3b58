"""The whole fleet in its own process: what it offers, how much it takes, and that nothing of it stays behind."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import textwrap
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import ollama
import psutil
import pytest

from demo.support import GREEDY, is_running
from ollama_speedrun.demo.fleet import demo_fleet, serve_fleet
from ollama_speedrun.errors import DemoError
from terminal_signals import as_in_a_terminal

pytestmark = pytest.mark.demo

RESIDENT_LIMIT_BYTES = 1_500_000_000

# A parent that serves the fleet, has a model loaded by it, and generates forever.
BUSY_PARENT = textwrap.dedent("""
    import asyncio, json, sys, urllib.request
    from ollama_speedrun.demo.fleet import demo_fleet

    def ask(url, body):
        request = urllib.request.Request(url, json.dumps(body).encode())
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)

    async def main():
        async with demo_fleet() as urls:
            options = {"num_predict": 100_000, "temperature": 1}
            body = {"model": "smollm2:135m-instruct-q4_1", "prompt": "Tell a story.", "options": options}
            answer = await asyncio.to_thread(ask, urls[0] + "/api/generate", body)
            await asyncio.to_thread(answer.readline)
            print(json.dumps(urls), flush=True)
            await asyncio.sleep(3600)

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
""")


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


async def gone(processes: Sequence[psutil.Process]) -> bool:
    """Whether they all end by themselves, in good time even where a busy machine makes each step slow."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(120):
            while any(is_running(process) for process in processes):  # noqa: ASYNC110 - not ours to be told of
                await asyncio.sleep(0.05)
    return not any(is_running(process) for process in processes)


@contextlib.asynccontextmanager
async def busy_parent() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BUSY_PARENT), stdout=asyncio.subprocess.PIPE, preexec_fn=as_in_a_terminal
    )
    try:
        assert process.stdout is not None
        assert len(json.loads(await process.stdout.readline())) == 3
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_the_fleet_offers_distinct_models_of_both_kinds_and_stays_small_with_all_hosts_loaded() -> None:
    kinds: list[str] = []
    digests: set[str] = set()
    async with demo_fleet() as urls:
        for url in urls:
            client = ollama.AsyncClient(url, trust_env=False)
            models = (await client.list()).models
            for model in models:
                kinds += (await client.show(model.model or "")).capabilities or []
                digests.add(model.digest or "")
            [largest, *_] = sorted(models, key=lambda model: -(model.size or 0))
            answer = await client.generate(largest.model or "", "Name three colours.", options=GREEDY)
            assert answer.response == "1. Red\n2. Blue\n3. Green"
            await client._client.aclose()
        resident_bytes = sum(process.memory_info().rss for process in family(os.getpid()))
    assert (len(urls), len(set(urls))) == (3, 3)
    assert sorted(kinds) == ["completion"] * 5 + ["embedding"]
    assert len(digests) == 6
    assert resident_bytes < RESIDENT_LIMIT_BYTES


async def test_a_second_fleet_takes_free_ports_when_the_usual_are_taken() -> None:
    async with demo_fleet() as first, demo_fleet() as second:
        assert len({*first, *second}) == 6
        for url in second:
            client = ollama.AsyncClient(url, trust_env=False)
            assert len((await client.list()).models) == 2
            await client._client.aclose()


async def test_leaving_the_fleet_ends_its_processes_and_frees_its_ports() -> None:
    async with demo_fleet() as urls:
        members = family(os.getpid())[1:]
        assert any("ollama_speedrun.demo" in member.cmdline() for member in members)
    assert not any(is_running(member) for member in members)
    for url in urls:
        with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
            pass


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_no_process_outlives_a_parent_that_is_ended_while_a_model_generates(how: signal.Signals) -> None:
    async with busy_parent() as parent:
        members = family(parent.pid)
        assert len(members) == 3
        parent.send_signal(how)
        assert await gone(members)


async def test_serving_goes_on_until_cancelled() -> None:
    served: list[tuple[str, ...]] = []
    ready = asyncio.Event()

    def note(urls: tuple[str, ...]) -> None:
        served.append(urls)
        ready.set()

    serving = asyncio.create_task(serve_fleet(note))
    await ready.wait()
    members = family(os.getpid())[1:]
    serving.cancel()
    await asyncio.wait([serving])
    assert (serving.cancelled(), len(served), len(served[0])) == (True, 1, 3)
    assert not any(is_running(member) for member in members)


async def test_a_serving_process_that_dies_is_said_to_have_died() -> None:
    def kill_it(_urls: tuple[str, ...]) -> None:
        for member in family(os.getpid())[1:]:
            if "ollama_speedrun.demo" in member.cmdline():
                member.kill()

    with pytest.raises(DemoError, match=r"has ended by itself \(exit status -9\); run the command again"):
        await serve_fleet(kill_it)


async def test_what_the_preparation_lacks_is_told_by_the_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OLLAMA_SPEEDRUN_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(DemoError, match="could not be kept in"):
        async with demo_fleet():
            pass
