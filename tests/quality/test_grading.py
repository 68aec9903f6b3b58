import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers import KEYS, PIECES, draft, fuzzed
from ollama_speedrun.quality import sandbox
from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.extract import SHOWN_CHARS
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import Answer, Grade, NumberKey

NUMBER = draft(NumberKey("42"))


def graded(*contents: str) -> Grade:
    return grade(NUMBER, [Answer(content=content) for content in contents])


def test_the_last_answer_is_graded() -> None:
    assert graded("41", "42").score == 1.0
    assert graded("42", "41").score == 0.0
    assert graded().score == 0.0


def test_thinking_is_not_graded() -> None:
    assert graded("<think>41? 43?</think>42").strict == 1.0
    assert graded("<think>42</think>41").score == 0.0
    assert grade(NUMBER, [Answer(content="41", thinking="42")]).score == 0.0


@pytest.mark.parametrize("answer", [Answer(content="<think>42"), Answer(thinking="42", done_reason="length")])
def test_an_answer_that_never_came_is_truncated_and_worth_nothing(answer: Answer) -> None:
    result = grade(NUMBER, [answer])

    assert (result.status, result.score, result.strict) == ("truncated", 0.0, 0.0)


def test_a_loop_is_a_failure_with_a_name_beside_the_grade() -> None:
    looped = graded("The answer is 42.\n" + "The answer is 42.\n" * 10)

    assert (looped.score, looped.failure) == (1.0, "repeats")
    assert graded("42").failure is None


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Sandbox | None]:
    if not sandbox.available():
        yield None
        return
    with sandbox.Sandbox() as opened:
        yield opened


@pytest.mark.parametrize("kind", KEYS)
def test_every_grader_survives_a_thousand_mutated_answers(kind: str, box: sandbox.Sandbox | None) -> None:
    key, right = KEYS[kind]
    draw = Draw(f"fuzz/{kind}")
    statuses = set()
    for _ in range(1000):
        text = fuzzed(draw, right)
        result = grade(draft(key), [Answer(content=text)], box)
        statuses.add(result.status)

        assert result.score in (0.0, 1.0)
        assert result.strict <= result.score
        assert len(result.extracted) <= SHOWN_CHARS
        assert len(result.why) <= SHOWN_CHARS
        assert "\x1b" not in result.extracted + result.why
        assert "\n" not in result.extracted + result.why
    assert "graded" in statuses


@pytest.mark.parametrize("kind", KEYS)
@given(text=st.text(), done_reason=st.sampled_from([None, "stop", "length", "load"]))
def test_no_text_raises(kind: str, text: str, done_reason: str | None) -> None:
    result = grade(draft(KEYS[kind][0]), [Answer(content=text, done_reason=done_reason)])

    assert result.score in (0.0, 1.0)


@pytest.mark.parametrize("kind", KEYS)
def test_a_hundred_thousand_hostile_characters_take_moderate_time(kind: str) -> None:
    item = draft(KEYS[kind][0])
    for piece in PIECES:
        text = (piece * 100_000)[:100_000]
        started = time.process_time()
        grade(item, [Answer(content=text)])

        assert time.process_time() - started < 5.0, piece  # some 0.05 s; a quadratic step would take a minute
