"""Prometheus: the figures of a run as gauges, for the textfile collector. Pure."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from ..assessment.score import FULL
from ..benchmark.types import Interval, TimeInterval
from .basis import basis, comment
from .fleet import Fleet, Served, address

MARK: Final = "# -"
"""Begins a comment: after "#" alone a word such as HELP or TYPE would be read as more than that."""
PREFIX: Final = "ollama_speedrun_"
Sample: TypeAlias = tuple[dict[str, str], float | None]
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class _Gauge:
    """A gauge: its name without the prefix, its help, and its values for one result, each with its own labels."""

    def __init__(self, name: str, text: str, values: Callable[[Served], Iterator[Sample]]) -> None:
        self.name = PREFIX + name
        self.text = text
        self.values = values


def render(fleet: Fleet) -> str:
    """Return gauges in the text format, each with its help and type; what was not measured has no sample."""
    note = "These are the figures of one run, not of the moment at which they are read."
    return comment(basis(fleet, note), MARK) + "".join(_lines(fleet))


def _lines(fleet: Fleet) -> Iterator[str]:
    for gauge in _GAUGES:
        samples = [
            (_labels(one) | extra, value)
            for one in fleet.measured
            for extra, value in gauge.values(one)
            if value is not None
        ]
        yield from _family(gauge.name, gauge.text, samples)
    picks = [
        (
            {
                "pick": alias.name,
                "tier": alias.served.rated.assessment.tier or "",
                "host": alias.served.url,
                "model": alias.served.model,
                "digest": alias.served.result.digest or "",
            },
            1.0,
        )
        for alias in fleet.aliases
    ]
    yield from _family(f"{PREFIX}pick_info", "The picks of the verdict by name.", picks)
    ended_at = fleet.document.ended_at or fleet.document.started_at
    yield from _family(f"{PREFIX}last_run_timestamp_seconds", "When the run ended.", [({}, ended_at.timestamp())])


def _family(name: str, text: str, samples: list[tuple[dict[str, str], float]]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(held)}"' for label, held in labels.items())
        yield f"{name}{'{' + inside + '}' if inside else ''} {value!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _labels(one: Served) -> dict[str, str]:
    parts = address(one.url)
    host, port = ("", None) if parts is None else (parts.hostname or "", parts.port)
    scheme = "http" if parts is None else parts.scheme
    length = one.result.context_length
    return {
        "server_address": host,
        "server_port": _DEFAULT_PORTS[scheme] if port is None else str(port),
        "model": one.model,
        "variant": one.result.variant or "",
        "num_ctx": "" if length is None else str(length),
    }


def _one(get: Callable[[Served], float | None]) -> Callable[[Served], Iterator[Sample]]:
    def values(one: Served) -> Iterator[Sample]:
        yield {}, get(one)

    return values


def _ttft(get: Callable[[TimeInterval], float]) -> Callable[[Served], Iterator[Sample]]:
    return _one(lambda one: None if one.result.ttft_interval is None else get(one.result.ttft_interval))


def _decode(get: Callable[[Interval], float]) -> Callable[[Served], Iterator[Sample]]:
    return _one(lambda one: None if one.result.decode_interval is None else get(one.result.decode_interval))


def _memory(one: Served) -> Iterator[Sample]:
    total = one.result.memory_bytes
    yield {"kind": "total"}, total
    if total is not None and one.result.gpu_share is not None:
        yield {"kind": "gpu"}, round(total * one.result.gpu_share)


def _quality(one: Served) -> Iterator[Sample]:
    quality = one.rated.assessment.quality
    if quality is None:
        return
    yield {"area": "overall"}, quality.score / FULL
    for area, found in quality.areas.items():
        yield {"area": area}, found.score / FULL


def _embeddings(one: Served) -> Iterator[Sample]:
    if one.result.embedding is not None:
        yield {"batch": "1"}, one.result.embedding.batch_1_per_s
        yield {"batch": "32"}, one.result.embedding.batch_32_per_s


_TTFT: Final = "time_to_first_token_seconds"
_RATE: Final = "decode_tokens_per_second"
_LOW: Final = "Lower end of its 95 % interval."
_HIGH: Final = "Upper end of its 95 % interval."
_GAUGES: Final = (
    _Gauge(_TTFT, "Time to the first token of the loaded model, median.", _one(lambda one: one.result.ttft_s)),
    _Gauge(f"{_TTFT}_low", _LOW, _ttft(lambda ends: ends.low_s)),
    _Gauge(f"{_TTFT}_high", _HIGH, _ttft(lambda ends: ends.high_s)),
    _Gauge(_RATE, "Output tokens per second without the first token.", _one(lambda one: one.result.speed_tps)),
    _Gauge(f"{_RATE}_low", _LOW, _decode(lambda ends: ends.low_tps)),
    _Gauge(f"{_RATE}_high", _HIGH, _decode(lambda ends: ends.high_tps)),
    _Gauge("prefill_tokens_per_second", "Prompt tokens read per second.", _one(lambda one: one.result.prefill_tps)),
    _Gauge("load_seconds", "Load time of the model.", _one(lambda one: one.result.load_s)),
    _Gauge("model_memory_bytes", "Memory in use at num_ctx, in all and on the GPU.", _memory),
    _Gauge("quality_ratio", "Quality by graded answers, corrected for guessing, 0 to 1.", _quality),
    _Gauge("embeddings_per_second", "Texts turned into vectors per second.", _embeddings),
)
