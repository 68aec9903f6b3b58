"""A run over three hosts, as exports want it: a pool, a model of another digest, an embedding model, picks."""

import functools

import msgspec

from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.benchmark.types import EmbeddingFigures, Result, TimeInterval
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.results.types import Document
from report.test_view import answers_of
from specimens import GB, document, host, model, result

GPU = "http://10.0.0.5:11434"
DESK = "http://192.168.1.20:11434"
HERE = "http://127.0.0.1:11434"
HOSTS = (
    msgspec.structs.replace(host(GPU), name="gpu box", addresses=("10.0.0.5",)),
    msgspec.structs.replace(host(DESK), name="desk"),
    msgspec.structs.replace(host(HERE), addresses=("127.0.0.1",)),
)
QUICK, CLEVER, CODER, EMBED = "quick:1b", "clever:8b", "coder:4b", "embed:latest"


def measured(name: str, url: str, tps: float, *, digest: str = "d" * 64, gigabytes: float = 5.0) -> Result:
    return msgspec.structs.replace(
        result(name, url, tps=tps),
        digest=digest,
        context_length=4096,
        memory_bytes=round(gigabytes * GB),
        ttft_interval=TimeInterval(0.3, 0.4, 5),
        prefill_tps=500.0,
    )


def listed(name: str, url: str, *capabilities: str) -> Model:
    return msgspec.structs.replace(model(name, url), capabilities=("completion", *capabilities))


EMBEDDING = Result(
    host=GPU,
    model=EMBED,
    status="ok",
    digest="e" * 64,
    memory_bytes=GB // 2,
    embedding=EmbeddingFigures(dimension=768, batch_1_per_s=41.5, batch_32_per_s=310.2),
)


def run_of(
    *results: Result,
    models: tuple[Model, ...] = (),
    hosts: tuple[Host, ...] = HOSTS,
    right: dict[str, int] | None = None,
) -> Document:
    """An assessed document of these results; `right` is how many of 80 items each model answered rightly."""
    known = right or {}
    answered = tuple(answers_of(one, right=known[one.model]) for one in results if one.model in known)
    assessments, verdict = assess(models, results, answered)
    return msgspec.structs.replace(
        document(),
        run_id="1234567890abcdef",
        hosts=hosts,
        models=models,
        results=results,
        quality_records=answered,
        assessments=assessments,
        verdict=verdict,
    )


@functools.cache
def sample() -> Document:
    """`clever` on two hosts at 90 and 30 tokens/s, `coder` and `quick` on one each, and an embedding model."""
    return run_of(
        measured(CLEVER, GPU, 90.0),
        measured(CLEVER, DESK, 30.0),
        measured(CODER, DESK, 45.0, digest="c" * 64, gigabytes=3.0),
        measured(QUICK, HERE, 200.0, digest="f" * 64, gigabytes=1.0),
        EMBEDDING,
        Result(host=DESK, model="broken:7b", status="failed", reason="it ended early"),
        models=(
            listed(CLEVER, GPU, "tools", "vision"),
            listed(CLEVER, DESK, "tools", "vision"),
            listed(CODER, DESK, "insert"),
            listed(QUICK, HERE, "thinking"),
            msgspec.structs.replace(listed(EMBED, GPU), kind="embedding", capabilities=("embedding",)),
            listed("broken:7b", DESK),
            msgspec.structs.replace(listed("vast:cloud", DESK), kind="cloud"),
        ),
        right={CLEVER: 72, CODER: 60, QUICK: 40},
    )
