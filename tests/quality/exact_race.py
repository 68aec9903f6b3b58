"""A second way to the evidence of a race, written from its definition: whole matrices, exact fractions, no state.

It shares no code with the package. Stakes and weights are written out again, so that a slip in either place shows.
"""

from collections.abc import Sequence
from fractions import Fraction

STAKES = [Fraction(8, 100), Fraction(16, 100), Fraction(1, 4), Fraction(7, 20), Fraction(1, 2), Fraction(3, 4)]
WEIGHTS = [Fraction(1, 50), Fraction(1, 20), Fraction(7, 25), Fraction(1, 4), Fraction(1, 4), Fraction(3, 20)]


def e_values(bank: int, margin: Fraction, differences: Sequence[Fraction]) -> list[Fraction | None]:
    """Return the evidence after each item that the mean of the differences is below `margin`; None: certain."""
    found: list[Fraction | None] = []
    for count in range(1, len(differences) + 1):
        seen = differences[:count]
        if sum(seen) + (bank - count) < bank * margin or (found and found[-1] is None):
            found.append(None)
        else:
            capital = Fraction(0)
            for stake, weight in zip(STAKES, WEIGHTS, strict=True):
                product = weight
                for place in range(count):
                    product *= factor(stake, expected(bank, margin, place, sum(seen[:place])), seen[place])
                capital += product
            found.append(capital)
    return found


def expected(bank: int, margin: Fraction, asked: int, total: Fraction | int) -> Fraction:
    return (bank * margin - total) / Fraction(bank - asked)


def factor(stake: Fraction, mean: Fraction, difference: Fraction) -> Fraction:
    if mean <= -1:
        return Fraction(1)
    odds = Fraction(5) if mean >= 1 else min(1 / (1 - mean), Fraction(5))
    return 1 + stake * odds * (mean - difference)


def evidence_against_each(
    scores: Sequence[Sequence[Fraction]], bank: int
) -> tuple[list[int], list[list[Fraction | None]]]:
    """Return who leads before each item, and each arm's evidence of not being the best after each item.

    Every arm answers every item and none is eliminated; of equals the first leads.
    """
    arms = range(len(scores))
    leaders = [max(arms, key=lambda arm: (sum(scores[arm][:place]), -arm)) for place in range(len(scores[0]))]
    curves: list[list[Fraction | None]] = []
    for arm in arms:
        capitals, curve, refuted = list(WEIGHTS), list[Fraction | None](), False
        for place, leader in enumerate(leaders):
            ahead = sum(scores[arm][:place]) - sum(scores[leader][:place])
            step = scores[arm][place] - scores[leader][place]
            if arm != leader:
                mean = expected(bank, Fraction(0), place, ahead)
                capitals = [
                    capital * factor(stake, mean, step) for capital, stake in zip(capitals, STAKES, strict=True)
                ]
                refuted = refuted or ahead + step + (bank - place - 1) < 0
            curve.append(None if refuted else sum(capitals, Fraction(0)))
        curves.append(curve)
    return leaders, curves
