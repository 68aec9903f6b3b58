"""Betting against "this one is better": evidence that holds whenever one stops to look.

A pair of models answers the items of one bank in one secret random order. Y = (score of the rival − score of the
other) lies in [−1, 1]. The null says that the mean of Y over the whole bank is at least `margin`. Before each item the
bettor stakes a share of the capital on Y staying below what the null expects of the items that are left; capital grows
only when the null is wrong. Sources: Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting"
(arXiv 2010.09686) for the bets, and "Confidence sequences for sampling without replacement" (arXiv 2006.04347) for the
mean of what is left. Ville's inequality gives P(capital ever ≥ c) ≤ 1/c under the null.
"""

import math
from collections.abc import Iterable
from typing import Final

import msgspec

STAKES: Final = (0.08, 0.16, 0.25, 0.35, 0.5, 0.75)
"""Shares of the largest stake that is safe: small ones win on long close races, large ones on clear differences."""
WEIGHTS: Final = (0.02, 0.05, 0.28, 0.25, 0.25, 0.15)
"""How the first capital of 1 is split between the stakes; a mixture of martingales is a martingale."""
LARGEST_ODDS: Final = 5.0
"""Bounds the stake where the null leaves no room above its mean."""


class Wager(msgspec.Struct, frozen=True):
    """The capital of each stake, and the largest total that was ever reached. Immutable; `bet` returns the next one."""

    capitals: tuple[float, float, float, float, float, float] = WEIGHTS
    peak: float = 1.0

    @property
    def e_value(self) -> float:
        """The capital now, out of 1 at the start; infinite once the null became impossible."""
        return sum(self.capitals)


def remaining_mean(bank: int, margin: float, asked: int, total: float) -> float:
    """Return the mean that the null expects of the items that are left (formula: (N·m0 − ΣY)/(N − t)).

    With no item left it is ∞ when the null is refuted by the whole bank and −∞ when it is not.
    """
    owed = bank * margin - total
    left = bank - asked
    if left <= 0:
        return math.inf if owed > _ROUNDING * bank else -math.inf
    return owed / left


_ROUNDING: Final = 1e-12
"""Sums of scores are exact to about 1e-13 of the bank's size; a null is called impossible only beyond that."""


def is_impossible(mean: float) -> bool:
    """Say if no item can give what the null expects of it: more than 1, beyond rounding."""
    return mean > 1 + _ROUNDING


def bet(wager: Wager, mean: float, difference: float) -> Wager:
    """Return the wager after one item: `mean` is what the null expects of it, `difference` what it was.

    The factor of stake κ is 1 + κ·min(1/(1 − m), 5)·(m − Y). It is never below 1 − κ, because Y ≤ 1, and its mean is at
    most 1 while the null holds. A mean above 1 refutes the null, since no item can give more than 1; from a mean of −1
    downwards nothing can be won and no bet is placed.
    """
    if is_impossible(mean):
        return REFUTED
    if mean <= -1:
        return wager
    odds = LARGEST_ODDS if mean >= 1 - 1 / LARGEST_ODDS else 1 / (1 - mean)
    gain = odds * (mean - difference)
    a, b, c, d, e, f = wager.capitals
    capitals = (
        a * (1 + STAKES[0] * gain),
        b * (1 + STAKES[1] * gain),
        c * (1 + STAKES[2] * gain),
        d * (1 + STAKES[3] * gain),
        e * (1 + STAKES[4] * gain),
        f * (1 + STAKES[5] * gain),
    )
    total = sum(capitals)
    return Wager(capitals, max(total, wager.peak))


REFUTED: Final = Wager((math.inf,) * 6, math.inf)
"""No order of the remaining items can make the null true."""


class Duel(msgspec.Struct, frozen=True):
    """One fixed pair on the first `asked` items: the evidence against "the rival is better by `margin` or more"."""

    bank: int
    margin: float
    asked: int = 0
    total: float = 0.0
    wager: Wager = Wager()

    @property
    def peak(self) -> float:
        """The largest evidence so far. It grows with the margin: a wider claim is easier to prove."""
        return self.wager.peak


def continued(duel: Duel, differences: Iterable[float]) -> Duel:
    """Return the duel after further items; `differences` are (rival − other), in the common order."""
    bank, margin, asked, total, wager = duel.bank, duel.margin, duel.asked, duel.total, duel.wager
    for difference in differences:
        wager = bet(wager, remaining_mean(bank, margin, asked, total), difference)
        asked += 1
        total += difference
    if is_impossible(remaining_mean(bank, margin, asked, total)):
        wager = REFUTED
    return Duel(bank, margin, asked, total, wager)
