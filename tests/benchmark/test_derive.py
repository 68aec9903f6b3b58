from typing import Any

import pytest

from ollama_speedrun.benchmark import caveats, derive, metrics
from ollama_speedrun.benchmark.types import CaveatKind, ImageFigures, Residency, Result, StreamRecord
from records import GB, MS, PLAIN, model, observations, record, timed

QUEUED = record(total_duration_ns=3000 * MS, first_content_ns=1900 * MS, last_content_ns=2900 * MS)
EMPTY = record(
    first_content_ns=None, first_answer_ns=None, last_content_ns=None, content_chunks=0, answer_characters=0,
    eval_count=1, eval_duration_ns=1000, total_duration_ns=172 * MS, done_reason="stop",
)  # fmt: skip
SHORT = record(
    content_chunks=4, eval_count=5, last_content_ns=230 * MS, ended_ns=240 * MS, eval_duration_ns=40 * MS,
    total_duration_ns=238 * MS, done_reason="stop",
)  # fmt: skip


def kinds(**changes: Any) -> list[CaveatKind]:
    return [caveat.kind for caveat in caveats.of(observations(**changes))]


def test_a_clean_benchmark_gives_every_figure_and_no_caveat() -> None:
    observed = observations(
        warm_up=record(
            load_duration_ns=2000 * MS, prompt_eval_count=12, first_content_ns=2200 * MS, last_content_ns=3200 * MS
        ),
        trials=(record(eval_duration_ns=1000 * MS), record(eval_duration_ns=1000 * MS), PLAIN),
        discarded=1,
    )
    result = derive.measured(model(), observed)
    for name, expected in {
        "decode_tps": 100.0,
        "decode_client_tps": 100.0,
        "ollama_tps": 101.0,
        "prefill_tps": 2000.0,
    }.items():
        assert getattr(result, name) == pytest.approx(expected)
    assert result.decode_interval is not None
    assert result.decode_interval.trials == 3
    assert result.ttft_interval is not None
    assert [result.ttft_interval.low_s, result.ttft_interval.high_s] == pytest.approx([0.2, 0.2])
    assert result == Result(
        host="http://10.0.0.1:11434",
        model="m:1b",
        status="ok",
        decode_tps=result.decode_tps,
        decode_interval=result.decode_interval,
        decode_client_tps=result.decode_client_tps,
        ollama_tps=result.ollama_tps,
        classic_tps=101 / 1.01,
        prefill_tps=result.prefill_tps,
        ttft_s=0.2,
        ttft_interval=result.ttft_interval,
        ttfa_s=0.2,
        tpot_s=0.01,
        unattributed_s=0.038,
        load_s=2.0,
        total_s=1.21,
        prompt_tokens=300,
        output_tokens=101,
        token_budget=101,
        context_length=4096,
        memory_bytes=2 * GB,
        gpu_share=1.0,
        discarded_trials=1,
        warm_up=observed.warm_up,
        interview=PLAIN,
        trials=observed.trials,
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (timed(eval_count=3, done_reason="stop"), [CaveatKind.TOO_FEW_TOKENS]),
        (timed(eval_duration_ns=None, total_duration_ns=None), [CaveatKind.NO_SERVER_DURATIONS]),
        (timed(eval_count=0, prompt_eval_count=0), [CaveatKind.NO_SERVER_DURATIONS]),
        (timed(eval_duration_ns=1100 * MS), [CaveatKind.CLOCKS_DISAGREE]),
        (timed(eval_duration_ns=1000, total_duration_ns=209 * MS), [CaveatKind.NO_SERVER_DURATIONS]),
        (timed(eval_count=63, content_chunks=63), [CaveatKind.SHORT_ANSWERS]),
        (timed(eval_count=64, content_chunks=64), []),
        (timed(eval_duration_ns=1020 * MS), [CaveatKind.LATE_CHUNK]),
        (timed(eval_duration_ns=980 * MS), [CaveatKind.LATE_CHUNK]),
        (timed(eval_duration_ns=1009 * MS), []),
        (timed(eval_duration_ns=1020 * MS, content_chunks=99), [CaveatKind.TOKENS_HELD_BACK]),
        (timed(content_chunks=51), []),
        (timed(content_arrivals=16, token_limit=97), []),
        (timed(content_arrivals=15), [CaveatKind.BUFFERED]),
        (timed(content_arrivals=1), [CaveatKind.BUFFERED]),
        ({"trials": (PLAIN, PLAIN, record(content_arrivals=1))}, []),
        (timed(token_limit=96), [CaveatKind.BUDGET_EXCEEDED]),
        ({"trials": (PLAIN, PLAIN, record(eval_duration_ns=2 * MS))}, [CaveatKind.CLOCKS_DISAGREE]),
        ({"trials": (PLAIN, *[record(eval_duration_ns=1020 * MS)] * 2)}, []),
        (timed(last_content_ns=312 * MS, eval_duration_ns=114 * MS), []),
        (timed(last_content_ns=312 * MS, eval_duration_ns=116 * MS), [CaveatKind.LATE_CHUNK]),
        (timed(eval_duration_ns=2 * MS, total_duration_ns=209 * MS), [CaveatKind.CLOCKS_DISAGREE]),
        (
            {"trials": (PLAIN, record(prompt_eval_duration_ns=36 * MS, total_duration_ns=1094 * MS))},
            [CaveatKind.PROMPT_CACHED],
        ),
        ({"warm_up": record(prompt_eval_count=210, prompt_eval_duration_ns=210 * MS)}, [CaveatKind.PROMPT_CACHED]),
        ({"warm_up": record(prompt_eval_count=210, prompt_eval_duration_ns=105 * MS)}, []),
        ({"warm_up": record(prompt_eval_count=40)}, []),
        (timed(prompt_eval_count=100), [CaveatKind.PROMPT_TRUNCATED]),
        ({"trials": (PLAIN, QUEUED)}, [CaveatKind.QUEUED]),
        ({"trials": (PLAIN, record(load_duration_ns=700 * MS, total_duration_ns=1888 * MS))}, [CaveatKind.RELOADED]),
        (timed(first_answer_ns=None, thinking_characters=9), [CaveatKind.BUDGET_SPENT_THINKING]),
        (timed(thinking_characters=9) | {"thinks": False}, [CaveatKind.REASONS_ANYWAY]),
        (timed(thinking_characters=9) | {"thinks": True}, []),
        (timed(answer_tail="yes. no. no. no. no. no."), [CaveatKind.REPEATS_ITSELF]),
        ({"trials": (PLAIN, record(eval_duration_ns=1080 * MS, total_duration_ns=1288 * MS))}, [CaveatKind.IMPRECISE]),
        ({"trials": (), "out_of_time": True}, [CaveatKind.IMPRECISE]),
        ({"residency": Residency(2 * GB, GB, 4096)}, [CaveatKind.PARTLY_ON_GPU]),
        ({"residency": Residency(2 * GB, 0, 4096)}, []),
        ({"others": ("other:7b",)}, [CaveatKind.SHARED_HOST]),
        ({"was_loaded": True}, [CaveatKind.LOAD_TIME_HIDDEN]),
        ({"load_was_shared": True}, [CaveatKind.LOAD_TIME_HIDDEN]),
    ],
)
def test_each_caveat_has_its_condition(changes: dict[str, Any], expected: list[CaveatKind]) -> None:
    assert kinds(**changes) == expected


def test_every_caveat_says_what_to_try() -> None:
    worst = observations(
        **timed(
            first_answer_ns=None, thinking_characters=9, prompt_eval_count=100, eval_duration_ns=1100 * MS,
            total_duration_ns=9000 * MS, answer_tail="no. " * 9, first_content_ns=2000 * MS, last_content_ns=3000 * MS,
        ),
        residency=Residency(2 * GB, GB, 4096), others=("x",), was_loaded=True, thinks=False,
    )  # fmt: skip
    texts = [caveat.text for caveat in caveats.of(worst)]
    assert len(texts) == 9
    assert all("; " in text or ": " in text for text in texts)


def test_a_prompt_out_of_the_cache_is_left_out_of_the_prefill_rate() -> None:
    observed = observations(trials=(PLAIN, record(prompt_eval_duration_ns=36 * MS, total_duration_ns=1094 * MS)))
    assert derive.measured(model(), observed).prefill_tps == pytest.approx(2000)


def test_a_cached_system_prompt_does_not_inflate_the_prefill_rate() -> None:
    observed = observations(warm_up=record(prompt_eval_count=160, prompt_eval_duration_ns=150 * MS))
    assert derive.measured(model(), observed).prefill_tps == pytest.approx(156 / 0.15)


def test_a_model_that_says_nothing_to_a_prompt_that_was_cut_is_told_apart_from_one_that_is_broken() -> None:
    cut = observations(interview=record(prompt_eval_count=100, content_chunks=0))
    assert derive.measured(model(), cut).reason == (
        "it answered nothing to a prompt that the server cut to 100 tokens; raise --context"
    )


def test_a_server_with_a_wrong_clock_is_timed_by_ours() -> None:
    result = derive.measured(model(), observations(**timed(eval_duration_ns=2 * MS)))
    assert (result.decode_tps, result.prefill_tps, result.load_s) == (None, None, None)
    assert result.speed_tps == pytest.approx(100)


def test_without_trials_the_interview_is_what_speed_is_measured_by() -> None:
    result = derive.measured(model(), observations(trials=()))
    assert result.decode_tps == pytest.approx(100)
    assert result.decode_interval is None


def test_one_trial_that_our_clock_contradicts_is_left_out_of_the_means() -> None:
    result = derive.measured(model(), observations(trials=(PLAIN, PLAIN, record(eval_duration_ns=2 * MS))))
    assert [result.decode_tps, result.ollama_tps] == pytest.approx([100, 101])
    assert result.decode_interval is not None
    assert result.decode_interval.trials == 2


def test_a_wide_interval_is_told_by_its_ends() -> None:
    wide = observations(trials=(PLAIN, record(eval_duration_ns=1150 * MS, last_content_ns=1350 * MS)))
    (text,) = [caveat.text for caveat in caveats.of(wide) if caveat.kind is CaveatKind.IMPRECISE]
    assert "known to 38.4–226.6 tok/s only" in text


def test_a_load_that_waited_for_another_model_gives_no_load_time() -> None:
    assert derive.measured(model(), observations(load_was_shared=True)).load_s is None


def test_the_ttft_is_the_median_of_the_undisturbed_trials_with_its_interval() -> None:
    waits_ms = (180, 200, 230)
    trials = tuple(record(first_content_ns=wait * MS, last_content_ns=(wait + 1000) * MS) for wait in waits_ms)
    result = derive.measured(model(), observations(trials=(*trials, QUEUED)))
    assert result.ttft_s == 0.2
    assert result.ttft_interval is not None
    assert (result.ttft_interval.low_s, result.ttft_interval.high_s) == pytest.approx((0.1490, 0.2749), abs=1e-3)
    assert result.ttft_interval.trials == 3


def test_a_load_or_a_queue_in_every_trial_leaves_no_ttft_and_the_speed_stands() -> None:
    reloaded = record(
        load_duration_ns=700 * MS, total_duration_ns=1888 * MS, first_content_ns=880 * MS, last_content_ns=1880 * MS
    )
    for disturbed in (QUEUED, reloaded):
        result = derive.measured(model(), observations(trials=(disturbed,) * 3))
        assert (result.ttft_s, result.ttft_interval) == (None, None)
        assert result.decode_tps == pytest.approx(100)


def test_a_server_that_keeps_nothing_loaded_gives_no_ttft_and_one_caveat() -> None:
    observed = observations(keeps_loaded=False, trials=(record(load_duration_ns=700 * MS),) * 3)
    result = derive.measured(model(), observed)
    assert (result.ttft_s, result.ttfa_s) == (None, None)
    assert [caveat.kind for caveat in result.caveats] == [CaveatKind.NOT_KEPT_LOADED]


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ((EMPTY,), "1 of 5 trials came back empty and was left out; the figures stand"),
        ((EMPTY, EMPTY), "2 of 6 trials came back empty and were left out; the figures stand"),
        ((SHORT,), "1 of 5 trials had fewer than 16 tokens and was left out; the figures stand"),
    ],
)
def test_trials_with_next_to_nothing_are_left_out_and_counted(
    left_out: tuple[StreamRecord, ...], sentence: str
) -> None:
    observed = observations(trials=(PLAIN, PLAIN, *left_out, PLAIN, PLAIN))
    result = derive.measured(model(), observed)
    assert [result.decode_tps, result.ttft_s] == pytest.approx([100, 0.2])
    assert [(caveat.kind, caveat.text) for caveat in result.caveats] == [(CaveatKind.EMPTY_TRIALS, sentence)]


def test_requests_that_loaded_an_embedding_model_again_are_told() -> None:
    assert caveats.of_embedding(0) == ()
    assert [caveat.kind for caveat in caveats.of_embedding(10)] == [CaveatKind.RELOADED]


@pytest.mark.parametrize(
    ("thinks", "variant", "label"),
    [
        (None, None, "m:1b"),
        (True, "thinking", "m:1b (thinking)"),
        (False, "direct", "m:1b (direct)"),
        ("low", "thinking low", "m:1b (thinking low)"),
    ],
)
def test_variants_have_names(thinks: bool | str | None, variant: str | None, label: str) -> None:
    result = derive.measured(model(), observations(thinks=thinks))
    assert (result.variant, result.label) == (variant, label)


def test_an_images_cost_is_the_difference_that_it_makes() -> None:
    with_image = record(prompt_eval_count=556, prompt_eval_duration_ns=400 * MS)
    assert derive.image_figures(PLAIN, with_image) == ImageFigures(tokens=256, prefill_s=0.25)
    assert derive.image_figures(PLAIN, PLAIN) == ImageFigures(tokens=None, prefill_s=None)


def test_drift_is_more_than_three_percent_and_more_than_the_trials_own_spread() -> None:
    slower = record(eval_duration_ns=1080 * MS)
    steady, noisy = [PLAIN] * 3, [PLAIN, record(eval_duration_ns=1030 * MS), record(eval_duration_ns=970 * MS)]
    assert derive.drift(steady, slower) == pytest.approx(-0.074, abs=0.001)
    assert derive.drift(noisy, slower) is None
    assert derive.drift(steady, record(eval_duration_ns=1029 * MS)) is None
    assert derive.drift([], slower) is None


def test_drift_is_told_with_its_direction() -> None:
    slower = derive.drifted(derive.measured(model(), observations()), -0.08)
    assert [caveat.kind for caveat in slower.caveats] == [CaveatKind.DRIFT]
    assert "8% slower at the end" in slower.caveats[0].text


def test_a_model_that_was_loaded_already_has_no_load_time() -> None:
    assert derive.measured(model(), observations(was_loaded=True)).load_s is None


def test_unknown_memory_is_none_and_not_zero() -> None:
    result = derive.measured(model(), observations(residency=None))
    assert (result.memory_bytes, result.gpu_share, result.context_length) == (None, None, None)


def test_a_model_that_answers_nothing_has_failed() -> None:
    silent = record(first_content_ns=None, first_answer_ns=None, last_content_ns=None, content_chunks=0, eval_count=1)
    result = derive.measured(model(), observations(interview=silent))
    assert result.status == "failed"
    assert result.reason is not None
    assert result.reason.startswith("it answered nothing (1 token, done_reason length)")


@pytest.mark.parametrize("kind", ["image", "cloud"])
def test_models_that_cannot_answer_are_skipped_with_the_reason(kind: str) -> None:
    result = derive.skipped(model(kind=kind))
    assert result.status == "skipped"
    assert result.reason is not None
    assert kind in result.reason


def test_a_model_that_can_answer_is_never_skipped() -> None:
    with pytest.raises(ValueError, match="can be measured"):
        derive.skipped(model(kind="base"))


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        ("", False),
        ("abcabcabc", False),
        ("the end. the end. the end. ", True),
        ("xxxxxxxxxxxx", True),
        ("one two three four five", False),
    ],
)
def test_repetition_at_the_end_is_recognised(text: str, repeats: bool) -> None:
    assert caveats.repeats_itself(text) is repeats


def test_a_stamp_of_a_program_that_stood_still_leaves_the_figures_and_is_named() -> None:
    first_ns = PLAIN.first_content_ns or 0
    late = record(first_lag_ns=first_ns // 2)
    some = derive.measured(model(), observations(trials=(PLAIN, late, PLAIN)))
    none = derive.measured(model(), observations(interview=late, trials=(late, late, late)))
    plain = derive.measured(model(), observations())
    assert (some.ttft_s, none.ttft_s, none.ttfa_s, none.classic_tps) == (plain.ttft_s, None, None, None)
    assert [none.decode_tps, none.prefill_tps] == [plain.decode_tps, plain.prefill_tps]
    texts = [
        caveat.text for result in (some, none) for caveat in result.caveats if caveat.kind is CaveatKind.CLIENT_LAGGED
    ]
    assert [("1 of 3 requests" in text, "the TTFT comes from the others" in text) for text in texts] == [
        (True, True),
        (False, False),
    ]
    assert "there is no TTFT" in texts[1]


def test_a_lag_that_is_small_beside_the_time_to_the_first_token_is_none() -> None:
    short = record(first_lag_ns=(PLAIN.first_content_ns or 0) // 50, last_lag_ns=1)
    observed = derive.measured(model(), observations(trials=(short, short, short)))
    plain = derive.measured(model(), observations())
    assert (observed.ttft_s, observed.decode_client_tps) == (plain.ttft_s, plain.decode_client_tps)
    assert CaveatKind.CLIENT_LAGGED not in {caveat.kind for caveat in observed.caveats}


def test_a_late_stamp_at_the_end_spoils_the_clients_rate_alone() -> None:
    window_ns = (PLAIN.last_content_ns or 0) - (PLAIN.first_content_ns or 0)
    late = record(last_lag_ns=window_ns // 10)
    assert (metrics.decode_client_tps(late), metrics.ttft_s(late)) == (None, metrics.ttft_s(PLAIN))


def test_trials_so_far_apart_that_their_interval_pictures_nothing_are_told_by_their_ends() -> None:
    slow = record(
        eval_duration_ns=4000 * MS, last_content_ns=4200 * MS, ended_ns=4210 * MS, total_duration_ns=4208 * MS
    )
    result = derive.measured(model(), observations(trials=(PLAIN, slow)))
    (text,) = [caveat.text for caveat in result.caveats if caveat.kind is CaveatKind.IMPRECISE]
    assert "known to 25.0–100.0 tok/s only" in text
