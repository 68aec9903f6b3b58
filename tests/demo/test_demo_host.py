"""One demo host with real inference, asked by the official client."""

import asyncio
import itertools
import json
from collections.abc import Sequence

import ollama
import psutil
import pytest

from demo.support import GREEDY, workers
from ollama_speedrun.demo.model_files import EMBED_Q8_0, INSTRUCT_Q4_1, INSTRUCT_Q8_0, ModelFile

pytestmark = pytest.mark.demo

CHAT = INSTRUCT_Q4_1.name
EMBED = EMBED_Q8_0.name
ASK_COLOURS = "Name three colours."


async def test_the_list_names_every_model_with_its_true_facts(
    client: ollama.AsyncClient, model_files: Sequence[ModelFile]
) -> None:
    listed = {model.model: model for model in (await client.list()).models}
    assert {name: (model.digest, model.size) for name, model in listed.items()} == {
        file.spec.name: (file.record.sha256, file.path.stat().st_size) for file in model_files
    }
    details = {name: model.details for name, model in listed.items()}
    assert {
        name: (each.family, each.parameter_size, each.quantization_level) for name, each in details.items() if each
    } == {
        CHAT: ("llama", "134.52M", "Q4_1"),
        INSTRUCT_Q8_0.name: ("llama", "134.52M", "Q8_0"),
        EMBED: ("llama", "70.79M", "Q8_0"),
    }


async def test_show_tells_capabilities_and_context(client: ollama.AsyncClient) -> None:
    chat, embed = await client.show(CHAT), await client.show(EMBED)
    assert (chat.capabilities, embed.capabilities) == (["completion"], ["embedding"])
    assert chat.modelinfo is not None
    assert embed.modelinfo is not None
    assert (chat.modelinfo["llama.context_length"], chat.modelinfo["llama.block_count"]) == (8192, 30)
    assert (embed.modelinfo["llama.context_length"], embed.modelinfo["llama.block_count"]) == (512, 12)
    assert str(chat.license).startswith("Apache License")


async def test_generate_streams_tokens_whose_counts_and_times_add_up(client: ollama.AsyncClient) -> None:
    chunks = [chunk async for chunk in await client.generate(CHAT, ASK_COLOURS, stream=True, options=GREEDY)]
    done = chunks[-1]
    assert "".join(chunk.response or "" for chunk in chunks) == "1. Red\n2. Blue\n3. Green"
    assert (done.done, done.done_reason, done.prompt_eval_count, done.eval_count) == (True, "stop", 13, 12)
    assert len(chunks) == done.eval_count  # the end token has no chunk of its own, the done line has
    parts = (done.load_duration, done.prompt_eval_duration, done.eval_duration)
    assert all(parts)
    assert sum(part or 0 for part in parts) <= (done.total_duration or 0)
    assert len(done.context or ()) == 13 + 11


async def test_the_same_seed_says_the_same_and_another_something_else(client: ollama.AsyncClient) -> None:
    async def said(seed: int) -> str | None:
        options = {"temperature": 1.5, "seed": seed, "num_predict": 12, "num_ctx": 2048}
        return (await client.generate(CHAT, "Tell a story.", options=options)).response

    first, again, other = await said(1), await said(1), await said(2)
    assert first == again != other


async def test_chat_streams_an_answer_to_its_turns(client: ollama.AsyncClient) -> None:
    turns = [{"role": "user", "content": "What is the capital of France?"}]
    chunks = [chunk async for chunk in await client.chat(CHAT, turns, stream=True, options=GREEDY)]
    assert "".join(chunk.message.content or "" for chunk in chunks) == "The capital of France is Paris."
    assert (chunks[-1].done, chunks[-1].done_reason, len(chunks)) == (True, "stop", 8)


async def test_a_schema_is_kept_to(client: ollama.AsyncClient) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}},
        "required": ["city", "inhabitants"],
        "additionalProperties": False,
    }
    answer = await client.generate(
        CHAT, "Describe Paris as JSON.", format=schema, options={**GREEDY, "num_predict": 200}
    )
    described = json.loads(answer.response or "")
    assert {name: type(value) for name, value in described.items()} == {"city": str, "inhabitants": int}


async def test_a_schema_with_an_unknown_type_is_refused(client: ollama.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "town"}}}
    with pytest.raises(ollama.ResponseError, match="invalid JSON schema in format") as caught:
        await client.generate(CHAT, "Describe Paris.", format=schema, options=GREEDY)
    assert caught.value.status_code == 500


async def test_embeddings_are_unit_vectors_that_tell_texts_apart(client: ollama.AsyncClient) -> None:
    texts = ["The cat sat on the mat.", "A kitten rests on a rug.", "Stock prices fell sharply today."]
    vectors = (await client.embed(EMBED, texts)).embeddings
    assert [len(vector) for vector in vectors] == [576, 576, 576]
    assert [sum(x * x for x in vector) for vector in vectors] == pytest.approx([1, 1, 1])
    cat, kitten, stocks = vectors
    assert sum(map(float.__mul__, cat, kitten)) > sum(map(float.__mul__, cat, stocks))


async def test_shortened_embeddings_are_unit_vectors_too(client: ollama.AsyncClient) -> None:
    [vector] = (await client.embed(EMBED, "a harbour", dimensions=64)).embeddings
    assert len(vector) == 64
    assert sum(x * x for x in vector) == pytest.approx(1)


async def test_a_text_beyond_the_embedding_context_is_cut_or_refused(client: ollama.AsyncClient) -> None:
    text = "word " * 1000
    assert (await client.embed(EMBED, text)).prompt_eval_count == 512
    with pytest.raises(ollama.ResponseError, match="the input length exceeds the context length") as caught:
        await client.embed(EMBED, text, truncate=False)
    assert caught.value.status_code == 400


async def test_a_chat_model_gives_no_embeddings(client: ollama.AsyncClient) -> None:
    with pytest.raises(ollama.ResponseError, match="does not support embeddings") as caught:
        await client.embed(CHAT, "a harbour")
    assert caught.value.status_code == 501


async def test_ps_says_what_is_loaded_and_unloading_ends_its_process(client: ollama.AsyncClient) -> None:
    await client.generate(CHAT, ASK_COLOURS, options={**GREEDY, "num_predict": 2})
    [running] = (await client.ps()).models
    assert (running.model, running.context_length, running.size_vram) == (CHAT, 2048, 0)
    weights_bytes = 98_362_432
    assert weights_bytes < (running.size or 0) < 2 * weights_bytes
    assert len(workers()) == 1
    assert (await client.generate(CHAT, "", keep_alive=0)).done_reason == "unload"
    await asyncio.to_thread(psutil.wait_procs, workers(), timeout=60)
    assert ((await client.ps()).models, workers()) == ([], [])


async def test_more_context_takes_more_memory_and_no_more_than_the_model_has_is_given(
    client: ollama.AsyncClient,
) -> None:
    sizes = []
    for num_ctx in (256, 2048, 99_999):
        await client.generate(CHAT, "Hi", options={"num_ctx": num_ctx, "num_predict": 1})
        [running] = (await client.ps()).models
        sizes.append((running.context_length, running.size or 0))
    assert [context for context, _ in sizes] == [256, 2048, 8192]
    assert all(smaller < larger for (_, smaller), (_, larger) in itertools.pairwise(sizes))


async def test_a_second_model_takes_the_place_of_the_first(client: ollama.AsyncClient) -> None:
    for name in (CHAT, INSTRUCT_Q8_0.name):
        await client.generate(name, ASK_COLOURS, options={**GREEDY, "num_predict": 1})
    assert [running.model for running in (await client.ps()).models] == [INSTRUCT_Q8_0.name]
    assert len(workers()) == 1


async def test_a_cancelled_stream_frees_the_slot_at_once(client: ollama.AsyncClient) -> None:
    endless = await client.generate(
        CHAT, "Write a long story.", stream=True, options={**GREEDY, "temperature": 1, "num_predict": 2000}
    )
    async for _ in endless:
        break
    await endless.aclose()  # type: ignore[attr-defined]
    after = await client.generate(CHAT, ASK_COLOURS, options={**GREEDY, "num_predict": 4})
    named = (after.load_duration, after.prompt_eval_duration, after.eval_duration)
    waited_ns = (after.total_duration or 0) - sum(part or 0 for part in named)
    per_token_ns = (after.eval_duration or 0) / (after.eval_count or 1)
    assert waited_ns < 200 * per_token_ns  # it had 2000 to go


async def test_cancelling_during_the_prompt_frees_the_slot_within_a_batch(client: ollama.AsyncClient) -> None:
    sentence, one_token = "The harbour master wrote down every ship. ", {**GREEDY, "num_predict": 1}
    short = await client.generate(CHAT, f"Short. {sentence * 30}", options=one_token)
    asked = asyncio.create_task(client.generate(CHAT, f"Long. {sentence * 180}", options=one_token))
    await asyncio.sleep(0.2)
    asked.cancel()
    await asyncio.wait([asked])
    after = await client.generate(CHAT, ASK_COLOURS, options=one_token)
    assert asked.cancelled()
    named = (after.load_duration, after.prompt_eval_duration, after.eval_duration)
    waited_ns = (after.total_duration or 0) - sum(part or 0 for part in named)
    assert waited_ns < 2 * (short.prompt_eval_duration or 0)  # two batches; six times as much was asked for


async def test_a_repeated_prompt_is_counted_in_full_and_costs_next_to_nothing(client: ollama.AsyncClient) -> None:
    prompt = "The harbour master wrote down every ship. " * 60
    options = {**GREEDY, "num_predict": 1}
    cold, warm = [await client.generate(CHAT, prompt, options=options) for _ in range(2)]
    assert cold.prompt_eval_count == warm.prompt_eval_count
    assert (warm.prompt_eval_duration or 0) < 0.3 * (cold.prompt_eval_duration or 0)


async def test_a_prompt_beyond_the_context_is_cut_to_half_or_refused(client: ollama.AsyncClient) -> None:
    options = {**GREEDY, "num_ctx": 512, "num_predict": 1}
    prompt = "word " * 1000
    assert (await client.generate(CHAT, prompt, options=options)).prompt_eval_count == 4 + 254
    body = {"model": CHAT, "prompt": prompt, "truncate": False, "options": options}
    answer = await client._client.post("/api/generate", json=body)
    assert answer.status_code == 400
    refusal = json.loads(answer.json()["error"])["error"]
    assert (refusal["type"], refusal["n_ctx"]) == ("exceed_context_size_error", 512)


async def test_generation_goes_on_past_the_context_unless_shifting_is_refused(client: ollama.AsyncClient) -> None:
    async def ended(**more: object) -> tuple[str, int]:
        options = {**GREEDY, "num_ctx": 256, "num_predict": 30}
        body = {"model": CHAT, "prompt": "0 " * 120, "raw": True, "stream": False, "options": options, **more}
        done = (await client._client.post("/api/generate", json=body)).json()
        return done["done_reason"], done["prompt_eval_count"] + done["eval_count"]

    assert await ended(shift=False) == ("length", 256)
    assert await ended() == ("length", 240 + 30)


async def test_the_killed_process_of_a_model_is_an_error_in_the_stream_and_the_next_request_loads_anew(
    client: ollama.AsyncClient,
) -> None:
    endless = {**GREEDY, "temperature": 1, "num_predict": 2000}
    stream = await client.generate(CHAT, "Write a long story.", stream=True, options=endless)
    async for _ in stream:
        break
    for worker in workers():
        worker.kill()
    with pytest.raises(ollama.ResponseError, match="an error was encountered while running the model: unexpected EOF"):
        [chunk async for chunk in stream]
    answer = await client.generate(CHAT, ASK_COLOURS, options=GREEDY)
    assert answer.response == "1. Red\n2. Blue\n3. Green"


async def test_logprobs_come_with_each_token_when_asked_for(client: ollama.AsyncClient) -> None:
    body = {
        "model": CHAT,
        "prompt": ASK_COLOURS,
        "stream": False,
        "logprobs": True,
        "top_logprobs": 2,
        "options": {**GREEDY, "num_predict": 3},
    }
    answer = (await client._client.post("/api/generate", json=body)).json()
    assert [(set(each), len(each["top_logprobs"])) for each in answer["logprobs"]] == [
        ({"token", "logprob", "bytes", "top_logprobs"}, 2)
    ] * 3
