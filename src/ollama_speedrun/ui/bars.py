"""Lines of a live region that fit the width they are given, in terminal cells."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from ..report.layout import shorten

NARROWEST_LABEL: Final = 16
LABEL_WIDTH: Final = 10
NARROWEST_BAR: Final = 8
WIDEST_BAR: Final = 40


def spread(model: str, host: str, figures: Sequence[str], width: int) -> Text:
    """Return a model at the left, indented, and the longest of `figures` that leaves it room at the right.

    Where the width is short, the model's name is shortened first, then the host left out. Without a model ("") the host
    stands in its place.
    """
    if not model:
        model, host = host, ""
    chosen = _longest(figures, width - NARROWEST_LABEL - 4)
    room = max(width - cell_len(chosen) - 4, 1)
    suffix = f" @ {host}" if host else ""
    name = shorten(model, room)
    if room - cell_len(suffix) >= min(NARROWEST_LABEL, cell_len(model)):
        name = shorten(model, room - cell_len(suffix)) + suffix
    return Text.assemble("  ", name, " " * (room - cell_len(name) + 2), (chosen, "cyan"))


def bar_line(label: str, done: int, total: int, figures: Sequence[str], width: int) -> Text:
    """Return a progress bar between a label and the longest of `figures` that leaves it room."""
    chosen = _longest(figures, width - LABEL_WIDTH - NARROWEST_BAR - 2)
    length = min(max(width - LABEL_WIDTH - cell_len(chosen) - 2, 0), WIDEST_BAR)
    filled = length if done >= total else length * done // total
    bar = (("━" * filled, "green"), ("─" * (length - filled), "dim"))
    return Text.assemble((f"{shorten(label, LABEL_WIDTH - 1):<{LABEL_WIDTH}}", "bold"), *bar, f"  {chosen}")


def _longest(figures: Sequence[str], room: int) -> str:
    """Return the first of `figures`, which go from long to short, that fits; the last where none does."""
    return next((text for text in figures if cell_len(text) <= room), figures[-1])
