"""What a run says beforehand that it will take, and the question about it."""

import asyncio
import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun import BenchmarkSettings, Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.events import BenchmarkBegan
from ollama_speedrun.benchmark.plan import PROFILES, Extra, IfBusy, Profile
from ollama_speedrun.events import PhaseEnded
from ollama_speedrun.pipeline.events import Event, Forecasted
from ollama_speedrun.pipeline.forecast import (
    FAST,
    FURTHER_ITEMS,
    FURTHER_LOADS,
    ITEM_TOKENS,
    SLOW,
    Forecast,
    Speed,
    cost,
    forecast,
    longest,
)
from ollama_speedrun.ui.lines import forecast_line
from ollama_speedrun.ui.painter import Painter
from records import GB, model

SPEED_ONLY = BenchmarkSettings(
    num_predict=32,
    trial_tokens=16,
    most_trials=3,
    take_turns=False,
    reference_trial=False,
    if_busy=IfBusy.GO,
    max_items=0,
    second_turn=Extra.OFF,
)
FIVE_ITEMS = BenchmarkSettings(
    num_predict=100,
    trial_tokens=50,
    fewest_trials=2,
    most_trials=4,
    max_items=5,
    races=False,
    second_turn=Extra.OFF,
)


def test_a_visit_costs_its_load_its_interview_its_trials_and_its_items() -> None:
    found = cost(model("m:8b", size_bytes=4 * GB), FIVE_ITEMS, Speed(40.0 * GB, 2.0 * GB))
    assert (found.load_s, found.speed_tokens, found.items, found.item_tokens) == (2.0, 100 + 3 * 50, 5, 200)
    assert found.speed_s == pytest.approx(25.0)
    assert found.item_s == pytest.approx(4.2)
    assert found.tokens == 450
    assert found.total_s == pytest.approx(1 + 2 + 25 + 5 * 4.2)


def test_a_conversation_of_two_turns_costs_its_tokens_and_its_reading() -> None:
    with_turns = msgspec.structs.replace(FIVE_ITEMS, second_turn=Extra.AUTO)
    speed = Speed(40.0 * GB, 2.0 * GB)
    without, found = (cost(model("m:8b", size_bytes=4 * GB), settings, speed) for settings in (FIVE_ITEMS, with_turns))
    assert found.tokens - without.tokens == 64
    assert found.total_s - without.total_s == pytest.approx(64 / 10 + 2.5)


@pytest.mark.parametrize(
    ("changes", "tokens", "seconds"),
    [
        pytest.param({"depths": (0, 3000)}, 128, 12.8 + 3000 / 10 / 30, id="depths"),
        pytest.param({"depths": (6000,)}, 64, 6.4 + 6000 / 10 / 30 + 2, id="a depth that needs another load"),
        pytest.param({"depths": (6000,), "depth_read_s": 3.0}, 64, 6.4 + 3 + 2, id="a depth with a bound"),
        pytest.param(
            {"depths_of_context": True, "num_ctx": 3000}, 192, 19.2 + 4500 / 10 / 30, id="depths of the context"
        ),
        pytest.param({"concurrency_levels": (1, 2), "trial_tokens": 10}, 30, 3.0, id="requests at once"),
        pytest.param({"sibling_prompts": 60}, 60, 6.0 + 60 * 0.05, id="siblings"),
    ],
)
def test_what_the_settings_ask_beside_trials_and_items_is_counted(
    changes: dict[str, Any], tokens: int, seconds: float
) -> None:
    plain = msgspec.structs.replace(FIVE_ITEMS, sibling_prompts=0, num_ctx=4096, trial_tokens=10)
    measured, speed = model("m:8b", size_bytes=4 * GB), Speed(40.0 * GB, 2.0 * GB)
    without = cost(measured, plain, speed, has_sibling=True)
    found = cost(measured, msgspec.structs.replace(plain, **changes), speed, has_sibling=True)
    assert found.tokens - without.tokens == tokens
    assert found.total_s - without.total_s == pytest.approx(seconds)


def test_only_models_with_a_sibling_are_compared_with_it() -> None:
    settings = msgspec.structs.replace(FIVE_ITEMS, sibling_prompts=60)
    q4, q8, other = (
        model(name, size_bytes=GB, base=base, digest=name * 8) for name, base in (("a", "m"), ("b", "m"), ("c", "n"))
    )
    alone, pair = (forecast({"box": models}, settings, at_once=1) for models in ([q4, other], [q4, q8]))
    assert pair.tokens - alone.tokens == 2 * 60


def test_the_triplets_of_an_embedding_model_take_time() -> None:
    embedding = model("e", kind="embedding", size_bytes=GB)
    times = [
        cost(embedding, msgspec.structs.replace(FIVE_ITEMS, max_items=items), FAST).total_s for items in (0, 20, 400)
    ]
    assert times == pytest.approx([times[0], times[0] + 20 * 0.05, times[0] + 60 * 0.05])


def test_an_embedding_model_costs_no_output_tokens() -> None:
    assert cost(model("e", kind="embedding", size_bytes=GB), FIVE_ITEMS, FAST).tokens == 0


def test_a_quick_run_is_forecast_to_take_less_than_a_thorough_one() -> None:
    queues = {"a": [model("m:8b", size_bytes=4 * GB)]}
    took = [forecast(queues, PROFILES[profile], at_once=8).seconds for profile in Profile]
    assert took == sorted(took)


def test_machines_side_by_side_take_no_longer_than_the_longest_but_one_place_is_a_queue() -> None:
    queues = {host: [model("m:8b", size_bytes=size * GB)] for host, size in (("a", 2), ("b", 8))}
    alone = forecast({"b": queues["b"]}, FIVE_ITEMS, at_once=8)
    together, in_turn = forecast(queues, FIVE_ITEMS, at_once=8), forecast(queues, FIVE_ITEMS, at_once=1)
    assert (together.models, together.loads, together.tokens) == (2, 2, 900)
    assert together.high_s == alone.high_s < in_turn.high_s
    assert in_turn.high_s == pytest.approx(sum(cost(q[0], FIVE_ITEMS, SLOW).total_s for q in queues.values()))


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=20), st.integers(1, 8))
def test_the_longest_is_between_a_fair_share_and_the_sum(seconds: list[float], at_once: int) -> None:
    took = longest(seconds, at_once)
    assert took >= max(*seconds, sum(seconds) / at_once) * (1 - 1e-9)
    assert took <= sum(seconds) * (1 + 1e-9)


def test_a_forecast_is_said_with_its_range() -> None:
    found = Forecast(models=40, loads=80, tokens=52_000, seconds=700, low_s=95, high_s=5_000)
    assert forecast_line(found) == "40 models, 80 loads, 52,000 output tokens: about 12 min (95 s to 83 min)"


def test_a_forecast_of_a_race_says_when_likely_and_when_certified_picks_are_there() -> None:
    queues = {"a": [model("m:8b", size_bytes=4 * GB)], "b": [model("n:8b", size_bytes=4 * GB)]}
    racing = msgspec.structs.replace(FIVE_ITEMS, races=True, first_items=5, max_items=400)
    found, first = forecast(queues, racing, at_once=8), forecast(queues, FIVE_ITEMS, at_once=8)
    assert found.likely_s == pytest.approx(first.seconds)
    assert first.likely_s is None
    assert found.seconds > first.seconds
    assert found.loads == 2 + 2 * FURTHER_LOADS
    assert found.tokens == first.tokens + 2 * FURTHER_ITEMS * ITEM_TOKENS
    said = msgspec.structs.replace(
        found, loads=6, tokens=9_000, seconds=700.0, low_s=95.0, high_s=5000.0, likely_s=61.0
    )
    assert forecast_line(said) == (
        "2 models, 6 loads, 9,000 output tokens: likely picks in about 61 s, certified ones in about 12 min "
        "(95 s to 83 min)"
    )


async def conducted(*, answer: bool | None = None, time_limit_s: float | None = None) -> tuple[Run, list[Event], int]:
    """Run two models of one host; with an answer the run is asked about, which takes a minute."""
    finished, events, asked = Run(), list[Event](), list[Forecast]()

    async def approve(found: Forecast) -> bool:
        asked.append(found)
        await asyncio.sleep(60)
        assert not any(isinstance(event, BenchmarkBegan) for event in events)
        return bool(answer)

    models = tuple(ModelScript(name, size_bytes=GB, decode_tps=10.0, load_s=1.0) for name in ("a:1b", "b:1b"))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        await run(
            build_plan(targets=[parse_target(fleet.hosts[0].url)]),
            RunSettings(benchmark=SPEED_ONLY, time_limit_s=time_limit_s),
            until=Phase.ASSESS,
            emit=events.append,
            into=finished,
            approve=None if answer is None else approve,
        )
    return finished, events, len(asked)


@pytest.mark.virtual_time
async def test_the_forecast_counts_what_is_to_be_done() -> None:
    _, events, _ = await conducted()
    (found,) = [event.forecast for event in events if isinstance(event, Forecasted)]
    assert (found.models, found.loads, found.tokens) == (2, 2, 2 * (32 + 3 * 16))
    assert found.low_s < found.seconds < found.high_s


@pytest.mark.virtual_time
async def test_nothing_is_measured_before_the_answer_nor_after_a_no() -> None:
    finished, events, asked = await conducted(answer=False)
    assert asked == 1
    assert finished.results == []
    assert not any(isinstance(event, BenchmarkBegan) for event in events)
    assert events[-1] == PhaseEnded(Phase.BENCHMARK, False, "nothing was measured: the question was answered with no")


@pytest.mark.virtual_time
async def test_the_time_that_an_answer_takes_is_no_part_of_the_time_limit() -> None:
    finished, _, asked = await conducted(answer=True, time_limit_s=50)
    assert asked == 1
    assert [result.status for result in finished.results] == ["ok", "ok"]
    assert not finished.is_out_of_time


def test_a_display_that_is_held_draws_nothing_and_goes_on_afterwards() -> None:
    console = Console(file=io.StringIO(), _environ={})
    painter = Painter(console, lambda _width, _height: [])
    with painter.held():
        painter.say(Text("meanwhile"))
        painter.paint()
        assert isinstance(console.file, io.StringIO)
        assert not console.file.getvalue()
    painter.paint()
    assert console.file.getvalue() == "meanwhile\n"
