"""What a model's details tell of the memory that a token of context takes."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark.kv_cache import cache_bytes
from ollama_speedrun.inventory.attention import KEYS, is_shortened, kv_cache
from ollama_speedrun.inventory.types import KvCache

RECORDED = Path(__file__).parents[1] / "contract/recordings/base/show-smol-q4_1.json"


def cache_of(architecture: str, **values: object) -> KvCache | None:
    info = {f"{architecture}.{key.replace('__', '.')}": value for key, value in values.items()}
    return kv_cache(msgspec.Raw(msgspec.json.encode(info)), architecture)


def test_the_details_of_a_real_server_give_the_cache_of_grouped_heads() -> None:
    info = json.loads(RECORDED.read_text())["response"]["json"]["model_info"]
    cache = kv_cache(msgspec.Raw(json.dumps(info).encode()), "llama")
    assert cache == KvCache(architecture="llama", layers=30, layers_with_cache=30, bytes_per_token=30 * 3 * 128 * 2)


@pytest.mark.parametrize(
    ("architecture", "values", "expected"),
    [
        pytest.param(
            "llama",
            {"block_count": 32, "embedding_length": 4096, "attention__head_count": 32, "attention__head_count_kv": 8},
            KvCache(architecture="llama", layers=32, layers_with_cache=32, bytes_per_token=131_072),
            id="8B with grouped heads",
        ),
        pytest.param(
            "llama",
            {"block_count": 2, "embedding_length": 64, "attention__head_count": 4},
            KvCache(architecture="llama", layers=2, layers_with_cache=2, bytes_per_token=512),
            id="every head has keys of its own",
        ),
        pytest.param(
            "gemma3",
            {
                "block_count": 34,
                "embedding_length": 2560,
                "attention__head_count": 8,
                "attention__head_count_kv": 4,
                "attention__key_length": 256,
                "attention__value_length": 256,
                "attention__sliding_window": 1024,
            },
            KvCache(
                architecture="gemma3",
                layers=34,
                layers_with_cache=34,
                bytes_per_token=5 * 4096,
                window_bytes_per_token=29 * 4096,
                window_tokens=1024,
            ),
            id="five of six layers see a window",
        ),
        pytest.param(
            "granitehybrid",
            {
                "block_count": 4,
                "embedding_length": 64,
                "attention__head_count": 4,
                "attention__head_count_kv": [0, 0, 2, 0],
            },
            KvCache(architecture="granitehybrid", layers=4, layers_with_cache=1, bytes_per_token=128),
            id="layers without attention",
        ),
        pytest.param(
            "glm4",
            {
                "block_count": 5,
                "nextn_predict_layers": 1,
                "embedding_length": 64,
                "attention__head_count": 4,
                "attention__head_count_kv": 2,
            },
            KvCache(architecture="glm4", layers=4, layers_with_cache=4, bytes_per_token=512),
            id="a layer that only drafts",
        ),
        pytest.param(
            "granitehybrid",
            {"block_count": 4, "embedding_length": 64, "attention__head_count": 4, "attention__head_count_kv": None},
            None,
            id="a list that was left out",
        ),
        pytest.param(
            "unheard-of",
            {
                "block_count": 4,
                "embedding_length": 64,
                "attention__head_count": 4,
                "attention__sliding_window": 512,
            },
            None,
            id="a window of unknown layers",
        ),
        pytest.param("llama", {"block_count": 10**12, "attention__head_count": 4}, None, id="impossible counts"),
        pytest.param("llama", {}, None, id="nothing"),
    ],
)
def test_the_bytes_of_a_token_follow_from_layers_heads_and_windows(
    architecture: str, values: dict[str, object], expected: KvCache | None
) -> None:
    assert cache_of(architecture, **values) == expected


def test_a_window_stops_growing_and_the_other_layers_do_not() -> None:
    cache = KvCache(
        architecture="gemma3",
        layers=6,
        layers_with_cache=6,
        bytes_per_token=10,
        window_bytes_per_token=50,
        window_tokens=1024,
    )
    assert [cache_bytes(cache, tokens) for tokens in (512, 1536, 2048, 8192)] == [
        60 * 512,
        60 * 1536,
        10 * 2048 + 50 * 1536,
        10 * 8192 + 50 * 1536,
    ]


@pytest.mark.parametrize(
    ("heads", "expected"), [(None, True), ([0, 2], False), (2, False)], ids=["left out", "a list", "a number"]
)
def test_a_list_that_was_left_out_is_noticed(heads: object, expected: bool) -> None:
    info = {"jamba.block_count": 2, "jamba.attention.head_count_kv": heads}
    assert is_shortened(msgspec.Raw(msgspec.json.encode(info)), "jamba") is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([f"llama.{key}" for key in KEYS.values()]), JSON))
def test_odd_details_give_a_cache_that_grows_or_none(info: dict[str, object]) -> None:
    cache = kv_cache(msgspec.Raw(json.dumps(info).encode()), "llama")
    assert cache is None or 0 < cache.bytes_per_token + cache.window_bytes_per_token <= 2**30
