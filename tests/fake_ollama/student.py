"""A scripted model that knows the item bank and answers right as often as its true abilities say.

Whether it gets an item right is drawn once from its key and the item's name: it answers alike on every host and in
every run, and `truth` can say beforehand how good it is.
"""

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ollama_speedrun.demo.engine import JsonObject, Message
from ollama_speedrun.quality import bank
from ollama_speedrun.quality.bank import Selection
from ollama_speedrun.quality.items import Answer, Item, ToolCall
from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.scale import LEVEL_STEP

if TYPE_CHECKING:
    from fake_ollama.script import Student

SEED = 5
"""The seed that students know unless they are told of another one."""
_Conversation: TypeAlias = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]
"""The role and content of each message, and the names of the tools on offer."""
WRONG = "Zebra quartz"


@dataclass(frozen=True, slots=True)
class Exam:
    """The items of one seed, found by the messages that ask them and the tools on offer, which tell twins apart."""

    items: Mapping[_Conversation, Item]
    lengths: frozenset[int]

    def find(self, messages: Sequence[Message], tools: Sequence[JsonObject] = ()) -> tuple[Item, int] | None:
        """Return the item that a conversation began with, and how many answers of the model it already holds."""
        said = tuple((message.role, message.content) for message in messages)
        names = tuple(_name(tool) for tool in tools)
        for length in self.lengths:
            if (item := self.items.get((said[:length], names))) is not None:
                return item, sum(role == "assistant" for role, _ in said[length:])
        return None


@functools.cache
def exam(seed: int, areas: tuple[str, ...] = ()) -> Exam:
    """Return all items that a run with this seed, and of these areas alone, can ask, pilots included."""
    selection = Selection(areas=frozenset(areas) or None)
    items = {
        _conversation(item): item
        for kind in Mix
        for pilot in (False, True)
        for item in bank.mix(kind, seed, selection, pilot=pilot)
    }
    return Exam(items, frozenset(len(messages) for messages, _ in items))


def _conversation(item: Item) -> _Conversation:
    return tuple((str(turn.role), turn.content) for turn in item.messages), tuple(tool.name for tool in item.tools)


def _name(tool: JsonObject) -> str:
    function = tool.get("function")
    return str(function.get("name")) if isinstance(function, dict) else ""


def knows(student: "Student", item: Item) -> bool:
    """Tell if the student gets an item right."""
    ability = student.abilities.get(str(item.area), student.ability)
    probability = 1 / (1 + math.exp(-(ability - LEVEL_STEP * (item.level - 3))))
    probability = item.chance + (1 - item.chance) * probability
    drawn = hashlib.sha256(f"{student.key}/{item.name}".encode()).digest()
    return int.from_bytes(drawn[:4], "big") < probability * 2**32


def truth(student: "Student", items: Sequence[Item]) -> float:
    """Return the share of items that the student gets right."""
    return sum(knows(student, item) for item in items) / len(items)


def reply(student: "Student", messages: Sequence[Message], tools: Sequence[JsonObject] = ()) -> Answer | None:
    """Return the student's answer to a conversation; None where it is no item of the exam."""
    found = exam(student.seed, student.areas).find(messages, tools)
    if found is None:
        return None
    item, turn = found
    if knows(student, item) and turn < len(item.oracle):
        return item.oracle[turn]
    needless = [ToolCall(item.tools[0].name, "{}")] if item.tools and not item.oracle[0].tool_calls and not turn else []
    return Answer(content=WRONG, tool_calls=tuple(needless))
