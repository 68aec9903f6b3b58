import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.pilot import PilotGrade, chosen_mix


def grades(*rights: int) -> list[PilotGrade]:
    """Return the grades of a model that answers so many of two items right at each level from 1 to 5."""
    return [PilotGrade(level, float(number < right)) for level, right in enumerate(rights, 1) for number in range(2)]


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ({"a": grades(2, 1, 0, 0, 0), "b": grades(1, 0, 0, 0, 0)}, Mix.EASY),
        ({"a": grades(2, 2, 1, 0, 0), "b": grades(2, 1, 1, 0, 0)}, Mix.MIDDLE),
        ({"a": grades(2, 2, 2, 2, 1), "b": grades(2, 2, 2, 1, 1)}, Mix.HARD),
        ({"a": grades(0, 0, 0, 0, 0)}, Mix.BASIC),
        ({"a": grades(2, 2, 2, 2, 2)}, Mix.HARD),
    ],
)
def test_the_mix_follows_what_the_better_half_can_do(models: dict[str, list[PilotGrade]], expected: Mix) -> None:
    assert chosen_mix(models) is expected


def test_the_weaker_half_has_no_say() -> None:
    strong, weak = grades(2, 2, 2, 2, 1), grades(0, 0, 0, 0, 0)
    assert chosen_mix({"a": strong, "b": strong, "c": weak, "d": weak}) is chosen_mix({"a": strong, "b": strong})


@pytest.mark.parametrize("usual", list(Mix))
def test_without_answers_it_is_the_usual_mix(usual: Mix) -> None:
    assert chosen_mix({}, usual) is usual
    assert chosen_mix({"a": []}, usual) is usual


@given(st.dictionaries(st.text(max_size=3), st.lists(st.builds(PilotGrade, st.integers(1, 5), st.floats(0, 1)))))
def test_the_choice_does_not_depend_on_names_or_order(models: dict[str, list[PilotGrade]]) -> None:
    turned = {f"x{number}": rows[::-1] for number, rows in enumerate(reversed(models.values()))}
    assert chosen_mix(models) is chosen_mix(turned)
