import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.assessment.types import Pick, Rated, Recommendation, Tier, TierVerdict, Verdict
from ollama_speedrun.report.trade_off import front, points
from specimens import DESK, EMBEDDING, RACK, document, quality, rated, result, run_of, unrated

FEW = st.lists(st.tuples(st.integers(0, 5).map(float), st.integers(0, 5).map(float)), max_size=12)


@given(FEW)
def test_the_front_is_what_no_other_pair_beats(pairs: list[tuple[float, float]]) -> None:
    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and one[0] >= other[0] and one[1] >= other[1]

    expected = {place for place, pair in enumerate(pairs) if not any(beats(other, pair) for other in pairs)}
    assert front(pairs) == expected


def test_each_graded_result_is_a_point_and_the_verdict_marks_its_picks() -> None:
    run = run_of(
        graded("slow", 10, 90),
        graded("fast", 50, 60),
        graded("worse", 40, 50),
        unrated(result("ungraded", DESK)),
        unrated(EMBEDDING),
        verdict=Verdict(
            tiers=(TierVerdict("4-8", Pick(DESK, "slow", 70.0), "why"),),
            recommendation=Recommendation(DESK, "slow", 70.0, why="why"),
        ),
    )
    found = [(one.model, one.quality, one.is_on_front, one.is_best, one.is_pick) for one in points(run)]
    assert found == [
        ("fast", 60.0, True, False, False),
        ("worse", 50.0, False, False, False),
        ("slow", 90.0, True, True, True),
    ]


def test_each_tier_has_a_front_of_its_own() -> None:
    run = run_of(graded("small", 50, 60, tier="<2"), graded("large", 60, 70, tier="8-16"))
    assert [one.is_on_front for one in points(run)] == [True, True]


def test_a_point_has_its_intervals_and_what_its_host_is_called() -> None:
    first = points(run_of(graded("m", 50, 60)))[0]
    assert (first.host, first.speed_low_tps, first.speed_high_tps) == ("192.168.1.20", 50 / 1.02, 51.0)
    assert (first.quality_low, first.quality_high) == (52, 66)


def test_without_an_assessment_there_are_no_points() -> None:
    assert points(msgspec.structs.replace(document(), assessments=())) == ()
    assert points(run_of(unrated(result("m", RACK)))) == ()


def graded(name: str, tps: float, score: float, tier: Tier = "4-8") -> Rated:
    entry = rated(result(name, DESK, tps=tps), tier=tier)
    return entry._replace(assessment=msgspec.structs.replace(entry.assessment, quality=quality(score)))
