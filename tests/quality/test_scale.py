import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ollama.script import Student
from fake_ollama.student import SEED, knows
from ollama_speedrun.quality import bank
from ollama_speedrun.quality.items import LEVELS
from ollama_speedrun.quality.mixes import LEVELS_OF, Mix
from ollama_speedrun.quality.scale import on_all_levels, on_some_levels, slope


@pytest.mark.parametrize("mix", list(Mix))
def test_all_right_and_nothing_right_are_the_same_on_every_mix(mix: Mix) -> None:
    assert on_all_levels(0.0, LEVELS_OF[mix]) == 0
    assert on_all_levels(1.0, LEVELS_OF[mix]) == 1


def test_the_same_share_is_worth_more_the_harder_the_levels_were() -> None:
    basic, easy, middle, hard = (on_all_levels(0.6, LEVELS_OF[mix]) for mix in Mix)

    assert basic < easy < middle < hard
    assert middle == pytest.approx(0.6, abs=0.05)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(list(Mix)))
def test_more_right_answers_are_never_worth_less(one: float, other: float, mix: Mix) -> None:
    low, high = sorted((one, other))

    assert on_all_levels(low, LEVELS_OF[mix]) <= on_all_levels(high, LEVELS_OF[mix]) + 1e-9


@given(st.floats(0, 1))
def test_a_share_of_all_levels_stays_as_it_is(share: float) -> None:
    assert on_all_levels(share, LEVELS) == share


@given(st.floats(0.02, 0.98), st.sampled_from(list(Mix)))
def test_the_slope_is_that_of_the_scale(share: float, mix: Mix) -> None:
    levels = LEVELS_OF[mix]

    assert on_all_levels(share, levels) + 0.005 * slope(share, levels) == pytest.approx(
        on_all_levels(share + 0.005, levels), abs=2e-3
    )


@pytest.mark.parametrize("ability", [-1.5, 0.0, 1.5])
def test_one_model_has_about_one_quality_whatever_mix_it_is_asked(ability: float) -> None:
    student = Student(key="m", ability=ability)

    found = []
    for mix in Mix:
        items = [item for item in bank.mix(mix, SEED) if item.chance == 0]
        found.append(on_all_levels(sum(knows(student, item) for item in items) / len(items), LEVELS_OF[mix]))

    assert max(found) - min(found) < 0.12


@given(st.floats(0.001, 0.999), st.sampled_from(list(Mix)))
def test_a_share_comes_back_from_the_scale_of_all_levels(share: float, mix: Mix) -> None:
    levels = LEVELS_OF[mix]

    assert on_some_levels(on_all_levels(share, levels), levels) == pytest.approx(share, abs=1e-6)
