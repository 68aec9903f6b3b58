"""Simulated fleets with known truth: models of the two-parameter logistic kind on banks of generated items.

A model of ability θ answers an item of difficulty b and discrimination a rightly with chance 1/(1 + exp(−a(θ − b)))
(2PL, Birnbaum 1968). At temperature 0 an answer does not change, so each model's row of scores is drawn once; the truth
that a race looks for is the mean of the row.
"""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

BANK = 400
PROMPT_S = 0.15


@dataclass(frozen=True)
class Item:
    difficulty: float
    discrimination: float


@dataclass(frozen=True)
class Contender:
    """One model: its scores on the bank in the secret order, and what an answer costs."""

    scores: tuple[float, ...]
    tokens: int
    item_s: float
    load_s: float = 2.0

    @property
    def truth(self) -> float:
        return sum(self.scores) / len(self.scores)


Tier = Sequence[Contender]


def items(rng: random.Random, count: int = BANK, centre: float = 0.0) -> list[Item]:
    return [Item(rng.gauss(centre, 1), math.exp(rng.gauss(0.1, 0.3))) for _ in range(count)]


def expected(ability: float, bank: Sequence[Item]) -> float:
    return math.fsum(_chance(ability, item) for item in bank) / len(bank)


def ability_for(accuracy: float, bank: Sequence[Item]) -> float:
    """Return the ability whose expected accuracy on the bank is as given."""
    low, high = -8.0, 8.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if expected(middle, bank) > accuracy else (middle, high)
    return low


def contender(rng: random.Random, ability: float, bank: Sequence[Item], load_s: float = 2.0) -> Contender:
    """Answer the bank; answers have 12 to 34 tokens, at 40 to 120 tokens/s."""
    tokens = rng.randint(12, 34)
    scores = tuple(float(rng.random() < _chance(ability, item)) for item in bank)
    return Contender(scores, tokens, PROMPT_S + tokens / rng.uniform(40, 120), load_s)


def tier(rng: random.Random, models: int = 8, best: float = 0.72, load_s: float = 2.0) -> list[Contender]:
    """Make a tier: the top two 4 to 5 points apart, the others anywhere from 20 % to 5 points below the best."""
    bank = items(rng)
    accuracies = [best, best - rng.uniform(0.04, 0.05)]
    accuracies += [rng.uniform(0.2, best - 0.05) for _ in range(models - 2)]
    found = [contender(rng, ability_for(accuracy, bank), bank, load_s) for accuracy in accuracies]
    rng.shuffle(found)
    return found


def wild_tier(rng: random.Random, models: int = 8) -> list[Contender]:
    """Make a tier of models whose abilities are spread at random, whatever their gaps."""
    bank = items(rng)
    return [contender(rng, rng.gauss(0.3, 0.8), bank) for _ in range(models)]


def equals(rng: random.Random, models: int = 8) -> list[Contender]:
    """Make a tier of models of one ability: the hardest case, and the one where a wrong elimination is likeliest."""
    bank = items(rng)
    return [contender(rng, 0.5, bank) for _ in range(models)]


def spread_tier(rng: random.Random, models: int = 8, areas: int = 8) -> list[Contender]:
    """Make a tier of nearly equal models, each good at other areas; the order spreads the areas evenly."""
    found = []
    banks = [items(rng, BANK // areas) for _ in range(areas)]
    starts = [[(place + rng.random()) / len(bank) for place in range(len(bank))] for bank in banks]
    order = [place for _, place in sorted(zip(itertools.chain.from_iterable(starts), range(BANK), strict=True))]
    for _ in range(models):
        answers = [contender(rng, rng.gauss(0.5, 1.5), bank) for bank in banks]
        scores = [score for one in answers for score in one.scores]
        found.append(Contender(tuple(scores[place] for place in order), answers[0].tokens, answers[0].item_s))
    return found


def level_items(rng: random.Random, levels: Sequence[int], each: int) -> list[Item]:
    """Draw items of levels 1 to 5, from easy (difficulty −2.4) to hard (2.4), in a random order."""
    found = [
        Item(rng.gauss(1.2 * (level - 3), 0.6), math.exp(rng.gauss(0.1, 0.3))) for level in levels for _ in range(each)
    ]
    rng.shuffle(found)
    return found


def hostile_tier(rng: random.Random, models: int = 8) -> list[Contender]:
    """Make a tier whose best fails the first items and whose others shine there; the best is asked last."""
    found = sorted(tier(rng, models), key=lambda one: one.truth)
    best, others = found[-1], found[:-1]
    rival = others[-1].scores
    order = sorted(range(BANK), key=lambda place: best.scores[place] - rival[place])
    return [
        Contender(tuple(one.scores[place] for place in order), one.tokens, one.item_s, one.load_s)
        for one in (*others, best)
    ]


def shuffled(rng: random.Random, contenders: Tier) -> list[Contender]:
    """Put the items in a secret order, the same for all."""
    order = list(range(len(contenders[0].scores)))
    rng.shuffle(order)
    return [
        Contender(tuple(one.scores[place] for place in order), one.tokens, one.item_s, one.load_s) for one in contenders
    ]


def _chance(ability: float, item: Item) -> float:
    return 1 / (1 + math.exp(-item.discrimination * (ability - item.difficulty)))
