"""The memory of a model at a wanted context, and the memory of a machine. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..benchmark import memory
from ..benchmark.types import ContextLoad, Result
from ..inventory.types import Model
from .residents import together_bytes
from .types import Capacity, Held, MemoryBasis


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
    usual = next((load for load in loads if load.num_ctx == result.context_length), loads[0])
    known = memory.Known(loads) if described is None else memory.known(loads, described, result.concurrency)
    found = memory.at_context(known, usual.num_ctx if num_ctx is None else num_ctx)
    return Memory(usual.memory_bytes, "other context") if found is None else Memory(found.memory_bytes, found.basis)


def _loads(result: Result) -> tuple[ContextLoad, ...]:
    """Return what /api/ps said at each context, the shortest first; of older documents as far as their figures tell."""
    if result.loads:
        return tuple(load for load in result.loads if load.memory_bytes > 0)
    seen = [(result.context_length, result.memory_bytes, result.gpu_share)]
    seen += [(point.num_ctx, point.memory_bytes, point.gpu_share) for point in result.depths]
    found: dict[int, ContextLoad] = {}
    for num_ctx, memory_bytes, share in seen:
        if num_ctx and memory_bytes:
            load = ContextLoad(num_ctx=num_ctx, memory_bytes=memory_bytes, gpu_bytes=round(memory_bytes * (share or 0)))
            found.setdefault(num_ctx, load)
    return tuple(found[num_ctx] for num_ctx in sorted(found))


def capacity_of(results: Iterable[Result], given_bytes: int | None, held: Sequence[Held] = ()) -> Capacity:
    """Return the memory that models may take on a machine: what was given, else the most that was seen in use.

    What was loaded together before the run (`held`) was seen in use, too. Where a model lay partly on a GPU, what of it
    did is the most that the GPU held.
    """
    if given_bytes is not None:
        return Capacity(given_bytes, "given")
    most_bytes = max((seen for result in results for seen in _seen(result)), default=0)
    return Capacity(max(most_bytes, together_bytes(held)), "seen")


def _seen(result: Result) -> list[int]:
    points = [(result.memory_bytes, result.gpu_share)]
    points += [(point.memory_bytes, point.gpu_share) for point in result.depths]
    return [round(memory_bytes * (share or 1.0)) for memory_bytes, share in points if memory_bytes is not None]
