"""The time left of a run, against how long it then took: by the fake in virtual time, and step by step."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pytest

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostDies, HostScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.events import BenchmarkBegan, BenchmarkEnded
from ollama_speedrun.benchmark.plan import BenchmarkSettings, Extra, IfBusy
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.pipeline.events import Event, ForecastRevised
from ollama_speedrun.pipeline.race_time import RaceRest, cost_of_races
from ollama_speedrun.pipeline.time_left import LONG, MIDDLE, SHORT, Remaining, TimeLeft
from ollama_speedrun.quality.events import ItemGraded
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord
from ollama_speedrun.visit.events import BenchmarkProgress, HostLost, Stage
from records import GB, model

FACTOR = 1.5
SLACK_S = 5.0
SLACK_SHARE = 0.1
"""Of the run: each visit asks so few items that one long answer is that much."""
QUICK = BenchmarkSettings(
    num_predict=32,
    trial_tokens=24,
    most_trials=3,
    take_turns=False,
    reference_trial=False,
    if_busy=IfBusy.GO,
    item_seed=SEED,
    areas=("facts", "reasoning", "tasks"),
    max_items=6,
    first_items=6,
    races=False,
    second_turn=Extra.OFF,
)
"""A quick run with fewer tokens, since each costs the test some of its own time."""


class Moment(NamedTuple):
    """What was told at a second of the run."""

    at_s: float
    left: Remaining


def unequal(thinking_tokens: int = 0) -> list[HostScript]:
    """A fast host and two slower ones; memory decides their speeds."""
    sizes: dict[str, tuple[float, float, tuple[float, ...]]] = {
        "127.0.0.2": (70, 0.3, (4.7, 7.0)),
        "127.0.0.3": (30, 0.3, (2.0, 4.7)),
        "127.0.0.4": (9, 0.04, (1.3,)),
    }
    hosts = []
    for address, (decode, disk, sizes_gb) in sizes.items():
        models = tuple(
            able_model(
                f"m{size}-{address[-1]}:latest",
                ability=1.0,
                decode_tps=min(decode / size, 200.0),
                prefill_tps=30 * decode / size,
                load_s=size / disk,
                size_bytes=int(size * GB),
                capabilities=("completion", "thinking") if thinking_tokens and size == 2.0 else ("completion",),
                thinking_tokens=thinking_tokens if size == 2.0 else 0,
            )
            for size in sizes_gb
        )
        hosts.append(HostScript(models=models, address=address, max_loaded=1))
    return hosts


async def told(scripts: Sequence[HostScript], settings: BenchmarkSettings) -> tuple[list[Moment], float]:
    """Benchmark a fleet; returns what was told to be left, and how long the run took."""
    loop, moments = asyncio.get_running_loop(), list[Moment]()

    def listen(event: Event) -> None:
        if isinstance(event, HostLost):
            moments.clear()  # that a host dies cannot be foreseen: what counts is told after it
        if isinstance(event, ForecastRevised):
            moments.append(Moment(loop.time() - began_s, event.remaining))

    async with fake_fleet(scripts) as fleet:
        began_s = loop.time()
        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        await run(plan, RunSettings(benchmark=settings), until=Phase.ASSESS, emit=listen, into=Run())
        return moments, loop.time() - began_s


def right(moments: Sequence[Moment], took_s: float, factor: float) -> float:
    """Return the share of the moments from a third of the run on that are right within the factor, or nearly so."""
    slack_s = max(SLACK_S, SLACK_SHARE * took_s)
    late = [(left.seconds, took_s - at_s) for at_s, left in moments if at_s >= took_s / 3]
    hits = [
        truth_s / factor <= said_s <= truth_s * factor or abs(said_s - truth_s) < slack_s for said_s, truth_s in late
    ]
    return sum(hits) / len(hits)


def with_a_host_that_dies() -> list[HostScript]:
    fast, middling, slow = unequal()
    dies = tuple(
        msgspec.structs.replace(one, fault=HostDies(after_tokens=3), sound_requests=5) for one in middling.models
    )
    return [fast, msgspec.structs.replace(middling, models=dies), slow]


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("scripts", "settings"),
    [
        pytest.param(unequal(thinking_tokens=20), QUICK, id="unequal hosts and a model that thinks"),
        pytest.param(with_a_host_that_dies(), QUICK, id="a host that dies midway"),
    ],
)
async def test_the_time_left_is_right_within_a_factor_from_a_third_of_the_run_on(
    scripts: Sequence[HostScript], settings: BenchmarkSettings
) -> None:
    moments, took_s = await told(scripts, settings)
    assert len(moments) > 15
    assert right(moments, took_s, FACTOR) >= 0.8
    assert right(moments, took_s, 2) == 1


def begun(size_gb: float, name: str = "m") -> tuple[TimeLeft, str]:
    """A machine with one model of 2 GB that is measured, and another one that waits."""
    left = TimeLeft(msgspec.structs.replace(QUICK, max_items=0, first_items=0), at_once=8)
    left.queue("box", [model(name, size_bytes=2 * GB), model("next", size_bytes=int(size_gb * GB))])
    return left, model(name).host


def test_a_model_that_waits_is_expected_to_be_as_fast_as_its_size_on_that_host_allows() -> None:
    for size_gb in (2.0, 8.0):
        left, host = begun(size_gb)
        left.take_in(BenchmarkBegan(host, "m"), 0.0)
        left.take_in(BenchmarkProgress(host, "m", Stage.PROMPT), 4.0)
        left.take_in(BenchmarkEnded(Result(host=host, model="m", status="ok", decode_tps=20.0)), 14.0)
        found = left.left(14.0)
        assert (found.models, found.loads) == (1, 1)
        assert found.tokens == 32 + 3 * 24
        assert found.seconds == pytest.approx(1 + size_gb / 2 * (4.0 + (32 + 3 * 24) / 20), rel=0.01)


def test_a_load_that_takes_longer_than_expected_is_not_expected_to_end_at_once() -> None:
    left, host = begun(2.0)
    left.take_in(BenchmarkBegan(host, "m"), 0.0)
    soon, late = left.left(10.0).seconds, left.left(1000.0).seconds
    assert late > soon + 100


def test_nothing_is_left_of_a_host_that_was_given_up() -> None:
    left, host = begun(2.0)
    left.take_in(BenchmarkBegan(host, "m"), 0.0)
    left.take_in(HostLost(host, "it cannot be reached"), 5.0)
    assert left.left(5.0).seconds == 0


def test_time_that_passes_is_taken_off_and_never_more_than_there_is() -> None:
    left = Remaining(models=1, loads=1, tokens=10, seconds=30, likely_s=20, low_s=25, high_s=60)
    assert left.after(12) == Remaining(models=1, loads=1, tokens=10, seconds=18, likely_s=8, low_s=13, high_s=48)
    assert left.after(99) == Remaining(models=1, loads=1, tokens=10, seconds=1, likely_s=0, low_s=0, high_s=0)
    assert msgspec.structs.replace(left, seconds=0.0).after(5).seconds == 0


def test_a_race_is_expected_to_take_its_items_and_loads_in_rounds_on_all_hosts_side_by_side() -> None:
    racing = msgspec.structs.replace(QUICK, first_items=10, max_items=400, races=True)
    left = TimeLeft(racing, at_once=8)
    models = [model(name, host=f"http://{name}:1", size_bytes=2 * GB) for name in ("a", "b", "c")]
    for one in models:
        left.queue(one.host, [one])
        left.take_in(BenchmarkBegan(one.host, one.name), 0.0)
        left.take_in(BenchmarkProgress(one.host, one.name, Stage.PROMPT), 4.0)
        for _ in range(10):
            left.take_in(ItemGraded(one.host, one.name, None, answered(seconds=2.0, tokens=20)), 5.0)
        ended = Result(host=one.host, model=one.name, status="ok", decode_tps=20.0)
        left.take_in(BenchmarkEnded(ended), 30.0)
    left.expect([RaceRest(27, 17, {("http://a:1", "a"): (10, 50), ("http://b:1", "b"): (10, 30)})])
    found = left.left(30.0)
    assert (found.models, found.loads, found.likely_s) == (0, 0, None)
    assert found.seconds == pytest.approx(MIDDLE * 40 * 2.0, rel=0.05)
    assert found.low_s == pytest.approx(SHORT * 40 * 2.0, rel=0.06)
    assert found.high_s == pytest.approx(LONG * 40 * 2.0, rel=0.05)
    assert found.tokens == pytest.approx(MIDDLE * 60 * 20, rel=0.1)

    left.take_in(HostLost("http://a:1", "it cannot be reached"), 31.0)
    assert left.left(31.0).seconds == pytest.approx(MIDDLE * 20 * 2.0, rel=0.05)


def test_a_race_waits_in_each_round_for_its_slowest_machine() -> None:
    race = RaceRest(20, 10, {("h", "a"): (10, 35), ("i", "b"): (10, 20), ("i", "c"): (15, 35)})
    assert list(race.rounds()) == [
        {("h", "a"): 10, ("i", "b"): 10, ("i", "c"): 5},
        {("h", "a"): 15, ("i", "c"): 15},
    ]
    seconds = {("h", "a"): 1.0, ("i", "b"): 2.0, ("i", "c"): 0.5}
    found = cost_of_races(
        [race], machine_of=lambda key: key[0], load_s=dict.fromkeys(seconds, 4.0), item_s=seconds, at_once=8
    )
    assert found.items == {("h", "a"): 25, ("i", "b"): 10, ("i", "c"): 20}
    assert found.loads == 3
    assert found.seconds == (4 + 10 * 2 + 4 + 5 * 0.5) + max(15 * 1.0, 4 + 15 * 0.5)


def test_the_rounds_to_come_are_as_long_as_those_of_the_race() -> None:
    def sizes(load_items: float | None) -> list[int]:
        race = RaceRest(20, 10, {("h", "a"): (10, 80)}, load_items)
        return [sum(asked.values()) for asked in race.rounds()]

    assert sizes(None) == [10, 15, 22, 23]
    assert sizes(10.0) == [10, 30, 30]
    assert sizes(0.1) == [10, *[5] * 12]


def test_what_others_took_for_the_items_to_come_says_how_long_they_last() -> None:
    left, host = begun(2.0)
    left.take_in(BenchmarkBegan(host, "m"), 0.0)
    for name, seconds, tokens in (("short", 1.0, 20), ("long", 9.0, 180)):
        record = answered(seconds=seconds, tokens=tokens, item=name)
        for where, mix in ((host, "easy"), ("http://other:1", "easy")):
            left.pace.know(model("m", host=where, size_bytes=2 * GB))
            left.pace.note_mix((where, "m"), mix)
            if (where, name) != (host, "long"):
                left.pace.note_rate((where, "m"), 20.0)
                left.pace.note_answer((where, "m"), record)
    assert left.pace.items_s(model("m", host=host, size_bytes=2 * GB), 1) == pytest.approx(9.0, rel=0.05)


def answered(*, seconds: float, tokens: int, item: str = "i") -> ItemRecord:
    took = AnswerRecord(content="x", ended_ns=int(seconds * 1e9), output_tokens=tokens)
    grade = Grade(score=1.0, strict=1.0, extracted="x", why="as told")
    return ItemRecord(item=item, area="facts", family="f", level=1, answers=(took,), grade=grade)
