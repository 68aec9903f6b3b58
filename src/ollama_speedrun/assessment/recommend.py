"""Phase 4: from results to a verdict. Pure, so a saved file is assessed as a live run is."""

from collections.abc import Sequence

from ..benchmark.types import CaveatKind, Result
from ..inventory.types import Model
from . import score
from .tiers import TIERS, placed
from .types import Pick, Recommendation, ScoredResult, Scores, Tier, TierVerdict, Verdict


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
    figures = _figures(best)
    others = [result for result in ranked if result is not best]
    if not others:
        return f"the only one measured: {figures}"
    runner_up = others[0]
    name = runner_up.label if runner_up.host == best.host else f"{runner_up.label} on {runner_up.host}"
    lead = _overall(best) - _overall(runner_up)
    if lead < 0:
        return f"best of {len(ranked)}: {figures}; {name} scores {-lead:.1f} points more, but its answer repeats itself"
    if not _is_told_apart(best, runner_up):
        close = f"{name} is {lead:.1f} points behind, less than the speeds' 95 % intervals can tell apart"
        return f"best of {len(ranked)}, but a close call: {figures}; {close}"
    return f"best of {len(ranked)}: {figures}; {lead:.1f} points ahead of {name}, beyond the speeds' 95 % intervals"


def _figures(result: ScoredResult) -> str:
    text = f"{result.speed_tps or 0:.1f} tok/s"
    if result.decode_interval is not None:
        text += f" (95 %: {result.decode_interval.low_tps:.1f} to {result.decode_interval.high_tps:.1f})"
    text += f", first token after {result.ttft_s or 0:.2f} s"
    if _repeats_itself(result):
        text += ", but its answer repeats itself, so read it before you rely on it"
    return text


def _is_told_apart(best: ScoredResult, runner_up: ScoredResult) -> bool:
    """Whether the better one is better at the worst end of its speed, and the other at its best end."""
    if best.scores is None or runner_up.scores is None:
        return False
    lowest, _ = score.overall_span(best, best.scores)
    _, highest = score.overall_span(runner_up, runner_up.scores)
    return lowest > highest
