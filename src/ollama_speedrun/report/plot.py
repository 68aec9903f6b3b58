"""Plots for a terminal: quality against speed, and the decode rate by the depth of the context. Pure."""

import itertools
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ..benchmark.types import Result
from ..results.types import Document
from . import figures, meaning
from .braille import Canvas, Spot
from .html.scales import Linear, Scale, around, doublings, from_zero
from .html.sweeps import ranked
from .layout import shorten
from .text import to_ascii
from .trade_off import Point, points

ROWS: Final = 14
LABEL: Final = 6
"""Characters left of the plot, for the figures of its height."""
NARROWEST: Final = 40
WIDEST: Final = 100
MOST_NAMED: Final = len(string.ascii_lowercase)
MOST_LINES: Final = 8


class Piece(msgspec.Struct, frozen=True):
    """A part of a line, and its style: the place of the series that it is of, or a name."""

    text: str
    style: int | Literal["plain", "title", "best"] = "plain"


Line: TypeAlias = tuple[Piece, ...]


def plots(document: Document, *, width: int, has_unicode: bool) -> list[Line]:
    """Return the lines of each plot that the document has figures for, none where it has none."""
    width = max(NARROWEST, min(WIDEST, width))
    return [
        *_trade_off(points(document), width, has_unicode=has_unicode),
        *_depths(ranked(document), figures.host_names(document.hosts), width, has_unicode=has_unicode),
    ]


def _trade_off(found: Sequence[Point], width: int, *, has_unicode: bool) -> Iterator[Line]:
    """Yield quality against speed: a letter for each model, in the order of quality; the recommended one is first."""
    if not found:
        return
    ordered = sorted(found, key=lambda point: (not point.is_pick, not point.is_best, -point.quality))
    named = ordered[:MOST_NAMED]
    y = Linear(0.0, 100.0)
    x = around(point.speed_tps for point in found)
    canvas = Canvas(width - LABEL, ROWS, has_braille=has_unicode)
    for point in ordered:
        at = x.place(point.speed_tps)
        canvas.line((at, y.place(point.quality_low)), (at, y.place(point.quality_high)))
    for place, point in reversed([*enumerate(ordered)]):
        letter = string.ascii_lowercase[place] if place < MOST_NAMED else ("·" if has_unicode else ".")
        canvas.mark((x.place(point.speed_tps), y.place(point.quality)), letter, 0 if point.is_pick else None)
    yield from _framed("Quality against tok/s", canvas, x, y, figures.points)
    for letter, point in zip(string.ascii_lowercase, named, strict=False):
        star = "*" if point.is_best or point.is_pick else " "
        text = f"{letter} {star} {point.model} @ {point.host}: quality {point.quality:.0f}, "
        words = f"{figures.rate(point.speed_tps)} tok/s, {meaning.times_reading(point.speed_tps)}"
        yield (Piece(_fitted(text + words, width, has_unicode=has_unicode), "best" if point.is_pick else "plain"),)
    if len(ordered) > len(named):
        yield (Piece(f"and {len(ordered) - len(named)} more without a letter"),)
    yield ()


def _depths(results: Sequence[Result], names: dict[str, str], width: int, *, has_unicode: bool) -> Iterator[Line]:
    """Yield the decode rate by the depth of the context, a line for each model."""
    found = [(result, _decode(result)) for result in results]
    drawn = [(result, line) for result, line in found if len(line) > 1][:MOST_LINES]
    if not drawn:
        return
    x = doublings(depth for _, line in drawn for depth, _ in line)
    y = from_zero(tps for _, line in drawn for _, tps in line)
    canvas = Canvas(width - LABEL, ROWS, has_braille=has_unicode)
    for place, (_, line) in enumerate(drawn):
        spots = [(x.place(depth), y.place(tps)) for depth, tps in line]
        for start, end in itertools.pairwise(spots):
            canvas.line(start, end, place)
        for spot in spots:
            canvas.mark(spot, string.ascii_uppercase[place], place)
    yield from _framed("Decode tok/s by tokens in the context", canvas, x, y, figures.rate)
    for place, (result, line) in enumerate(drawn):
        host = figures.host_called(result.host, names)
        text = f"{string.ascii_uppercase[place]}   {figures.name(result.label)} @ {host}: "
        text += f"{figures.rate(line[0][1])} to {figures.rate(line[-1][1])} tok/s"
        yield (Piece(_fitted(text, width, has_unicode=has_unicode), place),)
    yield ()


def _decode(result: Result) -> list[tuple[float, float]]:
    return [
        (float(max(point.prompt_tokens, 1)), point.decode_tps)
        for point in result.depths
        if point.prompt_tokens is not None and point.decode_tps is not None
    ]


def _framed(title: str, canvas: Canvas, x: Scale, y: Scale, y_text: Callable[[float], str]) -> Iterator[Line]:
    """Yield a canvas with its title above, the figures of its height at the left and those of its width below."""
    yield (Piece(title, "title"),)
    labels = {canvas.row_of(y.place(value)): y_text(value) for value in y.ticks(4)}
    for row, spots in enumerate(canvas.lines()):
        yield (Piece(f"{labels.get(row, '')[: LABEL - 2]:>{LABEL - 2}} |"), *_pieces(spots))
    yield (Piece(f"{'':{LABEL - 1}}+{'-' * canvas.columns}"),)
    yield (Piece(_below(canvas, x)),)


def _below(canvas: Canvas, x: Scale) -> str:
    """Return the figures of the width, each with its middle below its place, as many as do not touch."""
    line = " " * (LABEL + canvas.columns)
    free_from = 0
    for value in x.ticks(6):
        text = _short(value)
        start = min(LABEL + canvas.column_of(x.place(value)) - len(text) // 2, len(line) - len(text))
        if start >= free_from:
            line = line[:start] + text + line[start + len(text) :]
            free_from = start + len(text) + 1
    return line.rstrip()


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"


def _pieces(spots: Sequence[Spot]) -> Iterator[Piece]:
    for series, group in itertools.groupby(spots, key=lambda spot: spot.series):
        yield Piece("".join(spot.character for spot in group), "plain" if series is None else series)


def _fitted(text: str, width: int, *, has_unicode: bool) -> str:
    shown = shorten(text, width)
    return shown if has_unicode else to_ascii(shown)
