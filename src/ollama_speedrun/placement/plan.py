"""The plan for a demand: which model is kept loaded on which machine, and what that gains. Pure."""

import math
from collections.abc import Iterator, Sequence

from .memory import memory_at
from .residents import together_bytes
from .sites import rate_at
from .solver import Machine, Option, Solution, solve
from .types import Assignment, Candidate, Plan, Seat, Site, Today, Want


def plan(found: Sequence[Site], demand: Sequence[Want], *, keep_loaded: bool) -> Plan:
    """Return the best placement of the models of these machines for a demand.

    With `keep_loaded` only models that fit together serve from one machine; without it they may take turns, and each
    request then waits for a load. Today's state is what each machine had loaded before the run; where that is not
    known, one model a machine, the one that is worth most for one request of each use. A request that no loaded model
    serves waits for a load today, and with `keep_loaded` it is not served.
    """
    counts = tuple(want.requests for want in demand)
    solution = solve([_machine(site, site.candidates, keep_loaded=keep_loaded) for site in found], counts)
    states = [Today(site=site, stand_in=None if site.held is not None else _alone(site)) for site in found]
    today = solve([_machine_today(state, keep_loaded=keep_loaded) for state in states], counts)
    assignments = tuple(_assignments(found, demand, solution))
    requests = sum(counts)
    return Plan(
        assignments=assignments,
        unserved=tuple(_unserved(demand, assignments)),
        points=solution.worth / requests,
        points_today=today.worth / requests,
        today=tuple(states),
        is_exact=solution.is_exact,
        assumptions=tuple(_assumptions(assignments, states, keep_loaded=keep_loaded)),
    )


def _machine(site: Site, candidates: Sequence[Candidate], *, keep_loaded: bool) -> Machine:
    return Machine(
        capacity_bytes=site.capacity.memory_bytes,
        options=tuple(
            Option(
                model=(one.result.host, one.result.model),
                memory_bytes=one.memory_bytes,
                warm=one.points,
                cold=() if keep_loaded else one.cold_points,
            )
            for one in candidates
        ),
    )


def _machine_today(state: Today, *, keep_loaded: bool) -> Machine:
    """Return a machine as it is: its loaded models serve at once, any other one after a load, if that may be at all.

    Loaded models take no more memory than they have; another one serves beside them where there is room for it.
    """
    site = state.site
    if site.held is None:
        return _machine(site, () if state.stand_in is None else (state.stand_in,), keep_loaded=True)
    return Machine(
        capacity_bytes=max(site.capacity.memory_bytes - together_bytes(site.held), 0),
        options=tuple(_option_today(one, keep_loaded=keep_loaded) for one in site.candidates),
    )


def _option_today(one: Candidate, *, keep_loaded: bool) -> Option:
    is_loaded = one.resident is not None
    return Option(
        model=(one.result.host, one.result.model),
        memory_bytes=0 if is_loaded else one.memory_bytes,
        warm=one.points if is_loaded else (None,) * len(one.points) if keep_loaded else one.cold_points,
        cold=() if keep_loaded else one.cold_points,
    )


def _alone(site: Site) -> Candidate | None:
    """Return the model that one would keep on a machine if it were one alone; None where none suits."""
    return max(
        site.candidates,
        key=lambda one: math.fsum(points[0] for points in one.points if points is not None),
        default=None,
    )


def _assignments(found: Sequence[Site], demand: Sequence[Want], solution: Solution) -> Iterator[Assignment]:
    for site, counts, serving in zip(found, solution.counts, solution.servings, strict=True):
        requests = sum(counts)
        seats = [
            _seat(want, count, site.candidates[option], use, requests, is_warm=serving.is_warm)
            for use, (want, count, option) in enumerate(zip(demand, counts, serving.served_by, strict=True))
            if count and option is not None
        ]
        yield Assignment(site=site, seats=tuple(seats), is_warm=serving.is_warm)


def _seat(  # noqa: PLR0913 - what a seat is made of
    want: Want, count: int, candidate: Candidate, use: int, requests: int, *, is_warm: bool
) -> Seat:
    points = (candidate.points if is_warm else candidate.cold_points)[use]
    return Seat(
        use=want.use.name,
        requests=count,
        candidate=candidate,
        points=0.0 if points is None else points[requests - 1],
        rate_tps=rate_at(candidate.result, requests),
    )


def _unserved(demand: Sequence[Want], assignments: Sequence[Assignment]) -> Iterator[tuple[str, int]]:
    for want in demand:
        served = sum(seat.requests for one in assignments for seat in one.seats if seat.use == want.use.name)
        if served < want.requests:
            yield want.use.name, want.requests - served


def _assumptions(assignments: Sequence[Assignment], today: Sequence[Today], *, keep_loaded: bool) -> Iterator[str]:
    """Yield what the plan takes for granted, in sentences."""
    busy = [one for one in assignments if one.seats]
    if any(state.site.held is not None for state in today):
        yield (
            "Today is what was loaded before the run; a request that no loaded model serves "
            f"{'is not served' if keep_loaded else 'waits for a load'} today."
        )
    if any(state.site.held is None for state in today):
        yield (
            "Where it is not known what was loaded, today is taken for one model a host: the best there for this "
            "demand."
        )
    if any(one.site.capacity.basis == "seen" for one in busy):
        yield (
            "A host's memory is taken for the most that a benchmark saw in use there: give the real one with "
            "--memory HOST=24GB."
        )
    if any(sum(seat.requests for seat in one.seats) > 1 for one in busy):
        measured = all(seat.candidate.result.concurrency for one in busy for seat in one.seats)
        yield (
            "Requests at the same time share a host's throughput as it was measured."
            if measured
            else "Requests at the same time share the rate of one, where --parallel was not measured."
        )
    bases = {one.memory_basis for held in busy for one in held.loaded}
    if "formula" in bases:
        yield "Memory at a context that was not measured is computed from one load and the model's details."
    if "line" in bases:
        yield "Memory at a context that was not measured is on the line through two that were."
    if "other context" in bases:
        yield "Nothing tells how some model's memory grows with its context: that of the measured one is taken."
    if "disk" in bases:
        yield "Where the memory was not measured, the size on disk is taken, which is less than a loaded model needs."
    if not keep_loaded and any(not one.is_warm for one in busy):
        yield "Models that do not fit together take turns, and each request is taken to wait for a load."


def side_by_side_bytes(one: Assignment, url: str, requests: int) -> int | None:
    """Return the memory of a machine's part where one of its servers answers so many requests at once.

    A server keeps the context once for each of them, for every model. None where nothing tells how memory grows.
    """
    total = 0
    for candidate in one.loaded:
        if candidate.result.host != url:
            total += candidate.memory_bytes
            continue
        if candidate.num_ctx is None:
            return None
        found = memory_at(candidate.result, candidate.described, candidate.num_ctx * requests)
        if found is None or found.basis in {"other context", "disk"}:
            return None
        total += found.memory_bytes
    return total
