"""How right the time left is: `python benchmarks/time_left.py`.

Scripted fleets of the fake are benchmarked by the whole pipeline in virtual time: hosts of unequal speed, models that
think, a host that dies midway, quick runs and races. Every 2 s a run tells what is left. Printed is that ÷ the truth,
at a third, a half and two thirds of each run, and the share of all moments from a third on at which it is right within
a factor of 1.5; where a host dies, from then on. Near the end single answers would decide that: off by less than 5 s,
or 5 % of the run, is right, too. Where a race makes the rest uncertain, a range is told as well; printed is how often
the truth lay in it, to the same 5 s.
"""

import argparse
import asyncio
import logging
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostDies, HostScript, ModelScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.plan import PROFILES, Profile
from ollama_speedrun.pipeline.events import Event, ForecastRevised
from ollama_speedrun.visit.events import HostLost
from virtual_time import VirtualLoop

GB: Final = 10**9
FACTOR: Final = 1.5
SLACK_S: Final = 5.0
SLACK_SHARE: Final = 0.05
SIZES_GB: Final = (0.8, 1.3, 2.0, 3.3, 4.7, 6.1, 9.0, 14.0, 19.0)


class Kind(NamedTuple):
    """A host: its memory bandwidth and the rate of its disk in GB/s, how fast it reads prompts, and which sizes fit."""

    decode: float
    disk: float
    prefill: float
    largest_gb: float


KINDS: Final[Mapping[str, Kind]] = {
    "gpu-box": Kind(600, 2.0, 9000, 19.0),
    "mac-mini": Kind(110, 3.0, 1500, 9.0),
    "laptop": Kind(60, 1.0, 400, 6.1),
    "nas": Kind(18, 0.25, 90, 3.3),
}


class Moment(NamedTuple):
    """What was told at a second of the run."""

    at_s: float
    left_s: float
    low_s: float | None = None
    high_s: float | None = None


def host(name: str, number: int, rng: random.Random, *, thinking: float = 0.0) -> HostScript:
    """Return a host of a kind with two to five models; a share of them thinks, 150 to 700 tokens an answer."""
    kind = KINDS[name]
    sizes = [size for size in SIZES_GB if size <= kind.largest_gb]
    chosen = sorted(rng.sample(sizes, min(len(sizes), rng.randint(2, 5))))
    return HostScript(
        name=name,
        address=f"127.0.0.{number + 2}",
        max_loaded=2 if kind.largest_gb > 6.1 else 1,
        models=tuple(_model(f"m{size}-{number}:latest", size, kind, rng, rng.random() < thinking) for size in chosen),
    )


def _model(name: str, size_gb: float, kind: Kind, rng: random.Random, thinks: bool) -> ModelScript:
    """Return a model whose speeds lie around what its size and its host allow."""
    found = able_model(
        name,
        ability=rng.gauss(-1.0 + size_gb / 4, 0.8),
        decode_tps=min(kind.decode / size_gb, 250.0) * rng.uniform(0.8, 1.1),
        prefill_tps=kind.prefill / size_gb * rng.uniform(0.8, 1.2),
        load_s=size_gb / kind.disk * rng.uniform(0.8, 1.3) + 0.5,
        size_bytes=int(size_gb * GB),
        answer_tokens=rng.randint(350, 900),
    )
    if not thinks:
        return found
    capable = ("completion", "thinking")
    return msgspec.structs.replace(found, capabilities=capable, thinking_tokens=rng.randint(150, 700))


def fleets(seed: int) -> Mapping[str, Sequence[HostScript]]:
    """Return the fleets of a seed by name."""
    rng = random.Random(seed)
    names = tuple(KINDS)
    unequal = [host(name, number, rng) for number, name in enumerate(names)]
    thinking = [host(name, number, rng, thinking=0.5) for number, name in enumerate(names[:3])]
    dying = [host(name, number, rng) for number, name in enumerate(("mac-mini", "laptop", "gpu-box"))]
    dying[1] = msgspec.structs.replace(
        dying[1],
        models=tuple(
            msgspec.structs.replace(model, fault=HostDies(after_tokens=5), sound_requests=6)
            for model in dying[1].models
        ),
    )
    return {"unequal": unequal, "thinking": thinking, "one dies": dying}


async def measured(scripts: Sequence[HostScript], profile: Profile) -> tuple[list[Moment], float]:
    """Benchmark a fleet; returns what was told to be left, and how long the run took."""
    loop = asyncio.get_running_loop()
    told: list[Moment] = []
    began_s = 0.0

    def listen(event: Event) -> None:
        if isinstance(event, HostLost):
            told.clear()  # nobody can foresee that a host dies: what counts is told after it
        if isinstance(event, ForecastRevised):
            left = event.remaining
            told.append(Moment(loop.time() - began_s, left.seconds, left.low_s, left.high_s))

    settings = msgspec.structs.replace(PROFILES[profile], item_seed=SEED)
    async with fake_fleet(scripts) as fleet:
        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        began_s = loop.time()
        await run(plan, RunSettings(benchmark=settings), until=Phase.ASSESS, emit=listen, into=Run())
        return told, loop.time() - began_s


def ratios(told: Sequence[Moment], took_s: float) -> tuple[list[float], float]:
    """Return told ÷ truth at a third, a half and two thirds of a run, and the share of moments that are right."""
    marks = [min(told, key=lambda moment: abs(moment.at_s - share * took_s)) for share in (1 / 3, 1 / 2, 2 / 3)]
    late = [moment for moment in told if moment.at_s >= took_s / 3]
    right = sum(is_right(moment, took_s) for moment in late) / max(len(late), 1)
    return [mark.left_s / (took_s - mark.at_s) for mark in marks], right


def covered(told: Sequence[Moment], took_s: float) -> float | None:
    """Return the share of the ranges from a third of the run on that hold the truth; None without any."""
    hits = [
        one.low_s - SLACK_S <= took_s - one.at_s <= one.high_s + SLACK_S
        for one in told
        if one.at_s >= took_s / 3 and one.low_s is not None and one.high_s is not None
    ]
    return sum(hits) / len(hits) if hits else None


def is_right(moment: Moment, took_s: float) -> bool:
    """Return if the time left was right within the factor, or nearly so."""
    truth_s = took_s - moment.at_s
    within = truth_s / FACTOR <= moment.left_s <= truth_s * FACTOR
    return within or abs(moment.left_s - truth_s) <= max(SLACK_S, SLACK_SHARE * took_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--profile", action="append", type=Profile, default=None)
    parser.add_argument("--fleet", action="append", default=None)
    parser.add_argument("--curve", action="store_true", help="print every tenth of each run")
    arguments = parser.parse_args()
    logging.disable()
    print(f"{'fleet':10} {'profile':9} {'took':>8}  left ÷ truth at 1/3, 1/2, 2/3   right from 1/3 on")
    shares = []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        for name, scripts in fleets(seed).items():
            if arguments.fleet and name not in arguments.fleet:
                continue
            for profile in arguments.profile or (Profile.QUICK, Profile.STANDARD):
                real_s = time.perf_counter()
                with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                    told, took_s = runner.run(measured(scripts, profile))
                found, right = ratios(told, took_s)
                shares.append(right)
                held = covered(told, took_s)
                in_range = "" if held is None else f", in range {held:.0%}"
                at = "  ".join(f"{ratio:6.2f}" for ratio in found)
                print(
                    f"{name:10} {profile:9} {took_s:6.0f} s  {at}           {right:7.0%}{in_range}"
                    f"  ({time.perf_counter() - real_s:.0f} s real)",
                    flush=True,
                )
                if arguments.curve:
                    for share in range(1, 10):
                        mark = min(told, key=lambda moment: abs(moment.at_s - share / 10 * took_s))
                        print(f"    {share / 10:.1f}  told {mark.left_s:7.0f} s, truth {took_s - mark.at_s:7.0f} s")
    print(f"right from a third on: {sum(shares) / len(shares):.0%} of moments, at least {min(shares):.0%} in each run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
