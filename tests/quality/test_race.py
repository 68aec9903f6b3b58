import itertools
import math
import random
from collections.abc import Callable, Sequence
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality.race import Batch, HostState, advance, evidence_for, next_batch, open_race, resumed
from ollama_speedrun.quality.race_types import (
    PROFILES,
    Arm,
    Eliminated,
    Graded,
    Lane,
    Left,
    Loaded,
    Moved,
    Race,
    Record,
    Rules,
    Withdrawn,
    rules_for,
)
from ollama_speedrun.quality.rounds import load_items
from ollama_speedrun.quality.verdicts import is_certified, verdict

from .exact_race import evidence_against_each
from .race_runs import arms, finished, opened, steps

FREE = [HostState("h0"), HostState("h1")]
WATCH = Rules(certifies=False, eliminates=False)
LOADS = st.sampled_from([None, 0, 0.3, 4.0, 30.0])


def bernoulli(rng: random.Random, ability: float, bank: int) -> list[float]:
    return [float(rng.random() < ability) for _ in range(bank)]


@st.composite
def banks(draw: st.DrawFn, most_arms: int = 4, most_items: int = 14) -> list[list[float]]:
    count, bank = draw(st.integers(2, most_arms)), draw(st.integers(1, most_items))
    score = st.sampled_from([0.0, 0.5, 1.0])
    return [draw(st.lists(score, min_size=bank, max_size=bank)) for _ in range(count)]


@given(banks())
def test_leaders_and_evidence_equal_exact_fractions(scores: list[list[float]]) -> None:
    race = finished(opened(scores, WATCH), scores)
    leaders, curves = evidence_against_each([[Fraction(score) for score in row] for row in scores], len(scores[0]))
    assert list(race.leaders) == leaders
    for lane, curve in zip(race.lanes, curves, strict=True):
        if curve[-1] is None:
            assert lane.evidence.e_value == math.inf
        else:
            assert lane.evidence.e_value == pytest.approx(float(curve[-1]), rel=1e-9, abs=1e-9)


@given(banks(most_items=40), st.sampled_from(list(PROFILES.values())), st.integers(1, 3), LOADS)
def test_a_race_ends_with_no_arm_beyond_its_cap_and_no_arm_asked_twice(
    scores: list[list[float]], rules: Rules, hosts: int, cost: float | None
) -> None:
    asked: set[tuple[str, int]] = set()
    race = opened(scores, rules, hosts, load_items=cost)
    for record, after in steps(race, scores):
        race = after
        if isinstance(record, Graded):
            assert (record.arm, record.place) not in asked
            asked.add((record.arm, record.place))
    assert race.is_over
    assert all(lane.asked <= race.cap for lane in race.lanes)
    assert race.survivors
    assert next_batch(race, FREE) is None


@given(banks(), st.sampled_from(list(PROFILES.values())), st.integers(0, 200))
def test_an_interrupted_race_resumes_from_its_records_as_if_never_interrupted(
    scores: list[list[float]], rules: Rules, cut: int
) -> None:
    start = opened(scores, rules, hosts=2, load_items=None)
    records = [record for record, _ in steps(start, scores)]
    saved = msgspec.json.decode(msgspec.json.encode(records[:cut]), type=list[Record])
    again = resumed(start, saved)
    assert resumed(again, records[cut:]) == finished(start, scores)
    assert finished(again, scores).survivors == finished(start, scores).survivors


@settings(max_examples=60)
@given(banks(most_items=30), st.randoms(use_true_random=False))
def test_the_order_in_which_answers_arrive_changes_nothing(scores: list[list[float]], rng: random.Random) -> None:
    race = opened(scores, Rules(within=0.1, sure=0.8))
    while (batch := next_batch(race, FREE)) is not None:
        until = batch.stop
        waiting = [
            Graded(lane.arm.name, place, scores[number][place], 3, 0.25)
            for number, lane in enumerate(race.lanes)
            if number in race.entered and lane.fate is None
            for place in range(lane.asked, until)
        ]
        shuffled = rng.sample(waiting, len(waiting))
        straight, race = resumed(race, waiting), resumed(race, shuffled)
        assert decisions(race) == decisions(straight)


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_records_in_any_order_give_the_race_that_asked_for_them(seed: int) -> None:
    rng = random.Random(seed)
    abilities, bank = rng.choices([0.2, 0.5, 0.6, 0.9], k=rng.randint(2, 6)), rng.choice([20, 40, 80])
    scores = [bernoulli(rng, ability, bank) for ability in abilities]
    rules = rng.choice([PROFILES["standard"], Rules(within=0.1, sure=0.6, first_batch=3)])
    start = opened(scores, rules, rng.randint(1, 3), load_items=rng.choice([None, 0, 4, 30]))
    records = [record for record, _ in steps(start, scores)]
    race = resumed(start, records)
    by_place = sorted(records, key=lambda one: one.place if isinstance(one, Graded) else -1)
    by_arm = sorted(records, key=lambda one: one.arm)
    for order in (by_place, by_arm, by_arm[::-1], rng.sample(records, len(records))):
        assert decisions(resumed(start, order)) == decisions(race)


def decisions(race: Race) -> object:
    """What was decided; costs and answers that came after the decision may differ in nothing but their place."""
    return (
        race.is_over,
        race.survivors,
        race.is_over or (race.frontier, race.leaders, race.entered, race.pacers, race.until),
        [(lane.fate, lane.evidence) for lane in race.lanes],
    )


@given(banks(), st.permutations(range(4)))
def test_the_order_of_the_arms_only_decides_between_equals(scores: list[list[float]], order: Sequence[int]) -> None:
    order = [number for number in order if number < len(scores)]
    totals = [list(itertools.accumulate(row)) for row in scores]
    if any(len({total[place] for total in totals}) < len(scores) for place in range(len(scores[0]))):
        return
    race, moved = (finished(opened(rows, WATCH), rows) for rows in (scores, [scores[number] for number in order]))
    # Before the first item all are equal, so the first arm leads there; from then on only totals count.
    assert [order[leader] for leader in moved.leaders[1:]] == list(race.leaders[1:])


def wrong_rates(scores: list[list[float]], rules: Rules) -> tuple[float, float]:
    """Return how often, over all orders of the bank, the best is eliminated, and a pick certified that is too bad."""
    bank, best = len(scores[0]), max(range(len(scores)), key=lambda arm: sum(scores[arm]))
    eliminated = certified = runs = 0
    for order in itertools.permutations(range(bank)):
        rows = [[row[place] for place in order] for row in scores]
        race = finished(opened(rows, rules), rows)
        runs += 1
        eliminated += best not in race.survivors
        needed = rules.certificate(len(scores))
        certified += any(
            evidence_for(race, pick, best, rules.within) >= needed
            for pick in range(len(scores))
            if pick != best and sum(scores[best]) - sum(scores[pick]) >= rules.within * bank
        )
    return eliminated / runs, certified / runs


@pytest.mark.parametrize("sure", [0.5, 0.8])
@pytest.mark.parametrize(
    "scores",
    [
        [[1, 1, 1, 0, 0, 1], [1, 1, 0, 0, 0, 1]],
        [[1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1], [0, 1, 1, 0, 1, 0]],
        [[0.5, 0.5, 1, 0.25, 0, 1], [1, 1, 0, 1, 0, 0], [0, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 1]],
    ],
)
def test_over_all_orders_of_a_bank_errors_stay_below_half_of_what_is_allowed_each(
    scores: list[list[float]], sure: float
) -> None:
    """Exhaustive: the whole race, with its rounds, eliminations and arms set aside, in every order of six items."""
    rules = Rules(sure=sure, within=0.1, first_batch=2)
    eliminated, certified = wrong_rates(scores, rules)
    assert eliminated <= (1 - sure) / 2
    assert certified <= (1 - sure) / 2


def test_the_best_of_eight_equals_but_one_is_eliminated_in_at_most_half_of_delta() -> None:
    rng = random.Random(11)
    runs, wrong = 150, 0
    for _ in range(runs):
        scores = [bernoulli(rng, 0.5, 60) for _ in range(8)]
        best = max(range(8), key=lambda arm: (sum(scores[arm]), -arm))
        race = finished(opened(scores, Rules(sure=0.6, certifies=False)), scores)
        wrong += best not in race.survivors
    # At δ = 0.4 one in five may go wrong; three standard errors on top.
    assert wrong / runs <= 0.2 + 3 * math.sqrt(0.2 * 0.8 / runs)


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_a_far_worse_arm_never_holds_the_race_up(seed: int) -> None:
    rng = random.Random(seed)
    scores = [bernoulli(rng, 0.95, 400), bernoulli(rng, 0.25, 400)]
    race = finished(opened(scores, PROFILES["standard"]), scores)
    assert race.is_over
    assert is_certified(race, 0)
    assert race.lanes[0].asked < 60


def test_first_ten_items_then_five_where_all_stay_loaded() -> None:
    scores = [[1.0, 0.0] * 50, [0.0, 1.0] * 50]
    race = opened(scores, PROFILES["standard"], hosts=2)
    assert next_batch(race, FREE) == Batch("m0", "h0", 0, 10, is_loaded=False)
    for arm, place in itertools.product(("m0", "m1"), range(10)):
        race = advance(race, Graded(arm, place, scores[int(arm[1:])][place], 30, 0.5))
    assert next_batch(race, FREE) == Batch("m0", "h0", 10, 15, is_loaded=False)


@pytest.mark.parametrize(
    ("cost", "sizes"),
    [
        (None, [10, 15, 22, 33, 49, 73, 109, 89]),
        (4.0, [10, 15, 22, 33, 49, 73, 109, 89]),
        (16.0, [10, 48, 72, 108, 162]),
        (40.0, [10, 120, 180, 90]),
        (500.0, [10, 390]),
    ],
)
def test_rounds_grow_and_are_so_long_that_loading_is_at_most_a_quarter(cost: float | None, sizes: list[int]) -> None:
    assert sizes_of_rounds(cost) == sizes


def test_rounds_are_short_where_a_load_costs_less_than_half_an_answer() -> None:
    assert sizes_of_rounds(0.4) == sizes_of_rounds(0) == [10, *[5] * 78]


def sizes_of_rounds(cost: float | None) -> list[int]:
    scores = [[1.0, 0.0] * 200, [0.0, 1.0] * 200]
    race = opened(scores, Rules(certifies=False), load_items=cost)
    found = [10]
    for _, after in steps(race, scores):
        if after.until != race.until:
            found.append(after.until - race.until)
        race = after
    return found


def test_what_a_load_costs_is_the_mean_over_the_arms_of_the_round_where_it_is_known() -> None:
    def lane(cost: float | None) -> Lane:
        return Lane(arm=Arm(name="m", host="h", load_items=cost))

    assert load_items([lane(None), lane(2.0), lane(4.0)]) == 3.0
    assert load_items([lane(None)]) is None


def test_a_round_starts_with_the_arm_that_is_loaded() -> None:
    race = open_race(arms(3), 100, PROFILES["standard"])
    batch = next_batch(race, [HostState("h0", frozenset({"m2"}))])
    assert batch == Batch("m2", "h0", 0, 10, is_loaded=True)


def test_an_arm_that_is_eliminated_holds_nobody_up() -> None:
    scores = [[1.0] * 40, [0.0] * 40, [1.0, 0.0] * 20]
    race = opened(scores, Rules(certifies=False, first_batch=40))
    race = resumed(race, [Graded("m0", place, 1.0) for place in range(40)])
    race = resumed(race, [Graded("m2", place, scores[2][place]) for place in range(40)])
    assert race.frontier == 0
    race = resumed(race, [Graded("m1", place, 0.0) for place in range(20)])
    fate = race.lanes[1].fate
    assert isinstance(fate, Eliminated)
    assert fate.items < 20
    assert race.frontier > fate.items


def test_an_arm_that_the_leader_is_cleared_of_is_asked_again_when_the_lead_changes() -> None:
    """Seldom, so many races are looked through: somewhere an arm rests for a round and is asked again later."""
    returned = 0
    for seed in range(60):
        rng = random.Random(seed)
        scores = [bernoulli(rng, ability, 120) for ability in (0.8, 0.6, 0.78)]
        race = opened(scores, Rules(within=0.15, sure=0.6))
        rested: set[int] = set()
        for _, after in steps(race, scores):
            race = after
            returned += bool(rested.intersection(race.entered))
            rested = {number for number in race.survivors if number not in race.entered}
        assert race.is_over
    assert returned > 0


def test_a_second_answer_to_the_same_item_is_ignored() -> None:
    race = open_race(arms(2), 20, PROFILES["standard"])
    race = resumed(race, [Graded("m0", 0, 1.0), Graded("m0", 2, 1.0)])
    assert resumed(race, [Graded("m0", 0, 0.0), Graded("m0", 2, 0.0)]) == race
    assert advance(race, Graded("m0", 1, 0.0)).lanes[0].scores == (1.0, 0.0, 1.0)


def test_who_leaves_is_named_with_the_reason_and_the_others_go_on() -> None:
    race = open_race(arms(3), 20, PROFILES["standard"])
    race = advance(race, Left("m0", "below the speed floor"))
    assert race.lanes[0].fate == Withdrawn("below the speed floor")
    assert next_batch(race, FREE) == Batch("m1", "h0", 0, 10, is_loaded=False)
    assert advance(race, Left("m1", "gone")).is_over


@settings(max_examples=50)
@given(
    banks(most_items=16),
    st.sampled_from([*PROFILES.values(), Rules(within=0.1, sure=0.6, first_batch=3)]),
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 3), st.sampled_from(["left", "moved", "loaded"])), max_size=6
    ),
)
def test_whatever_happens_the_race_ends_with_a_verdict_at_every_moment_and_can_be_resumed(
    scores: list[list[float]], rules: Rules, disturbances: list[tuple[int, int, str]]
) -> None:
    start = race = opened(scores, rules, hosts=2, load_items=None)
    records: list[Record] = []
    while (batch := next_batch(race, FREE)) is not None:
        for place in range(batch.first, batch.stop):
            news: list[Record] = [Graded(batch.arm, place, scores[int(batch.arm[1:])][place], 30, 0.5)]
            news += [
                disturbance(kind, f"m{number}")
                for moment, number, kind in disturbances
                if moment == len(records) and number < len(scores)
            ]
            records += news
            race = resumed(race, news)
            found = verdict(race)
            assert (found is None) == (not race.survivors)
            if race.is_over or race.lanes[int(batch.arm[1:])].fate is not None:
                break
    assert race.is_over
    assert all(lane.asked <= race.cap for lane in race.lanes)
    assert resumed(start, records) == race


def disturbance(kind: str, arm: str) -> Record:
    if kind == "left":
        return Left(arm, "host gone")
    return Moved(arm, "h0") if kind == "moved" else Loaded(arm, 1.0)


def test_an_arm_that_moves_is_asked_on_its_new_host() -> None:
    race = advance(open_race(arms(2), 20, PROFILES["standard"]), Moved("m0", "h1"))
    assert next_batch(race, [HostState("h1")]) == Batch("m0", "h1", 0, 10, is_loaded=False)


def test_loads_are_counted_with_their_time() -> None:
    race = open_race(arms(2), 20, PROFILES["standard"])
    lane = resumed(race, [Loaded("m0", 2.0), Loaded("m0", 3.0)]).lanes[0]
    assert (lane.loads, lane.load_s) == (2, 5.0)


def test_weights_scale_scores_and_margins_alike() -> None:
    race = open_race(arms(2), 4, Rules(within=0.1), weights=[1, 2, 4, 1])
    race = resumed(race, [Graded("m0", place, 1.0) for place in range(4)])
    assert race.lanes[0].scores == (0.25, 0.5, 1.0, 0.25)
    assert race.margin == pytest.approx(0.1 * 2 / 4)


def test_an_item_that_can_be_guessed_counts_as_its_corrected_score_does() -> None:
    race = open_race(arms(2), 4, Rules(within=0.1), chances=[0.5, 0, 0, 0.5])
    race = resumed(race, [Graded("m0", place, 1.0) for place in range(4)])
    assert race.lanes[0].scores == (1.0, 0.5, 0.5, 1.0)
    # (1 − 0.5)/(1 − 0.5) = 1 for each: quality 1 is scale above the offset.
    assert sum(race.lanes[0].scores) / 4 == pytest.approx(race.offset + race.scale)
    assert race.margin == pytest.approx(0.1 / 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: open_race([], 0, Rules()), "at least one item"),
        (lambda: open_race([*arms(1), *arms(1)], 5, Rules()), "same name"),
        (lambda: open_race(arms(1), 2, Rules(), weights=[1, 0]), "positive"),
        (lambda: open_race(arms(1), 2, Rules(), weights=[1]), "one for each item"),
        (lambda: open_race(arms(1), 1, Rules(), chances=[1.0]), "chances"),
        (lambda: Rules(sure=1.0), "sure"),
        (lambda: Rules(within=-0.1), "within"),
        (lambda: rules_for("quick", sure=1.0), "sure"),
        (lambda: Rules(cap=0), "at least one item"),
        (lambda: advance(open_race(arms(1), 2, Rules()), Graded("m0", 2, 1.0)), "no place 2"),
        (lambda: advance(open_race(arms(1), 2, Rules()), Graded("m0", 0, 1.5)), "between 0 and 1"),
    ],
)
def test_what_cannot_be_raced_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_an_unknown_arm_is_refused() -> None:
    with pytest.raises(KeyError, match="m7"):
        advance(open_race(arms(2), 5, Rules()), Loaded("m7", 1.0))


def test_one_arm_alone_needs_no_race_unless_everything_is_to_be_asked() -> None:
    assert open_race([Arm(name="only", host="h0")], 50, PROFILES["standard"]).is_over
    scores = [[1.0] * 30]
    assert finished(opened(scores, PROFILES["thorough"]), scores).lanes[0].asked == 30
