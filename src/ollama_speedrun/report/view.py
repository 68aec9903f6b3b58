"""What a report shows: its rows, sections, notes and advice, as text."""

import string
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import msgspec

from ..assessment.tiers import tier_of
from ..assessment.types import Pick, ScoredResult, Tier, Verdict
from ..benchmark.types import Caveat, CaveatKind
from ..discovery.types import Host
from ..inventory.types import Model
from . import figures
from .document import Document
from .tables import Table, beside
from .text import clean

Scoring: TypeAlias = Literal["overall", "classic"]
Grade: TypeAlias = Literal["good", "fair", "poor"]

TIER_NAMES: Final[dict[Tier, str]] = {
    "<2": "under 2 GB",
    "2-4": "2–4 GB",
    "4-8": "4–8 GB",
    "8-16": "8–16 GB",
    "16+": "16 GB and more",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmarked model: the cells of its row, whether it is its tier's best, and the marks of its notes.

    It `spills` where a part of it did not fit onto the GPU.
    """

    cells: tuple[str, ...]
    best: bool
    spills: bool
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
    tables: tuple[Table, ...]
    failed: tuple[Unmeasured, ...]
    skipped: tuple[Unmeasured, ...]
    notes: tuple[tuple[str, str], ...]
    legend: tuple[str, ...]
    tiers: tuple[Advice, ...]
    recommendation: Advice | None


HEADINGS: Final = ("Model", "Host", "Size", "Params", "Quant", "tok/s", "±", "TTFT", "Load", "GPU", "Score")
WORDS: Final = frozenset(
    {"Model", "Host", "Quant", "Kind", "Capabilities", "Server", "Version", "Found via", "Addresses"}
)
"""The headings of columns that hold words; the others hold figures, which stand at the right."""


def report(document: Document, *, scoring: Scoring = "overall") -> Report:
    """Return the document as the texts of a report, its Score column, tiers and stars by `scoring`.

    The classic scoring knows no measured memory: its tiers go by the size on disk.
    """
    measured = [result for result in document.results if result.status == "ok"]
    models = {(model.host, model.name): model for model in document.models}
    caveats = [caveat for result in measured for caveat in result.caveats]
    marks = _marks(caveats)
    generating = [result for result in measured if result.embedding is None]
    members = _members(generating, models, scoring)
    picks = _tier_picks(document.verdict, members, scoring)
    best = {(pick.host, pick.label) for _, pick, _ in picks}

    def row(result: ScoredResult) -> Row:
        score = score_of(result, scoring)
        return Row(
            cells=_cells(result, models.get((result.host, result.model)), score),
            spills=result.gpu_share is not None and 0 < result.gpu_share < 1,
            best=(result.host, result.label) in best,
            grade=None if score is None else grade(score),
            marks="".join(dict.fromkeys(marks[caveat.kind] for caveat in result.caveats)),
        )

    return Report(
        sections=tuple(
            Section(_title(tier, members), tuple(map(row, results))) for tier, results in members.items() if results
        ),
        tables=beside(measured, models),
        failed=tuple(_unmeasured(result) for result in document.results if result.status == "failed"),
        skipped=tuple(_unmeasured(result) for result in document.results if result.status == "skipped"),
        notes=tuple((mark, _note(kind, caveats)) for kind, mark in marks.items()),
        legend=tuple(_legend(document, generating, scoring)),
        tiers=tuple(_advice(TIER_NAMES[tier], pick, why) for tier, pick, why in picks),
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


def host_cells(host: Host) -> tuple[str, ...]:
    """Return the cells of a host's row: host, server, version, found via, addresses."""
    return (
        figures.host_title(host),
        figures.word(host.kind),
        figures.word(host.version),
        figures.name(", ".join(host.via)),
        figures.name(", ".join(host.addresses)),
    )


HOST_HEADINGS: Final = ("Host", "Server", "Version", "Found via", "Addresses")


def model_cells(model: Model) -> tuple[str, ...]:
    """Return the cells of a model's row: model, host, kind, size, parameters, quantisation, context, capabilities."""
    return (
        figures.name(model.name),
        figures.host_label(model.host),
        model.kind,
        figures.size(model.size_bytes),
        figures.word(model.parameter_size),
        figures.word(model.quantization),
        figures.tokens(model.context_length),
        figures.name(", ".join(model.capabilities)),
    )


MODEL_HEADINGS: Final = ("Model", "Host", "Kind", "Size", "Params", "Quant", "Context", "Capabilities")


def _cells(result: ScoredResult, model: Model | None, score: float | None) -> tuple[str, ...]:
    return (
        figures.name(result.label),
        figures.host_label(result.host),
        figures.size(model.size_bytes if model else None),
        figures.word(model.parameter_size if model else None),
        figures.word(model.quantization if model else None),
        figures.rate(result.speed_tps),
        figures.precision(result.decode_interval),
        figures.duration(result.ttft_s),
        figures.duration(result.load_s),
        figures.share(result.gpu_share),
        figures.score(score),
    )


def _unmeasured(result: ScoredResult) -> Unmeasured:
    return Unmeasured(
        figures.name(result.label), figures.host_label(result.host), clean(result.reason or "no reason was given")
    )


def _marks(caveats: Iterable[Caveat]) -> dict[CaveatKind, str]:
    """Return a letter for each kind of caveat, in the order of their appearance."""
    return dict(zip(dict.fromkeys(caveat.kind for caveat in caveats), string.ascii_lowercase, strict=False))


def _note(kind: CaveatKind, caveats: Iterable[Caveat]) -> str:
    """Return what the kind's caveats say; where their figures differ, the first of them speaks for all."""
    first, *others = dict.fromkeys(clean(caveat.text) for caveat in caveats if caveat.kind == kind)
    return f"{first} (and {len(others)} more like it, with figures of their own: --json has them)" if others else first


def _members(
    measured: Iterable[ScoredResult], models: dict[tuple[str, str], Model], scoring: Scoring
) -> dict[Tier | None, list[ScoredResult]]:
    """Return the results of each tier, the highest score first; None holds those whose tier is not known."""
    members: dict[Tier | None, list[ScoredResult]] = {tier: [] for tier in (*TIER_NAMES, None)}
    for result in sorted(measured, key=lambda result: (-(score_of(result, scoring) or 0), result.model, result.host)):
        tier = result.tier
        if scoring == "classic":
            model = models.get((result.host, result.model))
            tier = tier_of(model.size_bytes) if model and model.size_bytes is not None else None
        members[tier].append(result)
    return members


def _title(tier: Tier | None, members: dict[Tier | None, list[ScoredResult]]) -> str:
    if tier is not None:
        return f"Memory tier: {TIER_NAMES[tier]}"
    return "Memory tier: not known" if any(members[known] for known in TIER_NAMES) else "Benchmarks"


def _tier_picks(
    verdict: Verdict | None, members: dict[Tier | None, list[ScoredResult]], scoring: Scoring
) -> list[tuple[Tier, Pick, str]]:
    """Return each tier's best with the reason: the verdict's own, or for `classic` the highest composite."""
    if verdict is None:
        return []
    if scoring == "overall":
        return [(tier.tier, tier.best, tier.why) for tier in verdict.tiers if tier.best is not None]
    tops = ((tier, _top(members[tier])) for tier in TIER_NAMES)
    return [(tier, top, "highest classic composite of the tier") for tier, top in tops if top is not None]


def _top(results: Iterable[ScoredResult]) -> Pick | None:
    """Return the highest classic composite; of equals the first by name, then host."""
    picks = [Pick(r.host, r.model, r.scores.classic.composite, r.variant) for r in results if r.scores is not None]
    return min(picks, key=lambda pick: (-pick.score, pick.label, pick.host), default=None)


def _recommendation(document: Document, scoring: Scoring) -> Advice | None:
    match document.verdict, scoring:
        case Verdict(recommendation=chosen), "overall" if chosen is not None:
            return _advice("Recommendation", chosen, chosen.why)
        case Verdict(), "classic" if (top := _top(document.results)) is not None:
            return _advice("Recommendation", top, "highest classic composite of the run")
        case _:
            return None


def _advice(scope: str, pick: Pick, why: str) -> Advice:
    return Advice(
        scope, figures.name(pick.label), figures.host_label(pick.host), figures.score(pick.score), clean(why, 600)
    )


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
    if any(result.decode_interval is not None for result in measured):
        yield "± is half the 95 % interval of tok/s."
    if scoring == "classic":
        yield "Tiers go by the size on disk."
        return
    bases = {result.tier_basis for result in measured}
    if "memory" in bases and "disk" in bases:
        yield "Tiers go by the memory in use, by the size on disk where that was not measured; Size is on disk."
    elif "memory" in bases:
        yield "Tiers go by the memory in use; Size is on disk."
    elif "disk" in bases:
        yield "Tiers go by the size on disk."
