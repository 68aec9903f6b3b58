"""Quants of one base beside the largest of them, in a line for each. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from ..assessment.types import Verdict
from ..quality.next_tokens import Siblings, divergence_margin_nats, half_width
from . import figures
from .columns import Entry


def lines(entries: Iterable[Entry], verdict: Verdict | None, names: Mapping[str, str]) -> Iterator[str]:
    """Yield what each of the entries keeps of its largest sibling's first choices, where that was measured."""
    by_model = {(one.host, one.model): one for one in (verdict.siblings if verdict else ())}
    for key in dict.fromkeys((entry.result.host, entry.result.model) for entry in entries):
        if found := by_model.get(key):
            yield line(found, names)


def line(found: Siblings, names: Mapping[str, str]) -> str:
    """Return the sentence on one model: the same first choices ± half of the 95 % interval, and the divergence."""
    elsewhere = found.reference_host != found.host
    place = figures.host_called(found.reference_host, names)
    kept = f"{100 * found.same:.0f} ±{100 * half_width(found):.0f} %"
    return (
        f"{figures.name(found.model)} keeps {kept} of the first choices of {figures.name(found.reference)}"
        f"{f' @ {place}' if elsewhere else ''} ({found.prompts} texts, "
        f"KL {found.divergence_nats:.3f} ±{divergence_margin_nats(found):.3f})"
    )
