"""Whether a result is worse than a baseline allows. Pure.

A figure fails only where the near end of the interval of its change is beyond the limit, and where a second
measurement agrees. Both go by the 90 % interval, whose near end is missed in 5 of 100 measurements.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ..benchmark.types import ResultKey, label
from .types import DECODE, PREFILL, QUALITY, TTFT, Change, Comparison, Figure, Suspect

Outcome: TypeAlias = Literal["passed", "worse", "cannot-tell"]
GATED: Final = (DECODE, PREFILL, TTFT, QUALITY)
"""Loading was measured once, and memory has no limit: neither can fail a check."""

LEAST_DELAY_S: Final = 0.05
"""A TTFT that grew by less fails no check: nobody notices it, and the jitter of a network may be as large."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What is allowed: `slowdown` as a share of the speed, `quality_drop` in points."""

    slowdown: float = 0.1
    quality_drop: float = 3.0


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one model against its limit; `change` is None where the model has no new figure, `why` says why.

    `suspects` are what else changed around a figure that did not pass.
    """

    key: ResultKey
    figure: Figure | None
    change: Change | None
    limit: float | None
    outcome: Outcome
    why: str
    suspects: tuple[Suspect, ...] = ()

    @property
    def label(self) -> str:
        """The model's name, with its variant."""
        return label(self.key[1], self.key[2])


def judged(comparison: Comparison, limits: Limits) -> tuple[Judgement, ...]:
    """Return each figure that has a limit, in the order of the comparison, then the models that are missing."""
    found = [
        _judgement(pair.a, change, limits, pair.suspects)
        for pair in comparison.pairs
        for change in pair.changes
        if change.figure in GATED and change.amount is not None
    ]
    missing = [
        Judgement(
            key=key,
            figure=None,
            change=None,
            limit=None,
            outcome="cannot-tell",
            why="the baseline has it, and it could not be measured now",
        )
        for key in comparison.only_a
    ]
    return (*found, *missing)


def confirmed(first: Sequence[Judgement], second: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """Return the judgements after what did not pass was measured again: only what fails twice is worse."""
    again = {(one.key, one.figure): one for one in second}
    return tuple(_confirmed(one, again.get((one.key, one.figure))) for one in first)


def outcome(judgements: Iterable[Judgement]) -> Outcome:
    """Return the worst of some judgements."""
    found = {one.outcome for one in judgements}
    if "worse" in found:
        return "worse"
    return "cannot-tell" if "cannot-tell" in found else "passed"


def _judgement(key: ResultKey, change: Change, limits: Limits, suspects: tuple[Suspect, ...]) -> Judgement:
    limit = limits.slowdown if change.figure.is_ratio else limits.quality_drop
    ends = (change.amount, change.low_90, change.high_90)
    loss, *rest = (None if amount is None else _loss(change.figure, amount) for amount in ends)
    known = [one for one in rest if one is not None]
    what, most = _shown(change.figure, loss or 0.0), _shown(change.figure, limit)
    found: Outcome
    if change.figure is TTFT and (change.b or 0.0) - (change.a or 0.0) < LEAST_DELAY_S:
        found, why = "passed", f"within {most}" if (loss or 0.0) <= limit else "too small to notice"
    elif known and min(known) > limit:
        found, why = "worse", f"{what} {change.figure.worse}, more than {most}"
    elif loss is not None and loss > limit:
        found, why = "cannot-tell", f"{what} {change.figure.worse}, but the interval begins within the limit of {most}"
    else:
        found, why = "passed", f"within {most}"
    return Judgement(
        key=key,
        figure=change.figure,
        change=change,
        limit=limit,
        outcome=found,
        why=why,
        suspects=suspects if found != "passed" else (),
    )


def _loss(figure: Figure, amount: float) -> float:
    """Return how much worse a change is: a share of the speed, or points; negative for a gain."""
    if not figure.is_ratio:
        return -amount
    return 1 - amount if figure.better_side == "higher" else 1 - 1 / amount


def _shown(figure: Figure, loss: float) -> str:
    return f"{loss:.1%}" if figure.is_ratio else f"{loss:.1f} points"


def _confirmed(first: Judgement, second: Judgement | None) -> Judgement:
    if first.outcome == "passed" or second is None:
        return first
    if first.outcome == "worse" and second.outcome == "worse":
        return msgspec.structs.replace(second, why=f"{second.why}, confirmed by measuring again")
    if second.outcome == "passed":
        return msgspec.structs.replace(second, why=f"{second.why} when measured again")
    return msgspec.structs.replace(second, outcome="cannot-tell", why=f"{second.why}; measured twice")
