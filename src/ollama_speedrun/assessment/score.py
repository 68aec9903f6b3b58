"""Scores as pure functions. docs/metrics.md states the same formulas for readers."""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from ..benchmark.types import Result
from .types import ClassicScores, Scores

FULL: Final = 100.0
SLOWEST_TPS: Final = 5.0
"""Reading speed: where the speed score is 0."""
SPEED_DOUBLINGS: Final = 4
"""From 5 to 80 tokens/s, where the speed score is 1."""
FASTEST_TPS: Final = SLOWEST_TPS * 2**SPEED_DOUBLINGS
"""From here on the speed score is 1."""
LARGEST: Final = 1e12
"""No rate and no count is larger, save in a file that was tampered with."""
FASTEST_TTFT_S: Final = 0.3
SLOWEST_TTFT_S: Final = 10.0
FLOOR: Final = 0.01
"""No factor of the overall score falls below it, so that a single 0 does not hide all the rest."""
QUALITY_WEIGHT: Final = 0.6
SPEED_WEIGHT: Final = 0.3
LATENCY_WEIGHT: Final = 0.1
CLASSIC_SPEED_WEIGHT: Final = 0.6
CLASSIC_QUALITY_WEIGHT: Final = 0.4
USUAL_SPREAD: Final = 0.05
"""The possible error of a rate without an interval: the spread of single runs on a CPU."""
UNKNOWN: Final = 0.5
"""A factor that was not measured counts as the middle."""


class Formula(msgspec.Struct, frozen=True, kw_only=True):
    """The constants of the scores, which `--explain` puts into its formulas."""

    slowest_tps: float = SLOWEST_TPS
    speed_doublings: float = SPEED_DOUBLINGS
    fastest_ttft_s: float = FASTEST_TTFT_S
    slowest_ttft_s: float = SLOWEST_TTFT_S
    floor: float = FLOOR
    quality_weight: float = QUALITY_WEIGHT
    speed_weight: float = SPEED_WEIGHT
    latency_weight: float = LATENCY_WEIGHT
    classic_speed_weight: float = CLASSIC_SPEED_WEIGHT
    classic_quality_weight: float = CLASSIC_QUALITY_WEIGHT


FORMULA: Final = Formula()


def speed(tps: float, formula: Formula = FORMULA) -> float:
    """Return log2(v/5)/4 within 0 and 1: 5 tokens/s is 0, 80 is 1."""
    if tps <= formula.slowest_tps:
        return 0.0
    return min(1.0, math.log2(tps / formula.slowest_tps) / formula.speed_doublings)


def latency(ttft_s: float, formula: Formula = FORMULA) -> float:
    """Return 1 at a TTFT of 0.3 s or less, 0 at 10 s or more, falling with its logarithm between."""
    fastest_s, slowest_s = formula.fastest_ttft_s, formula.slowest_ttft_s
    if ttft_s <= fastest_s:
        return 1.0
    return max(0.0, 1 - math.log(ttft_s / fastest_s) / math.log(slowest_s / fastest_s))


def overall(*, quality: float, speed: float, latency: float, formula: Formula = FORMULA) -> float:
    """Return Q^0.6 · S^0.3 · L^0.1, each factor at least 0.01 and so the product too."""
    return float(
        max(quality, formula.floor) ** formula.quality_weight
        * max(speed, formula.floor) ** formula.speed_weight
        * max(latency, formula.floor) ** formula.latency_weight
    )


def has_speed(result: Result) -> bool:
    """Return whether a result ended well with a speed that is not absurd: the least that a score needs."""
    return result.status == "ok" and _is_sane(result.speed_tps)


def scores(
    results: Sequence[Result], qualities: Sequence[float | None], formula: Formula = FORMULA
) -> tuple[Scores | None, ...]:
    """Return each result's scores in order, None for those without a speed; qualities are from 0 to 100.

    Only `classic` looks at the other results: its speed is 100·tps/max tps, its quality 100·tokens/max tokens.
    """
    timed = [result for result in results if _is_classic(result)]
    fastest_tps = max((result.classic_tps or 0.0 for result in timed), default=0.0)
    most_tokens = max((result.output_tokens or 0 for result in timed), default=0)
    return tuple(
        _scores(result, quality, _classic(result, formula, fastest_tps, most_tokens), formula)
        if has_speed(result)
        else None
        for result, quality in zip(results, qualities, strict=True)
    )


def _scores(result: Result, quality: float | None, classic: ClassicScores | None, formula: Formula) -> Scores:
    fast = speed(result.speed_tps or 0.0, formula)
    prompt = None if result.ttft_s is None else latency(max(result.ttft_s, 0.0), formula)
    return Scores(
        classic=classic,
        overall=None
        if quality is None
        else FULL
        * overall(
            quality=quality / FULL,
            speed=fast,
            latency=UNKNOWN if prompt is None else prompt,
            formula=formula,
        ),
        quality=quality,
        speed=FULL * fast,
        latency=None if prompt is None else FULL * prompt,
    )


def _classic(result: Result, formula: Formula, fastest_tps: float, most_tokens: int) -> ClassicScores | None:
    tps, tokens = result.classic_tps, result.output_tokens
    if not _is_classic(result) or tps is None or tokens is None:
        return None
    classic_speed, classic_quality = FULL * tps / fastest_tps, FULL * tokens / most_tokens
    return ClassicScores(
        speed=classic_speed,
        quality=classic_quality,
        composite=formula.classic_speed_weight * classic_speed + formula.classic_quality_weight * classic_quality,
    )


def _is_classic(result: Result) -> bool:
    return result.status == "ok" and _is_sane(result.classic_tps) and _is_sane(result.output_tokens)


def _is_sane(figure: float | None) -> bool:
    return figure is not None and 0 < figure <= LARGEST
