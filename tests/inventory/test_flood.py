"""Answers made to keep this program busy: none holds the event loop up for longer than an honest one several times.

Times are those of the processor in this thread, so that nothing else on the machine can lengthen them.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fake_ollama import raw
from ollama_speedrun.discovery.scan import discover
from ollama_speedrun.discovery.types import DiscoveryPlan, ServerTarget
from ollama_speedrun.errors import OllamaError
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import Bounds, OllamaClient, open_session

BOUNDS = Bounds()
MOST_TIMES = 15
ENTRY = {"name": "m:1b", "model": "m:1b", "digest": "a1" * 32, "size": 1, "details": {"families": ["llama"]}}
Use = Callable[[OllamaClient], Awaitable[object]]


def filled(unit: str, before: str, after: str, size_bytes: int) -> bytes:
    """A body of just less than this size, the middle of which is one text again and again."""
    return (before + unit * ((size_bytes - len(before) - len(after) - 1) // len(unit)) + after).encode()


async def embed(client: OllamaClient) -> object:
    return await client.embed(wire.EmbedRequest(model="m", input=("a", "b")), timeout_s=60)


async def generate(client: OllamaClient) -> object:
    async with client.generate(wire.GenerateRequest(model="m")) as chunks:
        return [chunk async for chunk in chunks]


async def models(client: OllamaClient) -> object:
    return await list_models(client, host=client.base_url, emit=lambda _: None)


SHOW, LINE, LIST, VECTORS = BOUNDS.details_bytes, BOUNDS.line_bytes, BOUNDS.models_bytes, BOUNDS.vectors_bytes
FLOODS: dict[str, tuple[str, Use, bytes]] = {
    "empty models": ("/api/tags", models, filled("{},", '{"models":[', "{}]}", LIST)),
    "numbers for models": ("/api/tags", models, filled("1,", '{"models":[', "1]}", LIST)),
    "models without end": ("/api/tags", models, filled(f"{json.dumps(ENTRY)},", '{"models":[', "{}]}", LIST)),
    "loaded models without end": ("/api/ps", OllamaClient.ps, filled('{"size":"x"},', '{"models":[', "{}]}", LIST)),
    "licences without end": ("/api/show", models, filled('"x",', '{"license":[', '"x"]}', SHOW)),
    "odd licences": ("/api/show", models, filled("1,", '{"license":[', "1]}", SHOW)),
    "half surrogates": ("/api/show", models, filled("\\ud800", '{"template":"', '"}', SHOW)),
    "lines": ("/api/show", models, filled("\\n", '{"template":"","modelfile":"', '"}', SHOW)),
    "vocabulary": ("/api/show", models, filled("1,", '{"model_info":{"general.architecture":"a","x":[', "1]}}", SHOW)),
    "fields": ("/api/show", models, filled('"a":{},', '{"model_info":{', '"general.architecture":"a"}}', SHOW)),
    "tool calls": ("/api/generate", generate, filled("{},", '{"tool_calls":[', "{}]}\n", LINE)),
    "an error": ("/api/generate", generate, filled("{},", '{"error":[', "{}]}\n", LINE)),
    "context": ("/api/generate", generate, filled("1,", '{"done":true,"context":[', "1]}\n", LINE)),
    "one vector": ("/api/embed", embed, filled("1,", '{"embeddings":[[', "1]]}", VECTORS)),
    "vectors without end": ("/api/embed", embed, filled("[],", '{"embeddings":[', "[]]}", VECTORS)),
    "no vectors": ("/api/embed", embed, filled("1,", '{"embeddings":[', "1]}", VECTORS)),
    "in full": (
        "/api/show",
        lambda client: client.show("m", verbose=True),
        filled('"a.b",', '{"model_info":{"a.b":[', '"a"]}}', BOUNDS.full_details_bytes),
    ),
}


def honest_s() -> float:
    """The processor's time for a list of five thousand models, read by Python itself."""
    listed = json.dumps({"models": [ENTRY] * 5_000})
    began_s = time.thread_time()
    json.loads(listed)
    return time.thread_time() - began_s


@contextlib.asynccontextmanager
async def longest_turn() -> AsyncIterator[list[float]]:
    """Give a list whose only entry is the longest turn of the event loop so far, in seconds of the processor."""
    longest_s = [0.0]

    async def watch() -> None:
        before_s = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now_s = time.thread_time()
            longest_s[0] = max(longest_s[0], now_s - before_s)
            before_s = now_s

    watching = asyncio.create_task(watch())
    try:
        yield longest_s
        await asyncio.sleep(0)  # the last turn counts, too
    finally:
        watching.cancel()


def server(path: str, body: bytes) -> raw.Raw:
    tags = raw.http(200, json.dumps({"models": [ENTRY]}).encode())
    return raw.Raw({"/api/tags": (tags,), "*": (raw.http(200, b"{}"),), path: (raw.http(200, body),)})


@pytest.mark.parametrize("name", FLOODS)
async def test_no_answer_holds_up_the_event_loop(name: str) -> None:
    path, use, body = FLOODS[name]
    usual_s = min(honest_s() for _ in range(3))
    async with raw.raw_server(server(path, body)) as flooding, open_session() as session, longest_turn() as longest_s:
        with contextlib.suppress(OllamaError):
            await use(OllamaClient(session, flooding.url))
    assert longest_s[0] < MOST_TIMES * usual_s


@pytest.mark.parametrize("name", ["empty models", "numbers for models", "models without end"])
async def test_no_stranger_holds_up_a_scan(name: str) -> None:
    path, _, body = FLOODS[name]
    usual_s = min(honest_s() for _ in range(3))
    async with raw.raw_server(server(path, body)) as flooding, longest_turn() as longest_s:
        await discover(
            DiscoveryPlan(candidates=(ServerTarget(host="127.0.0.1", port=flooding.port),)), emit=lambda _: None
        )
    assert longest_s[0] < MOST_TIMES * usual_s
