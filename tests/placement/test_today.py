"""What was loaded before the run: today's points, and what of a plan is still to be done."""

import functools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.samples import CLEVER, GPU, QUICK, listed, measured, run_of
from ollama_speedrun.assessment.uses import USES
from ollama_speedrun.placement.asking import demand_of
from ollama_speedrun.placement.plan import plan
from ollama_speedrun.placement.residents import Keep, Load, Unload, steps
from ollama_speedrun.placement.sites import sites
from ollama_speedrun.placement.types import Plan
from ollama_speedrun.results.types import Document
from ollama_speedrun.visit.types import LoadedBefore, Resident
from specimens import GB

LEFT = Resident(model="left:3b", digest="a" * 64, size_bytes=2 * GB, context_length=4096, stays=True)


def resident(name: str, *, gigabytes: float, context: int | None = 4096, stays: bool = True) -> Resident:
    digest = {CLEVER: "d", QUICK: "f"}[name] * 64
    size_bytes = round(gigabytes * GB)
    return Resident(model=name, digest=digest, size_bytes=size_bytes, context_length=context, stays=stays)


CLEVER_LOADED, QUICK_LOADED = resident(CLEVER, gigabytes=5), resident(QUICK, gigabytes=3)


@functools.cache
def machine() -> Document:
    """A machine with a slow clever model of 5 GB and a quick one of 3 GB."""
    return run_of(
        measured(CLEVER, GPU, 8.0, gigabytes=5.0),
        measured(QUICK, GPU, 80.0, digest="f" * 64, gigabytes=3.0),
        models=(listed(CLEVER, GPU, "tools"), listed(QUICK, GPU)),
        right={CLEVER: 76, QUICK: 50},
    )


def run_with(*loaded: Resident, known: bool = True) -> Document:
    """The machine with what it had loaded before the run."""
    run = machine()
    before = (LoadedBefore(host=GPU, seen_at=run.started_at, models=loaded),) if known else ()
    return msgspec.structs.replace(run, loaded_before=before)


def planned(
    run: Document, demand: str, *, memory_gb: int | None = 8, keep: bool = True, num_ctx: int | None = None
) -> Plan:
    wanted = demand_of(demand, USES)
    given_bytes = {} if memory_gb is None else {GPU: memory_gb * GB}
    return plan(sites(run, wanted, given_bytes=given_bytes, num_ctx=num_ctx), wanted, keep_loaded=keep)


def to_do(found: Plan) -> list[tuple[str, str]]:
    return [
        ("unload", step.held.resident.model) if isinstance(step, Unload) else (kind(step), step.candidate.result.model)
        for one in found.assignments
        for step in steps(one)
    ]


def kind(step: Load | Keep) -> str:
    return "load" if isinstance(step, Load) else f"keep at {step.num_ctx}"


def test_a_machine_with_nothing_loaded_serves_nothing_today_and_the_whole_plan_is_the_gain() -> None:
    found = planned(run_with(), "agent:1,batch:1")
    assert (found.points_today, to_do(found)) == (0.0, [("load", CLEVER), ("load", QUICK)])
    assert found.points > 0


def test_what_is_loaded_for_good_is_today_and_needs_nothing() -> None:
    found = planned(run_with(CLEVER_LOADED, QUICK_LOADED), "agent:1,batch:1")
    assert found.points_today == pytest.approx(found.points)
    assert to_do(found) == []


def test_only_the_missing_model_is_loaded_and_gained() -> None:
    found = planned(run_with(CLEVER_LOADED), "agent:1,batch:1")
    assert to_do(found) == [("load", QUICK)]
    assert 0 < found.points_today < found.points


def test_a_model_that_would_leave_is_told_to_stay_with_the_context_that_it_has() -> None:
    leaving = resident(CLEVER, gigabytes=5, context=8192, stays=False)
    assert to_do(planned(run_with(leaving), "agent:1")) == [("keep at 8192", CLEVER)]


def test_a_request_of_a_model_that_is_not_loaded_waits_for_a_load_today_or_is_not_served() -> None:
    run = run_with(QUICK_LOADED)
    waiting, kept = (planned(run, "agent:1", keep=keep, memory_gb=5).points_today for keep in (False, True))
    assert (kept, waiting > 0) == (0.0, True)
    assert waiting < planned(run, "agent:1", keep=False, memory_gb=5).points


@pytest.mark.parametrize(
    ("memory_gb", "gone"),
    [(10, []), (9, [("unload", LEFT.model)]), (8, [("unload", LEFT.model)])],
)
def test_what_the_plan_does_not_need_goes_only_where_it_is_in_the_way(memory_gb: int, gone: list[object]) -> None:
    found = planned(run_with(CLEVER_LOADED, LEFT), "agent:1,batch:1", memory_gb=memory_gb)
    assert to_do(found) == [*gone, ("load", QUICK)]


def test_a_loaded_model_with_less_than_the_wanted_context_is_loaded_again_and_not_unloaded() -> None:
    found = planned(run_with(CLEVER_LOADED), "agent:1", num_ctx=8192)
    assert (found.points_today, to_do(found)) == (0.0, [("load", CLEVER)])
    unsaid = planned(run_with(resident(CLEVER, gigabytes=5, context=None)), "agent:1", num_ctx=4096)
    assert to_do(unsaid) == [("load", CLEVER)]


def test_a_loaded_model_whose_long_context_leaves_no_room_for_the_plan_is_loaded_again() -> None:
    roomy = resident(CLEVER, gigabytes=7, context=32_768)
    assert to_do(planned(run_with(roomy), "agent:1,batch:1")) == [("load", CLEVER), ("load", QUICK)]
    assert to_do(planned(run_with(roomy), "agent:1,batch:1", memory_gb=10)) == [("load", QUICK)]


def test_models_that_were_loaded_together_fit_together() -> None:
    run = run_with(CLEVER_LOADED, QUICK_LOADED)
    (site,) = sites(run, demand_of("chat", USES), given_bytes={}, num_ctx=None)
    assert (site.capacity.memory_bytes, site.capacity.basis) == (8 * GB, "seen")


def test_an_alias_is_known_by_its_digest_and_a_server_without_digests_by_the_name() -> None:
    alias = msgspec.structs.replace(CLEVER_LOADED, model="alias:latest")
    nameless = msgspec.structs.replace(CLEVER_LOADED, digest=None)
    other = msgspec.structs.replace(CLEVER_LOADED, digest="b" * 64)
    found = [to_do(planned(run_with(one), "agent:1")) for one in (alias, nameless, other)]
    assert found == [[], [], [("unload", CLEVER), ("load", CLEVER)]]


def test_where_it_is_not_known_what_was_loaded_today_is_one_model_and_that_is_said() -> None:
    found = planned(run_with(known=False), "agent:1,batch:1")
    (state,) = found.today
    assert state.site.held is None
    assert state.stand_in is not None
    assert any("today is taken for one model a host" in sentence for sentence in found.assumptions)
    seen = planned(run_with(), "agent:1,batch:1")
    assert not any("taken for one model" in sentence for sentence in seen.assumptions)
    assert seen.today[0].stand_in is None


@given(
    loaded=st.sets(st.sampled_from([CLEVER_LOADED, QUICK_LOADED, LEFT])),
    demand=st.sampled_from(["chat:1", "agent:1,batch:1", "chat:2,code:1"]),
    keep=st.booleans(),
    memory_gb=st.none() | st.integers(10, 12),
)
def test_a_plan_is_never_worth_less_than_today(
    loaded: set[Resident], demand: str, keep: bool, memory_gb: int | None
) -> None:
    found = planned(run_with(*loaded), demand, keep=keep, memory_gb=memory_gb)
    assert found.points >= found.points_today - 1e-9
