import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark import stats
from ollama_speedrun.benchmark.types import Interval

rates = st.lists(st.floats(0.01, 10_000), min_size=2, max_size=20)


def test_half_the_length_of_an_interval_is_told_as_a_share_of_its_mean() -> None:
    assert Interval(12.3, 44.8, 3).relative_half_width == pytest.approx((44.8 - 12.3) / 2 / 23.474, rel=1e-3)
    assert Interval(0.0, 5.0, 2).relative_half_width == math.inf


@given(rates)
def test_one_more_trial_may_lie_farther_off_than_their_mean(given_rates: list[float]) -> None:
    half_width, spread = stats.half_width(given_rates), stats.spread(given_rates)
    assert half_width is not None
    assert spread is not None
    assert half_width >= 0
    assert spread >= min(half_width, 1.0) * 0.999


@pytest.mark.parametrize("few", [[], [7.0]])
def test_fewer_than_two_trials_say_nothing_of_their_spread(few: list[float]) -> None:
    assert (stats.interval(few), stats.half_width(few), stats.spread(few)) == (None, None, None)
