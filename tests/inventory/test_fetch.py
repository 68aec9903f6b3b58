import json

from fake_ollama.raw import Raw, raw_server
from ollama_speedrun.inventory.events import ModelFailed, ModelListed
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama.client import OllamaClient, open_session


async def test_a_model_that_is_listed_twice_counts_once_and_an_odd_entry_spoils_itself_alone() -> None:
    tags = {"models": [{"name": "m:1b", "size": 10**300}, {"name": "m:1b"}, {"name": 7}, {"name": "n:1b", "size": 5}]}
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    told: list[ModelListed | ModelFailed] = []
    async with (
        raw_server(Raw({"/api/tags": (head, json.dumps(tags).encode()), "*": (head, b"{}")})) as server,
        open_session() as session,
    ):
        models = await list_models(OllamaClient(session, server.url), host=server.url, emit=told.append)
    assert [(model.name, model.size_bytes) for model in models] == [("m:1b", None), ("n:1b", 5)]
    assert [event.model for event in told if isinstance(event, ModelFailed)] == ["(unnamed)"]
