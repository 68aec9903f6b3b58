"""The bank as text and as data."""

import json

import pytest

from ollama_speedrun.quality import bank_view
from ollama_speedrun.quality.bank import FAMILIES, item
from ollama_speedrun.quality.items import LEVELS


def test_the_listing_names_every_family_and_mix() -> None:
    text, data = bank_view.listing_text(), bank_view.listing()

    assert all(f" {family.name}" in text for family in FAMILIES)
    assert [entry["family"] for entry in data["families"]] == [family.name for family in FAMILIES]
    assert data["mixes"] == {
        "basic": [1, 1, 2],
        "easy": [1, 2, 3],
        "middle": [2, 3, 4],
        "hard": [3, 4, 5],
    }
    assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.area}/{family.name}")
def test_an_item_of_every_family_is_shown_with_its_right_answer(family: object) -> None:
    for level in LEVELS:
        (one, *_) = bank_view.chosen((family,), level, 7)  # type: ignore[arg-type]  # a family
        text = bank_view.item_text(one)

        assert one.name in text
        assert "right:" in text
        assert all(line.strip() in text for answer in bank_view.right_answers(one.key) for line in answer.splitlines())
        assert json.loads(json.dumps(bank_view.item_data(one)))["name"] == one.name


def test_families_are_chosen_by_area_and_name() -> None:
    assert [family.name for family in bank_view.families_in("tools", "one-call")] == ["one-call"]
    assert len(bank_view.families_in("tools")) == 5
    assert bank_view.families_in("cooking") == ()


def test_items_count_up_from_the_seed_and_twins_come_together() -> None:
    sums = bank_view.chosen(bank_view.families_in("reasoning", "arithmetic"), 3, 7, 2)
    calls = bank_view.chosen(bank_view.families_in("tools", "one-call"), 3, 7, 2)

    assert [one.seed for one in sums] == [7, 8]
    assert [one.seed for one in calls] == [6, 7, 8, 9]


def test_a_world_is_shown_by_what_must_change() -> None:
    asked = item("tools", "rooms-world", 1, 2)
    last = json.loads(asked.oracle[-2].tool_calls[0].arguments)

    assert f"hour = {last['hour']}" in bank_view.right_answers(asked.key)[0]
    assert last["room_id"] in bank_view.right_answers(asked.key)[0]
