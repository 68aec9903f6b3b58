"""The tables beside that of the tiers: embedding models, what an image costs, and the two sweeps."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec

from ..assessment.types import ScoredResult
from ..benchmark.types import ConcurrencyPoint, DepthPoint
from ..inventory.types import Model
from . import figures

Rows: TypeAlias = tuple[tuple[str, ...], ...]

CLIFF: Final = 0.01
"""So much less of the model on the GPU means that layers left it, and not that a buffer grew beside it."""
EMBEDDING_HEADINGS: Final = ("Model", "Host", "Size", "Params", "Quant", "Dim", "emb/s", "at 32", "Load")
IMAGE_HEADINGS: Final = ("Model", "Host", "Tokens", "Reading")
DEPTH_HEADINGS: Final = ("Context", "Prefill", "tok/s", "TTFT", "Memory", "GPU", "")
CONCURRENCY_HEADINGS: Final = ("Requests", "tok/s in all", "TTFT p50", "TTFT p95", "At once")


class Group(msgspec.Struct, frozen=True):
    """Rows below a heading, which is empty where they need none."""

    title: str
    rows: Rows


class Table(msgspec.Struct, frozen=True):
    """A table of its own; a group is never without rows."""

    title: str
    headings: tuple[str, ...]
    groups: tuple[Group, ...]


def beside(measured: Sequence[ScoredResult], models: Mapping[tuple[str, str], Model]) -> tuple[Table, ...]:
    """Return the tables that have something to show, of results that ended well."""
    embeddings = tuple(_embedding_row(result, models.get((result.host, result.model))) for result in measured)
    images = tuple(_image_row(result) for result in measured)
    tables = (
        _flat("Embedding models", EMBEDDING_HEADINGS, embeddings),
        _flat("What an image of 256 × 256 pixels adds to a prompt", IMAGE_HEADINGS, images),
        Table(
            "Speed by the depth of the context",
            DEPTH_HEADINGS,
            tuple(Group(_where(result), tuple(_depth_rows(result.depths))) for result in measured if result.depths),
        ),
        Table(
            "Speed by the number of requests at once",
            CONCURRENCY_HEADINGS,
            tuple(
                Group(_where(result) + parallelism(result.concurrency), tuple(map(_level_row, result.concurrency)))
                for result in measured
                if result.concurrency
            ),
        ),
    )
    return tuple(table for table in tables if table.groups)


def parallelism(points: Sequence[ConcurrencyPoint]) -> str:
    """Return how many requests a server was seen to answer at once; nothing where no two were sent together."""
    most_sent = max(point.requests for point in points)
    most_at_once = max(point.ran_at_once for point in points)
    if most_sent == 1:
        return ""
    if most_at_once <= 1:
        return ", answers one request at a time"
    return f", answers {'at least ' if most_at_once == most_sent else ''}{most_at_once} requests at once"


def _flat(title: str, headings: tuple[str, ...], rows: Sequence[tuple[str, ...] | None]) -> Table:
    there = tuple(row for row in rows if row is not None)
    return Table(title, headings, (Group("", there),) if there else ())


def _where(result: ScoredResult) -> str:
    return f"{figures.name(result.label)} @ {figures.host_label(result.host)}"


def _embedding_row(result: ScoredResult, model: Model | None) -> tuple[str, ...] | None:
    found = result.embedding
    if found is None:
        return None
    return (
        figures.name(result.label),
        figures.host_label(result.host),
        figures.size(model.size_bytes if model else None),
        figures.word(model.parameter_size if model else None),
        figures.word(model.quantization if model else None),
        str(found.dimension),
        figures.rate(found.batch_1_per_s),
        figures.rate(found.batch_32_per_s),
        figures.duration(result.load_s),
    )


def _image_row(result: ScoredResult) -> tuple[str, ...] | None:
    found = result.image
    if found is None:
        return None
    return (
        figures.name(result.label),
        figures.host_label(result.host),
        figures.tokens(found.tokens),
        figures.duration(found.prefill_s),
    )


def _depth_rows(points: Sequence[DepthPoint]) -> Iterator[tuple[str, ...]]:
    for before, point in pairwise([None, *points]):
        if point is not None:
            yield (
                figures.tokens(point.prompt_tokens),
                figures.rate(point.prefill_tps),
                figures.rate(point.decode_tps),
                figures.duration(point.ttft_s),
                figures.size(point.memory_bytes),
                figures.share(point.gpu_share),
                "spills" if before is not None and _is_cliff(before, point) else "",
            )


def _is_cliff(before: DepthPoint, point: DepthPoint) -> bool:
    if before.gpu_share is None or point.gpu_share is None:
        return False
    return point.gpu_share < before.gpu_share - CLIFF


def _level_row(point: ConcurrencyPoint) -> tuple[str, ...]:
    return (
        str(point.requests),
        figures.rate(point.throughput_tps),
        figures.duration(point.ttft_p50_s),
        figures.duration(point.ttft_p95_s),
        str(point.ran_at_once),
    )
