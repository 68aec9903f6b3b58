from typing import Any

import pytest

from ollama_speedrun.benchmark import caveats, outcome
from ollama_speedrun.benchmark.types import CaveatKind, Residency, Result
from records import GB, MS, PLAIN, model, observations, record


def kinds(**changes: Any) -> list[CaveatKind]:
    return [caveat.kind for caveat in caveats.of(observations(**changes))]


def test_a_clean_benchmark_gives_every_figure_and_no_caveat() -> None:
    observed = observations(warm_up=record(load_duration_ns=2000 * MS), residency=Residency(2 * GB, GB * 2, 4096))
    assert outcome.measured(model(), observed) == Result(
        host="http://10.0.0.1:11434",
        model="m:1b",
        status="ok",
        decode_tps=100.0,
        decode_client_tps=100.0,
        ollama_tps=101.0,
        classic_tps=101 / 1.01,
        prefill_tps=2000.0,
        ttft_s=0.2,
        ttfa_s=0.2,
        tpot_s=0.01,
        load_s=2.0,
        total_s=1.21,
        prompt_tokens=300,
        output_tokens=101,
        token_budget=101,
        context_length=4096,
        memory_bytes=2 * GB,
        gpu_share=1.0,
        warm_up=observed.warm_up,
        trial=PLAIN,
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trial": record(eval_count=3, done_reason="stop")}, [CaveatKind.TOO_FEW_TOKENS]),
        ({"trial": record(eval_duration_ns=None, total_duration_ns=None)}, [CaveatKind.NO_SERVER_DURATIONS]),
        ({"trial": record(eval_duration_ns=1100 * MS)}, [CaveatKind.CLOCKS_DISAGREE]),
        ({"trial": record(eval_duration_ns=1000)}, [CaveatKind.NO_SERVER_DURATIONS, CaveatKind.QUEUED]),
        ({"trial": record(prompt_eval_duration_ns=36 * MS)}, [CaveatKind.QUEUED, CaveatKind.PROMPT_CACHED]),
        ({"trial": record(prompt_eval_count=140)}, [CaveatKind.PROMPT_TRUNCATED]),
        ({"trial": record(total_duration_ns=3000 * MS)}, [CaveatKind.QUEUED]),
        ({"trial": record(first_answer_ns=None, thinking_characters=9)}, [CaveatKind.BUDGET_SPENT_THINKING]),
        ({"trial": record(answer_tail="yes. no. no. no. no. no.")}, [CaveatKind.REPEATS_ITSELF]),
        ({"residency": Residency(2 * GB, GB, 4096)}, [CaveatKind.PARTLY_ON_GPU]),
        ({"residency": Residency(2 * GB, 0, 4096)}, []),
        ({"others": ("other:7b",)}, [CaveatKind.SHARED_HOST]),
        ({"was_loaded": True}, [CaveatKind.LOAD_TIME_HIDDEN]),
    ],
)
def test_each_caveat_has_its_condition(changes: dict[str, Any], expected: list[CaveatKind]) -> None:
    assert kinds(**changes) == expected


def test_every_caveat_says_what_to_try() -> None:
    worst = observations(
        trial=record(
            first_answer_ns=None, thinking_characters=9, prompt_eval_count=100, eval_duration_ns=1100 * MS,
            total_duration_ns=9000 * MS, answer_tail="no. " * 9,
        ),
        residency=Residency(2 * GB, GB, 4096), others=("x",), was_loaded=True,
    )  # fmt: skip
    texts = [caveat.text for caveat in caveats.of(worst)]
    assert len(texts) == 8
    assert all("; " in text or ": " in text for text in texts)


def test_a_cached_prompt_gives_no_prefill_rate() -> None:
    observed = observations(trial=record(prompt_eval_duration_ns=36 * MS))
    assert outcome.measured(model(), observed).prefill_tps is None


def test_a_server_with_a_wrong_clock_is_timed_by_ours() -> None:
    result = outcome.measured(model(), observations(trial=record(eval_duration_ns=2 * MS)))
    assert (result.decode_tps, result.prefill_tps, result.load_s, result.speed_tps) == (None, None, None, 100.0)


def test_a_model_that_was_loaded_already_has_no_load_time() -> None:
    assert outcome.measured(model(), observations(was_loaded=True)).load_s is None


def test_unknown_memory_is_none_and_not_zero() -> None:
    result = outcome.measured(model(), observations(residency=None))
    assert (result.memory_bytes, result.gpu_share, result.context_length) == (None, None, None)


def test_a_model_that_answers_nothing_has_failed() -> None:
    silent = record(first_content_ns=None, first_answer_ns=None, last_content_ns=None, content_chunks=0, eval_count=1)
    result = outcome.measured(model(), observations(trial=silent))
    assert result.status == "failed"
    assert result.reason is not None
    assert result.reason.startswith("it answered nothing (1 tokens, done_reason length)")


@pytest.mark.parametrize("kind", ["embedding", "image", "cloud"])
def test_models_that_cannot_answer_are_skipped_with_the_reason(kind: str) -> None:
    result = outcome.skipped(model(kind=kind))
    assert result.status == "skipped"
    assert result.reason is not None
    assert kind in result.reason


def test_a_model_that_can_answer_is_never_skipped() -> None:
    with pytest.raises(ValueError, match="generates text"):
        outcome.skipped(model(kind="base"))


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
