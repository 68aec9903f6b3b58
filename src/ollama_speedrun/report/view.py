"""The texts of a report: rows, sections, notes and advice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from ..assessment import classic
from ..assessment.types import Pick, Rated, Scoring, Tier, UseVerdict, Verdict
from ..benchmark.types import Result
from ..inventory.types import Model
from ..quality.records import accuracy
from ..results.assessing import verdict_for
from ..results.types import Document
from ..wording import joined
from . import figures, siblings, taken_over
from .columns import Column, Entry, cells, results
from .further import remarks
from .legend import cautions, legend
from .notes import deciding_between, notes
from .settings import USUAL, ReportSettings
from .tables import Table, beside, by_area, by_context
from .text import clean, sentence

Grade: TypeAlias = Literal["good", "fair", "poor"]

TIER_NAMES: Final[dict[Tier, str]] = {
    "<2": "under 2 GB",
    "2-4": "2–4 GB",
    "4-8": "4–8 GB",
    "8-16": "8–16 GB",
    "16+": "16 GB and more",
}
NAMES_SHOWN: Final = 4
REMARKS_SHOWN: Final = 3


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
    """The benchmarked models of one memory tier, the highest score first, and `lines` that belong below them."""

    title: str
    rows: tuple[Row, ...]
    lines: tuple[str, ...] = ()


class Unmeasured(msgspec.Struct, frozen=True):
    """Models of one host without figures, and why: `models` names the first few and counts the rest."""

    models: str
    host: str
    reason: str
    count: int = 1


class Advice(msgspec.Struct, frozen=True):
    """A model to use: `scope` is what it is the best of."""

    scope: str
    model: str
    host: str
    score: str
    why: str


class UseAdvice(msgspec.Struct, frozen=True):
    """Uses for which another model is best than the recommended one, or none: then `why` says so."""

    uses: str
    model: str | None
    host: str | None
    why: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report, as its reader meets it: what to use, then the table, then what could change that decision.

    `remarks` are what further studies found of the recommended model, each a sentence. `why_none` says why nothing is
    recommended; `uses` are those with another answer; `tiers` is empty where the run has but one. `notes` pair a mark
    with its text: those that concern the decision, and in `other_notes` the rest. `legend` says how the figures are to
    be read, and `caution` what is to be known before any is.
    """

    recommendation: Advice | None
    why_none: str | None
    remarks: tuple[str, ...]
    uses: tuple[UseAdvice, ...]
    columns: tuple[Column[Entry], ...]
    sections: tuple[Section, ...]
    areas: Table | None
    tables: tuple[Table, ...]
    failed: tuple[Unmeasured, ...]
    skipped: tuple[Unmeasured, ...]
    notes: tuple[tuple[str, str], ...]
    other_notes: tuple[tuple[str, str], ...]
    caution: tuple[str, ...]
    legend: tuple[str, ...]
    tiers: tuple[Advice, ...]


def report(document: Document, settings: ReportSettings = USUAL) -> Report:
    """Return the document as the texts of a report, its Score column, tiers and stars by the settings' scoring or use.

    The classic scoring knows no measured memory: its tiers go by the size on disk.
    """
    names = figures.host_names(document.hosts)
    measured = [entry for entry in document.rated() if entry.result.status == "ok"]
    generating = [entry for entry in measured if entry.result.embedding is None]
    models = {(model.host, model.name): model for model in document.models}
    judged = _judged(document, generating, models, settings)
    verdict = judged.verdict
    members = _members(generating, models, judged, settings.scoring, names)
    shown = [entry for entries in members.values() for entry in entries]
    columns = results(shown, wide=settings.wide)
    picks = [] if verdict is None else [(tier.tier, tier.best, tier.why) for tier in verdict.tiers if tier.best]
    best = {(pick.host, pick.label) for _, pick, _ in picks}
    deciding, others = notes([entry.result for entry in measured], deciding_between(shown, verdict))
    marks = {kind: mark for kind, mark, _ in (*deciding, *(others if settings.verbose else ()))}

    def row(entry: Entry) -> Row:
        return Row(
            cells=cells(columns, entry),
            spills=entry.spills,
            best=(entry.result.host, entry.result.label) in best,
            grade=None if entry.score is None else grade(entry.score),
            marks="".join(dict.fromkeys(marks[one.kind] for one in entry.result.caveats if one.kind in marks))
            + taken_over.mark(entry.result),
        )

    return Report(
        recommendation=_recommendation(verdict, names),
        why_none=None if verdict is None or verdict.why_none is None else clean(verdict.why_none, 600),
        remarks=_remarks(verdict, measured),
        uses=_uses(document.verdict, names) if settings.use is None and settings.scoring == "overall" else (),
        columns=columns,
        sections=tuple(
            Section(_title(tier, members), tuple(map(row, entries)), tuple(siblings.lines(entries, verdict, names)))
            for tier, entries in members.items()
            if entries
        ),
        areas=by_area(shown),
        tables=_tables(document, [entry.result for entry in measured], models, names, settings),
        failed=_unmeasured(document, "failed", names),
        skipped=_unmeasured(document, "skipped", names),
        notes=(
            *taken_over.notes([entry.result for entry in measured]),
            *((mark, text) for _, mark, text in deciding),
        ),
        other_notes=tuple((mark, text) for _, mark, text in others),
        caution=tuple(cautions(document)),
        legend=_legend(document, generating, settings),
        tiers=tuple(_advice(TIER_NAMES[tier], pick, why, names) for tier, pick, why in picks)
        if len([tier for tier, entries in members.items() if entries and tier]) > 1
        else (),
    )


def _tables(
    document: Document,
    measured: Sequence[Result],
    models: Mapping[tuple[str, str], Model],
    names: Mapping[str, str],
    settings: ReportSettings,
) -> tuple[Table, ...]:
    """Return the tables that stand beside the main one: memory by context, then those of the further studies."""
    accuracies = {one.key: accuracy(one) for one in document.quality_records}
    return (*by_context(measured, models, names, settings), *beside(measured, models, names, accuracies))


def _legend(document: Document, generating: Sequence[Rated], settings: ReportSettings) -> tuple[str, ...]:
    left_out = {need for record in document.quality_records for need in record.left_out}
    return tuple(legend(generating, settings, document.items_files, left_out=left_out))


def grade(score: float) -> Grade:
    """Return how a score from 0 to 100 is to be coloured."""
    if score >= 70:
        return "good"
    return "fair" if score >= 40 else "poor"


def _unmeasured(document: Document, status: str, names: Mapping[str, str]) -> tuple[Unmeasured, ...]:
    """Return the models with that status, those of one host with the same reason together."""
    found: dict[tuple[str, str], list[str]] = {}
    for result in document.results:
        if result.status == status:
            reason = clean(result.reason or "no reason was given")
            found.setdefault((figures.host_called(result.host, names), reason), []).append(figures.name(result.label))
    return tuple(Unmeasured(listed(labels), host, reason, len(labels)) for (host, reason), labels in found.items())


def listed(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """Return names as a sentence has them, the first few and how many more there are."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return joined(names)


class _Judged(NamedTuple):
    """The verdict that a report is by, None where the run was not assessed, and the score of each result by it."""

    verdict: Verdict | None
    score: Callable[[Rated], float | None]


def _judged(
    document: Document,
    rated: Sequence[Rated],
    models: Mapping[tuple[str, str], Model],
    settings: ReportSettings,
) -> _Judged:
    if document.verdict is None:
        return _Judged(None, _overall)
    if settings.scoring == "classic":
        return _Judged(classic.verdict(rated, models), lambda entry: classic.composite(entry.assessment))
    if settings.use is None:
        return _Judged(document.verdict, _overall)
    verdict, worth = verdict_for(document, settings.use)
    return _Judged(verdict, lambda entry: worth.get(entry.result.key))


def _overall(entry: Rated) -> float | None:
    return None if entry.scores is None else entry.scores.overall


def _members(
    measured: Iterable[Rated],
    models: Mapping[tuple[str, str], Model],
    judged: _Judged,
    scoring: Scoring,
    names: Mapping[str, str],
) -> dict[Tier | None, list[Entry]]:
    """Return the results of each tier, the highest score first; None holds those whose tier is not known."""
    members: dict[Tier | None, list[Entry]] = {tier: [] for tier in (*TIER_NAMES, None)}
    for rated in measured:
        result = rated.result
        model = models.get((result.host, result.model))
        tier = classic.disk_tier(model) if scoring == "classic" else rated.assessment.tier
        entry = Entry(result, rated.assessment, model, judged.score(rated), figures.host_called(result.host, names))
        members[tier].append(entry)
    for entries in members.values():
        entries.sort(key=lambda entry: (-(entry.score or 0), entry.result.model, entry.result.host))
    return members


def _title(tier: Tier | None, members: dict[Tier | None, list[Entry]]) -> str:
    if tier is not None:
        return f"Memory tier: {TIER_NAMES[tier]}"
    return "Memory tier: not known" if any(members[known] for known in TIER_NAMES) else "Benchmarks"


def _uses(verdict: Verdict | None, names: Mapping[str, str]) -> tuple[UseAdvice, ...]:
    """Return the uses for which another model is best than the recommended one, those with the same best together."""
    if verdict is None or verdict.recommendation is None:
        return ()
    usual = verdict.recommendation
    groups: dict[tuple[str, str] | str, list[UseVerdict]] = {}
    for use in verdict.uses:
        groups.setdefault(use.why if use.best is None else (use.best.host, use.best.label), []).append(use)
    return tuple(
        UseAdvice(
            ", ".join(clean(use.use, 40) for use in uses),
            None if uses[0].best is None else figures.name(uses[0].best.label),
            None if uses[0].best is None else figures.host_called(uses[0].best.host, names),
            clean(figures.with_host_names(uses[0].why, names), 600),
        )
        for key, uses in groups.items()
        if key != (usual.host, usual.label)
    )


def _recommendation(verdict: Verdict | None, names: Mapping[str, str]) -> Advice | None:
    if verdict is None or verdict.recommendation is None:
        return None
    return _advice("Recommendation", verdict.recommendation, verdict.recommendation.why, names)


def _remarks(verdict: Verdict | None, measured: Sequence[Rated]) -> tuple[str, ...]:
    """Return what further studies found of the recommended model; where there is none, of the first few by name."""
    chosen = None if verdict is None else verdict.recommendation
    if chosen is None:
        told = [(entry.result, line) for entry in measured for line in remarks(entry.result)]
        return tuple(f"{figures.name(result.label)}: {clean(line, 600)}." for result, line in told[:REMARKS_SHOWN])
    key = chosen.key
    return tuple(sentence(line) for entry in measured if entry.result.key == key for line in remarks(entry.result))


def _advice(scope: str, pick: Pick, why: str, names: Mapping[str, str]) -> Advice:
    said = sentence(figures.with_host_names(why, names))
    return Advice(
        scope, figures.name(pick.label), figures.host_called(pick.host, names), figures.score(pick.score), said
    )
