"""The memory of each model by the length of its context, as a table, a sentence and an explanation. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ..benchmark import memory
from ..benchmark.types import GpuCliff, MemoryAtContext, MemoryBasis, Result
from ..inventory.types import Model
from . import figures
from .columns import Column
from .settings import ReportSettings

ESTIMATED: Final = "≈ "
BASES: Final[Mapping[MemoryBasis, str]] = {
    "measured": "measured, /api/ps",
    "line": "estimated, on the line through two loads",
    "formula": "estimated, one load and the cache by model_info",
}


class MemoryRow(NamedTuple):
    """A result with its memory by context, what is listed of its model, and the largest context that fits."""

    result: Result
    model: Model | None
    host: str
    fits: MemoryAtContext | None = None

    def at(self, tokens: int) -> MemoryAtContext | None:
        """Return the memory at one of the contexts, None where it is not known."""
        return next((found for found in self.result.memory_by_context if found.num_ctx == tokens), None)


def rows(
    measured: Sequence[Result],
    models: Mapping[tuple[str, str], Model],
    names: Mapping[str, str],
    settings: ReportSettings,
) -> tuple[MemoryRow, ...]:
    """Return a row for each result whose memory is known, where the settings ask for it."""
    if not settings.wide and settings.max_memory_bytes is None:
        return ()
    return tuple(
        MemoryRow(
            result,
            model := models.get((result.host, result.model)),
            figures.host_called(result.host, names),
            largest(result, model, settings.max_memory_bytes),
        )
        for result in measured
        if result.memory_by_context
    )


def largest(result: Result, model: Model | None, limit_bytes: int | None) -> MemoryAtContext | None:
    """Return the largest context of a result whose memory is at most so much; None where nothing tells or fits."""
    if model is None or limit_bytes is None:
        return None
    return memory.largest_context(memory.known(result.loads, model, result.concurrency), limit_bytes)


def columns(found: Sequence[MemoryRow], settings: ReportSettings) -> tuple[Column[MemoryRow], ...]:
    """Return the columns: a context each, those of the usual ones that any row knows, and the largest that fits."""
    contexts = [tokens for tokens in memory.CONTEXTS if any(row.at(tokens) for row in found)]
    most = settings.max_memory_bytes
    fits: tuple[Column[MemoryRow], ...] = (
        () if most is None else (Column(f"In {figures.size(most)}", lambda row: _context(row.fits)),)
    )
    return (
        Column("Model", lambda row: figures.name(row.result.label), "name"),
        Column("Host", lambda row: row.host, "name"),
        *map(_at, contexts),
        Column("On GPU", _on_gpu, is_needed=lambda rows: any(row.result.context_on_gpu for row in rows)),
        *fits,
    )


def _at(tokens: int) -> Column[MemoryRow]:
    return Column(figures.tokens(tokens), lambda row: size(row.at(tokens)), gives_way=2)


def size(found: MemoryAtContext | None) -> str:
    """Return the memory, marked where it is estimated."""
    if found is None:
        return figures.ABSENT
    mark = "" if found.basis == "measured" else ESTIMATED
    return f"{mark}{figures.size(found.memory_bytes)}"


def _context(found: MemoryAtContext | None) -> str:
    if found is None:
        return figures.ABSENT
    mark = "" if found.basis == "measured" else ESTIMATED
    return f"{mark}{figures.tokens(found.num_ctx)}"


def _on_gpu(row: MemoryRow) -> str:
    found = row.result.context_on_gpu
    if found is None:
        return figures.ABSENT
    return f"{'≥ ' if found.is_least else ''}{figures.tokens(found.num_ctx)}"


def cliff(found: GpuCliff) -> str:
    """Return from which context on layers leave the GPU, as a sentence."""
    layers = "a part of it leaves" if found.layers_off is None else f"{found.layers_off} of {found.layers} layers leave"
    whole = figures.tokens(found.whole_num_ctx)
    return f"from {figures.tokens(found.num_ctx)} of context on {layers} the GPU; with {whole} it fits whole"


def explained(result: Result, model: Model | None, fits: MemoryAtContext | None = None) -> Iterator[str]:
    """Yield the lines on the memory by context: how its cache grows, each figure with where it comes from.

    `fits` is the largest context within `--max-memory`.
    """
    if not result.memory_by_context:
        return
    yield "memory_by_context: /api/ps where the model was loaded so, else estimated"
    cache = None if model is None else model.kv_cache
    if cache is not None:
        window = (
            ""
            if cache.window_tokens is None
            else f", and {cache.window_bytes_per_token} within a window of {cache.window_tokens}"
        )
        yield (
            f"  cache: {cache.bytes_per_token} bytes a token{window}, {cache.layers_with_cache} of {cache.layers} "
            f"layers, {cache.architecture}"
        )
    for found in result.memory_by_context:
        share = "" if found.gpu_share is None else f", {figures.share(found.gpu_share)} on the GPU"
        taken = f"{figures.tokens(found.num_ctx):>6}  {figures.size(found.memory_bytes):>7}"
        yield f"  {taken}  {BASES[found.basis]}{share}"
    if result.gpu_cliff is not None:
        yield f"  {cliff(result.gpu_cliff)}"
    elif result.context_on_gpu is not None:
        yield f"  all of it was on the GPU up to {figures.tokens(result.context_on_gpu.num_ctx)}, the longest tried"
    if fits is not None:
        yield f"  largest context within --max-memory: {_context(fits)}, {size(fits)}"
