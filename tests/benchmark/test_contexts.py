"""The context that was asked for: in every request, in memory, in the depths and at the edge of the GPU."""

from collections.abc import Mapping, Sequence
from itertools import count

import msgspec
import pytest

from fake_ollama.engine import memory_bytes, true_decode_tps, true_prefill_tps
from fake_ollama.fleet import FakeHost, fake_host
from fake_ollama.script import Attention, ErrorAnswer, HostScript, LoadError, ModelScript, embedding_model
from ollama_speedrun.benchmark.events import BenchmarkEnded, BenchmarkEvent
from ollama_speedrun.benchmark.plan import BenchmarkSettings, IfBusy
from ollama_speedrun.benchmark.runner import benchmark_host
from ollama_speedrun.benchmark.types import CaveatKind, ContextOnGpu, Result
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama.client import OllamaClient, open_session

pytestmark = pytest.mark.virtual_time

LONG = BenchmarkSettings(
    timeout_s=60,
    num_predict=64,
    num_ctx=32_768,
    trial_tokens=64,
    most_trials=3,
    precision=1.0,
    reference_trial=False,
    if_busy=IfBusy.GO,
    depths_of_context=True,
)
GROUPED = Attention(layers=32, kv_heads=8, head_length=64)
MODEL = ModelScript(
    "m:8b", attention=GROUPED, size_bytes=4_900_000_000, prefill_tps=20_000, decode_tps=200, slower_per_1k=0.05
)


async def measured(host: FakeHost, settings: BenchmarkSettings = LONG) -> Mapping[str, Result]:
    results: dict[str, Result] = {}

    def emit(event: BenchmarkEvent) -> None:
        if isinstance(event, BenchmarkEnded):
            results[event.result.model] = event.result

    numbers = count()
    async with open_session() as session:
        client = OllamaClient(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        await benchmark_host(client, models, settings, emit=emit, nonce=lambda: f"{next(numbers):08x}")
    return results


async def result_of(script: ModelScript, settings: BenchmarkSettings = LONG, **host: int) -> Result:
    async with fake_host(HostScript(models=(script,), **host)) as running:  # type: ignore[arg-type]  # any field of the host
        return (await measured(running, settings))[script.name]


def contexts(host: FakeHost) -> Sequence[object]:
    """Return the context of each request that could load a model, in their order."""
    bodies = [
        record.body
        for path in ("/api/generate", "/api/chat", "/api/embed")
        for record in host.asked(path)
        if isinstance(record.body, dict) and record.body.get("keep_alive") != 0
    ]
    return [body["options"]["num_ctx"] for body in bodies]


async def test_every_request_asks_for_the_same_context_so_that_each_model_is_loaded_once() -> None:
    scripts = (MODEL, msgspec.structs.replace(MODEL, name="n:8b"), embedding_model("embed:m"))
    async with fake_host(HostScript(models=scripts)) as host:
        results = await measured(host, msgspec.structs.replace(LONG, take_turns=False))
        loads = sum(record.work.loads for record in (*host.asked("/api/generate"), *host.asked("/api/embed")))
        asked = contexts(host)
    assert {result.status for result in results.values()} == {"ok"}
    assert loads == 3
    assert set(asked) == {32_768, 512}
    assert {results[name].context_length for name in ("m:8b", "n:8b")} == {32_768}


async def test_depths_of_0_half_and_nearly_all_of_the_context_are_measured_in_one_load_at_their_true_rates() -> None:
    result = await result_of(MODEL)
    assert [point.num_ctx for point in result.depths] == [32_768] * 3
    tokens = [point.prompt_tokens or 0 for point in result.depths]
    assert tokens[1:] == pytest.approx([16_384, 32_768 - 320], rel=0.08)
    assert [point.decode_tps for point in result.depths] == pytest.approx(
        [true_decode_tps(MODEL, depth) for depth in tokens], rel=0.01
    )
    assert [point.prefill_tps for point in result.depths[1:]] == pytest.approx(
        [true_prefill_tps(MODEL, depth) for depth in tokens[1:]], rel=0.01
    )
    assert [load.num_ctx for load in result.loads] == [32_768]


async def test_depths_beyond_the_context_are_measured_in_one_longer_load() -> None:
    settings = msgspec.structs.replace(LONG, num_ctx=4096, depths_of_context=False, depths=(0, 2048, 8192, 16_384))
    async with fake_host(HostScript(models=(MODEL,))) as host:
        result = (await measured(host, settings))["m:8b"]
        loads = sum(record.work.loads for record in host.asked("/api/generate"))
    assert [point.num_ctx for point in result.depths] == [4096, 4096, 16_704, 16_704]
    assert loads == 2
    line = {found.num_ctx: found for found in result.memory_by_context}
    assert line[65_536].basis == "line"
    assert line[65_536].memory_bytes == pytest.approx(memory_bytes(MODEL, 65_536), rel=0.01)


async def test_a_context_that_cannot_be_loaded_costs_the_deepest_depth_alone() -> None:
    script = msgspec.structs.replace(MODEL, load_error_above=20_000)
    settings = msgspec.structs.replace(LONG, num_ctx=4096, depths_of_context=False, depths=(0, 8192, 32_768))
    result = await result_of(script, settings)
    assert [point.num_ctx for point in result.depths] == [4096, 8512]
    missing = [caveat.text for caveat in result.caveats if caveat.kind is CaveatKind.DEPTHS_MISSING]
    assert missing == [f"depths not measured: 32768: {LoadError().text} (HTTP 500)"]


async def test_a_prompt_that_takes_too_long_to_read_is_left_out_and_what_measures_it_is_named() -> None:
    slow = msgspec.structs.replace(MODEL, prefill_tps=300, slower_per_1k=0.0)
    result = await result_of(slow, msgspec.structs.replace(LONG, depth_read_s=60))
    assert [point.prompt_tokens for point in result.depths] == pytest.approx([0, 16_384], abs=1000)
    (missing,) = [caveat.text for caveat in result.caveats if caveat.kind is CaveatKind.DEPTHS_MISSING]
    assert missing.startswith("depths not measured: 32448: reading so long a prompt would take about 10")
    assert missing.endswith("s; measure it with --depths on")


@pytest.mark.parametrize(
    ("script", "host", "words"),
    [
        (
            msgspec.structs.replace(MODEL, context_length=8192),
            {},
            "and the model's own limit is 8,192; its figures do not compare with those of longer contexts",
        ),
        (
            MODEL,
            {"most_context": 16_384},
            "and the server gave 16,384; look for a limit in its settings and its log",
        ),
    ],
    ids=["the model's limit", "the server's"],
)
async def test_another_context_than_the_one_asked_for_is_said_with_the_reason(
    script: ModelScript, host: Mapping[str, int], words: str
) -> None:
    result = await result_of(script, msgspec.structs.replace(LONG, depths_of_context=False), **host)
    assert result.num_ctx == 32_768
    assert [caveat.text for caveat in result.caveats if caveat.kind is CaveatKind.CONTEXT_DIFFERS] == [
        f"32,768 tokens of context were asked for, {words}"
    ]


@pytest.mark.parametrize(
    "attention",
    [
        GROUPED,
        Attention(architecture="gemma3", layers=24, kv_heads=4, window_tokens=1024),
        Attention(architecture="granitehybrid", layers=8, kv_heads=(0, 0, 0, 8, 0, 0, 0, 8)),
    ],
    ids=["grouped heads", "windows", "layers without attention"],
)
async def test_from_one_load_the_memory_at_longer_contexts_is_true_within_1_percent(attention: Attention) -> None:
    script = msgspec.structs.replace(MODEL, attention=attention)
    result = await result_of(script, msgspec.structs.replace(LONG, num_ctx=4096, depths_of_context=False))
    found = {entry.num_ctx: entry for entry in result.memory_by_context}
    contexts = (4096, 8192, 16_384, 32_768, 65_536, 131_072)
    assert [found[tokens].basis for tokens in contexts] == ["measured", *["formula"] * 5]
    assert [found[tokens].memory_bytes for tokens in contexts] == pytest.approx(
        [memory_bytes(script, tokens) for tokens in contexts], rel=0.01
    )


async def test_a_cache_of_other_numbers_than_16_bits_gives_no_estimate_from_one_load() -> None:
    script = msgspec.structs.replace(MODEL, attention=msgspec.structs.replace(GROUPED, number_bytes=1.0625))
    result = await result_of(script, msgspec.structs.replace(LONG, depths_of_context=False))
    assert [(entry.num_ctx, entry.basis) for entry in result.memory_by_context] == [(32_768, "measured")]


async def test_the_context_from_which_layers_leave_the_gpu_is_found_by_bisection() -> None:
    async with fake_host(HostScript(models=(MODEL,), vram_bytes=6_600_000_000)) as host:
        result = (await measured(host))["m:8b"]
        loads = sum(record.work.loads for record in host.asked("/api/generate"))
    edge = max(tokens for tokens in range(0, 32_768, 256) if memory_bytes(MODEL, tokens) <= 6_600_000_000)
    cliff = result.gpu_cliff
    assert cliff is not None
    assert cliff.whole_num_ctx <= edge < cliff.num_ctx <= 1.125 * cliff.whole_num_ctx + 1024
    assert result.context_on_gpu == ContextOnGpu(num_ctx=cliff.whole_num_ctx, is_least=False)
    assert (cliff.layers_off, cliff.layers) == (1, 33)
    assert loads <= 7


async def test_nothing_is_searched_where_all_of_the_model_fits_onto_the_gpu() -> None:
    result = await result_of(MODEL, vram_bytes=20_000_000_000)
    assert (result.gpu_cliff, result.context_on_gpu) == (None, ContextOnGpu(num_ctx=32_768, is_least=True))
    assert [load.num_ctx for load in result.loads] == [32_768]


async def test_a_gpu_that_is_too_small_for_any_context_is_asked_once_more() -> None:
    result = await result_of(MODEL, vram_bytes=3_000_000_000)
    assert (result.gpu_cliff, result.context_on_gpu) == (None, None)
    assert [load.num_ctx for load in result.loads] == [2048, 32_768]


async def test_a_model_that_cannot_be_loaded_with_a_long_context_fails_with_what_to_try() -> None:
    result = await result_of(msgspec.structs.replace(MODEL, load_error_above=20_000))
    assert (result.status, result.reason) == (
        "failed",
        f"{LoadError().text} (HTTP 500); it was to be loaded with 32,768 tokens of context: try a shorter --context",
    )


async def test_two_models_that_memory_holds_together_keep_their_one_load_for_the_depths() -> None:
    scripts = (MODEL, msgspec.structs.replace(MODEL, name="n:8b"))
    async with fake_host(HostScript(models=scripts, vram_bytes=20_000_000_000)) as host:
        results = await measured(host)
        loads = sum(record.work.loads for record in host.asked("/api/generate"))
    assert [len(result.depths) for result in results.values()] == [3, 3]
    assert loads == 2


async def test_a_context_that_others_chose_beyond_all_measure_makes_no_prompt_of_that_length() -> None:
    script = HostScript(models=(MODEL,), preloaded=("m:8b",), context_length=131_072)
    async with fake_host(script) as host:
        result = (await measured(host, msgspec.structs.replace(LONG, num_ctx=8192)))["m:8b"]
    assert [point.num_ctx for point in result.depths] == [131_072] * 3
    assert max(point.prompt_tokens or 0 for point in result.depths) < 8192


async def test_without_time_the_edge_of_the_gpu_is_left_where_it_was_seen() -> None:
    settings = msgspec.structs.replace(LONG, budget_s=0.01)
    result = await result_of(MODEL, settings, vram_bytes=6_600_000_000)
    assert [load.num_ctx for load in result.loads] == [32_768]
    assert result.gpu_cliff is None


async def test_a_failure_while_searching_leaves_the_result_as_it_is() -> None:
    script = msgspec.structs.replace(MODEL, fault=ErrorAnswer(text="boom"), sound_requests=10)
    result = await result_of(script, vram_bytes=6_600_000_000)
    assert result.status == "ok"
