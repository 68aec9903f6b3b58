import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.comparison import beats_guessing, difference
from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import ItemRecord


def outcomes(earned: dict[tuple[str, str], list[float]], chance: float = 0.0) -> list[ItemRecord]:
    return [
        ItemRecord(
            item=f"{area}/{family}/{index}",
            area=area,
            family=family,
            level=1,
            chance=chance,
            answers=(),
            grade=Grade(score=credit, strict=credit, extracted="", why=""),
        )
        for (area, family), values in earned.items()
        for index, credit in enumerate(values)
    ]


def test_a_difference_looks_at_common_items_alone() -> None:
    one = outcomes({("a", "x"): [1, 1, 1]})
    other = outcomes({("a", "x"): [0, 1]})

    found = difference(one, other)

    assert found is not None
    assert found.mean == pytest.approx(0.5)
    assert found.items == 2
    assert difference(one, outcomes({("b", "x"): [1]})) is None


def test_equal_answers_are_told_apart_from_nothing_but_not_called_certain() -> None:
    graded = outcomes({("a", "x"): [1] * 10})
    found = difference(graded, graded)

    assert found is not None
    assert found.mean == 0
    assert 0 < found.error < 0.2


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.02, 0.9))
def test_guessing_is_judged_by_the_distribution_of_right_guesses(earned: list[float], chance: float) -> None:
    graded = outcomes({("a", "x"): earned}, chance=chance)
    right = sum(credit >= 0.5 for credit in earned)
    tail = sum(
        chance ** sum(guess) * (1 - chance) ** (len(guess) - sum(guess))
        for guess in itertools.product((0, 1), repeat=len(earned))
        if sum(guess) >= right
    )

    assert beats_guessing(graded) == (right > 0 and tail <= 0.001)


def test_right_answers_that_are_seldom_guessed_tell_more() -> None:
    options = outcomes({("a", "x"): [0.0] * 8 + [1.0] * 6}, chance=0.5)
    guessed = outcomes({("a", "x"): [0.0] * 4 + [1.0] * 10}, chance=0.5)
    facts = outcomes({("b", "y"): [1.0] * 6 + [0.0] * 18})
    nothing = outcomes({("b", "y"): [0.0] * 24})

    assert beats_guessing([*options, *facts])
    assert not beats_guessing([*guessed, *nothing])


@given(st.integers(0, 10_000))
def test_the_weighted_distribution_is_that_of_all_guesses(seed: int) -> None:
    draw = Draw(f"guesses/{seed}")
    chances = [(0.02, 0.05, 0.2, 0.5)[draw.below(4)] for _ in range(7)]
    right = [float(draw.below(2)) for _ in chances]
    graded = [
        record for chance, one in zip(chances, right, strict=True) for record in outcomes({("a", "x"): [one]}, chance)
    ]
    weights = [max(1, round(-math.log(chance))) for chance in chances]
    reached = sum(weight for weight, one in zip(weights, right, strict=True) if one)
    tail = sum(
        math.prod(chance if one else 1 - chance for chance, one in zip(chances, guess, strict=True))
        for guess in itertools.product((0, 1), repeat=len(chances))
        if sum(weight for weight, one in zip(weights, guess, strict=True) if one) >= reached
    )

    assert beats_guessing(graded) == (reached > 0 and tail <= 0.001)


def test_two_errors_of_a_difference_hold_the_truth_in_19_of_20_cases() -> None:
    held = 0
    for run in range(400):
        draw = Draw(f"coverage/{run}")
        one, other = (
            outcomes({(area, "f"): [float(draw.chance(ability)) for _ in range(10)] for area in "abcd"})
            for ability in (0.6, 0.4)
        )
        found = difference(one, other)
        assert found is not None
        held += abs(found.mean - 0.2) <= 2 * found.error

    assert held / 400 >= 0.94


def test_three_items_that_only_one_model_got_right_prove_nothing_and_nine_do() -> None:
    def ahead_by(count: int) -> float:
        one = outcomes({("a", "f"): [1.0] * 20})
        found = difference(one, outcomes({("a", "f"): [0.0] * count + [1.0] * (20 - count)}))
        assert found is not None
        return found.mean / found.error

    assert ahead_by(3) < 1.96 < ahead_by(9)
