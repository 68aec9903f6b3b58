import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.placement.solver import Counts, Machine, Option, best_serving, solve

USES = 2
REQUESTS = 4


def option(name: str, memory_bytes: int, *worths: float | None, loss: float = 1.0, cold: float | None = None) -> Option:
    return Option(
        model=(name,),
        memory_bytes=memory_bytes,
        warm=tuple(None if one is None else tuple(one * loss**n for n in range(REQUESTS)) for one in worths),
        cold=()
        if cold is None
        else tuple(None if one is None else tuple(one * cold * loss**n for n in range(REQUESTS)) for one in worths),
    )


OPTIONS = st.builds(
    lambda name, memory, one, two, loss: option(name, memory, one, two, loss=loss),
    st.sampled_from("abc"),
    st.integers(1, 8),
    st.none() | st.integers(1, 90),
    st.none() | st.integers(1, 90),
    st.sampled_from([0.4, 0.7, 1.0]),
)
MACHINES = st.builds(
    lambda capacity, options: Machine(capacity_bytes=capacity, options=tuple(options)),
    st.integers(1, 12),
    st.lists(OPTIONS, max_size=3, unique_by=lambda one: one.model),
)
DEMANDS = st.tuples(st.integers(0, 2), st.integers(0, 2))


def tried_out(machines: list[Machine], demand: Counts) -> float:
    """The most that a demand can be worth, by trying every model of every machine for every request."""
    requests = [use for use, count in enumerate(demand) for _ in range(count)]
    places = [(number, at) for number, one in enumerate(machines) for at in range(len(one.options))]
    best = 0.0
    for chosen in itertools.product([None, *places], repeat=len(requests)):
        worth = 0.0
        for number, machine in enumerate(machines):
            pairs = zip(requests, chosen, strict=True)
            served = [(use, place[1]) for use, place in pairs if place is not None and place[0] == number]
            held = {at for _, at in served}
            fits = len(held) < 2 or sum(machine.options[at].memory_bytes for at in held) <= machine.capacity_bytes
            rates = [machine.options[at].warm[use] for use, at in served]
            if not fits or None in rates:
                worth = -math.inf
                break
            worth += sum(rate[len(served) - 1] for rate in rates if rate is not None)
        best = max(best, worth)
    return best


@settings(max_examples=60, deadline=None)
@given(st.lists(MACHINES, max_size=2), DEMANDS)
def test_a_small_demand_is_served_as_well_as_trying_everything_can(machines: list[Machine], demand: Counts) -> None:
    found = solve(machines, demand)
    assert found.is_exact
    assert found.worth == pytest.approx(tried_out(machines, demand))


@settings(max_examples=60, deadline=None)
@given(st.lists(MACHINES, max_size=3), DEMANDS)
def test_a_plan_keeps_to_the_demand_and_to_the_memory(machines: list[Machine], demand: Counts) -> None:
    for most_states in (0, 256):
        found = solve(machines, demand, most_states=most_states)
        assert all(sum(part) <= count for part, count in zip(zip(*found.counts, strict=True), demand, strict=False))
        for machine, serving in zip(machines, found.servings, strict=True):
            held = {at for at in serving.served_by if at is not None}
            memory_bytes = sum(machine.options[at].memory_bytes for at in held)
            assert len(held) < 2 or memory_bytes <= machine.capacity_bytes


def test_two_models_are_kept_where_both_fit_and_one_where_they_do_not() -> None:
    options = (option("chatter", 6, 90, 10), option("coder", 6, 10, 90), option("both", 8, 70, 70))
    roomy, narrow = (best_serving(Machine(capacity_bytes=size, options=options), (1, 1)) for size in (12, 11))
    assert (roomy.worth, roomy.served_by) == (180, (0, 1))
    assert (narrow.worth, narrow.served_by) == (140, (2, 2))


def test_one_model_alone_is_taken_to_fit() -> None:
    assert best_serving(Machine(capacity_bytes=0, options=(option("a", 9, 50, 50),)), (1, 0)).worth == 50


def test_two_variants_of_one_model_are_loaded_once() -> None:
    options = (option("a", 6, 90, 10), option("a", 6, 10, 90))
    assert best_serving(Machine(capacity_bytes=6, options=options), (1, 1)).worth == 180


def test_models_take_turns_where_that_is_worth_more_than_one_of_them() -> None:
    options = (option("chatter", 6, 90, 10, cold=0.8), option("coder", 6, 10, 90, cold=0.8))
    found = best_serving(Machine(capacity_bytes=6, options=options), (1, 1))
    assert (found.worth, found.served_by, found.is_warm) == (144, (0, 1), False)
    options = (option("chatter", 6, 90, 10, cold=0.1), option("coder", 6, 10, 90, cold=0.1))
    assert best_serving(Machine(capacity_bytes=6, options=options), (1, 1)).is_warm


def test_a_request_that_nothing_suits_stays_unserved() -> None:
    found = solve([Machine(capacity_bytes=9, options=(option("a", 1, 50, None),))], (1, 2))
    assert (found.worth, found.counts) == (50, ((1, 0),))


def test_a_slower_machine_helps_out_where_sharing_costs_more() -> None:
    fast, slow = (Machine(capacity_bytes=9, options=(option("a", 1, worth, 0, loss=0.5),)) for worth in (90, 60))
    assert solve([fast, slow], (2, 0)).counts == ((1, 0), (1, 0))


def test_without_machines_or_demand_there_is_nothing() -> None:
    assert (solve([], (1, 1)).worth, solve([], (0, 0)).worth) == (0, 0)
    assert solve([], (1, 1), most_states=0).counts == ()


def test_a_large_demand_is_shared_by_climbing_and_says_so() -> None:
    machines = [Machine(capacity_bytes=9, options=(option("a", 1, 50, 40, loss=0.9),)) for _ in range(3)]
    demand = (2, 2)
    found = solve(machines, demand, most_states=1)
    assert not found.is_exact
    assert found.worth >= 0.95 * solve(machines, demand).worth
