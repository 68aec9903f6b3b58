"""What a run still costs: models, loads, tokens and seconds, by what was measured so far. Pure.

A model of B bytes on disk is read once for each token, so that its rate is the host's memory bandwidth ÷ B, and loading
it takes B ÷ the bandwidth of the disk. Before anything was measured on a host, both lie in a wide range; then its own
figures are taken.
"""

import statistics
from collections.abc import Sequence
from typing import Final

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result
from ..inventory.types import Model

UNKNOWN_SIZE_BYTES: Final = 4_000_000_000
"""Of a model whose server does not say: about 7 billion parameters in 4 bits."""
FASTEST_TPS: Final = 400.0
"""Of a small model, whose rate is bound by the work of each token and no longer by memory, before one was measured."""


class Speed(msgspec.Struct, frozen=True):
    """How fast a host reads weights: for each token, and from its disk, in bytes/s."""

    decode_bytes_per_s: float
    load_bytes_per_s: float

    def decode_s(self, size_bytes: int | None, tokens: float) -> float:
        """Return how long a model of that size takes for so many tokens, in seconds."""
        return tokens * (size_bytes or UNKNOWN_SIZE_BYTES) / self.decode_bytes_per_s

    def load_s(self, size_bytes: int | None) -> float:
        """Return how long a model of that size takes to load, in seconds."""
        return (size_bytes or UNKNOWN_SIZE_BYTES) / self.load_bytes_per_s


SLOW: Final = Speed(15e9, 0.3e9)
"""A processor with two channels of memory and an old disk."""
FAST: Final = Speed(600e9, 4e9)
"""A large graphics card and a fast disk."""


def speed_of(models: Sequence[Model], results: Sequence[Result], otherwise: Speed) -> Speed:
    """Return the speed of a host by the results of its models: medians; what none of them shows is as `otherwise`."""
    sizes = {(model.host, model.name): model.size_bytes for model in models}
    decode, load = [], []
    for result in results:
        size_bytes = sizes.get((result.host, result.model))
        if result.status != "ok" or not size_bytes:
            continue
        if result.speed_tps:
            decode.append(result.speed_tps * size_bytes)
        if result.load_s:
            load.append(size_bytes / result.load_s)
    return Speed(
        statistics.median(decode) if decode else otherwise.decode_bytes_per_s,
        statistics.median(load) if load else otherwise.load_bytes_per_s,
    )


def shortest_visit_s(model: Model, speed: Speed, settings: BenchmarkSettings) -> float:
    """Return the seconds that a first visit takes until there is a result: the load and the interview."""
    tokens = settings.num_predict if model.generates_text else 0
    return speed.load_s(model.size_bytes) + speed.decode_s(model.size_bytes, tokens)
