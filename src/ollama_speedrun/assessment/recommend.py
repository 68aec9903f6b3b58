"""Phase 4: from results to a verdict. Pure, so a saved file is assessed as a live run is."""

from collections.abc import Sequence

from ..benchmark import caveats
from ..benchmark.types import CaveatKind, Result
from ..inventory.types import Model
from . import score
from .classic import NOT_MEASURED
from .tiers import TIERS, placed
from .types import Assessment, Pick, Rated, Recommendation, Scores, Tier, TierVerdict, Verdict


def assess(
    models: Sequence[Model], results: Sequence[Result], formula: score.Formula = score.FORMULA
) -> tuple[tuple[Assessment, ...], Verdict]:
    """Score the results and pick the best of each memory tier and of all.

    The assessments come in the order of the results, each with its scores and its tier.
    """
    size_bytes = {(model.host, model.name): model.size_bytes for model in models}
    assessments = tuple(
        _assessment(result, scores, size_bytes.get((result.host, result.model)))
        for result, scores in zip(results, score.scores(results, formula), strict=True)
    )
    rated = map(Rated, results, assessments)
    ranked = sorted((entry for entry in rated if entry.assessment.scores is not None), key=_rank)
    tiers = tuple(_tier_verdict(tier, [one for one in ranked if one.assessment.tier == tier]) for tier, _ in TIERS)
    return assessments, Verdict(tiers, _recommendation(ranked))


def _assessment(result: Result, scores: Scores | None, size_bytes: int | None) -> Assessment:
    tier, basis = placed(memory_bytes=result.memory_bytes, size_bytes=size_bytes)
    return Assessment(
        host=result.host, model=result.model, variant=result.variant, scores=scores, tier=tier, tier_basis=basis
    )


def _rank(entry: Rated) -> tuple[float, float, str, str]:
    """Sort key: best overall score first, then the faster; names keep the order the same from run to run."""
    return (-_overall(entry), -(entry.result.speed_tps or 0.0), entry.result.host, entry.result.model)


def _overall(entry: Rated) -> float:
    return entry.scores.overall if entry.scores else 0.0


def _tier_verdict(tier: Tier, ranked: Sequence[Rated]) -> TierVerdict:
    if not ranked:
        return TierVerdict(tier, None, NOT_MEASURED)
    best = _best(ranked)
    return TierVerdict(tier, _pick(best), _why(best, ranked))


def _recommendation(ranked: Sequence[Rated]) -> Recommendation | None:
    if not ranked:
        return None
    best = _best(ranked)
    pick = _pick(best)
    return Recommendation(pick.host, pick.model, pick.score, pick.variant, why=_why(best, ranked))


def _best(ranked: Sequence[Rated]) -> Rated:
    """Return the first that answered, and whose answer does not end in repetition; the first of all without one."""
    return next((entry for entry in ranked if not _faults(entry)), ranked[0])


def _faults(entry: Rated) -> set[CaveatKind]:
    """Return what makes the length of an answer say nothing of its quality."""
    return {caveat.kind for caveat in entry.result.caveats} & caveats.ANSWER_FAULTS.keys()


def _pick(entry: Rated) -> Pick:
    return Pick(entry.result.host, entry.result.model, _overall(entry), entry.result.variant)


def _why(best: Rated, ranked: Sequence[Rated]) -> str:
    figures = _figures(best)
    others = [entry for entry in ranked if entry is not best]
    if not others:
        return f"the only one measured: {figures}"
    if passed_over := ranked[: ranked.index(best)]:
        return _why_not_the_first(best, passed_over, ranked)
    runner_up = others[0]
    name = _named(runner_up, best)
    lead = _overall(best) - _overall(runner_up)
    if not _is_told_apart(best, runner_up):
        return f"best of {len(ranked)}, but a close call: {figures}; {name} is {lead:.1f} points behind, " + (
            f"and both are faster than the {score.FASTEST_TPS:g} tok/s up to which the score tells speeds apart"
            if best.scores and runner_up.scores and best.scores.speed == runner_up.scores.speed == score.FULL
            else f"less than {_uncertainty(best, runner_up)} can tell apart"
        )
    return (
        f"best of {len(ranked)}: {figures}; {lead:.1f} points ahead of {name}, beyond {_uncertainty(best, runner_up)}"
    )


def _why_not_the_first(best: Rated, passed_over: Sequence[Rated], ranked: Sequence[Rated]) -> str:
    """Say which result scores most, and what is wrong with all those that score more than the best."""
    first, lead = passed_over[0], _overall(passed_over[0]) - _overall(best)
    faults = set().union(*map(_faults, passed_over))
    if all(_faults(entry) for entry in ranked if entry is not best):
        place = f"the only one of {len(ranked)} {caveats.free_of(set().union(*map(_faults, ranked)))}"
    else:
        place = f"best of {len(ranked)}"
    if len(passed_over) == 1:
        why = caveats.fault_of_one(faults)
        return f"{place}: {_figures(best)}; {_named(first, best)} scores {lead:.1f} points more, but {why}"
    return (
        f"{place}: {_figures(best)}; {len(passed_over)} others score more, {_named(first, best)} {lead:.1f} points, "
        f"but {caveats.fault_of_several(faults)}"
    )


def _named(entry: Rated, beside: Rated) -> str:
    label, host = entry.result.label, entry.result.host
    return label if host == beside.result.host else f"{label} on {host}"


def _uncertainty(best: Rated, runner_up: Rated) -> str:
    """Name what the two speeds may be off by."""
    intervals, single = "the speeds' 95 % intervals", f"the ±{100 * score.USUAL_SPREAD:g} % that single runs vary by"
    match best.result.decode_interval is None, runner_up.result.decode_interval is None:
        case False, False:
            return intervals
        case True, True:
            return single
        case _:
            return f"{intervals} or {single}"


def _figures(entry: Rated) -> str:
    text = f"{entry.result.speed_tps or 0:.1f} tok/s"
    if entry.result.decode_interval is not None:
        text += f" (95 %: {entry.result.decode_interval.low_tps:.1f} to {entry.result.decode_interval.high_tps:.1f})"
    text += f", first token after {entry.result.ttft_s or 0:.2f} s"
    why = caveats.fault_of_one(_faults(entry))
    return f"{text}, but {why}, so try it by hand before you rely on it" if why else text


def _is_told_apart(best: Rated, runner_up: Rated) -> bool:
    """Return whether the better one still leads with its speed at the low end and the other's at the high end."""
    if best.scores is None or runner_up.scores is None:
        return False
    lowest, _ = score.overall_span(best.result, best.scores)
    _, highest = score.overall_span(runner_up.result, runner_up.scores)
    return lowest > highest
