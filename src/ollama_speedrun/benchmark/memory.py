"""The memory that a model takes at other contexts than those it was loaded with. Pure.

Two loads give the line through both. One load gives an estimate by the formula of `kv_cache`, for architectures whose
formula was held against an engine; for others there is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from ..inventory.types import KvCache, Model
from .kv_cache import MASK_BYTES_PER_TOKEN, cache_bytes, is_trusted
from .types import ConcurrencyPoint, ContextLoad, ContextOnGpu, GpuCliff, MemoryAtContext, MemoryBasis, Residency

CONTEXTS: Final = (4096, 8192, 16_384, 32_768, 65_536, 131_072)
"""The lengths of context, in tokens, that memory is given for, up to the model's own limit."""
FEWEST_TOKENS: Final = 2048
"""No shorter context is answered."""
FAR_APART: Final = 1.5
"""Two loads make a line where the longer context is at least so many times the other."""
LEAST_OF_FORMULA: Final = 0.9
"""Of the cache that the formula gives, a load takes at least this beside the weights; else its numbers are smaller
than 16 bits, and the formula is not the server's."""
MOST_OF_WEIGHTS: Final = 0.5
MOST_BESIDE_BYTES: Final = 1_250_000_000
MOST_BESIDE_SHARE: Final = 0.1
"""Buffers and embeddings that are kept twice take at most half of the weights, or 1.25 GB and a tenth of them. A load
with more than that beside weights and cache has caches for several requests at once."""
STEP_TOKENS: Final = 1024
LARGEST_BYTES: Final = 1 << 50
"""What is reckoned from a server's odd figures may be more than any machine has."""
GROWS_BY_ITSELF: Final = "safetensors"
"""The format of the engine whose cache grows with what is written, so that one load says nothing of a context."""


class Known(NamedTuple):
    """What is known of one model on one host: its loads, and how its cache grows where the server tells.

    `weights_bytes` is its size on disk, `limit_tokens` the longest context it can attend to, `slots` for how many
    requests at once the server keeps a cache of its own.
    """

    loads: Sequence[ContextLoad]
    cache: KvCache | None = None
    weights_bytes: int | None = None
    limit_tokens: int | None = None
    slots: int = 1


def loads_of(residencies: Mapping[int, Residency]) -> tuple[ContextLoad, ...]:
    """Return what /api/ps said of a model at each length of context, the shortest first."""
    return tuple(
        ContextLoad(num_ctx=tokens, memory_bytes=found.size_bytes, gpu_bytes=found.size_vram_bytes)
        for tokens, found in sorted(residencies.items())
    )


def known(loads: Sequence[ContextLoad], model: Model, concurrency: Sequence[ConcurrencyPoint] = ()) -> Known:
    """Return what is known of a model with these loads; a sweep over requests at once tells how many have a cache."""
    cache = None if model.format == GROWS_BY_ITSELF else model.kv_cache
    slots = max((point.ran_at_once for point in concurrency if point.ran_at_once < point.requests), default=1)
    return Known(loads, cache, model.size_bytes, model.context_length, max(1, slots))


def by_context(known: Known) -> tuple[MemoryAtContext, ...]:
    """Return the memory at the usual contexts and at those measured, as far as it is known, shortest first."""
    measured = {load.num_ctx for load in known.loads}
    limit_tokens = known.limit_tokens or max(measured, default=0)
    wanted = sorted(measured | {tokens for tokens in CONTEXTS if tokens <= limit_tokens})
    return tuple(found for tokens in wanted if (found := at_context(known, tokens)) is not None)


def at_context(known: Known, tokens: int) -> MemoryAtContext | None:
    """Return the memory at one context: measured, by the line through two loads, or by formula; None where unknown."""
    load = next((load for load in known.loads if load.num_ctx == tokens), None)
    if load is not None:
        share = load.gpu_bytes / load.memory_bytes
        return MemoryAtContext(num_ctx=tokens, memory_bytes=load.memory_bytes, basis="measured", gpu_share=share)
    for basis, reckoned in _ways(known, _comparable(known.loads), tokens):
        if reckoned is not None and 0 < reckoned <= LARGEST_BYTES:
            return MemoryAtContext(num_ctx=tokens, memory_bytes=round(reckoned), basis=basis)
    return None


def largest_context(known: Known, limit_bytes: int) -> MemoryAtContext | None:
    """Return the largest context whose memory is at most so many bytes, in steps of 1,024 tokens; None where none is.

    It never exceeds the model's own limit, nor, where that is not known, the longest context measured.
    """
    longest = known.limit_tokens or max((load.num_ctx for load in known.loads), default=0)
    low, high = 0, longest // STEP_TOKENS
    while low < high:
        middle = (low + high + 1) // 2
        found = at_context(known, middle * STEP_TOKENS)
        if found is not None and found.memory_bytes <= limit_bytes:
            low = middle
        else:
            high = middle - 1
    fitting = [load.num_ctx for load in known.loads if load.memory_bytes <= limit_bytes]
    best = max([low * STEP_TOKENS, *fitting])
    return at_context(known, best) if best else None


def _ways(known: Known, loads: Sequence[ContextLoad], tokens: int) -> Iterable[tuple[MemoryBasis, float | None]]:
    """Yield the ways to reckon the memory at a context, the best one first."""
    growth = Growth(known.cache if known.cache is not None and is_trusted(known.cache) else None, known.slots)
    yield "line", _by_line(loads, growth, tokens)
    if growth.cache is not None and loads:
        nearest = min(loads, key=lambda load: max(load.num_ctx / tokens, tokens / load.num_ctx))
        yield "formula", _by_formula(nearest, growth, known.weights_bytes, tokens)


class Growth(NamedTuple):
    """What memory grows with: the caches of so many requests and the mask of attention, where a formula is trusted."""

    cache: KvCache | None
    slots: int

    def cache_at(self, tokens: int) -> int:
        """Return the bytes of the caches at a context; 0 without a formula."""
        return 0 if self.cache is None else self.slots * cache_bytes(self.cache, tokens)

    def at(self, tokens: int) -> int:
        """Return the bytes of caches and mask at a context; the tokens themselves without a formula."""
        return tokens if self.cache is None else self.cache_at(tokens) + MASK_BYTES_PER_TOKEN * tokens


def _comparable(loads: Sequence[ContextLoad]) -> Sequence[ContextLoad]:
    """Return the loads in the order of their contexts, without those that lay partly on the GPU where others did not.

    Layers that leave the GPU change what is allocated; servers before 0.30.11 even counted their weights twice.
    """
    whole = [load for load in loads if not 0 < load.gpu_bytes < load.memory_bytes]
    return sorted(whole or loads, key=lambda load: load.num_ctx)


def _by_line(loads: Sequence[ContextLoad], growth: Growth, tokens: int) -> float | None:
    """Return the memory on the line through the two loads around a context, or through the two nearest to it.

    The line is over the bytes of the cache where their formula is trusted, for a window makes it bend.
    """
    pairs = [(low, high) for low, high in pairwise(loads) if high.num_ctx >= FAR_APART * low.num_ctx]
    if not pairs:
        return None
    low, high = next((pair for pair in pairs if tokens <= pair[1].num_ctx), pairs[-1])
    start, end, wanted = (growth.at(context) for context in (low.num_ctx, high.num_ctx, tokens))
    slope = (high.memory_bytes - low.memory_bytes) / (end - start)
    return low.memory_bytes + slope * (wanted - start) if slope > 0 else None


def _by_formula(load: ContextLoad, growth: Growth, weights_bytes: int | None, tokens: int) -> float | None:
    """Return the memory at a longer context as what is added to a load's; at a shorter one between it and the weights.

    None where the load contradicts the formula, or nothing tells.
    """
    if weights_bytes is None:
        return None
    beside = load.memory_bytes - weights_bytes
    cache = growth.cache_at(load.num_ctx)
    most = min(MOST_OF_WEIGHTS * weights_bytes, MOST_BESIDE_BYTES + MOST_BESIDE_SHARE * weights_bytes)
    if not LEAST_OF_FORMULA * cache <= beside <= cache + most:
        return None
    if tokens > load.num_ctx:
        return load.memory_bytes + growth.at(tokens) - growth.at(load.num_ctx)
    return weights_bytes + beside * growth.at(tokens) / growth.at(load.num_ctx)


def context_on_gpu(loads: Sequence[ContextLoad]) -> ContextOnGpu | None:
    """Return the largest context that was seen with all of the model on the GPU; None where there was none."""
    whole = [load.num_ctx for load in loads if _is_whole(load)]
    if not whole:
        return None
    return ContextOnGpu(num_ctx=max(whole), is_least=gpu_cliff(loads, layers=None) is None)


def gpu_cliff(loads: Sequence[ContextLoad], *, layers: int | None) -> GpuCliff | None:
    """Return between which two of the contexts tried layers leave the GPU; None where that was not seen.

    `layers` are those of the model, None where it does not say.
    """
    for whole, split in pairwise(sorted(loads, key=lambda load: load.num_ctx)):
        if _is_whole(whole) and split.gpu_bytes < split.memory_bytes:
            in_all = None if layers is None else layers + 1
            off = None if in_all is None else max(1, round(in_all * (1 - split.gpu_bytes / split.memory_bytes)))
            return GpuCliff(whole_num_ctx=whole.num_ctx, num_ctx=split.num_ctx, layers_off=off, layers=in_all)
    return None


def _is_whole(load: ContextLoad) -> bool:
    return 0 < load.memory_bytes <= load.gpu_bytes
