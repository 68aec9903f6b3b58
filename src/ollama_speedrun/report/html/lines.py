"""A figure of several models over what grows: depth of the context, requests at once. Pure."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from .. import figures
from .frame import Axis, dot, frame, mark, path
from .markup import Markup, element, join
from .scales import Scale, doublings, from_zero

MOST_COLOURED: Final = 8
"""As many lines as people tell apart by colour; the others are grey and named when hovered or focused."""


class Series(msgspec.Struct, frozen=True):
    """The line of one model: its name, and pairs of what grows and the figure there.

    `estimates` are the values of what grows at which the figure was worked out and not measured.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    estimates: frozenset[float] = frozenset()

    def kind(self, at: float) -> str:
        """Return the remark on a figure, empty where it was measured."""
        return " (estimated)" if at in self.estimates else ""


def chart(  # noqa: PLR0913 - each is one property of a chart
    series: Sequence[Series],
    *,
    label: str,
    x_title: str,
    y_title: str,
    x_text: Callable[[float], str],
    y_text: Callable[[float], str],
    unit: str,
    anchors: tuple[tuple[float, str], ...] = (),
    y_scale: Scale | None = None,
) -> Markup:
    """Return a chart with a legend; the series come with the most important first. `y_scale` None fits the figures."""
    xs = sorted({x for one in series for x, _ in one.points})
    y_scale = y_scale or from_zero(y for one in series for _, y in one.points)
    x = Axis(title=x_title, scale=doublings(xs), text=x_text, ticks=_apart(xs))
    near = tuple((value, text) for value, text in anchors if _is_within(y_scale.low, value, y_scale.high))
    y = Axis(title=y_title, scale=y_scale, text=y_text, anchors=near)
    drawn = [
        _line(one, place, x, y, unit=unit, x_text=x_text, y_text=y_text, is_first=place == 0)
        for place, one in enumerate(series)
    ]
    said = f"{label}: {len(series)} models; arrow keys go from one figure to the next"
    return element(
        "figure",
        element("figcaption", element("strong", label)),
        frame(label=said, x=x, y=y, marks=reversed(drawn)),
        _legend(series),
        class_="panel",
    )


def _line(  # noqa: PLR0913 - each is one property of a line
    one: Series,
    place: int,
    x: Axis,
    y: Axis,
    *,
    unit: str,
    x_text: Callable[[float], str],
    y_text: Callable[[float], str],
    is_first: bool,
) -> Markup:
    class_ = _class(place)
    places = [(x.scale.place(at), y.scale.place(value)) for at, value in one.points]
    if place >= MOST_COLOURED:
        each = [f"{x_text(at)}: {y_text(value)} {unit}{one.kind(at)}" for at, value in one.points]
        last = mark(dot(*places[-1], radius_px=3), lines=(one.name, *each), class_=class_, is_first=False)
        return join(path(places, f"line {class_}"), last)
    marks = [
        mark(
            dot(*where, radius_px=4),
            lines=(one.name, f"{x_text(at)}: {y_text(value)} {unit}{one.kind(at)}"),
            class_=f"{class_} guess" if at in one.estimates else class_,
            is_first=is_first and position == 0,
        )
        for position, (where, (at, value)) in enumerate(zip(places, one.points, strict=True))
    ]
    return join(path(places, f"line {class_}"), *marks)


def _legend(series: Sequence[Series]) -> Markup:
    named = [
        element(
            "li",
            element(
                "svg",
                element("line", x1=0, y1=7, x2=26, y2=7, class_=f"line {_class(place)}"),
                element("circle", cx=13, cy=7, r=4, class_=f"swatch {_class(place)}"),
                width=26,
                height=14,
                aria_hidden="true",
            ),
            f" {one.name}",
        )
        for place, one in enumerate(series[:MOST_COLOURED])
    ]
    rest = len(series) - len(named)
    more = [element("li", f"and {rest} more in grey: hover or focus names them", class_="more")] if rest > 0 else []
    return element("ul", *named, *more, class_="legend")


def _class(place: int) -> str:
    return f"s{place}" if place < MOST_COLOURED else "rest"


def _apart(values: Sequence[float]) -> tuple[float, ...]:
    """Return the values that have room for a tick each, the smallest and the largest first of all."""
    if len(values) < 2:
        return tuple(values)
    scale = doublings(values)
    kept = [values[-1]]
    for value in values[:-1]:
        if all(abs(scale.place(value) - scale.place(other)) > 0.09 for other in kept):
            kept.append(value)
    return tuple(sorted(kept))


def _is_within(low: float, value: float, high: float) -> bool:
    return low < value < high


def tokens(value: float) -> str:
    """Return a number of tokens as an axis names it: 2K, 32K."""
    if value >= 1000:
        return f"{value / 1024:.0f}K"
    return f"{value:.0f}"


def rate(value: float) -> str:
    """Return a rate as an axis names it: 500, 2500, 25k."""
    if value >= 10_000:
        return f"{value / 1000:g}k" if value % 100 == 0 else f"{value / 1000:.1f}k"
    return f"{value:g}" if isinstance(value, int) or value == round(value) else figures.rate(value)
