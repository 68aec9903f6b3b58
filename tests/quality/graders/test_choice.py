import pytest

from ollama_speedrun.quality.graders.choice import grade_choice
from ollama_speedrun.quality.items import ChoiceKey

YES = ChoiceKey(("yes", "no"), "yes")
MOOD = ChoiceKey(("positive", "negative", "neutral", "very positive"), "positive")
LETTER = ChoiceKey(("A", "B", "C", "D"), "A")
LABEL = ChoiceKey(("bug_report", "feature_request", "billing", "not enough information"), "bug_report")


@pytest.mark.parametrize(
    ("key", "text", "score", "strict"),
    [
        (YES, "yes", 1, 1),
        (YES, "Yes.", 1, 1),
        (YES, "YES", 1, 1),
        (YES, "**Yes**", 1, 0),
        (YES, "Yes, that follows.", 1, 0),
        (YES, "Yes. There is no doubt about that.", 1, 0),
        (YES, "The answer is yes.", 1, 0),
        (YES, "Answer: Yes", 1, 0),
        (YES, "\\boxed{yes}", 1, 0),
        (YES, "No cat is a dog, so it follows.\nAnswer: yes", 1, 0),
        (YES, "Yes\n\nBecause no premise speaks against it.", 1, 0),
        (YES, "```\nyes\n```", 1, 0),
        (YES, "<answer>yes</answer>", 1, 0),
        (YES, "no", 0, 0),
        (YES, "yes and no", 0, 0),
        (YES, "Yes. No.", 0, 0),
        (YES, "yes\nno", 0, 0),
        (YES, "Answer: yes\nAnswer: no", 0, 0),
        (YES, "Yes, wait, no.", 0, 0),
        (YES, "not yes", 0, 0),
        (YES, "yesterday", 0, 0),
        (YES, "", 0, 0),
        (YES, "maybe", 0, 0),
        (YES, "yes/no", 0, 0),
        (MOOD, "positive", 1, 1),
        (MOOD, "Positive.", 1, 1),
        (MOOD, "The sentiment is **positive**.", 1, 0),
        (MOOD, "Label: positive", 1, 0),
        (MOOD, "It is not negative but positive.", 1, 0),
        (MOOD, '"positive"', 1, 0),
        (MOOD, "`positive`", 1, 0),
        (MOOD, "very positive", 0, 0),
        (MOOD, "positive, negative, neutral", 0, 0),
        (MOOD, "It is positive, though some would call it neutral.", 0, 0),
        (MOOD, "not positive", 0, 0),
        (MOOD, "positively", 0, 0),
        (MOOD, "nonpositive", 0, 0),
        (LETTER, "A", 1, 1),
        (LETTER, "a", 1, 1),
        (LETTER, "A.", 1, 1),
        (LETTER, "(A)", 1, 0),
        (LETTER, "A) Paris", 1, 0),
        (LETTER, "**A**", 1, 0),
        (LETTER, "The answer is A.", 1, 0),
        (LETTER, "A. Paris is the capital.", 1, 0),
        (LETTER, "Option A", 1, 0),
        (LETTER, "B", 0, 0),
        (LETTER, "A, B", 0, 0),
        (LETTER, "A dog is an animal.", 0, 0),
        (LETTER, "A B C D", 0, 0),
        (LABEL, "bug_report", 1, 1),
        (LABEL, "Bug report", 1, 1),
        (LABEL, "bug-report", 1, 1),
        (LABEL, "The label is `bug_report`.", 1, 0),
        (LABEL, "**bug_report**", 1, 0),
        (LABEL, "This is a bug_report, not a feature_request.", 1, 0),
        (LABEL, "feature_request", 0, 0),
        (LABEL, "not enough information", 0, 0),
        (LABEL, "bug", 0, 0),
        (LABEL, "bug_report / billing", 0, 0),
    ],
)
def test_exactly_one_option_must_be_named(key: ChoiceKey, text: str, score: float, strict: float) -> None:
    grade = grade_choice(key, text)

    assert (grade.score, grade.strict) == (score, strict)


def test_an_option_that_begins_with_a_negation_can_be_named() -> None:
    key = ChoiceKey(("enough information", "not enough information"), "not enough information")

    assert grade_choice(key, "There is not enough information.").score == 1.0
    assert grade_choice(key, "There is enough information.").score == 0.0
