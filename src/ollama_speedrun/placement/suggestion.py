"""Models that are on no host of a run: whether each would fit, and how fast it would be. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ..assessment.uses import Use
from ..benchmark.types import Result
from ..inventory.types import Model
from ..results.types import Document
from .known_models import KNOWN, KnownModel
from .memory import capacity_of
from .prediction import WHOLE, Check, Law, Prediction, Spread, checks, law_of, points_of, predicted, spread_of
from .types import Capacity

Fit: TypeAlias = Literal["yes", "unknown", "no"]
"""Whether a model fits: "unknown" where it is larger than what was seen in use, and the memory was not given."""
BESIDE_SHARE: Final = 0.1
"""A loaded model takes at least this share of its size on disk beside it, for its cache and buffers."""


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a host does not have: the memory that it would take in bytes, if it fits, and its estimated rate.

    `prediction` is None where the model does not fit: what spills over is slow, and how slow was not measured.
    """

    model: KnownModel
    memory_bytes: int
    fit: Fit
    prediction: Prediction | None


class HostOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a host would do with models that it has not; `law` is None where none of its models tells its bandwidth."""

    url: str
    capacity: Capacity
    law: Law | None
    suggestions: tuple[Suggestion, ...] = ()


class Outlook(msgspec.Struct, frozen=True):
    """What the hosts of a run would do with models that none has, and how such estimates do on the run's own models."""

    hosts: tuple[HostOutlook, ...]
    checks: tuple[Check, ...]


def outlook(document: Document, use: Use | None, *, given_bytes: Mapping[str, int]) -> Outlook:
    """Return, for each host with results, the known models for a use that no host of the document has.

    `given_bytes` is the memory of hosts by URL, where the most that was seen in use is not to be taken.
    """
    models = {(model.host, model.name): model for model in document.models}
    by_host = {
        host.url: [result for result in document.results if result.host == host.url and result.status == "ok"]
        for host in document.hosts
    }
    points = {url: points_of(results, models) for url, results in by_host.items()}
    measured = list(points.values())
    spread = spread_of(measured)
    wanted = _wanted(document, use)
    found = []
    for url, results in by_host.items():
        law = law_of(points[url])
        capacity = capacity_of(results, given_bytes.get(url))
        if law is None or not results:
            continue
        beside_bytes = _beside(results, models)
        suggestions = tuple(_suggestion(one, capacity, beside_bytes, law, spread) for one in wanted)
        found.append(HostOutlook(url=url, capacity=capacity, law=law, suggestions=suggestions))
    return Outlook(tuple(found), checks(measured))


def _wanted(document: Document, use: Use | None) -> list[KnownModel]:
    """Return the known models for a use that no host has, the largest first."""
    there = {name.removesuffix(":latest") for model in document.models for name in (model.name, *model.aliases)}
    found = [
        one
        for one in KNOWN
        if one.name not in there
        and (use is None or (set(use.needs) <= set(one.capabilities) and (one.purpose == "code" or use.name != "code")))
    ]
    return sorted(found, key=lambda one: (-one.parameters_b, one.name))


def _beside(results: Sequence[Result], models: Mapping[tuple[str, str], Model]) -> int:
    """Return the bytes that a host's loaded models take beside what they have on disk: the median, 0 without any."""
    found = [
        result.memory_bytes - described.size_bytes
        for result in results
        if result.memory_bytes
        and (result.gpu_share is None or not 0 < result.gpu_share < WHOLE)
        and (described := models.get((result.host, result.model))) is not None
        and described.size_bytes
    ]
    return max(round(statistics.median(found)), 0) if found else 0


def _suggestion(model: KnownModel, capacity: Capacity, beside_bytes: int, law: Law, spread: Spread) -> Suggestion:
    memory_bytes = model.size_bytes + max(beside_bytes, round(BESIDE_SHARE * model.size_bytes))
    fit: Fit = "yes"
    if memory_bytes > capacity.memory_bytes:
        fit = "no" if capacity.basis == "given" else "unknown"
    prediction = None if fit == "no" else predicted(model, law, spread)
    return Suggestion(model=model, memory_bytes=memory_bytes, fit=fit, prediction=prediction)
