"""How good the estimates of `suggest` are: `python benchmarks/suggestion.py [--fleets 300] [RESULT.json ...]`.

Every model is left out and predicted by the others of its host, as `suggest` does it. Told are the share of measured
rates inside the 95 % interval, the median of its width as a factor, and the median error of the estimate.

known law      simulated runs of 1 to 4 hosts with 2 to 8 models each: t = a + bytes/bandwidth, the time off by a factor
               of 5, 15 or 30 % (one standard deviation), which the estimate is not told
RTX 5060 Ti    five sizes of qwen2.5-coder at Q4 on one GPU, as published by inventivehq.com (llama.cpp, 256 tokens)
RESULT.json    real results, such as that of: ollama-speedrun demo --output RESULT.json
"""

import argparse
import math
import random
import statistics
from collections.abc import Sequence
from pathlib import Path

from ollama_speedrun.placement.prediction import Check, Point, checks, points_of
from ollama_speedrun.results.files import read_document

PUBLISHED = ((531, 381), (986, 232), (1930, 157), (4458, 87), (8988, 43))
"""Megabytes of the file, and output tokens per second."""


def simulated(chance: random.Random, deviation: float) -> list[list[Point]]:
    """A run whose law is known."""
    hosts = []
    for _ in range(chance.randint(1, 4)):
        bandwidth, fixed_s = chance.uniform(20e9, 1e12), chance.choice([0.0, 0.0005, 0.002])
        sizes = [math.exp(chance.uniform(math.log(0.3e9), math.log(40e9))) for _ in range(chance.randint(2, 8))]
        hosts.append(
            [Point(size, (fixed_s + size / bandwidth) * math.exp(chance.gauss(0, deviation))) for size in sizes]
        )
    return hosts


def tell(name: str, found: Sequence[Check]) -> None:
    inside = sum(check.is_inside for check in found) / len(found)
    width = statistics.median(check.prediction.high_tps / check.prediction.rate_tps for check in found)
    error = statistics.median(abs(math.log(check.prediction.rate_tps / check.rate_tps)) for check in found)
    print(f"{name:28} {len(found):7} {inside:8.1%} {width:9.2f} {math.expm1(error):8.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", metavar="RESULT.json")
    parser.add_argument("--fleets", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    print(f"{'models, each left out once':28} {'models':>7} {'inside':>8} {'× or ÷':>9} {'error':>8}")
    for deviation in (0.05, 0.15, 0.3):
        found = [check for _ in range(arguments.fleets) for check in checks(simulated(chance, deviation))]
        tell(f"known law, off by {deviation:.0%}", found)
    tell("RTX 5060 Ti", checks([[Point(megabytes * 1e6, 1 / tps) for megabytes, tps in PUBLISHED]]))
    for name in arguments.results:
        document = read_document(Path(name))
        models = {(model.host, model.name): model for model in document.models}
        hosts = [
            points_of([result for result in document.results if result.host == host.url], models)
            for host in document.hosts
        ]
        if measured := checks(hosts):
            tell(Path(name).name, measured)


if __name__ == "__main__":
    main()
