"""The classic scoring: relative to a run's other models, tiers by the size on disk, 1 GB = 1024³ bytes. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from .. import units
from ..inventory.types import Model
from .tiers import TIERS, tier_of
from .types import Assessment, Pick, Rated, Recommendation, Tier, TierVerdict, Verdict

NOT_MEASURED = "no model of this size was measured"


def composite(assessment: Assessment) -> float | None:
    """Return the classic score, 0 to 100; None where the result could not be scored."""
    classic = None if assessment.scores is None else assessment.scores.classic
    return None if classic is None else classic.composite


def disk_tier(model: Model | None) -> Tier | None:
    """Return the tier of a model's size on disk, None where that is not known: no measured memory enters."""
    return None if model is None or model.size_bytes is None else tier_of(model.size_bytes, gb=units.GIB)


def verdict(rated: Sequence[Rated], models: Mapping[tuple[str, str], Model]) -> Verdict:
    """Return the best of each disk tier and of the run by the classic score; models are by host and name."""

    def tier(entry: Rated) -> Tier | None:
        return disk_tier(models.get((entry.result.host, entry.result.model)))

    tops = [(name, _top(entry for entry in rated if tier(entry) == name)) for name, _ in TIERS]
    best = _top(rated)
    why = "highest classic composite of the run"
    return Verdict(
        tuple(
            TierVerdict(name, top, "highest classic composite of the tier" if top else NOT_MEASURED)
            for name, top in tops
        ),
        None if best is None else Recommendation(best.host, best.model, best.score, best.variant, why=why),
    )


def _top(rated: Iterable[Rated]) -> Pick | None:
    """Return the highest classic score; of equals the first by name, then host."""
    picks = [
        Pick(result.host, result.model, score, result.variant)
        for result, assessment in rated
        if (score := composite(assessment)) is not None
    ]
    return min(picks, key=lambda pick: (-pick.score, pick.label, pick.host), default=None)
