"""The interval of a ratio or a difference of two measured values. Pure."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..benchmark.stats import t_quantile

QUANTILES_99: Final = (
    *(63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947, 2.921),
    *(2.898, 2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.750),
)
"""Student's t at 99.5 % for 1 to 30 degrees of freedom: what a 99 % interval needs.

Many figures are compared at once: with 95 %, one of twenty unchanged ones would seem changed.
"""
QUANTILES_90: Final = (
    *(6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746),
    *(1.740, 1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697),
)
"""Student's t at 95 % for 1 to 30 degrees of freedom: what a 90 % interval needs. Each of its ends is missed by 5 %."""
Z_99: Final = 2.576
Z_95: Final = 1.960
Z_90: Final = 1.645
LARGEST_LOGARITHM: Final = 700.0
"""Of a ratio; e to a power above 709.7 is no float."""


class Spread(NamedTuple):
    """A mean logarithm with its standard error, and the degrees of freedom of that error."""

    mean: float
    error: float
    freedom: float


def of_interval(value: float, low: float, high: float, trials: int) -> Spread:
    """Return the spread of a geometric mean whose 95 % t-interval out of so many trials is known."""
    return Spread(math.log(value), (math.log(high) - math.log(low)) / 2 / t_quantile(trials), trials - 1)


def of_values(values: Sequence[float]) -> Spread | None:
    """Return the spread of the mean logarithm of some values above 0; None from fewer than two."""
    if len(values) < 2 or min(values) <= 0:
        return None
    logs = [math.log(value) for value in values]
    mean = math.fsum(logs) / len(logs)
    variance = math.fsum((one - mean) ** 2 for one in logs) / (len(logs) - 1)
    return Spread(mean, math.sqrt(variance / len(logs)), len(logs) - 1)


def ratio(a: Spread, b: Spread, quantiles: Sequence[float] = QUANTILES_99) -> tuple[float, float]:
    """Return the interval of b/a: Welch's t-interval of the difference of mean logarithms, as ratios.

    The degrees of freedom are Welch and Satterthwaite's; the next smaller whole number is taken, at most 30.
    """
    error = math.hypot(a.error, b.error)
    difference = b.mean - a.mean
    if error == 0:
        return _exp(difference), _exp(difference)
    shares = (a.error / error) ** 4 / a.freedom + (b.error / error) ** 4 / b.freedom
    half = quantiles[max(1, min(math.floor(1 / shares), len(quantiles))) - 1] * error
    return _exp(difference - half), _exp(difference + half)


def _exp(logarithm: float) -> float:
    """Return e to that power, or the nearest that is neither 0 nor infinite: nobody asks what is beyond."""
    return math.exp(max(-LARGEST_LOGARITHM, min(logarithm, LARGEST_LOGARITHM)))
