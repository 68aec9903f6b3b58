"""Who takes part in a race: models that need no asking are left out with a reason, equal ones are asked once. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from .. import units
from .race_types import Arm


class Span(msgspec.Struct, frozen=True):
    """What is known of a figure where more is better: it lies between `low` and `high`, both included."""

    low: float
    high: float


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a host before the race; figures are None while unknown, and unknown figures exclude nobody.

    Candidates of equal `identity` give equal answers (None: equal to no other). `item_s` is the expected time of one
    answer. `memory_bytes` is what the model needs at the benchmarked context. `figures` are what the uses weigh, each
    under its name: speed, context, the score of each area.
    """

    name: str
    host: str
    identity: str | None = None
    item_s: float | None = None
    decode_tps: float | None = None
    memory_bytes: int | None = None
    figures: Mapping[str, Span] = msgspec.field(default_factory=dict)


class BelowSpeedFloor(msgspec.Struct, frozen=True, tag="below-speed-floor"):
    """Slower than the user accepts, in tokens/s."""

    decode_tps: float
    floor_tps: float

    def __str__(self) -> str:
        """Say it in words."""
        return f"below the speed floor ({self.decode_tps:.1f} of {self.floor_tps:g} tok/s)"


class OverMemory(msgspec.Struct, frozen=True, tag="over-memory"):
    """Larger than the memory of its host, in bytes."""

    memory_bytes: int
    host_bytes: int

    def __str__(self) -> str:
        """Say it in words."""
        needed, there = units.gigabytes(self.memory_bytes), units.gigabytes(self.host_bytes)
        return f"needs more memory than its host has ({needed:.1f} of {there:.1f} GB)"


class Dominated(msgspec.Struct, frozen=True, tag="dominated"):
    """No use can prefer it: another candidate is certain to be at least as good in every figure, and better in one."""

    by: str
    host: str

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.by} on {self.host} is at least as good in everything"


ReasonNotAsked: TypeAlias = BelowSpeedFloor | OverMemory | Dominated


class NotAsked(msgspec.Struct, frozen=True):
    """A candidate that is left out, and why."""

    candidate: Candidate
    reason: ReasonNotAsked


class Entry(msgspec.Struct, frozen=True):
    """An arm of the race and the candidates that it answers for, itself first."""

    arm: Arm
    candidates: tuple[Candidate, ...]


class Field(msgspec.Struct, frozen=True):
    """Who is asked, in the order given, and who is not."""

    entries: tuple[Entry, ...]
    not_asked: tuple[NotAsked, ...]

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms of the race; each is named `model@host`."""
        return tuple(entry.arm for entry in self.entries)


def field(
    candidates: Sequence[Candidate], *, floor_tps: float | None = None, host_bytes: Mapping[str, int] | None = None
) -> Field:
    """Return who takes part. Reasons are tried in the order floor, memory, domination; candidates on one host differ.

    Domination is judged among those that pass the first two, and only by figures that both candidates have; a
    candidate with a figure that the other lacks is not dominated by it. Of candidates with equal identity the one that
    answers soonest is asked (`item_s`; of equals, or where unknown, the first).
    """
    fit: list[Candidate] = []
    left: list[NotAsked] = []
    for candidate in candidates:
        reason = _unfit(candidate, floor_tps, host_bytes or {})
        if reason is None:
            fit.append(candidate)
        else:
            left.append(NotAsked(candidate, reason))
    asked: dict[str, list[Candidate]] = {}
    for candidate in fit:
        better = next((other for other in fit if dominates(other, candidate)), None)
        if better is None:
            key = f"={candidate.identity}" if candidate.identity is not None else f"{candidate.name}@{candidate.host}"
            asked.setdefault(key, []).append(candidate)
        else:
            left.append(NotAsked(candidate, Dominated(better.name, better.host)))
    return Field(tuple(_entry(same) for same in asked.values()), tuple(left))


def dominates(one: Candidate, other: Candidate) -> bool:
    """Say if `one` is certain to be at least as good in every figure of `other`, and better in one.

    Equal models on different hosts may dominate each other by speed; they still share their answers where both remain.
    """
    if one is other or not other.figures or not other.figures.keys() <= one.figures.keys():
        return False
    pairs = [(one.figures[name], figure) for name, figure in other.figures.items()]
    return all(mine.low >= theirs.high for mine, theirs in pairs) and any(
        mine.low > theirs.high for mine, theirs in pairs
    )


def _unfit(candidate: Candidate, floor_tps: float | None, host_bytes: Mapping[str, int]) -> ReasonNotAsked | None:
    if floor_tps is not None and candidate.decode_tps is not None and candidate.decode_tps < floor_tps:
        return BelowSpeedFloor(candidate.decode_tps, floor_tps)
    memory = host_bytes.get(candidate.host)
    if memory is not None and candidate.memory_bytes is not None and candidate.memory_bytes > memory:
        return OverMemory(candidate.memory_bytes, memory)
    return None


def _entry(same: Iterable[Candidate]) -> Entry:
    soonest_first = sorted(same, key=lambda one: (one.item_s is None, one.item_s or 0.0))
    first = soonest_first[0]
    return Entry(Arm(name=f"{first.name}@{first.host}", host=first.host), tuple(soonest_first))
