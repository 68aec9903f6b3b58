"""How sure the best of a tier is, by the race of its models. Pure: worked out from the raw records each time."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import ResultKey
from ..quality.race_types import Rules
from ..quality.records import QualityRecord
from ..quality.standing import arm_name, by_mix, can_race, key_of, standing
from ..quality.verdicts import Basis, CertifiedBest, LikelyBest, RaceVerdict, Tied, Undistinguished, verdict
from .score import FULL
from .types import Certainty, CertaintyKind


def rules_of(settings: BenchmarkSettings, places: int) -> Rules:
    """Return the rules of a race over so many items, of which each model answers at most `max_items`."""
    asked = max(1, min(settings.max_items, places))
    return Rules(
        sure=settings.sure,
        within=settings.within,
        cap=asked,
        first_batch=min(settings.first_items, asked),
        certifies=settings.races,
        eliminates=settings.races,
    )


def certainty(records: Sequence[QualityRecord], settings: BenchmarkSettings) -> Certainty | None:
    """Return what the race of a tier says; None where fewer than two of its models answered the same items.

    None, too, where a model that has not left was asked other items: nothing is known of it beside the others.
    """
    groups = [[one for one in group if can_race(one)] for group in by_mix(records).values()]
    raced = max(groups, key=len, default=[])
    if any(one.not_asked is None for group in groups if group is not raced for one in group):
        return None
    places = max((one.places or 0 for one in raced), default=0)
    race = standing(raced, rules_of(settings, places)) if places else None
    said = None if race is None else verdict(race)
    return None if said is None else _told(said, {arm_name(key_of(one)): key_of(one) for one in raced})


def _told(said: RaceVerdict, keys: dict[str, ResultKey]) -> Certainty:
    match said:
        case CertifiedBest():
            return _certainty(said.basis, "certified", keys, (said.pick,), said.rivals)
        case Tied():
            return _certainty(said.basis, "tied", keys, said.picks, said.rivals)
        case LikelyBest():
            likely = _certainty(said.basis, "likely", keys, (said.pick,), said.rivals)
            return msgspec.structs.replace(likely, probability=said.probability)
        case Undistinguished():
            remaining = _certainty(said.basis, "undistinguished", keys, said.remaining, ())
            return msgspec.structs.replace(remaining, probability=said.probability)
        case _:
            assert_never(said)


def _certainty(
    basis: Basis, kind: CertaintyKind, keys: dict[str, ResultKey], picks: Sequence[str], rivals: Sequence[str]
) -> Certainty:
    return Certainty(
        kind=kind,
        picks=tuple(keys[name] for name in picks),
        rivals=tuple(keys[name] for name in rivals),
        confidence=basis.confidence,
        within_points=FULL * basis.within,
        items=basis.items,
        tokens=basis.tokens,
        is_too_easy=basis.is_too_easy,
    )
