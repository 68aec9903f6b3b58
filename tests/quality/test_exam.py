import pytest

from ollama_speedrun.quality.bank import Selection
from ollama_speedrun.quality.exam import Exam, ExamSettings, is_common
from ollama_speedrun.quality.items import Answer, Area, Grade, Item, Message, Need, NumberKey
from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.pilot import PILOT_ITEMS
from ollama_speedrun.quality.records import ItemRecord, record


def graded(item: Item, score: float) -> ItemRecord:
    return record(item, (), Grade(score=score, strict=score, extracted="", why="as told"))


def exam(**settings: object) -> Exam:
    return Exam(ExamSettings(**{"first": 400, **settings}), seed=11)  # type: ignore[arg-type]


OWN = Item(
    area=Area.TASKS,
    family="mine",
    level=1,
    seed=0,
    messages=(Message(role="user", content="2+2?"),),
    key=NumberKey("4"),
    oracle=(Answer(content="4"),),
    max_tokens=8,
)


@pytest.mark.parametrize(
    ("tier", "right", "mix"),
    [
        ("<2", 0, Mix.BASIC),
        ("<2", 1, Mix.BASIC),
        ("<2", 2, Mix.EASY),
        ("<2", 3, Mix.EASY),
        ("<2", 4, Mix.MIDDLE),
        ("4-8", 0, Mix.EASY),
        ("4-8", 3, Mix.MIDDLE),
        ("4-8", 4, Mix.HARD),
        ("16+", 4, Mix.HARD),
        ("16+", 0, Mix.MIDDLE),
    ],
)
def test_a_pilot_moves_the_mix_of_its_tier_by_one_step_at_most(tier: str, right: int, mix: Mix) -> None:
    asked = exam()
    pilot = asked.pilot(tier)

    assert len(pilot) == PILOT_ITEMS
    assert asked.decide(tier, [graded(item, float(place < right)) for place, item in enumerate(pilot)]) == mix


def test_the_first_decision_holds_for_all_models_of_a_tier() -> None:
    asked = exam()
    pilot = asked.pilot("4-8")
    asked.decide("4-8", [graded(item, 1) for item in pilot])

    assert asked.decide("4-8", [graded(item, 0) for item in pilot]) == Mix.HARD
    assert asked.mix_of("4-8") == Mix.HARD
    assert asked.mix_of("2-4") is None


def test_a_pilot_is_no_part_of_what_counts() -> None:
    asked = exam(items=400)
    names = {item.name for mix in Mix for item in asked.items(mix, set(Need))}

    assert not names & {item.name for item in asked.pilot("4-8")}


def test_the_order_of_a_race_has_the_items_of_the_mix_and_is_the_same_for_all_its_models() -> None:
    spread, raced, other = exam(items=400), exam(items=400, races=True), exam(items=400, races=True)

    assert raced.items(Mix.HARD, set(Need)) == other.items(Mix.HARD, set(Need)) != spread.items(Mix.HARD, set(Need))
    assert {one.name for one in raced.items(Mix.HARD, set(Need))} == {
        one.name for one in spread.items(Mix.HARD, set(Need))
    }


def test_a_model_is_not_asked_what_its_capabilities_exclude_and_keeps_the_common_order() -> None:
    asked = exam(items=40)
    every, plain = asked.items(Mix.EASY, set(Need)), asked.items(Mix.EASY, {Need.SANDBOX})

    assert len(plain) == 40
    assert all(is_common(item) for item in plain)
    assert [item for item in every if is_common(item)] == list(plain)
    assert len(every) > len(plain)


def test_rounds_follow_each_other_without_a_gap_or_an_overlap() -> None:
    asked = exam(items=40)
    rounds = [asked.items(Mix.EASY, set(Need), first=first, stop=first + 10) for first in range(0, 40, 10)]

    assert tuple(item for batch in rounds for item in batch) == asked.items(Mix.EASY, set(Need))
    assert [asked.place_of(Mix.EASY, item) for item in rounds[1] if is_common(item)] == list(range(10, 20))
    assert asked.places(Mix.EASY) > 300


def test_own_items_come_first_and_on_top() -> None:
    assert exam(items=10, own=(OWN,)).items(Mix.EASY, {Need.SANDBOX})[0] == OWN
    assert len(exam(items=10, own=(OWN,)).items(Mix.EASY, {Need.SANDBOX})) == 11
    assert exam(own=(OWN,), only_own=True).items(Mix.EASY, ()) == (OWN,)


def test_where_only_tools_are_asked_their_items_take_the_places() -> None:
    asked = exam(items=24, selection=Selection(areas=frozenset({"tools"})))

    assert len(asked.items(Mix.EASY, set(Need))) == 24
    assert asked.places(Mix.EASY) > 100
