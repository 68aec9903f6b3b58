"""`suggest [--for USE] [FILE ...]`: how fast models would be that are not pulled, estimated; nothing is fetched."""

import argparse
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence

from ..errors import UsageError
from ..exports.fleet import address
from ..placement.asking import memory_of
from ..placement.prediction import Prediction
from ..placement.suggestion import HostOutlook, Outlook, Suggestion, outlook
from ..report import figures
from ..wording import counted
from . import saved, uses
from .environment import Environment
from .exit_codes import ExitCode
from .place import bytes_of, names_of
from .run import load_settings
from .screen import Screen

_HEADINGS = ("Model", "Params", "Active", "Size", "Memory", "Fits", "Estimated tok/s")


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print for each host the known models that no host has, whether each fits and its estimated speed."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    use = None if chosen.for_ is None else uses.named(chosen.for_, chosen.uses, "--for")
    document = saved.load(environment, arguments, chosen, screen)
    given = {} if arguments.memory is None else memory_of(arguments.memory, names_of(document), bytes_of)
    found = outlook(document, use, given_bytes=given)
    if not found.hosts:
        raise UsageError(
            "no host of this result tells its bandwidth: none has a model of known size that lies wholly on its GPU or "
            "its CPU; run a benchmark with such a model"
        )
    hosts = figures.host_names(document.hosts)
    environment.put(_as_json(found) if arguments.json else "\n".join(_lines(found, hosts)))
    return ExitCode.DONE


def _lines(found: Outlook, hosts: Mapping[str, str]) -> Iterator[str]:
    yield "Estimated from what each host's own models reached; nothing was pulled, and no verdict counts them."
    yield "How good these models are on your questions is not known until they are measured."
    if found.checks:
        inside = sum(check.is_inside for check in found.checks)
        yield (
            f"Check: {inside} of {counted(len(found.checks), 'model')} of this run lie in the interval that "
            "the others of their host give."
        )
    for one in found.hosts:
        yield ""
        yield _host_line(one, hosts)
        yield from _table([_HEADINGS, *map(_cells, one.suggestions)])
    yield ""
    yield "Fits not known: larger than anything seen in use there; the estimate is for where it fits (see --memory)."
    for one in found.hosts:
        best = next((each for each in one.suggestions if each.fit == "yes"), None)
        if best is not None and address(one.url) is not None:
            host, name = shlex.quote(one.url), best.model.name
            yield f"To measure one: OLLAMA_HOST={host} ollama pull {name} && ollama-speedrun {host} --model {name}"
            break


def _host_line(one: HostOutlook, hosts: Mapping[str, str]) -> str:
    capacity = figures.size(one.capacity.memory_bytes)
    basis = "given" if one.capacity.basis == "given" else "the most seen in use"
    if one.law is None:
        return f"{figures.host_called(one.url, hosts)} ({capacity}, {basis})"
    bandwidth = f"{_three_digits(one.law.bandwidth_bytes_per_s / 1e9)} GB/s"
    fixed = f" and {figures.duration(one.law.fixed_s)} a token" if one.law.fixed_s else ""
    count = counted(one.law.models, "model")
    return f"{figures.host_called(one.url, hosts)} ({capacity}, {basis}): {bandwidth}{fixed} by {count}"


def _three_digits(number: float) -> str:
    """Return a number to three significant digits, never with an exponent."""
    return f"{float(f'{number:.3g}'):,.10g}"


def _cells(one: Suggestion) -> tuple[str, ...]:
    active = "–" if one.model.active_b == one.model.parameters_b else f"{one.model.active_b:g}B"
    return (
        one.model.name,
        f"{one.model.parameters_b:g}B",
        active,
        figures.size(one.model.size_bytes),
        figures.size(one.memory_bytes),
        "not known" if one.fit == "unknown" else one.fit,
        "–" if one.prediction is None else _rate(one.prediction),
    )


def _rate(found: Prediction) -> str:
    low, high = figures.rate(found.low_tps), figures.rate(found.high_tps)
    return f"{figures.rate(found.rate_tps)} ({low} to {high})"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *others = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join([first, *others])}".rstrip()


def _as_json(found: Outlook) -> str:
    return json.dumps(
        {
            "is_estimated": True,
            "checks": [
                {
                    "measured_tps": check.rate_tps,
                    "estimated_tps": check.prediction.rate_tps,
                    "low_tps": check.prediction.low_tps,
                    "high_tps": check.prediction.high_tps,
                    "is_inside": check.is_inside,
                }
                for check in found.checks
            ],
            "hosts": [
                {
                    "url": one.url,
                    "capacity_bytes": one.capacity.memory_bytes,
                    "capacity_basis": one.capacity.basis,
                    "bandwidth_bytes_per_s": None if one.law is None else one.law.bandwidth_bytes_per_s,
                    "fixed_s": None if one.law is None else one.law.fixed_s,
                    "models_measured": 0 if one.law is None else one.law.models,
                    "suggestions": [_suggestion(each) for each in one.suggestions],
                }
                for one in found.hosts
            ],
        },
        indent=2,
    )


def _suggestion(one: Suggestion) -> dict[str, object]:
    return {
        "model": one.model.name,
        "parameters_b": one.model.parameters_b,
        "active_b": one.model.active_b,
        "quantization": one.model.quantization,
        "size_bytes": one.model.size_bytes,
        "memory_bytes": one.memory_bytes,
        "fits": {"yes": True, "no": False, "unknown": None}[one.fit],
        "estimated_tps": None if one.prediction is None else one.prediction.rate_tps,
        "low_tps": None if one.prediction is None else one.prediction.low_tps,
        "high_tps": None if one.prediction is None else one.prediction.high_tps,
    }
