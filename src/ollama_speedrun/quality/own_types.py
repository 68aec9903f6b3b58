"""What a file of the user's own items may hold: one struct for each grader, and the key that it makes. Pure."""

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from .graders.constraints import problem
from .items import (
    AbstainKey,
    ChoiceKey,
    Constraint,
    ConstraintsKey,
    ExactKey,
    FunctionKey,
    JsonKey,
    Key,
    NumberKey,
    RegexKey,
    SqlKey,
    TextKey,
    Tool,
    ToolCall,
    ToolKey,
)

MOST_PROMPT_CHARACTERS: Final = 12_000
"""What fits a context of 4,096 tokens together with the answer, in most languages."""
_LARGEST_EXPONENT: Final = 60

_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
_Texts: TypeAlias = Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1, max_length=100)]
_Long: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_PROMPT_CHARACTERS)]
_Area: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^\w[\w .+-]*\Z")]
_ToolName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][\w.-]{0,63}\Z")]
_Figure: TypeAlias = int | float | Annotated[str, msgspec.Meta(max_length=100)]


class FieldError(Exception):
    """What is wrong with a field of an item; who reads the file knows of which item."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: an unknown key is an error, since it is a misspelt one."""


class OwnMessage(Table, frozen=True, kw_only=True):
    """One message of a conversation; the last one is the user's."""

    role: Literal["system", "user", "assistant"]
    content: _Long


class OwnTool(Table, frozen=True, kw_only=True):
    """A function on offer; `parameters` is its JSON Schema."""

    name: _ToolName
    description: _Text
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})


class OwnCall(Table, frozen=True, kw_only=True):
    """A call that is right."""

    name: _ToolName
    arguments: dict[str, Any] = {}


class OwnRule(Table, frozen=True, kw_only=True):
    """One rule on a text, with its operands."""

    kind: str
    words: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=100)] = ()
    low: int | None = None
    high: int | None = None
    text: str = ""


class OwnCase(Table, frozen=True, kw_only=True):
    """Arguments of a function, and the value that it returns for them."""

    arguments: Annotated[tuple[Any, ...], msgspec.Meta(max_length=20)]
    returns: Any


class Asked(Table, frozen=True, kw_only=True, tag_field="grader"):
    """What every item may have; `solution` is a right answer, for graders whose key does not hold one."""

    area: _Area
    prompt: _Long | None = None
    messages: Annotated[tuple[OwnMessage, ...], msgspec.Meta(min_length=1, max_length=50)] | None = None
    weight: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 1.0
    level: Annotated[int, msgspec.Meta(ge=1, le=5)] = 3
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=4096)] | None = None
    solution: _Long | None = None


class Number(Asked, frozen=True, kw_only=True, tag="number"):
    """Graded as a number; texts hold decimals exactly."""

    answer: _Figure
    tolerance: _Figure = 0

    def key(self) -> Key:
        """Return the key; FieldError for what is no finite number."""
        return NumberKey(_decimal("answer", self.answer), _decimal("tolerance", self.tolerance))


class Words(Asked, frozen=True, kw_only=True, tag="text"):
    """Graded by whole words."""

    answer: _Text | _Texts
    reject: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=100)] = ()

    def key(self) -> Key:
        """Return the key."""
        return TextKey(_several(self.answer), self.reject)


class Choice(Asked, frozen=True, kw_only=True, tag="choice"):
    """Graded as one of several options."""

    options: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=2, max_length=100)]
    answer: _Text

    def key(self) -> Key:
        """Return the key; FieldError for an answer that is no option, or an option that stands twice."""
        if self.answer not in self.options:
            raise FieldError("answer", "is none of the options")
        if len({option.casefold() for option in self.options}) < len(self.options):
            raise FieldError("options", "names one twice")
        return ChoiceKey(self.options, self.answer)


class Exact(Asked, frozen=True, kw_only=True, tag="exact"):
    """Graded as a text that must be equal."""

    answer: _Text

    def key(self) -> Key:
        """Return the key."""
        return ExactKey(self.answer)


class Json(Asked, frozen=True, kw_only=True, tag="json"):
    """Graded as a JSON value; a TOML string holds JSON itself, as for null, which TOML lacks."""

    answer: Any

    def key(self) -> Key:
        """Return the key; FieldError for what is no JSON."""
        if not isinstance(self.answer, str):
            return JsonKey(as_json("answer", self.answer))
        try:
            return JsonKey(as_json("answer", json.loads(self.answer)))
        except (ValueError, RecursionError) as error:
            raise FieldError("answer", f"a string must hold JSON: {error}") from error


class Abstain(Asked, frozen=True, kw_only=True, tag="abstain"):
    """Graded as saying that it cannot be known; with an answer, as giving it."""

    answer: _Text | Annotated[tuple[_Text, ...], msgspec.Meta(max_length=100)] = ()

    def key(self) -> Key:
        """Return the key."""
        return AbstainKey(_several(self.answer))


class Constraints(Asked, frozen=True, kw_only=True, tag="constraints"):
    """Graded by rules on the text, all of which must hold."""

    rules: Annotated[tuple[OwnRule, ...], msgspec.Meta(min_length=1, max_length=20)]

    def key(self) -> Key:
        """Return the key; FieldError for a rule that does not exist or lacks an operand."""
        rules = [Constraint(**{name: getattr(rule, name) for name in rule.__struct_fields__}) for rule in self.rules]
        for rule in rules:
            if wrong := problem(rule):
                raise FieldError("rules", wrong)
        return ConstraintsKey(tuple(rules))


class Function(Asked, frozen=True, kw_only=True, tag="function"):
    """Graded by running the function in the sandbox."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_]\w{0,63}\Z")]
    cases: Annotated[tuple[OwnCase, ...], msgspec.Meta(min_length=1, max_length=100)]

    def key(self) -> Key:
        """Return the key; FieldError for values that are no JSON."""
        return FunctionKey(
            self.name,
            tuple((as_json("cases", list(case.arguments)), as_json("cases", case.returns)) for case in self.cases),
        )


class Sql(Asked, frozen=True, kw_only=True, tag="sql"):
    """Graded by what the query gives on each database, against what `answer` gives."""

    databases: Annotated[tuple[_Long, ...], msgspec.Meta(min_length=1, max_length=10)]
    answer: _Text
    ordered: bool = False

    def key(self) -> Key:
        """Return the key."""
        return SqlKey(self.databases, self.answer, self.ordered)


class Regex(Asked, frozen=True, kw_only=True, tag="regex"):
    """Graded by what a regular expression matches in full."""

    match: _Texts
    reject: _Texts

    def key(self) -> Key:
        """Return the key; FieldError for a text that stands on both sides."""
        if both := set(self.match) & set(self.reject):
            raise FieldError("reject", f"{short(min(both))} is in match, too")
        return RegexKey(self.match, self.reject)


class Tools(Asked, frozen=True, kw_only=True, tag="tool"):
    """Graded by the calls of one answer; without `calls`, right is to call none."""

    tools: Annotated[tuple[OwnTool, ...], msgspec.Meta(min_length=1, max_length=32)]
    calls: Annotated[tuple[OwnCall, ...], msgspec.Meta(max_length=8)] = ()

    def key(self) -> Key:
        """Return the key; FieldError for a call of a tool that is not offered."""
        for call in self.calls:
            if call.name not in {tool.name for tool in self.tools}:
                raise FieldError("calls", f"{call.name} is none of the tools")
        return ToolKey(tuple(ToolCall(call.name, as_json("calls", call.arguments)) for call in self.calls))

    def offered(self) -> tuple[Tool, ...]:
        """Return the tools; FieldError for two of one name."""
        if len({tool.name for tool in self.tools}) < len(self.tools):
            raise FieldError("tools", "names one twice")
        return tuple(Tool(each.name, each.description, as_json("tools", each.parameters)) for each in self.tools)


OwnItem: TypeAlias = Number | Words | Choice | Exact | Json | Abstain | Constraints | Function | Sql | Regex | Tools
GRADERS: Final = (
    "number",
    "text",
    "choice",
    "exact",
    "json",
    "abstain",
    "constraints",
    "function",
    "sql",
    "regex",
    "tool",
)


def _several(answer: str | Sequence[str]) -> tuple[str, ...]:
    return (answer,) if isinstance(answer, str) else tuple(answer)


def _decimal(field: str, value: float | str) -> str:
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError) as error:
        raise FieldError(field, f"{short(value)} is no number") from error
    if not number.is_finite() or (field == "tolerance" and number < 0) or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise FieldError(field, f"{short(value)} is no number that can be compared")
    return format(number, "f")


def as_json(field: str, value: object) -> str:
    """Return a value of the file as JSON; FieldError for dates, nan, inf, and what is too long."""
    try:
        text = json.dumps(value, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise FieldError(field, f"cannot be written as JSON: {error}") from error
    if len(text) > MOST_PROMPT_CHARACTERS:
        raise FieldError(field, f"longer than {MOST_PROMPT_CHARACTERS} characters as JSON")
    return text


def short(value: object) -> str:
    """Return a value for an error: on one line, printable, at most 60 characters."""
    text = "".join(char for char in str(value)[:200] if char.isprintable())
    return text if len(text) <= 60 else f"{text[:59]}…"
