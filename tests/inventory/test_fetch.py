import json
from typing import cast

import pytest

from fake_ollama.fleet import fake_host
from fake_ollama.raw import Raw, raw_server
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun.errors import ServerError
from ollama_speedrun.inventory.events import ModelFailed, ModelListed
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama import wire
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
            {"name": "b:1b", "digest": "sha256:" + "AB" * 32},
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


class RefusesOnce(OllamaClient):
    """A client of a server that refuses to describe a model the first time."""

    refused: ServerError | None = None

    async def show(self, model: str, *, verbose: bool = False) -> wire.Show:
        refused, self.refused = self.refused, None
        if refused is not None:
            raise refused
        return await super().show(model, verbose=verbose)


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("refused", "failures"),
    [
        (ServerError(500, "database is locked"), 0),
        (ServerError(503, "busy", retry_after_s=2.0), 0),
        (ServerError(429, "slow down"), 0),
        (ServerError(429, "slow down", retry_after_s=60.0), 1),
        (ServerError(403, "not for you"), 1),
    ],
)
async def test_details_that_a_server_refuses_once_are_asked_for_again(refused: ServerError, failures: int) -> None:
    told: list[ModelListed | ModelFailed] = []
    async with fake_host(HostScript(models=(ModelScript("m:1b"),))) as host, open_session() as session:
        client = RefusesOnce(session, host.url)
        client.refused = refused
        await list_models(client, host=host.url, emit=told.append)
    assert sum(isinstance(event, ModelFailed) for event in told) == failures


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


async def test_details_are_asked_for_in_full_where_a_list_that_tells_of_memory_was_left_out() -> None:
    hybrid = ModelScript(
        "hybrid:1b",
        family="jamba",
        model_info={
            "general.architecture": "jamba",
            "jamba.block_count": 4,
            "jamba.embedding_length": 64,
            "jamba.attention.head_count": 4,
            "jamba.attention.head_count_kv": [0, 2, 0, 0],
        },
    )
    async with fake_host(HostScript(models=(hybrid, ModelScript("m:1b")))) as host, open_session() as session:
        models = await list_models(OllamaClient(session, host.url), host=host.url, emit=lambda _: None)
        asked = [cast("dict[str, object]", record.body) for record in host.asked("/api/show")]
    assert {model.name: model.kv_cache and model.kv_cache.bytes_per_token for model in models} == {
        "hybrid:1b": 128,
        "m:1b": None,
    }
    assert [body.get("verbose") for body in asked if body["model"] == "hybrid:1b"] == [None, True]
