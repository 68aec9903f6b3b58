"""The frame of a chart: axes, marks that hover and focus name, and lines. Pure.

Places are per cents of the plot and sizes are pixels, so a chart takes any width without a script, and its text keeps
its size.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from .markup import Markup, element, join, number
from .scales import Scale

MARK_PX: Final = 6
TARGET_PX: Final = 13
_OUTSIDE_PX: Final = 8


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """An axis: its title with the unit, its scale, how a tick is written, and values with a line and words of theirs.

    `ticks` None takes those of the scale.
    """

    title: str
    scale: Scale
    text: Callable[[float], str]
    ticks: tuple[float, ...] | None = None
    anchors: tuple[tuple[float, str], ...] = ()


def frame(*, label: str, x: Axis, y: Axis, marks: Iterable[Markup], tall: bool = False) -> Markup:
    """Return a chart with these marks; `label` says to a screen reader what it shows."""
    inside = join(*_grid(x, y), *marks)
    plot = element("svg", inside, class_="plot tall" if tall else "plot", role="group", aria_label=label)
    return element(
        "div",
        element("p", y.title, class_="axis"),
        element("div", plot, class_="box"),
        element("p", x.title, class_="axis below"),
        class_="chart",
    )


def percent(place: float) -> str:
    """Return a place along the plot's width."""
    return f"{number(100 * place)}%"


def height(place: float) -> str:
    """Return a place along the plot's height, which grows upwards."""
    return f"{number(100 * (1 - place))}%"


def mark(*drawn: Markup, lines: Sequence[str], class_: str, is_first: bool) -> Markup:
    """Return what is drawn as one mark that hover and focus name by these lines; Tab stops at the first mark alone."""
    return element(
        "g",
        *drawn,
        class_=f"mark {class_}".rstrip(),
        role="img",
        tabindex=0 if is_first else -1,
        aria_label="\n".join(lines),
    )


def dot(x: float, y: float, *, radius_px: float = MARK_PX) -> Markup:
    """Return a dot, with room around it for a pointer."""
    return join(
        element("circle", cx=percent(x), cy=height(y), r=TARGET_PX, class_="target"),
        element("circle", cx=percent(x), cy=height(y), r=radius_px, class_="dot"),
    )


def whisker(x: tuple[float, float], y: tuple[float, float]) -> Markup:
    """Return a line that shows an interval."""
    return element("line", x1=percent(x[0]), y1=height(y[0]), x2=percent(x[1]), y2=height(y[1]), class_="whisker")


def path(places: Sequence[tuple[float, float]], class_: str) -> Markup:
    """Return a line through these places, whose width and dashes do not stretch with the chart."""
    drawn = " ".join(f"{number(100 * x)},{number(100 * (1 - y))}" for x, y in places)
    line = element("polyline", points=drawn, class_=class_)
    return element("svg", line, class_="stretch", viewBox="0 0 100 100", preserveAspectRatio="none", aria_hidden="true")


def words(text: str, place: tuple[float, float], *, dx: float, dy: float, anchor: str) -> Markup:
    """Return a text beside a place, so many pixels off; its mark says the same to a screen reader."""
    x, y = place
    return element("text", text, x=percent(x), y=height(y), dx=dx, dy=dy, class_=f"words {anchor}", aria_hidden="true")


def _grid(x: Axis, y: Axis) -> Iterable[Markup]:
    for value in y.scale.ticks() if y.ticks is None else y.ticks:
        at = height(y.scale.place(value))
        yield element("line", x1="0%", x2="100%", y1=at, y2=at, class_="grid")
        yield element("text", y.text(value), x="0%", y=at, dx=-_OUTSIDE_PX, dy=4, class_="tick end")
    for value in x.scale.ticks() if x.ticks is None else x.ticks:
        at = percent(x.scale.place(value))
        yield element("line", y1="100%", y2="100%", x1=at, x2=at, class_="grid")
        yield element("text", x.text(value), x=at, y="100%", dy=18, class_="tick middle")
    for value, text in x.anchors:
        at = percent(x.scale.place(value))
        yield element("line", x1=at, x2=at, y1="0%", y2="100%", class_="anchor")
        yield element("text", text, x=at, y="0%", dx=5, dy=11, class_="anchor-words start")
    for value, text in y.anchors:
        at = height(y.scale.place(value))
        yield element("line", x1="0%", x2="100%", y1=at, y2=at, class_="anchor")
        yield element("text", text, x="0%", y=at, dx=5, dy=-5, class_="anchor-words start")
