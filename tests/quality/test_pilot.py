import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.pilot import HARDER, better_half, mix_by_first_answers, mix_by_pilot

SCORES = st.lists(st.lists(st.floats(0, 1), max_size=12), max_size=6)


def scores(right: int, asked: int = 10) -> list[float]:
    return [1.0] * right + [0.0] * (asked - right)


@pytest.mark.parametrize(
    ("usual", "pilot", "expected"),
    [
        (Mix.MIDDLE, scores(4, 4), Mix.HARD),
        (Mix.MIDDLE, scores(3, 4), Mix.MIDDLE),
        (Mix.MIDDLE, scores(2, 4), Mix.MIDDLE),
        (Mix.MIDDLE, scores(1, 4), Mix.EASY),
        (Mix.HARD, scores(4, 4), Mix.HARD),
        (Mix.BASIC, scores(0, 4), Mix.BASIC),
        (Mix.MIDDLE, scores(3, 3), Mix.MIDDLE),
    ],
)
def test_a_pilot_moves_the_usual_mix_by_one_step_at_most(usual: Mix, pilot: list[float], expected: Mix) -> None:
    assert mix_by_pilot(usual, pilot) is expected


@pytest.mark.parametrize(
    ("current", "rights", "expected"),
    [
        (Mix.MIDDLE, [8, 7, 2, 1], Mix.MIDDLE),
        (Mix.MIDDLE, [10, 9, 2, 1], Mix.HARD),
        (Mix.EASY, [10, 10, 10, 10], Mix.HARD),
        (Mix.BASIC, [9, 9, 3, 0], Mix.MIDDLE),
        (Mix.HARD, [10, 10], Mix.HARD),
        (Mix.HARD, [2, 1, 0, 0], Mix.EASY),
        (Mix.MIDDLE, [2, 2, 0, 0], Mix.BASIC),
        (Mix.MIDDLE, [3, 2, 0, 0], Mix.EASY),
        (Mix.BASIC, [1, 0], Mix.BASIC),
    ],
)
def test_the_second_look_brings_the_better_half_near_the_middle(current: Mix, rights: list[int], expected: Mix) -> None:
    assert mix_by_first_answers([scores(right) for right in rights], current) is expected


@pytest.mark.parametrize("current", list(Mix))
def test_without_answers_the_mix_stays(current: Mix) -> None:
    assert mix_by_first_answers([], current) is current
    assert mix_by_first_answers([[], []], current) is current


@given(SCORES, st.sampled_from(list(Mix)))
def test_better_answers_never_lead_to_easier_items(models: list[list[float]], current: Mix) -> None:
    better = [[min(1.0, score + 0.25) for score in one] for one in models]
    found, after = (mix_by_first_answers(one, current) for one in (models, better))
    assert HARDER.index(after) >= HARDER.index(found)


@given(SCORES, st.sampled_from(list(Mix)))
def test_the_second_look_does_not_depend_on_the_order_of_models(models: list[list[float]], current: Mix) -> None:
    assert mix_by_first_answers(models, current) is mix_by_first_answers(models[::-1], current)


def test_the_better_half_is_that_of_the_higher_shares_and_the_larger_one_of_an_odd_number() -> None:
    assert better_half([scores(1), scores(9), scores(5)]) == [*scores(5), *scores(9)]
    assert better_half([[], scores(2), scores(9)]) == scores(9)
    assert better_half([]) == []
