"""Memory at other contexts than those measured: held against a real server's recordings, and against invariants."""

import itertools
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark import memory
from ollama_speedrun.benchmark.memory import Known
from ollama_speedrun.benchmark.types import ContextLoad, ContextOnGpu, GpuCliff, MemoryAtContext
from ollama_speedrun.inventory.attention import kv_cache
from ollama_speedrun.inventory.types import KvCache

RECORDINGS = Path(__file__).parents[1] / "contract/recordings"
MODEL = "smol:q4_1"


def recorded(name: str) -> dict[str, object]:
    body: dict[str, object] = json.loads((RECORDINGS / f"{name}.json").read_text())["response"]["json"]
    return body


def load(name: str) -> ContextLoad:
    """Return what a recorded /api/ps says of the model."""
    models = recorded(name)["models"]
    assert isinstance(models, list)
    entry = next(entry for entry in models if entry["name"] == MODEL)
    return ContextLoad(num_ctx=entry["context_length"], memory_bytes=entry["size"], gpu_bytes=entry["size_vram"])


def tags_size_bytes() -> int:
    models = recorded("base/tags")["models"]
    assert isinstance(models, list)
    size: int = next(entry["size"] for entry in models if entry["name"] == MODEL)
    return size


LOADS = tuple(
    map(load, ("base/ps-after-context-change", "base/ps-loaded", "base/ps-forever", "faults/num-ctx-larger-ps"))
)
CACHE = kv_cache(msgspec.Raw(msgspec.json.encode(recorded("base/show-smol-q4_1")["model_info"])), "llama")
REAL = Known((), CACHE, tags_size_bytes(), 8192)
GROWING = KvCache(architecture="llama", layers=32, layers_with_cache=32, bytes_per_token=100_000)


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(LOADS, 2)), ids=lambda one: str(one.num_ctx))
def test_from_one_recorded_load_the_memory_of_each_other_is_within_10_percent(
    one: ContextLoad, other: ContextLoad
) -> None:
    found = memory.at_context(REAL._replace(loads=(one,)), other.num_ctx)
    assert found is not None
    assert found.basis == "formula"
    assert found.memory_bytes == pytest.approx(other.memory_bytes, rel=0.1)


@pytest.mark.parametrize("missing", LOADS[1:], ids=lambda one: str(one.num_ctx))
def test_from_the_other_recorded_loads_the_line_is_within_10_percent(missing: ContextLoad) -> None:
    others = tuple(one for one in LOADS if one is not missing)
    found = memory.at_context(REAL._replace(loads=others), missing.num_ctx)
    assert found is not None
    assert found.basis == "line"
    assert found.memory_bytes == pytest.approx(missing.memory_bytes, rel=0.1)


def test_a_load_with_four_caches_in_it_contradicts_the_formula_of_one_and_gives_no_figure() -> None:
    known = REAL._replace(loads=(load("num-parallel-4/par4-ps"),))
    assert [found.basis for found in memory.by_context(known)] == ["measured"]


def test_an_architecture_that_was_not_held_against_an_engine_gives_no_figure_from_one_load() -> None:
    unknown = msgspec.structs.replace(GROWING, architecture="unheard-of")
    known = Known((at(4096, 6_000),), unknown, 5_500_000_000, 16_384)
    assert memory.by_context(known) == (measured(4096, 6_000),)


def test_two_loads_give_a_line_whatever_the_architecture() -> None:
    known = Known((at(4096, 6_000), at(16_384, 9_000)), None, None, 32_768)
    assert memory.by_context(known) == (
        measured(4096, 6_000),
        MemoryAtContext(num_ctx=8192, memory_bytes=7_000_000_000, basis="line"),
        measured(16_384, 9_000),
        MemoryAtContext(num_ctx=32_768, memory_bytes=13_000_000_000, basis="line"),
    )


def test_smaller_numbers_in_the_cache_than_16_bits_contradict_the_formula() -> None:
    known = Known((at(32_768, 6_800),), GROWING, 5_000_000_000, 32_768)
    assert [found.num_ctx for found in memory.by_context(known)] == [32_768]


def test_a_load_that_lies_partly_on_the_gpu_makes_no_line_with_one_that_does_not() -> None:
    split = msgspec.structs.replace(at(32_768, 20_000), gpu_bytes=8_000_000_000)
    found = memory.at_context(Known((at(4096, 6_000), split), None, None, 32_768), 8192)
    assert found is None


@pytest.mark.parametrize(
    ("loads", "on_gpu", "cliff"),
    [
        ((), None, None),
        (((4096, 6000, 0),), None, None),
        (((4096, 6000, 6000),), ContextOnGpu(num_ctx=4096, is_least=True), None),
        (
            ((32_768, 12_000, 9000), (4096, 6000, 6000), (16_384, 8000, 8000)),
            ContextOnGpu(num_ctx=16_384, is_least=False),
            GpuCliff(whole_num_ctx=16_384, num_ctx=32_768, layers_off=8, layers=33),
        ),
        (((4096, 12_000, 9000), (8192, 13_000, 9000)), None, None),
    ],
    ids=["nothing", "on the CPU", "all that was tried fits", "a cliff", "it never fits"],
)
def test_the_cliff_lies_between_the_last_context_that_fits_and_the_first_that_does_not(
    loads: tuple[tuple[int, int, int], ...], on_gpu: ContextOnGpu | None, cliff: GpuCliff | None
) -> None:
    known = [ContextLoad(num_ctx=tokens, memory_bytes=size, gpu_bytes=vram) for tokens, size, vram in loads]
    assert (memory.context_on_gpu(known), memory.gpu_cliff(known, layers=32)) == (on_gpu, cliff)


@given(
    st.integers(256, 131_072),
    st.integers(0, 200_000),
    st.integers(0, 200_000),
    st.integers(1, 40_000_000_000),
    st.integers(1, 60_000_000_000),
)
def test_the_largest_context_fits_and_the_next_one_does_not(
    tokens: int, full: int, windowed: int, size: int, limit: int
) -> None:
    cache = KvCache(
        architecture="gemma3",
        layers=6,
        layers_with_cache=6,
        bytes_per_token=full,
        window_bytes_per_token=windowed,
        window_tokens=1024 if windowed else None,
    )
    one = ContextLoad(num_ctx=tokens, memory_bytes=size + tokens * (full + windowed), gpu_bytes=0)
    known = Known((one,), cache, size, 131_072)
    found = memory.largest_context(known, limit)
    if found is not None:
        assert found.memory_bytes <= limit
        beyond = memory.at_context(known, (found.num_ctx // 1024 + 1) * 1024)
        assert beyond is None or beyond.memory_bytes > limit or beyond.num_ctx > 131_072
    sizes = [entry.memory_bytes for entry in memory.by_context(known)]
    assert sizes == sorted(sizes)


@given(st.lists(st.tuples(st.integers(1, 2**53), st.integers(1, 2**53)), max_size=4), st.integers(1, 2**53))
def test_whatever_a_server_says_each_figure_is_one_that_json_holds(loads: list[tuple[int, int]], limit: int) -> None:
    odd = [ContextLoad(num_ctx=tokens, memory_bytes=size, gpu_bytes=size // 2) for tokens, size in dict(loads).items()]
    known = Known(odd, GROWING, 1, limit)
    found = (memory.by_context(known), memory.largest_context(known, 2**53))
    held = msgspec.json.decode(
        msgspec.json.encode(found), type=tuple[tuple[MemoryAtContext, ...], MemoryAtContext | None]
    )
    assert held == found


def at(tokens: int, megabytes: int) -> ContextLoad:
    return ContextLoad(num_ctx=tokens, memory_bytes=megabytes * 10**6, gpu_bytes=megabytes * 10**6)


def measured(tokens: int, megabytes: int) -> MemoryAtContext:
    return MemoryAtContext(num_ctx=tokens, memory_bytes=megabytes * 10**6, basis="measured", gpu_share=1.0)
