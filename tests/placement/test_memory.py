import msgspec
import pytest

from ollama_speedrun.benchmark.kv_cache import MASK_BYTES_PER_TOKEN
from ollama_speedrun.benchmark.types import DepthPoint, Result
from ollama_speedrun.inventory.types import KvCache
from ollama_speedrun.placement.memory import Memory, capacity_of, memory_at
from specimens import DESK, GB, model, result


def loaded(gigabytes: float | None, *depths: tuple[int, float], gpu_share: float | None = 1.0) -> Result:
    return msgspec.structs.replace(
        result("m", DESK),
        context_length=4096,
        memory_bytes=None if gigabytes is None else round(gigabytes * GB),
        gpu_share=gpu_share,
        depths=tuple(point(num_ctx, held) for num_ctx, held in depths),
    )


def point(num_ctx: int, gigabytes: float, gpu_share: float | None = 1.0) -> DepthPoint:
    return DepthPoint(
        prompt_tokens=num_ctx,
        num_ctx=num_ctx,
        prefill_tps=None,
        decode_tps=None,
        ttft_s=None,
        memory_bytes=round(gigabytes * GB),
        gpu_share=gpu_share,
    )


CACHE = KvCache(architecture="llama", layers=32, layers_with_cache=32, bytes_per_token=131_072)
WITH_CACHE = msgspec.structs.replace(model("m", DESK), kv_cache=CACHE)


@pytest.mark.parametrize(
    ("found", "num_ctx", "expected"),
    [
        (loaded(5.0), None, Memory(5 * GB, "measured")),
        (loaded(5.0), 4096, Memory(5 * GB, "measured")),
        (loaded(5.0, (8192, 6.0)), 8192, Memory(6 * GB, "measured")),
        (loaded(5.0, (8192, 6.0)), 12288, Memory(7 * GB, "line")),
        (loaded(5.0, (8192, 6.0)), 6144, Memory(round(5.5 * GB), "line")),
        (loaded(5.0, (8192, 6.0), (16384, 10.0)), 20480, Memory(12 * GB, "line")),
        (loaded(5.3), 8192, Memory(round(5.3 * GB) + 4096 * (131_072 + MASK_BYTES_PER_TOKEN), "formula")),
    ],
)
def test_memory_at_a_context_goes_by_what_was_loaded(found: Result, num_ctx: int | None, expected: Memory) -> None:
    assert memory_at(found, WITH_CACHE, num_ctx) == expected


def test_without_details_the_memory_at_another_context_is_said_to_be_that_of_the_measured_one() -> None:
    assert memory_at(loaded(5.0), model("m", DESK), 8192) == Memory(5 * GB, "other context")


def test_where_no_memory_was_measured_the_size_on_disk_stands_in() -> None:
    assert memory_at(loaded(None), model("m", DESK, gigabytes=4.6), None) == Memory(round(4.6 * GB), "disk")
    assert memory_at(loaded(None), None, None) is None


def test_a_machine_holds_the_most_that_was_seen_and_of_a_gpu_only_its_part() -> None:
    assert capacity_of([loaded(5.0), loaded(8.0, gpu_share=0.0)], None).memory_bytes == 8 * GB
    assert capacity_of([loaded(20.0, gpu_share=0.5), loaded(7.0)], None).memory_bytes == 10 * GB
    assert capacity_of([loaded(5.0, (8192, 6.0))], None).memory_bytes == 6 * GB
    assert capacity_of([loaded(5.0)], 24 * GB).memory_bytes == 24 * GB
    assert capacity_of([], None).memory_bytes == 0
