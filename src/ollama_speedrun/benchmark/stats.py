"""Means and intervals of repeated trials. Pure, and small enough to need no library."""

import math
import statistics
from collections.abc import Sequence
from typing import Final

from .types import Interval, TimeInterval

CONFIDENCE: Final = 0.95
LARGEST_SPREAD: Final = 1e6
HUNDREDTHS: Final = 100
WIDE: Final = 0.2
"""From here on an interval of log rates lies so askew that ± says too little."""
T_QUANTILES: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201)
"""Student's t at 97.5 % for 1 to 11 degrees of freedom: what 2 to 12 trials need."""


def geometric_mean(rates: Sequence[float]) -> float | None:
    """Return the mean that treats twice as fast and half as fast alike; None of nothing."""
    return statistics.geometric_mean(rates) if rates else None


def interval(rates: Sequence[float]) -> Interval | None:
    """Return the 95 % t-interval of the mean log rate, as rates; None from fewer than two trials.

    Beyond twelve trials the quantile of twelve is used, which is on the safe side.
    """
    ends = _ends(rates)
    return None if ends is None else Interval(*ends, len(rates))


def time_interval(times_s: Sequence[float]) -> TimeInterval | None:
    """Return the 95 % interval of the median of some times; None from fewer than two, or where one is not above 0.

    It is the t-interval of the mean log time: for a log-normal time, exp of that mean is the median. (An interval by
    order statistics would need six trials.) It is widened where the median of these times lies outside.
    """
    ends = _ends(times_s) if all(time_s > 0 for time_s in times_s) else None
    if ends is None:
        return None
    median_s = statistics.median(times_s)
    return TimeInterval(min(ends[0], median_s), max(ends[1], median_s), len(times_s))


def _ends(values: Sequence[float]) -> tuple[float, float] | None:
    """Return both ends of the 95 % t-interval of the mean logarithm, as values; None from fewer than two."""
    if len(values) < 2:
        return None
    logs = [math.log(value) for value in values]
    half_width = t_quantile(len(values)) * statistics.stdev(logs) / math.sqrt(len(values))
    mean = statistics.fmean(logs)
    return math.exp(mean - half_width), math.exp(mean + half_width)


def half_width(rates: Sequence[float]) -> float | None:
    """Return half the length of the interval, as a share of its mean; None from fewer than two trials."""
    found = interval(rates)
    return None if found is None else found.relative_half_width


def projected_half_width(rates: Sequence[float], trials: int) -> float | None:
    """Return what `half_width` would be with so many trials if they spread as these do; None from fewer than two."""
    if len(rates) < 2:
        return None
    deviation = statistics.stdev([math.log(rate) for rate in rates])
    return math.sinh(min(t_quantile(trials) * deviation / math.sqrt(trials), math.log(LARGEST_SPREAD)))


def spread(rates: Sequence[float]) -> float | None:
    """Return within what share of their mean one more of these would lie with 95 %; None from fewer than two."""
    if len(rates) < 2:
        return None
    logs = [math.log(rate) for rate in rates]
    quantile = t_quantile(len(rates))
    return math.expm1(min(quantile * statistics.stdev(logs) * math.sqrt(1 + 1 / len(rates)), math.log(LARGEST_SPREAD)))


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which a share of the values lies, between neighbours; None of nothing.

    The share is a whole number of hundredths, above 0 and below 1.
    """
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=HUNDREDTHS, method="inclusive")[round(share * HUNDREDTHS) - 1]


def t_quantile(trials: int) -> float:
    """Return Student's t of the 95 % interval out of so many trials, at least two; beyond twelve that of twelve."""
    return T_QUANTILES[min(trials - 1, len(T_QUANTILES)) - 1]
