"""The note on results that an earlier run measured. Pure."""

from collections.abc import Sequence
from typing import Final

from ..benchmark.types import Result
from .text import clean

MARK: Final = "^"
ID_SHOWN: Final = 8
RUNS_SHOWN: Final = 3


def mark(result: Result) -> str:
    """Return the mark of a result that was taken over, empty for one of the run itself."""
    return "" if result.measured_in is None else MARK


def notes(measured: Sequence[Result]) -> tuple[tuple[str, str], ...]:
    """Return how many results were taken over, from which days (local time) and runs, as a mark and a text."""
    taken = [result for result in measured if result.measured_in is not None]
    if not taken:
        return ()
    days = sorted({f"{result.ended_at.astimezone():%Y-%m-%d}" for result in taken if result.ended_at is not None})
    when = "" if not days else f", of {days[0]}" if len(days) == 1 else f", of {days[0]} to {days[-1]}"
    runs = sorted({clean(result.measured_in or "")[:ID_SHOWN] for result in taken})
    more = f" and {len(runs) - RUNS_SHOWN} more" if len(runs) > RUNS_SHOWN else ""
    which = f"run{'' if len(runs) == 1 else 's'} {', '.join(runs[:RUNS_SHOWN])}{more}"
    text = (
        f"not measured in this run: {len(taken)} of {len(measured)} results were taken over from {which}{when}; "
        "--fresh measures all again"
    )
    return ((MARK, text),)
