"""The notes of a report: one for each kind of caveat, those that concern the decision first. Pure."""

import string
from collections.abc import Container, Iterable, Sequence
from typing import Final, TypeAlias

from ..assessment.types import Verdict
from ..benchmark.types import Caveat, CaveatKind, Result, ResultKey
from .columns import Entry
from .text import clean

_CHANGES_NO_DECISION: Final = frozenset(
    {
        CaveatKind.LOAD_TIME_HIDDEN,
        CaveatKind.PROMPT_CACHED,
        CaveatKind.BUDGET_EXCEEDED,
        CaveatKind.IMPRECISE,
    }
)
"""What concerns a figure outside the score, or what an interval in the table already says."""

Note: TypeAlias = tuple[CaveatKind, str, str]
"""A kind of caveat, its mark and its text."""


def notes(results: Sequence[Result], deciding: Container[ResultKey]) -> tuple[list[Note], list[Note]]:
    """Return a note for each kind of caveat, marked by letters: those that concern the decision, then the others."""
    caveats = [(result.key in deciding, caveat) for result in results for caveat in result.caveats]
    first = dict.fromkeys(
        caveat.kind for decides, caveat in caveats if decides and caveat.kind not in _CHANGES_NO_DECISION
    )
    rest = dict.fromkeys(caveat.kind for _, caveat in caveats if caveat.kind not in first)
    marks = dict(zip((*first, *rest), string.ascii_lowercase, strict=False))
    of_first = [caveat for decides, caveat in caveats if decides]
    of_all = [caveat for _, caveat in caveats]
    return (
        [(kind, marks[kind], _note(kind, of_first)) for kind in first],
        [(kind, marks[kind], _note(kind, of_all)) for kind in rest],
    )


def deciding_between(shown: Sequence[Entry], verdict: Verdict | None) -> set[ResultKey]:
    """Return the results that a decision is made between: all picks, the next best, and those without a score."""
    if verdict is None:
        return {entry.result.key for entry in shown}
    chosen = {pick.key for pick in verdict.picks}
    ranked = sorted((entry for entry in shown if entry.score is not None), key=lambda entry: -(entry.score or 0))
    unscored = {entry.result.key for entry in shown if entry.score is None}
    return chosen | unscored | {entry.result.key for entry in ranked[:2]}


def _note(kind: CaveatKind, caveats: Iterable[Caveat]) -> str:
    """Return what the kind's caveats say; where their figures differ, the first of them speaks for all."""
    first, *others = dict.fromkeys(clean(caveat.text) for caveat in caveats if caveat.kind == kind)
    figures = "figures of its own" if len(others) == 1 else "figures of their own"
    return f"{first} (and {len(others)} more like it, with {figures}: --json has them)" if others else first
