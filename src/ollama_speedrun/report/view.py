"""The texts of a report: rows, sections, notes and advice."""

import string
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import msgspec

from ..assessment import classic
from ..assessment.types import Pick, Rated, Scoring, Tier, Verdict
from ..benchmark.types import Caveat, CaveatKind, Result
from ..inventory.types import Model
from ..results.types import Document
from . import figures
from .columns import RESULTS, Entry, cells
from .tables import Table, beside
from .text import clean

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
    """A whole report. `notes` pairs a mark with its text; `legend` says how the figures are to be read.

    `needless` are the headings of columns that say nothing in this run. `why_none` says why nothing is recommended.
    """

    sections: tuple[Section, ...]
    needless: frozenset[str]
    tables: tuple[Table, ...]
    failed: tuple[Unmeasured, ...]
    skipped: tuple[Unmeasured, ...]
    notes: tuple[tuple[str, str], ...]
    legend: tuple[str, ...]
    tiers: tuple[Advice, ...]
    recommendation: Advice | None
    why_none: str | None = None
    uses: tuple[Advice, ...] = ()


def report(document: Document, *, scoring: Scoring = "overall") -> Report:
    """Return the document as the texts of a report, its Score column, tiers and stars by `scoring`.

    The classic scoring knows no measured memory: its tiers go by the size on disk.
    """
    measured = [entry for entry in document.rated() if entry.result.status == "ok"]
    results = [entry.result for entry in measured]
    models = {(model.host, model.name): model for model in document.models}
    caveats = [caveat for result in results for caveat in result.caveats]
    marks = _marks(caveats)
    generating = [entry for entry in measured if entry.result.embedding is None]
    members = _members(generating, models, scoring)
    verdict = _verdict(document, generating, models, scoring)
    picks = [] if verdict is None else [(tier.tier, tier.best, tier.why) for tier in verdict.tiers if tier.best]
    best = {(pick.host, pick.label) for _, pick, _ in picks}

    def row(entry: Entry) -> Row:
        result = entry.result
        return Row(
            cells=cells(RESULTS, entry),
            spills=entry.spills,
            best=(result.host, result.label) in best,
            grade=None if entry.score is None else grade(entry.score),
            marks="".join(dict.fromkeys(marks[caveat.kind] for caveat in result.caveats)),
        )

    shown = [entry for entries in members.values() for entry in entries]
    return Report(
        sections=tuple(
            Section(_title(tier, members), tuple(map(row, entries))) for tier, entries in members.items() if entries
        ),
        needless=frozenset(column.heading for column in RESULTS if not column.is_needed(shown)),
        tables=beside(results, models),
        failed=tuple(_unmeasured(result) for result in document.results if result.status == "failed"),
        skipped=tuple(_unmeasured(result) for result in document.results if result.status == "skipped"),
        notes=tuple((mark, _note(kind, caveats)) for kind, mark in marks.items()),
        legend=tuple(_legend(document, generating, scoring)),
        tiers=tuple(_advice(TIER_NAMES[tier], pick, why) for tier, pick, why in picks),
        recommendation=_recommendation(verdict),
        why_none=None if verdict is None or verdict.why_none is None else clean(verdict.why_none, 600),
        uses=_uses(verdict),
    )


def score_of(entry: Rated, scoring: Scoring) -> float | None:
    """Return the result's score, 0 to 100, by the scoring of that name; None where it has none."""
    if scoring == "classic":
        return classic.composite(entry.assessment)
    return None if entry.scores is None else entry.scores.overall


def grade(score: float) -> Grade:
    """Return how a score from 0 to 100 is to be coloured."""
    if score >= 70:
        return "good"
    return "fair" if score >= 40 else "poor"


def _unmeasured(result: Result) -> Unmeasured:
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
    measured: Iterable[Rated], models: dict[tuple[str, str], Model], scoring: Scoring
) -> dict[Tier | None, list[Entry]]:
    """Return the results of each tier, the highest score first; None holds those whose tier is not known."""
    members: dict[Tier | None, list[Entry]] = {tier: [] for tier in (*TIER_NAMES, None)}
    for rated in measured:
        model = models.get((rated.result.host, rated.result.model))
        tier = classic.disk_tier(model) if scoring == "classic" else rated.assessment.tier
        members[tier].append(Entry(rated.result, rated.assessment, model, score_of(rated, scoring)))
    for entries in members.values():
        entries.sort(key=lambda entry: (-(entry.score or 0), entry.result.model, entry.result.host))
    return members


def _title(tier: Tier | None, members: dict[Tier | None, list[Entry]]) -> str:
    if tier is not None:
        return f"Memory tier: {TIER_NAMES[tier]}"
    return "Memory tier: not known" if any(members[known] for known in TIER_NAMES) else "Benchmarks"


def _verdict(
    document: Document, rated: list[Rated], models: dict[tuple[str, str], Model], scoring: Scoring
) -> Verdict | None:
    """Return the verdict by `scoring`, None where the run was not assessed."""
    if document.verdict is None or scoring == "overall":
        return document.verdict
    return classic.verdict(rated, models)


def _uses(verdict: Verdict | None) -> tuple[Advice, ...]:
    """Return the best for each use that any model suits."""
    found = () if verdict is None else verdict.uses
    return tuple(_advice(use.use, use.best, use.why) for use in found if use.best is not None)


def _recommendation(verdict: Verdict | None) -> Advice | None:
    if verdict is None or verdict.recommendation is None:
        return None
    return _advice("Recommendation", verdict.recommendation, verdict.recommendation.why)


def _advice(scope: str, pick: Pick, why: str) -> Advice:
    return Advice(
        scope, figures.name(pick.label), figures.host_label(pick.host), figures.score(pick.score), clean(why, 600)
    )


def _quality_legend(measured: list[Rated]) -> Iterable[str]:
    graded = [entry.assessment.quality for entry in measured if entry.assessment.quality is not None]
    if graded:
        most = max(quality.items for quality in graded)
        yield (
            f"Quality: the share of up to {most} graded items that were right, corrected for guessing, 0 to 100, ± "
            "half of its 95 % interval; s/right: seconds until one item is right."
        )
    if any(quality.protocol == "3-shot" for quality in graded):
        yield "Base models continue three solved examples; their quality does not compare with that of chat models."


def _legend(document: Document, measured: list[Rated], scoring: Scoring) -> Iterable[str]:
    if not document.complete:
        yield "Incomplete: the run was interrupted, this is what was finished."
    scores = [entry.scores for entry in measured if entry.scores is not None]
    if scores and scoring == "overall":
        yield "Score: overall, 0 to 100, absolute: no other model's figures enter it. ★ marks the best of a tier."
        yield from _quality_legend(measured)
    elif scores:
        yield "Score: classic composite, 0 to 100, relative to this run's other models. ★ marks the best of a tier."
        yield "Its quality is output tokens relative to the longest output of the run."
    if any(entry.result.decode_interval is not None for entry in measured):
        yield "± is half the 95 % interval of tok/s."
    if scoring == "classic":
        yield "Tiers go by the size on disk."
        return
    bases = {entry.assessment.tier_basis for entry in measured}
    if "memory" in bases and "disk" in bases:
        yield "Tiers go by the memory in use, by the size on disk where that was not measured; Size is on disk."
    elif "memory" in bases:
        yield "Tiers go by the memory in use; Size is on disk."
    elif "disk" in bases:
        yield "Tiers go by the size on disk."
