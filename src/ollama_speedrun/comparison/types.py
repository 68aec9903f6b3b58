"""The types of a comparison."""

from typing import Final, Literal, TypeAlias

import msgspec

from ..benchmark.types import ResultKey, label

Kind: TypeAlias = Literal["better", "worse", "same", "cannot-tell"]
Side: TypeAlias = Literal["higher", "lower"]
SPEED_MARGIN: Final = 0.03


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that can be compared: which side is the better one, and the words for that.

    Two values are the same within `margin`. `is_ratio` tells that they are compared by their ratio, and that the margin
    is a share; else they are compared by their difference.
    """

    name: str
    title: str
    unit: str
    better_side: Side
    better: str
    worse: str
    margin: float
    is_ratio: bool = True


DECODE = Figure(
    name="decode_tps",
    title="decode",
    unit="tok/s",
    better_side="higher",
    better="faster",
    worse="slower",
    margin=SPEED_MARGIN,
)
PREFILL = Figure(
    name="prefill_tps",
    title="prefill",
    unit="tok/s",
    better_side="higher",
    better="faster",
    worse="slower",
    margin=SPEED_MARGIN,
)
TTFT = Figure(
    name="ttft_s", title="TTFT", unit="s", better_side="lower", better="faster", worse="slower", margin=SPEED_MARGIN
)
LOAD = Figure(
    name="load_s", title="load", unit="s", better_side="lower", better="faster", worse="slower", margin=SPEED_MARGIN
)
MEMORY = Figure(
    name="memory_bytes", title="memory", unit="bytes", better_side="lower", better="less", worse="more", margin=0.01
)
QUALITY = Figure(
    name="quality",
    title="quality",
    unit="points",
    better_side="higher",
    better="better",
    worse="worse",
    margin=3.0,
    is_ratio=False,
)
FIGURES = (DECODE, PREFILL, TTFT, LOAD, MEMORY, QUALITY)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a model in two results.

    `amount` is the ratio b/a, or b − a for quality, and `low` and `high` its 99 % interval, None where
    a side was measured only once. `kind` says what follows: the interval lies within the figure's margin of no change
    ("same"), on one side of no change ("better", "worse"), or neither ("cannot-tell"); then `why` says why. An interval
    on both sides of no change and within a larger margin is "same", too: `margin` is the one that holds. `low_90` and
    `high_90` are the 90 % interval, whose ends a check goes by because it measures twice.
    """

    figure: Figure
    a: float | None
    b: float | None
    amount: float | None = None
    low: float | None = None
    high: float | None = None
    low_90: float | None = None
    high_90: float | None = None
    kind: Kind
    margin: float | None = None
    why: str | None = None

    @property
    def word(self) -> str:
        """The result in a word, such as "slower"."""
        match self.kind:
            case "better":
                return self.figure.better
            case "worse":
                return self.figure.worse
            case "same":
                return "the same"
            case "cannot-tell":
                return "cannot tell"


class Suspect(msgspec.Struct, frozen=True):
    """Something that changed between two results and may explain a change of figures, with both values as text."""

    name: str
    a: str
    b: str


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One model in two results: its key in each, what changed around it, and its figures."""

    a: ResultKey
    b: ResultKey
    suspects: tuple[Suspect, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def label(self) -> str:
        """The model's name in `b`, with its variant."""
        return label(self.b[1], self.b[2])


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two results side by side. `unlike` names the settings that differ and what was therefore not compared.

    `only_a` and `only_b` are models that one of them alone has.
    """

    pairs: tuple[Pair, ...]
    unlike: tuple[str, ...] = ()
    only_a: tuple[ResultKey, ...] = ()
    only_b: tuple[ResultKey, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of all pairs."""
        return tuple(change for pair in self.pairs for change in pair.changes)
