"""The charts of the sweeps: speed and memory by the context's depth, throughput by requests at once. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ... import units
from ...benchmark.types import DepthPoint, Result
from ...results.types import Document
from .. import figures, meaning
from .lines import Series, chart, rate, tokens
from .markup import Markup, element
from .scales import from_zero

READING: Final = ((meaning.READING_TPS, "reading speed"),)


def ranked(document: Document) -> list[Result]:
    """Return the results that ended well: what the verdict names first, then the highest score first."""
    verdict = document.verdict
    picks = [] if verdict is None else [verdict.recommendation, *(tier.best for tier in verdict.tiers)]
    named = {pick.key: place for place, pick in reversed([*enumerate(picks)]) if pick}

    def order(pair: tuple[Result, float]) -> tuple[int, float]:
        return named.get(pair[0].key, len(picks)), -pair[1]

    rated = [
        (entry.result, (entry.scores.overall or 0.0) if entry.scores else 0.0)
        for entry in document.rated()
        if entry.result.status == "ok"
    ]
    return [result for result, _ in sorted(rated, key=order)]


def depths(results: Sequence[Result], names: Mapping[str, str]) -> Markup | None:
    """Return decode and prefill rates by the depth of the context; None where no depth was measured."""
    decode = _by_depth(results, names, lambda point: point.decode_tps)
    prefill = _by_depth(results, names, lambda point: point.prefill_tps)
    charts = [
        _rates(series, label, unit="tok/s", anchors=anchors)
        for series, label, anchors in ((decode, "Decode", READING), (prefill, "Prefill", ()))
        if series
    ]
    return element("div", *charts, class_="panels") if charts else None


def at_once(results: Sequence[Result], names: Mapping[str, str]) -> Markup | None:
    """Return the throughput by the number of requests at once; None where no two were sent together."""
    found = [
        Series(
            _name(result, names),
            tuple(
                (float(point.requests), point.throughput_tps)
                for point in result.concurrency
                if point.throughput_tps is not None
            ),
        )
        for result in results
    ]
    series = [one for one in found if len(one.points) > 1]
    if not series:
        return None
    drawn = chart(
        series,
        label="Throughput of all requests together",
        x_title="Requests at once",
        y_title="tok/s in all",
        x_text=lambda value: f"{value:.0f}",
        y_text=rate,
        unit="tok/s",
    )
    return element("div", drawn, class_="panels one")


def memory(results: Sequence[Result], names: Mapping[str, str]) -> Markup | None:
    """Return the memory by the context that a model was loaded with; None where no two contexts are known.

    A line across marks what the GPU of a host holds, where a model did not fit into it.
    """
    series = [one for one in (_memory(result, names) for result in results) if len(one.points) > 1]
    if not series:
        return None
    shown = {result.host for result in results if len(_memory(result, names).points) > 1}
    limits = tuple(
        (limit_bytes / units.GB, f"GPU of {figures.host_called(host, names)}")
        for host, limit_bytes in gpu_limits(results).items()
        if host in shown
    )
    sizes = [*(size for one in series for _, size in one.points), *(limit for limit, _ in limits)]
    drawn = chart(
        series,
        label="Memory by context",
        x_title="Context that the model is loaded with, in tokens",
        y_title="GB",
        x_text=tokens,
        y_text=rate,
        unit="GB",
        y_scale=from_zero(sizes),
        anchors=limits,
    )
    return element("div", drawn, class_="panels one")


def gpu_limits(results: Sequence[Result]) -> dict[str, int]:
    """Return how many bytes of a model each host's GPU held at most while a part of it did not fit, by URL.

    A host where every model fitted tells nothing of its limit and is left out.
    """
    found: dict[str, int] = {}
    for result in results:
        partly = [
            *(load.gpu_bytes for load in result.loads if 0 < load.gpu_bytes < load.memory_bytes),
            *(_on_gpu(point.memory_bytes, point.gpu_share) for point in result.depths),
            _on_gpu(result.memory_bytes, result.gpu_share),
        ]
        if most := max(partly):
            found[result.host] = max(most, found.get(result.host, 0))
    return found


def _on_gpu(memory_bytes: int | None, gpu_share: float | None) -> int:
    """Return the bytes on the GPU where that is a part of all, 0 elsewhere."""
    if memory_bytes is None or gpu_share is None or not 0 < gpu_share < 1:
        return 0
    return round(memory_bytes * gpu_share)


def _memory(result: Result, names: Mapping[str, str]) -> Series:
    """Return the memory at each context: as worked out from the loads, else as the depths were measured."""
    known = {float(one.num_ctx): one.memory_bytes / units.GB for one in result.memory_by_context} or {
        float(point.num_ctx): point.memory_bytes / units.GB for point in result.depths if point.memory_bytes is not None
    }
    estimates = frozenset(float(one.num_ctx) for one in result.memory_by_context if one.basis != "measured")
    return Series(_name(result, names), tuple(sorted(known.items())), estimates)


def _by_depth(
    results: Sequence[Result], names: Mapping[str, str], figure: Callable[[DepthPoint], float | None]
) -> list[Series]:
    found = [
        Series(
            _name(result, names),
            tuple(
                (float(max(point.prompt_tokens, 1)), value)
                for point in result.depths
                if point.prompt_tokens is not None and (value := figure(point)) is not None
            ),
        )
        for result in results
    ]
    return [one for one in found if len(one.points) > 1]


def _rates(series: Sequence[Series], label: str, *, unit: str, anchors: tuple[tuple[float, str], ...]) -> Markup:
    return chart(
        series,
        label=f"{label} by context depth",
        x_title="Tokens already in the context",
        y_title=unit,
        x_text=tokens,
        y_text=rate,
        unit=unit,
        anchors=anchors,
    )


def _name(result: Result, names: Mapping[str, str]) -> str:
    return f"{figures.name(result.label)} on {figures.host_called(result.host, names)}"
