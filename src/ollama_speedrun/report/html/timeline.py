"""When each model had its turn on each host. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from ...results.types import Document
from .. import figures
from .frame import mark, percent
from .markup import Markup, element
from .scales import Linear

LANE_PX: Final = 22
BAR_PX: Final = 16
THINNEST: Final = 0.004
"""The smallest share of the width that a bar is drawn with, so that it can be seen and pointed at."""


SHORTEST_NAMED: Final = 0.06
"""The smallest share of the width of a bar that has room for the beginning of its name."""
STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)


class Turn(msgspec.Struct, frozen=True):
    """A model's turn: its name, its begin and end in seconds since the run began, and if it ended well."""

    name: str
    began_s: float
    ended_s: float
    is_ok: bool


def timeline(document: Document, names: Mapping[str, str]) -> Markup | None:
    """Return a bar for each turn, the hosts below each other; None where no turn has its times."""
    turns = _turns(document)
    if not turns:
        return None
    ends = [turn.ended_s for of_host in turns.values() for turn in of_host]
    whole_s = (document.ended_at - document.started_at).total_seconds() if document.ended_at else 0.0
    scale = Linear(0.0, max(*ends, whole_s, 1.0))
    rows = [
        _host(figures.host_called(url, names), of_host, scale, is_first=place == 0)
        for place, (url, of_host) in enumerate(turns.items())
    ]
    ticks = [
        element("text", figures.stopwatch(value), x=percent(scale.place(value)), y=13, class_="tick middle")
        for value in ticks_of(scale.high)
    ]
    axis = element("svg", *ticks, class_="ticks", height=18, role="img", aria_label="Time since the start")
    return element("div", *rows, axis, class_="timeline")


def ticks_of(whole_s: float) -> tuple[int, ...]:
    """Return round times from 0 to this one, in seconds, six or fewer after the first."""
    step_s = next((step for step in STEPS_S if whole_s / step <= 6), STEPS_S[-1])
    return tuple(range(0, int(whole_s) + 1, step_s))


def _turns(document: Document) -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = {}
    for result in document.results:
        # What was taken over from an earlier run had its turn there
        if result.started_at is None or result.ended_at is None or result.measured_in is not None:
            continue
        began_s, ended_s = (_since(document.started_at, at) for at in (result.started_at, result.ended_at))
        turn = Turn(figures.name(result.label), began_s, max(began_s, ended_s), result.status == "ok")
        found.setdefault(result.host, []).append(turn)
    for of_host in found.values():
        of_host.sort(key=lambda turn: (turn.began_s, turn.ended_s))
    return found


def _since(start: datetime, at: datetime) -> float:
    return max(0.0, (at - start).total_seconds())


def _host(name: str, turns: Sequence[Turn], scale: Linear, *, is_first: bool) -> Markup:
    lanes = lanes_of(turns)
    bars = [
        _bar(turn, lane, scale, is_first=is_first and place == 0)
        for place, (turn, lane) in enumerate(zip(turns, lanes, strict=True))
    ]
    height_px = LANE_PX * (max(lanes) + 1)
    drawn = element("svg", *bars, class_="lanes", height=height_px, role="group", aria_label=f"Turns on {name}")
    return element("div", element("p", name, class_="name"), drawn, class_="lane")


def _bar(turn: Turn, lane: int, scale: Linear, *, is_first: bool) -> Markup:
    left, right = scale.place(turn.began_s), scale.place(turn.ended_s)
    drawn = element(
        "svg",
        element("rect", width="100%", height="100%", rx=3),
        element("text", turn.name, x=5, y=12) if right - left > SHORTEST_NAMED else None,
        x=percent(min(left, 1 - THINNEST)),
        y=lane * LANE_PX + (LANE_PX - BAR_PX) / 2,
        width=percent(max(right - left, THINNEST)),
        height=BAR_PX,
        aria_hidden="true",
    )
    when = f"from {figures.stopwatch(turn.began_s)} to {figures.stopwatch(turn.ended_s)}"
    lines = (
        turn.name,
        f"{when}, {figures.duration(turn.ended_s - turn.began_s)}",
        *(() if turn.is_ok else ("failed",)),
    )
    return mark(drawn, lines=lines, class_="turn" if turn.is_ok else "turn bad", is_first=is_first)


def lanes_of(turns: Iterable[Turn]) -> list[int]:
    """Return a lane for each turn, so that no two in one lane overlap; they come in the order of their beginnings."""
    free_at_s: list[float] = []
    lanes = []
    for turn in turns:
        lane = next((place for place, free_s in enumerate(free_at_s) if free_s <= turn.began_s), len(free_at_s))
        if lane == len(free_at_s):
            free_at_s.append(turn.ended_s)
        else:
            free_at_s[lane] = turn.ended_s
        lanes.append(lane)
    return lanes
