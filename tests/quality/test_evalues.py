import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.evalues import STAKES, WEIGHTS, Duel, Wager, bet, continued, remaining_mean

from .exact_race import e_values

grades = st.sampled_from([-1.0, 0.0, 1.0])
parts = st.integers(-4, 4).map(lambda quarters: quarters / 4)


def curve(bank: int, margin: float, differences: Sequence[float]) -> list[float]:
    duel, found = Duel(bank, margin), []
    for difference in differences:
        duel = continued(duel, [difference])
        found.append(duel.wager.e_value)
    return found


def test_a_bet_multiplies_each_capital_by_its_own_factor() -> None:
    wager = bet(Wager(), 0.2, -1.0)
    assert wager.capitals == pytest.approx(
        [weight * (1 + stake * 1.25 * 1.2) for stake, weight in zip(STAKES, WEIGHTS, strict=True)]
    )
    assert wager.peak == wager.e_value > 1


def test_the_first_capital_is_one() -> None:
    assert math.fsum(WEIGHTS) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("bank", "margin", "asked", "total", "expected"),
    [
        (10, 0.0, 0, 0.0, 0.0),
        (10, 0.0, 5, -2.0, 0.4),
        (10, 0.03, 4, 1.0, -0.7 / 6),
        (4, 0.5, 4, 1.0, math.inf),
        (4, 0.5, 4, 2.0, -math.inf),
    ],
)
def test_the_null_expects_of_the_rest_what_the_bank_still_owes(
    bank: int, margin: float, asked: int, total: float, expected: float
) -> None:
    assert remaining_mean(bank, margin, asked, total) == pytest.approx(expected)


@given(st.integers(1, 12), st.sampled_from([0.0, 0.03, 0.25]), st.data())
def test_the_evidence_equals_exact_fractions(bank: int, margin: float, data: st.DataObject) -> None:
    differences = data.draw(st.lists(parts, max_size=bank))
    exact = e_values(bank, Fraction(str(margin)), [Fraction(difference) for difference in differences])
    ours = curve(bank, margin, differences)
    assert [math.isinf(value) for value in ours] == [value is None for value in exact]
    for mine, theirs in zip(ours, exact, strict=True):
        if theirs is not None:
            assert mine == pytest.approx(float(theirs), rel=1e-9, abs=1e-9)


@given(st.lists(grades, min_size=1, max_size=300), st.integers(0, 200), st.sampled_from([0.0, 0.03]))
def test_evidence_is_never_negative_and_its_peak_never_falls(
    differences: list[float], more: int, margin: float
) -> None:
    duel, bank = Duel(len(differences) + more, margin), len(differences) + more
    for difference in differences:
        after = continued(duel, [difference])
        assert after.wager.e_value >= 0
        assert after.peak >= duel.peak
        assert after.peak >= after.wager.e_value or math.isinf(after.peak)
        duel = after
    assert continued(Duel(bank, margin), differences) == duel


@given(st.lists(parts, min_size=1, max_size=6), st.booleans())
def test_in_all_orders_of_a_bank_the_mean_evidence_against_a_true_null_is_at_most_one(
    differences: list[float], is_sharp: bool
) -> None:
    """Exhaustive: every order of the bank, at every moment, at the margin that is just true and at a smaller one."""
    bank = len(differences)
    margin = math.fsum(differences) / bank - (0 if is_sharp else 0.2)
    curves = [curve(bank, margin, order) for order in itertools.permutations(differences)]
    for moment in range(bank):
        assert math.fsum(values[moment] for values in curves) / len(curves) <= 1 + 1e-9


@given(st.lists(parts, min_size=2, max_size=6), st.sampled_from([2.0, 3.0, 5.0]))
def test_in_all_orders_the_peak_against_a_true_null_obeys_villes_bound(
    differences: list[float], threshold: float
) -> None:
    bank = len(differences)
    margin = math.fsum(differences) / bank
    peaks = [continued(Duel(bank, margin), order).peak >= threshold for order in itertools.permutations(differences)]
    assert sum(peaks) / len(peaks) <= 1 / threshold


@given(st.lists(parts, min_size=1, max_size=40), st.integers(0, 20), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_wider_claim_is_never_harder_to_prove(
    differences: list[float], more: int, margin: float, extra: float
) -> None:
    bank = len(differences) + more
    narrow, wide = continued(Duel(bank, margin), differences), continued(Duel(bank, margin + extra), differences)
    assert wide.peak >= narrow.peak * (1 - 1e-9)


@given(st.integers(1, 300), st.integers(1, 5))
def test_rounding_never_refutes_a_null_that_only_the_best_end_makes_true(parts_of_one: int, wins: int) -> None:
    """The rival falls behind in steps such as 0.1, and must win every item that is left."""
    behind = [-1 / parts_of_one] * (parts_of_one * wins)
    duel = continued(Duel(len(behind) + wins, 0.0), behind)
    assert duel.peak < math.inf
    assert continued(duel, [1.0] * wins).peak < math.inf


def test_what_can_no_longer_be_true_is_refuted_for_certain() -> None:
    assert continued(Duel(4, 0.0), [-1, -1, -1]).peak == math.inf
    assert continued(Duel(4, 0.0), [-1, -1]).peak < math.inf
    assert continued(Duel(4, 0.25), [0, 0, 0, 0]).peak == math.inf
