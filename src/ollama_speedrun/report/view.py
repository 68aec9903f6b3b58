"""What a report shows, as text: all rounding, all units and all cleaning of servers' words happen here."""

import string
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from .. import units
from ..assessment.types import Pick, ScoredResult, Tier, Verdict
from ..benchmark.types import Caveat, CaveatKind
from ..discovery.types import DEFAULT_PORT, Host
from ..inventory.types import Model
from .document import Document
from .text import clean

Scoring: TypeAlias = Literal["overall", "classic"]
Grade: TypeAlias = Literal["good", "fair", "poor"]

ABSENT: Final = "–"
NAME_LIMIT: Final = 120
TIER_NAMES: Final[dict[Tier, str]] = {
    "<2": "under 2 GB",
    "2-4": "2–4 GB",
    "4-8": "4–8 GB",
    "8-16": "8–16 GB",
    "16+": "16 GB and more",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmarked model: the cells of its row, whether it is its tier's best, and the marks of its notes."""

    cells: tuple[str, ...]
    best: bool
    grade: Grade | None
    marks: str

    @property
    def model(self) -> str:
        """The model's name."""
        return self.cells[0]


class Section(msgspec.Struct, frozen=True):
    """The benchmarked models of one memory tier, the highest score first."""

    title: str
    rows: tuple[Row, ...]


class Unmeasured(msgspec.Struct, frozen=True):
    """A model without figures, and why."""

    model: str
    host: str
    reason: str


class Advice(msgspec.Struct, frozen=True):
    """A model to use: `scope` is what it is the best of."""

    scope: str
    model: str
    host: str
    score: str
    why: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report. `notes` pairs a mark with its text; `legend` says how the figures are to be read."""

    sections: tuple[Section, ...]
    failed: tuple[Unmeasured, ...]
    skipped: tuple[Unmeasured, ...]
    notes: tuple[tuple[str, str], ...]
    legend: tuple[str, ...]
    tiers: tuple[Advice, ...]
    recommendation: Advice | None


HEADINGS: Final = ("Model", "Host", "Size", "Params", "Quant", "tok/s", "TTFT", "Load", "Score")


def report(document: Document, *, scoring: Scoring = "overall") -> Report:
    """Return the document as the texts of a report, its Score column and stars by `scoring`."""
    measured = [result for result in document.results if result.status == "ok"]
    best = {(pick.host, pick.model) for _, pick, _ in _tier_picks(document, scoring)}
    models = {(model.host, model.name): model for model in document.models}
    caveats = [caveat for result in measured for caveat in result.caveats]
    marks = _marks(caveats)

    def row(result: ScoredResult) -> Row:
        score = score_of(result, scoring)
        return Row(
            cells=_cells(result, models.get((result.host, result.model)), score),
            best=(result.host, result.model) in best,
            grade=None if score is None else grade(score),
            marks="".join(dict.fromkeys(marks[caveat.kind] for caveat in result.caveats)),
        )

    def section(tier: Tier | None, title: str) -> Section:
        members = [result for result in measured if result.tier == tier]
        members.sort(key=lambda result: (-(score_of(result, scoring) or 0), result.model, result.host))
        return Section(title, tuple(map(row, members)))

    tiers: list[tuple[Tier | None, str]] = [(tier, f"Memory tier: {name}") for tier, name in TIER_NAMES.items()]
    unknown = "Memory tier: not known" if any(result.tier for result in measured) else "Benchmarks"
    sections = [section(tier, title) for tier, title in [*tiers, (None, unknown)]]
    return Report(
        sections=tuple(section for section in sections if section.rows),
        failed=tuple(_unmeasured(result) for result in document.results if result.status == "failed"),
        skipped=tuple(_unmeasured(result) for result in document.results if result.status == "skipped"),
        notes=tuple((mark, _note(kind, caveats)) for kind, mark in marks.items()),
        legend=tuple(_legend(document, measured, scoring)),
        tiers=tuple(_advice(TIER_NAMES[tier], pick, why) for tier, pick, why in _tier_picks(document, scoring)),
        recommendation=_recommendation(document, scoring),
    )


def score_of(result: ScoredResult, scoring: Scoring) -> float | None:
    """Return the result's score, 0 to 100, by the scoring of that name; None where it has none."""
    if result.scores is None:
        return None
    return result.scores.overall if scoring == "overall" else result.scores.classic.composite


def grade(score: float) -> Grade:
    """Return how a score from 0 to 100 is to be coloured."""
    if score >= 70:
        return "good"
    return "fair" if score >= 40 else "poor"


def name(text: str | None) -> str:
    """Return a server's own word for something, fit to be shown."""
    return (clean(text, NAME_LIMIT) if text else "") or ABSENT


def host_label(url: str) -> str:
    """Return a host's url as people say it: without http:// and without Ollama's own port."""
    shown = name(url)
    try:
        parts = urlsplit(shown)
        port = parts.port
    except ValueError:
        return shown
    if parts.scheme != "http" or parts.hostname is None or parts.path or parts.query or "@" in parts.netloc:
        return shown
    return parts.hostname if port == DEFAULT_PORT else parts.netloc


def size(size_bytes: int | None) -> str:
    """Return bytes as MB (1024²) below one GB (1024³), as GB above."""
    if size_bytes is None:
        return ABSENT
    gibibytes = units.gibibytes(size_bytes)
    if round(gibibytes * 1024) < 1024:
        return f"{gibibytes * 1024:.0f} MB" if gibibytes * 1024 >= 9.95 else f"{gibibytes * 1024:.1f} MB"
    return f"{gibibytes:.1f} GB" if gibibytes < 99.95 else f"{gibibytes:.0f} GB"


def rate(tps: float | None) -> str:
    """Return tokens per second, without the unit, to three significant digits or so."""
    if tps is None:
        return ABSENT
    return f"{tps:.1f}" if tps < 99.95 else f"{tps:.0f}"


def duration(duration_s: float | None) -> str:
    """Return seconds as ms, s or minutes, whichever reads best."""
    if duration_s is None:
        return ABSENT
    if duration_s < 0.9995:
        return f"{duration_s * 1000:.0f} ms" if duration_s >= 0.00995 else f"{duration_s * 1000:.1f} ms"
    if duration_s < 9.95:
        return f"{duration_s:.1f} s"
    if duration_s < 99.5:
        return f"{duration_s:.0f} s"
    minutes, rest_s = divmod(round(duration_s), 60)
    if minutes < 60:
        return f"{minutes} min" if rest_s == 0 else f"{minutes} min {rest_s} s"
    return f"{minutes // 60} h {minutes % 60} min"


def roughly(duration_s: float) -> str:
    """Return a time yet to come in whole seconds, minutes or hours, for no more than that is known of it."""
    if duration_s < 100:
        return f"{max(duration_s, 1):.0f} s"
    return f"{duration_s / 60:.0f} min" if duration_s < 5400 else f"{duration_s / 3600:.0f} h"


def stopwatch(duration_s: float) -> str:
    """Return a time that is running as minutes and seconds: 0:04, 12:30, 75:00."""
    minutes, seconds = divmod(int(duration_s), 60)
    return f"{minutes}:{seconds:02}"


def score_text(score: float | None) -> str:
    """Return a score from 0 to 100 with one decimal."""
    return ABSENT if score is None else f"{score:.1f}"


def moment(at: datetime) -> str:
    """Return a point in time to the minute, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def tokens(count: int | None) -> str:
    """Return a number of tokens, whole multiples of 1024 as K."""
    if count is None:
        return ABSENT
    return f"{count // 1024}K" if count >= 1024 and count % 1024 == 0 else str(count)


def host_cells(host: Host) -> tuple[str, ...]:
    """Return the cells of a host's row: host, server, version, found via, addresses."""
    return (
        host_label(host.url),
        name(host.kind),
        name(host.version),
        name(", ".join(host.via)),
        name(", ".join(host.addresses)),
    )


HOST_HEADINGS: Final = ("Host", "Server", "Version", "Found via", "Addresses")


def model_cells(model: Model) -> tuple[str, ...]:
    """Return the cells of a model's row: model, host, kind, size, parameters, quantisation, context, capabilities."""
    return (
        name(model.name),
        host_label(model.host),
        model.kind,
        size(model.size_bytes),
        name(model.parameter_size),
        name(model.quantization),
        tokens(model.context_length),
        name(", ".join(model.capabilities)),
    )


MODEL_HEADINGS: Final = ("Model", "Host", "Kind", "Size", "Params", "Quant", "Context", "Capabilities")


def _cells(result: ScoredResult, model: Model | None, score: float | None) -> tuple[str, ...]:
    return (
        name(result.model),
        host_label(result.host),
        size(model.size_bytes if model else None),
        name(model.parameter_size if model else None),
        name(model.quantization if model else None),
        rate(result.speed_tps),
        duration(result.ttft_s),
        duration(result.load_s),
        score_text(score),
    )


def _unmeasured(result: ScoredResult) -> Unmeasured:
    return Unmeasured(name(result.model), host_label(result.host), clean(result.reason or "no reason was given"))


def _marks(caveats: Iterable[Caveat]) -> dict[CaveatKind, str]:
    """Return a letter for each kind of caveat, in the order of their appearance."""
    return dict(zip(dict.fromkeys(caveat.kind for caveat in caveats), string.ascii_lowercase, strict=False))


def _note(kind: CaveatKind, caveats: Iterable[Caveat]) -> str:
    """Return what the kind's caveats say; where their figures differ, the first of them speaks for all."""
    first, *others = dict.fromkeys(clean(caveat.text) for caveat in caveats if caveat.kind == kind)
    return f"{first} (and {len(others)} more like it, with figures of their own: --json has them)" if others else first


def _tier_picks(document: Document, scoring: Scoring) -> list[tuple[Tier, Pick, str]]:
    """Return each tier's best with the reason: the verdict's own, or for `classic` the highest composite."""
    if document.verdict is None:
        return []
    if scoring == "overall":
        return [(tier.tier, tier.best, tier.why) for tier in document.verdict.tiers if tier.best is not None]
    tops = ((tier, _top([r for r in document.results if r.tier == tier])) for tier in TIER_NAMES)
    return [(tier, top, "highest classic composite of the tier") for tier, top in tops if top is not None]


def _top(results: Iterable[ScoredResult]) -> Pick | None:
    """Return the highest classic composite; of equals the first by name, then host."""
    picks = [Pick(r.host, r.model, r.scores.classic.composite) for r in results if r.scores is not None]
    return min(picks, key=lambda pick: (-pick.score, pick.model, pick.host), default=None)


def _recommendation(document: Document, scoring: Scoring) -> Advice | None:
    match document.verdict, scoring:
        case Verdict(recommendation=chosen), "overall" if chosen is not None:
            return _advice("Recommendation", chosen, chosen.why)
        case Verdict(), "classic" if (top := _top(document.results)) is not None:
            return _advice("Recommendation", top, "highest classic composite of the run")
        case _:
            return None


def _advice(scope: str, pick: Pick, why: str) -> Advice:
    return Advice(scope, name(pick.model), host_label(pick.host), score_text(pick.score), clean(why, 600))


def _legend(document: Document, measured: list[ScoredResult], scoring: Scoring) -> Iterable[str]:
    if not document.complete:
        yield "Incomplete: the run was interrupted, this is what was finished."
    scores = [result.scores for result in measured if result.scores is not None]
    if scores and scoring == "overall":
        yield "Score: overall, 0 to 100, absolute: no other model's figures enter it. ★ marks the best of a tier."
        yield from (f"Quality: {clean(stand_in)}" for stand_in in dict.fromkeys(score.quality_is for score in scores))
    elif scores:
        yield "Score: classic composite, 0 to 100, relative to this run's other models. ★ marks the best of a tier."
        yield "Quality: output tokens relative to the longest output of the run, a stand-in for graded quality."
    bases = {result.tier_basis for result in measured}
    if "memory" in bases and "disk" in bases:
        yield "Tiers go by the memory in use, by the size on disk where that was not measured; Size is on disk."
    elif "memory" in bases:
        yield "Tiers go by the memory in use; Size is on disk."
    elif "disk" in bases:
        yield "Tiers go by the size on disk."
