"""The verdict as a card: one SVG of 1200 × 630 pixels, the size that posts show whole. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..assessment.types import Rated
from ..results.types import Document
from ..wording import counted
from . import figures, meaning, view
from .html.markup import Markup, element, join
from .html.scales import Linear, Scale
from .html.scatter import shorten, speed_axis
from .html.verdict import headline
from .settings import USUAL, ReportSettings
from .text import sentence
from .trade_off import Point, points
from .view import TIER_NAMES, Report

WIDTH_PX: Final = 1200
HEIGHT_PX: Final = 630
LEFT_PX: Final = 60
CHART: Final = (730, 120, 400, 310)
"""Left, top, width and height of the chart."""
LETTER: Final = 0.6
"""The width of a letter as a share of the font's size, a little more than that of usual fonts."""
WIDE_LETTER: Final = 0.66
"""The same for bold letters."""
WORDS_PX: Final = 600
_PAPER, _INK, _SOFT, _LINE, _ACCENT, _GOLD, _DOT = (
    "#0e1420",
    "#f2f6fc",
    "#a9b7cb",
    "#2a3547",
    "#7db4ff",
    "#ffb454",
    "#8a98ad",
)
_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"


def render(document: Document, settings: ReportSettings = USUAL) -> str:
    """Return the card as SVG; every word of a server is shown as it is, none is taken for SVG."""
    report = view.report(document, settings)
    names = figures.host_names(document.hosts)
    chosen = meaning.recommended(document)
    title = "".join(headline(report))
    parts = [
        element("title", title),
        element("rect", width=WIDTH_PX, height=HEIGHT_PX, fill=_PAPER),
        _text("ollama-speedrun", LEFT_PX, 70, 26, fill=_ACCENT, weight=700),
        *_headline(report),
        *([] if chosen is None else _figures(chosen)),
        *_chart(points(document)),
        *_tiers(document, names),
        _text(_origin(document), LEFT_PX, 602, 18, fill=_SOFT),
    ]
    drawn = element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH_PX} {HEIGHT_PX}",
        width=WIDTH_PX,
        height=HEIGHT_PX,
        font_family=_FONT,
        role="img",
    )
    return f"{drawn}\n"


def _text(  # noqa: PLR0913 - the attributes of a text
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    fill: str = _INK,
    weight: int = 400,
    anchor: str | None = None,
    halo: bool = False,
) -> Markup:
    return element(
        "text",
        text,
        x=x,
        y=y,
        font_size=size,
        fill=fill,
        font_weight=weight,
        text_anchor=anchor,
        stroke=_PAPER if halo else None,
        stroke_width=5 if halo else None,
        paint_order="stroke" if halo else None,
    )


def _headline(report: Report) -> Iterator[Markup]:
    before, name, behind = headline(report)
    if not name:
        yield _text(before, LEFT_PX, 190, 52, weight=700)
        yield from _wrapped(sentence(report.why_none or ""), 240, 22)
        return
    shown = shorten(name, 34)
    size = min(68.0, WORDS_PX / (WIDE_LETTER * max(len(shown), 1)))
    yield _text(before.strip(), LEFT_PX, 130, 30, fill=_SOFT)
    yield _text(shown, LEFT_PX, 198, size, weight=750)
    yield _text(shorten(behind.strip(), 40), LEFT_PX, 242, 30, fill=_SOFT)


def _figures(chosen: Rated) -> Iterator[Markup]:
    result, quality = chosen.result, chosen.assessment.quality
    found = [
        None if quality is None else ("quality", f"{quality.score:.0f}", f"{quality.low:.0f} to {quality.high:.0f}"),
        None
        if result.speed_tps is None
        else ("tok/s", figures.rate(result.speed_tps), meaning.times_reading(result.speed_tps)),
        None
        if result.ttft_s is None
        else ("first token", figures.duration(result.ttft_s), meaning.feels(result.ttft_s)),
    ]
    for place, (name, figure, words) in enumerate(one for one in found if one is not None):
        x = LEFT_PX + place * 205
        yield _text(name, x, 300, 20, fill=_SOFT)
        yield _text(figure, x, 348, 44, weight=700)
        yield _text(words, x, 378, 17, fill=_SOFT)
    yield from _wrapped(meaning.expected(chosen), 424, 20)


def _wrapped(text: str, top: float, size: float) -> Iterator[Markup]:
    """Yield a text on as many lines as it takes, three at most."""
    most = int(WORDS_PX / (0.5 * size))
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < most:
            lines[-1] += f" {word}"
        else:
            lines.append(shorten(word, most))
    for place, line in enumerate(lines[:3]):
        yield _text(line, LEFT_PX, top + place * 1.35 * size, size, fill=_SOFT)


def _chart(found: Sequence[Point]) -> Iterator[Markup]:
    """Yield quality against speed of all models; the recommended one and the best of each tier have their colours."""
    if not found:
        return
    left, top, width, height = CHART
    x, y = speed_axis(found).scale, Linear(0.0, 100.0)
    yield _text("quality against tok/s", left, top - 22, 18, fill=_SOFT)
    for value in (0.0, 25.0, 50.0, 75.0, 100.0):
        at = top + height * (1 - y.place(value))
        yield element("line", x1=left, x2=left + width, y1=at, y2=at, stroke=_LINE)
        yield _text(f"{value:g}", left - 10, at + 5, 15, fill=_SOFT, anchor="end")
    for value in x.ticks(5):
        at = left + width * x.place(value)
        yield _text(f"{value:g}", at, top + height + 22, 15, fill=_SOFT, anchor="middle")
    for point in sorted(found, key=lambda one: (one.is_pick, one.is_best)):
        yield _dot(point, x, y)


def _dot(point: Point, x: Scale, y: Scale) -> Markup:
    left, top, width, height = CHART
    cx = left + width * x.place(point.speed_tps)
    cy, high, low = (
        top + height * (1 - y.place(value)) for value in (point.quality, point.quality_high, point.quality_low)
    )
    fill = _GOLD if point.is_pick else _ACCENT if point.is_best else _DOT
    parts = [
        element("line", x1=cx, x2=cx, y1=high, y2=low, stroke=fill, stroke_width=2, stroke_opacity=0.5),
        element("circle", cx=cx, cy=cy, r=10 if point.is_pick else 8 if point.is_best else 6, fill=fill),
    ]
    if point.is_pick:
        name = shorten(point.model, 20)
        middle = min(max(cx, left + LETTER * 9 * len(name)), left + width - LETTER * 9 * len(name))
        below = cy < top + 40
        parts.append(_text(name, middle, cy + (32 if below else -18), 18, anchor="middle", halo=True))
    return join(*parts)


def _tiers(document: Document, names: Mapping[str, str]) -> Iterator[Markup]:
    """Yield the best of each memory tier beside each other, where there is more than one."""
    tiers = () if document.verdict is None else document.verdict.tiers
    found = [(tier.tier, tier.best) for tier in tiers if tier.best is not None]
    if len(found) < 2:
        return
    width = (WIDTH_PX - 2 * LEFT_PX) / len(found)
    yield element("line", x1=LEFT_PX, x2=WIDTH_PX - LEFT_PX, y1=484, y2=484, stroke=_LINE)
    for place, (tier, best) in enumerate(found):
        x = LEFT_PX + place * width
        most = int((width - 16) / (LETTER * 20))
        host = figures.host_called(best.host, names)
        yield _text(TIER_NAMES[tier], x, 514, 17, fill=_SOFT)
        yield _text(shorten(figures.name(best.label), most), x, 542, 20, weight=650)
        yield _text(shorten(f"on {host}", most), x, 566, 16, fill=_SOFT)


def _origin(document: Document) -> str:
    measured = sum(result.status == "ok" for result in document.results)
    items = sum(len(record.counted) for record in document.quality_records)
    parts = [counted(measured, "model"), counted(len(document.hosts), "host")]
    if items:
        parts.append(f"{counted(items, 'graded answer')}")
    return f"{', '.join(parts)} · {figures.moment(document.started_at)}"
