"""What was loaded before the run: which candidates it serves, and what of a plan is still to be done. Pure."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from ..benchmark.types import Result
from .types import Assignment, Candidate, Held


class Unload(msgspec.Struct, frozen=True):
    """A model has to go, for the plan does not fit beside it."""

    held: Held


class Load(msgspec.Struct, frozen=True):
    """A model has to be loaded, or loaded again with the context that the plan counts on."""

    candidate: Candidate


class Keep(msgspec.Struct, frozen=True):
    """A model is loaded, but only for a time: it has to be told to stay, with the context that it has."""

    candidate: Candidate
    num_ctx: int | None


Step: TypeAlias = Unload | Load | Keep


def as_loaded(candidate: Candidate, held: Sequence[Held], num_ctx: int | None) -> Candidate:
    """Return a candidate with the loaded model that serves it, where one does: with the wanted context at least.

    Where no context is wanted and the loaded one takes less memory than was measured, the plan counts on that.
    """
    resident = next((one.resident for one in held if is_of(one, candidate.result)), None)
    if resident is None or (num_ctx is not None and (resident.context_length or 0) < num_ctx):
        return candidate
    if num_ctx is None and resident.size_bytes and resident.size_bytes < candidate.memory_bytes:
        return msgspec.structs.replace(
            candidate,
            resident=resident,
            memory_bytes=resident.size_bytes,
            memory_basis="measured",
            num_ctx=resident.context_length,
        )
    return msgspec.structs.replace(candidate, resident=resident)


def is_of(held: Held, result: Result) -> bool:
    """Return whether a loaded model is the one of a result: by digest, by name where one is absent."""
    resident = held.resident
    if held.url != result.host:
        return False
    if resident.digest and result.digest:
        return resident.digest == result.digest
    return resident.model == result.model


def together_bytes(held: Sequence[Held]) -> int:
    """Return the memory that loaded models take together; of one that lies partly on a GPU that part alone."""
    return sum((one.resident.size_vram_bytes or one.resident.size_bytes or 0) for one in held)


def steps(one: Assignment) -> tuple[Step, ...]:
    """Return what brings a machine's part about, what has to go first; nothing where its models are to take turns."""
    return tuple(_steps(one)) if one.seats and one.is_warm else ()


def _steps(one: Assignment) -> Iterator[Step]:
    held = one.site.held or ()
    as_they_are = sum(_loaded_bytes(candidate) for candidate in one.loaded)
    is_tight = len(one.loaded) > 1 and as_they_are > one.site.capacity.memory_bytes
    needed = one.memory_bytes if is_tight else as_they_are
    others = [other for other in held if not any(is_of(other, candidate.result) for candidate in one.loaded)]
    yield from map(Unload, _in_the_way(others, one.site.capacity.memory_bytes - needed))
    for candidate in one.loaded:
        resident = candidate.resident
        if resident is None or (is_tight and _loaded_bytes(candidate) > candidate.memory_bytes):
            yield Load(candidate)
        elif not resident.stays:
            yield Keep(candidate, resident.context_length)


def _loaded_bytes(candidate: Candidate) -> int:
    """Return the memory of a candidate, as it is loaded where it is."""
    return (candidate.resident.size_bytes if candidate.resident else None) or candidate.memory_bytes


def _in_the_way(others: Sequence[Held], free_bytes: int) -> Iterator[Held]:
    """Yield the models that do not fit beside the plan; the small ones stay first."""
    for other in sorted(others, key=lambda one: one.resident.size_bytes or 0):
        free_bytes -= other.resident.size_bytes or 0
        if free_bytes < 0:
            yield other
