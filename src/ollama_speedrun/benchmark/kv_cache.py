"""The memory of a model's cache of keys and values at a length of context. Pure."""

from typing import Final

from ..inventory.types import KvCache

BATCH_TOKENS: Final = 512
"""The prompt tokens that a server computes at once: a window's cache holds one batch more than the window."""
PADDING_TOKENS: Final = 256
"""llama.cpp rounds the cache of a window up to a multiple of this."""
MASK_BYTES_PER_TOKEN: Final = 2 * BATCH_TOKENS
"""The mask of attention has one 16-bit number for each token of a batch and each of the context."""

TRUSTED: Final = frozenset(
    {
        *("command-r", "cohere2", "deepseek2", "exaone", "gemma", "gemma2", "gemma3", "glm4", "gpt-oss", "granite"),
        *("granitehybrid", "granitemoe", "internlm2", "jamba", "lfm2", "llama", "llama4", "minicpm", "mistral3"),
        *("nemotron_h", "olmo2", "phi3", "qwen2", "qwen2moe", "qwen3", "qwen35", "qwen3moe", "qwen3next"),
        *("smollm3", "stablelm", "starcoder2"),
    }
)
"""The architectures whose formula agrees with what llama.cpp allocates (`tests/demo/test_kv_cache.py`)."""


def is_trusted(cache: KvCache) -> bool:
    """Return whether the formula of this architecture was held against an engine."""
    return cache.architecture in TRUSTED


def cache_bytes(cache: KvCache, tokens: int) -> int:
    """Return the bytes that the cache of one request takes in a context of so many tokens, at 16 bits a number.

    Layers with a window keep the window and one batch of the prompt, rounded up to 256 tokens, and never more than the
    context.
    """
    in_window = 0
    if cache.window_tokens is not None:
        kept = cache.window_tokens + BATCH_TOKENS
        in_window = min(tokens, -(-kept // PADDING_TOKENS) * PADDING_TOKENS)
    return cache.bytes_per_token * tokens + cache.window_bytes_per_token * in_window
