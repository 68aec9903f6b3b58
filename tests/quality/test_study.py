"""Graded items, asked of the fake by models whose true abilities are known."""

import itertools
from collections.abc import Sequence
from functools import partial

import pytest

from fake_ollama.fleet import FakeHost, fake_fleet, fake_host
from fake_ollama.script import ErrorAnswer, HostScript, ModelScript, Student, repeating_model
from fake_ollama.student import knows
from ollama_speedrun.errors import ServerError
from ollama_speedrun.events import Notice
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.quality.bank import Selection
from ollama_speedrun.quality.desk import Desk
from ollama_speedrun.quality.events import ItemGraded, QualityBegan, QualityEvent
from ollama_speedrun.quality.exam import Exam, ExamSettings
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import Area, Item
from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.pilot import PILOT_ITEMS
from ollama_speedrun.quality.records import ItemRecord
from ollama_speedrun.quality.study import GradedItems
from ollama_speedrun.visit.loaded_model import LoadedModel
from ollama_speedrun.visit.study import study
from ollama_speedrun.visit.types import Residency
from ollama_speedrun.visit.visit import Visit

pytestmark = pytest.mark.virtual_time

SEED = 5
CHAT_TEMPLATE = "{{ range .Messages }}<|{{ .Role }}|>{{ .Content }}{{ end }}"
ONE_LINERS = frozenset({Area.REASONING, Area.FACTS, Area.CONTEXT})


def small(_model: Model, _residency: Residency | None) -> str | None:
    return "<2"


def desk(items: int = 12, **settings: object) -> Desk:
    selection = Selection(areas=ONE_LINERS)
    exam = Exam(ExamSettings(items=items, first=items, selection=selection, **settings), seed=SEED)  # type: ignore[arg-type]
    return Desk(exam, tier_of=small)


def student(ability: float, **changes: object) -> ModelScript:
    key = str(changes.pop("key", "m"))
    fields = {"template": CHAT_TEMPLATE, **changes}
    return ModelScript("m:1b", student=Student(key=key, seed=SEED, ability=ability), **fields)  # type: ignore[arg-type]


async def examine(
    host: FakeHost, at: Desk, *, thinks: bool | None = None, told: list[str] | None = None
) -> list[QualityEvent]:
    events: list[QualityEvent] = []

    def tell(event: object) -> None:
        if isinstance(event, Notice) and told is not None:
            told.append(event.text)

    numbers = itertools.count()
    async with open_session() as session:
        client = OllamaClient(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        visit = Visit(client, emit=tell, nonce=lambda: f"{next(numbers)}", timeout_s=60)
        await visit.residents.look_around()
        model = LoadedModel(visit, models[0], num_ctx=4096, thinks=thinks)
        items = GradedItems(at, variant=None, grade=grade, emit=events.append, server_version="0.33.0")
        await study(model, [items])
    return events


def asked(events: Sequence[QualityEvent], *, counted: bool = True) -> list[ItemRecord]:
    return [event.record for event in events if isinstance(event, ItemGraded) and event.record.is_counted == counted]


def item_named(at: Desk, name: str) -> Item:
    return next(item for mix in Mix for item in at.exam.items(mix, ()) if item.name == name)


async def test_a_model_gets_right_what_it_knows_and_nothing_else() -> None:
    at, script = desk(), student(0.0)

    async with fake_host(HostScript(models=(script,))) as host:
        events = await examine(host, at)

    assert script.student is not None
    assert len(asked(events)) == 12
    assert {record.item: record.grade.score for record in asked(events)} == {
        record.item: float(knows(script.student, item_named(at, record.item))) for record in asked(events)
    }


async def test_a_queue_at_a_gateway_is_no_part_of_the_seconds_of_an_item() -> None:
    script = student(0.0, prefill_tps=20_000, decode_tps=200)

    async with fake_host(HostScript(models=(script,), holds_s=(2.0,), end_hold_s=1.0)) as host:
        records = asked(await examine(host, desk()))

    assert min(answer.ended_ns for record in records for answer in record.answers) > 3e9
    assert max(record.seconds for record in records) < 1.0


async def test_a_pilot_comes_first_and_is_kept_apart() -> None:
    at = desk()

    async with fake_host(HostScript(models=(student(100),))) as host:
        events = await examine(host, at)

    began = next(event for event in events if isinstance(event, QualityBegan))
    assert (began.items, began.record.mix, began.record.protocol) == (12, "middle", "chat")
    assert len(asked(events, counted=False)) == PILOT_ITEMS


async def test_every_request_pins_what_makes_answers_comparable() -> None:
    async with fake_host(HostScript(models=(student(0),))) as host:
        await examine(host, desk())
        bodies = [record.body for record in host.asked("/api/chat")]

    options = [body["options"] for body in bodies if isinstance(body, dict)]
    assert {option["num_ctx"] for option in options} == {4096}
    assert {(o["temperature"], o["top_k"], o["repeat_penalty"], o["seed"]) for o in options} == {(0, 1, 1, 42)}
    assert [body["truncate"] for body in bodies if isinstance(body, dict)] == [False] * len(bodies)


async def test_the_model_is_loaded_once_for_all_items() -> None:
    async with fake_host(HostScript(models=(student(0),))) as host:
        await examine(host, desk())

        assert sum(record.work.loads for record in host.requests) == 1


async def test_an_equal_model_on_another_host_is_only_checked() -> None:
    at = desk()
    script = student(0.5, digest="ab" * 32)

    async with fake_fleet([HostScript(models=(script,)), HostScript(models=(script,))]) as fleet:
        first, second = [await examine(host, at) for host in fleet.hosts]

    assert (len(asked(first)), len(asked(second))) == (12, 10)
    assert [record.item for record in asked(second)] == [record.item for record in asked(first)][:10]


async def test_a_model_that_answers_otherwise_than_its_equal_is_asked_all_items() -> None:
    at = desk()
    able, poor = student(100, digest="ab" * 32), student(-100, key="other", digest="ab" * 32)
    told: list[str] = []

    async with fake_fleet([HostScript(models=(able,)), HostScript(models=(poor,))]) as fleet:
        _, second = [await examine(host, at, told=told) for host in fleet.hosts]

    assert len(asked(second)) == 12
    (said,) = told
    assert said.startswith(f"m:1b on {fleet.hosts[1].url} answers otherwise than its equal on {fleet.hosts[0].url}")


async def test_a_model_that_may_think_gets_room_for_it() -> None:
    capabilities = ("completion", "thinking")
    async with fake_host(HostScript(models=(student(0, capabilities=capabilities, thinking_tokens=20),))) as host:
        await examine(host, desk())
        thinking = [record.body for record in host.asked("/api/chat")][-1]
    async with fake_host(HostScript(models=(student(0, capabilities=capabilities),))) as host:
        await examine(host, desk(), thinks=False)
        direct = [record.body for record in host.asked("/api/chat")][-1]

    assert isinstance(thinking, dict)
    assert isinstance(direct, dict)
    assert thinking["options"]["num_predict"] == direct["options"]["num_predict"] + 1024


async def test_a_model_that_thinks_in_its_answers_gets_room_for_it_though_no_capability_says_so() -> None:
    asked_for = []
    for answer in ("<think> so it is, and so on", "so it is </think> 42", "42"):
        async with fake_host(HostScript(models=(ModelScript("m:1b", answer=answer, template=CHAT_TEMPLATE),))) as host:
            await examine(host, desk())
            bodies = [record.body for record in host.asked("/api/chat")[1:]]
        assert all(isinstance(body, dict) for body in bodies)
        asked_for.append([body["options"]["num_predict"] for body in bodies if isinstance(body, dict)])
    opened, closed, plain = asked_for
    assert [budget - usual for budget, usual in zip(opened, plain, strict=True)] == [1024] * len(plain)
    assert [budget - usual for budget, usual in zip(closed, plain, strict=True)] == [1024] * len(plain)


async def test_an_item_that_the_server_fails_to_answer_is_replaced_and_counts_nowhere() -> None:
    fault = ErrorAnswer(status=500, text="something broke")
    script = student(100, fault=fault, faulty_requests=2, sound_requests=12)

    async with fake_host(HostScript(models=(script,))) as host:
        events = await examine(host, desk())

    broken = [record for record in asked(events) if record.grade.status == "ungradable"]
    assert len(broken) == 1
    assert "something broke" in broken[0].grade.why
    assert len(asked(events)) - len(broken) == 12


async def test_a_server_that_keeps_failing_ends_the_study_and_what_was_graded_stands() -> None:
    fault = ErrorAnswer(status=500, text="something broke")
    script = student(100, fault=fault, sound_requests=12)
    events: list[QualityEvent] = []

    async with fake_host(HostScript(models=(script,))) as host, open_session() as session:
        client = OllamaClient(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        visit = Visit(client, emit=lambda _: None, nonce=partial(next, itertools.cycle("ab")), timeout_s=60)
        await visit.residents.look_around()
        items = GradedItems(desk(), variant=None, grade=grade, emit=events.append)
        (failure,) = await study(LoadedModel(visit, models[0], num_ctx=4096), [items])
    assert isinstance(failure, ServerError)

    graded = [record for record in asked(events) if record.grade.status == "graded"]
    assert graded
    assert all(record.grade.score == 1 for record in graded)


async def test_a_base_model_is_given_solved_examples_to_continue() -> None:
    async with fake_host(HostScript(models=(student(0, template="{{ .Prompt }}", answer=" 7"),))) as host:
        events = await examine(host, desk())
        bodies = [record.body for record in host.asked("/api/generate")][1:]

    began = next(event for event in events if isinstance(event, QualityBegan))
    assert began.record.protocol == "3-shot"
    assert asked(events)
    prompts = [body for body in bodies if isinstance(body, dict) and body.get("raw")]
    assert {body["prompt"].count("Answer:") for body in prompts} == {4}
    assert all(body["options"]["stop"] == ["\n"] for body in prompts)


async def test_an_answer_that_the_server_ended_for_repetition_is_graded_and_no_failure_of_the_server() -> None:
    at = desk()
    script = repeating_model("m:1b", template=CHAT_TEMPLATE)
    async with fake_host(HostScript(models=(script,))) as host:
        records = asked(await examine(host, at))
    assert len(records) == 12
    assert {(entry.grade.status, entry.grade.failure) for entry in records} == {("graded", "repeats")}
    assert "repeat" in {entry.answers[-1].done_reason for entry in records}


async def test_the_output_tokens_of_a_model_that_does_not_think_are_bounded() -> None:
    async with fake_host(HostScript(models=(student(100),))) as host:
        events = await examine(host, desk(items=40, answer_tokens=150))
        spent = sum(generation.output_tokens for generation in host.engine.generations)

    assert 0 < len(asked(events)) < 40
    assert spent <= 150 + 20  # the warm-up says a few words


async def test_thinking_is_not_bounded_by_the_output_tokens_of_answers() -> None:
    script = student(100, capabilities=("completion", "thinking"), thinking_tokens=50)
    async with fake_host(HostScript(models=(script,))) as host:
        events = await examine(host, desk(items=12, answer_tokens=150))

    assert len(asked(events)) == 12
