import pytest

from ollama_speedrun.quality.entrants import (
    BelowSpeedFloor,
    Candidate,
    Dominated,
    Field,
    NotAsked,
    OverMemory,
    Span,
    dominates,
    field,
)
from ollama_speedrun.quality.race_types import Arm

GB = 1_000_000_000


def names(found: Field) -> list[str]:
    return [arm.name for arm in found.arms]


def test_what_is_too_slow_or_too_large_is_left_out_with_the_reason() -> None:
    slow = Candidate(name="slow", host="a", decode_tps=3.0)
    large = Candidate(name="large", host="b", memory_bytes=20 * GB)
    fine = Candidate(name="fine", host="b", decode_tps=30.0, memory_bytes=4 * GB)
    unknown = Candidate(name="unknown", host="b")
    found = field([slow, large, fine, unknown], floor_tps=5, host_bytes={"b": 16 * GB})
    assert names(found) == ["fine@b", "unknown@b"]
    assert found.not_asked == (
        NotAsked(slow, BelowSpeedFloor(3.0, 5)),
        NotAsked(large, OverMemory(20 * GB, 16 * GB)),
    )
    assert [str(left.reason) for left in found.not_asked] == [
        "below the speed floor (3.0 of 5 tok/s)",
        "needs more memory than its host has (20.0 of 16.0 GB)",
    ]


def test_models_of_equal_identity_are_asked_once_where_they_answer_soonest() -> None:
    copies = [
        Candidate(name="m", host="a", identity="x", item_s=2.0),
        Candidate(name="m", host="b", identity="x", item_s=0.5),
        Candidate(name="m", host="c", identity="x"),
    ]
    other = Candidate(name="m", host="d", identity="y")
    found = field([*copies, other])
    assert found.arms == (Arm(name="m@b", host="b"), Arm(name="m@d", host="d"))
    assert [candidate.host for candidate in found.entries[0].candidates] == ["b", "a", "c"]


def test_models_without_an_identity_are_equal_to_no_other() -> None:
    assert names(field([Candidate(name="m", host="a"), Candidate(name="m", host="b")])) == ["m@a", "m@b"]


def test_what_no_use_can_prefer_is_not_asked() -> None:
    best = Candidate(name="best", host="a", figures={"speed": Span(50, 52), "quality": Span(0.7, 0.8)})
    worse = Candidate(name="worse", host="a", figures={"speed": Span(20, 21), "quality": Span(0.2, 0.3)})
    found = field([worse, best])
    assert names(found) == ["best@a"]
    assert found.not_asked == (NotAsked(worse, Dominated("best", "a")),)
    assert str(found.not_asked[0].reason) == "best on a is at least as good in everything"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"speed": Span(5, 6)}, {"speed": Span(1, 5)}, False),
        ({"speed": Span(5.1, 6)}, {"speed": Span(1, 5)}, True),
        ({"speed": Span(5, 5)}, {"speed": Span(5, 5)}, False),
        ({"speed": Span(9, 9)}, {"speed": Span(1, 5), "quality": Span(0, 1)}, False),
        ({"speed": Span(9, 9), "quality": Span(0, 1)}, {"speed": Span(1, 5)}, True),
        ({"speed": Span(9, 9), "quality": Span(0.2, 0.9)}, {"speed": Span(1, 5), "quality": Span(0.1, 0.3)}, False),
        ({"speed": Span(9, 9)}, {}, False),
    ],
)
def test_domination_needs_certainty_in_every_figure(
    one: dict[str, Span], other: dict[str, Span], expected: bool
) -> None:
    assert (
        dominates(Candidate(name="one", host="a", figures=one), Candidate(name="other", host="a", figures=other))
        is expected
    )
