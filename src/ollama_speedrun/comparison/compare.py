"""Which figures of two results differ, by how much, and how sure that is. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from ..assessment.types import Rated
from ..benchmark.derive import prefill_rates
from ..benchmark.types import Result, ResultKey
from ..quality.comparison import difference
from ..quality.records import ItemRecord
from ..results.types import Document
from . import intervals
from .intervals import QUANTILES_90, QUANTILES_99, Z_90, Z_95, Z_99, Spread
from .types import (
    DECODE,
    LOAD,
    MEMORY,
    PREFILL,
    QUALITY,
    TTFT,
    Change,
    Comparison,
    Figure,
    Kind,
    Pair,
    Suspect,
)

Items: TypeAlias = Mapping[ResultKey, Sequence[ItemRecord]]
"""The items that enter the quality of each result."""
SHARE_MARGIN: Final = 0.02
FEWEST_COMMON_ITEMS: Final = 10
SPEED_SETTINGS: Final = ("num_ctx", "workload_version", "trial_tokens")
QUALITY_SETTINGS: Final = ("bank", "areas", "languages")
_SPEEDS: Final = (DECODE, PREFILL, TTFT, LOAD, MEMORY)
SMALLEST_RATIO: Final = 1e-300
LARGEST_RATIO: Final = 1e300
"""What is beyond comes of absurd figures alone, and would end as 0 or infinity."""
STEPS: Final = (1.0, 5 / 3, 10 / 3)
"""How many times its margin an interval may take for two values to be the same: 3, 5 and 10 % for speeds."""


def compare(a: Document, b: Document, pairs: Sequence[tuple[ResultKey, ResultKey]]) -> Comparison:
    """Return the figures of each pair of results side by side; what was measured unlike is named and left out."""
    unlike_speed, unlike_quality = unlike(a, b, SPEED_SETTINGS), unlike(a, b, QUALITY_SETTINGS)
    of_a, of_b = _by_key(a), _by_key(b)
    items_a, items_b = _items(a), _items(b)
    compared = tuple(
        Pair(
            a=one,
            b=two,
            suspects=tuple(_suspects(a, b, of_a[one].result, of_b[two].result)),
            changes=(
                *(() if unlike_speed else _speeds(of_a[one].result, of_b[two].result)),
                *(() if unlike_quality else _qualities(of_a[one], of_b[two], items_a, items_b)),
            ),
        )
        for one, two in pairs
    )
    paired_a, paired_b = {one for one, _ in pairs}, {two for _, two in pairs}
    return Comparison(
        pairs=compared,
        unlike=(
            *(f"speed and memory are not compared: {text}" for text in unlike_speed),
            *(f"quality is not compared: {text}" for text in unlike_quality),
        ),
        only_a=tuple(key for key in of_a if key not in paired_a),
        only_b=tuple(key for key in of_b if key not in paired_b),
    )


def unlike(a: Document, b: Document, names: Iterable[str]) -> list[str]:
    """Return the settings of these that differ, each with both values, such as "num_ctx 4096 and 8192"."""
    pairs = ((name, _setting(a, name), _setting(b, name)) for name in names)
    return [f"{name} {one} and {two}" for name, one, two in pairs if one != two and None not in {one, two}]


def _setting(document: Document, name: str) -> str | None:
    """Return a setting as text, None where the document does not have it."""
    if name == "workload_version":
        value: object = document.workload_version
    elif name == "bank":
        value = ", ".join(sorted({record.bank for record in document.quality_records})) or None
    else:
        value = getattr(document.settings, name, None)
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "all"
    return None if value is None else str(value)


def _by_key(document: Document) -> Mapping[ResultKey, Rated]:
    return {entry.result.key: entry for entry in document.rated() if entry.result.status == "ok"}


def _speeds(a: Result, b: Result) -> Iterable[Change]:
    """Yield the changes of speed, latency and memory, where both sides have the figure."""
    for figure in _SPEEDS:
        one, two = _value(a, figure), _value(b, figure)
        if one is None or two is None or one <= 0 or two <= 0:
            continue
        amount = min(max(two / one, SMALLEST_RATIO), LARGEST_RATIO)
        if figure is MEMORY:
            yield _by_interval(figure, one, two, amount, [(amount, amount)] * 2)
            continue
        spreads = _spread(a, figure), _spread(b, figure)
        if spreads[0] is None or spreads[1] is None:
            yield Change(
                figure=figure,
                a=one,
                b=two,
                amount=amount,
                kind="cannot-tell",
                why="measured only once",
            )
        else:
            first, second = spreads[0], spreads[1]
            ends = [intervals.ratio(first, second, quantiles) for quantiles in (QUANTILES_99, QUANTILES_90)]
            yield _by_interval(figure, one, two, amount, ends)


def _value(result: Result, figure: Figure) -> float | None:
    if figure is DECODE:
        return result.speed_tps
    value = getattr(result, figure.name)
    return None if value is None else float(value)


def _spread(result: Result, figure: Figure) -> Spread | None:
    """Return a figure's mean logarithm with its error, None where it was measured fewer than twice."""
    if figure is DECODE and (rates := result.decode_interval) and result.speed_tps and rates.low_tps > 0:
        return intervals.of_interval(result.speed_tps, rates.low_tps, rates.high_tps, rates.trials)
    if figure is TTFT and (times := result.ttft_interval) and result.ttft_s and times.low_s > 0:
        return intervals.of_interval(result.ttft_s, times.low_s, times.high_s, times.trials)
    if figure is PREFILL and result.warm_up is not None and result.interview is not None:
        return intervals.of_values(prefill_rates(result.warm_up, result.interview, result.trials))
    return None


def _qualities(one: Rated, two: Rated, items_a: Items, items_b: Items) -> Iterable[Change]:
    """Yield the change of quality, paired by common items where there are enough of them."""
    qa, qb = one.assessment.quality, two.assessment.quality
    if qa is None or qb is None:
        return
    if qa.protocol != qb.protocol:
        yield Change(
            figure=QUALITY,
            a=qa.score,
            b=qb.score,
            kind="cannot-tell",
            why=f"asked as {qa.protocol} and as {qb.protocol}",
        )
        return
    paired = difference(items_b.get(two.result.key, ()), items_a.get(one.result.key, ()))
    if paired is not None and paired.items >= FEWEST_COMMON_ITEMS and qa.mix == qb.mix:
        points, below, above = 100 * paired.mean, 100 * paired.error, 100 * paired.error
    else:
        points = qb.score - qa.score
        below = math.hypot(qb.score - qb.low, qa.high - qa.score) / Z_95
        above = math.hypot(qb.high - qb.score, qa.score - qa.low) / Z_95
    ends = [(points - z * below, points + z * above) for z in (Z_99, Z_90)]
    yield _by_interval(QUALITY, qa.score, qb.score, points, ends)


def _items(document: Document) -> Items:
    return {record.key: record.counted for record in document.quality_records}


def _by_interval(figure: Figure, a: float, b: float, amount: float, ends: Sequence[tuple[float, float]]) -> Change:
    """Return the change that its 99 % interval leads to; `ends` are those of that and of the 90 % one."""
    (low, high), (low_90, high_90) = ends
    no_change = 1.0 if figure.is_ratio else 0.0
    margin = next((figure.margin * step for step in STEPS if _is_within(figure, low, high, figure.margin * step)), None)
    kind: Kind
    if margin == figure.margin or (margin is not None and low <= no_change <= high):
        kind = "same"
    elif low > no_change:
        kind = "better" if figure.better_side == "higher" else "worse"
    elif high < no_change:
        kind = "worse" if figure.better_side == "higher" else "better"
    else:
        kind = "cannot-tell"
    return Change(
        figure=figure,
        a=a,
        b=b,
        amount=amount,
        low=low,
        high=high,
        low_90=low_90,
        high_90=high_90,
        kind=kind,
        margin=margin if kind == "same" else None,
        why="the interval is too wide" if kind == "cannot-tell" else None,
    )


def _is_within(figure: Figure, low: float, high: float, margin: float) -> bool:
    if figure.is_ratio:
        return 1 / (1 + margin) <= low and high <= 1 + margin
    return -margin <= low and high <= margin


def _suspects(a: Document, b: Document, one: Result, two: Result) -> Iterable[Suspect]:
    """Yield what differs around two results, the first suspect first."""
    rows = (
        ("server version", one.server_version, two.server_version),
        ("model", one.digest and one.digest[:12], two.digest and two.digest[:12]),
        ("format", one.model_format, two.model_format),
        ("context", one.context_length, two.context_length),
        ("ollama-speedrun", a.tool.version, b.tool.version),
    )
    for name, first, second in rows:
        if first is not None and second is not None and first != second:
            yield Suspect(name, str(first), str(second))
    if one.gpu_share is not None and two.gpu_share is not None and abs(one.gpu_share - two.gpu_share) > SHARE_MARGIN:
        yield Suspect("share on the GPU", f"{one.gpu_share:.0%}", f"{two.gpu_share:.0%}")
