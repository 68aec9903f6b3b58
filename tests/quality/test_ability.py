import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.ability import Outcome, ability, beats_guessing, difference
from ollama_speedrun.quality.draw import Draw


def outcomes(earned: dict[tuple[str, str], list[float]], chance: float = 0.0) -> list[Outcome]:
    return [
        Outcome(item=f"{area}/{family}/{index}", area=area, family=family, credit=credit, chance=chance)
        for (area, family), values in earned.items()
        for index, credit in enumerate(values)
    ]


def test_an_ability_is_the_mean_of_areas_of_families_of_items() -> None:
    graded = outcomes({("a", "x"): [1, 1, 1, 0], ("a", "y"): [0, 0], ("b", "z"): [1]})

    found = ability(graded)

    assert found is not None
    assert found.mean == pytest.approx(statistics.fmean([statistics.fmean([0.75, 0.0]), 1.0]))
    assert found.items == 7


def test_weights_of_areas_shift_the_mean_and_drop_areas_without_one() -> None:
    graded = outcomes({("a", "x"): [1, 1], ("b", "z"): [0], ("c", "w"): [0]})

    found = ability(graded, {"a": 3, "b": 1})

    assert found is not None
    assert found.mean == pytest.approx(0.75)
    assert found.items == 3
    assert ability(graded, {"d": 1}) is None


def test_guessing_has_no_ability() -> None:
    found = ability(outcomes({("a", "x"): [1, 0, 0, 0]}, chance=0.25))

    assert found is not None
    assert found.mean == pytest.approx(0)


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
    assert 0 < found.error < 0.1


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


def test_the_interval_holds_the_truth_in_19_of_20_cases() -> None:
    held = 0
    for run in range(400):
        draw = Draw(f"coverage/{run}")
        graded = [
            Outcome(item=str(index), area="abcd"[index % 4], family="f", credit=float(draw.chance(0.6)))
            for index in range(40)
        ]
        found = ability(graded)
        assert found is not None
        held += found.low <= 0.6 <= found.high

    assert 0.92 <= held / 400 <= 0.985
