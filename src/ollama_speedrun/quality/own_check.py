"""What the graders of the user's own items accept, tried on a right answer of each and on a few wrong ones."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

import msgspec

from .graders.constraints import broken
from .items import (
    AbstainKey,
    Answer,
    ChoiceKey,
    ConstraintsKey,
    Draft,
    ExactKey,
    Grade,
    Item,
    JsonKey,
    NumberKey,
    TextKey,
    ToolCall,
    ToolKey,
)

_EVASIVE: Final = "I do not know."
Grader: TypeAlias = Callable[[Draft, Sequence[Answer]], Grade]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was tried, as text, if it should be right, and the grade that it got."""

    answer: str
    should_be_right: bool
    grade: Grade

    @property
    def as_expected(self) -> bool:
        """Tell if it was graded as it should be; an answer that could not be graded is neither right nor wrong."""
        return self.grade.status == "ungradable" or (self.grade.score >= 0.5) == self.should_be_right


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One item with its samples. `remarks` say what a person should look at; `failures` what is wrong."""

    item: Item
    samples: tuple[Sample, ...]
    remarks: tuple[str, ...]
    failures: tuple[str, ...]


def check_item(item: Item, grade: Grader) -> Checked:
    """Return what the item's grader makes of right and wrong answers."""
    samples = tuple(
        Sample(answer=shown(answer), should_be_right=right, grade=grade(item, (answer,)))
        for answer, right in (*((one, True) for one in _right(item)), *((one, False) for one in _wrong(item)))
    )
    failures = tuple(
        f"{'a right' if sample.should_be_right else 'a wrong'} answer is graded "
        f"{'wrong' if sample.should_be_right else 'right'}: {sample.answer!r} ({sample.grade.why})"
        for sample in samples
        if not sample.as_expected
    )
    return Checked(item=item, samples=samples, remarks=tuple(_remarks(item, samples)), failures=failures)


def shown(answer: Answer) -> str:
    """Return an answer as one text: its calls, or what it says."""
    calls = ", ".join(f"{call.name}({call.arguments})" for call in answer.tool_calls)
    return calls or answer.content


def _right(item: Item) -> Iterator[Answer]:
    yield from item.oracle
    if isinstance(item.key, NumberKey | TextKey | ChoiceKey):
        yield from (Answer(content=f"The answer is **{answer.content}**.") for answer in item.oracle)


def _wrong(item: Item) -> Iterator[Answer]:
    yield Answer()
    match item.key:
        case NumberKey() as key:
            yield Answer(content=_far_from(key))
        case TextKey() as key:
            yield from (Answer(content=text) for text in key.reject[:2])
            yield Answer(content=_EVASIVE)
        case ChoiceKey() as key:
            others = [option for option in key.options if option != key.answer]
            yield from (Answer(content=option) for option in others[:2])
            yield Answer(content=" or ".join(key.options))
        case ExactKey() as key:
            yield Answer(content=f"{key.text} and more")
        case JsonKey() as key:
            yield Answer(content=f'{{"value": {key.value}}}')
        case AbstainKey() as key:
            yield Answer(content=_EVASIVE if key.accept else "It is 42.")
        case ToolKey() as key if key.calls:
            first, rest = key.calls[0], key.calls[1:]
            extra = json.dumps({**json.loads(first.arguments), "an_extra_argument": 1})
            yield Answer(tool_calls=(ToolCall(first.name, extra), *rest))
            yield Answer(content=f"{first.name}({first.arguments})")
        case ToolKey():
            yield Answer(tool_calls=(ToolCall(item.tools[0].name, "{}"),))
        case ConstraintsKey():
            return  # rules alone cannot tell an evasive text from a good one
        case _:
            yield Answer(content=_EVASIVE)


def _far_from(key: NumberKey) -> str:
    """Return a number that lies beyond the tolerance."""
    value = Fraction(key.value) + Fraction(key.tolerance) + 1
    return str(value) if value.denominator == 1 else f"{float(value):.6f}"


def _remarks(item: Item, samples: Sequence[Sample]) -> Iterator[str]:
    if not item.oracle:
        yield "no right answer was tried; give one as solution"
    if any(sample.grade.status == "ungradable" for sample in samples):
        yield "cannot be graded here: code runs in the sandbox only, which comes with the extra code"
    if isinstance(item.key, ConstraintsKey) and not broken(item.key.constraints, _EVASIVE):
        yield f"the rules accept {_EVASIVE!r}, too"
    prompt = " ".join(message.content for message in item.messages)
    for answer in _answers_in_words(item):
        if re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", prompt, re.IGNORECASE):
            yield f"the prompt holds the answer {answer[:40]!r}: whoever repeats the prompt may be graded right"
            return


def _answers_in_words(item: Item) -> tuple[str, ...]:
    match item.key:
        case NumberKey() as key:
            return (key.value,)
        case TextKey() as key:
            return key.accept
        case ExactKey() as key:
            return (key.text,)
        case _:
            return ()
