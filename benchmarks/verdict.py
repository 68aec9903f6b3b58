"""How soon a run has a verdict, and how good it is: `python benchmarks/verdict.py`.

A fake fleet of known abilities is benchmarked three times, one run after the other:

sequential  the seed's algorithm: one host after another, per model one cold generation to its natural end (900 tokens),
            the pick by the classic composite of speed and length
quick       a likely pick: one load of each model, 25 items
standard    a certified pick of each tier, or the end of the bank

8 hosts with 5 models each, which load in 2 s and write 40 to 120 tokens/s. Client and servers share one event loop
whose clock leaps over waiting (tests/virtual_time.py), so the times are those of the scripts and the same on any
machine; our own computing, such as grading, counts as no time. The figures are the ratios of the wall times
to the sequential run, and how far each pick's true quality is from the best of its tier, in points of right answers
among the items of its mix. A standard run shows the pick of each tier long before it is certified: printed is from when
on all shown picks are at least as good as those of the sequential run, and from when on all are within 3 points.
"""

import argparse
import asyncio
import functools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple, TypeVar, TypeVarTuple, Unpack

import msgspec

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from fake_ollama.fleet import Fleet, fake_fleet  # noqa: E402  # the path stands before it
from fake_ollama.script import HostScript, ModelScript, able_model  # noqa: E402
from fake_ollama.student import SEED, truth  # noqa: E402
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run  # noqa: E402
from ollama_speedrun.benchmark import workload  # noqa: E402
from ollama_speedrun.benchmark.plan import PROFILES, Profile  # noqa: E402
from ollama_speedrun.ollama.client import OllamaClient, open_session  # noqa: E402
from ollama_speedrun.pipeline.events import Event  # noqa: E402
from ollama_speedrun.quality import bank  # noqa: E402
from ollama_speedrun.quality.events import RaceMoved  # noqa: E402
from ollama_speedrun.quality.mixes import Mix  # noqa: E402
from ollama_speedrun.visit import stream  # noqa: E402
from ollama_speedrun.visit.ask import Ask  # noqa: E402
from virtual_time import VirtualLoop  # noqa: E402

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
GB = 10**9
SIZES_GB = (1.2, 2.6, 5.0, 9.0, 18.0)
"""One model of each memory tier on each host."""
NATURAL_TOKENS = 900
WITHIN_POINTS = 3.0
FULL_TIMEOUT_S = 600


def fleet(hosts: int, seed: int) -> list[HostScript]:
    """Describe hosts with one model in each tier, whose ability grows with its size and varies among the hosts."""
    return [
        HostScript(
            name=f"host{host}",
            address=f"127.0.0.{host + 2}",
            models=tuple(_model(host, tier, seed) for tier in range(len(SIZES_GB))),
        )
        for host in range(hosts)
    ]


def _model(host: int, tier: int, seed: int) -> ModelScript:
    spread = ((host * 7 + tier * 3 + seed) % 8) / 7  # 0 to 1, another order in each tier
    return able_model(
        f"m{tier}-{host}:latest",
        ability=-2.0 + 1.0 * tier + 2.5 * spread,
        decode_tps=120.0 - 80.0 * ((host * 3 + tier) % 8) / 7,
        prefill_tps=3000.0,
        load_s=2.0,
        size_bytes=int(SIZES_GB[tier] * GB),
        answer_tokens=NATURAL_TOKENS,
    )


async def sequential(urls: Sequence[str]) -> Mapping[str, str]:
    """Benchmark as the seed does; returns its pick by the prefix of a tier's names."""
    found: dict[str, tuple[float, int]] = {}
    async with open_session() as session:
        for url in urls:
            client = OllamaClient(session, url)
            for entry in (await client.tags()).models or ():
                name = str(msgspec.json.decode(entry)["name"])
                await client.show(name)
                ask = Ask(prompt=workload.prompt("once"), num_predict=10 * NATURAL_TOKENS, num_ctx=4096)
                record = await stream.record(
                    client, ask.request(name), timeout_s=FULL_TIMEOUT_S, progress=lambda *_: None
                )
                tokens = record.eval_count or 0
                first_ns = record.first_content_ns or 0
                found[name] = (tokens / max((record.ended_ns - first_ns) / 1e9, 1e-9), tokens)
    fastest = max(tps for tps, _ in found.values())
    longest = max(tokens for _, tokens in found.values())
    composite = {name: 60 * tps / fastest + 40 * tokens / longest for name, (tps, tokens) in found.items()}
    tiers = sorted({name.partition("-")[0] for name in found})
    return {tier: max((n for n in composite if n.startswith(f"{tier}-")), key=composite.__getitem__) for tier in tiers}


class Shown(NamedTuple):
    """A pick on the display: since when, in s of the run, and the model."""

    at_s: float
    model: str


async def ours(urls: Sequence[str], profile: Profile) -> tuple[Mapping[str, str], Run, Sequence[Shown]]:
    """Benchmark as the command line does; returns the pick of each tier, and those that were shown on the way."""
    finished, shown = Run(), list[Shown]()
    began_s = time.perf_counter()

    def listen(event: Event) -> None:
        if isinstance(event, RaceMoved):
            shown.append(Shown(time.perf_counter() - began_s, event.pick[1]))

    plan = build_plan(targets=[parse_target(url) for url in urls])
    settings = msgspec.structs.replace(PROFILES[profile], item_seed=SEED)
    await run(plan, RunSettings(benchmark=settings), until=Phase.ASSESS, emit=listen, into=finished)
    _, verdict = finished.assess()
    picks = [tier.best.model for tier in verdict.tiers if tier.best is not None]
    return {name.partition("-")[0]: name for name in picks}, finished, shown


def regret(pick: str, scripts: Sequence[HostScript], mixes: Mapping[str, Mix]) -> float:
    """Return by how many points a pick is worse than the best of its tier, by the share that it truly knows."""
    tier = pick.partition("-")[0]
    items = [item for item in bank.mix(mixes[tier], SEED) if not item.needs]
    known = {
        model.name: truth(model.student, items)
        for host in scripts
        for model in host.models
        if model.name.startswith(f"{tier}-") and model.student is not None
    }
    return 100 * (max(known.values()) - known[pick])


def good_from_s(shown: Sequence[Shown], is_good: Callable[[str], bool]) -> float | None:
    """Return from when on the shown picks of all tiers are good, in s; None where one never stays so."""
    since: dict[str, float | None] = {}
    for at_s, model in shown:
        tier = model.partition("-")[0]
        since[tier] = (since.get(tier) or at_s) if is_good(model) else None
    times = list(since.values())
    known = [at_s for at_s in times if at_s is not None]
    return max(known) if known and len(known) == len(times) == len(SIZES_GB) else None


async def timed(label: str, fleet_now: Fleet) -> tuple[float, Mapping[str, str], Run | None, Sequence[Shown]]:
    """Run one algorithm; returns its wall time in s, its picks, and the record of a run of ours."""
    began_s = time.perf_counter()
    record: Run | None = None
    shown: Sequence[Shown] = ()
    if label == "sequential":
        picks = await sequential(fleet_now.urls)
    else:
        picks, record, shown = await ours(fleet_now.urls, Profile(label))
    return time.perf_counter() - began_s, picks, record, shown


class UnhurriedLoop(VirtualLoop):
    """A virtual clock that stands still also while a thread would work: its work is done at once instead."""

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002  # the signature of event loops
        func: Callable[[Unpack[_Ts]], _T],
        *args: *_Ts,
    ) -> asyncio.Future[_T]:
        done: asyncio.Future[_T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as exc:  # noqa: BLE001  # as an executor does
            done.set_exception(exc)
        return done


async def main(hosts: int, seed: int, labels: Sequence[str]) -> int:
    scripts = fleet(hosts, seed)
    walls_s: dict[str, float] = {}
    all_picks: dict[str, Mapping[str, str]] = {}
    mixes: dict[str, Mix] = {}
    shown: Sequence[Shown] = ()
    for label in labels:
        async with fake_fleet(scripts) as fleet_now:
            walls_s[label], all_picks[label], record, shown = await timed(label, fleet_now)
        if record is not None:
            mixes |= {one.model.partition("-")[0]: Mix(one.mix) for one in record.quality_records.values()}
            tokens = sum(
                answer.output_tokens or 0
                for one in record.quality_records.values()
                for item in one.items
                for answer in item.answers
            )
            items = [item for one in record.quality_records.values() for item in one.items]
            answer_s = sum(item.seconds for item in items) / hosts
            print(
                f"{label}: {len(items)} items, {tokens} output tokens of answers; "
                f"the answers alone, spread evenly, take each host {answer_s:.0f} s"
            )
    print(f"{hosts} hosts, {hosts * len(SIZES_GB)} models")
    for label, wall_s in walls_s.items():
        worst = max(regret(pick, scripts, mixes) for pick in all_picks[label].values())
        print(f"{label:<11} {wall_s:7.1f} s   worst pick {worst:4.1f} points below the best of its tier")
    for label in labels[1:]:
        print(f"{label} / sequential: 1/{walls_s['sequential'] / walls_s[label]:.1f}")
    behind = functools.partial(regret, scripts=scripts, mixes=mixes)
    base = {name.partition("-")[0]: behind(name) for name in all_picks["sequential"].values()}
    for words, is_good in (
        ("at least as good as those of sequential", lambda name: behind(name) <= base[name.partition("-")[0]]),
        ("within 3 points of the best", lambda name: behind(name) <= WITHIN_POINTS),
    ):
        since_s = good_from_s(shown, is_good)
        if since_s is not None:
            share = walls_s["sequential"] / since_s
            print(f"{labels[-1]}: all shown picks {words} from {since_s:.0f} s on (1/{share:.1f})")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0, help="another order of abilities (default: 0)")
    parser.add_argument("--quick-only", action="store_true", help="leave out the standard profile, which takes minutes")
    arguments = parser.parse_args()
    labels = ("sequential", "quick") if arguments.quick_only else ("sequential", "quick", "standard")
    with asyncio.Runner(loop_factory=UnhurriedLoop) as runner:
        sys.exit(runner.run(main(arguments.hosts, arguments.seed, labels)))
