"""Runs after other runs: what they take over, what makes them measure again, and how an interrupted one goes on."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fake_ollama.fleet import FakeHost, Fleet, fake_fleet
from fake_ollama.script import HostScript, ModelScript, able_model, embedding_model
from fake_ollama.student import SEED
from ollama_speedrun import BenchmarkSettings, Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.events import BenchmarkEnded, BenchmarkPartial
from ollama_speedrun.benchmark.plan import Extra, IfBusy, Thinking
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.events import Notice, PhaseEnded
from ollama_speedrun.history.recall import HistoryRecall, seed_of
from ollama_speedrun.history.store import History
from ollama_speedrun.pipeline.events import Event, Forecasted
from ollama_speedrun.quality.events import ItemGraded, PilotAnswered
from ollama_speedrun.results.context import read_context
from ollama_speedrun.results.known import Recall, recall_of
from ollama_speedrun.results.types import Document
from records import GB

pytestmark = pytest.mark.virtual_time

SETTINGS = BenchmarkSettings(
    second_turn=Extra.OFF,
    timeout_s=60,
    num_predict=24,
    num_ctx=2048,
    trial_tokens=24,
    most_trials=2,
    take_turns=False,
    reference_trial=False,
    if_busy=IfBusy.GO,
    max_items=20,
    first_items=20,
    races=False,
    item_seed=SEED,
    areas=("facts", "reasoning", "tasks"),
)
LONGER = msgspec.structs.replace(SETTINGS, num_predict=64, trial_tokens=32, most_trials=4)
"""Trials that take most of the time of a model, as they do in a real run."""
MODELS = (
    able_model("small:1b", 2.0, decode_tps=100.0, load_s=2.0),
    able_model("middle:3b", 1.0, decode_tps=60.0, load_s=3.0, size_bytes=3 * GB),
    embedding_model("embed:m"),
)
NEW = able_model("new:1b", 3.0, decode_tps=90.0, load_s=2.0)


class Past:
    """A history, and runs that take over from it and add to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def run(
        self, fleet: Fleet, settings: BenchmarkSettings = SETTINGS, *, recall: Recall | None = None
    ) -> tuple[Document, list[Event], float]:
        """Run, and keep the run; returns its document, its events and how many seconds it took."""
        done, events = Run(), list[Event]()
        known = recall or HistoryRecall(self.path, settings, read_context())
        took_s = await measured(fleet, done, events, settings, known)
        document = done.document(complete=True)
        with History(self.path) as history:
            history.add(document, verb="run")
        return document, events, took_s


async def measured(
    fleet: Fleet, into: Run, events: list[Event], settings: BenchmarkSettings, recall: Recall | None
) -> float:
    plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
    began_s = asyncio.get_running_loop().time()
    await run(plan, RunSettings(benchmark=settings), until=Phase.ASSESS, emit=events.append, into=into, recall=recall)
    return asyncio.get_running_loop().time() - began_s


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path / "history.db")


def at(host: FakeHost, *models: ModelScript, **changes: object) -> HostScript:
    """The same server, started again with other models."""
    return msgspec.structs.replace(host.script, port=host.port, models=models, **changes)


def generations(host: FakeHost) -> Counter[str]:
    """How many answers and vectors each model gave."""
    paths = ("/api/generate", "/api/chat", "/api/embed")
    bodies = [record.body for record in host.requests if record.path in paths]
    return Counter(str(body["model"]) for body in bodies if isinstance(body, dict) and _asks(body))


def _asks(body: dict[str, object]) -> bool:
    return bool(body.get("prompt") or body.get("messages") or body.get("input"))


def notices(events: Sequence[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Notice))


def where(document: Document) -> dict[str, str | None]:
    return {result.model: result.measured_in for result in document.results}


def without_origin(results: Sequence[Result]) -> list[Result]:
    return sorted((msgspec.structs.replace(one, measured_in=None) for one in results), key=lambda one: one.model)


async def test_a_second_run_takes_over_what_the_first_one_measured_after_a_check_of_one_model(past: Past) -> None:
    async with fake_fleet([HostScript(models=MODELS)]) as fleet:
        first, _, first_s = await past.run(fleet)
        before = generations(fleet.hosts[0])
        second, events, second_s = await past.run(fleet)
        asked = generations(fleet.hosts[0]) - before
        loaded = list(fleet.hosts[0].loaded)
    assert where(second) == dict.fromkeys(("small:1b", "middle:3b", "embed:m"), first.run_id)
    assert without_origin(second.results) == without_origin(first.results)
    assert second.quality_records == first.quality_records
    assert second.verdict == first.verdict
    assert asked == {"small:1b": 12}  # to load it, one trial, ten items
    assert second_s < first_s / 3
    assert "3 results taken over from " in notices(events)
    assert "--fresh measures them again" in notices(events)
    assert not [event for event in events if isinstance(event, Forecasted)]
    assert PhaseEnded(Phase.BENCHMARK, succeeded=True, summary="0 measured, 3 taken over") in events
    assert loaded == []


async def test_a_third_run_names_the_run_that_measured_and_not_the_one_between(past: Past) -> None:
    async with fake_fleet([HostScript(models=MODELS[:1])]) as fleet:
        first, _, _ = await past.run(fleet)
        await past.run(fleet)
        third, _, _ = await past.run(fleet)
    assert set(where(third).values()) == {first.run_id}


async def test_adding_one_model_to_many_costs_about_the_time_of_one_model(past: Past) -> None:
    many = tuple(
        able_model(f"m{number}:1b", number / 10, decode_tps=80.0, load_s=2.0, size_bytes=GB + number)
        for number in range(6)
    )
    async with fake_fleet([HostScript(models=many)]) as fleet:
        host = fleet.hosts[0]
        _, _, all_s = await past.run(fleet, LONGER)
    async with fake_fleet([at(host, *many, NEW)]) as fleet:
        document, _, added_s = await past.run(fleet, LONGER)
    one_s = all_s / len(many)
    assert [model for model, run_id in where(document).items() if run_id is None] == ["new:1b"]
    assert len(document.results) == len(many) + 1
    assert added_s < 2 * one_s


CHANGES: dict[str, Callable[[FakeHost], HostScript]] = {
    "slower": lambda host: at(
        host, msgspec.structs.replace(MODELS[0], decode_tps=60.0, prefill_tps=20_000.0), MODELS[1]
    ),
    "duller": lambda host: at(host, _duller(MODELS[0]), MODELS[1]),
    "off the GPU": lambda host: at(host, msgspec.structs.replace(MODELS[0], gpu_share=0.5), MODELS[1]),
    "of another version": lambda host: at(host, *MODELS[:2], version="0.34.0"),
}


def _duller(model: ModelScript) -> ModelScript:
    assert model.student is not None
    return msgspec.structs.replace(model, student=msgspec.structs.replace(model.student, ability=-9.0))


@pytest.mark.parametrize("change", CHANGES)
async def test_a_host_that_is_no_longer_what_it_was_is_measured_again(past: Past, change: str) -> None:
    async with fake_fleet([HostScript(models=MODELS[:2])]) as fleet:
        host = fleet.hosts[0]
        await past.run(fleet)
    async with fake_fleet([CHANGES[change](host)]) as fleet:
        document, events, _ = await past.run(fleet)
    assert where(document) == dict.fromkeys(("small:1b", "middle:3b"))
    assert {result.status for result in document.results} == {"ok"}
    if change != "of another version":
        assert "all of its models are measured again" in notices(events)


async def test_a_model_with_another_digest_is_measured_again_and_no_other(past: Past) -> None:
    async with fake_fleet([HostScript(models=MODELS)]) as fleet:
        host = fleet.hosts[0]
        first, _, _ = await past.run(fleet)
    pulled = msgspec.structs.replace(MODELS[1], digest="a" * 64)
    async with fake_fleet([at(host, MODELS[0], pulled, MODELS[2])]) as fleet:
        document, _, _ = await past.run(fleet)
    assert where(document) == {"small:1b": first.run_id, "middle:3b": None, "embed:m": first.run_id}


UNLIKE: dict[str, BenchmarkSettings] = {
    "another context": msgspec.structs.replace(SETTINGS, num_ctx=4096),
    "other areas": msgspec.structs.replace(SETTINGS, areas=("facts",)),
}


@pytest.mark.parametrize("unlike", UNLIKE)
async def test_nothing_is_taken_over_from_a_run_with_other_settings(past: Past, unlike: str) -> None:
    async with fake_fleet([HostScript(models=MODELS[:1])]) as fleet:
        await past.run(fleet)
        document, _, _ = await past.run(fleet, UNLIKE[unlike])
    assert set(where(document).values()) == {None}


async def test_settings_that_change_no_figure_do_not_matter(past: Past) -> None:
    other = msgspec.structs.replace(SETTINGS, timeout_s=99, if_busy=IfBusy.WAIT, sure=0.9, within=0.1)
    async with fake_fleet([HostScript(models=MODELS[:1])]) as fleet:
        first, _, _ = await past.run(fleet)
        document, _, _ = await past.run(fleet, other)
    assert where(document) == {"small:1b": first.run_id}


async def test_a_run_asks_in_the_order_of_the_one_before_so_that_answers_compare(past: Past) -> None:
    assert seed_of(past.path, SETTINGS) is None
    drawn = msgspec.structs.replace(SETTINGS, item_seed=None)
    async with fake_fleet([HostScript(models=MODELS[:1])]) as fleet:
        first, _, _ = await past.run(fleet, drawn)
    seed = seed_of(past.path, drawn)
    assert [record.seed for record in first.quality_records] == [seed]
    assert seed_of(past.path, UNLIKE["other areas"]) is None


async def test_a_race_goes_on_from_the_answers_of_earlier_runs(past: Past) -> None:
    racing = msgspec.structs.replace(SETTINGS, races=True, max_items=400, first_items=10)
    rivals = (able_model("able:1b", 4.0, load_s=1.0), able_model("poor:1b", -4.0, load_s=1.0))
    async with fake_fleet([HostScript(models=rivals)]) as fleet:
        host = fleet.hosts[0]
        first, _, _ = await past.run(fleet, racing)
    best = able_model("best:1b", 9.0, load_s=1.0)
    async with fake_fleet([at(host, *rivals, best)]) as fleet:
        second, _, _ = await past.run(fleet, racing)
    assert first.verdict is not None
    assert second.verdict is not None
    certainty = second.verdict.tiers[0].certainty
    assert certainty is not None
    assert certainty.kind in {"certified", "tied"}
    records = {record.model: record for record in second.quality_records}
    assert records["best:1b"].mix == records["able:1b"].mix
    assert records["best:1b"].seed == records["able:1b"].seed
    for record in first.quality_records:
        now = records[record.model]
        assert now.items[: len(record.items)] == record.items
        assert len({item.item for item in now.counted}) == len(now.counted)


async def test_where_no_model_can_be_checked_all_are_measured(past: Past) -> None:
    async with fake_fleet([HostScript(models=MODELS[2:])]) as fleet:
        await past.run(fleet)
        document, events, _ = await past.run(fleet)
    assert where(document) == {"embed:m": None}
    assert "no model of it can be checked" in notices(events)


async def test_a_variant_that_is_known_is_not_measured_with_those_that_are_not(past: Past) -> None:
    thinker = able_model("mind:1b", 2.0, capabilities=("completion", "thinking"), thinking_tokens=4)
    async with fake_fleet([HostScript(models=(thinker,))]) as fleet:
        first, _, _ = await past.run(fleet, msgspec.structs.replace(SETTINGS, thinking=Thinking.OFF))
        both, _, _ = await past.run(fleet, msgspec.structs.replace(SETTINGS, thinking=Thinking.ALL))
    assert {result.variant: result.measured_in for result in both.results} == {"direct": first.run_id, "thinking": None}


STOPS: dict[str, Callable[[Event], bool]] = {
    "in the pilot": lambda event: isinstance(event, PilotAnswered) and len(event.record.items) == 2,
    "after a trial": lambda event: isinstance(event, BenchmarkPartial) and len(event.result.trials) == 2,
    "after seven items": lambda event: isinstance(event, ItemGraded) and event.record.place == 7,
    "after a model": lambda event: isinstance(event, BenchmarkEnded),
}


@pytest.mark.parametrize("stop", STOPS)
async def test_an_interrupted_run_goes_on_without_repeating_trials_or_items(past: Past, stop: str) -> None:
    async with fake_fleet([HostScript(models=MODELS[:2])]) as fleet:
        host = fleet.hosts[0]
        cut = await interrupted(fleet, STOPS[stop])
        before = generations(host)
        events = list[Event]()
        whole = Run()
        whole.go_on(cut)
        await measured(fleet, whole, events, SETTINGS, recall_of(cut, now=datetime.now(UTC)))
        resumed = generations(host) - before
    document = whole.document(complete=True)
    async with fake_fleet([at(host, *MODELS[:2])]) as fleet:
        straight, _, _ = await past.run(fleet)
        at_once = generations(fleet.hosts[0])
    assert (document.run_id, document.started_at) == (cut.run_id, cut.started_at)
    assert {result.model: (result.status, result.is_cut_short) for result in document.results} == dict.fromkeys(
        ("small:1b", "middle:3b"), ("ok", False)
    )
    for record in cut.quality_records:
        now = next(one for one in document.quality_records if one.model == record.model)
        assert now.items[: len(record.items)] == record.items
    for record in document.quality_records:
        assert max(Counter(item.item for item in record.items).values()) == 1
    for result in cut.results:
        now_result = next(one for one in document.results if one.model == result.model)
        assert now_result.trials[: len(result.trials)] == result.trials
    extra = sum((before + resumed).values()) - sum(at_once.values())
    assert 0 <= extra <= 2  # one more load, and what was under way
    assert document.verdict is not None
    assert straight.verdict is not None


async def interrupted(fleet: Fleet, stop: Callable[[Event], bool]) -> Document:
    """The document of a run that is cancelled at an event."""
    cut, task = Run(), asyncio.current_task()
    working: asyncio.Task[None]

    def emit(event: Event) -> None:
        if stop(event):
            working.cancel()

    plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
    working = asyncio.create_task(run(plan, RunSettings(benchmark=SETTINGS), until=Phase.ASSESS, emit=emit, into=cut))
    assert task is not None
    with pytest.raises(asyncio.CancelledError):
        await working
    return cut.document(complete=False)


async def test_a_run_that_goes_on_much_later_checks_the_host_first(past: Past) -> None:
    async with fake_fleet([HostScript(models=MODELS[:2])]) as fleet:
        host = fleet.hosts[0]
        first, _, _ = await past.run(fleet)
        before = generations(host)
        later = datetime.now(UTC) + timedelta(days=2)
        whole = Run()
        whole.go_on(first)
        await measured(fleet, whole, [], SETTINGS, recall_of(first, now=later))
        assert generations(host) - before == {"small:1b": 12}
        events = list[Event]()
        await measured(fleet, whole, events, SETTINGS, recall_of(first, now=datetime.now(UTC)))
        assert generations(host) - before == {"small:1b": 12}
    assert "2 results of this run kept" in notices(events)
    assert "--fresh" not in notices(events)  # which would not measure them again


async def test_a_host_that_came_back_is_measured_and_the_others_are_not(past: Past) -> None:
    near, far = HostScript(models=MODELS[:1]), HostScript(models=(NEW,), address="127.0.0.2")
    async with fake_fleet([near]) as fleet:
        first, _, _ = await past.run(fleet)
        host = fleet.hosts[0]
    async with fake_fleet([at(host, *MODELS[:1]), far]) as fleet:
        whole = Run()
        whole.go_on(first)
        await measured(fleet, whole, [], SETTINGS, recall_of(first, now=datetime.now(UTC)))
        assert generations(fleet.hosts[0]) == {}
        assert generations(fleet.hosts[1])["new:1b"] > 12
    assert {result.model: result.status for result in whole.results} == {"small:1b": "ok", "new:1b": "ok"}
