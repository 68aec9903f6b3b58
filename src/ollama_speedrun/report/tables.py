"""The tables beside that of the tiers: embedding models, what an image costs, and the two sweeps."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from ..benchmark.image import SIDE_PIXELS
from ..benchmark.parallelism import inferred
from ..benchmark.types import ConcurrencyPoint, DepthPoint, Result, ResultKey
from ..inventory.types import Model
from . import figures, memory
from .columns import (
    CONCURRENCY,
    DEPTHS,
    EMBEDDINGS,
    IMAGES,
    NAMES,
    Column,
    Depth,
    Embedding,
    Entry,
    Image,
    T,
    areas,
    cells,
    needed,
)
from .further import answers
from .settings import ReportSettings

Rows: TypeAlias = tuple[tuple[str, ...], ...]

BY_CONTEXT: Final = "Memory by context (≈ estimated)"
CLIFF: Final = 0.01
"""So much less of the model on the GPU means that layers left it, and not that a buffer grew beside it."""


class Group(msgspec.Struct, frozen=True):
    """Rows below a heading, which is empty where they need none."""

    title: str
    rows: Rows


class Table(msgspec.Struct, frozen=True):
    """A table of its own; a group is never without rows."""

    title: str
    columns: tuple[Column[Any], ...]
    groups: tuple[Group, ...]


def by_area(rows: Sequence[Entry]) -> Table | None:
    """Return the quality of each model in each area that was asked, the best of a tier first; None where none was."""
    graded = [row for row in rows if row.assessment.quality is not None]
    if not graded:
        return None
    columns: tuple[Column[Entry], ...] = (*NAMES, *areas(graded))
    return Table("Quality by area", columns, (Group("", _rows(columns, graded)),))


def beside(
    measured: Sequence[Result],
    models: Mapping[tuple[str, str], Model],
    names: Mapping[str, str],
    accuracies: Mapping[ResultKey, float | None] = MappingProxyType({}),
) -> tuple[Table, ...]:
    """Return the tables that have something to show, of results that ended well.

    `accuracies` are the shares of triplets that embedding models got right.
    """
    embeddings = [
        Embedding(
            result,
            result.embedding,
            models.get((result.host, result.model)),
            names.get(result.host),
            accuracies.get(result.key),
        )
        for result in measured
        if result.embedding
    ]
    levels = needed(CONCURRENCY, [point for result in measured for point in result.concurrency])
    images = [
        Image(result, result.image, names.get(result.host))
        for result in measured
        if result.image is not None and (result.image.tokens, result.image.prefill_s) != (None, None)
    ]
    tables = (
        _flat("Embedding models", EMBEDDINGS, embeddings),
        _flat(f"What an image of {SIDE_PIXELS} × {SIDE_PIXELS} pixels adds to a prompt", IMAGES, images),
        Table(
            "Speed by the depth of the context",
            DEPTHS,
            tuple(
                Group(_where(result, names), _rows(DEPTHS, [*_depths(result.depths)]))
                for result in measured
                if result.depths
            ),
        ),
        Table(
            "Speed by the number of requests at once",
            levels,
            tuple(
                Group(_where(result, names) + parallelism(result.concurrency), _rows(levels, result.concurrency))
                for result in measured
                if result.concurrency
            ),
        ),
    )
    return tuple(table for table in tables if table.groups)


def by_context(
    measured: Sequence[Result],
    models: Mapping[tuple[str, str], Model],
    names: Mapping[str, str],
    settings: ReportSettings,
) -> tuple[Table, ...]:
    """Return the table of memory by context, where the settings ask for it and anything is known."""
    found = memory.rows(measured, models, names, settings)
    if not found:
        return ()
    columns = needed(memory.columns(found, settings), found)
    return (_flat(BY_CONTEXT, columns, found),)


def parallelism(points: Sequence[ConcurrencyPoint]) -> str:
    """Return how many requests a server was seen to answer at once; nothing where no two were sent together."""
    found = inferred(points)
    return "" if found is None else f", {answers(found)}"


def _flat(title: str, columns: tuple[Column[T], ...], rows: Sequence[T]) -> Table:
    return Table(title, columns, (Group("", _rows(columns, rows)),) if rows else ())


def _rows(columns: Sequence[Column[T]], rows: Sequence[T]) -> Rows:
    return tuple(cells(columns, row) for row in rows)


def _where(result: Result, names: Mapping[str, str]) -> str:
    return f"{figures.name(result.label)} @ {figures.host_called(result.host, names)}"


def _depths(points: Sequence[DepthPoint]) -> Iterator[Depth]:
    for before, point in pairwise([None, *points]):
        if point is not None:
            yield Depth(point, spills=before is not None and _is_cliff(before, point))


def _is_cliff(before: DepthPoint, point: DepthPoint) -> bool:
    if before.gpu_share is None or point.gpu_share is None:
        return False
    return point.gpu_share < before.gpu_share - CLIFF
