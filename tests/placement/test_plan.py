import msgspec
import pytest

from exports.samples import CLEVER, CODER, DESK, GPU, HERE, QUICK, listed, measured, run_of, sample
from ollama_speedrun.assessment.uses import USES
from ollama_speedrun.benchmark.types import ConcurrencyPoint, ContextLoad
from ollama_speedrun.cli.kinds import MEMORY
from ollama_speedrun.errors import UsageError
from ollama_speedrun.placement.asking import demand_of, memory_of
from ollama_speedrun.placement.plan import plan, side_by_side_bytes
from ollama_speedrun.placement.sites import rate_at, sites
from ollama_speedrun.placement.types import Plan
from ollama_speedrun.results.types import Document
from specimens import GB


def planned(
    run: Document, demand: str, *, memory: dict[str, int] | None = None, keep: bool = True, num_ctx: int | None = None
) -> Plan:
    wanted = demand_of(demand, USES)
    return plan(sites(run, wanted, given_bytes=memory or {}, num_ctx=num_ctx), wanted, keep_loaded=keep)


def seats(found: Plan) -> dict[str, list[tuple[str, str, int]]]:
    return {
        one.site.urls[0]: [(seat.candidate.result.model, seat.use, seat.requests) for seat in one.seats]
        for one in found.assignments
    }


def test_each_use_is_served_where_that_is_worth_most() -> None:
    found = planned(sample(), "chat:2,code:1")
    assert seats(found) == {GPU: [(CLEVER, "chat", 2)], DESK: [(CLEVER, "code", 1)], HERE: []}
    assert found.points >= found.points_today
    assert found.is_exact


def two_specialists() -> Document:
    """A machine with a slow clever model and a quick one, which fit together into 8 GB only."""
    return run_of(
        measured(CLEVER, GPU, 8.0, gigabytes=5.0),
        measured(QUICK, GPU, 80.0, digest="f" * 64, gigabytes=3.0),
        models=(listed(CLEVER, GPU, "tools"), listed(QUICK, GPU)),
        right={CLEVER: 76, QUICK: 50},
    )


def test_a_given_memory_lets_two_models_stay_loaded_and_the_gain_is_told() -> None:
    narrow = planned(two_specialists(), "agent:1,batch:1")
    roomy = planned(two_specialists(), "agent:1,batch:1", memory={GPU: 8 * GB})
    assert [len(found.assignments[0].loaded) for found in (narrow, roomy)] == [1, 2]
    assert roomy.points > roomy.points_today
    assert roomy.assignments[0].memory_bytes == 8 * GB
    assert any("most that a benchmark saw" in sentence for sentence in narrow.assumptions)
    assert not any("most that a benchmark saw" in sentence for sentence in roomy.assumptions)


def test_servers_at_one_address_share_their_machines_memory() -> None:
    other = "http://10.0.0.5:11435"
    run = sample()
    hosts = (run.hosts[0], msgspec.structs.replace(run.hosts[0], url=other, name="second"))
    two = run_of(
        measured(CLEVER, GPU, 50.0, gigabytes=5.0),
        measured(QUICK, other, 90.0, digest="f" * 64, gigabytes=3.0),
        hosts=hosts,
        models=(listed(CLEVER, GPU), listed(QUICK, other)),
        right={CLEVER: 70, QUICK: 60},
    )
    (site,) = sites(two, demand_of("chat", USES), given_bytes={other: 6 * GB}, num_ctx=None)
    assert (site.urls, site.capacity.memory_bytes) == ((GPU, other), 6 * GB)


def test_what_no_model_suits_is_told_as_unserved() -> None:
    run = run_of(measured(CODER, GPU, 50.0), models=(listed(CODER, GPU),), right={CODER: 70})
    assert planned(run, "agent:2,chat:1").unserved == (("agent", 2),)


def test_without_graded_answers_speed_alone_decides() -> None:
    run = run_of(
        measured(CLEVER, GPU, 20.0), measured(QUICK, GPU, 60.0, digest="f" * 64), models=(listed(CLEVER, GPU),)
    )
    assert seats(planned(run, "chat")) == {GPU: [(QUICK, "chat", 1)]}


def test_answering_side_by_side_takes_the_context_once_for_each_request() -> None:
    loads = tuple(
        ContextLoad(num_ctx=ctx, memory_bytes=gb * GB, gpu_bytes=gb * GB) for ctx, gb in ((4096, 5), (8192, 6))
    )
    grows = msgspec.structs.replace(measured(CLEVER, GPU, 20.0, gigabytes=5.0), loads=loads)
    for result, expected in ((grows, 8 * GB), (measured(CLEVER, GPU, 20.0), None)):
        run = run_of(result, models=(listed(CLEVER, GPU),), right={CLEVER: 70})
        (one,) = planned(run, "chat:4").assignments
        assert side_by_side_bytes(one, GPU, 4) == expected


def test_a_base_model_serves_nobody() -> None:
    base = msgspec.structs.replace(listed(CLEVER, GPU), kind="base")
    assert planned(run_of(measured(CLEVER, GPU, 20.0), models=(base,)), "chat").unserved == (("chat", 1),)


def test_a_model_whose_context_is_too_short_is_left_out() -> None:
    short = msgspec.structs.replace(listed(CLEVER, GPU), context_length=8192)
    run = run_of(measured(CLEVER, GPU, 20.0), models=(short,), right={CLEVER: 70})
    assert planned(run, "chat", num_ctx=8192).unserved == ()
    assert planned(run, "chat", num_ctx=16384).unserved == (("chat", 1),)


def test_a_model_that_outgrows_a_given_memory_at_another_context_is_left_out() -> None:
    run = run_of(measured(CLEVER, GPU, 20.0, gigabytes=5.0), models=(listed(CLEVER, GPU),), right={CLEVER: 70})
    assert planned(run, "chat", num_ctx=16384, memory={GPU: 4 * GB}).unserved == (("chat", 1),)


def test_the_rate_of_a_request_goes_by_the_throughput_that_was_measured() -> None:
    levels = tuple(
        ConcurrencyPoint(requests=requests, throughput_tps=tps, ttft_p50_s=0.2, ttft_p95_s=0.2, ran_at_once=requests)
        for requests, tps in ((1, 60.0), (4, 120.0))
    )
    found = msgspec.structs.replace(measured(CLEVER, GPU, 60.0), concurrency=levels)
    assert [rate_at(found, requests) for requests in (1, 2, 4, 8)] == [60.0, 40.0, 30.0, 15.0]
    assert rate_at(measured(CLEVER, GPU, 60.0), 3) == 20.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [("chat", {"chat": 1}), ("chat:2,code:1", {"chat": 2, "code": 1}), (" chat:1, chat:3", {"chat": 4})],
)
def test_a_demand_is_read(text: str, expected: dict[str, int]) -> None:
    assert {want.use.name: want.requests for want in demand_of(text, USES)} == expected


@pytest.mark.parametrize("text", ["", "poetry:1", "chat:0", "chat:x", "chat:65", "chat:40,code:40", "chat:", "chat:²"])
def test_a_demand_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="--demand"):
        demand_of(text, USES)


def bytes_of(text: str) -> int:
    return int(str(MEMORY.parse(text)))


def test_memory_is_read_in_the_units_that_people_use() -> None:
    names = {"gpu box": GPU, "desk": DESK}
    assert memory_of("gpu box=24GB,desk=8GiB", names, bytes_of) == {GPU: 24 * GB, DESK: 8 * 1024**3}


@pytest.mark.parametrize("text", ["24GB", "rack=24GB", "desk=lots", "desk=-1GB", ""])
def test_memory_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="--memory"):
        memory_of(text, {"desk": DESK}, bytes_of)
