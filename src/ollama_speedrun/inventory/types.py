"""A model as its server describes it."""

from typing import Literal

import msgspec

ModelKind = Literal["chat", "base", "embedding", "image", "cloud"]


class KvCache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the cache of keys and values grows, by `model_info`: bytes that a token of context takes at 16 bits a number.

    `bytes_per_token` is of the layers that attend to the whole context, `window_bytes_per_token` of those that attend
    to the last `window_tokens`, None where there are none. Layers without attention (`layers` less
    `layers_with_cache`) take the same memory at any context.
    """

    architecture: str
    layers: int
    layers_with_cache: int
    bytes_per_token: int
    window_bytes_per_token: int = 0
    window_tokens: int | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model on one host.

    `host` is the host's url. `size_bytes` is the size on disk. `parameter_size` and `quantization` are the server's own
    words ("8.0B", "Q4_K_M"), and so is `format`, the one of the weights ("gguf" or "safetensors"). `context_length` is
    the most tokens that the model can attend to. `license` is the first line of the licence's text. What a server left
    out is None. `drafts` says whether it decodes with drafts, several tokens at a time (speculative decoding); None
    where the server gives no details. `aliases` are other names of the same digest on the same host, 64 at most.
    `kv_cache` says how its memory grows with the context, None where the server's details do not tell.
    `base` is equal for models that are quants of one base, None where the details do not tell.
    """

    host: str
    name: str
    digest: str | None
    size_bytes: int | None
    parameter_size: str | None
    quantization: str | None
    family: str | None
    capabilities: tuple[str, ...]
    context_length: int | None
    kind: ModelKind
    license: str | None = None
    format: str | None = None
    drafts: bool | None = None
    aliases: tuple[str, ...] = ()
    kv_cache: KvCache | None = None
    base: str | None = None

    @property
    def generates_text(self) -> bool:
        """True if a text prompt may be sent: chat and base models only."""
        return self.kind in {"chat", "base"}

    @property
    def can_be_measured(self) -> bool:
        """True if it runs on its host and gives something that can be timed: text, or vectors."""
        return self.generates_text or self.kind == "embedding"
