"""The charts of the sweeps: speed and memory by the context's depth, throughput by requests at once. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...benchmark.types import DepthPoint, Result
from ...results.types import Document
from .. import figures, meaning
from .lines import Series, chart, rate, tokens
from .markup import Markup, element
from .scales import Linear

READING: Final = ((meaning.READING_TPS, "reading speed"),)


def ranked(document: Document) -> list[Result]:
    """Return the results that ended well: what the verdict names first, then the highest score first."""
    verdict = document.verdict
    picks = [] if verdict is None else [verdict.recommendation, *(tier.best for tier in verdict.tiers)]
    named = {(pick.host, pick.model, pick.variant): place for place, pick in reversed([*enumerate(picks)]) if pick}

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
    """Return the memory by the context that a model was loaded with; None where no two contexts were measured."""
    found = [
        Series(
            _name(result, names),
            tuple(
                sorted(
                    {
                        float(point.num_ctx): point.memory_bytes / 1e9
                        for point in result.depths
                        if point.memory_bytes is not None
                    }.items()
                )
            ),
        )
        for result in results
    ]
    series = [one for one in found if len(one.points) > 1]
    if not series:
        return None
    drawn = chart(
        series,
        label="Memory by context",
        x_title="Context that the model is loaded with, in tokens",
        y_title="GB",
        x_text=tokens,
        y_text=rate,
        unit="GB",
        y_scale=Linear(0.0, 1.08 * max(size for one in series for _, size in one.points)),
    )
    return element("div", drawn, class_="panels one")


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
    return f"{figures.name(result.label)} on {names.get(result.host) or figures.host_label(result.host)}"
