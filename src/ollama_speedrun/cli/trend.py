"""`trend MODEL`: the figures of a model over the runs of the history, without any traffic."""

import argparse
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from rich.text import Text

from ..benchmark.types import Interval, ResultKey, label
from ..errors import UsageError
from ..history.types import SHORT_ID, Figures
from ..pipeline.record import Selection
from ..report import figures, layout
from ..report.text import clean
from . import saved
from .environment import Environment
from .exit_codes import ExitCode
from .run import load_settings
from .screen import Screen

NAMES_SHOWN: Final = 8
BAR_CELLS: Final = 24
EIGHTHS: Final = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
COLUMNS: Final = (
    *map(layout.Column, ("Began", "Run", "Server")),
    layout.Column("tok/s", right=True),
    layout.Column("±", right=True, luxury=True, spare=2),
    layout.Column("", luxury=True, spare=4),
    layout.Column("TTFT", right=True, luxury=True, spare=1),
    layout.Column("Quality", right=True, luxury=True, spare=3),
    layout.Column("Memory", right=True, luxury=True, spare=5),
)
CHANGE_STYLE: Final = "bold yellow"


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print a table with a bar for each run of each model that matches."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    with saved.opened_history(environment, chosen, screen) as history:
        measured = [row for row in history.figures() if row.status == "ok" and row.measured_in is None]
        names = history.host_names()
    rows = _chosen(measured, arguments.model_name, arguments.on, names)
    if arguments.json:
        environment.put(json.dumps(msgspec.to_builtins(rows), indent=2))
        return ExitCode.DONE
    with environment.writing():
        console = screen.console()
        has_unicode = not console.options.ascii_only
        for found in trends(rows, names, has_unicode=has_unicode):
            layout.print_lines(console, _lines(found, layout.width_of(console)))
    return ExitCode.DONE


def _chosen(rows: Sequence[Figures], model: str, on: str | None, names: Mapping[str, str]) -> list[Figures]:
    """Return the rows of a model, a name or a glob, on a host or on all; raises `UsageError` where there is none."""
    selection = Selection(include=(model, f"{model}:*"))
    found = [
        row
        for row in rows
        if selection.takes_name(row.model) and on in {None, row.host, names.get(row.host), figures.host_label(row.host)}
    ]
    if found:
        return found
    known = list(dict.fromkeys(f"{row.model} @ {figures.host_called(row.host, names)}" for row in reversed(rows)))
    more = f" and {len(known) - NAMES_SHOWN} more" if len(known) > NAMES_SHOWN else ""
    shown = clean(", ".join(known[:NAMES_SHOWN]), 600) or "nothing"
    place = "" if on is None else f" on {on!r}"
    raise UsageError(f"no run of the history measured {model!r}{place}; it holds {shown}{more}")


def _lines(found: "Trend", width: int | None) -> Iterator[Text]:
    yield Text(found.title, layout.HEADING_STYLE)
    rows = [[Text(cell, CHANGE_STYLE if point.is_change else "") for cell in point.cells] for point in found.points]
    yield from layout.table(COLUMNS, rows, width)
    for remark in found.remarks:
        yield Text(remark, CHANGE_STYLE)
    yield Text()


class Point(msgspec.Struct, frozen=True):
    """One run of a model: its cells, and whether its rate differs from the one before beyond both intervals."""

    cells: tuple[str, ...]
    is_change: bool


class Trend(msgspec.Struct, frozen=True):
    """A model on a host in a variant over its runs, the oldest first, and what changed between two of them."""

    title: str
    points: tuple[Point, ...]
    remarks: tuple[str, ...]


def trends(rows: Sequence[Figures], names: Mapping[str, str], *, has_unicode: bool = True) -> list[Trend]:
    """Return the trend of each model on each host, in the order of their first runs."""
    groups: dict[ResultKey, list[Figures]] = {}
    for row in rows:
        groups.setdefault((row.host, row.model, row.variant), []).append(row)
    return [
        Trend(
            title=f"{figures.name(label(model, variant))} @ {figures.host_called(host, names)}",
            points=tuple(_points(found, has_unicode=has_unicode)),
            remarks=tuple(_remarks(found)),
        )
        for (host, model, variant), found in groups.items()
    ]


def _points(rows: Sequence[Figures], *, has_unicode: bool) -> Iterator[Point]:
    top_tps = max((row.decode_tps or 0.0 for row in rows), default=0.0)
    before: Figures | None = None
    for row in rows:
        interval = _interval(row)
        yield Point(
            (
                f"{row.run_started_at.astimezone():%Y-%m-%d %H:%M}",
                row.run_id[:SHORT_ID],
                figures.word(row.server_version),
                figures.rate(row.decode_tps),
                figures.precision(interval),
                _bar(row.decode_tps, top_tps, has_unicode=has_unicode),
                figures.duration(row.ttft_s),
                figures.points(row.quality),
                figures.size(row.memory_bytes),
            ),
            before is not None and _apart(before, row),
        )
        before = row


def _interval(row: Figures) -> Interval | None:
    if row.decode_low_tps is None or row.decode_high_tps is None:
        return None
    return Interval(row.decode_low_tps, row.decode_high_tps, 0)


def _bar(value: float | None, top: float, *, has_unicode: bool) -> str:
    """Return a bar that is as long as the value is large, in eighths of a cell where the terminal can show them."""
    if value is None or top <= 0:
        return ""
    eighths = round(8 * BAR_CELLS * value / top)
    if not has_unicode:
        return "#" * max(1, eighths // 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8]


def _apart(before: Figures, after: Figures) -> bool:
    """Return whether the intervals of two rates have nothing in common."""
    one, two = _interval(before), _interval(after)
    return one is not None and two is not None and (one.high_tps < two.low_tps or two.high_tps < one.low_tps)


def _remarks(rows: Sequence[Figures]) -> Iterator[str]:
    """Yield what changed between a run and the one before it."""
    for before, after in itertools.pairwise(rows):
        if not _apart(before, after) or before.decode_tps is None or after.decode_tps is None:
            continue
        word = "faster" if after.decode_tps > before.decode_tps else "slower"
        share = abs(after.decode_tps / before.decode_tps - 1)
        also = [
            f"{name} {clean(str(one), 40)} → {clean(str(two), 40)}"
            for name, one, two in (
                ("server version", before.server_version, after.server_version),
                ("model", before.digest and before.digest[:12], after.digest and after.digest[:12]),
            )
            if one is not None and two is not None and one != two
        ]
        why = f" ({'; '.join(also)})" if also else ""
        yield f"{after.run_started_at.astimezone():%Y-%m-%d %H:%M}: {share:.0%} {word} than the run before{why}."
