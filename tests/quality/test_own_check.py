"""What a check of the user's own items tries, and what it reports."""

from pathlib import Path

import pytest

from ollama_speedrun.quality import sandbox
from ollama_speedrun.quality.bank_view import check_data, check_text
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.own_check import check_item
from ollama_speedrun.quality.own_items import load_items, parse_items

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "items.toml"


def check_of(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    (item,) = parse_items(f'[[item]]\narea = "mine"\n{text}', "mine.toml")
    checked = check_item(item, grade)
    return checked.failures, checked.remarks


def test_every_item_of_the_example_accepts_its_right_answer_and_refuses_wrong_ones() -> None:
    for item in load_items(EXAMPLE):
        checked = check_item(item, grade)

        assert (item.name, checked.failures) == (item.name, ())
        assert len(checked.samples) >= 2


@pytest.mark.skipif(not sandbox.available(), reason="the extra `code` (pydantic-monty) is not installed")
def test_code_of_the_example_is_tried_in_the_sandbox() -> None:
    with sandbox.Sandbox() as box:
        for item in load_items(EXAMPLE):
            checked = check_item(item, lambda draft, answers: grade(draft, answers, box))

            assert (item.name, checked.failures) == (item.name, ())
            assert all(sample.grade.status == "graded" for sample in checked.samples)


def test_without_the_sandbox_a_remark_says_that_code_was_not_graded() -> None:
    failures, remarks = check_of(
        'prompt = "A function"\ngrader = "function"\nname = "f"\ncases = [{arguments = [], returns = 1}]\n'
        'solution = "def f(): return 1"'
    )

    assert failures == ()
    assert remarks == ("cannot be graded here: code runs in the sandbox only, which comes with the extra code",)


def test_without_a_solution_a_remark_asks_for_one() -> None:
    assert check_of('prompt = "A sentence"\ngrader = "constraints"\nrules = [{kind = "word-count", high = 9}]') == (
        (),
        ("no right answer was tried; give one as solution", "the rules accept 'I do not know.', too"),
    )


def test_a_solution_that_breaks_the_rules_is_a_failure() -> None:
    failures, _ = check_of(
        'prompt = "Write"\ngrader = "constraints"\nrules = [{kind = "include-words", words = ["pump"]}]\n'
        'solution = "A hose."'
    )

    assert len(failures) == 1
    assert failures[0].startswith("a right answer is graded wrong: 'A hose.'")


def test_a_wrong_answer_that_is_accepted_is_a_failure() -> None:
    (item,) = parse_items('[[item]]\narea = "a"\nprompt = "How many?"\ngrader = "number"\nanswer = 1', "f")
    lenient = Grade(score=1.0, strict=1.0, extracted="", why="all is right")

    assert check_item(item, lambda *_: lenient).failures == (
        "a wrong answer is graded right: '' (all is right)",
        "a wrong answer is graded right: '2' (all is right)",
    )


def test_an_answer_that_stands_in_the_prompt_is_remarked() -> None:
    _, remarks = check_of('prompt = "Is it Oslo or Rome?"\ngrader = "text"\nanswer = "oslo"')

    assert remarks == ("the prompt holds the answer 'oslo': whoever repeats the prompt may be graded right",)


def test_the_view_shows_the_right_answer_the_samples_and_what_is_wrong() -> None:
    (item,) = parse_items(
        '[[item]]\narea = "mine"\nprompt = "How many?\\u001b[31m"\ngrader = "number"\nanswer = 12\ntolerance = 0.5', "f"
    )
    checked = check_item(item, grade)
    text, data = check_text(checked), check_data(checked)

    assert "\x1b" not in text
    assert "  12 ± 0.5\n" in text
    assert "  right  The answer is **12**." in text
    assert "  wrong  27/2" in text or "  wrong  13.5" in text
    assert data["right"] == ["12 ± 0.5"]
    assert [sample["score"] for sample in data["samples"]] == [1.0, 1.0, 0.0, 0.0]
