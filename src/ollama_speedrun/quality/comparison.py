"""How two models compare that answered the same items, and if a model does better than guessing. Pure.

A quality is a weighted sum over items: the mean of the items of a family, the mean of the families of an area, the mean
of the areas, each weighted. So the standard error of a difference on common items follows from the spread of the items'
differences.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from .records import ItemRecord, common_areas

LEAST_CHANCE: Final = 0.02
"""Nothing is guessed less often than this: a constant answer meets an open question now and then."""
GUESSING_AT_MOST: Final = 0.001
"""A model counts as better than guessing when a guesser does as well this seldom."""


class Difference(msgspec.Struct, frozen=True):
    """A difference of two qualities, −1 to 1, with its standard error and the number of common items."""

    mean: float
    error: float
    items: int


def difference(
    one: Sequence[ItemRecord], other: Sequence[ItemRecord], areas: Mapping[str, float] | None = None
) -> Difference | None:
    """Return how far `one` is ahead of `other` on the items that both answered; None without a common item.

    `areas` are the weights of areas, None those of `records.common_areas`. Items that are hard for both cancel, so the
    error is smaller than that of two separate qualities (arXiv 2411.00640, paired differences).
    """
    others = {record.item: record for record in other}
    areas = common_areas(one) if areas is None else areas
    pairs = [
        (record, _value(record) - _value(others[record.item]))
        for record in one
        if record.item in others and areas.get(record.area, 0) > 0
    ]
    if not pairs:
        return None
    shares = _shares([record for record, _ in pairs], areas)
    values = [value for _, value in pairs]
    mean = math.fsum(share * value for share, value in zip(shares, values, strict=True))
    return Difference(mean, _error(shares, values, mean), len(pairs))


def beats_guessing(items: Sequence[ItemRecord]) -> bool:
    """Tell if right answers like these come from guessing less than once in a thousand times.

    A right answer weighs the more, the less likely it is guessed: about −ln(chance), so that five capitals tell more
    than five right ones of two options. The distribution of the guessed weight is worked out exactly (a Poisson
    binomial distribution with weights: the sum of one binomial distribution for each chance); partial credit counts as
    wrong below a half.
    """
    reached = sum(_surprise(_chance(record)) for record in items if record.grade.score >= 0.5)
    probabilities = [1.0]
    for chance, count in Counter(map(_chance, items)).items():
        weight = _surprise(chance)
        total = [0.0] * (len(probabilities) + count * weight)
        for right, share in enumerate(_binomial(count, chance)):
            for place, probability in enumerate(probabilities, right * weight):
                total[place] += probability * share
        probabilities = total
    return reached > 0 and math.fsum(probabilities[reached:]) <= GUESSING_AT_MOST


def _binomial(count: int, chance: float) -> list[float]:
    """Return the probability of 0, 1 … `count` right answers, by logarithms: the factors alone can leave the floats."""
    if chance >= 1:
        return [*[0.0] * count, 1.0]
    right_log, wrong_log, ways_log = math.log(chance), math.log1p(-chance), math.lgamma(count + 1)
    return [
        math.exp(
            ways_log
            - math.lgamma(right + 1)
            - math.lgamma(count - right + 1)
            + right * right_log
            + (count - right) * wrong_log
        )
        for right in range(count + 1)
    ]


def _chance(record: ItemRecord) -> float:
    return min(1.0, max(LEAST_CHANCE, record.chance))


def _surprise(chance: float) -> int:
    """Return how much a right answer weighs: a whole number, so that sums of weights are few."""
    return max(1, round(-math.log(chance)))


def _value(record: ItemRecord) -> float:
    """Return the credit corrected for chance, (p − c)/(1 − c)."""
    return (record.grade.score - record.chance) / (1 - record.chance) if record.chance < 1 else 0.0


def _shares(records: Sequence[ItemRecord], areas: Mapping[str, float]) -> list[float]:
    """Return each item's weight in the mean of means; they add up to 1."""
    in_family: dict[tuple[str, str], float] = defaultdict(float)
    for record in records:
        in_family[record.area, record.family] += record.weight
    families: dict[str, int] = defaultdict(int)
    for area, _ in in_family:
        families[area] += 1
    weights = {area: areas[area] for area in families}
    total = math.fsum(weights.values())
    return [
        weights[record.area] / total / families[record.area] * record.weight / in_family[record.area, record.family]
        for record in records
    ]


def _error(shares: Sequence[float], values: Sequence[float], mean: float) -> float:
    """Return the standard error of a weighted mean of differences, wide enough for a handful of items.

    In thought two items are added, one half for each model and one for none (Agresti and Min, Stat. Med. 24, 2005, for
    paired proportions): three items that only one of two models got right prove nothing. The mean is drawn towards 0
    by that, which is made up for by as much more spread. The number of items is Kish's effective one, and the error is
    as much larger as Student's t exceeds the normal quantile for it, to the first order.
    """
    items = 1 / math.fsum(share * share for share in shares)
    count = items + 2
    square = math.fsum(share * value * value for share, value in zip(shares, values, strict=True))
    variance = max(0.0, (square * items + 1) / count - (mean * items / count) ** 2)
    students = 1 + 1.21 / max(items - 1, 1)
    return math.sqrt(variance / items) * count / items * students
