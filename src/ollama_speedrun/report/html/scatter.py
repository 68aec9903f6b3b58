"""Quality against speed, one panel for each memory tier on the same axes. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ...assessment.types import Tier
from ...wording import counted
from .. import figures, meaning
from ..trade_off import Point
from ..view import TIER_NAMES
from .frame import Axis, dot, frame, mark, path, percent, whisker, words
from .markup import Markup, element
from .scales import Linear, Log, around

QUALITY: Final = Axis(title="Quality, 0 to 100", scale=Linear(0.0, 100.0), text=figures.points)
NARROW_PX: Final = 300
"""The width that names are placed for: they have more room on a wider screen."""
HIGH_PX: Final = 260
LETTER_PX: Final = 7.0
LINE_PX: Final = 15.0
LONGEST_NAME: Final = 22
EVERYONE: Final = "everyone"
"""The id of the dots of all tiers, which each panel shows again behind its own."""
Box = tuple[float, float, float, float]


def panels(points: Sequence[Point]) -> Markup:
    """Return a chart for each tier that has a point; the others are there as grey dots, to compare with."""
    x = speed_axis(points)
    tiers: tuple[Tier | None, ...] = (*TIER_NAMES, None)
    found = [(tier, [point for point in points if point.tier == tier]) for tier in tiers]
    return element(
        "div",
        element("svg", element("g", *(_ghost(point, x) for point in points), id=EVERYONE), class_="unseen"),
        *(_panel(tier, members, x) for tier, members in found if members),
        class_="panels" if sum(bool(members) for _, members in found) > 1 else "panels one",
    )


def speed_axis(points: Sequence[Point]) -> Axis:
    """Return the axis of the decode rate; reading speed is marked on it where it is near the slowest of the points."""
    scale = around(point.speed_tps for point in points)
    low = meaning.READING_TPS / 1.25
    if low < scale.low < 4 * meaning.READING_TPS:
        scale = Log(low, scale.high)
    is_near = scale.low <= meaning.READING_TPS <= scale.high
    return Axis(
        title="tok/s, logarithmic",
        scale=scale,
        text=_short,
        anchors=((meaning.READING_TPS, "reading speed"),) if is_near else (),
    )


def lines_of(point: Point) -> tuple[str, ...]:
    """Return what is said of a point: its model and host, and its figures with their intervals."""
    speed = f"{figures.rate(point.speed_tps)} tok/s"
    if point.speed_low_tps is not None:
        speed += f" ({figures.rate(point.speed_low_tps)} to {figures.rate(point.speed_high_tps)})"
    quality = f"quality {point.quality:.0f} ({point.quality_low:.0f} to {point.quality_high:.0f})"
    ttft = None if point.ttft_s is None else f"first token after {figures.duration(point.ttft_s)}"
    memory = None if point.memory_bytes is None else f"{figures.size(point.memory_bytes)} of memory"
    status = "recommended" if point.is_pick else "best of its tier" if point.is_best else None
    return tuple(
        line for line in (f"{point.model} on {point.host}", status, quality, speed, ttft, memory) if line is not None
    )


def _panel(tier: Tier | None, members: Sequence[Point], x: Axis) -> Markup:
    title = "Tier not known" if tier is None else TIER_NAMES[tier]
    shown = sorted(members, key=lambda point: (point.is_pick, point.is_best, point.is_on_front, point.quality))
    label = f"Quality against speed, {title}: {len(members)} models; arrow keys go from one to the next"
    marks = [
        element("use", href=f"#{EVERYONE}"),
        _staircase(members, x),
        *(_mark(point, x, is_first=point is shown[-1]) for point in shown),
        *_names(members, x),
    ]
    count = counted(len(members), "model")
    return element(
        "figure",
        element("figcaption", element("strong", title), f" · {count}"),
        frame(label=label, x=x, y=QUALITY, marks=marks),
        class_="panel",
    )


def _ghost(point: Point, x: Axis) -> Markup:
    cx, cy = _place(point, x)
    return element("circle", cx=percent(cx), cy=percent(1 - cy), r=3, class_="ghost")


def _mark(point: Point, x: Axis, *, is_first: bool) -> Markup:
    cx, cy = _place(point, x)
    across = [point.speed_low_tps, point.speed_high_tps]
    ends = [x.scale.place(end) for end in across if end is not None]
    drawn = [
        whisker((cx, cx), (QUALITY.scale.place(point.quality_low), QUALITY.scale.place(point.quality_high))),
        *([whisker((ends[0], ends[1]), (cy, cy))] if len(ends) == 2 else []),
        dot(cx, cy, radius_px=8 if point.is_best or point.is_pick else 6),
    ]
    kinds = [("pick", point.is_pick), ("best", point.is_best), ("front", point.is_on_front)]
    return mark(
        *drawn, lines=lines_of(point), class_=" ".join(name for name, holds in kinds if holds), is_first=is_first
    )


def _staircase(members: Iterable[Point], x: Axis) -> Markup:
    """Return the border of what the tier offers: no result lies beyond it."""
    corners: list[tuple[float, float]] = []
    floor = 0.0
    for point in sorted((one for one in members if one.is_on_front), key=lambda one: -one.speed_tps):
        cx, cy = _place(point, x)
        corners += [(cx, floor), (cx, cy)]
        floor = cy
    return path([*corners, (0.0, floor)], "edge")


def _names(members: Sequence[Point], x: Axis) -> Iterator[Markup]:
    """Yield names beside dots, the most important first, each where it covers no dot and no other name."""
    centres = [_pixels(_place(point, x)) for point in members]
    taken: list[Box] = [(cx - 8, cy - 8, cx + 8, cy + 8) for cx, cy in centres]
    order = sorted(members, key=lambda one: (not one.is_pick, not one.is_best, not one.is_on_front, -one.quality))
    for point in order:
        text = shorten(point.model)
        cx, cy = _pixels(_place(point, x))
        width = LETTER_PX * len(text)
        for anchor, dx, dy in (("start", 12, 4), ("end", -12, 4), ("middle", 0, -14), ("middle", 0, 22)):
            left = cx + dx - {"start": 0.0, "end": width, "middle": width / 2}[anchor]
            box = (left, cy + dy - LINE_PX + 3, left + width, cy + dy + 3)
            own = (cx - 8, cy - 8, cx + 8, cy + 8)
            if _is_inside(box) and not any(_overlap(box, other) for other in taken if other != own):
                taken.append(box)
                yield words(text, _place(point, x), dx=dx, dy=dy, anchor=anchor)
                break


def shorten(name: str, most: int = LONGEST_NAME) -> str:
    """Return a name in at most so many characters, cut in the middle: its tag stands at the end."""
    if len(name) <= most:
        return name
    tail = most // 2
    return f"{name[: most - 1 - tail]}…{name[-tail:]}"


def _place(point: Point, x: Axis) -> tuple[float, float]:
    return x.scale.place(point.speed_tps), QUALITY.scale.place(point.quality)


def _pixels(place: tuple[float, float]) -> tuple[float, float]:
    return place[0] * NARROW_PX, (1 - place[1]) * HIGH_PX


def _is_inside(box: Box) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= NARROW_PX and box[3] <= HIGH_PX


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _short(value: float) -> str:
    return f"{value:g}"
