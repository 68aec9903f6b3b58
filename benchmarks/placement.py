"""How near `place` comes to the best there is: `python benchmarks/placement.py [--fleets 200] [--large 40]`.

Random fleets of known figures, no server and no clock in any figure but the times. The best is found by brute force,
which shares no code with the solver: every way to give each request to a machine and to a model of it, or to none.

branch and bound    the solver as it is for small demands, which claims to be exact
hill climbing       the solver as it is for large demands, here on the same small ones, so that the best is known
one model a host    each machine keeps the one model that is worth most alone: what many do today

On larger fleets, which brute force cannot try, hill climbing is held against branch and bound.
"""

import argparse
import itertools
import math
import random
import statistics
import time
from typing import NamedTuple

from ollama_speedrun.placement.solver import Counts, Machine, Option, solve

TARGET = 0.05


class Size(NamedTuple):
    """The least and the most of each: machines, models a machine, uses, requests."""

    machines: tuple[int, int]
    models: tuple[int, int]
    uses: tuple[int, int]
    requests: tuple[int, int]


SMALL = Size((1, 3), (1, 4), (1, 3), (1, 5))
LARGE = Size((4, 8), (3, 10), (2, 4), (8, 14))


def fleet(chance: random.Random, size: Size) -> tuple[list[Machine], Counts]:
    """A random fleet and its demand."""
    uses = chance.randint(*size.uses)
    demand = [0] * uses
    for _ in range(chance.randint(*size.requests)):
        demand[chance.randrange(uses)] += 1
    machines = []
    for _ in range(chance.randint(*size.machines)):
        options = tuple(
            option(chance, uses, sum(demand), name) for name in "abcdefghij"[: chance.randint(*size.models)]
        )
        machines.append(Machine(capacity_bytes=chance.randint(4, 30), options=options))
    return machines, tuple(demand)


def option(chance: random.Random, uses: int, requests: int, name: str) -> Option:
    """A model that is better the larger it is, and loses worth with each request that shares its machine."""
    size = chance.randint(1, 20)
    loss = chance.uniform(0.5, 1.0)
    quality = [chance.uniform(20, 60) + 2 * size for _ in range(uses)]
    return Option(
        model=(name,),
        memory_bytes=size,
        warm=tuple(
            None if chance.random() < 0.15 else tuple(worth * loss**n for n in range(requests)) for worth in quality
        ),
    )


def brute_force(machines: list[Machine], demand: Counts) -> float:
    """The most that the demand can be worth, by trying everything."""
    requests = [use for use, count in enumerate(demand) for _ in range(count)]
    places = [None, *((number, at) for number, one in enumerate(machines) for at in range(len(one.options)))]
    best = 0.0
    for chosen in itertools.product(places, repeat=len(requests)):
        load = [sum(place is not None and place[0] == number for place in chosen) for number in range(len(machines))]
        loaded = [{place[1] for place in chosen if place is not None and place[0] == n} for n in range(len(machines))]
        if any(
            len(held) > 1 and sum(one.options[at].memory_bytes for at in held) > one.capacity_bytes
            for one, held in zip(machines, loaded, strict=True)
        ):
            continue
        worths = [worth_of(machines, load, use, place) for use, place in zip(requests, chosen, strict=True)]
        if None not in worths:
            best = max(best, math.fsum(worth for worth in worths if worth is not None))
    return best


def worth_of(machines: list[Machine], load: list[int], use: int, place: tuple[int, int] | None) -> float | None:
    if place is None:
        return 0.0
    held = machines[place[0]].options[place[1]].warm[use]
    return None if held is None else held[load[place[0]] - 1]


def one_model(machine: Machine) -> Machine:
    """The machine with the model alone that is worth most for one request of each use."""
    best = max(machine.options, key=lambda one: math.fsum(held[0] for held in one.warm if held is not None))
    return Machine(capacity_bytes=machine.capacity_bytes, options=(best,))


def gap(worth: float, best: float) -> float:
    """The share of the best that is missing, without the last digits of floating-point sums."""
    return round(1 - worth / best, 12) + 0.0


def climbing_on_large(fleets: int, chance: random.Random) -> None:
    """Print how near hill climbing comes to branch and bound where brute force cannot follow."""
    gaps, seconds = [], {"branch and bound": 0.0, "hill climbing": 0.0}
    for _ in range(fleets):
        machines, demand = fleet(chance, LARGE)
        began = time.perf_counter()
        best = solve(machines, demand, most_states=1_000_000)
        seconds["branch and bound"] += time.perf_counter() - began
        began = time.perf_counter()
        gaps.append(gap(solve(machines, demand, most_states=0).worth, best.worth))
        seconds["hill climbing"] += time.perf_counter() - began
    share = sum(one <= TARGET for one in gaps) / fleets
    each = {name: 1000 * time_s / fleets for name, time_s in seconds.items()}
    print(f"{fleets} larger fleets: hill climbing within {TARGET:.0%} of branch and bound on {share:.1%} of them,")
    print(f"mean gap {statistics.fmean(gaps):.2%}, worst {max(gaps):.2%}; ms/fleet:", end=" ")
    print(", ".join(f"{name} {found:.0f}" for name, found in each.items()))


def by_way(name: str, machines: list[Machine], demand: Counts) -> float:
    """The worth that one way comes to."""
    match name:
        case "branch and bound":
            return solve(machines, demand).worth
        case "hill climbing":
            return solve(machines, demand, most_states=0).worth
        case _:
            return solve([one_model(one) for one in machines], demand).worth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fleets", type=int, default=200)
    parser.add_argument("--large", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    gaps: dict[str, list[float]] = {"branch and bound": [], "hill climbing": [], "one model a host": []}
    times: dict[str, float] = dict.fromkeys((*gaps, "brute force"), 0.0)
    while len(gaps["branch and bound"]) < arguments.fleets:
        machines, demand = fleet(chance, SMALL)
        began = time.perf_counter()
        best = brute_force(machines, demand)
        times["brute force"] += time.perf_counter() - began
        if not best:
            continue
        for name, found in gaps.items():
            began = time.perf_counter()
            found.append(gap(by_way(name, machines, demand), best))
            times[name] += time.perf_counter() - began
    print(f"{arguments.fleets} random fleets, seed {arguments.seed}; the best by brute force")
    print(f"{'way':18} {'optimal':>8} {'mean gap':>9} {'worst gap':>10} {'ms/fleet':>9}")
    for name, found in gaps.items():
        optimal = sum(one == 0 for one in found) / len(found)
        milliseconds = 1000 * times[name] / arguments.fleets
        print(f"{name:18} {optimal:8.1%} {statistics.fmean(found):9.2%} {max(found):10.2%} {milliseconds:9.2f}")
    print(f"{'brute force':18} {1:8.1%} {0:9.2%} {0:10.2%} {1000 * times['brute force'] / arguments.fleets:9.2f}")
    for name in ("branch and bound", "hill climbing"):
        share = sum(one <= TARGET for one in gaps[name]) / arguments.fleets
        print(f"{name}: within {TARGET:.0%} of the best on {share:.1%} of the fleets")
    climbing_on_large(arguments.large, chance)


if __name__ == "__main__":
    main()
