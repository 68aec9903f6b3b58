"""What a figure means to a person, in words: the anchors beside which a number is read. Pure."""

from typing import Final

from ..assessment.score import FASTEST_TPS, FASTEST_TTFT_S, SLOWEST_TPS, SLOWEST_TTFT_S
from ..assessment.types import Rated
from ..results.types import Document
from ..wording import joined

READING_TPS: Final = SLOWEST_TPS
"""About as fast as a person reads English: 240 words a minute (Brysbaert, J. Mem. Lang. 109, 2019), 1.3 tokens each."""
THOUGHT_S: Final = 1.0
ATTENTION_S: Final = 10.0
"""Limits of response times (Nielsen, Usability Engineering, 1993): the flow of thought, and attention."""


def speed(tps: float) -> str:
    """Return how fast a decode rate writes beside a person who reads."""
    times = tps / READING_TPS
    if times < 0.95:
        return "slower than people read"
    if times < 1.5:
        return "about as fast as people read"
    return f"{_times(times)} times as fast as people read"


def times_reading(tps: float) -> str:
    """Return a decode rate as a multiple of the rate at which people read."""
    return f"{_times(tps / READING_TPS)}× reading speed"


def wait(duration_s: float) -> str:
    """Return when an answer begins, as a person feels it."""
    if duration_s <= FASTEST_TTFT_S:
        return "at once"
    if duration_s <= THOUGHT_S:
        return "after a short pause"
    return "after a wait that people notice" if duration_s <= ATTENTION_S else f"after more than {ATTENTION_S:g} s"


def feels(duration_s: float) -> str:
    """Return how a wait for the first token feels."""
    if duration_s <= FASTEST_TTFT_S:
        return "feels immediate"
    if duration_s <= THOUGHT_S:
        return "a short pause"
    return "a wait that people notice" if duration_s <= ATTENTION_S else "attention is gone by then"


def quality(score: float) -> str:
    """Return how many of the graded questions a quality stands for, in a word."""
    for least, word in ((99.5, "all"), (90, "nearly all"), (60, "most"), (40, "about half"), (10, "some")):
        if score >= least:
            return word
    return "hardly any"


def recommended(document: Document) -> Rated | None:
    """Return the result that the verdict recommends; None where it recommends none, or one that is not there."""
    pick = None if document.verdict is None else document.verdict.recommendation
    if pick is None:
        return None
    return next((entry for entry in document.rated() if entry.result.key == pick.key), None)


def expected(chosen: Rated) -> str:
    """Return what to expect of a result as one sentence without figures of its own kind."""
    result, graded = chosen.result, chosen.assessment.quality
    parts = [
        None if graded is None else f"gets {quality(graded.score)} of the graded questions right",
        None if result.speed_tps is None else f"writes {speed(result.speed_tps)}",
        None if result.ttft_s is None else f"begins to answer {wait(result.ttft_s)}",
    ]
    known = [part for part in parts if part is not None]
    return f"It {joined(known)}." if known else ""


def _times(times: float) -> str:
    return f"{times:.1f}" if times < 9.95 else f"{times:,.0f}"


MEANINGS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "quality",
        "Quality",
        (
            "0 is what guessing gets, 100 is every graded answer right. ± is half of the 95 % interval: models whose "
            "intervals overlap widely are not told apart by it."
        ),
    ),
    (
        "tok-s",
        "tok/s",
        (
            f"Tokens written per second. People read about {READING_TPS:g} tokens a second; beyond {FASTEST_TPS:g} the "
            "score gives nothing more, for nobody follows. A token is about three quarters of an English word."
        ),
    ),
    (
        "ttft",
        "TTFT",
        (
            f"Time to first token: the wait before an answer begins. Up to {FASTEST_TTFT_S:g} s feels immediate, after "
            f"{THOUGHT_S:g} s the thought is interrupted, after {SLOWEST_TTFT_S:g} s attention is gone."
        ),
    ),
    (
        "prefill",
        "Prefill",
        "Tokens of a prompt read per second. At 1000 tok/s a page of 700 tokens takes 0.7 s before the answer begins.",
    ),
    (
        "s-right",
        "s/right",
        (
            "Seconds until one graded item is right: the time of all answers divided by the number of right ones. It "
            "compares a fast model that errs with a slow one that does not."
        ),
    ),
    (
        "memory",
        "Memory",
        "The memory that the loaded model takes, with the context it was loaded with. 1 GB is 10⁹ bytes.",
    ),
    (
        "gpu",
        "GPU",
        "The share of the model on the GPU. Below 100 % the rest runs on the CPU, which usually makes it much slower.",
    ),
    (
        "load",
        "Load",
        "Seconds from the first request until the model is in memory. It is paid once, as long as it stays loaded.",
    ),
    (
        "score",
        "Score",
        "Quality, speed and latency as one number from 0 to 100. It is absolute: no other model's figures enter it.",
    ),
    (
        "context",
        "Context",
        "Tokens of prompt and answer together. 4K is a few pages, 32K a long report, 128K a novel.",
    ),
)
"""Each anchor of a report: its id, the heading that it explains, and what the number means."""


def id_of(heading: str) -> str | None:
    """Return the id of the anchor that explains a heading; None where there is none."""
    return next((anchor for anchor, name, _ in MEANINGS if name == heading), None)
