"""How far the bank can part two models with n items: the standard error of a score, its interval, and right orders.

Simulated models answer the items of a real mix, each at random with a probability that depends on the model's ability,
the item's level and how the model gets on with the family. The truth is known, so it can be counted how often the
interval holds it, and how often two models come out in their true order. Baseline: n answers of one kind, whose
standard error at p = 0.5 is 50/√n points. Usage: python benchmarks/quality_resolution.py [SIMULATIONS]
"""

import math
import random
import statistics
import sys
from collections.abc import Sequence
from time import process_time

from msgspec.structs import replace

from ollama_speedrun.quality.bank import Selection, mix
from ollama_speedrun.quality.items import Grade, Item, Need
from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.scoring import QualityScore, Scored, quality, scored

COUNTS = (10, 20, 40, 80, 160, 320, 400)
GAPS = (3.0, 5.0, 10.0, 20.0)
NOTHING = Grade(score=0.0, strict=0.0, extracted="", why="")


def probabilities(items: Sequence[Item], ability: float, draw: random.Random) -> list[float]:
    """Return how likely a model of this ability is right on each item: chance, plus a logistic curve by level."""
    liking = {(item.area, item.family): draw.gauss(0, 0.7) for item in items}
    found = []
    for item in items:
        skill = 1 / (1 + math.exp(-(ability + liking[item.area, item.family] - 0.6 * (item.level - 3))))
        chance = 0.0 if item.twin is not None else item.chance
        found.append(chance + (1 - chance) * skill)
    return found


def score_of(items: Sequence[Scored], scores: Sequence[float]) -> QualityScore:
    found = quality(
        [replace(one, grade=replace(NOTHING, score=score)) for one, score in zip(items, scores, strict=True)]
    )
    assert found is not None
    return found


def answered(chances: Sequence[float], draw: random.Random) -> list[float]:
    return [float(draw.random() < chance) for chance in chances]


def main(simulations: int) -> None:
    items = mix(Mix.MIDDLE, 1, Selection(without=frozenset({Need.VISION})))
    bare = [scored(item, NOTHING) for item in items]
    print(f"{len(items)} items of {len({(one.area, one.family) for one in items})} families, {simulations} simulations")
    print("items  SE, points  50/sqrt(n)  half-width  coverage  " + "  ".join(f"order ±{gap:g}" for gap in GAPS))
    for count in COUNTS:
        row(count, items, bare, simulations)
    began = process_time()
    for _ in range(20):
        score_of(bare, [0.5] * len(bare))
    print(f"scoring {len(items)} items takes {(process_time() - began) * 50:.1f} ms")


def row(count: int, items: Sequence[Item], bare: Sequence[Scored], simulations: int) -> None:
    draw = random.Random(count)
    errors, halves, covered = [], [], 0
    right = dict.fromkeys(GAPS, 0.0)
    for _ in range(simulations):
        chances = probabilities(items, draw.gauss(0.6, 1.0), draw)
        truth = score_of(bare, chances).score
        found = score_of(bare[:count], answered(chances[:count], draw))
        errors.append(found.score - truth)
        halves.append((found.high - found.low) / 2)
        covered += found.low <= truth <= found.high
        for gap in GAPS:
            better = raised(chances, bare, truth + gap) if truth + gap < 99 else chances
            sign = 1 if better is not chances else -1
            other = better if sign == 1 else raised(chances, bare, truth - gap)
            second = score_of(bare[:count], answered(other[:count], draw)).score
            right[gap] += 0.5 if second == found.score else float((second > found.score) == (sign == 1))
    error = math.sqrt(statistics.fmean(each**2 for each in errors))
    print(
        f"{count:5}  {error:10.1f}  {50 / math.sqrt(count):10.1f}  {statistics.fmean(halves):10.1f}"
        f"  {covered / simulations:7.1%}  "
        + "  ".join(f"{right[gap] / simulations:{7 + len(f'{gap:g}')}.1%}" for gap in GAPS)
    )


def raised(chances: Sequence[float], bare: Sequence[Scored], target: float) -> list[float]:
    """Return the chances moved on the logistic scale until their true score is the target."""
    low, high = -8.0, 8.0
    moved = list(chances)
    for _ in range(12):
        shift = (low + high) / 2
        moved = [1 / (1 + math.exp(-(math.log(p / (1 - p)) + shift))) for p in chances]
        low, high = (shift, high) if score_of(bare, moved).score < target else (low, shift)
    return moved


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
