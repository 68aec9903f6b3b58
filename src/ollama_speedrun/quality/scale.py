"""One scale for all mixes: what a share of right answers on some levels is worth on all five. Pure.

Models of different tiers answer different levels, and 60 of 100 on the easy ones are not 60 on the hard ones. An item
of level l is taken to be right with probability 1/(1 + exp(s·(l − 3) − a)), where a is the model's ability and s the
step from one level to the next (Rasch 1960; logits). The share on the levels asked gives a, and a gives the share on
all levels. All right stays 1, nothing right stays 0, and no other model's answers enter.
"""

import functools
import math
from collections.abc import Sequence
from typing import Final

from .items import LEVELS

LEVEL_STEP: Final = 1.2
"""By how much one level is harder than the one below, in logits; part of the bank's version."""
_MIDDLE_LEVEL: Final = 3
_LIMIT: Final = 40.0
_HALVINGS: Final = 60


def on_all_levels(share: float, levels: Sequence[int]) -> float:
    """Return the share of right answers, 0 to 1 and corrected for chance, that is to be expected on all five levels.

    `levels` are those asked, each equally often. At 0 and 1, and where all levels were asked, it is the share itself.
    """
    return _carried_over(share, tuple(levels), LEVELS)


def on_some_levels(share: float, levels: Sequence[int]) -> float:
    """Return the share on these levels that `on_all_levels` takes to this share of all levels: its inverse."""
    return _carried_over(share, LEVELS, tuple(levels))


@functools.lru_cache(maxsize=8192)  # one verdict asks for the same shares again for each use
def _carried_over(share: float, asked: tuple[int, ...], wanted: tuple[int, ...]) -> float:
    if not 0 < share < 1 or set(asked) == set(wanted):
        return min(1.0, max(0.0, share))
    low, high = -_LIMIT, _LIMIT
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _expected(middle, asked) < share else (low, middle)
    return _expected((low + high) / 2, wanted)


def slope(share: float, levels: Sequence[int]) -> float:
    """Return how much `on_all_levels` grows with the share, near this share."""
    low, high = max(0.0, share - 0.01), min(1.0, share + 0.01)
    return (on_all_levels(high, levels) - on_all_levels(low, levels)) / (high - low)


def _expected(ability: float, levels: Sequence[int]) -> float:
    rates = (1 / (1 + math.exp(LEVEL_STEP * (level - _MIDDLE_LEVEL) - ability)) for level in levels)
    return math.fsum(rates) / len(levels)
