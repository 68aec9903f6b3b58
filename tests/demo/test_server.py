import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest

from fake_ollama import FakeHost, HostScript, LoadError, ModelScript, cloud_model, fake_fleet, image_model

pytestmark = pytest.mark.virtual_time

Line = Mapping[str, object]


class Caller:
    """One host and a session to ask it with."""

    def __init__(self, host: FakeHost, session: aiohttp.ClientSession) -> None:
        self.host = host
        self.session = session

    async def post(self, path: str, **body: object) -> tuple[int, list[Line]]:
        async with self.session.post(self.host.url + path, json=body) as response:
            return response.status, [json.loads(line) for line in (await response.text()).splitlines()]

    async def generate(self, model: str, *, prompt: str = "Hello", num_predict: int = 4, **more: object) -> Line:
        options = {"num_predict": num_predict}
        status, lines = await self.post("/api/generate", model=model, prompt=prompt, options=options, **more)
        assert status == 200
        return lines[-1]

    async def running(self) -> list[str]:
        async with self.session.get(self.host.url + "/api/ps") as response:
            return [model["name"] for model in (await response.json())["models"]]


@asynccontextmanager
async def calling(*models: ModelScript, **settings: object) -> AsyncIterator[Caller]:
    host = HostScript(models=models, **settings)  # type: ignore[arg-type]
    async with fake_fleet([host]) as fleet, aiohttp.ClientSession() as session:
        yield Caller(fleet.hosts[0], session)


def number(line: Line, key: str) -> int:
    value = line[key]
    assert isinstance(value, int)
    return value


async def until_empty(caller: Caller) -> None:
    async with asyncio.timeout(5):
        while await caller.running():  # noqa: ASYNC110 - a server tells nobody when it unloads
            await asyncio.sleep(0.01)


async def test_a_model_goes_when_its_keep_alive_is_over() -> None:
    async with calling(ModelScript("a:1b")) as caller:
        await caller.generate("a:1b", keep_alive="50ms")
        assert await caller.running() == ["a:1b"]
        await until_empty(caller)


async def test_the_default_keep_alive_is_the_servers() -> None:
    async with calling(ModelScript("a:1b"), keep_alive_s=0.05) as caller:
        await caller.generate("a:1b")
        await until_empty(caller)


async def test_keep_alive_zero_with_a_prompt_unloads_after_the_answer() -> None:
    async with calling(ModelScript("a:1b")) as caller:
        line = await caller.generate("a:1b", keep_alive=0)
        assert (line["done_reason"], await caller.running()) == ("length", [])


async def test_a_model_stays_while_it_is_busy_past_its_keep_alive() -> None:
    async with calling(ModelScript("a:1b", decode_tps=100)) as caller:
        await caller.generate("a:1b", keep_alive=0.05)
        busy = asyncio.create_task(caller.generate("a:1b", num_predict=20))
        await asyncio.sleep(0.1)
        assert await caller.running() == ["a:1b"]
        await busy
        await until_empty(caller)


async def test_an_unload_waits_for_the_answer_that_is_under_way() -> None:
    async with calling(ModelScript("a:1b", decode_tps=100)) as caller:
        busy = asyncio.create_task(caller.generate("a:1b", num_predict=10))
        await asyncio.sleep(0.03)
        _, lines = await caller.post("/api/generate", model="a:1b", keep_alive=0)
        assert lines[0]["done_reason"] == "unload"
        assert await caller.running() == ["a:1b"]
        assert (await busy)["eval_count"] == 10
        await until_empty(caller)


async def test_the_idle_model_with_the_shortest_keep_alive_is_evicted_first() -> None:
    async with calling(ModelScript("a:1b"), ModelScript("b:1b"), ModelScript("c:1b"), max_loaded=2) as caller:
        await caller.generate("a:1b", keep_alive="10m")
        await caller.generate("b:1b", keep_alive="1m")
        await caller.generate("c:1b")
        assert await caller.running() == ["a:1b", "c:1b"]


async def test_one_slot_serves_in_order_and_the_wait_shows_in_the_total_alone() -> None:
    async with calling(ModelScript("a:1b", decode_tps=100), preloaded=("a:1b",)) as caller:
        lines = [asyncio.create_task(caller.generate("a:1b", prompt=f"{turn}", num_predict=10)) for turn in range(3)]
        done = [await line for line in lines]
        host = caller.host
    assert host.peak_concurrency == 1
    assert [generation.outcome for generation in host.engine.generations] == ["done"] * 3
    waits = [
        number(line, "total_duration") - number(line, "eval_duration") - number(line, "load_duration") for line in done
    ]
    assert [round(wait / 90e6) for wait in waits] == [0, 1, 2]


async def test_several_slots_serve_at_once() -> None:
    async with calling(ModelScript("a:1b", decode_tps=100), num_parallel=3) as caller:
        await asyncio.gather(*(caller.generate("a:1b", num_predict=10) for _ in range(3)))
        assert caller.host.peak_concurrency == 3


async def test_equal_loads_at_once_are_one_load() -> None:
    async with calling(ModelScript("a:1b", load_s=0.1)) as caller:
        await asyncio.gather(*(caller.generate("a:1b") for _ in range(3)))
        assert sum(record.work.loads for record in caller.host.requests) == 1


async def test_loads_happen_one_after_another() -> None:
    async with calling(ModelScript("a:1b", load_s=0.1), ModelScript("b:1b", load_s=0.1)) as caller:
        first, second = await asyncio.gather(caller.generate("a:1b"), caller.generate("b:1b"))
    assert number(first, "load_duration") >= 100e6
    assert number(second, "load_duration") >= 200e6


async def test_a_client_that_leaves_aborts_the_load() -> None:
    async with calling(ModelScript("a:1b", load_s=10)) as caller:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await caller.generate("a:1b")
        async with asyncio.timeout(2):
            line = (await caller.post("/api/generate", model="a:1b", keep_alive=0))[1][0]
        assert (line["done_reason"], await caller.running()) == ("unload", [])


async def test_another_num_ctx_loads_anew_and_leaving_it_out_does_so_too() -> None:
    async with calling(ModelScript("a:1b")) as caller:
        for options in ({"num_ctx": 2048}, {"num_ctx": 2048}, {"num_ctx": 512}, {}):
            await caller.post("/api/generate", model="a:1b", options=options)
        assert [record.work.loads for record in caller.host.requests] == [1, 0, 1, 1]


async def test_a_model_that_cannot_be_loaded_says_why_and_blocks_nobody() -> None:
    async with calling(ModelScript("a:1b", load_error=LoadError()), ModelScript("b:1b")) as caller:
        status, lines = await caller.post("/api/generate", model="a:1b", prompt="Hello")
        assert (status, lines) == (500, [{"error": LoadError().text}])
        assert (await caller.generate("b:1b"))["done"] is True


async def test_text_is_escaped_as_go_does() -> None:
    async with calling(ModelScript("a:1b", answer="<b> & </b>")) as caller:
        body = {"model": "a:1b", "prompt": "x", "stream": False}
        async with caller.session.post(caller.host.url + "/api/generate", json=body) as response:
            text = await response.text()
    assert r'"response":"\u003cb\u003e \u0026 \u003c/b\u003e"' in text


@pytest.mark.parametrize(
    ("path", "body", "status", "answer"),
    [
        ("generate", "[]", 400, "json: cannot unmarshal array into Go value of type api.GenerateRequest"),
        ("generate", '{"model":', 400, "unexpected EOF"),
        (
            "generate",
            '{"model":5}',
            400,
            "json: cannot unmarshal number into Go struct field GenerateRequest.model of type string",
        ),
        ("generate", '{"model":"a:1b","keep_alive":"5"}', 400, 'time: missing unit in duration "5"'),
        ("generate", '{"model":"a:1b","keep_alive":"5y"}', 400, 'time: unknown unit "y" in duration "5y"'),
        ("generate", '{"model":"a:1b","top_logprobs":99}', 400, "top_logprobs must be between 0 and 20"),
        ("generate", '{"model":"a:1b","options":{"stop":"x"}}', 500, 'option "stop" must be of type array'),
        ("generate", '{"model":"image:x","prompt":"x"}', 400, '"image:x" does not support generate'),
        ("chat", '{"model":"image:x","messages":[{"role":"user"}]}', 400, '"image:x" does not support chat'),
        ("embed", '{"model":"a:1b","input":5}', 400, "invalid input type"),
        ("show", "", 400, "missing request body"),
    ],
)
async def test_bad_requests_are_refused_in_ollamas_words(path: str, body: str, status: int, answer: str) -> None:
    async with (
        calling(ModelScript("a:1b"), image_model("image:x")) as caller,
        caller.session.post(f"{caller.host.url}/api/{path}", data=body) as response,
    ):
        assert (response.status, await response.json()) == (status, {"error": answer})


async def test_a_cloud_model_asks_to_sign_in() -> None:
    async with calling(cloud_model("gpt-oss:120b-cloud")) as caller:
        status, lines = await caller.post("/api/generate", model="gpt-oss:120b-cloud", prompt="x")
    assert (status, lines) == (401, [{"error": "unauthorized", "signin_url": "https://ollama.com/connect"}])


async def test_local_pages_are_let_in_and_told_so() -> None:
    async with calling(ModelScript("a:1b")) as caller:
        origin = {"Origin": "http://localhost:3000"}
        async with caller.session.get(caller.host.url + "/api/version", headers=origin) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


async def test_a_server_on_every_interface_takes_any_host_name() -> None:
    async with calling(ModelScript("a:1b"), address="0.0.0.0") as caller:
        url = f"http://127.0.0.1:{caller.host.port}/api/version"
        async with caller.session.get(url, headers={"Host": "box.example.com"}) as response:
            assert response.status == 200


async def test_a_prompt_can_be_had_without_inference_from_chat_and_generate() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi."}]
    async with calling(ModelScript("a:1b")) as caller:
        status, (chat,) = await caller.post("/api/chat", model="a:1b", messages=messages, _debug_render_only=True)
        _, (generate,) = await caller.post("/api/generate", model="a:1b", prompt="Hi.", _debug_render_only=True)
        assert caller.host.engine.generations == []
        assert await caller.running() == ["a:1b"]
    assert status == 200
    assert {key: value for key, value in chat.items() if key != "created_at"} == {
        "model": "a:1b",
        "message": {"role": "", "content": ""},
        "done": False,
        "_debug_info": {"rendered_template": "<|system|>Be brief.<|user|>Hi."},
    }
    assert (generate["response"], generate["done"]) == ("", False)
    assert generate["_debug_info"] == {"rendered_template": "<|user|>Hi."}


async def test_a_rendered_prompt_counts_its_images() -> None:
    picture = {"role": "user", "content": "What is it?", "images": ["aaaa"]}
    async with calling(ModelScript("a:1b", capabilities=("completion", "vision"))) as caller:
        _, (line,) = await caller.post("/api/chat", model="a:1b", messages=[picture], _debug_render_only=True)
    assert line["_debug_info"] == {"rendered_template": "<|user|>What is it?", "image_count": 1}


TOOLS = [{"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"type": "object"}}}]


def after_a_call(arguments: object) -> list[dict[str, object]]:
    call = {"function": {"name": "add", "arguments": arguments}}
    return [
        {"role": "user", "content": "Add."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_name": "add"},
    ]


async def test_a_conversation_goes_on_after_a_call_and_its_result() -> None:
    async with calling(ModelScript("a:1b", capabilities=("completion", "tools"), answer="It is 3.")) as caller:
        messages = after_a_call({"a": 1, "b": 2})
        status, lines = await caller.post("/api/chat", model="a:1b", messages=messages, tools=TOOLS)
        whole = caller.host.engine.generations[-1].prompt_tokens
        await caller.post("/api/chat", model="a:1b", messages=after_a_call({}), tools=TOOLS)
        assert whole > caller.host.engine.generations[-1].prompt_tokens
    said = "".join(line["message"]["content"] for line in lines)  # type: ignore[index]
    assert (status, said) == (200, "It is 3.")


async def test_arguments_of_an_earlier_call_must_be_an_object() -> None:
    async with calling(ModelScript("a:1b", capabilities=("completion", "tools"))) as caller:
        status, _ = await caller.post("/api/chat", model="a:1b", messages=after_a_call('{"a": 1}'), tools=TOOLS)
    assert status == 400


async def test_tools_are_refused_by_a_model_that_has_none() -> None:
    async with calling(ModelScript("a:1b")) as caller:
        status, (line,) = await caller.post("/api/chat", model="a:1b", messages=after_a_call({}), tools=TOOLS)
    assert (status, line) == (400, {"error": "registry.ollama.ai/library/a:1b does not support tools"})
