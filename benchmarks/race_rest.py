"""How far races go on ÷ what was expected: `python benchmarks/race_rest.py`.

Simulated tiers of 2 to 6 models are raced to their end. Every 8 items, from a third of each race on, the items that the
longest lane still answers are held against `further`. Printed are quantiles of truth ÷ expectation, from which the
factors of `pipeline.time_left` come, and how often the expectation times each factor is right within 1.5.
"""

import argparse
import random
import sys
from collections.abc import Iterator

import _fleets
from ollama_speedrun.pipeline.time_left import LONG, MIDDLE, SHORT
from ollama_speedrun.quality.forecast import further
from ollama_speedrun.quality.race import advance, open_race
from ollama_speedrun.quality.race_types import Arm, Graded, Race, Rules
from ollama_speedrun.quality.rounds import is_asked

EVERY = 8
FACTOR = 1.5
SLACK_ITEMS = 5


def moments(seed: int) -> Iterator[tuple[int, int]]:
    """Yield what was expected and what was then asked, from a third of a race on."""
    rng = random.Random(seed)
    count = rng.randint(2, 6)
    models = rng.choice((_fleets.wild_tier, _fleets.wild_tier, _fleets.tier))(rng, count)
    race = open_race([Arm(name=str(number), host=str(number)) for number in range(count)], 400, Rules())
    seen: dict[int, Race] = {}
    while not race.is_over:
        asked = [number for number in range(count) if is_asked(race, number)]
        number = min(asked, key=lambda one: race.lanes[one].asked)
        place = race.lanes[number].asked
        race = advance(race, Graded(str(number), place, models[number].scores[place]))
        furthest = max(lane.asked for lane in race.lanes)
        if furthest >= race.rules.first_batch and furthest % EVERY == 2:
            seen.setdefault(furthest, race)
    end = max(lane.asked for lane in race.lanes)
    for furthest, one in seen.items():
        expected = max(further(one).values(), default=0)
        if end / 3 <= furthest < end and expected:
            yield expected, end - furthest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=150)
    found = [moment for seed in range(parser.parse_args().seeds) for moment in moments(seed)]
    ratios = sorted(truth / expected for expected, truth in found)
    at = {share: ratios[int(share * len(ratios))] for share in (0.1, 0.5, 0.9)}
    print(f"{len(found)} moments; truth ÷ expected: " + ", ".join(f"{at[share]:.2f} at {share:.0%}" for share in at))
    for factor in (SHORT, MIDDLE, 1.0, LONG):
        right = sum(
            truth / FACTOR <= factor * expected <= truth * FACTOR or abs(factor * expected - truth) <= SLACK_ITEMS
            for expected, truth in found
        )
        print(
            f"times {factor:4.2f}: right within {FACTOR} or {SLACK_ITEMS} items at {right / len(found):.0%} of moments"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
