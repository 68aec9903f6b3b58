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
from ollama_speedrun.pipeline.outlook import USUAL_RACE_ITEMS, tempered
from ollama_speedrun.pipeline.time_left import Remaining, TimeLeft
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
    areas=("facts", "reasoning", "context", "tasks"),
    max_items=8,
    first_items=8,
    races=False,
    second_turn=Extra.OFF,
)
"""A quick run with fewer tokens, since each costs the test some of its own time."""


class Moment(NamedTuple):
    """What was told at a second of the run."""

    at_s: float
    left: Remaining


def unequal(thinking_tokens: int = 0) -> list[HostScript]:
    """A fast host with four models, a middling one with three and a slow one with two; memory decides their speeds."""
    sizes = {"127.0.0.2": (600, 2.0, (1.3, 4.7, 9.0, 19.0)), "127.0.0.3": (90, 0.5, (0.8, 2.0, 4.7))}
    sizes["127.0.0.4"] = (12, 0.2, (1.3, 2.5))
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
                capabilities=("completion", "thinking") if thinking_tokens and size < 4 else ("completion",),
                thinking_tokens=thinking_tokens if size < 4 else 0,
            )
            for size in sizes_gb
        )
        hosts.append(HostScript(models=models, address=address, max_loaded=1))
    return hosts


async def told(scripts: Sequence[HostScript], settings: BenchmarkSettings) -> tuple[list[Moment], float]:
    """Benchmark a fleet; returns what was told to be left, and how long the run took."""
    loop, moments = asyncio.get_running_loop(), list[Moment]()

    def listen(event: Event) -> None:
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
        pytest.param(unequal(), QUICK, id="unequal hosts"),
        pytest.param(unequal(thinking_tokens=60), QUICK, id="models that think"),
        pytest.param(with_a_host_that_dies(), QUICK, id="a host that dies midway"),
    ],
)
async def test_the_time_left_is_right_within_a_factor_from_a_third_of_the_run_on(
    scripts: Sequence[HostScript], settings: BenchmarkSettings
) -> None:
    moments, took_s = await told(scripts, settings)
    assert len(moments) > 20
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
    left = Remaining(models=1, loads=1, tokens=10, seconds=30, likely_s=20)
    assert left.after(12) == Remaining(models=1, loads=1, tokens=10, seconds=18, likely_s=8)
    assert left.after(99) == Remaining(models=1, loads=1, tokens=10, seconds=1, likely_s=0)
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
    left.expect({("http://a:1", "a"): 50, ("http://b:1", "b"): 20, ("http://c:1", "c"): 0})
    found = left.left(30.0)
    assert (found.models, found.loads, found.likely_s) == (0, 3, None)
    assert found.seconds == pytest.approx(2 * 4 + 50 * 2.0, rel=0.05)
    assert found.tokens == pytest.approx(70 * 20, rel=0.1)


def test_the_projection_of_a_race_is_drawn_towards_a_usual_one() -> None:
    assert [tempered(items) for items in (0, 10, USUAL_RACE_ITEMS, 390)] == [0, 21, USUAL_RACE_ITEMS, 267]


def answered(*, seconds: float, tokens: int) -> ItemRecord:
    took = AnswerRecord(content="x", ended_ns=int(seconds * 1e9), output_tokens=tokens)
    grade = Grade(score=1.0, strict=1.0, extracted="x", why="as told")
    return ItemRecord(item="i", area="facts", family="f", level=1, answers=(took,), grade=grade)
