"""How the figures of a report are to be read. Pure."""

from collections.abc import Collection, Iterator, Sequence

from ..assessment.types import Rated
from ..results.types import Document
from .settings import ReportSettings
from .text import clean


def cautions(document: Document) -> Iterator[str]:
    """Yield what is to be known before any figure is read."""
    if not document.complete:
        yield "Incomplete: the run ended before all was measured; this is what was finished."
    asked = sorted({result.num_ctx for result in document.results if result.num_ctx is not None})
    if len(asked) > 1:
        contexts = " and ".join(f"{tokens:,}" for tokens in asked)
        yield f"Results with contexts of {contexts} tokens stand side by side: memory and speeds do not compare."


def legend(
    measured: Sequence[Rated],
    settings: ReportSettings,
    items_files: Sequence[str] = (),
    *,
    left_out: Collection[str] = (),
) -> Iterator[str]:
    """Yield a sentence for each thing to know about the figures of these results."""
    if any(entry.scores is not None for entry in measured):
        yield _score(settings)
        if settings.scoring == "classic":
            yield "Its quality is output tokens relative to the longest output of the run."
        yield from _quality(measured)
    if "sandbox" in left_out:
        yield "Items that run code were left out: pip install 'ollama-speedrun[code]' brings the sandbox for them."
    if items_files:
        yield f"Your own items were asked, too: {', '.join(map(clean, items_files))}."
    if any(entry.result.decode_interval is not None for entry in measured):
        yield "± is half the 95 % interval of tok/s."
    yield from _context(measured)
    yield from _tiers(measured, settings)


def _context(measured: Sequence[Rated]) -> Iterator[str]:
    """Yield with which context memory and speed were measured, and that results of several ones do not compare."""
    contexts = sorted({entry.result.context_length for entry in measured if entry.result.context_length is not None})
    if len(contexts) == 1:
        yield f"Memory and speeds are those with a context of {contexts[0]:,} tokens."
    elif contexts:
        listed = ", ".join(f"{tokens:,}" for tokens in contexts)
        yield f"Memory and speeds are those with contexts of {listed} tokens: unlike ones do not compare."


def _score(settings: ReportSettings) -> str:
    if settings.scoring == "classic":
        return "Score: classic composite, 0 to 100, relative to this run's other models. ★ marks the best of a tier."
    what = "overall" if settings.use is None else f"what a model is worth for the use {settings.use.name}"
    best = (
        "the best of a tier by quality, among those that write at least as fast as a person reads"
        if settings.use is None
        else "the best of a tier"
    )
    return f"Score: {what}, 0 to 100, absolute: no other model's figures enter it. ★ marks {best}."


def _quality(measured: Sequence[Rated]) -> Iterator[str]:
    graded = [entry.assessment.quality for entry in measured if entry.assessment.quality is not None]
    if graded:
        most = max(quality.items for quality in graded)
        yield (
            f"Quality: the share of up to {most} graded items that were right, corrected for guessing, 0 to 100, ± "
            "the larger half of its 95 % interval; s/right: seconds until one item is right."
        )
    for entry in measured:
        quality = entry.assessment.quality
        if quality is not None and quality.reasons_inline:
            yield (
                f"{clean(entry.result.label, 120)} reasons inline: an answer takes "
                f"{quality.tokens_per_answer or 0:.0f} tokens, over three times the median."
            )
    if any(quality.protocol == "3-shot" for quality in graded):
        yield "Base models continue three solved examples; their quality does not compare with that of chat models."


def _tiers(measured: Sequence[Rated], settings: ReportSettings) -> Iterator[str]:
    if settings.scoring == "classic":
        yield "Tiers of the classic scoring go by the size on disk, 1 GB = 1024³ bytes."
        return
    bases = {entry.assessment.tier_basis for entry in measured}
    if "memory" in bases and "disk" in bases:
        yield "Tiers go by the memory in use, by the size on disk where that was not measured; 1 GB = 10⁹ bytes."
    elif "memory" in bases:
        yield "Tiers go by the memory in use; 1 GB = 10⁹ bytes."
    elif "disk" in bases:
        yield "Tiers go by the size on disk; 1 GB = 10⁹ bytes."
