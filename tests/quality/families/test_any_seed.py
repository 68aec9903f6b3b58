"""What holds for every seed of the reasoning, context, tasks and honesty families."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from item_samples import drafted, samples
from ollama_speedrun.quality.families import context, honesty, reasoning, tasks
from ollama_speedrun.quality.families.reasoning_calendar import Day
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import LEVELS, Answer, Family

FAMILIES = (*reasoning.FAMILIES, *context.FAMILIES, *tasks.FAMILIES, *honesty.FAMILIES)
CONSTANTS = ("yes", "unknown", "true", "Monday", "1", "12", "Anna", "refund", "I cannot say.")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FAMILIES), st.sampled_from(LEVELS), st.integers(0, 2_000_000))
def test_a_draft_is_the_same_twice_and_its_oracle_is_right(family: Family, level: int, seed: int) -> None:
    draft = drafted(family, level, seed)

    assert draft == drafted(family, level, seed)
    assert grade(draft, draft.oracle).strict == 1.0
    assert not any("  " in message.content or "{" in message.content[:1] for message in draft.messages)


@given(st.dates(datetime.date(1, 1, 1), datetime.date(9998, 12, 31)))
def test_a_day_and_its_number_convert_into_each_other(date: datetime.date) -> None:
    day = Day(date.year, date.month, date.day)

    assert day.number == date.toordinal()
    assert Day.of(day.number) == day
    assert day.weekday == date.weekday()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_constant_answer_gains_nothing_over_chance(family: Family) -> None:
    """A twin that has no answer is half of each pair, and "unknown" is right for it: no more than half of the pairs."""
    drafts = [sample.draft for sample in samples(family)]
    chance = 0.5 if family.paired else sum(draft.chance for draft in drafts) / len(drafts)

    for constant in CONSTANTS:
        right = sum(grade(draft, (Answer(content=constant),)).score for draft in drafts) / len(drafts)
        assert right <= chance + 0.07, constant
