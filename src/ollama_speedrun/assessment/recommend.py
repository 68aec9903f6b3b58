"""Phase 4: from results and graded answers to a verdict. Pure, so a saved file is assessed as a live run is."""

import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import CaveatKind, Result, ResultKey
from ..inventory.types import Model
from ..quality import records, sharing
from ..quality.next_tokens import NextTokens, compared
from ..quality.records import QualityRecord
from . import contexts, score, sentences, uses
from .certainty import certainty
from .choice import Candidate, Choice, choose, rate
from .tiers import TIERS, placed
from .types import (
    Assessment,
    Certainty,
    Pick,
    Quality,
    Rated,
    Recommendation,
    Scores,
    TierVerdict,
    UseVerdict,
    Verdict,
)
from .uses import Use

INLINE_FACTOR: Final = 3.0
"""A model that shows no thinking and takes so many times the usual tokens thinks in its answers."""
FEWEST_FOR_A_MEDIAN: Final = 3
ModelKey: TypeAlias = tuple[str, str]
"""Host and name of a model."""


def assess(  # noqa: PLR0913  # independent inputs, the last ones named at the call
    models: Sequence[Model],
    results: Sequence[Result],
    quality_records: Sequence[QualityRecord] = (),
    settings: BenchmarkSettings | None = None,
    *,
    formula: score.Formula = score.FORMULA,
    named_uses: Sequence[Use] = uses.USES,
    next_tokens: Sequence[NextTokens] = (),
) -> tuple[tuple[Assessment, ...], Verdict]:
    """Score the results and pick the best of each memory tier, of all, and for each use.

    The assessments come in the order of the results, each with its quality, its scores and its tier. `settings` are
    those of the run, which say how sure its picks were to be; `next_tokens` compare quants of one base and rank none.
    """
    known = {(model.host, model.name): model for model in models}
    graded = {record.key: record for record in sharing.shared(quality_records)}
    own = {record.key: record for record in quality_records}
    inline = _reasoning_inline(list(graded.values()))
    qualities = [_quality(graded.get(result.key), inline) for result in results]
    points = [None if found is None else found.score for found in qualities]
    seconds = [_seconds_to_correct_answer(own.get(result.key), graded.get(result.key)) for result in results]
    assessments = tuple(
        _assessment(result, known.get((result.host, result.model)), quality, scores, correct_s, own.get(result.key))
        for result, quality, scores, correct_s in zip(
            results, qualities, score.scores(results, points, formula), seconds, strict=True
        )
    )
    rated = [Rated(result, assessment) for result, assessment in zip(results, assessments, strict=True)]
    overall = msgspec.structs.replace(
        uses.OVERALL, quality=formula.quality_weight, speed=formula.speed_weight, latency=formula.latency_weight
    )
    candidates = _candidates(rated, known, graded)
    texts = [entry for entry in rated if entry.result.embedding is None]
    held = settings or BenchmarkSettings()
    asks_items = held.max_items > 0
    tiers = _tier_verdicts(texts, candidates, graded, overall, held)
    recommendation = _recommendation(tiers, choose(overall, list(candidates.values())))
    return assessments, Verdict(
        tiers,
        recommendation,
        uses=tuple(_use_verdict(use, list(candidates.values()), texts, asks_items=asks_items) for use in named_uses),
        why_none=None if recommendation else sentences.why_none(texts, asks_items=asks_items),
        siblings=compared(next_tokens, models),
    )


def _recommendation(tiers: Sequence[TierVerdict], best: Choice | None) -> Recommendation | None:
    """Return the best over all tiers; where only one tier has a pick, that one, so that there is one answer."""
    picks = [(tier.best, tier.why) for tier in tiers if tier.best is not None]
    if len(picks) == 1:
        pick, why = picks[0]
    elif best is not None and (found := _pick(best)) is not None:
        pick, why = found, sentences.why(best)
    else:
        return None
    return Recommendation(pick.host, pick.model, pick.score, pick.variant, why=why)


def for_use(
    use: Use,
    models: Sequence[Model],
    rated: Sequence[Rated],
    quality_records: Sequence[QualityRecord],
    *,
    settings: BenchmarkSettings | None = None,
) -> tuple[Verdict, Mapping[ResultKey, float]]:
    """Return the verdict by one use: the best of each tier and of all for it, and what each result is worth for it.

    `settings` are those of the run, which may have asked no items. Worths are from 0 to 100; a result that lacks what
    the use needs, or was not graded in its areas, has none.
    """
    candidates = candidates_of(models, rated, quality_records)
    worth = {key: value.points for key, one in candidates.items() if (value := rate(use, one)) is not None}
    texts = [entry for entry in rated if entry.result.embedding is None]
    asks_items = settings is None or settings.max_items > 0
    tiers = []
    for tier, _ in TIERS:
        members = [entry for entry in texts if entry.assessment.tier == tier]
        rivals = [candidates[entry.result.key] for entry in members if entry.result.key in candidates]
        of_tier = _use_verdict(use, rivals, members, asks_items=asks_items)
        tiers.append(TierVerdict(tier, of_tier.best, of_tier.why))
    found = _use_verdict(use, list(candidates.values()), texts, asks_items=asks_items)
    best = found.best
    return Verdict(
        tuple(tiers),
        None if best is None else Recommendation(best.host, best.model, best.score, best.variant, why=found.why),
        why_none=found.why if best is None else None,
    ), worth


def candidates_of(
    models: Sequence[Model], rated: Sequence[Rated], quality_records: Sequence[QualityRecord]
) -> dict[ResultKey, Candidate]:
    """Return the results that can be rated for a use: those with a speed and graded answers."""
    known = {(model.host, model.name): model for model in models}
    return _candidates(rated, known, {record.key: record for record in sharing.shared(quality_records)})


def _candidates(
    rated: Sequence[Rated], models: Mapping[ModelKey, Model], graded: Mapping[ResultKey, QualityRecord]
) -> dict[ResultKey, Candidate]:
    return {
        entry.result.key: _candidate(entry, models, graded[entry.result.key])
        for entry in rated
        if entry.scores is not None and entry.result.key in graded and graded[entry.result.key].protocol == "chat"
    }


def _tier_verdicts(
    texts: Sequence[Rated],
    candidates: Mapping[ResultKey, Candidate],
    graded: Mapping[ResultKey, QualityRecord],
    overall: Use,
    settings: BenchmarkSettings,
) -> tuple[TierVerdict, ...]:
    found = []
    none_in = partial(sentences.why_none, is_tier=True, asks_items=settings.max_items > 0)
    for tier, _ in TIERS:
        members = [entry for entry in texts if entry.assessment.tier == tier]
        rivals = _fast_enough(candidates[entry.result.key] for entry in members if entry.result.key in candidates)
        sure = certainty([graded[one.key] for one in rivals], settings)
        choice = choose(uses.QUALITY, rivals, among=_certified(sure, rivals, graded))
        why = sentences.why(choice, sure) if choice else none_in(members)
        found.append(TierVerdict(tier, _pick(choice, overall), why, sure))
    return tuple(found)


def _certified(
    sure: Certainty | None, rivals: Sequence[Candidate], graded: Mapping[ResultKey, QualityRecord]
) -> frozenset[ResultKey] | None:
    """Return the models that are certified, with their equals on other hosts; None where nothing is."""
    if sure is None or sure.kind not in {"certified", "tied"}:
        return None
    identities = {(graded[key].identity, key[2]) for key in sure.picks if graded[key].identity is not None}
    equals = {one.key for one in rivals if (graded[one.key].identity, one.key[2]) in identities}
    return frozenset({*sure.picks, *equals})


def _fast_enough(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return those that write at least as fast as a person reads; all of them where none does."""
    known = list(candidates)
    return [one for one in known if one.speed_tps >= score.SLOWEST_TPS] or known


def _use_verdict(
    use: Use, candidates: Sequence[Candidate], rated: Sequence[Rated], *, asks_items: bool = True
) -> UseVerdict:
    choice = choose(use, contexts.preferred(use, candidates))
    if choice is None:
        why = sentences.why_none(rated, use, asks_items=asks_items)
    else:
        why = sentences.why(choice) + contexts.of_use(use, choice.best.candidate, candidates)
    return UseVerdict(use.name, _pick(choice), why)


def _pick(choice: Choice | None, scored_by: Use | None = None) -> Pick | None:
    """Return what was chosen, with its points by that use or by another one."""
    if choice is None:
        return None
    host, model, variant = choice.best.candidate.key
    rated = choice.best if scored_by is None else rate(scored_by, choice.best.candidate) or choice.best
    return Pick(host, model, rated.points, variant)


def _reasoning_inline(graded: Sequence[QualityRecord]) -> frozenset[ResultKey]:
    """Return the chat models that show no thinking and take over three times the tokens of the median one."""
    tokens = {
        record.key: found
        for record in graded
        if record.protocol == "chat"
        and not records.shows_thinking(record)
        and (found := records.tokens_per_answer(record)) is not None
    }
    if len(tokens) < FEWEST_FOR_A_MEDIAN:
        return frozenset()
    median = statistics.median(tokens.values())
    return frozenset(key for key, found in tokens.items() if found > INLINE_FACTOR * median)


def _quality(record: QualityRecord | None, inline: Collection[ResultKey]) -> Quality | None:
    found = None if record is None else records.score(record.counted, mix=record.mix)
    if record is None or found is None:
        return None
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    fields["ungradable"] = sum(entry.grade.status == "ungradable" for entry in record.items)
    every_area = dict.fromkeys((entry.area for entry in record.counted), 1.0)
    everything = records.score(record.counted, every_area, mix=record.mix)
    if everything is not None:
        fields["areas"] = everything.areas
    return Quality(
        **fields,
        protocol=record.protocol,
        bank=record.bank,
        mix=record.mix,
        identity=record.identity,
        measured_on=record.measured_on,
        tokens_per_answer=records.tokens_per_answer(record),
        reasons_inline=record.key in inline,
    )


def _assessment(  # noqa: PLR0913, PLR0917  # the parts of one assessment
    result: Result,
    model: Model | None,
    quality: Quality | None,
    scores: Scores | None,
    correct_s: float | None,
    record: QualityRecord | None,
) -> Assessment:
    tier, basis = placed(memory_bytes=result.memory_bytes, size_bytes=model.size_bytes if model else None)
    return Assessment(
        host=result.host,
        model=result.model,
        variant=result.variant,
        scores=scores,
        quality=quality,
        seconds_to_correct_answer=correct_s,
        not_asked=None if record is None else record.not_asked,
        tier=tier,
        tier_basis=basis,
    )


def _seconds_to_correct_answer(own: QualityRecord | None, answered: QualityRecord | None) -> float | None:
    """Return the seconds of an item on this host ÷ the accuracy, which may have been measured on another one."""
    item_s = None if own is None else records.item_s(own)
    accuracy = None if answered is None else records.accuracy(answered)
    return item_s / accuracy if item_s is not None and accuracy else None


def _candidate(entry: Rated, models: Mapping[ModelKey, Model], record: QualityRecord) -> Candidate:
    result, model = entry.result, models.get((entry.result.host, entry.result.model))
    tps = result.speed_tps or 0.0
    interval = result.decode_interval
    low_tps, high_tps = (
        (interval.low_tps, interval.high_tps)
        if interval
        else (tps * (1 - score.USUAL_SPREAD), tps * (1 + score.USUAL_SPREAD))
    )
    return Candidate(
        key=result.key,
        speed_tps=tps,
        speed_low_tps=low_tps,
        speed_high_tps=high_tps,
        ttft_s=result.ttft_s,
        ttft_low_s=result.ttft_interval.low_s if result.ttft_interval else None,
        ttft_high_s=result.ttft_interval.high_s if result.ttft_interval else None,
        content_tps={one.kind: one.decode_tps for one in result.content},
        throughput_tps=max((point.throughput_tps or 0.0 for point in result.concurrency), default=0.0) or None,
        memory_bytes=result.memory_bytes or (model.size_bytes if model else None),
        context_tokens=model.context_length if model else None,
        asked_tokens=result.num_ctx,
        measured_tokens=result.context_length,
        is_theirs=any(caveat.kind is CaveatKind.LOAD_TIME_HIDDEN for caveat in result.caveats),
        capabilities=frozenset(model.capabilities) if model else frozenset(),
        items=record.counted,
        mix=record.mix,
        item_s=records.item_s(record),
        drift=result.drift,
    )
