"""Scores: chance, pairs, weights, intervals, and what constant strategies earn."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.scoring import QualityScore, Scored, quality, wilson, youden


def graded(right: float, *, strict: float | None = None, status: str = "graded", failure: str | None = None) -> Grade:
    return Grade(
        score=right,
        strict=right if strict is None else strict,
        extracted="",
        why="",
        status=status,  # type: ignore[arg-type]  # a table of statuses
        failure=failure,
    )


def one(area: str, right: float, *, family: str = "some", chance: float = 0.0, twin: bool | None = None) -> Scored:
    return Scored(area=area, family=family, grade=graded(right), chance=chance, twin=twin)


def score_of(results: list[Scored], areas: dict[str, float] | None = None) -> float:
    found = quality(results, areas)
    assert found is not None
    return found.score


scored_items = st.builds(
    Scored,
    area=st.sampled_from(["reasoning", "code", "tools", "my own"]),
    family=st.sampled_from(["a", "b"]),
    grade=st.builds(graded, st.sampled_from([0.0, 1.0])),
    chance=st.sampled_from([0.0, 0.25, 0.5]),
    weight=st.sampled_from([1.0, 2.5]),
    twin=st.none(),
)
pairs = st.builds(
    Scored,
    area=st.sampled_from(["honesty", "tools"]),
    family=st.sampled_from(["c", "d"]),
    grade=st.builds(graded, st.sampled_from([0.0, 1.0])),
    chance=st.just(0.5),
    twin=st.booleans(),
)


@given(st.lists(scored_items | pairs, max_size=60))
def test_every_score_lies_within_its_interval_and_from_0_to_100(results: list[Scored]) -> None:
    found = quality(results)

    if found is not None:
        assert 0 <= found.low <= found.score <= found.high <= 100
        assert all(0 <= area.low <= area.score <= area.high <= 100 for area in found.areas.values())


@given(st.lists(scored_items | pairs, min_size=1, max_size=60))
def test_an_oracle_scores_exactly_100(results: list[Scored]) -> None:
    oracle = [replace(each, grade=graded(1.0)) for each in results]
    found = quality(oracle)

    if found is not None:
        assert (found.score, found.strict, found.high) == (100.0, 100.0, 100.0)
        assert all(area.score == 100.0 for area in found.areas.values())


@given(st.lists(scored_items | pairs, min_size=1, max_size=40), st.data())
def test_one_more_right_answer_never_lowers_the_score(results: list[Scored], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(results) - 1))
    better = [*results]
    better[place] = replace(results[place], grade=graded(1.0))
    before, after = quality(results), quality(better)

    if before is not None and after is not None:
        assert after.score >= before.score - 1e-9


@given(st.lists(scored_items | pairs, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(results: list[Scored], order: random.Random) -> None:
    shuffled = [*results]
    order.shuffle(shuffled)
    first, second = quality(results), quality(shuffled)

    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert second.score == pytest.approx(first.score, abs=1e-9)
        assert second.low == pytest.approx(first.low, abs=1e-9)


STRATEGIES: dict[str, Callable[[random.Random, Scored], float]] = {
    "guesses": lambda draw, each: float(draw.random() < each.chance) if each.twin is None else 0.0,
    "always abstains or never calls": lambda _, each: float(each.twin is True),
    "always answers or calls, rightly": lambda _, each: float(each.twin is False),
    "says nothing": lambda _, __: 0.0,
    "abstains at random": lambda draw, each: float(draw.random() < 0.5) if each.twin else 0.0,
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_without_knowledge_scores_about_0(strategy: str) -> None:
    draw = random.Random(strategy)
    blank = [
        Scored(area=area, family=family, grade=graded(0.0), chance=0.5 if twin is not None else chance, twin=twin)
        for area, family, chance, twin in [
            ("reasoning", "a", 0.25, None),
            ("reasoning", "b", 0.0, None),
            ("tasks", "c", 0.2, None),
            ("honesty", "d", 0.5, True),
            ("honesty", "d", 0.5, False),
            ("tools", "e", 0.5, True),
            ("tools", "e", 0.5, False),
        ]
        for _ in range(40)
    ]
    scores = []
    for _ in range(50):
        results = [replace(each, grade=graded(STRATEGIES[strategy](draw, each))) for each in blank]
        scores.append(score_of([each for each in results if strategy == "guesses" or each.twin is not None]))

    assert sum(scores) / len(scores) <= 2


def test_an_area_is_the_mean_of_its_families_and_the_whole_that_of_its_areas() -> None:
    results = [
        *(one("code", 1.0, family="sql") for _ in range(9)),
        one("code", 0.0, family="regex"),
        one("facts", 1.0),
    ]

    assert score_of(results) == pytest.approx(75)
    assert score_of(results, {"code": 3.0, "facts": 1.0}) == pytest.approx(62.5)


def test_an_area_that_was_asked_nothing_or_half_of_its_pairs_has_no_entry() -> None:
    found = quality([one("facts", 1.0), one("honesty", 1.0, twin=True)])

    assert found is not None
    assert list(found.areas) == ["facts"]
    assert quality([]) is None
    assert quality([one("tools", 1.0, twin=False)]) is None


def test_chance_is_corrected_and_pairs_are_scored_by_youden() -> None:
    half_right = [one("tasks", right, chance=0.25) for right in (1.0, 0.0)]
    twins = [one("honesty", right, twin=twin) for twin in (False, True) for right in (1.0, 1.0, 1.0, 0.0)]

    assert score_of(half_right) == pytest.approx(100 / 3)
    assert score_of(twins) == pytest.approx(50)
    assert [youden(0.9, 0.6), youden(0.2, 0.3)] == [pytest.approx(0.5), 0.0]


def test_weights_of_items_scale_them_within_their_family() -> None:
    assert score_of([replace(one("mine", 1.0), weight=3.0), one("mine", 0.0)]) == pytest.approx(75)


def test_truncated_and_repeated_answers_and_format_slips_are_told_apart_and_ungradable_ones_left_out() -> None:
    grades = [
        graded(1.0, strict=0.0),
        graded(0.0, status="truncated"),
        graded(0.0, failure="repeats"),
        graded(1.0),
        graded(0.0, status="ungradable"),
    ]
    found = quality([Scored(area="code", family="sql", grade=grade) for grade in grades])

    assert found is not None
    shares = (found.truncated_share, found.repeated_share, found.format_slip_share)
    assert (found.items, found.ungradable, shares) == (4, 1, (0.25, 0.25, 0.25))
    assert found.score == pytest.approx(50)
    assert found.strict == pytest.approx(25)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_gives_the_published_intervals(right: int, count: int, low: float, high: float) -> None:
    """The last row is Newcombe's example (Stat. Med. 17, 1998, table I)."""
    assert list(wilson(right / count, count)) == pytest.approx([low, high], abs=1e-4)


def test_the_interval_narrows_with_more_items_and_has_a_width_when_all_are_right() -> None:
    widths = []
    for count in (5, 20, 80):
        found = quality([one("facts", 1.0) for _ in range(count)])
        assert isinstance(found, QualityScore)
        widths.append(found.high - found.low)

    assert widths[0] > widths[1] > widths[2] > 0


def test_naming_no_option_is_no_worse_than_guessing() -> None:
    right = [Scored(area="a", family="open", grade=Grade(score=1, strict=1, extracted="", why=""))]
    mute = [
        Scored(area="a", family="choice", grade=Grade(score=0, strict=0, extracted="", why=""), chance=0.5)
        for _ in range(10)
    ]

    found = quality([*right, *mute])

    assert found is not None
    assert found.score == 50
