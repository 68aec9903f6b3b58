import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality.forecast import Forecast, forecast
from ollama_speedrun.quality.race import advance, open_race, resumed
from ollama_speedrun.quality.race_types import PROFILES, Arm, Graded, Race, Rules

from .race_runs import arms, finished, opened, steps


def bernoulli(rng: random.Random, ability: float, bank: int) -> list[float]:
    return [float(rng.random() < ability) for _ in range(bank)]


def test_nothing_can_be_foretold_before_an_answer_and_nothing_remains_at_the_end() -> None:
    scores = [[1.0] * 60, [0.0] * 60]
    race = opened(scores, PROFILES["standard"])
    assert forecast(race) is None
    assert forecast(finished(race, scores)) == Forecast(0, 0, 0.0)


def test_a_quick_race_has_its_cap_before_it() -> None:
    race = resumed(
        open_race(arms(2, hosts=2), 400, PROFILES["quick"]),
        [Graded(arm, place, 1.0, 30, 0.5) for arm in ("m0", "m1") for place in range(10)],
    )
    assert forecast(race) == Forecast(items=15, tokens=2 * 15 * 30, seconds=15 * 0.5)


def test_loading_lengthens_the_time_of_a_host_and_hosts_work_side_by_side() -> None:
    scores = [Graded(arm, place, 1.0, 30, 0.6) for arm in ("m0", "m1", "m2") for place in range(10)]
    contenders = [
        Arm(name="m0", host="a"),
        Arm(name="m1", host="a"),
        Arm(name="m2", host="b", load_items=0),
    ]
    found = forecast(resumed(open_race(contenders, 400, PROFILES["quick"]), scores))
    assert found is not None
    assert found.seconds == pytest.approx(2 * 15 * 0.6 / 0.75)


def test_without_timed_answers_there_is_no_time() -> None:
    race = advance(open_race(arms(2), 400, PROFILES["quick"]), Graded("m0", 0, 1.0, 30))
    found = forecast(race)
    assert found is not None
    assert found.seconds is None


def tokens_foretold(seed: int, at: int) -> tuple[float, float]:
    """Return the tokens of a whole race as foretold after so many items, and as they were."""
    rng = random.Random(seed)
    scores = [bernoulli(rng, ability, 400) for ability in (0.7, 0.6, 0.5, 0.4)]
    foretold: float | None = None
    race: Race = opened(scores, PROFILES["standard"])
    for _, after in steps(race, scores):
        race = after
        if foretold is None and race.frontier >= at:
            found = forecast(race)
            assert found is not None
            foretold = found.tokens + race.tokens
    return race.tokens if foretold is None else foretold, race.tokens


def test_half_of_the_forecasts_after_50_items_are_less_than_a_third_off() -> None:
    errors = [abs(foretold / real - 1) for foretold, real in (tokens_foretold(seed, 50) for seed in range(25))]
    assert statistics.median(errors) < 1 / 3


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.floats(0, 1), min_size=2, max_size=4), st.sampled_from(list(PROFILES.values()))
)
def test_a_forecast_never_exceeds_what_the_cap_leaves(seed: int, abilities: list[float], rules: Rules) -> None:
    rng = random.Random(seed)
    scores = [bernoulli(rng, ability, 40) for ability in abilities]
    for _, race in steps(opened(scores, rules), scores):
        found = forecast(race)
        if found is not None:
            assert 0 <= found.items <= race.cap
            assert found.tokens >= 0
