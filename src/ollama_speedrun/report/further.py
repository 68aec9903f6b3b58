"""What further studies of a model found, each in one line. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..benchmark.parallelism import Parallelism, inferred
from ..benchmark.types import ContentKind, ContentRate, EnergyFigures, Interval, Result, SecondTurn
from . import figures
from .memory import cliff

CONTENT_NAMES: Final[Mapping[ContentKind, str]] = {"prose": "prose", "code": "code", "json": "JSON"}


def remarks(result: Result) -> Iterator[str]:
    """Yield a sentence for each further finding of a result that no table shows."""
    if result.second_turn is not None and (line := second_turn(result.second_turn)):
        yield line
    if result.content:
        yield content(result.content, result.decode_interval)
    if result.energy is not None:
        yield energy(result.energy)
    if result.gpu_cliff is not None:
        yield cliff(result.gpu_cliff)


def energy(found: EnergyFigures) -> str:
    """Return what a token costs in energy and money, and if idle power is in it."""
    above = found.joules_per_token_above_idle
    line = f"{figures.joules(found.joules_per_token)} J a token with idle power"
    if above is not None:
        line += f", {figures.joules(above)} J without"
    line += f": {figures.rate(found.tokens_per_wh)} tokens a Wh"
    if found.cost_per_million_tokens is not None:
        line += f", {figures.cost(found.cost_per_million_tokens)} for a million tokens at {found.price_per_kwh:g} a kWh"
    how = "at the watts stated" if found.source == "stated" else f"by the sensors {', '.join(found.sensors)}"
    return f"{line} ({how})"


def answers(found: Parallelism) -> str:
    """Return how many requests a server answers at once."""
    if found.at_once == 1:
        return "answers one request at a time"
    return f"answers {'at least ' if found.is_lower_bound else ''}{found.at_once} requests at once"


def requests_at_once(found: Parallelism) -> str:
    """Return how many requests a server answers at once, with the throughput of all and its price in latency."""
    if found.throughput_tps is None or found.requests == 1:
        return answers(found)
    alone = "" if found.alone_tps is None else f" instead of {figures.rate(found.alone_tps)}"
    parts = [f"{figures.rate(found.throughput_tps)} tok/s in all with {found.requests}{alone}"]
    if found.stream_tps is not None:
        parts.append(f"each at {figures.rate(found.stream_tps)}")
    if found.ttft_s is not None and found.alone_ttft_s is not None:
        parts.append(
            f"first token after {figures.duration(found.ttft_s)} instead of {figures.duration(found.alone_ttft_s)}"
        )
    return f"{answers(found)}: {', '.join(parts)}"


def of_host(results: Sequence[Result]) -> str | None:
    """Return what the results of one host tell of its requests at once: those of the model with the most throughput."""
    found = [one for result in results if (one := inferred(result.concurrency)) is not None]
    return requests_at_once(max(found, key=lambda one: (one.at_once, one.throughput_tps or 0.0))) if found else None


def content(rates: Sequence[ContentRate], spread: Interval | None = None) -> str:
    """Return how fast each kind of content is written, and which one the score took.

    Rates that all lie in the `spread` of the scored one, its 95 % interval, are said not to differ.
    """
    slowest, fastest = min(rate.decode_tps for rate in rates), max(rate.decode_tps for rate in rates)
    each = ", ".join(f"{figures.rate(rate.decode_tps)} on {CONTENT_NAMES[rate.kind]}" for rate in rates)
    scored = [CONTENT_NAMES[rate.kind] for rate in rates if rate.is_scored]
    taken = f"; the score took {scored[0]}" if scored else ""
    if spread is not None and spread.low_tps <= slowest <= fastest <= spread.high_tps:
        return f"no difference by content beyond the spread of the trials: {each} tok/s{taken}"
    return f"{figures.rate(slowest)} to {figures.rate(fastest)} tok/s by content: {each}{taken}"


def second_turn(found: SecondTurn) -> str:
    """Return how long the second turn of a conversation takes, and why; nothing where neither is known."""
    warm_s, cold_s = found.ttft_warm_s, found.ttft_cold_s
    if warm_s is None and found.prefix is None:
        return ""
    times = "second turn"
    if warm_s is not None and cold_s is not None:
        times = f"second turn {figures.duration(warm_s)} instead of {figures.duration(cold_s)}"
    elif warm_s is not None:
        times = f"second turn {figures.duration(warm_s)}"
    return f"{times}: {_why(found)}"


def _why(found: SecondTurn) -> str:
    match found.prefix:
        case "kept" if found.survives:
            return "the prefix is kept, also while another conversation comes between"
        case "kept" if found.survives is False:
            return "the prefix is kept until another conversation comes between"
        case "kept":
            return "the prefix is kept"
        case "partly":
            return f"{figures.share(found.cached_share)} of its prompt comes from the cache"
        case "lost":
            return "the prefix is read again each time"
        case None:
            return "the server does not tell what it reads from its cache"
