"""Intervals of ratios: the definition, and how often they hold by simulation of a seed."""

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark import stats
from ollama_speedrun.comparison.intervals import QUANTILES_99, Spread, of_interval, of_values, ratio


def test_a_ratio_has_welchs_interval() -> None:
    a, b = of_values([100.0, 102.0, 98.0]), of_values([90.0, 91.0, 89.0, 90.0])
    assert a is not None
    assert b is not None

    low, high = ratio(a, b)

    squares = a.error**2 + b.error**2
    freedom = squares**2 / (a.error**4 / 2 + b.error**4 / 3)
    half = QUANTILES_99[math.floor(freedom) - 1] * math.sqrt(squares)
    assert low == pytest.approx(math.exp(b.mean - a.mean - half))
    assert high == pytest.approx(math.exp(b.mean - a.mean + half))
    assert low < b.mean / a.mean < high


def test_an_interval_gives_back_the_spread_of_the_values_that_it_was_made_of() -> None:
    values = [100.0, 103.0, 98.5, 101.0]
    known = stats.interval(values)
    assert known is not None

    spread = of_interval(statistics.geometric_mean(values), known.low_tps, known.high_tps, known.trials)

    expected = of_values(values)
    assert expected is not None
    assert spread.mean == pytest.approx(expected.mean)
    assert spread.error == pytest.approx(expected.error)
    assert spread.freedom == 3


def test_without_any_spread_the_interval_is_the_ratio_itself() -> None:
    assert ratio(Spread(math.log(100), 0.0, 2), Spread(math.log(50), 0.0, 2)) == pytest.approx((0.5, 0.5))


RATES = st.lists(st.floats(min_value=5e-324, max_value=1.7e308), min_size=2, max_size=6)


@given(RATES, RATES)
def test_rates_that_no_server_can_have_give_an_interval_of_finite_numbers_above_0(
    first: list[float], second: list[float]
) -> None:
    sides = of_values(first), of_values(second)
    assert sides[0] is not None
    assert sides[1] is not None

    low, high = ratio(sides[0], sides[1])

    assert 0 < low <= high < math.inf


@given(st.lists(st.floats(min_value=5e-324, max_value=1.7e308), min_size=3, max_size=3), st.integers(2, 2**63))
def test_the_spread_of_an_absurd_interval_is_finite(ends: list[float], trials: int) -> None:
    low, value, high = sorted(ends)
    assert all(math.isfinite(part) for part in of_interval(value, low, high, trials))


def test_fewer_than_two_values_and_values_of_zero_have_no_spread() -> None:
    assert of_values([1.0]) is None
    assert of_values([1.0, 0.0]) is None


@pytest.mark.parametrize("spread", [0.005, 0.02, 0.05])
def test_of_unchanged_speeds_about_one_interval_in_a_hundred_misses_one(spread: float) -> None:
    draw = random.Random(1)
    missed = 0
    for _ in range(2000):
        sides = [of_values([math.exp(draw.gauss(5, spread)) for _ in range(5)]) for _ in range(2)]
        assert sides[0] is not None
        assert sides[1] is not None
        low, high = ratio(sides[0], sides[1])
        missed += not low <= 1 <= high
    assert missed <= 40
