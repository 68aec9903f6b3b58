from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.draw import Draw

GOLDEN = [804, 221, 817, 853, 650]
GOLDEN_ORDER = "bfdhgcae"


def test_draws_are_the_same_on_every_platform_and_version() -> None:
    draw = Draw("golden")

    assert [draw.below(1000) for _ in range(5)] == GOLDEN
    assert draw.shuffled("abcdefgh") == tuple(GOLDEN_ORDER)


def test_a_fork_is_not_moved_by_what_is_drawn_from_its_parent() -> None:
    parent, moved = Draw("seed"), Draw("seed")
    moved.below(10)

    assert parent.fork("a").below(10**9) == moved.fork("a").below(10**9)


@given(st.text(), st.integers(-100, 100), st.integers(0, 1000))
def test_integers_stay_within_their_bounds(name: str, low: int, width: int) -> None:
    assert low <= Draw(name).integer(low, low + width) <= low + width


@given(st.text(), st.lists(st.integers(), max_size=20))
def test_a_shuffle_keeps_every_value(name: str, values: list[int]) -> None:
    assert sorted(Draw(name).shuffled(values)) == sorted(values)


@given(st.text(), st.lists(st.integers(), unique=True, max_size=20), st.data())
def test_a_sample_holds_different_values(name: str, values: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(values)))

    assert len(set(Draw(name).sample(values, count))) == count
