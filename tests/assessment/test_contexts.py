"""A use that takes a context: which models cannot have it, and what was measured with another one."""

import msgspec
import pytest

from ollama_speedrun.assessment import contexts, uses
from ollama_speedrun.assessment.choice import Candidate, choose
from ollama_speedrun.assessment.sentences import why
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import ItemRecord

AGENT = next(use for use in uses.USES if use.name == "agent")
CHAT = next(use for use in uses.USES if use.name == "chat")


def candidate(
    name: str,
    *,
    limit: int | None = 131_072,
    asked: int | None = 65_536,
    measured: int | None = 65_536,
    is_theirs: bool = False,
    right: int = 60,
) -> Candidate:
    return Candidate(
        key=("http://desk:11434", name, None),
        speed_tps=40.0,
        speed_low_tps=39.6,
        speed_high_tps=40.4,
        context_tokens=limit,
        asked_tokens=asked,
        measured_tokens=measured,
        is_theirs=is_theirs,
        items=tuple(answered(place, float(place < right)) for place in range(80)),
        capabilities=frozenset({"tools"}),
    )


def answered(place: int, score: float) -> ItemRecord:
    return ItemRecord(
        item=str(place),
        area="tools",
        family="f",
        level=1,
        chance=0.0,
        answers=(),
        grade=Grade(score=score, strict=score, extracted="", why=""),
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (candidate("long"), True),
        (candidate("unknown", limit=None), True),
        (candidate("short", limit=32_768, measured=32_768), False),
        (candidate("clamped", measured=16_384), False),
        (candidate("theirs", measured=16_384, is_theirs=True), True),
        (candidate("not asked", asked=4096, measured=4096), True),
    ],
    ids=lambda value: value.key[1] if isinstance(value, Candidate) else "",
)
def test_a_model_cannot_have_a_context_beyond_its_own_limit_or_that_of_its_server(
    one: Candidate, expected: bool
) -> None:
    assert contexts.can_have(AGENT, one) is expected
    assert contexts.can_have(CHAT, one)


def test_models_that_can_have_the_context_go_before_better_ones_that_cannot() -> None:
    able, better = candidate("able", right=50), candidate("better", limit=8192, measured=8192, right=75)
    assert contexts.preferred(AGENT, [able, better]) == [able]
    assert contexts.preferred(AGENT, [better]) == [better]


def test_those_that_cannot_have_it_are_named_with_what_they_can() -> None:
    able, small = candidate("able"), candidate("small", limit=8192, measured=8192)
    clamped = candidate("clamped", measured=16_384)
    assert contexts.of_use(AGENT, able, [able, small, clamped]) == (
        "; small (8,192) and clamped (16,384) cannot have the 65,536 tokens of context that this use takes"
    )
    assert contexts.of_use(AGENT, small, [small]) == (
        "; no model can have the 65,536 tokens of context that this use takes"
    )
    assert not contexts.of_use(CHAT, able, [able, small])


def test_a_best_that_was_measured_with_less_says_what_measures_it() -> None:
    usual = candidate("usual", asked=4096, measured=4096)
    assert contexts.of_use(AGENT, usual, [usual]) == (
        "; measured with 4,096 tokens of context where this use takes 65,536: run again with --context 64k"
    )


def test_a_comparison_of_results_with_unlike_contexts_says_so() -> None:
    long, short = candidate("long", right=70), candidate("short", asked=4096, measured=4096, right=20)
    found = choose(uses.OVERALL, [long, short])
    assert found is not None
    said = "; measured with 65,536 tokens of context and the rest with 4,096, which do not compare"
    assert why(found).endswith(said)
    alike = choose(uses.OVERALL, [long, msgspec.structs.replace(short, measured_tokens=65_536)])
    assert alike is not None
    assert "do not compare" not in why(alike)
