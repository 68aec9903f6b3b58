"""Which of several models is best for a use, and how sure that is. Pure.

The best has the highest utility. A model that is not told apart from it and lies within 3 points is tied with it, and a
tie goes to the faster. A model that does no better than guessing is never chosen.
"""

import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from ..benchmark.types import ContentKind, ResultKey
from ..quality import records, scale
from ..quality.comparison import Difference, beats_guessing, difference
from ..quality.records import ItemRecord
from ..quality.scoring import QualityScore
from . import score, uses
from .uses import Properties, Use

TIE_POINTS: Final = 3.0
"""Utilities this close, of 100, are worth the same to a person."""
_SAME_SHARE: Final = 1e-6
SURE: Final = statistics.NormalDist().inv_cdf(0.975)
"""Standard errors in half of a 95 % interval."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One measured model on one host, in one variant: `key` names it.

    `speed_tps` and `ttft_s` come with the ends of their 95 % intervals. `items` are its counted items, of the levels of
    `mix`, and `item_s` the seconds that one took on average. `throughput_tps` is that of several requests at once, None
    where it was not measured, `content_tps` the decode rate by what is written, where that was measured.
    `context_tokens` is the most context that it can attend to, `asked_tokens` what it was to be measured with, and
    `measured_tokens` what it was measured with, which others chose where it `is_theirs`.
    """

    key: ResultKey
    speed_tps: float
    speed_low_tps: float
    speed_high_tps: float
    ttft_s: float | None = None
    ttft_low_s: float | None = None
    ttft_high_s: float | None = None
    throughput_tps: float | None = None
    content_tps: Mapping[ContentKind, float] = {}
    memory_bytes: int | None = None
    context_tokens: int | None = None
    asked_tokens: int | None = None
    measured_tokens: int | None = None
    is_theirs: bool = False
    capabilities: frozenset[str] = frozenset()
    items: tuple[ItemRecord, ...] = ()
    mix: str | None = None
    item_s: float | None = None
    drift: float | None = None
    """The share by which its host became faster (negative: slower) while its models were measured."""


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with its quality in the areas of the use and its utility in points, 0 to 100."""

    candidate: Candidate
    quality: QualityScore
    points: float


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """How far the best is ahead of another in points, if it is told apart, and by how many items that is known.

    `items_to_tell` is how many items each would have to answer for this gap to be told apart, None where it is already
    or where no number of items would do.
    """

    points: float
    told_apart: bool
    items: int
    items_to_tell: int | None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The best for a use, those tied with it (slower ones), and the next one behind, with the gap to it."""

    use: Use
    best: Rated
    tied: tuple[Rated, ...] = ()
    runner_up: Rated | None = None
    gap: Gap | None = None


def rate(use: Use, candidate: Candidate) -> Rated | None:
    """Return the candidate with its utility; None where it lacks what the use needs or has no item in its areas."""
    quality = records.score(candidate.items, use.areas, mix=candidate.mix)
    if quality is None or not set(use.needs) <= candidate.capabilities:
        return None
    return Rated(
        candidate=candidate,
        quality=quality,
        points=score.FULL * uses.utility(use, _properties(use, candidate, quality)),
    )


def choose(use: Use, candidates: Sequence[Candidate], *, among: Collection[ResultKey] | None = None) -> Choice | None:
    """Return the best candidate for a use; None where none can be rated or none does better than guessing.

    `among` are those that other evidence has certified: the fastest of them is the best, and the others are tied.
    """
    rated = [
        entry
        for candidate in candidates
        if beats_guessing(candidate.items) and (entry := rate(use, candidate)) is not None
    ]
    if not rated:
        return None
    ranked = sorted(rated, key=_rank)
    leader, others = ranked[0], ranked[1:]
    gaps = [(entry, gap(use, leader, entry)) for entry in others]
    level = [leader, *(entry for entry, found in gaps if not found.told_apart and found.points <= TIE_POINTS)]
    if certified := [entry for entry in ranked if among is not None and entry.candidate.key in among]:
        level = certified
    best = min(level, key=lambda entry: (-entry.candidate.speed_tps, *_rank(entry)))
    behind = next((entry for entry in ranked if entry not in level), None)
    return Choice(
        use=use,
        best=best,
        tied=tuple(entry for entry in level if entry is not best),
        runner_up=behind,
        gap=None if behind is None else gap(use, best, behind),
    )


def gap(use: Use, best: Rated, other: Rated) -> Gap:
    """Return how far apart two rated candidates are, by their common items and by the intervals of their figures."""
    total = math.fsum((use.quality, use.speed, use.latency, use.context, use.memory))
    apart = _on_common_items(use, best, other)
    items = min(best.quality.items, other.quality.items) if apart is None else apart.items
    from_quality = use.quality / total * _relative_error(best, other, apart)
    from_figures = math.hypot(
        *(use.speed / total * _spread(_speed_ends(use, entry.candidate)) for entry in (best, other)),
        *(use.latency / total * _spread(_latency_ends(entry.candidate)) for entry in (best, other)),
    )
    lead = math.log(best.points / other.points)
    told_apart = abs(lead) > SURE * math.hypot(from_quality, from_figures)
    room = (lead / SURE) ** 2 - from_figures**2
    needed = math.ceil(items * from_quality**2 / room) if room > 0 else None
    return Gap(
        points=best.points - other.points,
        told_apart=told_apart,
        items=items,
        items_to_tell=None if told_apart else needed,
    )


def drift_that_matters(choice: Choice) -> float | None:
    """Return the drift of the best's host, or of its rivals', that is larger than the lead; None where none is.

    A drift is larger if the best, so much slower, would no longer be ahead: in points of the next one behind, in speed
    of those that are tied with it.
    """
    rivals = [*choice.tied, *([] if choice.runner_up is None else [choice.runner_up])]
    drifts = [entry.candidate.drift for entry in (choice.best, *rivals) if entry.candidate.drift is not None]
    if not drifts or not rivals:
        return None
    worst = max(drifts, key=abs)
    factor = max(score.FLOOR, 1 + worst) if worst < 0 else 1 / (1 + worst)
    best = choice.best.candidate
    slower = rate(
        choice.use,
        msgspec.structs.replace(
            best,
            speed_tps=best.speed_tps * factor,
            speed_low_tps=best.speed_low_tps * factor,
            speed_high_tps=best.speed_high_tps * factor,
            throughput_tps=None if best.throughput_tps is None else best.throughput_tps * factor,
        ),
    )
    is_overtaken = any(entry.candidate.speed_tps > best.speed_tps * factor for entry in choice.tied)
    if choice.runner_up is not None and slower is not None:
        is_overtaken = is_overtaken or choice.runner_up.points > slower.points
    return worst if is_overtaken else None


def _rank(entry: Rated) -> tuple[float, float, tuple[str, str, str]]:
    host, model, variant = entry.candidate.key
    return (-entry.points, -entry.candidate.speed_tps, (host, model, variant or ""))


def _properties(use: Use, candidate: Candidate, quality: QualityScore) -> Properties:
    return Properties(
        quality=quality.score / score.FULL,
        speed_tps=_speed_tps(use, candidate),
        ttft_s=candidate.ttft_s,
        context_tokens=candidate.context_tokens,
        memory_bytes=candidate.memory_bytes,
    )


def _on_common_items(use: Use, best: Rated, other: Rated) -> Difference | None:
    """Return the difference on common items; None between models of different mixes, which have hardly any."""
    if best.candidate.mix != other.candidate.mix:
        return None
    return difference(best.candidate.items, other.candidate.items, use.areas)


def _relative_error(best: Rated, other: Rated, apart: Difference | None) -> float:
    """Return the standard error of ln(A/B), the logarithm of the ratio of two qualities A and B on all levels.

    With common items it is that of the shares a and b on the mix's levels, times ln(A/B)/(a − b): so that a lead is as
    sure on the scale of all levels as it is on the items that were asked.
    """
    one, two = (max(score.FLOOR, entry.quality.score / score.FULL) for entry in (best, other))
    if apart is None:
        return math.hypot(_error(best.quality) / one, _error(other.quality) / two)
    shares = [_share(entry) for entry in (best, other)]
    if abs(shares[0] - shares[1]) < _SAME_SHARE or one == two:
        levels = records.levels_of(best.candidate.mix)
        return apart.error * (1.0 if levels is None else scale.slope(shares[0], levels)) / one
    return apart.error * abs(math.log(one / two) / (shares[0] - shares[1]))


def _share(entry: Rated) -> float:
    """Return the share of right answers on the levels that were asked."""
    levels = records.levels_of(entry.candidate.mix)
    share = entry.quality.score / score.FULL
    return share if levels is None else scale.on_some_levels(share, levels)


def _error(quality: QualityScore) -> float:
    """Return the standard error of a quality from 0 to 1."""
    return (quality.high - quality.low) / 2 / SURE / score.FULL


def _speed_tps(use: Use, candidate: Candidate) -> float:
    if use.by_throughput and candidate.throughput_tps is not None:
        return candidate.throughput_tps
    return candidate.content_tps.get(use.content, candidate.speed_tps)


def _speed_ends(use: Use, candidate: Candidate) -> tuple[float, float]:
    factor = _speed_tps(use, candidate) / candidate.speed_tps
    return score.speed(candidate.speed_low_tps * factor), score.speed(candidate.speed_high_tps * factor)


def _latency_ends(candidate: Candidate) -> tuple[float, float]:
    slowest_s = candidate.ttft_s if candidate.ttft_high_s is None else candidate.ttft_high_s
    fastest_s = candidate.ttft_s if candidate.ttft_low_s is None else candidate.ttft_low_s
    return uses.latency(slowest_s), uses.latency(fastest_s)


def _spread(ends: tuple[float, float]) -> float:
    """Return the standard error of a factor's logarithm from the ends of its 95 % interval."""
    low, high = (max(end, score.FLOOR) for end in ends)
    return math.log(high / low) / 2 / SURE
