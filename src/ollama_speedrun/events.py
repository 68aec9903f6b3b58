"""The phases of a run, and the events that belong to no phase of their own."""

import enum
import functools

import msgspec


@functools.total_ordering
class Phase(enum.Enum):
    """The four phases in their order: an earlier one is less than a later one. They overlap in time."""

    DISCOVER = "discover"
    ENUMERATE = "enumerate"
    BENCHMARK = "benchmark"
    ASSESS = "assess"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Phase):
            return NotImplemented
        order = tuple(Phase)
        return order.index(self) < order.index(other)


class PhaseBegan(msgspec.Struct, frozen=True):
    """A phase begins; `detail` says on what, in words."""

    phase: Phase
    detail: str


class PhaseEnded(msgspec.Struct, frozen=True):
    """A phase is over; `summary` says with what outcome, in words."""

    phase: Phase
    succeeded: bool
    summary: str


class Notice(msgspec.Struct, frozen=True):
    """Something the user should know that is neither progress nor failure."""

    text: str
