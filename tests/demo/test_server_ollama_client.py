import asyncio
import json
from collections.abc import AsyncIterator

import ollama
import pytest

from fake_ollama import FakeHost, HostScript, ModelScript, embedding_model, fake_fleet

COLOURS = "1. Red\n2. Blue\n3. Green"
HOST = HostScript(
    models=(
        ModelScript("llama3.2:1b", answer=COLOURS, capabilities=("completion", "tools")),
        ModelScript("qwen3:8b", answer="4", thinking_tokens=5, capabilities=("completion", "thinking")),
        embedding_model("minilm:f16"),
        ModelScript("slow:1b", decode_tps=100, endless=True),
    ),
)


@pytest.fixture
async def host() -> AsyncIterator[FakeHost]:
    async with fake_fleet([HOST]) as fleet:
        yield fleet.hosts[0]


@pytest.fixture
async def client(host: FakeHost) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama.AsyncClient(host.url, trust_env=False) as asker:
        yield asker


async def test_the_client_lists_models(client: ollama.AsyncClient) -> None:
    listed = await client.list()
    assert [model.model for model in listed.models] == ["llama3.2:1b", "qwen3:8b", "minilm:f16", "slow:1b"]
    assert listed.models[0].details is not None
    assert listed.models[0].details.quantization_level == "Q4_K_M"


async def test_the_client_shows_a_model(client: ollama.AsyncClient) -> None:
    shown = await client.show("llama3.2:1b")
    assert shown.capabilities == ["completion", "tools"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["llama.context_length"] == 131_072


async def test_the_client_streams_a_generation(client: ollama.AsyncClient) -> None:
    chunks = [chunk async for chunk in await client.generate("llama3.2:1b", "Name three colours.", stream=True)]
    assert "".join(chunk.response or "" for chunk in chunks) == COLOURS
    assert (chunks[-1].done, chunks[-1].done_reason, chunks[-1].eval_count) == (True, "stop", 12)


async def test_the_client_generates_at_once(client: ollama.AsyncClient) -> None:
    answer = await client.generate("llama3.2:1b", "Name three colours.", options={"num_predict": 5})
    assert (answer.response, answer.done_reason, answer.eval_count) == ("1. Red\n2", "length", 5)


async def test_the_client_streams_a_chat_with_its_thoughts(client: ollama.AsyncClient) -> None:
    question = [{"role": "user", "content": "What is 2+2?"}]
    messages = [chunk.message async for chunk in await client.chat("qwen3:8b", question, stream=True)]
    assert [bool(message.thinking) for message in messages] == [True] * 5 + [False] * 2
    assert "".join(message.content or "" for message in messages) == "4"


async def test_the_client_chats_at_once(client: ollama.AsyncClient) -> None:
    answer = await client.chat("qwen3:8b", [{"role": "user", "content": "What is 2+2?"}], think=False)
    assert (answer.message.content, answer.message.thinking) == ("4", None)


async def test_the_client_gets_the_schema_that_it_asks_for(client: ollama.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "population": {"type": "integer"}}}
    answer = await client.chat("llama3.2:1b", [{"role": "user", "content": "A city?"}], format=schema)
    assert json.loads(answer.message.content or "") == {"city": "Oslo", "population": 1}


async def test_the_client_embeds(client: ollama.AsyncClient) -> None:
    answer = await client.embed("minilm:f16", ["a harbour", "rain"])
    assert [len(vector) for vector in answer.embeddings] == [384, 384]
    assert answer.prompt_eval_count == 7


async def test_the_client_sees_what_is_loaded_and_unloads_it(client: ollama.AsyncClient, host: FakeHost) -> None:
    await client.generate("llama3.2:1b", "Hello", options={"num_ctx": 2048})
    running = (await client.ps()).models
    assert [(model.model, model.context_length) for model in running] == [("llama3.2:1b", 2048)]
    answer = await client.generate("llama3.2:1b", keep_alive=0)
    assert answer.done_reason == "unload"
    assert list(host.loaded) == []


async def test_the_client_hears_of_a_missing_model(client: ollama.AsyncClient) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nope:1b' not found") as caught:
        await client.generate("nope:1b", "Hello")
    assert caught.value.status_code == 404


async def test_a_stream_that_the_client_leaves_frees_the_slot(client: ollama.AsyncClient, host: FakeHost) -> None:
    stream = await client.generate("slow:1b", "Tell me everything.", stream=True)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    async with asyncio.timeout(60):
        while host.engine.running:  # noqa: ASYNC110 - a server tells nobody that it noticed
            await asyncio.sleep(0.01)
    assert [generation.outcome for generation in host.engine.generations] == ["cancelled"]


async def test_the_blocking_client_works_too(host: FakeHost) -> None:
    def ask() -> ollama.GenerateResponse:
        with ollama.Client(host.url, trust_env=False) as asker:
            answer = asker.generate("llama3.2:1b", "Name three colours.")
            assert isinstance(answer, ollama.GenerateResponse)
            return answer

    assert (await asyncio.to_thread(ask)).response == COLOURS
