"""Quality against speed: one point for each graded result, and which of them no other one beats. Pure."""

from collections.abc import Sequence

import msgspec

from ..assessment.types import Rated, Tier
from ..benchmark.types import ResultKey
from ..results.types import Document
from . import figures


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A graded result: decode rate in tokens/s and quality from 0 to 100, each with the ends of its 95 % interval.

    The ends of the rate are None where the result has no interval. It `is_on_front` where no other result of its tier
    is at least as good in both and better in one. It `is_best` where the verdict names it as the best of its tier, and
    it `is_pick` where the verdict recommends it over all. `memory_bytes` and `ttft_s` are None where not measured.
    """

    key: ResultKey
    model: str
    host: str
    tier: Tier | None
    speed_tps: float
    speed_low_tps: float | None
    speed_high_tps: float | None
    quality: float
    quality_low: float
    quality_high: float
    ttft_s: float | None
    memory_bytes: int | None
    is_on_front: bool
    is_best: bool
    is_pick: bool


def points(document: Document) -> tuple[Point, ...]:
    """Return a point for each result with a speed and a quality, the fastest first."""
    names = figures.host_names(document.hosts)
    graded = [entry for entry in document.rated() if _can_be_placed(entry)]
    verdict = document.verdict
    best = {tier.best.key for tier in (() if verdict is None else verdict.tiers) if tier.best is not None}
    recommended = None if verdict is None else verdict.recommendation
    pick = None if recommended is None else recommended.key
    unbeaten = _fronts(graded)
    found = [_point(entry, names, unbeaten=unbeaten, best=best, pick=pick) for entry in graded]
    return tuple(sorted(found, key=lambda point: (-point.speed_tps, point.key[1], point.key[0])))


def front(pairs: Sequence[tuple[float, float]]) -> frozenset[int]:
    """Return the places of the pairs that no other pair beats: at least as large in both parts and larger in one."""
    found: set[int] = set()
    highest = float("-inf")
    highest_at = float("-inf")
    for place in sorted(range(len(pairs)), key=lambda place: (-pairs[place][0], -pairs[place][1])):
        first, second = pairs[place]
        if second > highest or (second == highest and first == highest_at):
            found.add(place)
            highest, highest_at = second, first
    return frozenset(found)


def _can_be_placed(entry: Rated) -> bool:
    speed_tps = entry.result.speed_tps
    return (
        entry.result.status == "ok"
        and entry.result.embedding is None
        and entry.assessment.quality is not None
        and entry.scores is not None
        and speed_tps is not None
        and speed_tps > 0
    )


def _fronts(graded: Sequence[Rated]) -> set[ResultKey]:
    """Return the results on the front of their tier."""
    by_tier: dict[Tier | None, list[Rated]] = {}
    for entry in graded:
        by_tier.setdefault(entry.assessment.tier, []).append(entry)
    return {
        members[place].result.key
        for members in by_tier.values()
        for place in front([(entry.result.speed_tps or 0.0, _quality(entry)) for entry in members])
    }


def _quality(entry: Rated) -> float:
    return 0.0 if entry.assessment.quality is None else entry.assessment.quality.score


def _point(
    entry: Rated,
    names: dict[str, str],
    *,
    unbeaten: set[ResultKey],
    best: set[ResultKey],
    pick: ResultKey | None,
) -> Point:
    result, found = entry.result, entry.assessment.quality
    interval = result.decode_interval if result.decode_tps is not None else None
    return Point(
        key=result.key,
        model=figures.name(result.label),
        host=figures.host_called(result.host, names),
        tier=entry.assessment.tier,
        speed_tps=result.speed_tps or 0.0,
        speed_low_tps=None if interval is None else interval.low_tps,
        speed_high_tps=None if interval is None else interval.high_tps,
        quality=_quality(entry),
        quality_low=0.0 if found is None else found.low,
        quality_high=100.0 if found is None else found.high,
        ttft_s=result.ttft_s,
        memory_bytes=result.memory_bytes,
        is_on_front=result.key in unbeaten,
        is_best=result.key in best,
        is_pick=result.key == pick,
    )
