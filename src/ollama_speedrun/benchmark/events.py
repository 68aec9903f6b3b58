"""The events of the benchmarks."""

from typing import TypeAlias

import msgspec

from ..visit.events import VisitEvent
from .types import Result


class BenchmarkQueued(msgspec.Struct, frozen=True):
    """A model will be benchmarked when its turn comes."""

    host: str
    model: str


class BenchmarkBegan(msgspec.Struct, frozen=True):
    """A model's turn has come."""

    host: str
    model: str


class BenchmarkPartial(msgspec.Struct, frozen=True):
    """A model's result so far, while its benchmark goes on: takes the place of an earlier one of the same benchmark."""

    result: Result


class BenchmarkEnded(msgspec.Struct, frozen=True):
    """A model's benchmark is over, well or not."""

    result: Result


class BenchmarkRevised(msgspec.Struct, frozen=True):
    """A result that was reported before has changed: this one takes its place."""

    result: Result


BenchmarkEvent: TypeAlias = (
    VisitEvent | BenchmarkQueued | BenchmarkBegan | BenchmarkPartial | BenchmarkEnded | BenchmarkRevised
)
