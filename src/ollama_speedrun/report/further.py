"""What further studies of a model found, each in one line. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..benchmark.types import ContentKind, ContentRate, Result, SecondTurn
from . import figures
from .memory import cliff

CONTENT_NAMES: Final[Mapping[ContentKind, str]] = {"prose": "prose", "code": "code", "json": "JSON"}


def remarks(result: Result) -> Iterator[str]:
    """Yield a sentence for each further finding of a result."""
    if result.second_turn is not None and (line := second_turn(result.second_turn)):
        yield line
    if result.content:
        yield content(result.content)
    if result.gpu_cliff is not None:
        yield cliff(result.gpu_cliff)


def content(rates: Sequence[ContentRate]) -> str:
    """Return how fast each kind of content is written, and which one the score took."""
    slowest, fastest = min(rate.decode_tps for rate in rates), max(rate.decode_tps for rate in rates)
    each = ", ".join(f"{figures.rate(rate.decode_tps)} on {CONTENT_NAMES[rate.kind]}" for rate in rates)
    scored = [CONTENT_NAMES[rate.kind] for rate in rates if rate.is_scored]
    taken = f"; the score took {scored[0]}" if scored else ""
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
