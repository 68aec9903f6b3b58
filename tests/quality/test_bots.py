"""Answerers without any knowledge score nothing on the whole bank, and an oracle scores all of it."""

from collections.abc import Iterator
from functools import cache

import pytest

from bots import IGNORANT, Bot, oracle
from ollama_speedrun.quality import bank, sandbox
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import LEVELS, Item
from ollama_speedrun.quality.scoring import QualityScore, quality, scored

SEEDS = range(40, 48)


@cache
def everything() -> tuple[Item, ...]:
    return tuple(
        bank.item(family.area, family.name, level, seed)
        for family in bank.FAMILIES
        for level in LEVELS
        for seed in SEEDS
    )


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Sandbox | None]:
    if not sandbox.available():
        yield None
        return
    with sandbox.Sandbox() as opened:
        yield opened


def score_of(bot: Bot, box: sandbox.Sandbox | None) -> QualityScore:
    result = quality([scored(item, grade(item, bot(item), box)) for item in everything()])
    assert result is not None
    return result


def test_an_oracle_scores_exactly_100_in_every_area(box: sandbox.Sandbox | None) -> None:
    result = score_of(oracle, box)

    assert (result.score, result.strict) == (100.0, 100.0)
    assert {area.score for area in result.areas.values()} == {100.0}


@pytest.mark.slow
@pytest.mark.parametrize("name", IGNORANT)
def test_a_bot_without_knowledge_scores_at_most_two_points(name: str, box: sandbox.Sandbox | None) -> None:
    result = score_of(IGNORANT[name], box)

    assert result.score <= 2.0, {area: round(found.score, 1) for area, found in result.areas.items() if found.score}
