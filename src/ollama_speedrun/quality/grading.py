"""From an item and a model's answers to a grade. Pure but for the sandbox that runs model-written code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, assert_never

import msgspec

from ..visit.observation import REPEATED
from .extract import content_of, ends_in_loop, shown
from .graders.abstain import grade_abstain
from .graders.choice import grade_choice
from .graders.code import grade_function, grade_regex
from .graders.constraints import grade_constraints
from .graders.exact import grade_exact
from .graders.json_value import grade_json
from .graders.number import grade_number
from .graders.sql import grade_sql
from .graders.text import grade_text
from .graders.tools import grade_tool, grade_world
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
    NumberKey,
    RegexKey,
    SqlKey,
    TextKey,
    ToolKey,
    WorldKey,
)

if TYPE_CHECKING:
    from .sandbox import Sandbox

TextualKey: TypeAlias = (
    NumberKey | TextKey | ChoiceKey | ExactKey | JsonKey | AbstainKey | ConstraintsKey | FunctionKey | SqlKey | RegexKey
)

REPEATS = "repeats"
"""The name of the failure of an answer that ended in a loop."""


def grade(item: Draft, answers: Sequence[Answer], sandbox: "Sandbox | None" = None) -> Grade:
    """Return what the answers to an item are worth: the last answer counts, but where a key reads the conversation.

    It never raises, whatever the answers hold. Without a sandbox, model-written code is ungradable. An answer that
    ended in a loop, by itself or by the server, has the failure `repeats` unless its grader names another one.
    """
    if not answers:
        return Grade(score=0.0, strict=0.0, extracted="", why="there is no answer")
    content = content_of(answers[-1])
    if content.truncated and not answers[-1].tool_calls:
        why = "the output limit was reached while thinking, before any answer"
        return Grade(score=0.0, strict=0.0, extracted="", why=why, status="truncated")
    match item.key:
        case ToolKey() as key:
            graded = grade_tool(key, item, answers)
        case WorldKey() as key:
            graded = grade_world(key, item, answers)
        case key:
            graded = _of_text(key, content.text, sandbox)
    graded = msgspec.structs.replace(graded, extracted=shown(graded.extracted), why=shown(graded.why))
    if graded.failure is None and (answers[-1].done_reason == REPEATED or ends_in_loop(content.text)):
        return msgspec.structs.replace(graded, failure=REPEATS)
    return graded


def _of_text(key: TextualKey, text: str, sandbox: "Sandbox | None") -> Grade:  # noqa: PLR0911 - one a kind
    """Return the grade of one text by the kind of its key."""
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
        case ConstraintsKey():
            return grade_constraints(key, text)
        case FunctionKey():
            return grade_function(key, text, sandbox)
        case RegexKey():
            return grade_regex(key, text, sandbox)
        case SqlKey():
            return grade_sql(key, text)
        case _:
            assert_never(key)
