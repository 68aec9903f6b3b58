"""Phase 4: from results to a verdict. Pure, so a saved file is assessed as a live run is."""

from collections.abc import Sequence
from typing import Final

from ..benchmark.types import CaveatKind, Result
from ..inventory.types import Model
from . import score
from .tiers import TIERS, placed
from .types import Pick, Recommendation, ScoredResult, Scores, Tier, TierVerdict, Verdict

CLOSE_CALL: Final = 3.0
"""Points of the overall score that one timed run a model cannot tell apart: speed on a CPU varies by up to 5 %."""


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
    """Return the first whose answer does not end in repetition; the first of all where each one's does."""
    return next((result for result in ranked if not _repeats_itself(result)), ranked[0])


def _repeats_itself(result: ScoredResult) -> bool:
    return any(caveat.kind is CaveatKind.REPEATS_ITSELF for caveat in result.caveats)


def _pick(result: ScoredResult) -> Pick:
    return Pick(result.host, result.model, _overall(result), result.variant)


def _why(best: ScoredResult, ranked: Sequence[ScoredResult]) -> str:
    figures = f"{best.speed_tps or 0:.1f} tok/s, first token after {best.ttft_s or 0:.2f} s"
    if _repeats_itself(best):
        figures += ", but its answer repeats itself, so read it before you rely on it"
    others = [result for result in ranked if result is not best]
    if not others:
        return f"the only one measured: {figures}"
    runner_up = others[0]
    name = runner_up.label if runner_up.host == best.host else f"{runner_up.label} on {runner_up.host}"
    lead = _overall(best) - _overall(runner_up)
    if _repeats_itself(runner_up) and not _repeats_itself(best) and lead < 0:
        return f"best of {len(ranked)}: {figures}; {name} scores {-lead:.1f} points more, but its answer repeats itself"
    if lead < CLOSE_CALL:
        close = f"{name} is within {lead:.1f} points, too little for one run to tell"
        return f"best of {len(ranked)}, but a close call: {figures}; {close}"
    return f"best of {len(ranked)}: {figures}; {lead:.1f} points ahead of {name}"
