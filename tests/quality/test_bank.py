"""The bank as a whole: golden hashes, mixes, and the rules that every family obeys."""

import inspect
import itertools
import json
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality import bank
from ollama_speedrun.quality.bank import FAMILIES, Selection
from ollama_speedrun.quality.items import LEVELS, Area, ExactKey, Family, Key, Need, NumberKey, TextKey
from ollama_speedrun.quality.mixes import LEVELS_OF, SHARES, Mix
from quality import golden_items

AREAS = {family.area for family in FAMILIES}


@pytest.mark.parametrize("kind", Mix)
def test_a_mix_is_the_same_for_a_seed_and_holds_its_levels_alone(kind: Mix) -> None:
    first, other = bank.mix(kind, 1), bank.mix(kind, 2)
    again = inspect.unwrap(bank.mix)(kind, 1)  # drawn again, where the tests remember a mix

    assert first == again
    assert first != other
    assert {item.level for item in first} == set(LEVELS_OF[kind])


@pytest.mark.parametrize("kind", Mix)
def test_no_two_items_of_a_mix_are_equal_and_no_pair_is_split(kind: Mix) -> None:
    items = bank.mix(kind, "secret")

    assert len({(item.messages, item.tools) for item in items}) == len(items)
    pairs = Counter((item.area, item.family, item.level, item.seed // 2) for item in items if item.twin is not None)
    assert set(pairs.values()) <= {2}


def test_every_area_has_its_share_and_at_least_twenty_items() -> None:
    counts = Counter(item.area for item in bank.mix(Mix.MIDDLE, 3))

    assert set(counts) == AREAS
    assert min(counts.values()) >= 20


def test_every_prefix_of_a_mix_spans_the_areas() -> None:
    heavy = {area for area in AREAS if SHARES[area] == max(SHARES.values())}

    for seed in range(10):
        order = [item.area for item in bank.mix(Mix.EASY, seed)]
        for start in range(0, len(order) - 20, 10):
            assert heavy <= set(order[start : start + 20])


def test_pilot_items_are_never_counted_ones() -> None:
    counted = {item.name for item in bank.mix(Mix.EASY, 5)}

    assert counted.isdisjoint(item.name for item in bank.mix(Mix.EASY, 5, count=40, pilot=True))


def test_a_selection_leaves_out_what_a_run_cannot_ask() -> None:
    without = bank.mix(Mix.EASY, 1, Selection(without=frozenset({Need.TOOLS})), 60)
    only_tools = bank.mix(Mix.EASY, 1, Selection(areas=frozenset({"tools"})), 60)

    assert not any(Need.TOOLS in item.needs for item in without)
    assert {item.area for item in only_tools} == {"tools"}
    assert bank.mix(Mix.EASY, 1, Selection(areas=frozenset({"no such area"}))) == ()


def test_a_selection_of_languages_asks_them_at_every_level_and_names_the_items_so() -> None:
    spoken = Selection(areas=frozenset({"languages"}), languages=frozenset({"de", "am"}))
    items = bank.mix(Mix.EASY, 1, spoken, 60)

    assert len(items) == 60
    assert {item.language for item in items} == {"de", "am"}
    assert {item.level for item in items} == {1, 2, 3}
    assert [bank.item(item.area, item.family, item.level, item.seed) for item in items] == list(items)


def test_a_model_is_never_asked_what_its_abilities_exclude() -> None:
    item = bank.item("tools", "one-call", 1, 0)

    assert not bank.suits(item, ())
    assert bank.suits(item, {Need.TOOLS, Need.VISION})


ANSWER_STANDS_IN_PROMPT = {
    "context": "the answer must be found in the text, among others of its kind",
    "tasks": "what is extracted stands in the text",
    "honesty": "the answerable twin has its answer in the text",
    "tools": "arguments are told",
    "reasoning/knights-and-knaves": "the names are the options",
}
"""Areas and families that cannot hide the answer; their own tests check that others like it stand beside it."""


def name_of(family: Family) -> str:
    return f"{family.area}/{family.name}"


@pytest.mark.parametrize(
    "family",
    [one for one in FAMILIES if not {one.area, name_of(one)} & ANSWER_STANDS_IN_PROMPT.keys()],
    ids=name_of,
)
def test_no_answer_stands_in_its_prompt(family: Family) -> None:
    for level, seed in itertools.product(LEVELS, range(40)):
        asked = bank.item(family.area, family.name, level, seed)
        prompt = " ".join(message.content for message in asked.messages)
        found = [text for text in answers_of(asked.key) if stands_in(text, prompt)]
        assert (asked.name, found) == (asked.name, [])


def stands_in(text: str, prompt: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", prompt, re.IGNORECASE))


def answers_of(key: Key) -> tuple[str, ...]:
    match key:
        case NumberKey():
            return (key.value,)
        case TextKey():
            return key.accept
        case ExactKey():
            return (key.text,)
        case _:
            return ()


def test_an_unknown_family_or_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="no family tools/flying"):
        bank.item("tools", "flying", 1, 0)
    with pytest.raises(ValueError, match="level 6"):
        bank.item("tools", "one-call", 6, 0)


def test_family_names_are_unique_within_their_area() -> None:
    names = [(family.area, family.name) for family in FAMILIES]

    assert len(names) == len(set(names))
    assert {area for area in Area if SHARES[area] > 0} == set(Area)


@given(st.integers(0, 500), st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_apportioned_counts_add_up_and_miss_the_exact_share_by_less_than_one(total: int, weights: list[int]) -> None:
    counts = bank.apportion(total, weights)

    assert sum(counts) == total
    for count, weight in zip(counts, weights, strict=True):
        assert abs(count - total * weight / sum(weights)) < 1


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6 // 2 - 1))
def test_items_have_sane_bounds(seed: int) -> None:
    for family, level in itertools.product(FAMILIES, LEVELS):
        item = bank.item(family.area, family.name, level, seed)
        assert 1 <= item.max_tokens <= 320
        assert 0 <= item.chance < 1
        assert item.messages[-1].role == "user"
        assert item.oracle
        assert sum(len(message.content) for message in item.messages) < 14_000


def test_generated_items_are_the_golden_ones_on_every_platform_and_python_version() -> None:
    """A difference that is meant needs a new BANK_VERSION once released; golden_items.py prints the new file."""
    assert golden_items.all_hashes() == json.loads(golden_items.FILE.read_text())


def test_only_items_with_short_answers_are_drawn_where_that_is_asked_for() -> None:
    short = bank.mix(Mix.EASY, 1, Selection(longest_tokens=96))

    assert max(item.most_tokens for item in short) <= 96
    assert {item.area for item in short} == set(Area)
    assert {item.family for item in short if item.area == Area.TOOLS} == {"one-call"}
    assert len(short) >= 390
