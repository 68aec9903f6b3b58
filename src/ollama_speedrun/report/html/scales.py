"""Scales of charts: from a value to a place between 0 and 1, and the values worth a mark. Pure."""

import math
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

SMALLEST: Final = 1e-9
LARGEST: Final = 1e15
"""What is smaller or larger than these was made up; it is drawn at the end of its scale."""
WIDE_RANGE: Final = 12
"""Values whose largest is so many times the smallest are read better on a logarithmic scale."""
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


class Linear(msgspec.Struct, frozen=True):
    """A linear scale from `low` to `high`, which differ."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return the place of a value, within 0 and 1."""
        return _within((value - self.low) / (self.high - self.low))

    def ticks(self, most: int = 6) -> tuple[float, ...]:
        """Return round values within the scale, about `most` of them."""
        rough = (self.high - self.low) / max(1, most)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple(count * step for count in range(first, last + 1))


class Log(msgspec.Struct, frozen=True):
    """A logarithmic scale from `low` to `high`, both above 0 and different."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return the place of a value, within 0 and 1; what is not above 0 stands at the low end."""
        if value <= 0:
            return 0.0
        return _within(math.log(value / self.low) / math.log(self.high / self.low))

    def ticks(self, most: int = 6) -> tuple[float, ...]:
        """Return values of 1, 2 and 5 times a power of ten within the scale, powers alone where those are too many."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for factors in ((1, 2, 5), (1, 3), (1,)):
            found = [factor * 10.0**power for power in powers for factor in factors]
            within = tuple(value for value in found if self.low * 0.999 <= value <= self.high * 1.001)
            if len(within) <= most:
                return within
        return within[:: math.ceil(len(within) / most)]


Scale: TypeAlias = Linear | Log


def from_zero(values: Iterable[float]) -> Scale:
    """Return a scale for amounts: from 0 where their range allows it, else logarithmic."""
    known = _known(values)
    if not known:
        return Linear(0.0, 1.0)
    if max(known) / min(known) > WIDE_RANGE:
        return around(known)
    return Linear(0.0, max(known) * 1.08)


def around(values: Iterable[float]) -> Log:
    """Return a logarithmic scale with some room around values above 0."""
    known = _known(values) or [1.0]
    return Log(min(known) / 1.25, max(known) * 1.25)


def doublings(values: Iterable[float]) -> Log:
    """Return a logarithmic scale from the smallest to the largest value above 0."""
    known = _known(values) or [1.0]
    low, high = min(known), max(known)
    return Log(low, high if high > low * 1.01 else low * 2)


def _known(values: Iterable[float]) -> list[float]:
    """Return the values above 0, absurd ones as the ends of what can be drawn."""
    return [min(LARGEST, max(SMALLEST, value)) for value in values if value > 0]


def _within(place: float) -> float:
    return min(1.0, max(0.0, place))
