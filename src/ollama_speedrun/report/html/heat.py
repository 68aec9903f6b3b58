"""Quality in each area as a table whose cells are shaded by their figures. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from ...assessment.types import Quality, Rated
from ...results.types import Document
from ...wording import counted
from .. import figures
from ..columns import AREAS
from .markup import Markup, element
from .tables import scrolling

SHADES: Final = 10
SHORT: Final = 5
"""Fewer items than that say little; their figures are set in italics."""


def heat_map(document: Document, names: Mapping[str, str]) -> Markup | None:
    """Return the table, the best model first; None where no area was graded."""
    graded = [
        (entry, entry.assessment.quality)
        for entry in document.rated()
        if entry.assessment.quality is not None and entry.result.status == "ok" and entry.result.embedding is None
    ]
    if not graded:
        return None
    graded.sort(key=lambda pair: (-pair[1].score, pair[0].result.model, pair[0].result.host))
    areas = _areas([quality for _, quality in graded])
    highest = {area: max(quality.areas[area].score for _, quality in graded if area in quality.areas) for area in areas}
    head = element(
        "tr",
        element("th", "Model", scope="col"),
        element("th", "All", scope="col", class_="figure"),
        *(element("th", AREAS.get(area, figures.word(area)), scope="col", class_="figure") for area in areas),
    )
    rows = [_row(entry, quality, areas, highest, names) for entry, quality in graded]
    return scrolling(
        "Quality by area",
        element("thead", head),
        element("tbody", *rows),
        class_="heat",
    )


def _areas(found: Sequence[Quality]) -> tuple[str, ...]:
    """Return every area that a model was graded in: those of the bank in their order, then the user's own."""
    asked = {area for quality in found for area in quality.areas}
    return tuple(area for area in (*AREAS, *sorted(asked - AREAS.keys())) if area in asked)


def _row(
    entry: Rated, quality: Quality, areas: Sequence[str], highest: Mapping[str, float], names: Mapping[str, str]
) -> Markup:
    host = figures.host_called(entry.result.host, names)
    name = element("span", figures.name(entry.result.label), class_="name")
    return element(
        "tr",
        element("th", name, " ", element("span", host, class_="where"), scope="row"),
        _cell(quality.score, quality.low, quality.high, quality.items, is_highest=False),
        *(
            _cell(one.score, one.low, one.high, one.items, is_highest=one.score >= highest[area])
            if (one := quality.areas.get(area)) is not None
            else element("td", figures.ABSENT, class_="figure none")
            for area in areas
        ),
    )


def _cell(score: float, low: float, high: float, items: int, *, is_highest: bool) -> Markup:
    shade = min(SHADES, max(0, round(score / 100 * SHADES)))
    text = figures.points(score)
    kinds = f"figure h{shade}" + (" few" if items < SHORT else "")
    said = f"{low:.0f} to {high:.0f}, {counted(items, 'item')}"
    return element("td", element("b", text) if is_highest else text, class_=kinds, title=said)
