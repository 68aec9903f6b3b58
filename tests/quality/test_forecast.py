import random
import statistics

from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality.forecast import further
from ollama_speedrun.quality.race import open_race, resumed
from ollama_speedrun.quality.race_types import PROFILES, Graded, Race, Rules

from .race_runs import arms, finished, opened, steps

TOKENS = 30
"""What `steps` says of each answer."""


def bernoulli(rng: random.Random, ability: float, bank: int) -> list[float]:
    return [float(rng.random() < ability) for _ in range(bank)]


def test_nothing_remains_at_the_end() -> None:
    scores = [[1.0] * 60, [0.0] * 60]
    race = opened(scores, PROFILES["standard"])
    assert further(finished(race, scores)) == {}


def test_a_quick_race_has_its_cap_before_it() -> None:
    race = resumed(
        open_race(arms(2, hosts=2), 400, PROFILES["quick"]),
        [Graded(arm, place, 1.0, 30, 0.5) for arm in ("m0", "m1") for place in range(10)],
    )
    assert further(race) == {0: 15, 1: 15}


def tokens_foretold(seed: int, at: int) -> tuple[float, float]:
    """Return the tokens of a whole race as foretold after so many items, and as they were."""
    rng = random.Random(seed)
    scores = [bernoulli(rng, ability, 400) for ability in (0.7, 0.6, 0.5, 0.4)]
    foretold: float | None = None
    race: Race = opened(scores, PROFILES["standard"])
    for _, after in steps(race, scores):
        race = after
        if foretold is None and race.frontier >= at:
            foretold = race.tokens + sum(TOKENS * items for items in further(race).values())
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
        assert all(0 <= items <= race.cap for items in further(race).values())
