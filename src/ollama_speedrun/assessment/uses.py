"""What people use a model for, as named sets of weights, and what a model is worth for a use. Pure."""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from ..benchmark.types import ContentKind
from . import score

SMALLEST_CONTEXT_TOKENS: Final = 4096
LARGEST_CONTEXT_TOKENS: Final = 131_072
AGENT_CONTEXT_TOKENS: Final = 65_536
"""Ollama's documentation asks for at least 64,000 tokens for agents."""
SMALLEST_MEMORY_GB: Final = 2.0
LARGEST_MEMORY_GB: Final = 64.0


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A use: how much each area counts within quality, and how much quality and each other property count.

    `areas` None counts the areas that every chat model is asked in, each with the weight that it has in the bank. Only
    the ratios of weights matter. `needs` are capabilities that a model must have. `by_throughput` takes the throughput
    of several requests at once for the speed, where it was measured; else the speed is that of this `content`, where
    that was measured. `context_tokens` is the context that it takes, None for any: a run for this use
    asks for that, and a model that can have it is preferred.
    """

    name: str
    purpose: str = ""
    areas: Mapping[str, float] | None = None
    quality: float = score.QUALITY_WEIGHT
    speed: float = score.SPEED_WEIGHT
    latency: float = score.LATENCY_WEIGHT
    context: float = 0.0
    memory: float = 0.0
    needs: tuple[str, ...] = ()
    by_throughput: bool = False
    content: ContentKind = "prose"
    context_tokens: int | None = None


OVERALL: Final = Use(name="overall", purpose="anything")
QUALITY: Final = Use(name="quality", purpose="the best answers", quality=1.0, speed=0.0, latency=0.0)
"""The best of a memory tier is the one with the best answers among those that are fast enough."""
USES: Final = (
    Use(
        name="chat",
        purpose="conversation and questions",
        areas={"reasoning": 1, "writing": 1, "facts": 1, "languages": 1, "context": 1, "tasks": 0.5, "honesty": 1.5},
        quality=0.5,
        speed=0.25,
        latency=0.25,
    ),
    Use(
        name="code",
        purpose="writing and reading code",
        areas={"code": 4, "reasoning": 2, "context": 1, "tasks": 1},
        quality=0.65,
        speed=0.25,
        latency=0.05,
        context=0.05,
        content="code",
    ),
    Use(
        name="agent",
        purpose="calling tools in several steps",
        areas={"tools": 4, "code": 2, "reasoning": 2, "context": 2, "tasks": 1},
        quality=0.65,
        speed=0.2,
        latency=0.05,
        context=0.1,
        needs=("tools",),
        content="json",
        context_tokens=AGENT_CONTEXT_TOKENS,
    ),
    Use(
        name="batch",
        purpose="many short jobs: extracting, classifying, summarising, translating",
        areas={"tasks": 3, "facts": 1, "languages": 1, "reasoning": 1, "writing": 1},
        quality=0.5,
        speed=0.45,
        latency=0.0,
        memory=0.05,
        by_throughput=True,
    ),
    Use(
        name="rag",
        purpose="answering from documents that it is given",
        areas={"context": 4, "honesty": 3, "tasks": 2, "reasoning": 1, "languages": 1},
        quality=0.6,
        speed=0.15,
        latency=0.15,
        context=0.1,
    ),
)
"""The uses that a verdict names, in the order of display."""


class Properties(msgspec.Struct, frozen=True, kw_only=True):
    """What a use weighs: quality 0 to 1, decode rate in tokens/s, TTFT in s, context in tokens, memory in bytes."""

    quality: float
    speed_tps: float
    ttft_s: float | None = None
    context_tokens: int | None = None
    memory_bytes: int | None = None


def utility(use: Use, properties: Properties) -> float:
    """Return what a model is worth for a use, 0.01 to 1: the geometric mean of its properties under the use's weights.

    For the weights of `overall` it is Q^0.6 · S^0.3 · L^0.1 (docs/metrics.md). No factor falls below 0.01. A property
    that is not known counts as the middle, 0.5.
    """
    factors = (
        (use.quality, properties.quality),
        (use.speed, score.speed(properties.speed_tps)),
        (use.latency, latency(properties.ttft_s)),
        (use.context, context(properties.context_tokens)),
        (use.memory, memory(properties.memory_bytes)),
    )
    total = math.fsum(weight for weight, _ in factors)
    return math.exp(math.fsum(weight / total * math.log(max(factor, score.FLOOR)) for weight, factor in factors))


def latency(ttft_s: float | None) -> float:
    """Return the latency score of docs/metrics.md; 0.5 if the TTFT is not known."""
    return score.UNKNOWN if ttft_s is None else score.latency(ttft_s)


def context(tokens: int | None) -> float:
    """Return the context score: 0 at 4,096 tokens, 1 at 131,072, rising with each doubling; 0.5 if not known."""
    if tokens is None:
        return score.UNKNOWN
    return _logarithmic(tokens, SMALLEST_CONTEXT_TOKENS, LARGEST_CONTEXT_TOKENS)


def memory(memory_bytes: int | None) -> float:
    """Return the memory score: 1 at 2 GB or less, 0 at 64 GB, falling with each doubling; 0.5 if not known."""
    if memory_bytes is None:
        return score.UNKNOWN
    return 1 - _logarithmic(memory_bytes / 1e9, SMALLEST_MEMORY_GB, LARGEST_MEMORY_GB)


def _logarithmic(value: float, at_zero: float, at_one: float) -> float:
    if value <= at_zero:
        return 0.0
    return min(1.0, math.log(value / at_zero) / math.log(at_one / at_zero))
