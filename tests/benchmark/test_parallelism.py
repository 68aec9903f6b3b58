"""How many requests a server answers at once."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.test_replay import record as recorded
from benchmark.test_second_turn import MODEL, SETTINGS, measured
from ollama_speedrun.benchmark.parallelism import Parallelism, at_once, inferred, ran_at_once
from ollama_speedrun.benchmark.plan import Extra
from ollama_speedrun.benchmark.types import ConcurrencyPoint
from ollama_speedrun.report import further
from records import MS, record

SWEPT = msgspec.structs.replace(SETTINGS, second_turn=Extra.OFF, concurrency_levels=(1, 2, 4, 6))


@pytest.mark.parametrize(
    ("windows_ms", "wanted"),
    [
        ([], 0),
        ([(0, 100)], 1),
        ([(0, 100), (100, 200)], 1),
        ([(0, 100), (96, 200)], 1),
        ([(0, 100), (60, 200)], 2),
        ([(0, 100), (10, 90), (50, 200), (150, 300)], 3),
    ],
)
def test_streams_ran_at_once_where_they_overlap_by_more_than_a_late_chunk(
    windows_ms: Sequence[tuple[int, int]], wanted: int
) -> None:
    runs = [
        (0, record(first_content_ns=first * MS, last_content_ns=last * MS, ended_ns=(last + 5) * MS))
        for first, last in windows_ms
    ]
    assert ran_at_once(runs) == wanted


def test_streams_that_a_proxy_collected_last_for_the_servers_decoding_time() -> None:
    collected = record(
        content_arrivals=1, first_content_ns=1200 * MS, last_content_ns=1200 * MS, eval_duration_ns=1000 * MS
    )
    later = msgspec.structs.replace(
        collected, first_content_ns=2300 * MS, last_content_ns=2300 * MS, ended_ns=2300 * MS
    )
    assert ran_at_once([(0, collected), (0, collected)]) == 2
    assert ran_at_once([(0, collected), (0, later)]) == 1


def test_a_stream_without_content_counts_for_nothing() -> None:
    assert ran_at_once([(0, record(first_content_ns=None, last_content_ns=None))]) == 0


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ([f"num-parallel-4/par4-of-four-{number}" for number in range(1, 5)], 4),
        ([f"num-parallel-4/par4-of-six-{number}" for number in range(1, 7)], 4),
        (["num-parallel-4/par4-one-alone"], 1),
    ],
)
def test_the_slots_of_a_real_server_are_told_by_its_recorded_streams(names: list[str], wanted: int) -> None:
    assert ran_at_once([(0, recorded(name)) for name in names]) == wanted


def test_two_clients_of_a_real_server_with_one_slot_did_not_run_at_once() -> None:
    assert ran_at_once([(0, recorded("base/queue-first")), (500 * MS, recorded("base/queue-second"))]) == 1


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 1000)), max_size=12))
def test_no_more_run_at_once_than_there_are_and_the_order_does_not_matter(spans: list[tuple[int, int]]) -> None:
    runs = [
        (0, record(first_content_ns=begin * MS, last_content_ns=(begin + span) * MS, ended_ns=(begin + span) * MS))
        for begin, span in spans
    ]
    found = ran_at_once(runs)
    assert min(1, len(runs)) <= found <= len(runs)
    assert ran_at_once(runs[::-1]) == found


@pytest.mark.parametrize(
    ("rounds", "wanted"),
    [([], None), ([(1, 1)], None), ([(2, 0)], (1, False)), ([(4, 2)], (2, False)), ([(1, 1), (4, 4)], (4, True))],
)
def test_the_most_that_ran_is_what_a_server_answers_at_once_or_a_lower_bound(
    rounds: list[tuple[int, int]], wanted: tuple[int, bool] | None
) -> None:
    assert at_once(rounds) == wanted


@pytest.mark.virtual_time
async def test_slots_that_share_a_rate_are_told_by_their_number_their_gain_and_their_price() -> None:
    script = msgspec.structs.replace(MODEL, decode_tps=87.0, total_tps=145.0, prefill_tps=20_000)
    result, _, _ = await measured(script, SWEPT, num_parallel=4)
    assert [(point.requests, point.ran_at_once) for point in result.concurrency] == [(1, 1), (2, 2), (4, 4), (6, 4)]
    alone, _, four, _ = result.concurrency
    assert alone.decode_tps == pytest.approx(87.0, rel=0.01)
    assert four.decode_tps == pytest.approx(145 / 4, rel=0.02)
    assert four.throughput_tps == pytest.approx(145, rel=0.05)
    found = inferred(result.concurrency)
    assert found is not None
    assert (found.at_once, found.is_lower_bound) == (4, False)


def test_the_smallest_level_that_reaches_the_most_throughput_is_told() -> None:
    points = [
        ConcurrencyPoint(
            requests=requests, throughput_tps=tps, ttft_p50_s=ttft_s, ttft_p95_s=None, ran_at_once=ran, decode_tps=each
        )
        for requests, tps, ttft_s, ran, each in (
            (1, 80.0, 0.06, 1, 87.0),
            (4, 144.0, 0.2, 4, 41.0),
            (8, 145.0, 2.0, 4, 41.0),
        )
    ]
    found = inferred(points)
    assert found == Parallelism(
        at_once=4,
        is_lower_bound=False,
        requests=4,
        throughput_tps=144.0,
        alone_tps=80.0,
        stream_tps=41.0,
        ttft_s=0.2,
        alone_ttft_s=0.06,
    )
    assert further.requests_at_once(found) == (
        "answers 4 requests at once: 144 tok/s in all with 4 instead of 80.0, each at 41.0, first token after 200 ms "
        "instead of 60 ms"
    )


def test_a_server_with_one_slot_is_said_to_answer_one_at_a_time() -> None:
    points = [
        ConcurrencyPoint(requests=count, throughput_tps=50.0, ttft_p50_s=None, ttft_p95_s=None, ran_at_once=1)
        for count in (1, 2)
    ]
    found = inferred(points)
    assert found is not None
    assert further.requests_at_once(found) == "answers one request at a time"
