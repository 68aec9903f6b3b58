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


def spread(label: Text, figures: Sequence[str], width: int) -> Text:
    """Return the label at the left and the longest of `figures` that leaves it room at the right."""
    chosen = _longest(figures, width - min(label.cell_len, NARROWEST_LABEL) - 2)
    room = max(width - cell_len(chosen) - 2, 1)
    name = shorten(label.plain, room)
    return Text.assemble(name, " " * (room - cell_len(name) + 2), (chosen, "cyan"))


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
