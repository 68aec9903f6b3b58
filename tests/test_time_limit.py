"""A run that ends when its time is up: in order, with what was measured, and with every server as it was found."""

import asyncio

import msgspec
import pytest

from fake_ollama.fleet import Fleet, fake_fleet
from fake_ollama.script import HostScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.plan import BenchmarkSettings, IfBusy
from ollama_speedrun.benchmark.types import CaveatKind
from ollama_speedrun.pipeline.events import Event, TimeLimitReached

pytestmark = pytest.mark.virtual_time

BRIEF = BenchmarkSettings(
    timeout_s=30,
    num_predict=64,
    trial_tokens=32,
    most_trials=3,
    take_turns=False,
    reference_trial=False,
    if_busy=IfBusy.GO,
    item_seed=SEED,
    areas=("facts", "reasoning"),
    max_items=8,
    first_items=8,
    races=False,
)


async def limited(fleet: Fleet, limit_s: float, settings: BenchmarkSettings = BRIEF) -> tuple[Run, list[Event], float]:
    finished, events = Run(), list[Event]()
    plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
    wanted = RunSettings(benchmark=settings, time_limit_s=limit_s)
    began_s = asyncio.get_running_loop().time()
    await run(plan, wanted, until=Phase.ASSESS, emit=events.append, into=finished)
    return finished, events, asyncio.get_running_loop().time() - began_s


def slow_models(count: int) -> tuple[HostScript, ...]:
    models = tuple(
        able_model(f"m{number}:1b", 1.0, decode_tps=20.0, load_s=2.0, size_bytes=1_000_000_000)
        for number in range(count)
    )
    return (HostScript(models=models),)


async def test_a_run_ends_when_its_time_is_up_with_a_verdict_and_with_nothing_left_loaded() -> None:
    async with fake_fleet(slow_models(20)) as fleet:
        finished, events, took_s = await limited(fleet, 60)
        assert list(fleet.hosts[0].loaded) == []

    (reached,) = (event for event in events if isinstance(event, TimeLimitReached))
    assert 2 <= reached.measured < 20
    assert reached.models == 20
    assert finished.is_out_of_time
    assert took_s < 66
    assert finished.assess()[1].recommendation is not None


async def test_a_model_that_is_cut_keeps_its_trials_and_its_answers() -> None:
    long = msgspec.structs.replace(BRIEF, max_items=60, first_items=60)
    async with fake_fleet(slow_models(1)) as fleet:
        whole, _, took_s = await limited(fleet, 36000, long)
    async with fake_fleet(slow_models(1)) as fleet:
        cut, _, _ = await limited(fleet, took_s * 0.8, long)

    (record,) = cut.quality_records.values()
    assert 0 < len(record.items) < len(next(iter(whole.quality_records.values())).items)
    assert [caveat.kind for caveat in cut.results[0].caveats].count(CaveatKind.CUT_SHORT) == 1
    assert (whole.is_out_of_time, cut.is_out_of_time) == (False, True)


async def test_no_model_begins_that_could_not_be_measured_in_the_time_that_is_left() -> None:
    settings = msgspec.structs.replace(BRIEF, max_items=0)
    async with fake_fleet(slow_models(2)) as fleet:
        _, _, took_s = await limited(fleet, 600, settings)
    async with fake_fleet(slow_models(2)) as fleet:
        finished, events, limited_s = await limited(fleet, took_s / 2 + 2, settings)
        loads = sum(record.work.loads for record in fleet.hosts[0].requests)

    assert loads == 1
    assert [result.status for result in finished.results] == ["ok"]
    assert TimeLimitReached(1, 2) in events
    assert limited_s < took_s / 2 + 2


async def test_the_rounds_of_a_race_end_as_well() -> None:
    racing = msgspec.structs.replace(BRIEF, max_items=100, races=True)
    hosts = (HostScript(models=(able_model("one:1b", 1.0), able_model("two:1b", 1.0))),)
    async with fake_fleet(hosts) as fleet:
        whole, _, took_s = await limited(fleet, 36000, racing)
    async with fake_fleet(hosts) as fleet:
        finished, _, limited_s = await limited(fleet, took_s / 2, racing)

    asked = [len(record.items) for record in finished.quality_records.values()]
    assert min(asked) > 8
    assert sum(asked) < sum(len(record.items) for record in whole.quality_records.values())
    assert limited_s < took_s / 2 + 6
    assert finished.is_out_of_time
    assert finished.assess()[1].tiers[0].best is not None
