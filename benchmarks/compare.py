"""How often a comparison calls an unchanged server slower, and how often it finds a true slowdown.

Each comparison is between two runs of one model. A run has as many trials as the program would take: at least 3, at
most 12, until the 95 % interval of their mean is within ±3 %. Rates are log-normal with the spread named. A check that
fails is measured again, and fails only if that fails, too. Limit of the check: 10 % for unchanged servers, 2 and 5 %
for a true slowdown of 10 %. Baseline: the common rule that fails where the mean fell by more than the limit.

Usage: python benchmarks/compare.py [--comparisons 2000]
"""

import argparse
import math
import random
from collections import Counter
from datetime import UTC, datetime

from ollama_speedrun.benchmark import stats
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.comparison.compare import compare
from ollama_speedrun.comparison.gate import Judgement, Limits, confirmed, judged
from ollama_speedrun.comparison.types import Comparison
from ollama_speedrun.quality.scoring import wilson
from ollama_speedrun.results.types import Document

SETTINGS = BenchmarkSettings()
SPREADS = (0.005, 0.02, 0.05)
URL = "http://10.0.0.1:11434"
KEY = (URL, "m:1b", None)


def run(draw: random.Random, mean_tps: float, spread: float) -> Document:
    """Return one run of a model with this true speed, with as many trials as the program would take."""
    rates: list[float] = []
    while len(rates) < SETTINGS.most_trials:
        rates.append(mean_tps * math.exp(draw.gauss(0, spread)))
        half = stats.half_width(rates)
        if len(rates) >= SETTINGS.fewest_trials and half is not None and half <= SETTINGS.precision:
            break
    result = Result(
        host=URL,
        model="m:1b",
        status="ok",
        decode_tps=stats.geometric_mean(rates),
        decode_interval=stats.interval(rates),
    )
    return Document(started_at=datetime(2026, 11, 25, tzinfo=UTC), settings=SETTINGS, results=(result,))


def compared(before: Document, after: Document) -> Comparison:
    return compare(before, after, [(KEY, KEY)])


def checked(draw: random.Random, before: Document, after_tps: float, spread: float, limits: Limits) -> Judgement:
    first = judged(compared(before, run(draw, after_tps, spread)), limits)
    if first[0].outcome == "passed":
        return first[0]
    return confirmed(first, judged(compared(before, run(draw, after_tps, spread)), limits))[0]


def share(count: int, of: int) -> str:
    low, high = wilson(count / of, of)
    return f"{count / of:6.2%} ({low:.2%} to {high:.2%})"


def measure(comparisons: int, factor: float, limit: float) -> None:
    print(
        f"{'unchanged' if factor == 1 else '10 % slower'}: {comparisons} comparisons each, --max-slowdown {limit:.0%}"
    )
    for spread in SPREADS:
        draw = random.Random(f"{factor}/{limit}/{spread}")
        kinds: Counter[str] = Counter()
        outcomes: Counter[str] = Counter()
        by_mean = 0
        for _ in range(comparisons):
            before, after = run(draw, 100.0, spread), run(draw, 100.0 * factor, spread)
            (change,) = compared(before, after).changes
            kinds[change.word] += 1
            by_mean += (change.amount or 1.0) < 1 - limit
            outcomes[checked(draw, before, 100.0 * factor, spread, Limits(slowdown=limit)).outcome] += 1
        print(f"  spread {spread:4.1%}: compare says slower {share(kinds['slower'], comparisons)}", end="")
        print("".join(f", {word} {kinds[word] / comparisons:.1%}" for word in ("faster", "the same", "cannot tell")))
        unsure = outcomes["cannot-tell"] / comparisons
        print(f"    check fails {share(outcomes['worse'], comparisons)}, cannot tell {unsure:.1%}", end="")
        print(f" (baseline, the mean alone: {by_mean / comparisons:.2%})")


def main(comparisons: int) -> None:
    for factor, limit in ((1.0, 0.1), (0.9, 0.02), (0.9, 0.05)):
        measure(comparisons, factor, limit)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=2000)
    main(parser.parse_args().comparisons)
