from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.assessment import score, tiers
from ollama_speedrun.assessment.recommend import assess, for_use
from ollama_speedrun.assessment.types import Assessment, Rated, Verdict
from ollama_speedrun.assessment.uses import USES
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import Interval, Result, TimeInterval
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord
from records import GB, model

HOST = "http://10.0.0.1:11434"
AREAS = ("reasoning", "code", "writing", "facts", "languages", "context", "tasks", "honesty")


def result(name: str, tps: float = 60.0, tokens: int = 300, wait_s: float = 0.2, **changes: Any) -> Result:
    fields: dict[str, Any] = {
        "host": HOST,
        "model": name,
        "status": "ok",
        "decode_tps": tps,
        "classic_tps": tps,
        "ttft_s": wait_s,
        "output_tokens": tokens,
        "token_budget": 520,
        "memory_bytes": GB,
    }
    return Result(**{**fields, **changes})


def graded(*results: Result, right: int = 64, of: int = 80) -> list[QualityRecord]:
    """Return records in which each of the results got the same items right."""
    return [record_of(one, right=right, of=of) for one in results]


def record_of(one: Result, *, right: int, of: int = 80, identity: str | None = None) -> QualityRecord:
    return QualityRecord(
        host=one.host,
        model=one.model,
        variant=one.variant,
        bank="1",
        seed=1,
        mix="own",
        identity=identity,
        items=tuple(
            ItemRecord(
                item=str(place),
                area=AREAS[place % 8],
                family="f",
                level=1,
                answers=(AnswerRecord(content="x", ended_ns=2 * 10**9),),
                grade=Grade(score=credit, strict=credit, extracted="x", why="as told"),
            )
            for place in range(of)
            for credit in [float(place < right)]
        ),
    )


def verdict_on(*results: Result, models: Sequence[Model] = ()) -> tuple[tuple[Assessment, ...], Verdict]:
    return assess(models, results, graded(*results))


def names_by_overall(results: Sequence[Result]) -> list[str]:
    scored, _ = verdict_on(*results)
    overall = {entry.model: entry.scores.overall or 0.0 for entry in scored if entry.scores}
    return sorted(overall, key=lambda name: -overall[name])


@pytest.mark.parametrize(
    ("tps", "expected"), [(0.1, 0.0), (5, 0.0), (10, 0.25), (20, 0.5), (40, 0.75), (80, 1.0), (5000, 1.0)]
)
def test_speed_rises_with_each_doubling_from_reading_speed(tps: float, expected: float) -> None:
    assert score.speed(tps) == pytest.approx(expected)


@pytest.mark.parametrize(("ttft_s", "expected"), [(0, 1), (0.3, 1), (3**0.5, 0.5), (10, 0), (60, 0)])
def test_latency_falls_with_the_logarithm_of_the_wait(ttft_s: float, expected: float) -> None:
    assert score.latency(ttft_s) == pytest.approx(expected)


def test_the_overall_score_never_falls_to_nothing() -> None:
    assert score.overall(quality=0, speed=0, latency=0) == pytest.approx(0.01)
    assert score.overall(quality=1, speed=1, latency=1) == 1
    assert score.overall(quality=1, speed=0, latency=1) == pytest.approx(0.01**0.3)


def test_classic_reproduces_the_known_flip_that_a_third_model_causes() -> None:
    a, b, c = result("A", 60, 300), result("B", 40, 520), result("C", 300, 100)

    def composites(*results: Result) -> list[int]:
        return [
            round(entry.classic.composite)
            for entry in score.scores(results, [None] * len(results))
            if entry and entry.classic
        ]

    assert composites(a, b) == [83, 80]
    assert composites(a, b, c)[:2] == [35, 48]


figures = st.tuples(st.floats(0.5, 400), st.integers(1, 520), st.floats(0.01, 30))


@settings(max_examples=40)
@given(st.lists(figures, min_size=2, max_size=6), figures)
def test_adding_a_model_never_reorders_the_others(
    fleet: list[tuple[float, int, float]], newcomer: tuple[float, int, float]
) -> None:
    results = [result(f"m{number}", *row) for number, row in enumerate(fleet)]
    with_newcomer = names_by_overall([*results, result("new", *newcomer)])
    assert [name for name in with_newcomer if name != "new"] == names_by_overall(results)


@given(st.lists(figures, min_size=1, max_size=6))
def test_scores_lie_between_0_and_100(fleet: list[tuple[float, int, float]]) -> None:
    results = [result(f"m{number}", *row) for number, row in enumerate(fleet)]
    for scores in score.scores(results, [70.0] * len(results)):
        assert scores is not None
        assert scores.classic is not None
        values = (scores.overall, scores.quality, scores.speed, scores.latency, scores.classic.composite)
        assert all(value is not None and 0 <= value <= 100.000001 for value in values)


@pytest.mark.parametrize(("low_s", "high_s", "is_sure"), [(0.5, 0.5, True), (0.3, 9.0, False)])
def test_a_lead_is_less_sure_where_the_ttft_is_known_less_well(low_s: float, high_s: float, *, is_sure: bool) -> None:
    ttft = TimeInterval(low_s, high_s, 3)
    first = result("first", 60, wait_s=0.5, decode_interval=Interval(60, 60, 3), ttft_interval=ttft)
    even = Interval(45, 45, 3)
    second = result("second", 45, wait_s=0.5, decode_interval=even, ttft_interval=ttft, memory_bytes=5 * GB)
    records = [record_of(first, right=60), record_of(second, right=60)]
    _, verdict = assess((), (first, second), records)
    assert verdict.recommendation is not None
    assert ("more than chance explains" in verdict.recommendation.why) is is_sure


def test_with_one_tier_the_recommendation_is_the_best_of_that_tier() -> None:
    able, quick = result("able", 20, 100), result("quick", 80, 100)
    _, verdict = assess([], [able, quick], [record_of(able, right=76), record_of(quick, right=60)])
    assert verdict.recommendation is not None
    assert verdict.tiers[0].best is not None
    assert verdict.recommendation.model == verdict.tiers[0].best.model == "able"


@pytest.mark.parametrize("changes", [{"status": "failed"}, {"status": "skipped"}, {"decode_tps": None}])
def test_what_lacks_a_speed_or_failed_is_not_scored_and_never_picked(changes: dict[str, Any]) -> None:
    scored, verdict = verdict_on(result("broken", 9999, 520, **changes), result("sound", 10, 100))
    assert [entry.scores is None for entry in scored] == [True, False]
    assert verdict.recommendation is not None
    assert verdict.recommendation.model == "sound"


def test_an_unknown_wait_counts_as_the_middle() -> None:
    scored, _ = verdict_on(result("m", ttft_s=None))
    assert scored[0].scores is not None
    assert scored[0].scores.latency is None
    assert scored[0].scores.overall == pytest.approx(
        100 * score.overall(quality=0.8, speed=score.speed(60), latency=score.UNKNOWN)
    )


def test_speed_by_the_clients_clock_stands_in_where_the_server_gave_none() -> None:
    scored, _ = verdict_on(result("m", decode_tps=None, decode_client_tps=20.0))
    assert scored[0].scores is not None
    assert scored[0].scores.speed == pytest.approx(50)


@pytest.mark.parametrize(
    ("size_bytes", "tier"),
    [
        (0, "<2"),
        (2 * GB - 1, "<2"),
        (2 * GB, "2-4"),
        (4 * GB, "4-8"),
        (8 * GB - 1, "4-8"),
        (8 * GB, "8-16"),
        (16 * GB, "16+"),
        (900 * GB, "16+"),
    ],
)
def test_a_bound_belongs_to_the_tier_above_it(size_bytes: int, tier: str) -> None:
    assert tiers.tier_of(size_bytes) == tier


def test_measured_memory_decides_the_tier_and_disk_only_where_it_is_unknown() -> None:
    shelf = [model("m", size_bytes=GB), model("n", size_bytes=GB)]
    scored, _ = assess(shelf, [result("m", memory_bytes=3 * GB), result("n", memory_bytes=None)])
    assert [(entry.tier, entry.tier_basis) for entry in scored] == [("2-4", "memory"), ("<2", "disk")]


def test_a_model_of_unknown_size_has_no_tier_but_can_be_recommended() -> None:
    scored, verdict = verdict_on(result("m", memory_bytes=None))
    assert (scored[0].tier, scored[0].tier_basis) == (None, None)
    assert verdict.recommendation is not None
    assert all(tier.best is None for tier in verdict.tiers)


def test_each_tier_has_its_best_and_the_best_of_all_is_recommended() -> None:
    results = [
        result("small-slow", 10),
        result("small-fast", 40),
        result("big", 80, memory_bytes=5 * GB),
    ]
    scored, verdict = verdict_on(*results)
    assert [(tier.tier, tier.best.model if tier.best else None) for tier in verdict.tiers] == [
        ("<2", "small-fast"),
        ("2-4", None),
        ("4-8", "big"),
        ("8-16", None),
        ("16+", None),
    ]
    assert verdict.recommendation is not None
    assert scored[2].scores is not None
    assert verdict.recommendation.score == pytest.approx(scored[2].scores.overall)
    assert "points ahead of small-fast" in verdict.recommendation.why


def test_the_abler_model_is_picked_before_the_longer_winded_and_faster_one() -> None:
    able, talker = result("able", 30, 100), result("talker", 60, 520)
    _, verdict = assess([], [able, talker], [record_of(able, right=72), record_of(talker, right=16)])
    assert verdict.recommendation is not None
    assert verdict.recommendation.model == "able"
    assert "quality 90" in verdict.recommendation.why


def test_a_lead_that_few_items_cannot_prove_is_only_likely_and_says_what_would() -> None:
    one, other = result("one", 60), result("other", 60)
    _, verdict = assess([], [one, other], [record_of(one, right=8, of=10), record_of(other, right=5, of=10)])
    assert verdict.recommendation is not None
    assert verdict.recommendation.why.startswith("likely: ")
    assert "more items of each would" in verdict.recommendation.why


def test_equal_models_are_tied_and_go_to_the_faster_whatever_the_order() -> None:
    same = [result("b", 90.0), result("a", 90.0), result("c", 100.0)]
    for order in (same, same[::-1]):
        _, verdict = verdict_on(*order)
        assert verdict.recommendation is not None
        assert verdict.recommendation.model == "c"
        assert "tied with a and b within 3 points" in verdict.recommendation.why


def test_each_use_has_its_pick_and_a_use_that_needs_tools_names_the_capability() -> None:
    one = result("m")
    _, verdict = verdict_on(one, models=[model("m", size_bytes=GB)])
    picks = {use.use: use.best.model if use.best else None for use in verdict.uses}
    assert picks == {"chat": "m", "code": "m", "agent": None, "batch": "m", "rag": "m"}
    assert "capability tools" in next(use.why for use in verdict.uses if use.use == "agent")


@pytest.mark.parametrize(
    ("max_items", "said"),
    [
        (0, "no answers were graded; leave out --max-items 0, or ask for --scoring classic"),
        (8, "no answers were graded: no item could be asked, as the run's notes say; --scoring classic needs none"),
    ],
)
def test_what_to_leave_out_is_said_only_where_it_was_given(max_items: int, said: str) -> None:
    settings = BenchmarkSettings(max_items=max_items)
    scored, verdict = assess([], [result("m")], settings=settings)
    rated = [Rated(result("m"), scored[0])]
    by_use, _ = for_use(USES[0], [model("m", size_bytes=GB)], rated, (), settings=settings)
    assert (verdict.why_none, by_use.why_none) == (said, said)


def test_a_tier_without_models_and_a_run_without_any_are_said_apart() -> None:
    _, verdict = assess([], [])
    assert verdict.why_none == "no model was measured"
    assert {tier.why for tier in verdict.tiers} == {"no model of this size was measured"}


def test_without_graded_answers_nothing_is_recommended_and_the_reason_says_so() -> None:
    scored, verdict = assess([], [result("m")])
    assert verdict.recommendation is None
    assert verdict.why_none is not None
    assert "no answers were graded" in verdict.why_none
    assert scored[0].scores is not None
    assert scored[0].scores.overall is None
    assert scored[0].quality is None


def test_a_model_that_does_no_better_than_guessing_is_named_but_not_recommended() -> None:
    one = result("babbler")
    _, verdict = assess([], [one], [record_of(one, right=0)])
    assert verdict.recommendation is None
    assert verdict.why_none == "no model did better than guessing; the fastest is babbler with 60.0 tok/s"


def test_the_only_model_above_guessing_is_not_called_the_only_one_that_was_graded() -> None:
    able, babbler = result("able"), result("babbler")
    _, verdict = assess([], [able, babbler], [record_of(able, right=40), record_of(babbler, right=0)])
    assert verdict.recommendation is not None
    assert verdict.recommendation.why.startswith("the only one that did better than guessing: ")


def test_a_checked_copy_shares_the_quality_of_its_equal_and_has_times_of_its_own() -> None:
    one, copy = result("m"), result("m", 20, host="http://10.0.0.2:11434")
    full = record_of(one, right=64, identity="same")
    checked = msgspec.structs.replace(
        record_of(copy, right=10, of=10, identity="same"),
        items=tuple(
            msgspec.structs.replace(item, answers=(AnswerRecord(content="x", ended_ns=8 * 10**9),))
            for item in full.items[:10]
        ),
    )
    scored, _ = assess([], [one, copy], [full, checked])
    assert [entry.quality.score if entry.quality else None for entry in scored] == [pytest.approx(80)] * 2
    assert scored[1].quality is not None
    assert scored[1].quality.measured_on == HOST
    assert [entry.seconds_to_correct_answer for entry in scored] == [pytest.approx(2 / 0.8), pytest.approx(8 / 0.8)]


@pytest.mark.parametrize("value", [0, -5, 10**400])
def test_an_absurd_speed_is_not_scored_and_harms_nothing_else(value: int) -> None:
    scored, verdict = verdict_on(result("odd", decode_tps=value), result("sound", 10))
    assert [entry.scores is None for entry in scored] == [True, False]
    assert verdict.recommendation is not None


@pytest.mark.parametrize("figure", ["classic_tps", "output_tokens"])
@pytest.mark.parametrize("value", [None, 0, -5, 10**400])
def test_an_absurd_figure_of_the_classic_scoring_has_no_classic_score(figure: str, value: Any) -> None:
    scored, _ = verdict_on(result("odd", **{figure: value}), result("sound", 10))
    assert [entry.scores is not None and entry.scores.classic is None for entry in scored] == [True, False]


def test_any_size_has_a_tier() -> None:
    assert [tiers.tier_of(size) for size in (-1, 10**400)] == ["<2", "16+"]


def test_nothing_measured_gives_no_recommendation() -> None:
    _, verdict = assess([], [result("m", status="failed")])
    assert verdict.recommendation is None


def test_a_saved_assessment_can_be_assessed_again_with_the_same_outcome() -> None:
    shelf: list[Model] = [model("m"), model("n")]
    results = [result("m"), result("n", 90)]
    assert assess(shelf, results) == assess(shelf, results)


def test_a_model_that_takes_far_more_tokens_without_showing_its_thinking_reasons_inline() -> None:
    def with_tokens(one: Result, tokens: int, thinking: int = 0) -> QualityRecord:
        answer = AnswerRecord(content="x", ended_ns=10**9, output_tokens=tokens, thinking_characters=thinking)
        found = record_of(one, right=60)
        items = tuple(msgspec.structs.replace(item, answers=(answer,)) for item in found.items)
        return msgspec.structs.replace(found, items=items)

    fleet = [result(name) for name in ("a", "b", "c", "wordy", "thinker")]
    answered = [with_tokens(one, 20) for one in fleet[:3]] + [with_tokens(fleet[3], 90), with_tokens(fleet[4], 900, 5)]
    scored, _ = assess([], fleet, answered)
    found = {one.model: one.quality for one in scored}
    assert [name for name, one in found.items() if one and one.reasons_inline] == ["wordy"]
    assert [one.tokens_per_answer for one in found.values() if one] == [20, 20, 20, 90, 900]
