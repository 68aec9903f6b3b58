"""From a document to machines with their models, each with its worth for a demand. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from ..assessment import score, uses
from ..assessment.choice import Candidate as Ratable
from ..assessment.choice import rate
from ..assessment.recommend import candidates_of
from ..benchmark.types import Result, ResultKey
from ..inventory.types import Model
from ..quality.comparison import beats_guessing
from ..results.types import Document
from .memory import capacity_of, memory_at
from .residents import as_loaded
from .types import Candidate, Capacity, Held, Site, Want

_LOADED_AGAIN_S: Final = 10.0
"""What a load is taken for where its time was not measured."""


def sites(
    document: Document, demand: Sequence[Want], *, given_bytes: Mapping[str, int], num_ctx: int | None
) -> tuple[Site, ...]:
    """Return the machines with the models that can serve any of the demand.

    `given_bytes` is the memory of a machine by the URL of one of its servers, `num_ctx` the wanted context in tokens,
    None for the one that was measured.
    """
    ratable = candidates_of(document.models, tuple(document.rated()), document.quality_records)
    models = {(model.host, model.name): model for model in document.models}
    found = []
    for urls in _machines(document):
        results = [result for result in document.results if result.host in urls and result.status == "ok"]
        given = next((given_bytes[url] for url in urls if url in given_bytes), None)
        seen = [one for one in document.loaded_before if one.host in urls]
        held = tuple(Held(url=one.host, resident=resident) for one in seen for resident in one.models)
        candidates = [
            as_loaded(candidate, held, num_ctx)
            for result in results
            if result.embedding is None
            and (candidate := _candidate(result, models.get((result.host, result.model)), demand, ratable, num_ctx))
        ]
        capacity = capacity_of(results, given, held)
        fitting = [one for one in candidates if _fits_alone(one, capacity)]
        if results:
            found.append(
                Site(
                    urls=urls,
                    capacity=capacity,
                    candidates=tuple(fitting),
                    held=held if seen else None,
                    seen_at=max((one.seen_at for one in seen), default=None),
                )
            )
    return tuple(found)


def _fits_alone(candidate: Candidate, capacity: Capacity) -> bool:
    """Return whether a model fits: as it was measured it did, otherwise it has to into memory that was given."""
    is_measured = candidate.memory_basis == "measured" or capacity.basis == "seen"
    return is_measured or candidate.memory_bytes <= capacity.memory_bytes


def _machines(document: Document) -> list[tuple[str, ...]]:
    """Return the URLs of each machine's servers: servers at one address share its memory."""
    by_address: dict[str, list[str]] = {}
    for host in document.hosts:
        by_address.setdefault(host.addresses[0] if host.addresses else host.url, []).append(host.url)
    return [tuple(dict.fromkeys(urls)) for urls in by_address.values()]


def _candidate(
    result: Result,
    described: Model | None,
    demand: Sequence[Want],
    ratable: Mapping[ResultKey, Ratable],
    num_ctx: int | None,
) -> Candidate | None:
    memory = memory_at(result, described, num_ctx)
    length = num_ctx or result.context_length
    is_too_short = (
        described is not None
        and num_ctx is not None
        and described.context_length is not None
        and described.context_length < num_ctx
    )
    is_base = described is not None and described.kind == "base"
    if memory is None or is_base or is_too_short or result.speed_tps is None:
        return None
    alone = _alone(result, demand, ratable.get(result.key), is_graded=bool(ratable))
    wait_s = _LOADED_AGAIN_S if result.load_s is None else result.load_s
    return Candidate(
        result=result,
        described=described,
        memory_bytes=memory.memory_bytes,
        memory_basis=memory.basis,
        num_ctx=length,
        points=_points(result, demand, alone, wait_s=0.0),
        cold_points=_points(result, demand, alone, wait_s=wait_s),
    )


def _alone(
    result: Result, demand: Sequence[Want], ratable: Ratable | None, *, is_graded: bool
) -> list[uses.Properties | None]:
    """Return what each use weighs of a model that serves one request; None where it does not suit the use.

    Where no model of the run was graded, quality counts as the middle for all.
    """
    if ratable is None:
        blind = uses.Properties(
            quality=score.UNKNOWN,
            speed_tps=result.speed_tps or 0.0,
            ttft_s=result.ttft_s,
            memory_bytes=result.memory_bytes,
        )
        return [None if is_graded or want.use.needs else blind for want in demand]
    if not beats_guessing(ratable.items):
        return [None for _ in demand]
    return [_graded(want.use, ratable) for want in demand]


def _graded(use: uses.Use, ratable: Ratable) -> uses.Properties | None:
    found = rate(use, ratable)
    return (
        None
        if found is None
        else uses.Properties(
            quality=found.quality.score / score.FULL,
            speed_tps=ratable.content_tps.get(use.content, ratable.speed_tps),
            ttft_s=ratable.ttft_s,
            context_tokens=ratable.context_tokens,
            memory_bytes=ratable.memory_bytes,
        )
    )


def _points(
    result: Result, demand: Sequence[Want], alone: Sequence[uses.Properties | None], *, wait_s: float
) -> tuple[tuple[float, ...] | None, ...]:
    """Return what a request of each use is worth, by how many are served at once; each waits `wait_s` for a load."""
    most = sum(want.requests for want in demand)
    shares = [rate_at(result, at_once) / (result.speed_tps or 1.0) for at_once in range(1, most + 1)]
    return tuple(
        None if one is None else tuple(_worth(want.use, one, share, wait_s) for share in shares)
        for want, one in zip(demand, alone, strict=True)
    )


def _worth(use: uses.Use, alone: uses.Properties, share: float, wait_s: float) -> float:
    shared = msgspec.structs.replace(
        alone,
        speed_tps=alone.speed_tps * share,
        ttft_s=(wait_s or None) if alone.ttft_s is None else wait_s + alone.ttft_s,
    )
    return score.FULL * uses.utility(use, shared)


def rate_at(result: Result, at_once: int) -> float:
    """Return the output of one request in tokens/s while so many are served.

    It goes by the throughput that was measured with several requests, on the line between two numbers of them; beyond
    the largest, and where none was measured, the throughput stays what it is and is shared.
    """
    alone_tps = result.speed_tps or 0.0
    known = sorted(_throughputs(result))
    base_tps = next((tps for requests, tps in known if requests == 1), None)
    if base_tps is None or len(known) < 2:
        return alone_tps / at_once
    for (low, low_tps), (high, high_tps) in pairwise(known):
        if low <= at_once <= high:
            throughput_tps = low_tps + (high_tps - low_tps) * (at_once - low) / (high - low)
            break
    else:
        throughput_tps = known[-1][1]
    return min(alone_tps, alone_tps * throughput_tps / base_tps / at_once)


def _throughputs(result: Result) -> Iterator[tuple[int, float]]:
    for point in result.concurrency:
        if point.throughput_tps:
            yield point.requests, point.throughput_tps
