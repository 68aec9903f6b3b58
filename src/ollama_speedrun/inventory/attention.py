"""How a model's cache of keys and values grows with its context, out of `model_info`. Pure.

Sources: the hyper-parameters that llama.cpp reads for each architecture (`llama-model.cpp`: which layers attend to a
window, which have no attention at all) and what its caches allocate (`llama-kv-cache*.cpp`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from ..ollama import fields, wire
from .types import KvCache

F16_BYTES: Final = 2
MOST_LAYERS: Final = 1024
LARGEST_DIMENSION: Final = 1 << 20
MOST_BYTES_PER_TOKEN: Final = 1 << 30
"""No model keeps more of a token."""
KEYS: Final = {
    "layers": "block_count",
    "embedding": "embedding_length",
    "heads": "attention.head_count",
    "kv_heads": "attention.head_count_kv",
    "key": "attention.key_length",
    "value": "attention.value_length",
    "window": "attention.sliding_window",
    "pattern": "attention.sliding_window_pattern",
    "interval": "full_attention_interval",
    "mla_key": "attention.key_length_mla",
    "mla_rank": "attention.kv_lora_rank",
    "rope": "rope.dimension_count",
    "drafting": "nextn_predict_layers",
}
"""What is read of `model_info`, each under the name of the architecture."""
WINDOW_EVERY: Final = {"gemma2": 2, "gemma3": 6, "gpt-oss": 2, "gptoss": 2, "cohere2": 4, "llama4": 4}
"""Of so many layers, the last one attends to the whole context and the others to a window."""
WINDOW_TOKENS: Final = {"llama4": 8192}
"""The window of an architecture that does not name one."""
FULL_EVERY: Final = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4}
"""Of so many layers, the last one has attention and the others keep a state of constant size."""
IGNORES_WINDOW: Final = frozenset({"llama", "mistral3", "phi3", "qwen2", "qwen2moe", "qwen3", "qwen3moe"})
"""Architectures that may name a window and are run without one."""

Numbers = int | Sequence[int] | None


def kv_cache(model_info: msgspec.Raw, architecture: str) -> KvCache | None:
    """Return the bytes that a token of context takes in a 16-bit cache, by the layers that attend to it.

    None where a count is missing or odd. A list that the server shortens to null, as it does without `verbose`, counts
    as missing.
    """
    read = _read(model_info, architecture)
    layers = _count(read.get("layers"), MOST_LAYERS)
    if layers is None:
        return None
    layers -= _count(read.get("drafting"), layers - 1) or 0
    heads = _per_layer(read.get("kv_heads"), layers)
    if heads is None and "kv_heads" not in read:
        heads = _per_layer(read.get("heads"), layers)
    sizes = _entry_sizes(read)
    if heads is None or sizes is None:
        return None
    has_cache = [bool(count) and _attends(read, architecture, number) for number, count in enumerate(heads)]
    windowed = _windowed(read, architecture, layers)
    if windowed is None:
        return None
    in_all = [count * sum(sizes) * F16_BYTES if has else 0 for count, has in zip(heads, has_cache, strict=True)]
    if sum(in_all) > MOST_BYTES_PER_TOKEN:
        return None
    inside = sum(size for size, is_windowed in zip(in_all, windowed, strict=True) if is_windowed)
    return KvCache(
        architecture=architecture,
        layers=layers,
        layers_with_cache=sum(has_cache),
        bytes_per_token=sum(in_all) - inside,
        window_bytes_per_token=inside,
        window_tokens=_window(read, architecture) if inside else None,
    )


def is_shortened(model_info: msgspec.Raw, architecture: str) -> bool:
    """Return whether the heads of each layer are a list that was shortened to null; `verbose` has it in full."""
    read = _read(model_info, architecture)
    return "layers" in read and any(name in read and read[name] is None for name in ("heads", "kv_heads", "pattern"))


@lru_cache(maxsize=64)
def _form(architecture: str) -> type[msgspec.Struct]:
    """Return the form that reads the keys of an architecture and skips everything else without building it."""
    raw = msgspec.Raw
    named = [
        (name, raw, msgspec.field(name=f"{architecture}.{key}", default=msgspec.UNSET)) for name, key in KEYS.items()
    ]
    return msgspec.defstruct("Attention", [(name, raw | msgspec.UnsetType, field) for name, raw, field in named])


def _read(model_info: msgspec.Raw, architecture: str) -> dict[str, Numbers]:
    """Return the numbers and lists of numbers under these keys; None for one that is there and holds nothing usable."""
    try:
        found: Any = msgspec.json.decode(model_info, type=_form(architecture))
    except fields.UNREADABLE:
        return {}
    present = {name: getattr(found, name) for name in KEYS if getattr(found, name) is not msgspec.UNSET}
    return {name: _numbers(raw) for name, raw in present.items()}


def _numbers(raw: msgspec.Raw) -> Numbers:
    try:
        value = msgspec.json.decode(raw, type=int | float | list[int | bool] | None)
    except fields.UNREADABLE:
        return None
    if isinstance(value, list):
        return [int(one) for one in value] if 0 < len(value) <= MOST_LAYERS else None
    return int(value) if value is not None and abs(value) <= wire.LARGEST else None


def _count(value: Numbers, most: int) -> int | None:
    return value if isinstance(value, int) and 0 < value <= most else None


def _per_layer(value: Numbers, layers: int) -> Sequence[int] | None:
    """Return one count for each layer; None where a list has another length or a count is impossible."""
    counts = [value] * layers if isinstance(value, int) else value
    if counts is None or len(counts) < layers or not all(0 <= count <= LARGEST_DIMENSION for count in counts):
        return None
    return counts[:layers] if any(counts) else None


def _entry_sizes(read: dict[str, Numbers]) -> tuple[int, int] | None:
    """Return the numbers that a head keeps of a token, as key and as value.

    Multi-head latent attention keeps one compressed entry, which serves as both.
    """
    rank, rope = _count(read.get("mla_rank"), LARGEST_DIMENSION), _count(read.get("rope"), LARGEST_DIMENSION)
    if rank is not None and "mla_key" in read:
        return None if rope is None else (rank + rope, 0)
    embedding = _count(read.get("embedding"), LARGEST_DIMENSION)
    heads = read.get("heads")
    most_heads = max(heads) if isinstance(heads, list) else _count(heads, LARGEST_DIMENSION)
    usual = embedding // most_heads if embedding and most_heads else None
    key = _count(read.get("key"), LARGEST_DIMENSION) or usual
    value = _count(read.get("value"), LARGEST_DIMENSION) or usual
    return None if key is None or value is None else (key, value)


def _attends(read: dict[str, Numbers], architecture: str, number: int) -> bool:
    """Return whether a layer has attention at all."""
    usual = FULL_EVERY.get(architecture)
    if usual is None:
        return True
    every = _count(read.get("interval"), MOST_LAYERS) or usual
    return (number + 1) % every == 0


def _window(read: dict[str, Numbers], architecture: str) -> int | None:
    """Return the tokens that some layers attend to, None where all attend to the whole context."""
    if architecture in IGNORES_WINDOW:
        return None
    return _count(read.get("window"), wire.LARGEST) or WINDOW_TOKENS.get(architecture)


def _windowed(read: dict[str, Numbers], architecture: str, layers: int) -> Sequence[bool] | None:
    """Return for each layer whether it attends to a window only; None where that cannot be told."""
    if _window(read, architecture) is None:
        return [False] * layers
    pattern = read.get("pattern")
    if isinstance(pattern, list):
        return [bool(one) for one in pattern[:layers]] if len(pattern) >= layers else None
    every = WINDOW_EVERY.get(architecture)
    return None if every is None else [number % every < every - 1 for number in range(layers)]
