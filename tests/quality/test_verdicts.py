import random

from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality.likely import likely, probability_within
from ollama_speedrun.quality.race import advance, open_race, resumed
from ollama_speedrun.quality.race_types import PROFILES, Graded, Left, Race, Rules
from ollama_speedrun.quality.verdicts import (
    Basis,
    CertifiedBest,
    LikelyBest,
    Tied,
    Undistinguished,
    certified_regret,
    is_certified,
    verdict,
)

from .race_runs import arms, finished, opened, steps


def bernoulli(seed: int, ability: float, bank: int) -> list[float]:
    rng = random.Random(seed)
    return [float(rng.random() < ability) for _ in range(bank)]


def raced(abilities: list[float], rules: Rules, bank: int = 400, seed: int = 1) -> Race:
    scores = [bernoulli(seed * 100 + number, ability, bank) for number, ability in enumerate(abilities)]
    return finished(opened(scores, rules), scores)


def test_a_clear_best_is_certified_with_the_numbers_that_it_rests_on() -> None:
    race = raced([0.9, 0.3, 0.35], PROFILES["standard"])
    found = verdict(race)
    assert isinstance(found, CertifiedBest)
    assert found.pick == "m0"
    assert found.regret <= 0.03
    assert found.basis == Basis(
        items=race.lanes[0].asked,
        bank=400,
        arms=3,
        tokens=race.tokens,
        confidence=0.95,
        within=0.03,
        is_final=True,
        is_too_easy=False,
    )


def test_two_arms_with_the_same_answers_are_tied() -> None:
    scores = [bernoulli(1, 0.7, 400)] * 2 + [bernoulli(2, 0.3, 400)]
    found = verdict(finished(opened(scores, Rules(within=0.2)), scores))
    assert isinstance(found, Tied)
    assert set(found.picks) == {"m0", "m1"}


def test_near_equals_at_the_cap_are_not_distinguishable_and_all_that_remain_are_named() -> None:
    race = raced([0.6, 0.6, 0.6], Rules(cap=60), seed=3)
    found = verdict(race)
    assert isinstance(found, Undistinguished)
    assert set(found.remaining) == {race.lanes[number].arm.name for number in race.survivors}
    assert len(found.remaining) >= 2
    assert found.regret is not None
    assert 0.03 < found.regret < 1


def test_without_eliminations_an_arm_that_got_nothing_right_is_not_said_to_be_as_good() -> None:
    found = verdict(raced([0.5, 0.5, 0.5, 0.0], Rules(cap=40, certifies=False, eliminates=False), seed=3))
    assert isinstance(found, Undistinguished)
    assert set(found.remaining) == {"m0", "m1", "m2"}


def test_the_quick_profile_never_certifies() -> None:
    found = verdict(raced([0.9, 0.2], PROFILES["quick"]))
    assert isinstance(found, LikelyBest)
    assert found.pick == "m0"
    assert found.probability > 0.99
    assert found.basis.items == 25


def test_before_anything_was_asked_nothing_is_known() -> None:
    found = verdict(open_race(arms(4), 400, PROFILES["standard"]))
    assert isinstance(found, LikelyBest)
    assert found.probability < 0.6
    assert found.regret is None
    assert found.basis.items == 0


def test_a_pick_is_given_after_the_first_answers_of_the_first_arms() -> None:
    race = open_race(arms(3), 400, PROFILES["standard"])
    race = resumed(race, [Graded("m0", place, 0.0) for place in range(10)])
    race = resumed(race, [Graded("m1", place, 1.0) for place in range(4)])
    found = verdict(race)
    assert isinstance(found, LikelyBest)
    assert found.pick == "m1"


def test_who_alone_remains_is_the_best_and_who_left_says_nothing() -> None:
    race = advance(open_race(arms(2), 50, PROFILES["standard"]), Left("m1", "host gone"))
    found = verdict(race)
    assert isinstance(found, CertifiedBest)
    assert (found.pick, found.rivals, found.regret) == ("m0", (), 0.0)
    assert verdict(advance(race, Left("m0", "host gone"))) is None


def test_two_arms_above_95_points_make_the_bank_too_easy() -> None:
    found = verdict(raced([1.0, 1.0, 0.5], Rules(cap=50)))
    assert found is not None
    assert found.basis.is_too_easy


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.2, 0.9), st.integers(20, 120))
def test_the_certified_regret_is_the_margin_at_which_the_certificate_is_reached(
    seed: int, ability: float, cap: int
) -> None:
    race = raced([ability, 0.5], Rules(cap=cap, certifies=False, eliminates=False), seed=seed)
    regret = certified_regret(race, 0)
    if regret is None or regret == 0:
        return
    above = open_race(arms(2), 400, Rules(within=min(regret + 1e-3, 0.99)))
    below = open_race(arms(2), 400, Rules(within=max(regret - 1e-3, 0)))
    records = [Graded(lane.arm.name, place, score) for lane in race.lanes for place, score in enumerate(lane.scores)]
    assert is_certified(resumed(above, records), 0)
    assert not is_certified(resumed(below, records), 0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_regret_at_the_end_of_the_bank_is_true(seed: int) -> None:
    race = raced([0.5, 0.52, 0.55], Rules(certifies=False, eliminates=False), bank=60, seed=seed)
    totals = [sum(lane.scores) for lane in race.lanes]
    for pick, total in enumerate(totals):
        regret = certified_regret(race, pick)
        assert regret is not None
        assert regret >= (max(totals) - total) / 60 - 1e-3


def test_an_arm_that_answers_at_random_is_certified_against_a_better_one_less_often_than_delta() -> None:
    """Against an arm that is 10 points better on the bank; at δ = 0.2 a race may fail in 20 of 100 runs."""
    runs, wrong = 300, 0
    for seed in range(runs):
        scores = [bernoulli(2 * seed, 0.25, 80), bernoulli(2 * seed + 1, 0.45, 80)]
        if sum(scores[1]) - sum(scores[0]) < 0.1 * 80:
            continue
        race = finished(opened(scores, Rules(sure=0.8, within=0.05)), scores)
        wrong += is_certified(race, 0)
    assert wrong / runs <= 0.2


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_chance_grows_with_the_margin_and_ends_at_the_truth(seed: int) -> None:
    rows = [bernoulli(seed + number, 0.5, 30) for number in range(3)]
    for _, race in steps(opened(rows, PROFILES["thorough"]), rows):
        now = likely(race)
        assert now is not None
        chances = [probability_within(race, now.pick, margin) for margin in (0.0, 0.03, 0.2, 1.0)]
        assert chances == sorted(chances)
        assert 0 <= chances[0] <= chances[-1] <= 1
    assert chances[0] == 1.0


def test_weights_change_the_pick() -> None:
    scores = [[1.0] * 6 + [0.0] * 4, [0.0] * 6 + [1.0] * 4]
    race = open_race(arms(2), 10, PROFILES["thorough"], weights=[1.0] * 6 + [3.0] * 4)
    found = verdict(finished(race, scores))
    assert isinstance(found, LikelyBest)
    assert (found.pick, found.probability) == ("m1", 1.0)
