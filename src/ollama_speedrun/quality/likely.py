"""How sure the pick is before anything is certified: approximate Bayes, always to be labelled likely.

Every pair is compared on the items that both have answered. The difference of their abilities has a normal prior around
0, which keeps a lucky start from counting as knowledge; what the bank's remaining items will give adds the noise of so
many items. Pairs are treated as independent, which is on the careful side: all of them share the pick. Paired
differences after Miller, "Adding Error Bars to Evals" (arXiv 2411.00640).
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from .race_types import Race

PRIOR_SD: Final = 0.2
"""How far apart models of one tier typically are, as a share of the score."""
PRIOR_VARIANCE: Final = 0.4
"""Variance of the difference of two scores before any was seen; counts as two items."""
PRIOR_ITEMS: Final = 2


class Likely(msgspec.Struct, frozen=True):
    """The pick now (a lane), and the chance that it is at most `within` worse than the best of the bank."""

    pick: int
    probability: float


def likely(race: Race) -> Likely | None:
    """Return the pick and how sure it is; None when no arm is left. Holds from the first item on."""
    survivors = race.survivors
    if not survivors:
        return None
    means = {number: _shrunk(race, number, survivors) for number in survivors}
    pick = max(survivors, key=means.__getitem__)
    return Likely(pick, probability_within(race, pick, race.rules.within))


def probability_within(race: Race, pick: int, within: float) -> float:
    """Return the approximate chance that no survivor is more than `within` better than `pick` on the whole bank."""
    return math.prod(
        _chance(race, race.lanes[pick].scores, race.lanes[rival].scores, within * race.scale)
        for rival in race.survivors
        if rival != pick
    )


def _shrunk(race: Race, number: int, pool: Sequence[int]) -> float:
    """Estimate an arm's mean score, drawn towards that of all arms while it has answered little."""
    answered = sum(race.lanes[other].asked for other in pool)
    centre = sum(sum(race.lanes[other].scores) for other in pool) / answered if answered else 0.5
    pull = PRIOR_VARIANCE / 2 / PRIOR_SD**2
    lane = race.lanes[number]
    return (sum(lane.scores) + pull * centre) / (lane.asked + pull)


def _chance(race: Race, ours: Sequence[float], theirs: Sequence[float], margin: float) -> float:
    """Return the chance that (ours − theirs) over the whole bank exceeds −margin."""
    differences = [our - their for our, their in zip(ours, theirs, strict=False)]
    asked, left = len(differences), race.bank - len(differences)
    total = sum(differences)
    if left == 0:
        return float(total / race.bank >= -margin - 1e-12)
    spread = sum(difference * difference for difference in differences) - total * total / asked if asked else 0.0
    variance = (spread + PRIOR_VARIANCE * PRIOR_ITEMS) / (asked + PRIOR_ITEMS)
    precision = 1 / PRIOR_SD**2 + asked / variance
    ability = total / variance / precision
    expected = (total + left * ability) / race.bank
    sd = left / race.bank * math.sqrt(1 / precision + variance / left)
    return 0.5 * math.erfc(-(expected + margin) / sd / math.sqrt(2))
