"""Phase 4: from results to a verdict. Pure, so a saved file is assessed as a live run is."""

from collections.abc import Mapping, Sequence
from typing import Final

from ..benchmark.types import CaveatKind, Result
from ..inventory.types import Model
from . import score
from .tiers import TIERS, placed
from .types import Pick, Recommendation, ScoredResult, Scores, Tier, TierVerdict, Verdict

FAULTS: Final[Mapping[CaveatKind, str]] = {
    CaveatKind.REPEATS_ITSELF: "its answer repeats itself",
    CaveatKind.BUDGET_SPENT_THINKING: "it thought until its end and never answered",
}
"""What makes the length of an answer say nothing of its quality, in words that follow "but"."""


def assess(models: Sequence[Model], results: Sequence[Result]) -> tuple[tuple[ScoredResult, ...], Verdict]:
    """Score the results and pick the best of each memory tier and of all.

    The results come back in their order, each with its scores and its tier; scores that a saved result carries are not
    looked at.
    """
    size_bytes = {(model.host, model.name): model.size_bytes for model in models}
    scored = tuple(
        _scored(result, scores, size_bytes.get((result.host, result.model)))
        for result, scores in zip(results, score.scores(results), strict=True)
    )
    ranked = sorted((result for result in scored if result.scores is not None), key=_rank)
    tiers = tuple(_tier_verdict(tier, [result for result in ranked if result.tier == tier]) for tier, _ in TIERS)
    return scored, Verdict(tiers, _recommendation(ranked))


def _scored(result: Result, scores: Scores | None, size_bytes: int | None) -> ScoredResult:
    tier, basis = placed(memory_bytes=result.memory_bytes, size_bytes=size_bytes)
    fields = {name: getattr(result, name) for name in Result.__struct_fields__}
    return ScoredResult(**fields, scores=scores, tier=tier, tier_basis=basis)


def _rank(result: ScoredResult) -> tuple[float, float, str, str]:
    """Sort key: best overall score first, then the faster; names keep the order the same from run to run."""
    return (-_overall(result), -(result.speed_tps or 0.0), result.host, result.model)


def _overall(result: ScoredResult) -> float:
    return result.scores.overall if result.scores else 0.0


def _tier_verdict(tier: Tier, ranked: Sequence[ScoredResult]) -> TierVerdict:
    if not ranked:
        return TierVerdict(tier, None, "no model of this size was measured")
    best = _best(ranked)
    return TierVerdict(tier, _pick(best), _why(best, ranked))


def _recommendation(ranked: Sequence[ScoredResult]) -> Recommendation | None:
    if not ranked:
        return None
    best = _best(ranked)
    return Recommendation(best.host, best.model, _overall(best), best.variant, why=_why(best, ranked))


def _best(ranked: Sequence[ScoredResult]) -> ScoredResult:
    """Return the first that answered, and whose answer does not end in repetition; the first of all without one."""
    return next((result for result in ranked if not _faults(result)), ranked[0])


def _faults(result: ScoredResult) -> set[CaveatKind]:
    """Return what makes the length of an answer say nothing of its quality."""
    return {caveat.kind for caveat in result.caveats} & FAULTS.keys()


def _pick(result: ScoredResult) -> Pick:
    return Pick(result.host, result.model, _overall(result), result.variant)


def _why(best: ScoredResult, ranked: Sequence[ScoredResult]) -> str:
    figures = _figures(best)
    others = [result for result in ranked if result is not best]
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


def _why_not_the_first(best: ScoredResult, passed_over: Sequence[ScoredResult], ranked: Sequence[ScoredResult]) -> str:
    """Say which result scores most, and what is wrong with all those that score more than the best."""
    first, lead = passed_over[0], _overall(passed_over[0]) - _overall(best)
    faults = set().union(*map(_faults, passed_over))
    if all(_faults(result) for result in ranked if result is not best):
        place = f"the only one of {len(ranked)} {_without(set().union(*map(_faults, ranked)))}"
    else:
        place = f"best of {len(ranked)}"
    if len(passed_over) == 1:
        why = " and ".join(text for kind, text in FAULTS.items() if kind in faults)
        return f"{place}: {_figures(best)}; {_named(first, best)} scores {lead:.1f} points more, but {why}"
    return (
        f"{place}: {_figures(best)}; {len(passed_over)} others score more, {_named(first, best)} {lead:.1f} points, "
        f"but {_plural(faults)}"
    )


def _without(faults: set[CaveatKind]) -> str:
    """Describe, as a relative clause, an answer that has none of these faults."""
    match CaveatKind.BUDGET_SPENT_THINKING in faults, CaveatKind.REPEATS_ITSELF in faults:
        case True, True:
            return "that answered without repeating itself"
        case True, False:
            return "that answered"
        case _:
            return "that did not repeat itself"


def _plural(faults: set[CaveatKind]) -> str:
    """Say of several what is wrong with each of them."""
    match CaveatKind.BUDGET_SPENT_THINKING in faults, CaveatKind.REPEATS_ITSELF in faults:
        case True, True:
            return "they repeat themselves or never answered"
        case True, False:
            return "they never answered"
        case _:
            return "their answers repeat themselves"


def _named(result: ScoredResult, beside: ScoredResult) -> str:
    return result.label if result.host == beside.host else f"{result.label} on {result.host}"


def _uncertainty(best: ScoredResult, runner_up: ScoredResult) -> str:
    """Name what the two speeds may be off by."""
    intervals, single = "the speeds' 95 % intervals", f"the ±{100 * score.USUAL_SPREAD:g} % that single runs vary by"
    match best.decode_interval is None, runner_up.decode_interval is None:
        case False, False:
            return intervals
        case True, True:
            return single
        case _:
            return f"{intervals} or {single}"


def _figures(result: ScoredResult) -> str:
    text = f"{result.speed_tps or 0:.1f} tok/s"
    if result.decode_interval is not None:
        text += f" (95 %: {result.decode_interval.low_tps:.1f} to {result.decode_interval.high_tps:.1f})"
    text += f", first token after {result.ttft_s or 0:.2f} s"
    why = [text for kind, text in FAULTS.items() if kind in _faults(result)]
    return f"{text}, but {' and '.join(why)}, so try it by hand before you rely on it" if why else text


def _is_told_apart(best: ScoredResult, runner_up: ScoredResult) -> bool:
    """Whether the better one is better at the worst end of its speed, and the other at its best end."""
    if best.scores is None or runner_up.scores is None:
        return False
    lowest, _ = score.overall_span(best, best.scores)
    _, highest = score.overall_span(runner_up, runner_up.scores)
    return lowest > highest
