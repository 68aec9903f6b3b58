"""Tool calls: one answer with exact calls, or a conversation with a simulated world.

A conversation is judged on four axes. The ability (lenient) is to reach the goal and to stop; strict asks for all four.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ..calls import MOST_CALLS, arguments_of, in_prose, same
from ..extract import content_of
from ..items import Answer, Draft, Grade, NumberKey, ToolCall, ToolKey, WorldKey
from ..worlds import replay
from ..worlds.engine import Step
from .number import grade_number

INVENTED_TOOL: Final = "invented-tool"
WRONG_ARGUMENT: Final = "wrong-argument"
IGNORED_RESULT: Final = "ignored-result"
NEVER_STOPS: Final = "never-stops"
IN_PROSE: Final = "answered-in-prose"
EMPTY_CALL: Final = "empty-call"
NEEDLESS_CALL: Final = "needless-call"
WRONG_TOOL: Final = "wrong-tool"


class Axes(msgspec.Struct, frozen=True, kw_only=True):
    """The four axes of a conversation with a world, and the first failure that has a name.

    `well_formed`: every call names a function of the world and has its parameters. `right`: the goal is reached, and
    nothing else is changed. `uses_results`: no argument is made up, and no answered call is made again in vain.
    `stops`: the conversation ends with an answer without a call, within its turns.
    """

    well_formed: bool
    right: bool
    uses_results: bool
    stops: bool
    failure: str | None


def grade_tool(key: ToolKey, item: Draft, answers: Sequence[Answer]) -> Grade:
    """Grade whether the last answer makes the calls of the key and no others.

    Where the key has none, right is an answer that makes none and says something, free of call syntax.
    """
    answer = answers[-1] if answers else Answer()
    said = _shown(answer)
    if not key.calls:
        return _grade_no_call(item, answer)
    if not answer.tool_calls:
        return _wrong(said, "no function was called", IN_PROSE if content_of(answer).text else EMPTY_CALL)
    strict, lenient = (_matches(answer.tool_calls, key.calls, exact=exact) for exact in (True, False))
    if lenient:
        return Grade(score=1.0, strict=float(strict), extracted=said, why="the calls are the right ones, and no others")
    return _wrong(said, *_why_not(answer.tool_calls, key.calls, item))


def grade_world(key: WorldKey, item: Draft, answers: Sequence[Answer]) -> Grade:
    """Grade whether the goal is reached and the conversation stops.

    Where no call is needed, right is an accepted answer without any.
    """
    if not key.goal:
        return _grade_needless(key, item, answers)
    axes = judge(key, item, answers)
    said = " → ".join(_shown(answer) for answer in answers[: key.most_turns])
    met = (axes.well_formed, axes.right, axes.uses_results, axes.stops)
    names = ("well-formed calls", "right calls", "uses results", "stops")
    why = ", ".join(f"{name}: {'yes' if one else 'no'}" for name, one in zip(names, met, strict=True))
    score = float(axes.right and axes.stops)
    return Grade(score=score, strict=float(all(met)), extracted=said, why=why, failure=axes.failure)


def judge(key: WorldKey, item: Draft, answers: Sequence[Answer]) -> Axes:
    """Return how a conversation with a world that has a goal does on each axis."""
    turns = replay.steps_of(key, answers)
    steps = [step for turn in turns for step in turn]
    stops = bool(answers) and not answers[min(len(answers), key.most_turns) - 1].tool_calls
    crowded = any(len(answer.tool_calls) > MOST_CALLS for answer in answers)
    made_up, in_vain = _made_up(item, turns), _in_vain(steps)
    right = replay.reached(key, turns)
    problems = [step.problem for step in steps if step.problem is not None]
    final = content_of(answers[-1]).text if answers else ""
    found = (
        (not steps, IN_PROSE if final.strip() else EMPTY_CALL),
        (bool(problems), problems[0] if problems else None),
        (not stops or crowded, NEVER_STOPS),
        (in_prose(final, item.tools), IN_PROSE),
        (made_up, WRONG_ARGUMENT),
        (in_vain, IGNORED_RESULT),
        (not right, WRONG_ARGUMENT if any(step.changed for step in steps) else IGNORED_RESULT),
    )
    return Axes(
        well_formed=bool(steps) and not problems and not crowded,
        right=right,
        uses_results=bool(steps) and not made_up and not in_vain,
        stops=stops,
        failure=next((name for holds, name in found if holds), None),
    )


def _grade_no_call(item: Draft, answer: Answer) -> Grade:
    said = _shown(answer)
    if answer.tool_calls:
        known = {tool.name for tool in item.tools}
        invented = any(call.name not in known for call in answer.tool_calls)
        return _wrong(said, "a function was called, but none fits", INVENTED_TOOL if invented else NEEDLESS_CALL)
    text = content_of(answer).text
    if in_prose(text, item.tools):
        return _wrong(said, "the text holds a call, but no function fits", IN_PROSE)
    if not text:
        return _wrong(said, "the answer is empty", EMPTY_CALL)
    return Grade(score=1.0, strict=1.0, extracted=said, why="no function fits, and none was called")


def _grade_needless(key: WorldKey, item: Draft, answers: Sequence[Answer]) -> Grade:
    said = " → ".join(_shown(answer) for answer in answers[: key.most_turns])
    if any(answer.tool_calls for answer in answers):
        return _wrong(said, "a function was called, but the question needs none", NEEDLESS_CALL)
    text = content_of(answers[0]).text if answers else ""
    if in_prose(text, item.tools):
        return _wrong(said, "the text holds a call, but the question needs none", IN_PROSE)
    return max((grade_number(NumberKey(value), text) for value in key.accept), key=lambda grade: grade.score)


def _matches(found: Sequence[ToolCall], wanted: Sequence[ToolCall], *, exact: bool) -> bool:
    """Tell if the calls are the wanted ones in some order."""
    if len(found) != len(wanted):
        return False
    left = list(wanted)
    for call in found:
        arguments = arguments_of(call)
        for place, candidate in enumerate(left):
            if call.name == candidate.name and same(arguments, arguments_of(candidate), exact=exact):
                del left[place]
                break
    return not left


def _why_not(found: Sequence[ToolCall], wanted: Sequence[ToolCall], item: Draft) -> tuple[str, str]:
    known, right = {tool.name for tool in item.tools}, {call.name for call in wanted}
    for call in found[:MOST_CALLS]:
        if not call.name.strip() or (not arguments_of(call) and call.name in right):
            return "a call has no name or no arguments", EMPTY_CALL
        if call.name not in known:
            return "a function was called that is not on offer", INVENTED_TOOL
        if call.name not in right:
            return "a function was called that does not do what was asked", WRONG_TOOL
    if {call.name for call in found} != right or len(found) != len(wanted):
        return f"{len(found)} calls were made where {len(wanted)} are right", WRONG_TOOL
    return "the arguments are not the right ones", WRONG_ARGUMENT


def _made_up(item: Draft, turns: Sequence[Sequence[Step]]) -> bool:
    """Tell if an argument stood neither in the conversation nor in a result of an earlier answer."""
    known = _words(" ".join(message.content for message in item.messages))
    for turn in turns:
        for step in turn:
            for value in (arguments_of(step.call) or {}).values():
                if isinstance(value, str | int) and not _words(str(value)[:200]) <= known:
                    return True
        known |= _words(" ".join(step.result for step in turn))
    return False


def _in_vain(steps: Sequence[Step]) -> bool:
    """Tell if a call was made again before anything changed that could change its result."""
    made: set[tuple[str, str]] = set()
    for step in steps:
        call = (step.call.name, step.call.arguments)
        if call in made:
            return True
        made = set() if step.changed else made | {call}
    return False


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text.casefold()))


def _shown(answer: Answer) -> str:
    calls = [f"{call.name[:60]}({call.arguments[:120]})" for call in answer.tool_calls[:MOST_CALLS]]
    return ", ".join(calls) or answer.content[:200]


def _wrong(extracted: str, why: str, failure: str) -> Grade:
    return Grade(score=0.0, strict=0.0, extracted=extracted, why=why, failure=failure)
