"""The best use of several machines for a demand. Pure.

A machine serves so many requests of each use at once. What one is worth depends on the model that serves it and on how
many the machine serves; what all are worth is the sum. Machines are independent but for sharing the demand, so a
dynamic programme over the demand that is left is exact once the best of each machine for each part of it is, which
branch and bound finds. A larger demand is shared out by hill climbing instead.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final, TypeAlias

import msgspec

Counts: TypeAlias = tuple[int, ...]
"""How many requests of each use."""
MOST_STATES: Final = 256
"""Parts of a demand up to which it is shared out exactly."""
MOST_NODES: Final = 200_000
_CLOSE: Final = 1e-9


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a machine can serve: its memory in bytes, and what a request is worth.

    Options of the same `model` are one model in several ways of thinking, which is loaded once.
    `warm[use][n - 1]` is the worth while the machine serves n requests at once and keeps its models loaded, `cold` the
    same with a load before each request. None where the model does not suit the use; `cold` is empty where it is not
    wanted.
    """

    model: tuple[str, ...]
    memory_bytes: int
    warm: tuple[tuple[float, ...] | None, ...]
    cold: tuple[tuple[float, ...] | None, ...] = ()


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine can serve, and the bytes that its models may take together.

    One model alone always fits: that is how it was measured.
    """

    capacity_bytes: int
    options: tuple[Option, ...]


class Serving(msgspec.Struct, frozen=True):
    """One machine's part: the worth of it, and the option that serves each use, None where it serves none of that use.

    `is_warm` is False where the options do not fit together and a request may have to wait for a load.
    """

    worth: float
    served_by: tuple[int | None, ...]
    is_warm: bool = True
    is_exact: bool = True


class Solution(msgspec.Struct, frozen=True):
    """How the demand is shared: the counts of each machine and what it serves them with, and the worth of all."""

    worth: float
    counts: tuple[Counts, ...]
    servings: tuple[Serving, ...]
    is_exact: bool


def solve(machines: Sequence[Machine], demand: Counts, *, most_states: int = MOST_STATES) -> Solution:
    """Return the best way to serve a demand; what nothing can serve stays unserved and is worth nothing."""
    serve = _cached(machines)
    if math.prod(count + 1 for count in demand) <= most_states:
        counts, is_exact = _shared_exactly(len(machines), demand, serve), True
    else:
        counts, is_exact = _shared_by_climbing(len(machines), demand, serve), False
    servings = tuple(serve(number, part) for number, part in enumerate(counts))
    return Solution(
        math.fsum(one.worth for one in servings), counts, servings, is_exact and all(one.is_exact for one in servings)
    )


Serve: TypeAlias = Callable[[int, Counts], Serving]


def _cached(machines: Sequence[Machine]) -> Serve:
    @cache
    def served(machine: Machine, counts: Counts) -> Serving:
        return best_serving(machine, counts)

    return lambda number, counts: served(machines[number], counts)


def _shared_exactly(machines: int, demand: Counts, serve: Serve) -> tuple[Counts, ...]:
    """Return each machine's part of the demand, by dynamic programming over what is served so far."""
    nothing = (0,) * len(demand)
    parts = list(product(*(range(count + 1) for count in demand)))
    best: dict[Counts, tuple[float, tuple[Counts, ...]]] = {nothing: (0.0, ())}
    for number in range(machines):
        after: dict[Counts, tuple[float, tuple[Counts, ...]]] = {}
        for served, (worth, chosen) in best.items():
            for part in parts:
                total = tuple(a + b for a, b in zip(served, part, strict=True))
                if any(a > b for a, b in zip(total, demand, strict=True)):
                    continue
                value = worth + serve(number, part).worth
                if total not in after or value > after[total][0] + _CLOSE:
                    after[total] = (value, (*chosen, part))
        best = after
    return max(best.values(), key=lambda found: found[0])[1]


def _shared_by_climbing(machines: int, demand: Counts, serve: Serve) -> tuple[Counts, ...]:
    """Return each machine's part: each request goes where it adds most, then requests move and change places."""
    counts = [(0,) * len(demand) for _ in range(machines)]

    def worth(number: int, part: Counts) -> float:
        return serve(number, part).worth

    left = [use for use, count in enumerate(demand) for _ in range(count)]
    while left and machines:
        gain, use, number = max(
            (worth(number, _plus(counts[number], use, 1)) - worth(number, counts[number]), use, -number)
            for use in dict.fromkeys(left)
            for number in range(machines)
        )
        if gain <= _CLOSE:
            break
        left.remove(use)
        counts[-number] = _plus(counts[-number], use, 1)
    while step := next(_better_steps(counts, len(demand), worth), None):
        counts = step
    return tuple(counts)


def _better_steps(counts: list[Counts], uses: int, worth: Callable[[int, Counts], float]) -> Iterator[list[Counts]]:
    """Yield shares that are worth more: all of a use's requests or one moved, or two of different uses exchanged."""
    for one, other in product(range(len(counts)), repeat=2):
        if one == other:
            continue
        now = worth(one, counts[one]) + worth(other, counts[other])
        for change in _exchanges(counts[one], counts[other], uses):
            if worth(one, change[0]) + worth(other, change[1]) > now + _CLOSE:
                changed = list(counts)
                changed[one], changed[other] = change
                yield changed


def _exchanges(one: Counts, other: Counts, uses: int) -> Iterator[tuple[Counts, Counts]]:
    yield other, one
    for use in range(uses):
        for moved in {1, one[use]} - {0}:
            if moved > one[use]:
                continue
            less, more = _plus(one, use, -moved), _plus(other, use, moved)
            yield less, more
            for back in range(uses):
                for returned in {1, other[back]} - {0}:
                    if back != use and returned <= other[back]:
                        yield _plus(less, back, returned), _plus(more, back, -returned)


def _plus(counts: Counts, use: int, number: int) -> Counts:
    return (*counts[:use], counts[use] + number, *counts[use + 1 :])


def best_serving(machine: Machine, counts: Counts) -> Serving:
    """Return the best that one machine can do for these requests at once."""
    requests = sum(counts)
    nobody = (None,) * len(counts)
    if not requests:
        return Serving(0.0, nobody)
    warm = _kept_loaded(machine, counts, requests)
    if not any(option.cold for option in machine.options):
        return warm
    cold = _loaded_each_time(machine, counts, requests)
    return cold if cold.worth > warm.worth + _CLOSE else warm


def _loaded_each_time(machine: Machine, counts: Counts, requests: int) -> Serving:
    worth, served_by = 0.0, list[int | None]()
    for use, count in enumerate(counts):
        found = max(
            ((held[requests - 1], -number) for number, held in _suited(machine, use, is_warm=False) if count),
            default=None,
        )
        worth += 0.0 if found is None else count * found[0]
        served_by.append(None if found is None else -found[1])
    return Serving(worth, tuple(served_by), is_warm=False)


def _suited(machine: Machine, use: int, *, is_warm: bool) -> Iterator[tuple[int, tuple[float, ...]]]:
    for number, option in enumerate(machine.options):
        held = option.warm[use] if is_warm else option.cold[use]
        if held is not None:
            yield number, held


class _Search:
    """Branch and bound over the option of each use, the uses of most worth first."""

    def __init__(self, machine: Machine, counts: Counts, requests: int) -> None:
        ranked = {
            use: sorted(((-count * held[requests - 1], number) for number, held in _suited(machine, use, is_warm=True)))
            for use, count in enumerate(counts)
            if count
        }
        self.uses = sorted((use for use, found in ranked.items() if found), key=lambda use: ranked[use][0][0])
        self.ranked = [[(-worth, number) for worth, number in ranked[use]] for use in self.uses]
        self.bounds = [math.fsum(found[0][0] for found in self.ranked[at:]) for at in range(len(self.uses) + 1)]
        self.machine = machine
        self.nodes = 0
        self.best = (0.0, dict[int, int]())

    def go(self, at: int, worth: float, chosen: dict[int, int]) -> None:
        """Look at every choice for the uses from `at` on that could beat the best so far."""
        self.nodes += 1
        if worth > self.best[0] + _CLOSE:
            self.best = (worth, dict(chosen))
        if at == len(self.uses) or worth + self.bounds[at] <= self.best[0] + _CLOSE or self.nodes > MOST_NODES:
            return
        for value, number in self.ranked[at]:
            if worth + value + self.bounds[at + 1] <= self.best[0] + _CLOSE:
                break
            if self.fits({*chosen.values(), number}):
                self.go(at + 1, worth + value, {**chosen, self.uses[at]: number})
        self.go(at + 1, worth, chosen)

    def fits(self, options: set[int]) -> bool:
        """Return whether these models can be loaded together."""
        held = {option.model: option.memory_bytes for option in (self.machine.options[number] for number in options)}
        return len(held) == 1 or sum(held.values()) <= self.machine.capacity_bytes


def _kept_loaded(machine: Machine, counts: Counts, requests: int) -> Serving:
    search = _Search(machine, counts, requests)
    search.go(0, 0.0, {})
    worth, chosen = search.best
    return Serving(worth, tuple(chosen.get(use) for use in range(len(counts))), is_exact=search.nodes <= MOST_NODES)
