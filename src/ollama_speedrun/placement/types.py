"""What a placement is asked for, what it rests on, and the plan. Pure."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from ..assessment.uses import Use
from ..benchmark.types import Result
from ..inventory.types import Model
from ..visit.types import Resident

MemoryBasis: TypeAlias = Literal["measured", "line", "formula", "other context", "disk"]
"""Where a figure of memory comes from.

A load with that context; the line through loads with two contexts; one load and the growth of the cache by the model's
details; a load with another context, where nothing tells how it grows; the size on disk.
"""
CapacityBasis: TypeAlias = Literal["given", "seen"]
"""Where a machine's memory comes from: the command line, or the most that a benchmark saw in use."""


class Want(msgspec.Struct, frozen=True):
    """A demand: so many requests of one use at the same time."""

    use: Use
    requests: int


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one server, in one variant, with its memory in bytes at the wanted context.

    `num_ctx` is the context that the memory is for. `points` are its worth for each use of the demand in order, 0 to
    100, by how many requests its machine serves at once, from 1 on; None where it does not suit the use. `cold_points`
    are those where each request waits for a load. `resident` is the model as the server had it loaded before the run,
    None where it had not, or with less than the wanted context.
    """

    result: Result
    described: Model | None
    memory_bytes: int
    memory_basis: MemoryBasis
    num_ctx: int | None
    points: tuple[tuple[float, ...] | None, ...]
    cold_points: tuple[tuple[float, ...] | None, ...]
    resident: Resident | None = None


class Capacity(msgspec.Struct, frozen=True):
    """The bytes that the models of a machine may take together, and where that is known from."""

    memory_bytes: int
    basis: CapacityBasis


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a server had loaded before the run: the server's URL, and what it said of the model."""

    url: str
    resident: Resident


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A machine: its servers by URL, which share its memory, and the models that they can serve with.

    `held` is what was loaded there before the run, seen at `seen_at`; None where that is not known.
    """

    urls: tuple[str, ...]
    capacity: Capacity
    candidates: tuple[Candidate, ...]
    held: tuple[Held, ...] | None = None
    seen_at: datetime | None = None


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one use that one model serves, what each is worth, 0 to 100, and its rate in tokens/s."""

    use: str
    requests: int
    candidate: Candidate
    points: float
    rate_tps: float | None


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """One machine's part of a plan. `is_warm` is False where its models do not fit together and take turns."""

    site: Site
    seats: tuple[Seat, ...]
    is_warm: bool = True

    @property
    def loaded(self) -> tuple[Candidate, ...]:
        """The models that serve, each once, in the order of the demand."""
        return tuple({seat.candidate.result.key[:2]: seat.candidate for seat in self.seats}.values())

    def seats_of(self, candidate: Candidate) -> tuple[Seat, ...]:
        """Return what a loaded model serves, in whatever variant."""
        return tuple(seat for seat in self.seats if seat.candidate.result.key[:2] == candidate.result.key[:2])

    @property
    def memory_bytes(self) -> int:
        """The memory that they take together."""
        return sum(one.memory_bytes for one in self.loaded)


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine is taken to have loaded today: what was seen, or else one model as a stand-in, None for none."""

    site: Site
    stand_in: Candidate | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A placement for a demand, its points a request, and those of today's state, machine by machine.

    `unserved` are requests that no model suits, by use. `is_exact` is False where the demand was too large to try every
    share of it. `assumptions` are sentences on what was not measured.
    """

    assignments: tuple[Assignment, ...]
    unserved: tuple[tuple[str, int], ...]
    points: float
    points_today: float
    today: tuple[Today, ...]
    is_exact: bool
    assumptions: tuple[str, ...]
