import json

import aiohttp

from fake_ollama.fleet import fake_host
from fake_ollama.script import HostScript, ModelScript, Student
from fake_ollama.student import WRONG, exam, knows, truth
from ollama_speedrun.quality import bank
from ollama_speedrun.quality.items import Area, Item
from ollama_speedrun.quality.mixes import Mix

SEED = 5


async def asked(host_url: str, item: Item) -> tuple[str, list[dict[str, object]]]:
    body = {
        "model": "m:1b",
        "messages": [{"role": message.role, "content": message.content} for message in item.messages],
        "tools": [
            {"type": "function", "function": {"name": tool.name, "parameters": json.loads(tool.parameters)}}
            for tool in item.tools
        ],
        "stream": False,
    }
    async with aiohttp.ClientSession() as session, session.post(f"{host_url}/api/chat", json=body) as response:
        message = (await response.json())["message"]
        return message["content"], message.get("tool_calls", [])


def script(ability: float) -> HostScript:
    student = Student(key="m", seed=SEED, ability=ability)
    return HostScript(models=(ModelScript("m:1b", student=student, capabilities=("completion", "tools")),))


async def test_a_student_that_knows_everything_answers_as_the_oracle_does() -> None:
    item = next(item for item in bank.mix(Mix.EASY, SEED) if item.area == Area.WRITING)

    async with fake_host(script(100)) as host:
        assert await asked(host.url, item) == (item.oracle[0].content, [])


async def test_a_student_calls_the_tools_that_the_oracle_calls() -> None:
    item = next(item for item in bank.mix(Mix.EASY, SEED) if item.area == Area.TOOLS and item.oracle[0].tool_calls)

    async with fake_host(script(100)) as host:
        _, calls = await asked(host.url, item)

    called = [call["function"] for call in calls]
    assert [(call["name"], call["arguments"]) for call in called] == [  # type: ignore[index]
        (call.name, json.loads(call.arguments)) for call in item.oracle[0].tool_calls
    ]


async def test_a_student_that_knows_nothing_answers_wrongly() -> None:
    item = next(item for item in bank.mix(Mix.HARD, SEED) if item.chance == 0)

    async with fake_host(script(-100)) as host:
        assert await asked(host.url, item) == (WRONG, [])


def test_the_abler_student_gets_more_right_and_equal_keys_answer_alike() -> None:
    items = bank.mix(Mix.MIDDLE, SEED)
    weak, strong = Student(key="a", seed=SEED, ability=-1), Student(key="a", seed=SEED, ability=1)

    assert truth(weak, items) < truth(strong, items)
    assert [knows(strong, item) for item in items] == [
        knows(Student(key="a", seed=SEED, ability=1), item) for item in items
    ]


def test_an_area_can_have_an_ability_of_its_own() -> None:
    student = Student(key="a", seed=SEED, ability=-100, abilities={"writing": 100})
    items = [item for item in bank.mix(Mix.MIDDLE, SEED) if item.chance == 0]

    assert {item.area for item in items if knows(student, item)} == {Area.WRITING}


def test_every_item_of_a_run_is_found_by_its_messages() -> None:
    assert len(exam(SEED).items) >= len(bank.mix(Mix.EASY, SEED))
