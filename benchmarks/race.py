"""What the race for the best model costs, and how often it is wrong: `python benchmarks/race.py [--runs 500]`.

Pure simulation of fleets with known truth (`_fleets.py`): no server, no clock in any figure. On each fleet the race of
the program runs beside other ways to the pick (`_rules.py`), on the same answers:

race, standard      certified within 3 points at 95 %, or the whole bank
race, 95 % likely   stopped when approximate Bayes says so: no certificate
race, quick         25 items a model, no certificate
uniform, matched    every model the same number of items: the smallest at which the pick is within 3 points of the best
                    as often as the standard race's
uniform, certified  every model the same items until our certificate is there: equal certainty
whole bank          every model every item
SERPANT             pairwise e-processes with a correction for all pairs (our reading of the paper)
halving             successive halving from 20 items on

A ratio is the sum of output tokens of one way over that of another, on the same fleets. Intervals are at 95 %: Wilson
for shares, the delta method for ratios. Misses of a target are printed; they do not change the exit status.
"""

import argparse
import math
import multiprocessing
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import _fleets
import _rules
from _fleets import BANK, Tier
from _rules import WITHIN, Outcome
from ollama_speedrun.quality.mixes import LEVELS_OF, Mix
from ollama_speedrun.quality.pilot import HARDER, PILOT_ITEMS, mix_by_first_answers, mix_by_pilot
from ollama_speedrun.quality.race_types import PROFILES

COUNTS = range(10, BANK + 1, 10)
SPOT_CHECK_ITEMS = 10
SPEED_TOKENS = 900
"""Output tokens of a model's speed trials, which need its first load."""
UNCHECKED = "race, shared, without the checks"
SECOND_LOOK = "second look"
FIRST_ITEMS = PROFILES["standard"].first_batch
Way = Callable[[Tier], Outcome]
STANDARD, LIKELY, QUICK, CERTIFIED, WHOLE = (
    "race, standard",
    "race, 95 % likely",
    "race, quick",
    "uniform, certified",
    "whole bank",
)
SERPANT, HALVING, MATCHED = "SERPANT", "halving", "uniform, matched"
WAYS: dict[str, Way] = {
    STANDARD: _rules.race,
    LIKELY: _rules.race_until_likely,
    QUICK: lambda tier: _rules.race(tier, PROFILES["quick"]),
    CERTIFIED: _rules.uniform_certified,
    WHOLE: lambda tier: _rules.uniform(tier, BANK),
    SERPANT: _rules.serpant,
    HALVING: _rules.halving,
}


@dataclass
class Run:
    """What one simulated fleet gave: by way, the tokens, the picks within 3 points, the times the best was lost."""

    tiers: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    uniform_hits: list[int] = field(default_factory=lambda: [0] * len(COUNTS))
    uniform_tokens: int = 0
    stated: list[tuple[float, bool]] = field(default_factory=list)
    later_load_s: float = 0.0
    load_s: float = 0.0
    answer_s: float = 0.0
    loads: int = 0
    speed_s: float = 0.0

    def add(self, name: str, tier: Tier, outcome: Outcome) -> None:
        is_hit = tier[outcome.pick].truth >= _rules.best_of(tier) - WITHIN - 1e-9
        self.tokens[name] = self.tokens.get(name, 0) + outcome.tokens
        self.hits[name] = self.hits.get(name, 0) + is_hit
        self.lost[name] = self.lost.get(name, 0) + outcome.lost_best
        if name == QUICK and outcome.probability is not None:
            self.stated.append((outcome.probability, is_hit))
        if name == STANDARD:
            self.kinds[outcome.kind] = self.kinds.get(outcome.kind, 0) + 1
            self.later_load_s += outcome.later_load_s
            self.load_s += outcome.load_s
            self.answer_s += outcome.answer_s
            self.loads += outcome.loads

    def add_tier(self, tier: Tier, ways: Iterable[str]) -> None:
        self.tiers += 1
        for name in ways:
            self.add(name, tier, WAYS[name](tier))
        best = _rules.best_of(tier)
        self.uniform_tokens += sum(one.tokens for one in tier)
        for place, count in enumerate(COUNTS):
            pick = _rules.uniform(tier, count).pick
            self.uniform_hits[place] += tier[pick].truth >= best - WITHIN - 1e-9


def five_tiers(seed: int) -> Run:
    rng, run = random.Random(f"five/{seed}"), Run()
    for best in (0.6, 0.65, 0.7, 0.75, 0.8):
        run.add_tier(_fleets.tier(rng, best=best), WAYS)
    return run


def forty(seed: int) -> Run:
    run = Run()
    run.add_tier(_fleets.tier(random.Random(f"forty/{seed}"), 40), WAYS)
    return run


def wild(seed: int) -> Run:
    run = Run()
    run.add_tier(_fleets.wild_tier(random.Random(f"wild/{seed}")), WAYS)
    return run


def equals(seed: int) -> Run:
    run = Run()
    run.add_tier(_fleets.equals(random.Random(f"equals/{seed}")), [STANDARD, SERPANT, WHOLE])
    return run


def hostile(seed: int) -> Run:
    """The best is asked last and fails the first items of the bank; the secret order is ours to draw."""
    rng, run = random.Random(f"hostile/{seed}"), Run()
    tier = _fleets.hostile_tier(rng)
    run.add("race in the bank's order", tier, _rules.race(tier))
    run.add_tier(_fleets.shuffled(rng, tier), [STANDARD, WHOLE])
    return run


def spread_areas(seed: int) -> Run:
    """Models that are good at different areas, in an order that spreads the areas evenly, as the bank's does."""
    run = Run()
    run.add_tier(_fleets.spread_tier(random.Random(f"areas/{seed}")), [STANDARD, WHOLE])
    return run


def shared(seed: int) -> Run:
    """40 models in 72 places on 8 hosts: each model is asked once, and 10 items check every other place."""
    rng, run = random.Random(f"shared/{seed}"), Run()
    copies = [1] * 16 + [2] * 16 + [3] * 8
    rng.shuffle(copies)
    for best in (0.6, 0.65, 0.7, 0.75, 0.8):
        tier = _fleets.tier(rng, best=best)
        run.add_tier(tier, [STANDARD, CERTIFIED, WHOLE])
        places = [copies.pop() for _ in tier]
        per_item = sum(one.tokens * place for one, place in zip(tier, places, strict=True))
        asked = _rules.uniform_certified(tier).answers // len(tier)
        checks = sum(one.tokens * (place - 1) for one, place in zip(tier, places, strict=True)) * SPOT_CHECK_ITEMS
        run.tokens["race, shared"] = run.tokens.get("race, shared", 0) + run.tokens[STANDARD] + checks
        run.tokens[UNCHECKED] = run.tokens.get(UNCHECKED, 0) + run.tokens[STANDARD]
        run.tokens[STANDARD] = 0
        run.tokens["uniform, certified, each place"] = (
            run.tokens.get("uniform, certified, each place", 0) + asked * per_item
        )
        run.tokens["whole bank, each place"] = run.tokens.get("whole bank, each place", 0) + BANK * per_item
        run.uniform_tokens += per_item - sum(one.tokens for one in tier)
    run.hits["race, shared"], run.lost["race, shared"] = run.hits[STANDARD], run.lost[STANDARD]
    return run


def saturating(seed: int) -> Run:
    """Tiers whose models find most levels too easy or too hard: mixes chosen by first answers, by a pilot, or not."""
    rng, run = random.Random(f"levels/{seed}"), Run()
    centre = rng.choice((-2.2, -1.1, 0.0, 1.1, 2.2))
    abilities = [centre + rng.gauss(0, 0.7) for _ in range(8)]
    banks = {mix: _fleets.level_items(rng, LEVELS_OF[mix], BANK // 3) for mix in HARDER}
    answers = {mix: [_fleets.contender(rng, ability, bank) for ability in abilities] for mix, bank in banks.items()}
    piloted = mix_by_pilot(Mix.MIDDLE, _fleets.contender(rng, abilities[0], banks[Mix.MIDDLE][:PILOT_ITEMS]).scores)
    chosen = mix_by_first_answers([one.scores[:FIRST_ITEMS] for one in answers[piloted]], piloted)
    again = sum(one.tokens for one in answers[piloted]) * FIRST_ITEMS if chosen is not piloted else 0
    for name, mix, before in (
        (SECOND_LOOK, chosen, again),
        ("pilot alone", piloted, 0),
        ("middle mix", Mix.MIDDLE, 0),
    ):
        tier = answers[mix]
        outcome = _rules.race(tier)
        run.tokens[name] = outcome.tokens + before
        run.hits[name] = abilities[outcome.pick] >= max(abilities) - 0.2
        run.lost[name] = outcome.lost_best
        better = sorted((one.truth for one in tier), reverse=True)[:4]
        run.kinds[f"{name}, better half within 30–85 %"] = sum(0.3 <= truth <= 0.85 for truth in better)
    run.tiers = 1
    return run


def one_host(seed: int, load_s: float) -> Run:
    """One host that holds one model at a time."""
    run = Run()
    tier = _fleets.tier(random.Random(f"host/{seed}"), load_s=load_s)
    run.add_tier(tier, [STANDARD])
    run.speed_s = sum(SPEED_TOKENS * (one.item_s - _fleets.PROMPT_S) / one.tokens for one in tier)
    return run


def fast_loads(seed: int) -> Run:
    return one_host(seed, 2.0)


def slow_loads(seed: int) -> Run:
    return one_host(seed, 8.0)


def wilson(hits: int, trials: int) -> str:
    """Return a share in per cent with its 95 % interval."""
    z, share = 1.96, hits / trials
    centre = (share + z * z / 2 / trials) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / 4 / trials**2)
    return f"{100 * share:5.1f} % [{100 * max(centre - half, 0):.1f}, {100 * min(centre + half, 1):.1f}]"


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """Return Σ above ÷ Σ below with its 95 % interval (delta method over the runs)."""
    count, value = len(above), sum(above) / sum(below)
    residuals = [up - value * down for up, down in zip(above, below, strict=True)]
    error = math.sqrt(sum(residual**2 for residual in residuals) / max(count - 1, 1) / count) / (sum(below) / count)
    return f"{value:.2f} ±{1.96 * error:.2f}"


def matched_count(runs: Sequence[Run], reference: str) -> int:
    """Return the smallest number of items at which uniform allocation is right as often as the reference."""
    wanted = sum(run.hits[reference] for run in runs)
    return next(count for place, count in enumerate(COUNTS) if sum(run.uniform_hits[place] for run in runs) >= wanted)


def report(title: str, runs: Sequence[Run], reference: str = STANDARD) -> None:
    """Print one table: each way with its picks, its losses and its tokens in those of the reference."""
    picks = sum(run.tiers for run in runs)
    print(f"\n{title}: {len(runs)} fleets, {picks} picks")
    print(f"  {'':32} {'pick within 3 points':>26}  {'best eliminated':>24}  {'tokens a fleet':>14}  ÷ {reference}")
    ours = [run.tokens[reference] for run in runs]
    for name in runs[0].tokens:
        if name == STANDARD and reference != STANDARD:
            continue
        spent = [run.tokens[name] for run in runs]
        is_race = name in runs[0].hits
        hits = wilson(sum(run.hits[name] for run in runs), picks) if is_race else ""
        lost = wilson(sum(run.lost[name] for run in runs), picks) if is_race else ""
        print(f"  {name:32} {hits:>26}  {lost:>24}  {sum(spent) / len(runs):14,.0f}  {ratio(spent, ours)}")
    if any(run.uniform_tokens for run in runs):
        count = matched_count(runs, reference)
        spent = [run.uniform_tokens * count for run in runs]
        hits = wilson(sum(run.uniform_hits[COUNTS.index(count)] for run in runs), picks)
        name = f"{MATCHED} ({count} items)"
        print(f"  {name:32} {hits:>26}  {'':>24}  {sum(spent) / len(runs):14,.0f}  {ratio(spent, ours)}")
    kinds: dict[str, int] = {}
    for run in runs:
        for kind, number in run.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + number
    print("  verdicts: " + ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())), flush=True)


def report_loading(title: str, runs: Sequence[Run]) -> None:
    later = [run.later_load_s for run in runs]
    every = [run.load_s for run in runs]
    busy = [run.answer_s + run.load_s for run in runs]
    visit = [run.answer_s + run.load_s + run.speed_s for run in runs]
    loads = sum(run.loads for run in runs) / len(runs) / 8
    print(
        f"  {title}: loading takes {ratio(every, visit)} of the host's busy time with the speed trials, "
        f"{ratio(every, busy)} of the race alone, {ratio(later, busy)} without the first load of each model "
        f"(target 0.25); {loads:.1f} loads a model"
    )


def report_stated(runs: Sequence[Run]) -> None:
    """Print how often a stated probability came true, in bands."""
    print("\nLikely picks of the quick race: stated probability against what came true (all fleets above)")
    stated = [pair for run in runs for pair in run.stated]
    for low, high in ((0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.85), (0.85, 0.95), (0.95, 1.01)):
        band = [(chance, came) for chance, came in stated if low <= chance < high]
        if band:
            mean = sum(chance for chance, _ in band) / len(band)
            print(
                f"  stated {100 * mean:3.0f} %  true {wilson(sum(came for _, came in band), len(band))}  n {len(band)}"
            )


LOADING = "Loading, 8 models on one host that holds one at a time"
TABLES: tuple[tuple[str, Callable[[int], Run], str], ...] = (
    ("5 tiers of 8 models, the top two of each 4 to 5 points apart", five_tiers, STANDARD),
    ("40 models in one tier", forty, STANDARD),
    ("8 models, abilities at random", wild, STANDARD),
    ("8 hosts with shared models (40 models in 72 places)", shared, "race, shared"),
    ("8 models of equal ability", equals, STANDARD),
    ("A bank in a hostile order", hostile, STANDARD),
    ("Areas spread evenly, models good at different areas", spread_areas, STANDARD),
    ("Levels that saturate (hit: within 0.2 in ability)", saturating, SECOND_LOOK),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulate races on fleets of known truth.")
    parser.add_argument("--runs", type=int, default=60, help="fleets of each kind (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the tables whose title has this text")
    options = parser.parse_args()
    began = time.monotonic()
    with multiprocessing.Pool(options.jobs) as pool:

        def simulated(make: Callable[[int], Run]) -> list[Run]:
            return pool.map(make, range(options.runs), chunksize=4)

        stated: list[Run] = []
        for title, make, reference in TABLES:
            if options.only not in title:
                continue
            runs = simulated(make)
            report(title, runs, reference)
            stated += runs
        if any(run.stated for run in stated):
            report_stated(stated)
        if options.only in LOADING:
            print(f"\n{LOADING}")
            report_loading("loads of 2 s", simulated(fast_loads))
            report_loading("loads of 8 s", simulated(slow_loads))
    print(f"\n{options.runs} fleets of each kind in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
