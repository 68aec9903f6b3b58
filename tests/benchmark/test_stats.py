import math
import statistics

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


@given(rates)
def test_a_half_width_projected_to_the_trials_there_are_is_the_one_they_have(given_rates: list[float]) -> None:
    found = stats.half_width(given_rates[:12])
    assert found is not None
    assert stats.projected_half_width(given_rates[:12], len(given_rates[:12])) == pytest.approx(
        min(found, 5e5), rel=1e-6
    )


def test_the_interval_of_a_time_holds_its_median() -> None:
    found = stats.time_interval([1.8, 2.0, 2.7])
    assert found is not None
    assert [found.low_s, found.high_s, found.trials] == pytest.approx([1.265, 3.600, 3], abs=1e-3)
    assert stats.time_interval([2.0]) is None
    assert stats.time_interval([0.0, 2.0]) is None


@given(st.lists(st.floats(1e-6, 1e4), min_size=2, max_size=12))
def test_the_interval_of_any_times_holds_their_median(times_s: list[float]) -> None:
    found = stats.time_interval(times_s)
    assert found is not None
    assert found.low_s <= statistics.median(times_s) <= found.high_s
