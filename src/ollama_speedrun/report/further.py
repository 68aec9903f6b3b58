"""What further studies of a model found, each in one line. Pure."""

from collections.abc import Iterator

from ..benchmark.types import Result, SecondTurn
from . import figures


def remarks(result: Result) -> Iterator[str]:
    """Yield a sentence for each further finding of a result."""
    if result.second_turn is not None and (line := second_turn(result.second_turn)):
        yield line


def second_turn(found: SecondTurn) -> str:
    """Return how long the second turn of a conversation takes, and why; nothing where neither is known."""
    warm_s, cold_s = found.ttft_warm_s, found.ttft_cold_s
    times = "second turn"
    if warm_s is not None and cold_s is not None:
        times = f"second turn {figures.duration(warm_s)} instead of {figures.duration(cold_s)}"
    elif warm_s is not None:
        times = f"second turn {figures.duration(warm_s)}"
    why = _why(found)
    return f"{times}: {why}" if why or times != "second turn" else ""


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
