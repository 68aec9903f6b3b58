import json
from collections.abc import Sequence

import pytest

from fake_ollama.raw import Raw, raw_server
from ollama_speedrun.benchmark.events import BenchmarkEnded
from ollama_speedrun.benchmark.plan import BenchmarkSettings, IfBusy
from ollama_speedrun.benchmark.runner import benchmark_host
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.ollama.client import OllamaClient, open_session
from records import model


async def measured(vectors: Sequence[Sequence[float]]) -> Result:
    """Measure an embedding model that gives these vectors to whatever it is asked."""
    body = json.dumps({"embeddings": vectors, "load_duration": 10**15}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    ended: list[Result] = []
    answers = {"/api/embed": (head, body), "/api/ps": (head, b"{}"), "*": (head, b"{}")}
    async with raw_server(Raw(answers)) as server, open_session() as session:
        await benchmark_host(
            OllamaClient(session, server.url),
            [model(kind="embedding", capabilities=("embedding",))],
            BenchmarkSettings(if_busy=IfBusy.GO, reference_trial=False),
            emit=lambda event: ended.append(event.result) if isinstance(event, BenchmarkEnded) else None,
            nonce=lambda: "n",
        )
    (result,) = ended
    return result


@pytest.mark.parametrize(
    ("vectors", "text"),
    [
        ([], "0 vectors for 1 texts"),
        ([[]], "1 vectors for 1 texts, 0 to 0 numbers long"),
        ([[0.5]], "1 vectors for 32"),
    ],
)
async def test_vectors_that_are_missing_or_empty_are_a_failure(vectors: list[list[float]], text: str) -> None:
    result = await measured(vectors)
    assert result.status == "failed"
    assert text in (result.reason or "")
