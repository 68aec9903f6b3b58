import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.report.html.scales import Linear, Log, Scale, around, doublings, from_zero

AMOUNTS = st.floats(min_value=1e-6, max_value=1e9)


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Linear(0, 100), (0, 20, 40, 60, 80, 100)),
        (Linear(0, 7), (0, 2, 4, 6)),
        (Linear(0, 1300), (0, 250, 500, 750, 1000, 1250)),
        (Log(4, 130), (5, 10, 20, 50, 100)),
        (Log(1, 1000), (1, 3.0, 10, 30.0, 100, 300.0, 1000)[::2]),
        (Log(0.5, 3), (0.5, 1, 2)),
    ],
)
def test_ticks_are_round(scale: Scale, ticks: tuple[float, ...]) -> None:
    assert scale.ticks() == pytest.approx(ticks)


@given(st.lists(AMOUNTS, max_size=20))
def test_every_value_has_a_place_and_a_larger_one_is_no_further_left(values: list[float]) -> None:
    for scale in (from_zero(values), around(values), doublings(values)):
        places = [scale.place(value) for value in sorted(values)]
        assert all(0 <= place <= 1 for place in places)
        assert places == sorted(places)


@given(st.lists(AMOUNTS, max_size=20), st.integers(min_value=2, max_value=9))
def test_ticks_lie_on_the_scale_and_are_few(values: list[float], most: int) -> None:
    for scale in (from_zero(values), around(values), doublings(values)):
        ticks = scale.ticks(most)
        assert len(ticks) <= 2 * most + 1
        assert list(ticks) == sorted(ticks)
        assert all(scale.low * 0.99 <= tick <= scale.high * 1.01 for tick in ticks)


@pytest.mark.parametrize("value", [0.0, -1.0, -math.inf])
def test_what_is_not_above_0_stands_at_the_low_end_of_a_logarithmic_scale(value: float) -> None:
    assert Log(1, 10).place(value) == 0


def test_a_wide_range_is_logarithmic_and_a_narrow_one_begins_at_0() -> None:
    assert isinstance(from_zero([10, 500]), Log)
    assert from_zero([10, 50]) == Linear(0, 54)


def test_without_values_there_is_a_scale_all_the_same() -> None:
    assert from_zero([]) == Linear(0, 1)
    assert isinstance(around([]), Log)
    assert isinstance(doublings([7.0]), Log)
