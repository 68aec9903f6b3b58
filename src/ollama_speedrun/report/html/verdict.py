"""The verdict in plain words: what to use, what its figures mean, and what else to use for what. Pure."""

from collections.abc import Iterator, Mapping

from ...assessment.types import Certainty, Rated, TierVerdict
from ...benchmark.types import ResultKey
from ...results.types import Document
from .. import figures, meaning
from ..text import clean, sentence
from ..view import TIER_NAMES, Report, listed
from . import tables
from .frame import height, percent
from .markup import Markup, element, join


def verdict(document: Document, report: Report, names: Mapping[str, str]) -> Markup:
    """Return the first thing that a reader sees."""
    return element(
        "section",
        *(element("p", line, class_="caution", role="note") for line in report.caution),
        *_answer(document, report),
        *_uses(document, report),
        *_tiers(document, names),
        id="verdict",
        class_="verdict",
        aria_label="Verdict",
    )


def headline(report: Report) -> tuple[str, str, str]:
    """Return the words before the model's name, the name and the words behind it; the name is empty where none is."""
    if report.recommendation is not None:
        return "Use ", report.recommendation.model, f" on {report.recommendation.host}"
    if report.why_none is not None:
        return "No recommendation", "", ""
    return "Measured, without a verdict", "", ""


def sureness(certainty: Certainty | None) -> str | None:
    """Return how sure the best of a tier is, in a few words; None where nothing tells."""
    if certainty is None:
        return None
    match certainty.kind:
        case "certified":
            return f"certified at {certainty.confidence:.0%}"
        case "tied":
            return "tied"
        case "likely":
            return "likely" if certainty.probability is None else f"likely, {figures.share(certainty.probability)}"
        case "undistinguished":
            return "not told apart from others"


def _answer(document: Document, report: Report) -> Iterator[Markup]:
    before, name, behind = headline(report)
    yield element("h1", before, element("strong", name) if name else None, behind)
    chosen = meaning.recommended(document)
    if chosen is not None:
        yield element("p", meaning.expected(chosen), class_="plain")
    if report.recommendation is not None:
        yield element("p", report.recommendation.why, class_="why")
    elif report.why_none is not None:
        yield element("p", sentence(report.why_none), class_="why")
    if report.remarks:
        yield element("ul", *(element("li", remark) for remark in report.remarks), class_="why")
    if chosen is not None:
        yield _stats(chosen)


def _stats(chosen: Rated) -> Markup:
    result, quality = chosen.result, chosen.assessment.quality
    tiles = [
        None
        if quality is None
        else _tile(
            "Quality",
            "quality",
            f"{quality.score:.0f}",
            f"of 100; between {quality.low:.0f} and {quality.high:.0f} by its 95 % interval",
            _meter(quality.low, quality.score, quality.high),
        ),
        None
        if result.speed_tps is None
        else _tile(
            "Speed", "tok-s", f"{figures.rate(result.speed_tps)} tok/s", meaning.times_reading(result.speed_tps)
        ),
        None
        if result.ttft_s is None
        else _tile("First token", "ttft", figures.duration(result.ttft_s), meaning.feels(result.ttft_s)),
        None
        if result.memory_bytes is None
        else _tile("Memory", "memory", figures.size(result.memory_bytes), _where(result.gpu_share)),
    ]
    return element("dl", *tiles, class_="tiles")


def _tile(name: str, anchor: str, figure: str, words: str, *drawn: Markup) -> Markup:
    return element(
        "div",
        element("dt", element("a", name, href=f"#{anchor}")),
        element("dd", element("span", figure, class_="big"), *drawn, element("span", words, class_="small")),
        class_="tile",
    )


def _meter(low: float, score: float, high: float) -> Markup:
    """Return a bar from 0 to 100 with an interval and the score in it; the words beside say the same."""
    return element(
        "svg",
        element("rect", x="0%", y="3", width="100%", height="4", rx="2", class_="rail"),
        element("rect", x=percent(low / 100), y="2", width=percent(max(high - low, 1) / 100), height="6", rx="3"),
        element("circle", cx=percent(score / 100), cy=height(0.5), r="5"),
        class_="meter",
        height=10,
        aria_hidden="true",
    )


def _where(gpu_share: float | None) -> str:
    if gpu_share is None:
        return "in use while loaded"
    if gpu_share >= 0.995:
        return "all of it on the GPU"
    return "none of it on a GPU" if gpu_share <= 0 else f"{figures.share(gpu_share)} of it on the GPU"


def _uses(document: Document, report: Report) -> Iterator[Markup]:
    """Yield the uses with another answer than the recommendation."""
    if not report.uses:
        named = [] if document.verdict is None or report.recommendation is None else document.verdict.uses
        if named:
            uses = [clean(use.use, 40) for use in named]
            yield element("p", f"The same one is the choice for each use: {listed(uses, len(uses))}.", class_="same")
        return
    rows = [
        element(
            "li",
            element("b", f"{use.uses}: "),
            f"none, {use.why}" if use.model is None else join(element("strong", use.model), f" on {use.host}"),
        )
        for use in report.uses
    ]
    yield element("div", element("h2", "For other uses"), element("ul", *rows), class_="uses")


def _tiers(document: Document, names: Mapping[str, str]) -> Iterator[Markup]:
    """Yield the best of each memory tier, where the run has more than one."""
    found = [] if document.verdict is None else [tier for tier in document.verdict.tiers if tier.best is not None]
    if len(found) < 2:
        return
    by_key = {entry.result.key: entry for entry in document.rated()}
    rows = [_tier(tier, by_key, names) for tier in found]
    title = "Best for the memory you have"
    heads = (("Memory", None), ("Best", None), ("Quality", "figure"), ("tok/s", "figure"), ("How sure", None))
    head = element("tr", *(element("th", name, scope="col", class_=class_) for name, class_ in heads))
    table = tables.scrolling(title, element("thead", head), element("tbody", *rows), class_="best")
    yield element("div", element("h2", title), table, class_="tiers")


def _tier(tier: TierVerdict, by_key: Mapping[ResultKey, Rated], names: Mapping[str, str]) -> Markup:
    pick = tier.best
    entry = None if pick is None else by_key.get(pick.key)
    quality = None if entry is None else entry.assessment.quality
    host = "" if pick is None else figures.host_called(pick.host, names)
    name = "" if pick is None else figures.name(pick.label)
    return element(
        "tr",
        element("th", TIER_NAMES[tier.tier], scope="row"),
        element("td", element("strong", name), " ", element("span", host, class_="where"), title=clean(tier.why, 600)),
        element("td", figures.quality(quality), class_="figure"),
        element("td", figures.rate(None if entry is None else entry.result.speed_tps), class_="figure"),
        element("td", sureness(tier.certainty) or figures.ABSENT),
    )
