"""The memory of a model at a wanted context, and the memory of a machine. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..benchmark.kv_cache import cache_bytes
from ..benchmark.types import Result
from ..inventory.types import Model
from .types import Capacity, MemoryBasis


class Memory(NamedTuple):
    """Bytes of a loaded model, and where they are known from."""

    memory_bytes: int
    basis: MemoryBasis


def memory_at(result: Result, described: Model | None, num_ctx: int | None) -> Memory | None:
    """Return the memory with a context of so many tokens, None for the one that was measured; None if nothing tells."""
    loads = _loads(result)
    if not loads:
        size_bytes = None if described is None else described.size_bytes
        return None if size_bytes is None else Memory(size_bytes, "disk")
    usual = result.context_length if result.context_length in loads else next(iter(loads))
    if num_ctx is None or num_ctx in loads:
        return Memory(loads[usual if num_ctx is None else num_ctx], "measured")
    if len(loads) > 1:
        return Memory(_on_line(loads, num_ctx), "line")
    if described is not None and described.kv_cache is not None:
        growth = cache_bytes(described.kv_cache, num_ctx) - cache_bytes(described.kv_cache, usual)
        return Memory(max(loads[usual] + growth, 0), "formula")
    return Memory(loads[usual], "other context")


def _loads(result: Result) -> dict[int, int]:
    """Return the bytes of each load that was seen, by its context in tokens; the one of the trials first."""
    found = {}
    if result.memory_bytes is not None:
        found[result.context_length or 0] = result.memory_bytes
    for point in result.depths:
        if point.memory_bytes is not None:
            found.setdefault(point.num_ctx, point.memory_bytes)
    return found


def _on_line(loads: Mapping[int, int], num_ctx: int) -> int:
    """Return the memory on the line through the two loads that are nearest to a context, never below the smallest."""
    low, high = sorted(sorted(loads, key=lambda length: (abs(length - num_ctx), length))[:2])
    slope = max((loads[high] - loads[low]) / (high - low), 0.0)
    return max(round(loads[low] + slope * (num_ctx - low)), min(loads.values()))


def capacity_of(results: Iterable[Result], given_bytes: int | None) -> Capacity:
    """Return the memory that models may take on a machine: what was given, else the most that was seen in use.

    Where a model lay partly on a GPU, what of it did is the most that the GPU held.
    """
    if given_bytes is not None:
        return Capacity(given_bytes, "given")
    return Capacity(max((seen for result in results for seen in _seen(result)), default=0), "seen")


def _seen(result: Result) -> list[int]:
    points = [(result.memory_bytes, result.gpu_share)]
    points += [(point.memory_bytes, point.gpu_share) for point in result.depths]
    return [round(memory_bytes * (share or 1.0)) for memory_bytes, share in points if memory_bytes is not None]
