"""From the grades of one model to its quality from 0 to 100, with an interval. Pure.

Score. Each item is corrected for chance, (p − c)/(1 − c). A family is the mean of its items, an area the mean of its
families, the whole the mean of the areas that were asked; each mean is weighted. Families in pairs (answerable or not,
a tool fits or not) are scored together by Youden's J = TPR + TNR − 1, never below 0, for plain accuracy rewards those
who always say the same. An area without a graded item, or with one half of its pairs alone, has no score.

Interval. Each group of like items (a family, or one half of its pairs) gets Wilson's interval of its proportion (JASA
22, 1927), and the intervals are combined by MOVER, the method of variance estimates recovery (Zou and Donner, Stat.
Med. 27, 2008): the distances from the estimate to its limits add up like standard errors. Wilson's limits lie askew,
and too close on one side when a sum of many groups of one or two items is made of them; so a distance is at least 1.96
standard errors with one right and one wrong answer added (Laplace's rule). A bootstrap over families
and items, the usual choice, has no width where all answers of a few items are right, and asks how other families would
turn out; the question here is how other items of the same bank would. `benchmarks/quality_resolution.py` measures the
coverage.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Final, TypeVar

import msgspec

from .items import Area, Grade, Item

CONFIDENCE: Final = 0.95
REPEATED: Final = "repeats"
"""The failure of an answer that ended in a loop."""
K = TypeVar("K")
_Z: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """One item that was asked, as far as its score needs it. `twin` is None where the family is not paired."""

    area: str
    family: str
    grade: Grade
    chance: float = 0.0
    weight: float = 1.0
    twin: bool | None = None


class AreaScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of one area, 0 to 100 with its 95 % interval, and the number of graded items."""

    score: float
    low: float
    high: float
    items: int


class QualityScore(msgspec.Struct, frozen=True, kw_only=True):
    """A model's quality, 0 to 100 with its 95 % interval. Shares are of the graded items, from 0 to 1.

    `strict` is the score with the format obeyed to the letter. `areas` has the areas with a score alone. Truncated
    answers and such that ended in repetition count as graded; `ungradable` items count nowhere.
    """

    score: float
    low: float
    high: float
    strict: float
    items: int
    areas: dict[str, AreaScore]
    truncated_share: float
    repeated_share: float
    format_slip_share: float
    ungradable: int


class _Estimate(msgspec.Struct, frozen=True):
    """An estimate between its limits, of any scale."""

    value: float
    low: float
    high: float


def scored(item: Item, grade: Grade) -> Scored:
    """Return an item with its grade."""
    return Scored(
        area=str(item.area),
        family=item.family,
        grade=grade,
        chance=item.chance,
        weight=item.weight,
        twin=item.twin,
    )


def quality(
    results: Sequence[Scored],
    areas: Mapping[str, float] | None = None,
    families: Mapping[tuple[str, str], float] | None = None,
) -> QualityScore | None:
    """Return the quality over the areas with a weight above 0 (None: each the same); None where none has a score.

    `families` are weights within an area by (area, family); 1 for those that it does not name.
    """
    asked = [one for one in results if areas is None or areas.get(one.area, 0.0) > 0]
    graded = [one for one in asked if one.grade.status != "ungradable"]
    by_area = _groups(graded, lambda one: one.area)
    lenient = {area: _area(ones, families or {}, strict=False) for area, ones in by_area.items()}
    known = {area: estimate for area, estimate in lenient.items() if estimate is not None}
    if not known:
        return None
    weights = [1.0 if areas is None else areas[area] for area in known]
    whole = _mean(weights, list(known.values()))
    strict = [_area(by_area[area], families or {}, strict=True) or _Estimate(0.0, 0.0, 0.0) for area in known]
    return QualityScore(
        score=_points(whole.value),
        low=_points(whole.low),
        high=_points(whole.high),
        strict=_points(_mean(weights, strict).value),
        items=len(graded),
        areas={
            area: AreaScore(
                score=_points(known[area].value),
                low=_points(known[area].low),
                high=_points(known[area].high),
                items=len(by_area[area]),
            )
            for area in sorted(known, key=_place)
        },
        truncated_share=_share(graded, lambda grade: grade.status == "truncated"),
        repeated_share=_share(graded, lambda grade: grade.failure == REPEATED),
        format_slip_share=_share(graded, lambda grade: grade.score > grade.strict),
        ungradable=len(asked) - len(graded),
    )


def youden(true_positive_rate: float, true_negative_rate: float) -> float:
    """Return Youden's J = TPR + TNR − 1, never below 0 (Cancer 3, 1950)."""
    return max(0.0, true_positive_rate + true_negative_rate - 1)


def _area(ones: Sequence[Scored], families: Mapping[tuple[str, str], float], *, strict: bool) -> _Estimate | None:
    """Return the estimate of one area, from −1 to 1; None where nothing in it can be scored."""
    weights: list[float] = []
    parts: list[_Estimate] = []
    halves: dict[bool, list[tuple[float, _Estimate]]] = {False: [], True: []}
    of_pairs: dict[str, float] = {}
    for (name, twin), group in _groups(ones, lambda one: (one.family, one.twin)).items():
        weight = families.get((ones[0].area, name), 1.0)
        if twin is None:
            weights.append(weight)
            parts.append(_at_least_0(_proportion(group, strict=strict, corrected=True)))
        else:
            halves[twin].append((weight, _proportion(group, strict=strict, corrected=False)))
            of_pairs[name] = weight
    if halves[False] and halves[True]:
        rates = [_mean([weight for weight, _ in half], [estimate for _, estimate in half]) for half in halves.values()]
        weights.append(math.fsum(of_pairs.values()))
        parts.append(_j(rates[0], rates[1]))
    return _mean(weights, parts) if math.fsum(weights) > 0 else None


def _at_least_0(found: _Estimate) -> _Estimate:
    """Return an estimate that is never below 0: who does worse than guessing, as by naming no option, has no skill."""
    return _Estimate(*(max(0.0, each) for each in (found.value, found.low, found.high)))


def _j(positive: _Estimate, negative: _Estimate) -> _Estimate:
    twice = _mean([1.0, 1.0], [positive, negative])
    return _Estimate(*(youden(each, each) for each in (twice.value, twice.low, twice.high)))


def _proportion(group: Sequence[Scored], *, strict: bool, corrected: bool) -> _Estimate:
    """Return the weighted mean credit, corrected for chance or not, with its interval.

    Items of several chances are laid on one scale from their mean lowest credit (all wrong) to 1 (all right). With
    weights, the number of items is Kish's effective one.
    """
    total = math.fsum(one.weight for one in group)
    if total <= 0:
        return _Estimate(0.0, -1.0, 1.0)
    chances = [min(one.chance, 0.99) if corrected else 0.0 for one in group]
    earned = [one.grade.strict if strict else one.grade.score for one in group]
    value = math.fsum(
        one.weight * (credit - chance) / (1 - chance)
        for one, credit, chance in zip(group, earned, chances, strict=True)
    )
    lowest = math.fsum(-one.weight * chance / (1 - chance) for one, chance in zip(group, chances, strict=True))
    value, lowest = value / total, lowest / total
    scale = 1 - lowest
    share = min(1.0, max(0.0, (value - lowest) / scale))
    below, above = margins(share, total**2 / math.fsum(one.weight**2 for one in group))
    return _Estimate(value, value - below * scale, value + above * scale)


def margins(share: float, count: float) -> tuple[float, float]:
    """Return how far the limits lie below and above a proportion that was seen as `share` in `count` items."""
    low, high = wilson(share, count)
    added = (share * count + 1) / (count + 2)
    least = _Z * math.sqrt(added * (1 - added) / count)
    return max(least, share - low), max(least, high - share)


def wilson(share: float, count: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a proportion that was seen as `share` in `count` items."""
    square = _Z * _Z / count
    middle = (share + square / 2) / (1 + square)
    half = math.sqrt(square * share * (1 - share) + square * square / 4) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def _mean(weights: Sequence[float], parts: Sequence[_Estimate]) -> _Estimate:
    """Return the weighted mean of independent estimates, with MOVER's limits."""
    total = math.fsum(weights)
    if total <= 0:
        return _Estimate(0.0, 0.0, 0.0)
    shares = [weight / total for weight in weights]
    value = math.fsum(share * part.value for share, part in zip(shares, parts, strict=True))
    below = math.hypot(*(share * (part.value - part.low) for share, part in zip(shares, parts, strict=True)))
    above = math.hypot(*(share * (part.high - part.value) for share, part in zip(shares, parts, strict=True)))
    return _Estimate(value, value - below, value + above)


def _points(value: float) -> float:
    return 100 * min(1.0, max(0.0, value))


def _place(area: str) -> int:
    """Return the place of an area in the order of display; areas of the user's own come last."""
    return list(Area).index(Area(area)) if area in list(Area) else len(Area)


def _share(graded: Sequence[Scored], holds: Callable[[Grade], bool]) -> float:
    return sum(holds(one.grade) for one in graded) / len(graded)


def _groups(ones: Sequence[Scored], key: Callable[[Scored], K]) -> dict[K, list[Scored]]:
    groups: dict[K, list[Scored]] = defaultdict(list)
    for one in ones:
        groups[key(one)].append(one)
    return dict(groups)
