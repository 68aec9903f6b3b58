import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark import disturbances, metrics
from ollama_speedrun.benchmark.types import StreamRecord
from records import MS, PLAIN, record


def test_decode_throughput_counts_the_intervals_between_tokens() -> None:
    assert metrics.decode_tps(PLAIN) == 100.0
    assert metrics.ollama_tps(PLAIN) == 101.0


def test_decode_by_the_client_agrees_with_the_server_and_leaves_the_end_token_out() -> None:
    assert metrics.decode_client_tps(PLAIN) == 100.0
    stopped = record(done_reason="stop", eval_count=102)
    assert metrics.decode_client_tps(stopped) == 100.0


def test_ttft_counts_thinking_and_ttfa_does_not() -> None:
    thinker = record(first_content_ns=100 * MS, first_answer_ns=700 * MS)
    assert (metrics.ttft_s(thinker), metrics.ttfa_s(thinker)) == (0.1, 0.7)


def test_a_thinker_without_answer_has_a_ttft_but_no_ttfa() -> None:
    thinker = record(first_answer_ns=None)
    assert (metrics.ttft_s(thinker), metrics.ttfa_s(thinker)) == (0.2, None)


def test_an_empty_generation_has_neither() -> None:
    empty = record(first_content_ns=None, first_answer_ns=None, last_content_ns=None, content_chunks=0)
    assert (metrics.ttft_s(empty), metrics.ttfa_s(empty), metrics.tpot_s(empty), metrics.classic_tps(empty)) == (
        None,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"eval_count": 1, "eval_duration_ns": 1000}, id="one token in 1000 ns, Ollama's million tok/s"),
        pytest.param({"eval_count": 15}, id="too few tokens"),
        pytest.param({"eval_duration_ns": 999_999}, id="less than a millisecond"),
        pytest.param({"eval_duration_ns": 0}, id="no duration"),
        pytest.param({"eval_duration_ns": -5}, id="a negative duration"),
        pytest.param({"eval_duration_ns": None}, id="duration left out"),
        pytest.param({"eval_count": None}, id="count left out"),
    ],
)
def test_no_decode_rate_is_given_where_none_can_be_had(changes: dict[str, int | None]) -> None:
    assert metrics.decode_tps(record(**changes)) is None
    assert metrics.ollama_tps(record(**changes)) is None


def test_a_buffering_proxy_that_delivers_all_at_once_gets_no_client_rate() -> None:
    assert metrics.decode_client_tps(record(content_chunks=2)) is None
    assert metrics.decode_client_tps(record(last_content_ns=200 * MS)) is None


def test_prefill_leaves_cached_tokens_out() -> None:
    assert metrics.prefill_tps(PLAIN) == 2000.0
    assert metrics.prefill_tps(record(prompt_eval_cached_count=150)) == 1000.0
    assert metrics.prefill_tps(record(prompt_eval_count=None)) is None


def test_reads_out_of_the_cache_stand_out_among_their_fellows() -> None:
    cached = record(prompt_eval_duration_ns=36 * MS)
    slow_first = record(prompt_eval_duration_ns=300 * MS, first_content_ns=350 * MS)
    assert metrics.uncached([slow_first, PLAIN, PLAIN, cached]) == [slow_first, PLAIN, PLAIN]
    assert metrics.uncached([PLAIN, cached]) == [PLAIN]
    assert metrics.uncached([record(prompt_eval_duration_ns=None)]) == []


def test_a_long_system_prompt_that_stays_cached_is_reckoned_out_of_the_prefill() -> None:
    warm_up = record(prompt_eval_count=216, prompt_eval_duration_ns=216 * MS)
    assert metrics.constant_prefix_tokens(warm_up, PLAIN) == 200
    assert metrics.prefill_tps(PLAIN, cached_tokens=200) == pytest.approx(100 / 0.15)
    assert metrics.prefill_tps(record(prompt_eval_cached_count=150), cached_tokens=200) == 1000.0
    assert metrics.constant_prefix_tokens(record(prompt_eval_count=15), PLAIN) == 0
    assert metrics.constant_prefix_tokens(record(prompt_eval_count=None), PLAIN) == 0


@pytest.mark.parametrize(
    ("warm_up_tps", "prefix"),
    [
        pytest.param(1000, 200, id="slower than a whole prompt: the rest was read at that rate"),
        pytest.param(2000, 0, id="as fast as a whole prompt: nothing was cached"),
        pytest.param(4000, 200, id="too fast: the warm-up itself was cached"),
    ],
)
def test_a_long_prefix_that_is_read_anew_each_time_is_told_by_the_rate_of_the_first_read(
    warm_up_tps: int, prefix: int
) -> None:
    warm_up = record(prompt_eval_count=216, prompt_eval_duration_ns=216_000 * MS // warm_up_tps)
    assert metrics.constant_prefix_tokens(warm_up, PLAIN) == prefix


def test_a_reload_shows_in_the_load_duration_of_a_request_that_should_have_been_warm() -> None:
    warm_up = record(load_duration_ns=2000 * MS)
    assert disturbances.was_reloaded(record(load_duration_ns=600 * MS), warm_up)
    assert not disturbances.was_reloaded(record(load_duration_ns=400 * MS), warm_up)
    assert not disturbances.was_reloaded(record(load_duration_ns=90 * MS), record(load_duration_ns=1 * MS))
    assert not disturbances.was_reloaded(record(load_duration_ns=None), warm_up)


def test_a_server_that_is_slow_to_find_a_loaded_model_does_not_seem_to_reload_it() -> None:
    warm_up = record(load_duration_ns=150 * MS)
    assert not disturbances.was_reloaded(record(load_duration_ns=170 * MS), warm_up, was_loaded=True)
    assert disturbances.was_reloaded(record(load_duration_ns=600 * MS), warm_up, was_loaded=True)


def test_a_prompt_that_was_cut_has_fewer_tokens_than_its_length_allows() -> None:
    assert metrics.was_truncated(record(prompt_eval_count=137), prompt_characters=1100)
    assert not metrics.was_truncated(record(prompt_eval_count=138), prompt_characters=1100)
    assert not metrics.was_truncated(record(prompt_eval_count=None), prompt_characters=1100)
    assert not metrics.was_truncated(record(prompt_eval_count=0), prompt_characters=1100)


def test_unattributed_time_is_what_no_stage_accounts_for() -> None:
    assert disturbances.unattributed_ns(PLAIN) == 38 * MS
    assert disturbances.unattributed_ns(record(total_duration_ns=None)) is None


def test_a_request_that_waited_in_a_queue_is_seen_by_its_unattributed_time() -> None:
    waited = record(total_duration_ns=2508 * MS, first_content_ns=1500 * MS, last_content_ns=2500 * MS)
    assert disturbances.was_queued(waited, [PLAIN])
    assert not disturbances.was_queued(PLAIN, [PLAIN])
    assert not disturbances.was_queued(record(total_duration_ns=None), [PLAIN])


def test_time_that_a_wrong_eval_duration_leaves_over_is_no_queue() -> None:
    assert not disturbances.was_queued(record(eval_duration_ns=1000), [PLAIN])


def test_a_server_that_counts_in_milliseconds_is_not_believed() -> None:
    assert metrics.is_server_clock_wrong([record(eval_duration_ns=1000 * MS // 500)])
    assert not metrics.is_server_clock_wrong([record(eval_duration_ns=10_000 * MS)])
    assert not metrics.is_server_clock_wrong([PLAIN])
    assert not metrics.is_server_clock_wrong([record(eval_duration_ns=None)])


def test_a_network_that_stalls_once_does_not_make_the_servers_clock_wrong() -> None:
    stalled = record(last_content_ns=2200 * MS, ended_ns=2210 * MS)
    assert not metrics.is_server_clock_wrong([PLAIN, stalled, PLAIN])
    assert metrics.is_server_clock_wrong([stalled, stalled, PLAIN])


def test_a_count_above_what_was_asked_for_gives_no_figure() -> None:
    boaster = record(eval_count=5000, token_limit=101)
    assert metrics.output_tokens(boaster) is None
    rates = (metrics.decode_tps, metrics.decode_client_tps, metrics.ollama_tps, metrics.classic_tps, metrics.tpot_s)
    assert [rate(boaster) for rate in rates] == [None] * 5
    assert metrics.output_tokens(record(eval_count=105, token_limit=101)) == 105


def test_durations_that_our_own_clock_rules_out_are_absent() -> None:
    assert metrics.load_s(record(load_duration_ns=-5 * 10**9)) is None
    assert metrics.load_s(record(load_duration_ns=10**15)) is None
    assert metrics.load_s(record(load_duration_ns=180 * MS)) == 0.18
    assert metrics.prefill_tps(record(prompt_eval_duration_ns=300 * MS)) is None
    assert metrics.prefill_tps(record(prompt_eval_cached_count=-(10**6))) == 2000.0
    assert metrics.prefill_tps(record(prompt_eval_cached_count=301)) is None
    assert metrics.decode_tps(record(eval_duration_ns=2000 * MS)) is None


def test_chunks_that_arrive_in_lumps_give_no_rate_by_our_clock() -> None:
    lumps, at_once = record(content_arrivals=15), record(content_arrivals=1)
    assert (metrics.decode_client_tps(lumps), metrics.tpot_s(lumps), metrics.ttft_s(lumps)) == (None, None, 0.2)
    assert (metrics.ttft_s(at_once), metrics.ttfa_s(at_once), metrics.decode_tps(at_once)) == (None, None, 100)
    assert metrics.decode_client_tps(record(content_arrivals=16)) == 100
    assert not metrics.was_buffered(record(content_chunks=15, content_arrivals=1))


def test_a_server_that_counts_in_microseconds_is_not_believed_behind_a_proxy_that_buffers_either() -> None:
    whole = {"content_arrivals": 1, "ended_ns": 1600 * MS}
    wrong = record(eval_duration_ns=15 * MS // 10, total_duration_ns=16 * MS // 10, **whole)
    assert metrics.is_server_clock_wrong([wrong])
    assert not metrics.is_server_clock_wrong([record(eval_duration_ns=1400 * MS, total_duration_ns=1600 * MS, **whole)])


def test_one_absurd_trial_is_not_credible_and_one_that_the_network_stalled_is() -> None:
    absurd = record(eval_duration_ns=12 * MS // 10)
    stalled = record(last_content_ns=3200 * MS, ended_ns=3210 * MS)
    assert metrics.credible([PLAIN, absurd, stalled, PLAIN]) == [PLAIN, stalled, PLAIN]
    assert metrics.credible([absurd]) == [absurd]
    assert (metrics.speed_tps(absurd), metrics.speed_tps(PLAIN)) == (100.0, 100.0)


@st.composite
def streams(draw: st.DrawFn) -> StreamRecord:
    """Any record that a server could cause, however absurd its own counts and durations."""
    stamps = sorted(draw(st.lists(st.integers(0, 10**13), min_size=4, max_size=4)))
    counts = st.none() | st.integers(-(2**63), 2**63 - 1)
    streamed = draw(st.booleans())
    return record(
        first_content_ns=stamps[0] if streamed else None,
        first_answer_ns=stamps[1] if streamed else None,
        last_content_ns=stamps[2] if streamed else None,
        ended_ns=stamps[3],
        content_chunks=draw(st.integers(1, 10**6)) if streamed else 0,
        done_reason=draw(st.sampled_from([None, "stop", "length", "load", "\x1b"])),
        **{
            name: draw(counts)
            for name in (
                "total_duration_ns",
                "load_duration_ns",
                "prompt_eval_count",
                "prompt_eval_cached_count",
                "prompt_eval_duration_ns",
                "eval_count",
                "eval_duration_ns",
            )
        },
    )


@given(streams())
def test_times_are_ordered_and_rates_are_positive_or_absent(stream: StreamRecord) -> None:
    ttft, ttfa, total = metrics.ttft_s(stream), metrics.ttfa_s(stream), metrics.total_s(stream)
    if ttft is not None and ttfa is not None:
        assert 0 <= ttft <= ttfa <= total
    rates = (
        metrics.decode_tps(stream),
        metrics.decode_client_tps(stream),
        metrics.ollama_tps(stream),
        metrics.classic_tps(stream),
        metrics.prefill_tps(stream),
    )
    assert all(rate is None or rate > 0 for rate in rates)


@given(
    tokens=st.integers(16, 100_000),
    interval_ns=st.integers(100_000, 10**9),
    ttft_ns=st.integers(0, 10**10),
)
def test_a_steady_stream_gives_its_true_rate_by_both_clocks(tokens: int, interval_ns: int, ttft_ns: int) -> None:
    window_ns = (tokens - 1) * interval_ns
    steady = record(
        first_content_ns=ttft_ns,
        last_content_ns=ttft_ns + window_ns,
        ended_ns=ttft_ns + window_ns,
        content_chunks=tokens,
        eval_count=tokens,
        eval_duration_ns=window_ns,
    )
    true_tps = pytest.approx(1e9 / interval_ns)
    assert metrics.decode_tps(steady) == true_tps
    assert metrics.decode_client_tps(steady) == true_tps
    assert metrics.tpot_s(steady) == pytest.approx(interval_ns / 1e9)


LATE = record(first_content_ns=700 * MS, first_answer_ns=700 * MS, content_chunks=51)
"""Half of the tokens were decoded before the first content, and none of them was shown."""


@pytest.mark.parametrize(
    ("seen", "ttft_s", "ttfa_s", "hidden"),
    [
        pytest.param(PLAIN, 0.2, 0.2, 0, id="token by token"),
        pytest.param(LATE, None, 0.7, 50, id="half of the tokens hidden"),
        pytest.param(record(first_content_ns=700 * MS), None, None, 0, id="a chunk for each token"),
        pytest.param(record(first_content_ns=700 * MS, content_arrivals=3), None, None, 0, id="in blocks"),
        pytest.param(record(first_content_ns=240 * MS, content_chunks=97), 0.24, 0.2, 0, id="four tokens of a tag"),
        pytest.param(
            record(first_content_ns=1200 * MS, content_chunks=1, content_arrivals=1), None, None, 0, id="in one piece"
        ),
        pytest.param(
            record(first_content_ns=1200 * MS, content_chunks=1, answer_characters=3),
            None,
            0.2,
            100,
            id="one token shown",
        ),
        pytest.param(
            record(content_chunks=1, eval_count=None, eval_duration_ns=None), None, None, 0, id="one piece, no counts"
        ),
        pytest.param(
            record(content_chunks=1, answer_characters=9, eval_count=None, eval_duration_ns=None),
            *(0.2, 0.2, 0),
            id="a word, no counts",
        ),
        pytest.param(record(content_arrivals=9, eval_duration_ns=None), None, None, 0, id="in blocks, no durations"),
        pytest.param(
            record(first_content_ns=260 * MS, content_chunks=80), None, None, 0, id="late, and characters of bytes"
        ),
        pytest.param(record(content_chunks=30, content_arrivals=30), 0.2, 0.2, 0, id="several tokens in a chunk"),
    ],
)
def test_a_first_piece_that_came_long_after_the_first_token_gives_no_ttft(
    seen: StreamRecord, ttft_s: float | None, ttfa_s: float | None, hidden: int
) -> None:
    assert (metrics.ttft_s(seen), metrics.ttfa_s(seen), metrics.hidden_tokens(seen)) == (ttft_s, ttfa_s, hidden)
    is_late = ttft_s is None
    assert (metrics.classic_tps(seen) is None) == (is_late or seen.eval_count is None)
    assert not is_late or (metrics.decode_client_tps(seen), metrics.tpot_s(seen)) == (None, None)


@given(st.integers(0, 1200), st.integers(2, 50))
def test_a_first_piece_is_late_from_40_ms_on_where_few_tokens_had_a_moment_of_their_own(
    first_ms: int, arrivals: int
) -> None:
    seen = record(first_content_ns=first_ms * MS, content_arrivals=arrivals)
    assert metrics.was_first_piece_late(seen) is (first_ms > 250)
