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


async def test_names_of_one_digest_are_each_others_aliases_and_no_digest_makes_none() -> None:
    tags = {
        "models": [
            {"name": "a:1b", "digest": "ab" * 32},
            {"name": "other:1b", "digest": "cd" * 32},
            {"name": "b:1b", "digest": "ab" * 32},
            {"name": "bare:1b"},
            {"name": "empty:1b", "digest": ""},
            {"name": "empty:2b", "digest": ""},
        ]
    }
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    async with (
        raw_server(Raw({"/api/tags": (head, json.dumps(tags).encode()), "*": (head, b"{}")})) as server,
        open_session() as session,
    ):
        models = await list_models(OllamaClient(session, server.url), host=server.url, emit=lambda _: None)
    aliases = {model.name: model.aliases for model in models if model.aliases}
    assert aliases == {"a:1b": ("b:1b",), "b:1b": ("a:1b",)}


async def test_a_model_keeps_its_name_whatever_else_is_odd() -> None:
    odd = [
        {"name": "words:1b", "size": "4.7 GB"},
        {"model": "only-model:1b", "details": None, "capabilities": None},
        {"name": "caps:1b", "capabilities": ["completion", None]},
        {"name": "x" * 513},
        {},
        7,
    ]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    told: list[ModelListed | ModelFailed] = []
    async with (
        raw_server(Raw({"/api/tags": (head, json.dumps({"models": odd}).encode()), "*": (head, b"{}")})) as server,
        open_session() as session,
    ):
        models = await list_models(OllamaClient(session, server.url), host=server.url, emit=told.append)
    assert [(model.name, model.size_bytes) for model in models] == [
        ("words:1b", None),
        ("only-model:1b", None),
        ("caps:1b", None),
    ]
    assert [event.reason for event in told if isinstance(event, ModelFailed)] == [
        "its name has 513 characters, more than any model's",
        "an entry of /api/tags has no name",
        "an entry of /api/tags has no name",
    ]
