"""A visit against the scripted fake: conversations, raw prompts, and studies that come back to a model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fake_ollama.fleet import FakeHost, fake_host
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit import loaded, stream
from ollama_speedrun.visit.ask import Ask, ChatAsk, options
from ollama_speedrun.visit.loaded_model import LoadedModel
from ollama_speedrun.visit.study import study
from ollama_speedrun.visit.types import Residency
from ollama_speedrun.visit.visit import Visit
from records import PLAIN

pytestmark = pytest.mark.virtual_time


@asynccontextmanager
async def visiting(*models: ModelScript, **host: Any) -> AsyncIterator[tuple[FakeHost, LoadedModel]]:
    """Visit a host and its first model."""
    async with fake_host(HostScript(models=models, **host)) as running, open_session() as session:
        client = OllamaClient(session, running.url)
        first, *_ = await list_models(client, host=running.url, emit=lambda _: None)
        visit = Visit(client, emit=lambda _: None, nonce=lambda: "nonce", timeout_s=5)
        yield running, LoadedModel(visit, first, num_ctx=2048)


async def test_a_conversation_is_answered_in_full_with_stamps_and_counts() -> None:
    script = ModelScript("m:1b", capabilities=("completion", "thinking"), thinking_tokens=3, answer="Four, I think.")
    async with visiting(script) as (host, model):
        answer = await model.chat([wire.Message(role="user", content="2+2?")], num_predict=64, seed=7)
        (request,) = host.asked("/api/chat")
    assert (answer.content, bool(answer.thinking), answer.tool_calls, answer.is_whole) == (
        "Four, I think.",
        True,
        (),
        True,
    )
    assert (answer.record.done_reason, answer.record.token_limit) == ("stop", 64)
    assert 0 < (answer.record.first_content_ns or 0) < answer.record.ended_ns
    assert isinstance(request.body, dict)
    assert request.body["options"] == options(num_predict=64, num_ctx=2048, seed=7)
    assert (request.body["truncate"], request.body["shift"]) == (False, False)


async def test_a_tool_call_comes_back_by_name_and_arguments() -> None:
    call = {"name": "get_weather", "arguments": {"city": "Oslo"}}
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    async with visiting(ModelScript("m:1b", capabilities=("completion", "tools"), tool_call=call)) as (_, model):
        answer = await model.chat([wire.Message(role="user", content="Weather?")], num_predict=64, tools=[tool])
    assert [one.function for one in answer.tool_calls] == [wire.FunctionCall("get_weather", {"city": "Oslo"})]


async def test_a_raw_prompt_ends_before_its_stop_text() -> None:
    async with visiting(ModelScript("m:1b", answer="4\nQ: what else?")) as (host, model):
        answer = await model.complete("Q: 2+2\nA:", num_predict=64, stop=("\n",))
        (request,) = host.asked("/api/generate")
    assert answer.content == "4"
    assert isinstance(request.body, dict)
    assert request.body["raw"] is True


class Question:
    """A study of one chat for each question."""

    name = "the answers"
    needs_the_memory = False

    def __init__(self, *questions: str) -> None:
        self.answers: list[str] = []
        self._left = list(questions)

    async def step(self, model: LoadedModel) -> bool:
        question = wire.Message(role="user", content=self._left.pop(0))
        self.answers.append((await model.chat([question], num_predict=16)).content)
        return bool(self._left)


async def test_a_model_can_be_visited_again_with_other_studies_and_is_unloaded_each_time() -> None:
    async with visiting(ModelScript("m:1b", answer="yes")) as (host, model):
        first, second, third = Question("a", "b"), Question("c"), Question("d")
        await study(model, [first, second])
        assert host.loaded == []
        await study(model.another(), [third])
        assert host.loaded == []
        loads = sum(record.work.loads for record in host.requests)
    assert ([first.answers, second.answers, third.answers], loads) == ([["yes", "yes"], ["yes"], ["yes"]], 2)


def test_a_transcript_keeps_bounded_text_and_says_that_more_came() -> None:
    transcript = stream.Transcript()
    for text in ("a" * (stream.MOST_CHARACTERS - 1), "bc", "d"):
        transcript.add(wire.Chunk(response=text))
    answer = transcript.answer(PLAIN)
    assert (len(answer.content), answer.content[-2:], answer.is_whole) == (stream.MOST_CHARACTERS, "ab", False)


def test_odd_tool_calls_count_as_calls_of_no_tool_and_too_many_are_left_out() -> None:
    transcript = stream.Transcript()
    odd: tuple[Any, ...] = ("text", {"function": 7}, {"function": {"name": "f", "arguments": "{}"}})
    transcript.add(wire.Chunk(tool_calls=odd))
    calls = transcript.answer(PLAIN).tool_calls
    assert [call.function for call in calls] == [
        wire.FunctionCall(),
        wire.FunctionCall(),
        wire.FunctionCall("f", "{}"),
    ]
    transcript.add(wire.Chunk(tool_calls=odd * 100))
    assert len(transcript.answer(PLAIN).tool_calls) == stream.MOST_TOOL_CALLS
    assert not transcript.answer(PLAIN).is_whole


def test_requests_of_both_kinds_pin_the_same_options() -> None:
    asked = Ask(prompt="p", num_predict=8, num_ctx=512).request("m")
    chatted = ChatAsk(messages=(), num_predict=8, num_ctx=512).request("m")
    assert asked.options == chatted.options == options(num_predict=8, num_ctx=512)


def test_a_context_of_no_tokens_is_one_that_the_server_does_not_tell() -> None:
    entry = wire.Loaded(name="m:1b", size=5, size_vram=9, context_length=0)
    assert loaded.residency_of(entry) == Residency(5, 5, None)
