"""What graded outcomes say of a model's ability, and what they say of two models that answered the same items. Pure.

An ability is a weighted sum over items: the mean of the items of a family, the mean of the families of an area, the
mean of the areas, each mean weighted. So its standard error, and that of a difference on common items, follow from the
spread of the items within their areas. Small areas borrow the spread of all.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

SURE: Final = 0.95
LEAST_CHANCE: Final = 0.02
"""Nothing is guessed less often than this: a constant answer meets an open question now and then."""
GUESSING_AT_MOST: Final = 0.001
"""A model counts as better than guessing when a guesser does as well this seldom."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One graded item: `credit` is 0 to 1 as graded, `chance` what an answer at random earns on average."""

    item: str
    area: str
    family: str
    credit: float
    chance: float = 0.0
    weight: float = 1.0

    @property
    def value(self) -> float:
        """The credit corrected for chance, (p − c)/(1 − c): 0 for guessing, 1 for all right, below 0 for worse."""
        return (self.credit - self.chance) / (1 - self.chance) if self.chance < 1 else 0.0


class Estimate(msgspec.Struct, frozen=True):
    """A mean with its standard error and the number of items it rests on; an ability of 1 is all right."""

    mean: float
    error: float
    items: int

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.mean - _quantile(self.items) * self.error

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self.mean + _quantile(self.items) * self.error


def ability(outcomes: Sequence[Outcome], areas: Mapping[str, float] | None = None) -> Estimate | None:
    """Return the ability over the areas with a weight (None: each area the same); None without an item in them."""
    known = [outcome for outcome in outcomes if areas is None or areas.get(outcome.area, 0) > 0]
    return _weighted([(outcome, outcome.value) for outcome in known], areas)


def difference(
    one: Sequence[Outcome], other: Sequence[Outcome], areas: Mapping[str, float] | None = None
) -> Estimate | None:
    """Return how far `one` is ahead of `other` on the items that both answered; None without a common item.

    Items that are hard for both cancel, so the error is smaller than that of two separate abilities
    (arXiv 2411.00640, paired differences).
    """
    others = {outcome.item: outcome for outcome in other}
    pairs = [
        (outcome, outcome.value - others[outcome.item].value)
        for outcome in one
        if outcome.item in others and (areas is None or areas.get(outcome.area, 0) > 0)
    ]
    return _weighted(pairs, areas)


def beats_guessing(outcomes: Sequence[Outcome]) -> bool:
    """Tell if so many right answers come from guessing less than once in a thousand times.

    The number of right guesses has the Poisson binomial distribution; partial credit counts as wrong below a half.
    """
    right = sum(outcome.credit >= 0.5 for outcome in outcomes)
    probabilities = [1.0]
    for outcome in outcomes:
        chance = min(1.0, max(LEAST_CHANCE, outcome.chance))
        probabilities = [
            (probabilities[count] * (1 - chance) if count < len(probabilities) else 0.0)
            + (probabilities[count - 1] * chance if count else 0.0)
            for count in range(len(probabilities) + 1)
        ]
    return right > 0 and math.fsum(probabilities[right:]) <= GUESSING_AT_MOST


def _weighted(values: Sequence[tuple[Outcome, float]], areas: Mapping[str, float] | None) -> Estimate | None:
    if not values:
        return None
    shares = _shares([outcome for outcome, _ in values], areas)
    mean = math.fsum(share * value for share, (_, value) in zip(shares, values, strict=True))
    error = _spread(values) * math.sqrt(math.fsum(share * share for share in shares))
    return Estimate(mean, error, len(values))


def _shares(outcomes: Sequence[Outcome], areas: Mapping[str, float] | None) -> list[float]:
    """Return each item's weight in the mean of means; they add up to 1."""
    in_family: dict[tuple[str, str], float] = defaultdict(float)
    for outcome in outcomes:
        in_family[outcome.area, outcome.family] += outcome.weight
    families: dict[str, int] = defaultdict(int)
    for area, _ in in_family:
        families[area] += 1
    weights = {area: 1.0 if areas is None else areas[area] for area in families}
    total = math.fsum(weights.values())
    return [
        weights[outcome.area]
        / total
        / families[outcome.area]
        * outcome.weight
        / in_family[outcome.area, outcome.family]
        for outcome in outcomes
    ]


def _spread(values: Sequence[tuple[Outcome, float]]) -> float:
    """Return the standard deviation of items about their area's mean, pooled over the areas.

    One right and one wrong answer are added in thought, so that a handful of equal grades does not pass for certainty.
    """
    by_area: dict[str, list[float]] = defaultdict(list)
    for outcome, value in values:
        by_area[outcome.area].append(value)
    within = math.fsum(math.fsum((value - statistics.fmean(area)) ** 2 for value in area) for area in by_area.values())
    freedom = len(values) - len(by_area)
    return math.sqrt((within + 0.5) / (freedom + 1))


def _quantile(items: int) -> float:
    """Return the two-sided 95 % quantile of Student's t for so many items (Hill 1970's expansion of the normal)."""
    freedom = max(1, items - 1)
    normal = statistics.NormalDist().inv_cdf((1 + SURE) / 2)
    if freedom <= 2:
        return {1: 12.706, 2: 4.303}[freedom]
    cube, fifth, seventh = normal**3, normal**5, normal**7
    return (
        normal
        + (cube + normal) / (4 * freedom)
        + (5 * fifth + 16 * cube + 3 * normal) / (96 * freedom**2)
        + (3 * seventh + 19 * fifth + 17 * cube - 15 * normal) / (384 * freedom**3)
    )
