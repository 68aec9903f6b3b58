"""The rounds of a race, from the first visits to the verdict, on the fake with models of known ability."""

import asyncio
import time

import msgspec
import pytest

from fake_ollama.fleet import Fleet, fake_fleet
from fake_ollama.script import EndWithoutDone, HostScript, ModelScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.assessment.certainty import rules_of
from ollama_speedrun.assessment.types import TierVerdict
from ollama_speedrun.benchmark.plan import BenchmarkSettings, Extra, IfBusy
from ollama_speedrun.events import Notice
from ollama_speedrun.pipeline.events import Event
from ollama_speedrun.quality.events import NotAsked, RaceMoved
from ollama_speedrun.quality.standing import standing
from ollama_speedrun.results.codec import decode, encode

pytestmark = pytest.mark.virtual_time

RACING = BenchmarkSettings(
    second_turn=Extra.OFF,
    timeout_s=30,
    num_predict=32,
    trial_tokens=16,
    most_trials=3,
    take_turns=False,
    reference_trial=False,
    if_busy=IfBusy.GO,
    item_seed=SEED,
    areas=("facts", "reasoning", "context", "tasks"),
)


def racer(name: str, ability: float, areas: tuple[str, ...] = RACING.areas, **changes: object) -> ModelScript:
    """Return a model that knows the items of these tests as well as its ability says."""
    return able_model(name, ability, areas, **changes)


async def raced(fleet: Fleet, settings: BenchmarkSettings = RACING) -> tuple[Run, list[Event]]:
    finished, events = Run(), list[Event]()
    plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
    await run(plan, RunSettings(benchmark=settings), until=Phase.ASSESS, emit=events.append, into=finished)
    return finished, events


def smallest_tier(finished: Run) -> TierVerdict:
    _, verdict = finished.assess()
    return verdict.tiers[0]


def answered(finished: Run) -> dict[str, int]:
    return {record.model: len(record.counted) for record in finished.quality_records.values()}


def rounds(events: list[Event]) -> list[RaceMoved]:
    return [event for event in events if isinstance(event, RaceMoved) and not event.is_over]


async def test_a_race_asks_on_until_the_best_is_certified_and_drops_who_is_behind() -> None:
    models = (racer("able:1b", 6.0), racer("middling:1b", 0.5), racer("poor:1b", -4.0))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, events = await raced(fleet)
        loads = sum(record.work.loads for record in fleet.hosts[0].requests)

    tier = smallest_tier(finished)
    assert tier.best is not None
    assert tier.best.model == "able:1b"
    assert tier.certainty is not None
    assert tier.certainty.kind == "certified"
    assert tier.why.startswith("certified best within 3 points (95 %")
    asked = answered(finished)
    assert asked["poor:1b"] < asked["able:1b"] < 300
    assert rounds(events)
    assert loads < 3 + 3 * len(rounds(events)) + 1


async def test_the_certificate_of_a_saved_run_is_worked_out_again_from_its_records() -> None:
    models = (racer("able:1b", 6.0), racer("poor:1b", -4.0))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, _ = await raced(fleet)

    read = decode(encode(finished.document(complete=True)), origin="memory")
    assert read.verdict is not None
    assert read.verdict.tiers[0] == smallest_tier(finished)


@pytest.mark.parametrize(("load_s", "most_loads"), [(0.0, 40), (3.0, 3)])
async def test_rounds_are_as_long_as_loading_is_slow_and_a_saved_run_has_the_same_ones(
    load_s: float, most_loads: int
) -> None:
    models = tuple(racer(f"{name}:1b", ability, load_s=load_s) for name, ability in (("a", 1.5), ("b", 1.2)))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, events = await raced(fleet)
        loads = sum(record.work.loads for record in fleet.hosts[0].requests) / len(models)

    assert loads <= most_loads
    again = standing(tuple(finished.quality_records.values()), rules_of(RACING, 400))
    assert again is not None
    assert again.is_over
    assert again.until == max(event.until for event in rounds(events))


async def test_models_that_know_nearly_all_first_items_are_asked_harder_ones_from_the_start() -> None:
    models = tuple(racer(f"{name}:1b", ability) for name, ability in (("a", 5.0), ("b", 4.0), ("c", 3.5), ("d", -3.0)))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, events = await raced(fleet)

    told = [event.text for event in events if isinstance(event, Notice) and "of their first items right" in event.text]
    assert len(told) == 1
    assert "of <2 GB" in told[0]
    assert told[0].endswith("they are asked harder items from the start (mix hard instead of middle)")
    for record in finished.quality_records.values():
        assert record.mix == "hard"
        before = [entry for entry in record.items if not entry.is_counted and entry.place is not None]
        assert [entry.place for entry in before] == list(range(RACING.first_items))
        assert {entry.level for entry in before} <= {2, 3, 4}
        assert sorted(entry.place or 0 for entry in record.counted) == list(range(len(record.counted)))
        assert {entry.level for entry in record.counted} <= {3, 4, 5}
    tier = smallest_tier(finished)
    assert tier.best is not None
    assert tier.best.model == "a:1b"
    read = decode(encode(finished.document(complete=True)), origin="memory")
    assert read.verdict is not None
    assert read.verdict.tiers[0] == tier


async def test_an_equal_model_on_another_host_goes_along_and_is_not_asked_again() -> None:
    twin = racer("a:1b", 5.0, digest="5" * 64)
    hosts = [
        HostScript(models=(twin, racer("b:1b", 4.0)), address="127.0.0.2"),
        HostScript(models=(twin,), address="127.0.0.3"),
    ]
    async with fake_fleet(hosts) as fleet:
        finished, _ = await raced(fleet)

    asked = sorted(len(record.counted) for record in finished.quality_records.values() if record.model == "a:1b")
    assert asked[0] == 0
    assert asked[1] >= RACING.first_items
    assert {record.mix for record in finished.quality_records.values()} == {"hard"}
    results, _ = finished.assess()
    scores = {result.quality.score for result in results if result.model == "a:1b" and result.quality}
    assert len(scores) == 1


async def test_a_model_that_fails_when_it_is_asked_harder_items_keeps_its_first_answers() -> None:
    sound = (racer("a:1b", 5.0), racer("b:1b", 4.5))
    broken = racer("broken:1b", 5.0, fault=EndWithoutDone(after_tokens=1), sound_requests=15)
    async with fake_fleet([HostScript(models=(*sound, broken))]) as fleet:
        finished, _ = await raced(fleet)

    by_name = {record.model: record for record in finished.quality_records.values()}
    assert {name: record.mix for name, record in by_name.items()} == {
        "a:1b": "hard",
        "b:1b": "hard",
        "broken:1b": "middle",
    }
    assert by_name["broken:1b"].not_asked is not None
    assert len(by_name["broken:1b"].counted) == RACING.first_items


async def test_a_run_that_is_stopped_while_a_tier_changes_its_mix_stands_by_the_first_answers() -> None:
    models = tuple(racer(f"{name}:1b", able, load_s=3.0) for name, able in (("a", 7.0), ("b", 6.5), ("c", 3.2)))
    finished, told = Run(), asyncio.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Notice) and "of their first items right" in event.text:
            told.set()

    async with fake_fleet([HostScript(models=models)]) as fleet:
        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        going = asyncio.create_task(
            run(plan, RunSettings(benchmark=RACING), until=Phase.ASSESS, emit=listen, into=finished)
        )
        await told.wait()
        before = dict(finished.quality_records)
        await asyncio.sleep(6)  # one model has answered, the next one loads
        asked_since = len([one for one in fleet.hosts[0].asked("/api/chat") if one.generation is not None])
        going.cancel()
        await asyncio.wait([going])

    assert asked_since > 3 * RACING.first_items
    assert finished.quality_records == before
    assert {record.mix for record in before.values()} == {"middle"}
    certainty = smallest_tier(finished).certainty
    assert certainty is None or certainty.kind != "certified"


async def test_a_quick_run_has_one_load_a_model_and_a_likely_pick() -> None:
    quick = msgspec.structs.replace(RACING, max_items=12, first_items=12, races=False)
    models = (racer("able:1b", 3.0), racer("poor:1b", -1.0))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, events = await raced(fleet, quick)
        loads = sum(record.work.loads for record in fleet.hosts[0].requests)

    assert (loads, rounds(events)) == (2, [])
    assert answered(finished) == {"able:1b": 12, "poor:1b": 12}
    certainty = smallest_tier(finished).certainty
    assert certainty is not None
    assert certainty.kind == "likely"
    assert certainty.probability is not None
    assert 0.5 < certainty.probability <= 1


async def test_models_that_cannot_be_told_apart_end_at_the_cap_and_are_named() -> None:
    capped = msgspec.structs.replace(RACING, max_items=20)
    twins = (racer("one:1b", 1.0), racer("two:1b", 1.0))
    async with fake_fleet([HostScript(models=twins)]) as fleet:
        finished, _ = await raced(fleet, capped)

    tier = smallest_tier(finished)
    assert answered(finished) == {"one:1b": 20, "two:1b": 20}
    assert tier.certainty is not None
    assert tier.certainty.kind == "undistinguished"
    assert tier.why.startswith("not distinguishable with 20 items")


async def test_a_model_that_stops_answering_leaves_its_race_and_the_run_ends() -> None:
    broken = msgspec.structs.replace(racer("broken:1b", 6.0), fault=EndWithoutDone(after_tokens=1), sound_requests=22)
    async with fake_fleet([HostScript(models=(broken, racer("sound:1b", 0.0)))]) as fleet:
        finished, _ = await asyncio.wait_for(raced(fleet), 3600)

    assert answered(finished)["broken:1b"] < 30
    assert {result.model: result.status for result in finished.results} == {"broken:1b": "ok", "sound:1b": "ok"}


async def test_a_race_on_two_hosts_goes_on_side_by_side() -> None:
    hosts = [
        HostScript(models=(racer("able:1b", 1.5),), address="127.0.0.2"),
        HostScript(models=(racer("poor:1b", 0.0),), address="127.0.0.3"),
    ]
    async with fake_fleet(hosts) as fleet:
        finished, events = await raced(fleet)

    tier = smallest_tier(finished)
    assert tier.best is not None
    assert tier.best.model == "able:1b"
    assert rounds(events)[0].models == 2


async def test_a_model_below_the_speed_floor_is_asked_nothing_and_the_verdict_says_why() -> None:
    floored = msgspec.structs.replace(RACING, min_speed_tps=100.0)
    models = (racer("slow:1b", 6.0, decode_tps=40.0),)
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, events = await raced(fleet, floored)
        asked = fleet.hosts[0].asked("/api/chat")

    (left,) = (event for event in events if isinstance(event, NotAsked))
    assert (left.model, left.reason) == ("slow:1b", "below the speed floor (40.0 of 100 tok/s)")
    assert asked == []
    assert smallest_tier(finished).why == f"no answers were graded: {left.reason}; lower --min-speed"


async def test_a_model_that_is_worse_in_everything_leaves_with_the_reason() -> None:
    models = (
        racer("able:1b", 8.0, decode_tps=2000.0, size_bytes=500_000_000),
        racer("poor:1b", -8.0, decode_tps=500.0, prefill_tps=5_000.0, size_bytes=900_000_000),
    )
    eager = msgspec.structs.replace(RACING, areas=("facts",), sure=1 - 1e-12)
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, events = await raced(fleet, eager)

    left = [event for event in events if isinstance(event, NotAsked)]
    assert [event.model for event in left] == ["poor:1b"]
    assert "at least as good in everything" in left[0].reason
    assert answered(finished)["poor:1b"] < max(record.places or 0 for record in finished.quality_records.values())


async def test_a_server_that_answers_several_requests_at_once_is_asked_several_items_once_its_speed_is_known() -> None:
    short = msgspec.structs.replace(RACING, max_items=60)
    models = (racer("one:1b", 1.0, decode_tps=100), racer("two:1b", 1.0, decode_tps=100))
    walls_s, finished = {}, Run()
    for slots in (1, 4):
        async with fake_fleet([HostScript(models=models, num_parallel=slots)]) as fleet:
            began_s = time.monotonic()
            finished, _ = await raced(fleet, short)
            walls_s[slots] = time.monotonic() - began_s
            most = fleet.hosts[0].peak_concurrency
        records = finished.quality_records.values()
        at_once = {entry.at_once for record in records for entry in record.items}
        assert all(entry.at_once == 1 for record in records for entry in record.items[: RACING.first_items])
        assert (most > 2, 4 in at_once) == (slots == 4, slots == 4)
    assert walls_s[4] < walls_s[1]
    assert smallest_tier(finished).best is not None


async def test_a_server_that_turns_requests_away_is_asked_one_item_at_a_time() -> None:
    short = msgspec.structs.replace(RACING, max_items=60)
    models = (racer("one:1b", 1.0, decode_tps=100), racer("two:1b", 1.0, decode_tps=100))
    async with fake_fleet([HostScript(models=models, num_parallel=4, most_requests=1)]) as fleet:
        finished, _ = await raced(fleet, short)

    together = [
        entry.at_once for record in finished.quality_records.values() for entry in record.items if entry.at_once > 1
    ]
    assert 0 < len(together) <= 4
    assert all(entry.answers for record in finished.quality_records.values() for entry in record.items)
