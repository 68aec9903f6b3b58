"""Phase 3 on one host, against the scripted fake: what it measures, what it sends, and what it leaves behind."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeAlias

import aiohttp
import msgspec
import pytest

from discovery.sockets import closed_port
from fake_ollama.fleet import FakeHost, fake_host
from fake_ollama.script import (
    AbruptClose,
    AnyFault,
    EmptyAnswer,
    EndWithoutDone,
    ErrorAnswer,
    HostDies,
    HostScript,
    LoadError,
    ModelScript,
    RunnerDies,
    Stall,
    embedding_model,
)
from ollama_speedrun.benchmark import workload
from ollama_speedrun.benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkEvent, BenchmarkRevised
from ollama_speedrun.benchmark.plan import BenchmarkSettings, Extra, IfBusy, Thinking
from ollama_speedrun.benchmark.runner import benchmark_host, study_again
from ollama_speedrun.benchmark.turns import Thinks
from ollama_speedrun.benchmark.types import Caveat, CaveatKind, EmbeddingFigures, Result
from ollama_speedrun.errors import ServerError
from ollama_speedrun.events import Notice
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit import ask
from ollama_speedrun.visit.events import BenchmarkProgress, FoundLoaded, HostLost, Stage, Waiting
from ollama_speedrun.visit.loaded_model import LoadedModel
from ollama_speedrun.visit.study import Study
from ollama_speedrun.wording import counted

pytestmark = pytest.mark.virtual_time

QUICK = BenchmarkSettings(
    timeout_s=5,
    num_predict=64,
    num_ctx=2048,
    trial_tokens=64,
    most_trials=3,
    precision=1.0,
    reference_trial=False,
    if_busy=IfBusy.GO,
    second_turn=Extra.OFF,
)


class Forgetful(OllamaClient):
    """A client of a server whose /api/ps fails a number of times, from one of its calls on."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, *, failures: int, sound: int = 0, status: int = 500
    ):
        super().__init__(session, base_url)
        self._failing = range(sound, sound + failures)
        self._status = status
        self._asked = itertools.count()

    async def ps(self) -> tuple[wire.Loaded, ...]:
        if next(self._asked) in self._failing:
            raise ServerError(self._status, "no idea")
        return await super().ps()


ClientType: TypeAlias = Callable[[aiohttp.ClientSession, str], OllamaClient]


async def run_on(
    host: FakeHost, settings: BenchmarkSettings = QUICK, client_type: ClientType = OllamaClient
) -> list[BenchmarkEvent]:
    events: list[BenchmarkEvent] = []
    numbers = itertools.count()
    async with open_session() as session:
        client = client_type(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        await benchmark_host(client, models, settings, emit=events.append, nonce=lambda: f"{next(numbers)}-nonce")
    return events


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # a fake can only be looked at
        await asyncio.sleep(0.001)


def generations(host: FakeHost) -> list[dict[str, Any]]:
    """Return the bodies of the requests that made a model generate."""
    return [
        record.body for record in host.asked("/api/generate") if record.generation and isinstance(record.body, dict)
    ]


def results_of(events: Sequence[BenchmarkEvent]) -> dict[str, Result]:
    return {event.result.model: event.result for event in events if isinstance(event, BenchmarkEnded)}


async def result_of(model: ModelScript, settings: BenchmarkSettings = QUICK, **host: Any) -> Result:
    async with fake_host(HostScript(models=(model,), **host)) as running:
        return results_of(await run_on(running, settings))[model.name]


async def test_a_healthy_model_is_measured_at_its_true_speeds() -> None:
    script = ModelScript("m:1b", decode_tps=200, prefill_tps=5000, load_s=0.3, gpu_share=1.0)
    result = await result_of(script)
    assert (result.status, result.reason, result.caveats) == ("ok", None, ())
    assert result.decode_tps == pytest.approx(200, rel=0.01)
    assert result.decode_client_tps == pytest.approx(200, rel=0.05)
    assert result.prefill_tps == pytest.approx(5000, rel=0.02)
    assert result.load_s == pytest.approx(0.3, rel=0.2)
    assert (result.output_tokens, result.token_budget, result.context_length) == (64, 64, 2048)
    assert result.ttft_s is not None
    assert result.prompt_tokens is not None
    assert 0.9 * result.prompt_tokens / 5000 < result.ttft_s < 0.25
    assert len(result.trials) == 3
    assert (result.gpu_share, result.memory_bytes) == (1.0, 800_000_000 + 2048 * 25_000 + 10_000_000)


async def test_the_cold_load_is_no_part_of_the_ttft() -> None:
    result = await result_of(ModelScript("m:1b", load_s=1.0))
    assert result.ttft_s is not None
    assert result.ttft_s < 0.5
    assert result.load_s is not None
    assert result.load_s >= 1.0


async def test_every_generation_is_bounded_and_keeps_one_context_and_opens_with_a_fresh_nonce() -> None:
    async with fake_host(HostScript(models=(ModelScript("a:1b"),))) as host:
        await run_on(host)
        bodies = [record.body for record in host.asked("/api/generate") if record.generation]
    prompts = [body["prompt"] for body in bodies if isinstance(body, dict)]
    assert prompts == [
        ask.warm_up_prompt("0-nonce"),
        *(workload.prompt(f"{number}-nonce") for number in range(1, 5)),
    ]
    for body, num_predict in zip(bodies, (16, 64, 64, 64, 64), strict=True):
        assert isinstance(body, dict)
        assert body["options"] == ask.options(num_predict=num_predict, num_ctx=2048)
        assert body["truncate"] is False
        assert body.keys() == {"model", "prompt", "truncate", "options"}


async def test_models_are_benchmarked_one_at_a_time_and_unloaded_after_their_turn() -> None:
    scripts = tuple(ModelScript(f"m{number}:1b", size_bytes=number * 1000) for number in (3, 1, 2))
    async with fake_host(HostScript(models=scripts)) as host:
        events = await run_on(host)
        assert host.loaded == []
        assert host.peak_concurrency == 1
    assert [event.model for event in events if isinstance(event, BenchmarkBegan)] == ["m1:1b", "m2:1b", "m3:1b"]
    assert all(result.status == "ok" for result in results_of(events).values())


async def test_a_model_that_others_had_loaded_stays_with_its_context_and_goes_first() -> None:
    scripts = (ModelScript("small:1b", size_bytes=1000), ModelScript("theirs:1b", size_bytes=9000))
    async with fake_host(HostScript(models=scripts, preloaded=("theirs:1b",), context_length=8192)) as host:
        results = results_of(await run_on(host))
        assert list(host.loaded) == ["theirs:1b"]
        loads = [record for record in host.asked("/api/generate") if isinstance(record.body, dict)]
    assert list(results) == ["theirs:1b", "small:1b"]
    assert results["theirs:1b"].context_length == 8192
    assert results["theirs:1b"].load_s is None
    assert [caveat.kind for caveat in results["theirs:1b"].caveats] == [
        CaveatKind.CONTEXT_DIFFERS,
        CaveatKind.LOAD_TIME_HIDDEN,
    ]
    assert [caveat.kind for caveat in results["small:1b"].caveats] == [CaveatKind.SHARED_HOST]
    assert all(record.body.get("keep_alive") in {None, 0} for record in loads if isinstance(record.body, dict))


async def test_a_model_that_had_to_make_way_is_loaded_again_as_it_was() -> None:
    scripts = (ModelScript("ours:1b"), ModelScript("theirs:1b"))
    script = HostScript(models=scripts, preloaded=("theirs:1b",), max_loaded=1, context_length=8192, keep_alive_s=600)
    async with fake_host(script) as host:
        events = await run_on(host)
        assert list(host.loaded) == ["theirs:1b"]
        last = [record.body for record in host.asked("/api/generate")][-1]
    assert isinstance(last, dict)
    assert (last["model"], last["options"]) == ("theirs:1b", {"num_ctx": 8192})
    assert 500 < last["keep_alive"] <= 600
    assert "prompt" not in last
    assert [event.text for event in events if isinstance(event, Notice)] == [
        f"loading theirs:1b on {host.url} again, as it was before the run"
    ]


async def test_an_alias_of_a_loaded_model_is_not_unloaded_under_its_owner() -> None:
    digest = "e" * 64
    scripts = (ModelScript("theirs:1b", digest=digest), ModelScript("alias:1b", digest=digest))
    async with fake_host(HostScript(models=scripts, preloaded=("theirs:1b",))) as host:
        results = results_of(await run_on(host))
        assert len(host.loaded) == 1
    assert [result.load_s for result in results.values()] == [None, None]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (ModelScript("m:1b", load_error=LoadError()), "out-of-memory"),
        (ModelScript("m:1b", fault=ErrorAnswer(text="boom")), "boom (HTTP 500)"),
        (ModelScript("m:1b", fault=ErrorAnswer(after_tokens=5, text="boom")), "boom"),
        (ModelScript("m:1b", fault=EndWithoutDone(after_tokens=5)), "without saying that it was done, after 5 chunks"),
        (ModelScript("m:1b", fault=AbruptClose(after_tokens=5)), "broke off the connection"),
        (ModelScript("m:1b", answer=""), "it answered nothing"),
    ],
    ids=["load", "error first", "error in the stream", "no done", "abrupt close", "nothing"],
)
async def test_a_model_that_fails_is_reported_with_its_reason_and_the_next_one_runs(
    script: ModelScript, reason: str
) -> None:
    async with fake_host(HostScript(models=(script, ModelScript("sound:1b", size_bytes=10**10)))) as host:
        results = results_of(await run_on(host))
        assert host.loaded == []
    assert results["m:1b"].status == "failed"
    assert results["m:1b"].reason is not None
    assert reason in results["m:1b"].reason
    assert results["m:1b"].decode_tps is None
    assert results["sound:1b"].status == "ok"


async def test_a_model_that_stalls_is_given_up_after_the_time_bound_and_the_next_one_runs() -> None:
    scripts = (ModelScript("m:1b", fault=Stall(after_tokens=3)), ModelScript("sound:1b", size_bytes=10**10))
    async with fake_host(HostScript(models=scripts)) as host:
        results = results_of(await run_on(host, msgspec.structs.replace(QUICK, timeout_s=0.5)))
    assert results["m:1b"].reason is not None
    assert "did not end within 1 s (3 chunks had come); raise --timeout" in results["m:1b"].reason
    assert results["sound:1b"].status == "ok"


async def test_a_model_without_end_is_stopped_by_the_token_budget_or_by_us() -> None:
    result = await result_of(ModelScript("m:1b", endless=True, decode_tps=5000))
    assert result.status == "failed"
    assert result.reason is not None
    assert "went on beyond the " in result.reason


async def test_a_host_that_dies_fails_its_models_one_by_one_without_an_exception() -> None:
    scripts = (ModelScript("first:1b", fault=HostDies(after_tokens=3)), ModelScript("second:1b", size_bytes=10**10))
    async with fake_host(HostScript(models=scripts)) as host:
        results = results_of(await run_on(host))
    assert {name: result.status for name, result in results.items()} == {"first:1b": "failed", "second:1b": "failed"}
    assert "broke off" in (results["first:1b"].reason or "")
    assert "cannot be reached" in (results["second:1b"].reason or "")


async def test_a_service_that_is_restarted_meanwhile_is_waited_for_and_its_model_measured() -> None:
    script = HostScript(models=(ModelScript("m:1b"),), port=closed_port())
    async with AsyncExitStack() as before:
        host = await before.enter_async_context(fake_host(script))
        running = asyncio.create_task(run_on(host, msgspec.structs.replace(QUICK, timeout_s=30)))
        await until(lambda: len(generations(host)) == 3)
        await before.aclose()
        await asyncio.sleep(3)
        async with fake_host(script) as again:
            events = await running
            assert len(generations(again)) >= 2
    result = results_of(events)["m:1b"]
    assert (result.status, len(result.trials)) == ("ok", 3)
    assert [event for event in events if isinstance(event, Notice | Waiting)] == [
        Waiting(host.url, "it does not answer", 15)
    ]


async def test_a_host_that_is_gone_is_waited_for_once_and_not_for_each_model() -> None:
    dies = ModelScript("first:1b", fault=HostDies(after_tokens=3))
    scripts = (dies, *(ModelScript(f"m{number}:1b", size_bytes=10**10 + number) for number in range(4)))
    patient = msgspec.structs.replace(QUICK, timeout_s=300)
    began_s = time.monotonic()
    async with fake_host(HostScript(models=scripts)) as host:
        events = await run_on(host, patient)
    results = results_of(events)
    (lost,) = [event for event in events if isinstance(event, HostLost)]
    assert lost.host == host.url
    assert "cannot be reached" in lost.reason
    assert 10 < time.monotonic() - began_s < 20
    assert [result.status for result in results.values()] == ["failed"] * 5
    assert all("cannot be reached" in (result.reason or "") for name, result in results.items() if name != "first:1b")


async def test_thinking_is_part_of_the_ttft_and_not_of_the_time_to_the_answer() -> None:
    script = ModelScript("m:1b", capabilities=("completion", "thinking"), thinking_tokens=30, decode_tps=300)
    result = await result_of(script)
    assert result.ttft_s is not None
    assert result.ttfa_s is not None
    assert result.ttfa_s - result.ttft_s == pytest.approx(0.1, abs=0.03)


async def test_a_model_that_only_thinks_has_a_speed_and_a_caveat_and_no_time_to_an_answer() -> None:
    script = ModelScript("m:1b", capabilities=("completion", "thinking"), thinking_tokens=500, thinking_only=True)
    result = await result_of(script)
    assert (result.status, result.ttfa_s) == ("ok", None)
    assert result.ttft_s is not None
    assert result.decode_tps is not None
    assert CaveatKind.BUDGET_SPENT_THINKING in [caveat.kind for caveat in result.caveats]


async def test_an_empty_first_chunk_is_no_first_token() -> None:
    result = await result_of(ModelScript("m:1b", empty_first_chunk=True, prefill_tps=2000))
    assert result.ttft_s is not None
    assert result.ttft_s > 0.01


async def test_a_server_without_a_usable_duration_is_timed_by_our_clock() -> None:
    result = await result_of(ModelScript("m:1b", reported_eval_duration_ns=0, decode_tps=200))
    assert result.decode_tps is None
    assert result.speed_tps == pytest.approx(200, rel=0.05)
    assert CaveatKind.NO_SERVER_DURATIONS in [caveat.kind for caveat in result.caveats]


async def test_a_server_that_counts_nothing_gives_times_but_no_speed() -> None:
    result = await result_of(ModelScript("m:1b", report_durations=False))
    assert (result.status, result.speed_tps, result.output_tokens, result.load_s) == ("ok", None, None, None)
    assert result.ttft_s is not None
    assert [caveat.kind for caveat in result.caveats] == [CaveatKind.NO_SERVER_DURATIONS]


async def test_another_users_request_in_the_queue_discards_the_trial() -> None:
    scripts = (ModelScript("m:1b", decode_tps=100),)
    async with fake_host(HostScript(models=scripts)) as host, open_session() as session:
        async with asyncio.TaskGroup() as both:
            measuring = both.create_task(run_on(host))
            await until(lambda: any(record.ended_ns for record in host.asked("/api/generate")))
            body = {"model": "m:1b", "prompt": "theirs", "options": {"num_predict": 40, "num_ctx": 2048}}
            async with session.post(f"{host.url}/api/generate", json=body) as theirs:
                await theirs.read()
        result = results_of(measuring.result())["m:1b"]
    assert result.decode_tps == pytest.approx(100, rel=0.02)
    assert result.ttft_s is not None
    assert result.ttft_s < 0.2


async def test_cancelling_stops_the_generation_and_unloads_the_model() -> None:
    async with fake_host(HostScript(models=(ModelScript("m:1b", decode_tps=20, endless=True),))) as host:
        task = asyncio.create_task(run_on(host))
        await until(lambda: bool(host.loaded))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert host.loaded == []
        assert host.engine.running == 0


async def test_progress_counts_what_streams_and_names_the_stage() -> None:
    async with fake_host(HostScript(models=(ModelScript("m:1b", decode_tps=500),))) as host:
        events = await run_on(host)
    moves = [event for event in events if isinstance(event, BenchmarkProgress)]
    stages = [stage for stage, _ in itertools.groupby(move.stage for move in moves)]
    attempts = 4 + (results_of(events)["m:1b"].discarded_trials or 0)
    assert stages == [Stage.LOADING, Stage.GENERATING, *[Stage.PROMPT, Stage.GENERATING] * attempts, Stage.UNLOADING]
    assert max(move.tokens for move in moves) == 64
    assert moves[-2].tps == pytest.approx(500, rel=0.5)


async def test_two_models_that_fit_together_take_turns_and_are_both_unloaded() -> None:
    scripts = (ModelScript("a:1b", size_bytes=1000), ModelScript("b:1b", size_bytes=2000))
    async with fake_host(HostScript(models=scripts)) as host:
        results = results_of(await run_on(host))
        order = [body["model"] for body in generations(host)]
        assert host.loaded == []
    assert order == ["a:1b", "b:1b", *["a:1b", "b:1b"] * 4]
    assert {name: (result.status, result.caveats) for name, result in results.items()} == {
        "a:1b": ("ok", ()),
        "b:1b": ("ok", ()),
    }


async def test_models_that_do_not_fit_together_run_one_after_another_and_keep_their_load_times() -> None:
    scripts = tuple(ModelScript(f"{name}:1b", size_bytes=size, load_s=0.2) for size, name in enumerate("abc", start=1))
    async with fake_host(HostScript(models=scripts, max_loaded=1)) as host:
        results = results_of(await run_on(host))
        order = [name for name, _ in itertools.groupby(body["model"] for body in generations(host))]
        assert host.loaded == []
    assert order == ["a:1b", "b:1b", "a:1b", "b:1b", "c:1b"]
    assert list(results) == ["a:1b", "b:1b", "c:1b"]
    assert all(result.load_s is not None and result.load_s >= 0.2 for result in results.values())
    assert [result.caveats for result in results.values()] == [(), (), ()]


async def test_a_model_that_would_spill_beside_another_is_measured_alone() -> None:
    scripts = (ModelScript("a:1b", size_bytes=1000), ModelScript("b:9b", size_bytes=2000, gpu_share=0.5))
    async with fake_host(HostScript(models=scripts)) as host:
        results = results_of(await run_on(host))
        order = [name for name, _ in itertools.groupby(body["model"] for body in generations(host))]
    assert order == ["a:1b", "b:9b", "a:1b", "b:9b"]
    assert results["b:9b"].gpu_share == pytest.approx(0.5)


async def test_trials_go_on_until_the_interval_is_narrow() -> None:
    strict = msgspec.structs.replace(QUICK, precision=1e-9, most_trials=6)
    result = await result_of(ModelScript("m:1b"), strict)
    assert len(result.trials) in {3, 4, 5, 6}
    loose = await result_of(ModelScript("m:1b"), msgspec.structs.replace(QUICK, most_trials=12))
    assert len(loose.trials) == 3
    assert loose.decode_interval is not None
    assert loose.decode_interval.low_tps <= (loose.decode_tps or 0) <= loose.decode_interval.high_tps


async def test_a_budget_ends_the_trials_and_says_what_that_cost() -> None:
    hurried = msgspec.structs.replace(QUICK, budget_s=0.2, precision=0.03)
    result = await result_of(ModelScript("m:1b", decode_tps=200), hurried)
    assert result.status == "ok"
    assert len(result.trials) == 0
    [imprecise] = [caveat for caveat in result.caveats if caveat.kind is CaveatKind.IMPRECISE]
    assert "give more --budget" in imprecise.text


async def test_a_host_that_slows_down_is_told_by_a_trial_at_the_end() -> None:
    watchful = msgspec.structs.replace(QUICK, reference_trial=True)
    scripts = (ModelScript("a:1b", decode_tps=400, size_bytes=1000), ModelScript("b:1b", size_bytes=2000))
    async with fake_host(HostScript(models=scripts)) as host:
        steady = await run_on(host, watchful)
        assert host.loaded == []
    assert [event for event in steady if isinstance(event, BenchmarkRevised)] == []
    assert [body["model"] for body in generations(host)][-2:] == ["a:1b", "a:1b"]


@pytest.mark.parametrize(
    ("thinking", "family", "asked", "variants"),
    [
        (Thinking.DEFAULT, "qwen3", [None], [None]),
        (Thinking.ON, "qwen3", [True], ["thinking"]),
        (Thinking.OFF, "qwen3", [False], ["direct"]),
        (Thinking.ALL, "qwen3", [True, False], ["thinking", "direct"]),
        (Thinking.ALL, "gptoss", ["low", "medium", "high"], ["thinking low", "thinking medium", "thinking high"]),
    ],
)
async def test_a_model_that_can_think_is_measured_in_the_variants_asked_for(
    thinking: Thinking, family: str, asked: list[Any], variants: list[str | None]
) -> None:
    script = ModelScript("m:1b", family=family, capabilities=("completion", "thinking"), thinking_tokens=8)
    async with fake_host(HostScript(models=(script,))) as host:
        events = await run_on(host, msgspec.structs.replace(QUICK, thinking=thinking))
        sent = [think for think, _ in itertools.groupby(body.get("think") for body in generations(host))]
    results = [event.result for event in events if isinstance(event, BenchmarkEnded)]
    assert sent == asked
    assert [(result.status, result.variant) for result in results] == [("ok", variant) for variant in variants]


async def test_a_model_that_cannot_think_is_never_told_to() -> None:
    async with fake_host(HostScript(models=(ModelScript("m:1b"),))) as host:
        await run_on(host, msgspec.structs.replace(QUICK, thinking=Thinking.ALL))
        assert all("think" not in body for body in generations(host))


async def test_an_embedding_model_is_measured_by_its_vectors_and_sent_no_prompt() -> None:
    async with fake_host(HostScript(models=(embedding_model("embed:m", load_s=0.2),), latency_s=0.02)) as host:
        result = results_of(await run_on(host))["embed:m"]
        assert generations(host) == []
        assert host.loaded == []
    assert (result.status, result.decode_tps, result.ttft_s) == ("ok", None, None)
    assert result.embedding is not None
    assert result.embedding.dimension == 384
    assert result.embedding.batch_1_per_s is not None
    assert result.embedding.batch_32_per_s is not None
    assert result.embedding.batch_32_per_s > result.embedding.batch_1_per_s
    assert result.load_s == pytest.approx(0.2, abs=0.1)
    assert result.memory_bytes is not None


@pytest.mark.parametrize("load_s", [0.05, 0.3])
async def test_an_embedding_model_that_every_request_loads_again_has_no_rate_and_a_caveat(load_s: float) -> None:
    script = HostScript(models=(embedding_model("embed:m", load_s=load_s),), keep_alive_s=0)
    async with fake_host(script) as host:
        result = results_of(await run_on(host))["embed:m"]
    assert result.embedding == EmbeddingFigures(dimension=384, batch_1_per_s=None, batch_32_per_s=None)
    assert [(caveat.kind, caveat.text.partition(";")[0]) for caveat in result.caveats] == [
        (CaveatKind.RELOADED, "10 requests had the model loaded again and give no rate")
    ]


async def test_a_server_that_keeps_no_model_loaded_is_not_asked_three_times_for_each_trial() -> None:
    async with fake_host(HostScript(models=(ModelScript("m:1b", load_s=0.5),), keep_alive_s=0)) as host:
        result = results_of(await run_on(host))["m:1b"]
        asked = len(generations(host))
    assert (asked, result.discarded_trials, len(result.trials)) == (5, 0, 3)
    assert (result.ttft_s, result.decode_tps is not None) == (None, True)


async def test_every_request_for_text_has_the_same_pinned_options() -> None:
    script = ModelScript("m:1b", capabilities=("completion", "vision"), context_length=4096)
    everything = msgspec.structs.replace(QUICK, depths=(0, 512), concurrency_levels=(1, 2), reference_trial=True)
    models = (script, ModelScript("n:1b", size_bytes=10**10))
    async with fake_host(HostScript(models=models)) as host:
        await run_on(host, everything)
        options = [body["options"] for body in generations(host)]
    pinned = ask.options(num_predict=0, num_ctx=0)
    assert {name for each in options for name in each} == set(pinned)
    for name in set(pinned) - {"num_predict", "num_ctx"}:
        assert {each[name] for each in options} == {pinned[name]}


async def test_the_cost_of_an_image_is_measured_on_a_model_that_can_see() -> None:
    script = ModelScript("m:1b", capabilities=("completion", "vision"), prefill_tps=2000)
    result = await result_of(script)
    assert (result.status, result.reason) == ("ok", None)
    assert result.image is not None


async def test_the_depth_sweep_reads_ever_longer_prompts_as_far_as_the_context_goes() -> None:
    deep = msgspec.structs.replace(QUICK, depths=(0, 512, 1024, 8192))
    script = ModelScript("m:1b", context_length=4096, prefill_tps=20_000, kv_bytes_per_token=1000)
    result = await result_of(script, deep)
    assert [point.num_ctx for point in result.depths] == [2048, 2048, 2048]
    assert [
        abs((point.prompt_tokens or 0) - tokens) < 150
        for point, tokens in zip(result.depths, (0, 512, 1024), strict=True)
    ]
    assert all(point.decode_tps for point in result.depths)


async def test_depths_are_met_whatever_the_tokeniser_and_the_template_of_the_model() -> None:
    deep = msgspec.structs.replace(QUICK, num_ctx=4096, depths=(2048, 8192))
    script = ModelScript("m:1b", context_length=16_384, prefill_tps=20_000)
    for model in (script, msgspec.structs.replace(script, template_tokens=2000)):
        result = await result_of(model, deep)
        assert CaveatKind.DEPTHS_MISSING not in {caveat.kind for caveat in result.caveats}
        assert [point.prompt_tokens for point in result.depths] == pytest.approx([2048, 8192], rel=0.08)


async def test_a_depth_that_fails_is_named_with_the_deeper_ones_and_those_before_it_stand() -> None:
    deep = msgspec.structs.replace(QUICK, depths=(0, 512, 1024, 2048))
    script = ModelScript("m:1b", context_length=8192, fault=ErrorAnswer(text="boom"), sound_requests=10)
    result = await result_of(script, deep)
    assert len(result.depths) == 2
    text = "depths not measured: 1024, 2048: boom (HTTP 500)"
    assert Caveat(CaveatKind.DEPTHS_MISSING, text) in result.caveats


async def test_depths_for_which_there_is_no_context_or_no_time_are_named() -> None:
    deep = msgspec.structs.replace(QUICK, depths=(0, 200_000))
    result = await result_of(ModelScript("m:1b", context_length=4096), deep)
    assert [(caveat.kind, caveat.text) for caveat in result.caveats] == [
        (
            CaveatKind.DEPTHS_MISSING,
            "depths not measured: 200000: with an answer they do not fit into the context of 4096 tokens",
        )
    ]
    hurried = msgspec.structs.replace(QUICK, budget_s=0.01, depths=(0, 512), concurrency_levels=(1, 2))
    result = await result_of(ModelScript("m:1b"), hurried)
    texts = {caveat.kind: caveat.text for caveat in result.caveats}
    assert texts[CaveatKind.DEPTHS_MISSING] == "depths not measured: 0, 512: the time budget was spent"
    assert texts[CaveatKind.LEVELS_MISSING] == "1 and 2 requests at once: the time budget was spent"


async def test_a_level_that_a_server_turns_away_is_named_with_those_after_it() -> None:
    crowded = msgspec.structs.replace(QUICK, concurrency_levels=(1, 2, 4, 8))
    result = await result_of(ModelScript("m:1b"), crowded, most_requests=2)
    assert [point.requests for point in result.concurrency] == [1, 2]
    text = "4 requests at once: turned away (HTTP 503); 8 requests at once: not tried after that"
    assert [(caveat.kind, caveat.text) for caveat in result.caveats] == [(CaveatKind.LEVELS_MISSING, text)]


async def test_sweeps_on_a_server_that_keeps_nothing_loaded_give_no_time_with_a_load_inside() -> None:
    both = msgspec.structs.replace(QUICK, depths=(0, 512), concurrency_levels=(1, 2))
    result = await result_of(ModelScript("m:1b", load_s=0.5), both, keep_alive_s=0)
    assert [(point.ttft_s, point.decode_tps is not None) for point in result.depths] == [(None, True)] * 2
    assert result.concurrency == ()
    texts = {caveat.kind: caveat.text for caveat in result.caveats}
    assert texts[CaveatKind.LEVELS_MISSING] == (
        "1 request at once: the model was loaded again; 2 requests at once: not tried after that"
    )


async def test_the_concurrency_sweep_shows_how_many_requests_a_server_runs_at_once() -> None:
    crowded = msgspec.structs.replace(QUICK, concurrency_levels=(1, 2, 4))
    result = await result_of(ModelScript("m:1b", decode_tps=400), crowded, num_parallel=2)
    assert [(point.requests, point.ran_at_once) for point in result.concurrency] == [(1, 1), (2, 2), (4, 2)]
    one, two, four = result.concurrency
    assert (two.throughput_tps or 0) > 1.5 * (one.throughput_tps or 0)
    assert (four.ttft_p95_s or 0) > (four.ttft_p50_s or 0) >= (one.ttft_p50_s or 0)


async def test_a_spent_budget_ends_the_sweeps_too() -> None:
    hurried = msgspec.structs.replace(QUICK, budget_s=0.01, depths=(0, 512), concurrency_levels=(1, 2))
    result = await result_of(ModelScript("m:1b"), hurried)
    assert (result.status, result.depths, result.concurrency) == ("ok", (), ())


async def test_what_a_model_was_measured_by_stands_when_an_extra_fails() -> None:
    deep = msgspec.structs.replace(QUICK, depths=(0, 512))
    failing_late = ModelScript("m:1b", fault=ErrorAnswer(text="boom"), sound_requests=5)
    async with fake_host(HostScript(models=(failing_late,))) as host:
        events = await run_on(host, deep)
    result = results_of(events)["m:1b"]
    assert (result.status, result.depths) == ("ok", ())
    assert result.decode_tps is not None
    assert [event.text for event in events if isinstance(event, Notice)] == [
        f"m:1b on {host.url} is measured without the sweep over context depths: boom (HTTP 500)"
    ]


async def test_a_busy_server_is_left_alone_where_that_is_asked_for() -> None:
    careful = msgspec.structs.replace(QUICK, if_busy=IfBusy.SKIP)
    scripts = (ModelScript("ours:1b"), ModelScript("theirs:1b", decode_tps=1000))
    async with fake_host(HostScript(models=scripts, preloaded=("theirs:1b",))) as host, open_session() as session:

        async def work() -> None:
            while True:
                body = {"model": "theirs:1b", "prompt": "work", "options": {"num_predict": 50}}
                async with session.post(f"{host.url}/api/generate", json=body) as answer:
                    await answer.read()

        theirs = asyncio.create_task(work())
        results = results_of(await run_on(host, careful))
        theirs.cancel()
        assert not any(body["model"] == "ours:1b" for body in generations(host))
    assert {result.status for result in results.values()} == {"skipped"}
    assert "--if-busy go" in (results["ours:1b"].reason or "")


async def test_a_loaded_but_idle_model_does_not_make_a_server_busy() -> None:
    careful = msgspec.structs.replace(QUICK, if_busy=IfBusy.SKIP)
    async with fake_host(HostScript(models=(ModelScript("m:1b"),), preloaded=("m:1b",))) as host:
        results = results_of(await run_on(host, careful))
    assert results["m:1b"].status == "ok"


THEIRS = HostScript(models=(ModelScript("m:1b", context_length=8192),), preloaded=("m:1b",), context_length=3000)


async def test_what_was_loaded_before_is_told_before_anything_is_sent() -> None:
    for keep_alive_s, stays in ((600.0, False), (-1.0, True)):
        async with fake_host(msgspec.structs.replace(THEIRS, keep_alive_s=keep_alive_s)) as host:
            events = await run_on(host)
        (found,) = (event.found for event in events if isinstance(event, FoundLoaded))
        (theirs,) = found.models
        first = next(place for place, event in enumerate(events) if isinstance(event, FoundLoaded))
        assert not any(isinstance(event, BenchmarkProgress) for event in events[:first])
        assert (found.host, theirs.model, theirs.context_length, theirs.stays) == (host.url, "m:1b", 3000, stays)
        assert (theirs.remaining_s is None, bool(theirs.digest), bool(theirs.size_bytes)) == (stays, True, True)


async def test_a_first_look_that_fails_once_is_taken_again_and_what_others_loaded_stays() -> None:
    async with fake_host(THEIRS) as host:
        results = results_of(await run_on(host, client_type=partial(Forgetful, failures=1)))
        assert list(host.loaded) == ["m:1b"]
    assert (results["m:1b"].status, results["m:1b"].context_length) == ("ok", 3000)


async def test_a_server_that_does_not_say_what_it_has_loaded_is_left_alone() -> None:
    async with fake_host(THEIRS) as host:
        results = results_of(await run_on(host, client_type=partial(Forgetful, failures=10**6)))
        assert list(host.loaded) == ["m:1b"]
        assert host.asked("/api/generate") == []
    assert results["m:1b"].status == "skipped"
    assert results["m:1b"].reason == (
        "the server does not say what others have loaded, which a benchmark could disturb: no idea (HTTP 500); "
        "try again later"
    )


@pytest.mark.parametrize("status", [401, 403])
async def test_a_server_that_forbids_to_see_what_is_loaded_names_the_way_out_which_works(status: int) -> None:
    async with fake_host(HostScript(models=(ModelScript("m:1b"),))) as host:
        forbidding = partial(Forgetful, failures=10**6, status=status)
        careful = msgspec.structs.replace(QUICK, if_busy=IfBusy.WAIT)
        refused = results_of(await run_on(host, careful, forbidding))["m:1b"]
        went = results_of(await run_on(host, QUICK, forbidding))["m:1b"]
    assert refused.status == "skipped"
    assert refused.reason == (
        f"the server does not say what others have loaded, which a benchmark could disturb: HTTP {status} for /api/ps; "
        "have the proxy in front allow GET /api/ps, or measure without knowing with --if-busy go"
    )
    assert went.status == "ok"


PASSING: dict[str, AnyFault] = {
    "busy": ErrorAnswer(status=503, text="server busy, please try again.  maximum pending requests exceeded"),
    "a proxy's": ErrorAnswer(status=502, text="bad gateway"),
    "died": RunnerDies(),
    "died in the midst": RunnerDies(after_tokens=5),
    "empty": EmptyAnswer(),
    "broke in the midst": ErrorAnswer(after_tokens=5, text="something broke"),
    "ended in the midst": EndWithoutDone(after_tokens=5),
    "closed in the midst": AbruptClose(after_tokens=5),
}


@pytest.mark.parametrize("name", PASSING)
async def test_one_passing_failure_of_the_interview_costs_a_caveat_and_not_the_model(name: str) -> None:
    script = ModelScript("m:1b", fault=PASSING[name], faulty_requests=1, sound_requests=1, load_s=1.0)
    async with fake_host(HostScript(models=(script,))) as host:
        result = results_of(await run_on(host))["m:1b"]
    assert (result.status, result.reason) == ("ok", None)
    (caveat,) = [one for one in result.caveats if one.kind is CaveatKind.ASKED_AGAIN]
    assert caveat.text.startswith("1 request was sent again, for what came first was no answer: ")


async def test_a_server_that_has_no_list_of_loaded_models_is_measured_and_nothing_is_unloaded_there() -> None:
    async with fake_host(HostScript(models=(ModelScript("m:1b"),))) as host:
        events = await run_on(host, client_type=partial(Forgetful, failures=10**6, status=404))
        assert list(host.loaded) == ["m:1b"]
    assert results_of(events)["m:1b"].status == "ok"
    assert [event.text for event in events if isinstance(event, Notice)] == [
        f"m:1b may still be loaded on {host.url}: no idea (HTTP 404)"
    ]


async def test_a_list_that_fails_later_leads_to_no_request_that_could_reload_a_model() -> None:
    async with fake_host(THEIRS) as host:
        results = results_of(await run_on(host, client_type=partial(Forgetful, sound=1, failures=10**6)))
        assert host.asked("/api/generate") == []
    assert results["m:1b"].status == "failed"


async def test_the_depths_of_a_model_that_others_loaded_are_measured_in_its_own_context() -> None:
    deep = msgspec.structs.replace(QUICK, depths=(4096, 512, 0))
    async with fake_host(THEIRS) as host:
        events = await run_on(host, deep)
        loads = sum(record.work.loads for record in host.asked("/api/generate"))
        contexts = {body["options"]["num_ctx"] for body in generations(host)}
    assert (loads, contexts) == (0, {3000})
    assert [point.num_ctx for point in results_of(events)["m:1b"].depths] == [3000, 3000]
    notice = (
        f"m:1b on {host.url} is measured without the depths 4096: with an answer they do not fit into the context "
        "of 3000 tokens, which is kept because others loaded it so"
    )
    assert [event.text for event in events if isinstance(event, Notice)] == [notice]


async def test_a_depth_beyond_the_context_is_passed_over_and_the_others_are_measured() -> None:
    deep = msgspec.structs.replace(QUICK, depths=(200_000, 0))
    result = await result_of(ModelScript("m:1b", context_length=4096), deep)
    assert [point.num_ctx for point in result.depths] == [2048]


async def test_an_embedding_model_that_others_loaded_is_asked_in_its_own_context() -> None:
    script = HostScript(models=(embedding_model("embed:m"),), preloaded=("embed:m",), context_length=256)
    async with fake_host(script) as host:
        result = results_of(await run_on(host))["embed:m"]
        loads = sum(record.work.loads for record in host.asked("/api/embed"))
        assert list(host.loaded) == ["embed:m"]
    assert (result.status, result.context_length, result.load_s, loads) == ("ok", 256, None, 0)


async def test_a_model_that_others_load_during_the_run_keeps_its_context_and_stays() -> None:
    scripts = (ModelScript("first:1b", size_bytes=1000), ModelScript("theirs:1b", size_bytes=9000))
    alone = msgspec.structs.replace(QUICK, take_turns=False)
    async with fake_host(HostScript(models=scripts)) as host, open_session() as session:
        run = asyncio.create_task(run_on(host, alone))
        await until(lambda: bool(generations(host)))
        body = {"model": "theirs:1b", "options": {"num_ctx": 1500}, "keep_alive": -1}
        async with session.post(f"{host.url}/api/generate", json=body) as answer:
            await answer.read()
        result = results_of(await run)["theirs:1b"]
        assert list(host.loaded) == ["theirs:1b"]
        [entry] = await OllamaClient(session, host.url).ps()
    assert (result.status, result.context_length, result.load_s) == ("ok", 1500, None)
    assert (entry.context_length, (entry.expires_at or "")[:4] > "2100") == (1500, True)


async def test_a_late_failure_leaves_the_interview_and_the_trials_before_it() -> None:
    result = await result_of(ModelScript("m:1b", fault=ErrorAnswer(text="boom"), sound_requests=4))
    trials = len(result.trials)
    assert (result.status, trials + (result.discarded_trials or 0)) == ("ok", 2)
    assert result.decode_tps is not None
    text = (
        f"the server failed after the long answer and {counted(trials, 'trial')}, and what came before stands: boom "
        "(HTTP 500); run again once it answers"
    )
    assert Caveat(CaveatKind.CUT_SHORT, text) in result.caveats


class Cancelling(OllamaClient):
    """A client that has a run cancelled in the middle of its first look at what is loaded for which `when` holds."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, *, when: Callable[[], bool]) -> None:
        super().__init__(session, base_url)
        self.run: asyncio.Task[Any] | None = None
        self._when = when

    async def ps(self) -> tuple[wire.Loaded, ...]:
        if self.run is not None and self._when():
            self.run.cancel()
            self.run = None
            await asyncio.sleep(0)
        return await super().ps()


async def cancelled_when(host: FakeHost, when: Callable[[], bool]) -> list[BenchmarkEvent]:
    """Return the events of a run that is cancelled at the first look at what is loaded for which this holds."""
    events: list[BenchmarkEvent] = []
    async with open_session() as session:
        client = Cancelling(session, host.url, when=when)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        run = asyncio.create_task(benchmark_host(client, models, QUICK, emit=events.append, nonce=lambda: "nonce"))
        client.run = run
        with pytest.raises(asyncio.CancelledError):
            await run
    return events


async def test_a_cancellation_during_the_farewell_still_unloads_both_models() -> None:
    scripts = (ModelScript("a:1b", size_bytes=1000), ModelScript("b:1b", size_bytes=2000))
    async with fake_host(HostScript(models=scripts)) as host:
        events = await cancelled_when(host, lambda: len(generations(host)) == 10)
        assert host.loaded == []
    assert list(results_of(events)) == ["a:1b", "b:1b"]


async def test_a_cancellation_while_models_are_restored_still_loads_them_again() -> None:
    scripts = (ModelScript("a-theirs:1b"), ModelScript("ours:1b"))
    script = HostScript(models=scripts, preloaded=("a-theirs:1b",), max_loaded=1)
    looks_with_nothing_loaded = itertools.count()
    async with fake_host(script) as host:
        # The first such look ends the farewell to ours, the second begins the restoring
        await cancelled_when(
            host,
            lambda: len(generations(host)) == 10 and host.loaded == [] and next(looks_with_nothing_loaded) == 1,
        )
        assert list(host.loaded) == ["a-theirs:1b"]


async def test_a_cancelled_sweep_loses_none_of_the_trials() -> None:
    crowded = msgspec.structs.replace(QUICK, concurrency_levels=(1, 2), depths=(0,))
    events: list[BenchmarkEvent] = []
    async with fake_host(HostScript(models=(ModelScript("m:1b"),))) as host, open_session() as session:
        client = OllamaClient(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        run = asyncio.create_task(benchmark_host(client, models, crowded, emit=events.append, nonce=lambda: "nonce"))
        await until(lambda: len(generations(host)) > 5)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert host.loaded == []
    result = results_of(events)["m:1b"]
    assert (result.status, len(result.trials)) == ("ok", 3)


class Greeting:
    """A study of one short answer, which fails where it is told to."""

    name = "a greeting"
    needs_the_memory = False

    def __init__(self, failure: str | None = None) -> None:
        self.heard: list[str] = []
        self._failure = failure

    async def step(self, model: LoadedModel) -> bool:
        if self._failure is not None:
            raise ServerError(500, self._failure)
        answer = await model.chat([wire.Message(role="user", content="Hello.")], num_predict=8)
        self.heard.append(answer.content)
        return len(self.heard) < 2


async def test_further_studies_run_in_the_load_of_the_speed_trials_and_alternate_between_two_models() -> None:
    scripts = (ModelScript("a:1b", size_bytes=1000, answer="hi"), ModelScript("b:1b", size_bytes=2000, answer="ho"))
    greetings: dict[str, Greeting] = {}
    events: list[BenchmarkEvent] = []

    def studies(model: Model, _thinks: Thinks) -> Sequence[Study]:
        return [greetings.setdefault(model.name, Greeting())]

    async with fake_host(HostScript(models=scripts)) as host, open_session() as session:
        client = OllamaClient(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        await benchmark_host(client, models, QUICK, emit=events.append, nonce=lambda: "nonce", studies=studies)
        loads = sum(record.work.loads for record in host.requests)
        chats = [record.body["model"] for record in host.asked("/api/chat") if isinstance(record.body, dict)]
        assert host.loaded == []
    assert ({name: greeting.heard for name, greeting in greetings.items()}, loads) == (
        {"a:1b": ["hi", "hi"], "b:1b": ["ho", "ho"]},
        2,
    )
    assert chats == ["a:1b", "b:1b"] * 2
    assert {name: result.status for name, result in results_of(events).items()} == {"a:1b": "ok", "b:1b": "ok"}


async def test_a_further_study_that_fails_leaves_the_result_as_it_is() -> None:
    events: list[BenchmarkEvent] = []
    for script in (ModelScript("m:1b"), embedding_model("m:1b")):
        async with fake_host(HostScript(models=(script,))) as host, open_session() as session:
            client = OllamaClient(session, host.url)
            models = await list_models(client, host=host.url, emit=lambda _: None)
            await benchmark_host(
                *(client, models, QUICK),
                emit=events.append,
                nonce=lambda: "nonce",
                studies=lambda _model, _thinks: [Greeting(failure="boom")],
            )
        result = results_of(events)["m:1b"]
        assert (result.status, result.caveats) == ("ok", ())
        assert [event.text for event in events if isinstance(event, Notice)] == [
            f"m:1b on {host.url} is measured without a greeting: boom (HTTP 500)"
        ]
        events.clear()


Task: TypeAlias = tuple[Model, Thinks, Sequence[Study]]


async def one_by_one(work: Sequence[Task]) -> AsyncIterator[Task]:
    for task in work:
        yield task


async def test_a_host_is_visited_again_for_further_studies_and_left_as_it_was() -> None:
    scripts = (ModelScript("theirs:1b", answer="hi"), ModelScript("ours:1b", answer="ho"))
    script = HostScript(models=scripts, preloaded=("theirs:1b",), max_loaded=1)
    events: list[BenchmarkEvent] = []
    studies = [Greeting(), Greeting(failure="boom"), Greeting()]
    async with fake_host(script) as host, open_session() as session:
        client = OllamaClient(session, host.url)
        theirs, ours = await list_models(client, host=host.url, emit=lambda _: None)
        work = [(ours, None, studies[:2]), (theirs, None, studies[2:])]
        await study_again(client, one_by_one(work), QUICK, emit=events.append, nonce=lambda: "nonce")
        assert list(host.loaded) == ["theirs:1b"]
    assert [one.heard for one in studies] == [["ho", "ho"], [], ["hi", "hi"]]
    assert [event.text for event in events if isinstance(event, Notice)] == [
        f"ours:1b on {host.url} is measured without a greeting: boom (HTTP 500)"
    ]


async def test_a_host_that_does_not_say_what_it_has_loaded_is_not_asked_again() -> None:
    events: list[BenchmarkEvent] = []
    greeting = Greeting()
    async with fake_host(THEIRS) as host, open_session() as session:
        client = Forgetful(session, host.url, failures=10**6)
        (model,) = await list_models(client, host=host.url, emit=lambda _: None)
        await study_again(
            client, one_by_one([(model, None, [greeting])]), QUICK, emit=events.append, nonce=lambda: "nonce"
        )
        assert host.asked("/api/generate") == []
    (notice,) = [event.text for event in events if isinstance(event, Notice)]
    assert notice.startswith(f"m:1b on {host.url} was not asked again: the server does not say what others have loaded")
    assert greeting.heard == []


@pytest.mark.parametrize(
    ("answer", "thinks", "answers_late"),
    [
        ("hm, " * 20 + "</think> Yes, " + "so it is " * 10, True, True),
        ("<think>\n\n</think>\n\n Yes, " + "so it is " * 10, False, False),
    ],
)
async def test_thinking_in_an_answer_is_told_apart_where_only_its_end_or_nothing_is_between_the_tags(
    answer: str, *, thinks: bool, answers_late: bool
) -> None:
    result = await result_of(ModelScript("m:1b", answer=answer, decode_tps=100))
    assert result.interview is not None
    assert (result.interview.thinking_characters > 0) is thinks
    assert result.ttft_s is not None
    assert result.ttfa_s is not None
    assert (result.ttfa_s - result.ttft_s > 0.15) is answers_late
