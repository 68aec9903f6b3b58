"""What a model is asked and how its answer is graded, as values. The graders themselves are in `grading`."""

import enum
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import msgspec

from .draw import Draw

LEVELS = (1, 2, 3, 4, 5)


class Area(enum.StrEnum):
    """What an item tests; the order is the order of display."""

    REASONING = "reasoning"
    CODE = "code"
    WRITING = "writing"
    FACTS = "facts"
    LANGUAGES = "languages"
    CONTEXT = "context"
    TASKS = "tasks"
    HONESTY = "honesty"
    TOOLS = "tools"
    VISION = "vision"


class Need(enum.StrEnum):
    """What an item needs beyond a chat: of the model (tools, vision), or of this installation (sandbox)."""

    TOOLS = "tools"
    VISION = "vision"
    SANDBOX = "sandbox"


class ToolCall(msgspec.Struct, frozen=True):
    """A call that a model made or should make; `arguments` is a JSON object as text, keys sorted."""

    name: str
    arguments: str


class Tool(msgspec.Struct, frozen=True):
    """A function that a model may call; `parameters` is its JSON Schema as text."""

    name: str
    description: str
    parameters: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation; `images` are PNG files in base64."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    images: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a model answered to the messages so far: untrusted text, bounded by who read it."""

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    done_reason: str | None = "stop"


class NumberKey(msgspec.Struct, frozen=True, tag="number"):
    """Right is this number, written as a decimal; a decimal fraction may differ by `tolerance`."""

    value: str
    tolerance: str = "0"


class TextKey(msgspec.Struct, frozen=True, tag="text"):
    """Right is any of `accept` as whole words; an answer that names one of `reject` as well is wrong."""

    accept: tuple[str, ...]
    reject: tuple[str, ...] = ()


class ChoiceKey(msgspec.Struct, frozen=True, tag="choice"):
    """Right is `answer`, one of `options`, and no other of them."""

    options: tuple[str, ...]
    answer: str


class ExactKey(msgspec.Struct, frozen=True, tag="exact"):
    """Right is this text, apart from a fence, quotes and blanks around it."""

    text: str


class JsonKey(msgspec.Struct, frozen=True, tag="json"):
    """Right is this JSON value (as text): the same keys, values of the same type and equal."""

    value: str


class AbstainKey(msgspec.Struct, frozen=True, tag="abstain"):
    """Where `accept` is empty, right is to say that it cannot be known; else right is one of `accept`."""

    accept: tuple[str, ...]


class Constraint(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on a text; `kind` names it, the other fields are its operands. `graders.constraints` has the rules."""

    kind: str
    words: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    text: str = ""


class ConstraintsKey(msgspec.Struct, frozen=True, tag="constraints"):
    """Right is a text that obeys every rule."""

    constraints: tuple[Constraint, ...]


class FunctionKey(msgspec.Struct, frozen=True, tag="function"):
    """Right is Python code whose function `name` returns the expected value for each case, run in the sandbox.

    A case is a pair of JSON texts: the list of arguments and the value to return.
    """

    name: str
    cases: tuple[tuple[str, str], ...]


class SqlKey(msgspec.Struct, frozen=True, tag="sql"):
    """Right is one SELECT that gives what `reference` gives on each database; `ordered` says that order counts."""

    databases: tuple[str, ...]
    reference: str
    ordered: bool = False


class RegexKey(msgspec.Struct, frozen=True, tag="regex"):
    """Right is a regular expression that matches every text of `match` in full and none of `reject`."""

    match: tuple[str, ...]
    reject: tuple[str, ...]


class ToolKey(msgspec.Struct, frozen=True, tag="tool"):
    """Right are exactly these calls in one answer, in any order; none at all where `calls` is empty."""

    calls: tuple[ToolCall, ...]


class WorldKey(msgspec.Struct, frozen=True, tag="world"):
    """Right is a conversation that brings the simulated `world` from `state` to a state that satisfies `goal`.

    Both are JSON texts that the world reads; `most_turns` bounds the conversation. An empty `goal` means that no call
    is needed: right is then an answer in `accept` without any call.
    """

    world: str
    state: str
    goal: str
    most_turns: int
    accept: tuple[str, ...] = ()


Key: TypeAlias = (
    NumberKey
    | TextKey
    | ChoiceKey
    | ExactKey
    | JsonKey
    | AbstainKey
    | ConstraintsKey
    | FunctionKey
    | SqlKey
    | RegexKey
    | ToolKey
    | WorldKey
)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a family makes: the messages, the key, and the answers of an oracle, one for each of its turns.

    `chance` is the probability that an answer at random is right. `max_tokens` bounds one answer of a model that does
    not think. `language` is the code of the language that the item tests (ISO 639-1), None where it tests none.
    """

    messages: tuple[Message, ...]
    key: Key
    oracle: tuple[Answer, ...]
    max_tokens: int
    chance: float = 0.0
    tools: tuple[Tool, ...] = ()
    needs: frozenset[Need] = frozenset()
    language: str | None = None


class Item(Draft, frozen=True, kw_only=True):
    """A draft with its place in the bank.

    `area` is an `Area`, or the name that the user's own item gives. `weight` scales the item among its family (own
    items may differ from 1). `twin` tells the two of a pair apart; None where the family is not paired.
    """

    area: str
    family: str
    level: int
    seed: int
    weight: float = 1.0
    twin: bool | None = None

    @property
    def most_tokens(self) -> int:
        """The most output tokens of a model that does not think, in all turns together."""
        return self.max_tokens * (self.key.most_turns if isinstance(self.key, WorldKey) else 1)

    @property
    def name(self) -> str:
        """The item's name, unique in a bank: area/family/level/seed."""
        return f"{self.area}/{self.family}/{self.level}/{self.seed}"


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of task: `generate` makes a draft of a level (1 to 5) from random draws.

    Two drafts of a `paired` family with seeds 2n and 2n+1 belong together (answerable and not): `generate` gets the
    same draws for both and `twin` tells which one to make. `weight` is the family's share within its area.
    """

    area: Area
    name: str
    generate: Callable[[Draw, int, bool], Draft]
    paired: bool = False
    weight: float = 1.0
    needs: frozenset[Need] = frozenset()


UNANSWERED: Final = "no-answer"
"""The failure of an item that the server gave no answer to."""


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer is worth: `score` for the ability (lenient), `strict` where the format must be right, too; 0 or 1.

    `status` is "graded", "truncated" (the output limit or unclosed thinking left no answer: a fail, counted apart) or
    "ungradable" (the sandbox lacks a feature that correct code may use: to be replaced). `extracted` is what was taken
    for the answer, bounded; `why` one sentence for a person; `failure` names a known kind of failure.
    """

    score: float
    strict: float
    extracted: str
    why: str
    status: Literal["graded", "truncated", "ungradable"] = "graded"
    failure: str | None = None
