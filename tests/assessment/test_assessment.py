from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.assessment import score, tiers
from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.assessment.types import Pick
from ollama_speedrun.benchmark.types import Caveat, CaveatKind, Interval, Result
from ollama_speedrun.inventory.types import Model
from records import GB, model

HOST = "http://10.0.0.1:11434"


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


def names_by_overall(results: Sequence[Result]) -> list[str]:
    scored, _ = assess([], results)
    ranked = [entry for entry in scored if entry.scores]
    return [entry.model for entry in sorted(ranked, key=lambda entry: -(entry.scores.overall if entry.scores else 0))]


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
        return [round(entry.classic.composite) for entry in score.scores(results) if entry]

    assert composites(a, b) == [83, 80]
    assert composites(a, b, c)[:2] == [35, 48]


figures = st.tuples(st.floats(0.5, 400), st.integers(1, 520), st.floats(0.01, 30))


@given(st.lists(figures, min_size=2, max_size=6), figures)
def test_adding_a_model_never_reorders_the_others(
    fleet: list[tuple[float, int, float]], newcomer: tuple[float, int, float]
) -> None:
    results = [result(f"m{number}", *row) for number, row in enumerate(fleet)]
    with_newcomer = names_by_overall([*results, result("new", *newcomer)])
    assert [name for name in with_newcomer if name != "new"] == names_by_overall(results)


@given(st.lists(figures, min_size=1, max_size=6))
def test_scores_lie_between_0_and_100(fleet: list[tuple[float, int, float]]) -> None:
    for scores in score.scores([result(f"m{number}", *row) for number, row in enumerate(fleet)]):
        assert scores is not None
        values = (scores.overall, scores.quality, scores.speed, scores.latency, scores.classic.composite)
        assert all(0 <= value <= 100.000001 for value in values)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"},
        {"status": "skipped"},
        {"decode_tps": None},
        {"classic_tps": None},
        {"ttft_s": None},
        {"output_tokens": None},
    ],
)
def test_what_lacks_a_figure_or_failed_is_not_scored_and_never_picked(changes: dict[str, Any]) -> None:
    scored, verdict = assess([], [result("broken", 9999, 520, **changes), result("sound", 10, 100)])
    assert [entry.scores is None for entry in scored] == [True, False]
    assert verdict.recommendation is not None
    assert verdict.recommendation.model == "sound"


def test_speed_by_the_clients_clock_stands_in_where_the_server_gave_none() -> None:
    scored, _ = assess([], [result("m", decode_tps=None, decode_client_tps=20.0)])
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
    scored, verdict = assess([], [result("m", memory_bytes=None)])
    assert (scored[0].tier, scored[0].tier_basis) == (None, None)
    assert verdict.recommendation is not None
    assert all(tier.best is None for tier in verdict.tiers)


def test_each_tier_has_its_best_and_the_best_of_all_is_recommended() -> None:
    results = [
        result("small-slow", 10),
        result("small-fast", 40),
        result("big", 80, 520, memory_bytes=5 * GB),
    ]
    scored, verdict = assess([], results)
    assert [(tier.tier, tier.best.model if tier.best else None) for tier in verdict.tiers] == [
        ("<2", "small-fast"),
        ("2-4", None),
        ("4-8", "big"),
        ("8-16", None),
        ("16+", None),
    ]
    assert verdict.recommendation is not None
    assert Pick(verdict.recommendation.host, verdict.recommendation.model, verdict.recommendation.score) == Pick(
        HOST, "big", scored[2].scores.overall if scored[2].scores else -1
    )
    assert "points ahead of small-fast" in verdict.recommendation.why


@pytest.mark.parametrize(
    ("best", "runner_up", "certain"),
    [
        ((60.0, None), (40.0, None), True),
        ((60.5, None), (60.0, None), False),
        ((60.5, (60.4, 60.6)), (60.0, (59.9, 60.1)), True),
        ((60.0, (30.0, 120.0)), (40.0, (39.0, 41.0)), False),
    ],
)
def test_a_lead_is_certain_only_beyond_both_intervals(
    best: tuple[float, Any], runner_up: tuple[float, Any], certain: bool
) -> None:
    results = [
        result(name, tps, decode_interval=None if ends is None else Interval(ends[0], ends[1], 3))
        for name, (tps, ends) in (("a", best), ("b", runner_up))
    ]
    _, verdict = assess([], results)
    assert verdict.recommendation is not None
    assert verdict.recommendation.model == "a"
    assert ("close call" not in verdict.recommendation.why) is certain


def test_equal_scores_go_to_the_faster_and_then_by_name_whatever_the_order() -> None:
    same = [result("b", 90.0), result("a", 90.0), result("c", 100.0)]
    for order in (same, same[::-1]):
        _, verdict = assess([], order)
        assert verdict.recommendation is not None
        assert verdict.recommendation.model == "c"


def test_a_pick_that_repeats_itself_is_told_apart() -> None:
    caveat = Caveat(CaveatKind.REPEATS_ITSELF, "the same words")
    _, verdict = assess([], [result("parrot", caveats=(caveat,))])
    assert verdict.recommendation is not None
    assert "its answer repeats itself" in verdict.recommendation.why


def test_a_model_whose_answer_repeats_itself_is_not_picked_before_one_whose_does_not() -> None:
    caveat = Caveat(CaveatKind.REPEATS_ITSELF, "the same words")
    scored, verdict = assess([], [result("parrot", 90, 520, caveats=(caveat,)), result("sound", 40, 400)])
    assert [entry.scores.overall > 80 if entry.scores else None for entry in scored] == [True, False]
    assert verdict.recommendation is not None
    assert verdict.recommendation.model == "sound"
    assert "parrot scores" in verdict.recommendation.why
    assert verdict.tiers[0].best is not None
    assert verdict.tiers[0].best.model == "sound"


THOUGHT_ONLY = Caveat(CaveatKind.BUDGET_SPENT_THINKING, "no answer")
PARROTS = Caveat(CaveatKind.REPEATS_ITSELF, "the same words")


def why(*results: Result) -> str:
    _, verdict = assess([], results)
    assert verdict.recommendation is not None
    return verdict.recommendation.why


def test_a_thinker_that_never_answered_is_passed_over_and_the_sentence_says_why() -> None:
    text = why(result("thinker", 90, 520, caveats=(THOUGHT_ONLY,)), result("a", 40, 400), result("b", 30, 400))
    assert text.startswith("best of 3: 40.0 tok/s")
    assert "thinker scores" in text
    assert text.endswith("points more, but it thought until its end and never answered")


def test_one_that_is_picked_for_want_of_faultless_others_is_said_to_be_the_only_one() -> None:
    parrots = [result(f"parrot{number}", 90 - number, 520, caveats=(PARROTS,)) for number in range(4)]
    text = why(*parrots, result("sound", 40, 400))
    assert text.startswith("the only one of 5 that did not repeat itself: 40.0 tok/s")
    assert "; 4 others score more, parrot0 " in text
    assert text.endswith("but their answers repeat themselves")


def test_a_pick_that_never_answered_says_so() -> None:
    assert "it thought until its end and never answered" in why(result("thinker", caveats=(THOUGHT_ONLY,)))


def test_without_intervals_the_sentence_speaks_of_single_runs() -> None:
    interval = Interval(59.9, 60.1, 3)
    assert why(result("a", 60), result("b", 20)).endswith("ahead of b, beyond the ±5 % that single runs vary by")
    assert why(result("a", 60, decode_interval=interval), result("b", 20)).endswith(
        "beyond the speeds' 95 % intervals or the ±5 % that single runs vary by"
    )
    both = (result("a", 60, decode_interval=interval), result("b", 20, decode_interval=Interval(19, 21, 3)))
    assert why(*both).endswith("ahead of b, beyond the speeds' 95 % intervals")


def test_two_that_are_faster_than_the_score_tells_apart_are_said_to_be() -> None:
    assert why(result("a", 500), result("b", 90)).endswith(
        "b is 0.0 points behind, and both are faster than the 80 tok/s up to which the score tells speeds apart"
    )


@pytest.mark.parametrize("figure", ["decode_tps", "classic_tps", "output_tokens", "token_budget"])
@pytest.mark.parametrize("value", [0, -5, 10**400])
def test_an_absurd_figure_is_not_scored_and_harms_nothing_else(figure: str, value: int) -> None:
    scored, verdict = assess([], [result("odd", **{figure: value}), result("sound", 10)])
    assert [entry.scores is None for entry in scored] == [True, False]
    assert verdict.recommendation is not None


def test_any_size_has_a_tier() -> None:
    assert [tiers.tier_of(size) for size in (-1, 10**400)] == ["<2", "16+"]


def test_nothing_measured_gives_no_recommendation() -> None:
    _, verdict = assess([], [result("m", status="failed")])
    assert verdict.recommendation is None


def test_a_saved_assessment_can_be_assessed_again_with_the_same_outcome() -> None:
    shelf: list[Model] = [model("m"), model("n")]
    results = [result("m"), result("n", 90)]
    assert assess(shelf, results) == assess(shelf, results)
