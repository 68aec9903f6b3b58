import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ollama import (
    AbruptClose,
    EndWithoutDone,
    ErrorAnswer,
    FakeHost,
    FleetScript,
    HostDies,
    HostScript,
    ModelScript,
    RunnerDies,
    Stall,
    fake_fleet,
    repeating_model,
)
from fake_ollama.tokens import tokenise

NUM_PREDICT = 20


@dataclass(frozen=True)
class Heard:
    """What a client got: the status, the parsed lines, and how it ended."""

    status: int
    lines: list[dict[str, object]]
    ending: str


@asynccontextmanager
async def one_host(script: HostScript) -> AsyncIterator[FakeHost]:
    async with fake_fleet([script]) as fleet:
        yield fleet.hosts[0]


async def generate(host: FakeHost, *, prompt: str = "Hello", patience_s: float = 10.0, **more: object) -> Heard:
    body = {"model": host.script.models[0].name, "prompt": prompt, "options": {"num_predict": NUM_PREDICT}, **more}
    received, status, ending = b"", 0, "end"
    async with aiohttp.ClientSession() as session:
        try:
            async with asyncio.timeout(patience_s), session.post(host.url + "/api/generate", json=body) as response:
                status = response.status
                async for chunk in response.content.iter_any():
                    received += chunk
        except aiohttp.ClientError:
            ending = "broken"
        except TimeoutError:
            ending = "patience"
    return Heard(status, [json.loads(line) for line in received.splitlines()], ending)


async def told(script: ModelScript, **more: object) -> Heard:
    async with one_host(HostScript(models=(script,))) as host:
        return await generate(host, **more)  # type: ignore[arg-type]


def texts(heard: Heard) -> list[object]:
    return [line["response"] for line in heard.lines]


async def test_true_speeds_are_reported_and_kept() -> None:
    script = ModelScript("a:1b", decode_tps=200, prefill_tps=1000)
    async with one_host(HostScript(models=(script,))) as host:
        done = (await generate(host, prompt="one two three")).lines[-1]
        generation = host.requests[0].generation
    assert generation is not None
    assert (done["prompt_eval_count"], done["eval_count"]) == (12, NUM_PREDICT)
    assert (done["prompt_eval_duration"], done["eval_duration"]) == (12_000_000, 95_000_000)
    assert generation.outcome == "done"
    assert generation.first_token_ns is not None
    assert generation.last_token_ns is not None
    assert generation.first_token_ns - generation.slot_ns == 12_000_000
    assert generation.last_token_ns - generation.first_token_ns == 95_000_000
    ended_ns = host.requests[0].ended_ns
    assert ended_ns is not None
    assert ended_ns >= generation.last_token_ns


async def test_lateness_does_not_add_up() -> None:
    async with one_host(HostScript(models=(ModelScript("a:1b", decode_tps=500, answer_tokens=200),))) as host:
        await generate(host, options={"num_predict": 200})
        record = host.requests[0]
    assert record.generation is not None
    assert record.generation.last_token_ns is not None
    assert record.ended_ns is not None
    assert record.ended_ns - record.generation.last_token_ns < 100_000_000


async def test_a_repeated_prompt_is_cached_and_a_new_beginning_is_not() -> None:
    script = ModelScript("a:1b", report_cached_count=True)
    async with one_host(HostScript(models=(script,))) as host:
        prompts = ("[a] one two three", "[a] one two three", "[b] one two three")
        lines = [(await generate(host, prompt=prompt)).lines[-1] for prompt in prompts]
    counts = [(line["prompt_eval_count"], line["prompt_eval_cached_count"]) for line in lines]
    assert counts == [(15, 0), (15, 14), (15, 4)]


async def test_without_a_prompt_cache_every_prompt_costs_the_same() -> None:
    async with one_host(HostScript(models=(ModelScript("a:1b", prompt_cache=False),))) as host:
        durations = {(await generate(host)).lines[-1]["prompt_eval_duration"] for _ in range(2)}
    assert durations == {200_000}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"answer": "one two"}, ["one", " two", ""]),
        ({"answer": "one two three four", "chunk_tokens": 2}, ["one two", " three four", ""]),
        ({"answer": "a \N{GRINNING FACE}!"}, ["a", " \N{GRINNING FACE}", "!", ""]),
        ({"answer": "one", "empty_first_chunk": True}, ["", "one", ""]),
        ({"answer_tokens": 0}, [""]),
    ],
)
async def test_chunks_are_as_scripted(changes: dict[str, object], expected: list[str]) -> None:
    assert texts(await told(msgspec.structs.replace(ModelScript("a:1b"), **changes))) == expected


async def test_a_stop_string_ends_the_answer_before_it() -> None:
    heard = await told(ModelScript("a:1b", answer="1, 2, 3, 4"), options={"stop": ["3"]}, stream=False)
    assert (texts(heard), heard.lines[0]["done_reason"]) == (["1, 2, "], "stop")


async def test_tools_are_called_where_the_script_says_so() -> None:
    call = {"name": "get_weather", "arguments": {"city": "Oslo"}}
    script = ModelScript("a:1b", capabilities=("completion", "tools"), tool_call=call)
    async with one_host(HostScript(models=(script,))) as host, aiohttp.ClientSession() as session:
        body = {"model": "a:1b", "messages": [{"role": "user", "content": "Weather?"}], "tools": [{}], "stream": False}
        async with session.post(host.url + "/api/chat", json=body) as response:
            message = (await response.json())["message"]
    assert message["tool_calls"] == [{"id": "call_0", "function": {"index": 0, **call}}]


async def test_an_endless_model_does_not_mind_its_budget() -> None:
    heard = await told(ModelScript("a:1b", endless=True, decode_tps=500), patience_s=0.2)
    assert heard.ending == "patience"
    assert len(heard.lines) > NUM_PREDICT


async def test_an_error_before_the_first_chunk_has_its_status() -> None:
    heard = await told(ModelScript("a:1b", fault=ErrorAnswer(status=418, text="no")))
    assert heard == Heard(418, [{"error": "no"}], "end")


async def test_an_error_after_it_is_a_line_of_the_stream() -> None:
    heard = await told(ModelScript("a:1b", fault=ErrorAnswer(after_tokens=3, text="no")))
    assert (heard.status, heard.lines[3:], heard.ending) == (200, [{"error": "no"}], "end")


async def test_a_stream_can_end_cleanly_without_being_done() -> None:
    heard = await told(ModelScript("a:1b", fault=EndWithoutDone(after_tokens=3)))
    assert ([line["done"] for line in heard.lines], heard.ending) == ([False] * 3, "end")


async def test_a_model_that_repeats_itself_is_cut_off_without_being_done() -> None:
    heard = await told(repeating_model("a:1b"), options={"num_predict": 100})
    assert (texts(heard), heard.ending) == ([" ha"] * 31, "end")


async def test_a_stream_can_break_off() -> None:
    heard = await told(ModelScript("a:1b", fault=AbruptClose(after_tokens=3)))
    assert (len(heard.lines), heard.ending) == (3, "broken")


async def test_a_stream_can_break_off_before_anything_came() -> None:
    heard = await told(ModelScript("a:1b", fault=AbruptClose()))
    assert (heard.lines, heard.ending) == ([], "broken")


async def test_a_stream_can_stall() -> None:
    heard = await told(ModelScript("a:1b", fault=Stall(after_tokens=3)), patience_s=0.2)
    assert (len(heard.lines), heard.ending) == (3, "patience")


async def test_a_host_can_die() -> None:
    async with one_host(HostScript(models=(ModelScript("a:1b", fault=HostDies(after_tokens=3)),))) as host:
        first, second = await generate(host), await generate(host)
    assert (len(first.lines), first.ending) == (3, "broken")
    assert second == Heard(0, [], "broken")


async def test_a_runner_that_died_is_loaded_again_and_recovers() -> None:
    script = ModelScript("a:1b", fault=RunnerDies(after_tokens=3), faulty_requests=1)
    async with one_host(HostScript(models=(script,))) as host:
        first, second = await generate(host), await generate(host)
        loads = [record.work.loads for record in host.requests]
    assert first.lines[3:] == [{"error": "an error was encountered while running the model: unexpected EOF"}]
    assert second.lines[-1]["done"] is True
    assert loads == [1, 1]


async def test_durations_can_be_left_out() -> None:
    done = (await told(ModelScript("a:1b", report_durations=False))).lines[-1]
    assert sorted(done) == ["context", "created_at", "done", "done_reason", "model", "response"]


async def test_durations_can_be_absurd() -> None:
    done = (await told(ModelScript("a:1b", reported_eval_duration_ns=1))).lines[-1]
    assert done["eval_duration"] == 1


async def test_memory_follows_the_context_and_the_share_on_the_gpu() -> None:
    script = ModelScript("a:1b", size_bytes=1000, kv_bytes_per_token=10, compute_bytes=0, gpu_share=0.5)
    host_script = HostScript(models=(script,), preloaded=("a:1b",), context_length=100, num_parallel=2)
    async with (
        one_host(host_script) as host,
        aiohttp.ClientSession() as session,
        session.get(host.url + "/api/ps") as response,
    ):
        model = (await response.json())["models"][0]
    assert (model["size"], model["size_vram"], model["context_length"]) == (3000, 1500, 100)


@pytest.mark.parametrize("changes", [{"segment_bytes": 7}, {"coalesce_s": 0.02}])
async def test_what_the_network_cuts_or_joins_stays_the_same_text(changes: dict[str, object]) -> None:
    script = msgspec.structs.replace(HostScript(models=(ModelScript("a:1b", answer="one two three"),)), **changes)
    async with one_host(script) as host:
        assert texts(await generate(host)) == ["one", " two", " three", ""]


async def test_hosts_with_equal_scripts_do_not_look_alike() -> None:
    script = HostScript(models=(ModelScript("a:1b"),))
    async with fake_fleet([script, script]) as fleet:
        models = [host.engine.models()[0] for host in fleet.hosts]
    assert models[0].digest != models[1].digest
    assert models[0].modified_at != models[1].modified_at


async def test_a_fleet_runs_as_a_process_that_ends_on_sigterm_and_with_its_input(tmp_path: Path) -> None:
    script = tmp_path / "fleet.json"
    fleet = FleetScript(hosts=(HostScript(models=(ModelScript("a:1b", fault=Stall(after_tokens=2)),)), HostScript()))
    script.write_bytes(msgspec.json.encode(fleet))
    for end_it in ("sigterm", "end of input"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fake_ollama", "--script", str(script), "--listen", "127.0.0.1:0"),
            cwd=Path(__file__).parents[1],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        urls = json.loads(await process.stdout.readline())["urls"]
        async with aiohttp.ClientSession() as session:
            for url in urls:
                async with session.get(url) as response:
                    assert await response.text() == "Ollama is running"
        if end_it == "sigterm":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 60) == 0
        process.stdin.close()


def test_a_misspelt_field_of_a_script_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="decode_speed"):
        msgspec.json.decode(b'{"hosts":[{"models":[{"name":"a","decode_speed":5}]}]}', type=FleetScript)


@given(st.text())
def test_tokens_joined_give_the_text(text: str) -> None:
    assert "".join(tokenise(text)) == text
