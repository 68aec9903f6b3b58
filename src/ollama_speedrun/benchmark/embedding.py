"""Embedding models: how many texts a second become vectors, one by one and 32 at a time."""

import time
from typing import Final

from .. import units
from ..errors import OllamaError, ProtocolError
from ..inventory.types import Model
from ..ollama import wire
from ..visit.events import BenchmarkProgress, Stage
from . import metrics, outcome, stats, workload
from .host import LOAD_FACTOR, HostSession, find, residency_of
from .types import EmbeddingFigures, Result

LARGE_BATCH: Final = 32
ROUNDS: Final = 5


async def measure(host: HostSession, model: Model) -> Result:
    """Return an embedding model's figures, or its failure; nothing that a server does is raised."""
    try:
        return await _measure(host, model)
    except OllamaError as exc:
        return outcome.failed(model, str(exc))


async def _measure(host: HostSession, model: Model) -> Result:
    began_ns = time.perf_counter_ns()
    host.emit(BenchmarkProgress(model.host, model.name, Stage.LOADING))
    _, theirs = await host.arrive(model)
    num_ctx = None if theirs is None else theirs.context_length
    asked_ns = time.perf_counter_ns()
    first = await _embed(host, model, 1, num_ctx=num_ctx, timeout_s=LOAD_FACTOR * host.settings.timeout_s)
    load_ns = metrics.possible_ns(first.load_duration, time.perf_counter_ns() - asked_ns)
    residency = residency_of(find(await host.loaded() or (), model))
    rates = {}
    for size in (1, LARGE_BATCH):
        host.emit(BenchmarkProgress(model.host, model.name, Stage.EMBEDDING))
        rates[size] = stats.percentile([await _rate(host, model, size, num_ctx=num_ctx) for _ in range(ROUNDS)], 0.5)
    return outcome.embedded(
        model,
        EmbeddingFigures(dimension=len(first.embeddings[0]), batch_1_per_s=rates[1], batch_32_per_s=rates[LARGE_BATCH]),
        load_s=None if theirs or load_ns is None else units.seconds(load_ns),
        residency=residency,
        total_s=units.seconds(time.perf_counter_ns() - began_ns),
    )


async def _rate(host: HostSession, model: Model, size: int, *, num_ctx: int | None) -> float:
    began_ns = time.perf_counter_ns()
    await _embed(host, model, size, num_ctx=num_ctx, timeout_s=host.settings.timeout_s)
    return units.per_second(size, time.perf_counter_ns() - began_ns) or 0.0


async def _embed(
    host: HostSession, model: Model, size: int, *, num_ctx: int | None, timeout_s: float
) -> wire.Embeddings:
    """Ask for vectors, in the context that others loaded the model with, or the server's own choice of one."""
    request = wire.EmbedRequest(
        model=model.name,
        input=workload.sentences(host.nonce(), size),
        options={} if num_ctx is None else {"num_ctx": num_ctx},
    )
    answer = await host.client.embed(request, timeout_s=timeout_s)
    dimensions = {len(vector) for vector in answer.embeddings}
    if len(answer.embeddings) != size or len(dimensions) != 1 or 0 in dimensions:
        raise ProtocolError(
            f"{model.name} on {model.host} gave {len(answer.embeddings)} vectors for {size} texts, "
            f"{min(dimensions, default=0)} to {max(dimensions, default=0)} numbers long"
        )
    return answer
