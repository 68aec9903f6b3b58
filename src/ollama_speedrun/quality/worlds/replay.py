"""What became of a world in a conversation: the calls carried out again from its first state. Pure and bounded."""

from collections.abc import Sequence

import msgspec

from ..calls import LONGEST_ARGUMENTS, LONGEST_NAME, MOST_CALLS, arguments_of
from ..items import Answer, Message, ToolCall, WorldKey
from .catalogue import WORLDS
from .engine import Step, Tables, carry_out

_LONGEST_CONTENT = 4000


def first_tables(key: WorldKey) -> Tables:
    """Return the tables before the first call."""
    return msgspec.json.decode(key.state, type=dict[str, list[dict[str, str | int]]])


def steps_of(key: WorldKey, answers: Sequence[Answer]) -> tuple[tuple[Step, ...], ...]:
    """Return, for each answer, the calls that it made as they were carried out; bounded by the key and `MOST_CALLS`."""
    world, tables = WORLDS[key.world], first_tables(key)
    turns = []
    for answer in answers[: key.most_turns]:
        steps: list[Step] = []
        for call in answer.tool_calls[:MOST_CALLS]:
            steps.append(carry_out(world, tables, call))
            tables = steps[-1].tables
        turns.append(tuple(steps))
    return tuple(turns)


def reached(key: WorldKey, turns: Sequence[Sequence[Step]]) -> bool:
    """Tell if the tables are now as the goal wants them, nothing else changed."""
    last = next((steps[-1].tables for steps in reversed(turns) if steps), first_tables(key))
    return last == msgspec.json.decode(key.goal) if key.goal else False


def turns(key: WorldKey, answers: Sequence[Answer]) -> tuple[Message, ...]:
    """Return the messages that follow the item's own: each answer with its calls, and what each call returned."""
    messages: list[Message] = []
    for answer, steps in zip(answers, steps_of(key, answers), strict=False):
        calls = tuple(_sendable(step.call) for step in steps)
        messages.append(Message(role="assistant", content=answer.content[:_LONGEST_CONTENT], tool_calls=calls))
        messages.extend(
            Message(role="tool", content=step.result, tool_name=call.name)
            for call, step in zip(calls, steps, strict=True)
        )
    return tuple(messages)


def _sendable(call: ToolCall) -> ToolCall:
    """Return a call as a server takes it back: arguments that are no JSON object become an empty one."""
    sane = len(call.arguments) <= LONGEST_ARGUMENTS and arguments_of(call) is not None
    return ToolCall(call.name[:LONGEST_NAME], call.arguments if sane else "{}")
