"""The speed that a model would have on a host, from what was measured there of others. Pure.

A token costs the host a fixed time and the time to read the weights that it needs: t = a + bytes/bandwidth. Where a
host has four models or more of sizes that differ at least twofold, both are fitted, by least squares of the relative
error; elsewhere a is 0 and the bandwidth is the geometric mean of rate × bytes over its models.

How far a prediction may be off is what the fits of all hosts of the run miss their own models by, as a standard
deviation of ln t, with a spread of 25 % in the weight of two models for what few models cannot tell. The interval of
95 % is the prediction interval of Student's t with it.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Final, TypeGuard

import msgspec

from ..benchmark.stats import T_QUANTILES
from ..benchmark.types import Result
from ..inventory.types import Model
from .known_models import MIXTURES, KnownModel, by_name

FEWEST_FOR_A_FIT: Final = 4
LEAST_SPAN: Final = 2.0
USUAL_SPREAD: Final = 0.25
USUAL_WEIGHT: Final = 2
WHOLE: Final = 0.999
MOST_CHECKED: Final = 200
SLOWEST_TPS: Final = 1e-6
FASTEST_TPS: Final = 1e9
"""A server that says otherwise tells nothing, and would spoil the estimates for other hosts, too."""
"""From this share on a model counts as wholly on the GPU."""


class Point(msgspec.Struct, frozen=True):
    """One measured model: the bytes that it reads for a token, and the seconds that a token takes."""

    read_bytes: float
    token_s: float


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a token on one host: `fixed_s` and the reading of its bytes; from so many models.

    `parameters` is how many of the two were fitted.
    """

    fixed_s: float
    bandwidth_bytes_per_s: float
    models: int
    parameters: int

    def token_s(self, read_bytes: float) -> float:
        """Return the seconds that a token takes that reads so many bytes."""
        return self.fixed_s + read_bytes / self.bandwidth_bytes_per_s


class Spread(msgspec.Struct, frozen=True):
    """The standard deviation of ln t around the laws of a run, and its degrees of freedom."""

    deviation: float
    freedom: int


class Prediction(msgspec.Struct, frozen=True):
    """A rate in tokens/s that was estimated, with the ends of its 95 % interval."""

    rate_tps: float
    low_tps: float
    high_tps: float


def points_of(results: Sequence[Result], models: Mapping[tuple[str, str], Model]) -> tuple[Point, ...]:
    """Return what the models of one host tell: those that lie wholly in its fastest memory, each with its bytes.

    Left out are models of unknown size, mixtures of experts that the table of known models has not, models that draft
    tokens, and every variant of a model but its fastest.
    """
    whole = [result for result in results if (result.gpu_share or 0) >= WHOLE]
    usable = whole or [result for result in results if not result.gpu_share]
    fastest: dict[str, Point] = {}
    for result in usable:
        described = models.get((result.host, result.model))
        read_bytes = None if described is None else _read_bytes(described)
        if result.status != "ok" or not _is_credible(result.speed_tps) or not read_bytes or read_bytes <= 0:
            continue
        point = Point(read_bytes, 1 / result.speed_tps)
        held = fastest.get(result.model)
        if held is None or point.token_s < held.token_s:
            fastest[result.model] = point
    return tuple(fastest.values())


def _is_credible(speed_tps: float | None) -> TypeGuard[float]:
    return speed_tps is not None and SLOWEST_TPS <= speed_tps <= FASTEST_TPS


def _read_bytes(model: Model) -> float | None:
    if model.size_bytes is None or model.drafts or model.kind == "embedding":
        return None
    known = by_name(model.name)
    if known is not None:
        return model.size_bytes * known.active_b / known.parameters_b
    family = (model.family or "").lower()
    return None if any(part in family for part in MIXTURES) else float(model.size_bytes)


def law_of(points: Sequence[Point]) -> Law | None:
    """Return the law that fits a host's models; None without any."""
    if not points:
        return None
    sizes = [point.read_bytes for point in points]
    if len(points) >= FEWEST_FOR_A_FIT and max(sizes) >= LEAST_SPAN * min(sizes):
        fixed_s, slope = _fitted(points)
        if fixed_s > 0 and slope > 0:
            return Law(fixed_s=fixed_s, bandwidth_bytes_per_s=1 / slope, models=len(points), parameters=2)
    mean = statistics.geometric_mean([point.read_bytes / point.token_s for point in points])
    return Law(fixed_s=0.0, bandwidth_bytes_per_s=mean, models=len(points), parameters=1)


def _fitted(points: Sequence[Point]) -> tuple[float, float]:
    """Return a and b of t = a + b·x with the least sum of squared relative errors."""
    weights = [1 / point.token_s**2 for point in points]
    total = math.fsum(weights)
    mean_x = math.fsum(weight * point.read_bytes for weight, point in zip(weights, points, strict=True)) / total
    mean_t = math.fsum(weight * point.token_s for weight, point in zip(weights, points, strict=True)) / total
    moments = [
        (weight * (point.read_bytes - mean_x) ** 2, weight * (point.read_bytes - mean_x) * (point.token_s - mean_t))
        for weight, point in zip(weights, points, strict=True)
    ]
    slope = math.fsum(both for _, both in moments) / math.fsum(square for square, _ in moments)
    return mean_t - slope * mean_x, slope


def spread_of(hosts: Sequence[Sequence[Point]]) -> Spread:
    """Return how far the models of a run lie from the laws of their hosts."""
    squares, freedom = USUAL_WEIGHT * USUAL_SPREAD**2, USUAL_WEIGHT
    for points in hosts:
        law = law_of(points)
        if law is not None:
            squares += math.fsum(math.log(point.token_s / law.token_s(point.read_bytes)) ** 2 for point in points)
            freedom += len(points) - law.parameters
    return Spread(math.sqrt(squares / freedom), freedom)


class Check(msgspec.Struct, frozen=True):
    """One measured model, left out and predicted by the others of its host: its rate in tokens/s, and the estimate."""

    rate_tps: float
    prediction: Prediction

    @property
    def is_inside(self) -> bool:
        """True if the rate lies in the interval."""
        return self.prediction.low_tps <= self.rate_tps <= self.prediction.high_tps


def checks(hosts: Sequence[Sequence[Point]]) -> tuple[Check, ...]:
    """Return the prediction of each model by the others; a host with one model has nothing to check.

    Each takes a look at all: of more models than `MOST_CHECKED`, evenly spaced ones are checked.
    """
    found = []
    places = [(number, at) for number, points in enumerate(hosts) for at in range(len(points))]
    for number, at in places[:: math.ceil(len(places) / MOST_CHECKED) or 1]:
        points = hosts[number]
        others = [*points[:at], *points[at + 1 :]]
        law = law_of(others)
        if law is not None:
            spread = spread_of([*hosts[:number], others, *hosts[number + 1 :]])
            found.append(Check(1 / points[at].token_s, rate_of(points[at].read_bytes, law, spread)))
    return tuple(found)


def predicted(model: KnownModel, law: Law, spread: Spread) -> Prediction:
    """Return the rate that a model would have by a host's law, with its interval."""
    return rate_of(model.read_bytes, law, spread)


def rate_of(read_bytes: float, law: Law, spread: Spread) -> Prediction:
    """Return the rate of a model that reads so many bytes for a token."""
    rate_tps = 1 / law.token_s(read_bytes)
    quantile = T_QUANTILES[min(spread.freedom, len(T_QUANTILES)) - 1]
    factor = math.exp(quantile * spread.deviation * math.sqrt(1 + law.parameters / law.models))
    return Prediction(rate_tps, rate_tps / factor, rate_tps * factor)
