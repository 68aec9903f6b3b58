"""A comparison as a person reads it, and as other programs do. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ..assessment.types import key_as_json
from ..comparison.types import FIGURES, MEMORY, Change, Comparison, Kind, Pair
from ..wording import counted
from . import figures
from .columns import Column
from .text import clean

KINDS: Final[tuple[Kind, ...]] = ("worse", "better", "same", "cannot-tell")
COLUMNS: Final = (
    Column[Any]("Model", str, "name"),
    Column[Any]("Host", str, "name"),
    Column[Any]("Figure", str, "words"),
    Column[Any]("Before", str, "figure"),
    Column[Any]("After", str, "figure"),
    Column[Any]("Change", str, "figure"),
    Column[Any]("Result", str, "words"),
)


class Row(msgspec.Struct, frozen=True):
    """One figure of one model, as cells of `COLUMNS`, and what it comes to."""

    cells: tuple[str, ...]
    kind: Kind


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison as texts: how much changed, what else changed, what could not be compared, and the rows."""

    summary: str
    suspects: tuple[str, ...]
    unlike: tuple[str, ...]
    alone: tuple[str, ...]
    rows: tuple[Row, ...]
    hidden: int


def compared(
    comparison: Comparison, names: Mapping[str, str], *, sides: tuple[str, str], whole: bool = False
) -> Compared:
    """Return the texts. `sides` say what is compared, `names` what hosts are called; with `whole` no row is left out.

    Else only figures that changed have a row, unless no more than one model is compared.
    """
    is_whole = whole or len(comparison.pairs) <= 1
    rows = [_row(pair, change, names) for pair in comparison.pairs for change in pair.changes]
    shown = [row for row in rows if is_whole or row.kind in {"worse", "better"}]
    return Compared(
        summary=summary(comparison, sides),
        suspects=tuple(_suspects(comparison, names)),
        unlike=tuple(f"{text[:1].upper()}{text[1:]}." for text in map(clean, comparison.unlike)),
        alone=tuple(_alone(comparison, sides)),
        rows=tuple(shown),
        hidden=len(rows) - len(shown),
    )


def summary(comparison: Comparison, sides: tuple[str, str]) -> str:
    """Return the outcome in one sentence."""
    count = Counter(change.kind for change in comparison.changes)
    words = {"worse": "worse", "better": "better", "same": "the same", "cannot-tell": "unclear"}
    parts = [f"{count[kind]} {words[kind]}" for kind in KINDS if count[kind]]
    models = counted(len(comparison.pairs), "model")
    figures_ = counted(sum(count.values()), "figure")
    outcome = ", ".join(parts) or "nothing could be compared"
    return f"{clean(sides[1])} against {clean(sides[0])}: {models}, {figures_}: {outcome}."


def change_text(change: Change) -> str:
    """Return by how much a figure changed, with the ends of its interval."""
    if change.amount is None:
        return figures.ABSENT
    if change.figure.is_ratio:
        shown = f"{change.amount - 1:+.1%}"
        ends = None if change.low is None or change.high is None else (change.low - 1, change.high - 1)
        return shown if ends is None or ends[0] == ends[1] else f"{shown} ({ends[0]:+.1%} to {ends[1]:+.1%})"
    shown = f"{change.amount:+.1f}"
    return shown if change.low is None or change.high is None else f"{shown} ({change.low:+.1f} to {change.high:+.1f})"


def result_text(change: Change) -> str:
    """Return what a change comes to, in words."""
    if change.kind == "same":
        margin = change.margin or change.figure.margin
        return f"the same within {f'{margin:.0%}' if change.figure.is_ratio else f'{margin:.0f} points'}"
    if change.kind == "cannot-tell":
        return f"unclear: {change.why}"
    return change.word


def as_json(comparison: Comparison, sides: tuple[str, str]) -> Mapping[str, Any]:
    """Return the comparison as a JSON value; docs/compare.md describes it."""
    return {
        "before": sides[0],
        "after": sides[1],
        "unlike": list(comparison.unlike),
        "pairs": [
            {
                "before": key_as_json(pair.a),
                "after": key_as_json(pair.b),
                "suspects": [{"name": one.name, "before": one.a, "after": one.b} for one in pair.suspects],
                "figures": [
                    {
                        "name": change.figure.name,
                        "unit": change.figure.unit,
                        "before": change.a,
                        "after": change.b,
                        "change": "ratio" if change.figure.is_ratio else "difference",
                        "amount": change.amount,
                        "low": change.low,
                        "high": change.high,
                        "margin": change.margin,
                        "result": change.kind,
                        "word": change.word,
                        "why": change.why,
                    }
                    for change in pair.changes
                ],
            }
            for pair in comparison.pairs
        ],
        "only_before": [key_as_json(key) for key in comparison.only_a],
        "only_after": [key_as_json(key) for key in comparison.only_b],
    }


def _row(pair: Pair, change: Change, names: Mapping[str, str]) -> Row:
    return Row(
        (
            _both(figures.name(_label(pair.a)), figures.name(pair.label)),
            _both(figures.host_called(pair.a[0], names), figures.host_called(pair.b[0], names)),
            change.figure.title,
            _value(change, change.a),
            _value(change, change.b),
            change_text(change),
            result_text(change),
        ),
        change.kind,
    )


def _label(key: Sequence[str | None]) -> str:
    return f"{key[1]} ({key[2]})" if key[2] else f"{key[1]}"


def _both(one: str, two: str) -> str:
    return two if one == two else f"{one} → {two}"


def _value(change: Change, value: float | None) -> str:
    if value is None:
        return figures.ABSENT
    if change.figure is MEMORY:
        return figures.size(round(value))
    match change.figure.unit:
        case "tok/s":
            return f"{figures.rate(value)} tok/s"
        case "s":
            return figures.duration(value)
        case _:
            return figures.score(value)


def _suspects(comparison: Comparison, names: Mapping[str, str]) -> Iterator[str]:
    """Yield what changed around the figures, equal changes of one host together."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for pair in comparison.pairs:
        for one in pair.suspects:
            found.setdefault((one.name, one.a, one.b, figures.host_called(pair.b[0], names)), []).append(
                figures.name(pair.label)
            )
    for (name, before, after, host), models in found.items():
        who = models[0] if len(models) == 1 else counted(len(models), "model")
        yield f"Changed, too: {name} {clean(before, 60)} → {clean(after, 60)} ({who} on {host})."


def _alone(comparison: Comparison, sides: tuple[str, str]) -> Iterator[str]:
    for keys, side in ((comparison.only_a, sides[0]), (comparison.only_b, sides[1])):
        if keys:
            shown = ", ".join(figures.name(_label(key)) for key in keys[:4])
            more = f" and {len(keys) - 4} more" if len(keys) > 4 else ""
            yield f"Only in {clean(side)}: {shown}{more}."


FIGURE_NAMES: Final = tuple(figure.name for figure in FIGURES)
