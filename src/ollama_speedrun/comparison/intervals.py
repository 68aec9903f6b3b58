"""The interval of a ratio or a difference of two measured values. Pure."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..benchmark.stats import t_quantile

CONFIDENCE: Final = 0.99
"""Of each interval. Many figures are compared at once: with 95 %, one of twenty unchanged ones would seem changed."""
QUANTILES_99: Final = (
    *(63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947, 2.921),
    *(2.898, 2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.750),
)
"""Student's t at 99.5 % for 1 to 30 degrees of freedom."""


class Spread(NamedTuple):
    """A mean logarithm with its standard error, and the degrees of freedom of that error."""

    mean: float
    error: float
    freedom: float


def of_interval(value: float, low: float, high: float, trials: int) -> Spread:
    """Return the spread of a geometric mean whose 95 % t-interval out of so many trials is known."""
    return Spread(math.log(value), math.log(high / low) / 2 / t_quantile(trials), trials - 1)


def of_values(values: Sequence[float]) -> Spread | None:
    """Return the spread of the mean logarithm of some values above 0; None from fewer than two."""
    if len(values) < 2 or min(values) <= 0:
        return None
    logs = [math.log(value) for value in values]
    mean = math.fsum(logs) / len(logs)
    variance = math.fsum((one - mean) ** 2 for one in logs) / (len(logs) - 1)
    return Spread(mean, math.sqrt(variance / len(logs)), len(logs) - 1)


def ratio(a: Spread, b: Spread) -> tuple[float, float]:
    """Return the 99 % interval of b/a: Welch's t-interval of the difference of mean logarithms, as ratios.

    The degrees of freedom are Welch and Satterthwaite's.
    """
    squares = a.error**2 + b.error**2
    difference = b.mean - a.mean
    if squares == 0:
        return math.exp(difference), math.exp(difference)
    freedom = squares**2 / (a.error**4 / a.freedom + b.error**4 / b.freedom)
    half = quantile_99(freedom) * math.sqrt(squares)
    return math.exp(difference - half), math.exp(difference + half)


def quantile_99(freedom: float) -> float:
    """Return Student's t at 99.5 %, for the next smaller whole number of degrees of freedom, at most 30."""
    return QUANTILES_99[max(1, min(math.floor(freedom), len(QUANTILES_99))) - 1]
