"""From an item and a model's answers to a grade. Pure but for the sandbox that runs model-written code."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from .extract import content_of, ends_in_loop, shown
from .graders.abstain import grade_abstain
from .graders.choice import grade_choice
from .graders.exact import grade_exact
from .graders.json_value import grade_json
from .graders.number import grade_number
from .graders.text import grade_text
from .items import (
    AbstainKey,
    Answer,
    ChoiceKey,
    ConstraintsKey,
    Draft,
    ExactKey,
    FunctionKey,
    Grade,
    JsonKey,
    Key,
    NumberKey,
    RegexKey,
    SqlKey,
    TextKey,
    ToolKey,
    WorldKey,
)

REPEATS = "repeats"
"""The name of the failure of an answer that ended in a loop."""


def grade(item: Draft, answers: Sequence[Answer]) -> Grade:
    """Return what the answers to an item are worth: the last answer counts, but where a key reads the conversation.

    It never raises, whatever the answers hold. An answer that ended in a loop has the failure `repeats` unless its
    grader names another one.
    """
    if not answers:
        return Grade(score=0.0, strict=0.0, extracted="", why="there is no answer")
    content = content_of(answers[-1])
    if content.truncated:
        why = "the output limit was reached while thinking, before any answer"
        return Grade(score=0.0, strict=0.0, extracted="", why=why, status="truncated")
    graded = _by_kind(item.key, content.text)
    graded = msgspec.structs.replace(graded, extracted=shown(graded.extracted), why=shown(graded.why))
    if graded.failure is None and ends_in_loop(content.text):
        return msgspec.structs.replace(graded, failure=REPEATS)
    return graded


def _by_kind(key: Key, text: str) -> Grade:  # noqa: PLR0911 - one for each kind
    match key:
        case NumberKey():
            return grade_number(key, text)
        case TextKey():
            return grade_text(key, text)
        case ChoiceKey():
            return grade_choice(key, text)
        case ExactKey():
            return grade_exact(key, text)
        case JsonKey():
            return grade_json(key, text)
        case AbstainKey():
            return grade_abstain(key, text)
        case ConstraintsKey() | FunctionKey() | SqlKey() | RegexKey() | ToolKey() | WorldKey():
            return Grade(score=0.0, strict=0.0, extracted="", why="this kind has no grader", status="ungradable")
        case _:
            assert_never(key)
