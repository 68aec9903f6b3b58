"""The user's own items, out of a TOML file (docs/items.md): checked field by field, bounded, never executed here."""

import re
import tomllib
from pathlib import Path
from typing import Final, assert_never

import msgspec

from ..errors import ItemsFileError
from .items import (
    AbstainKey,
    Answer,
    ChoiceKey,
    ConstraintsKey,
    ExactKey,
    FunctionKey,
    Item,
    JsonKey,
    Key,
    Message,
    Need,
    NumberKey,
    RegexKey,
    SqlKey,
    TextKey,
    ToolKey,
    WorldKey,
)
from .own_types import GRADERS, MOST_PROMPT_CHARACTERS, Asked, FieldError, OwnItem, Tools, short
from .toml_lines import item_lines

FAMILY: Final = "own"
LARGEST_FILE_BYTES: Final = 4 * 2**20
MOST_ITEMS: Final = 2000
_MAX_TOKENS: Final = {"function": 320, "sql": 200, "json": 320, "constraints": 200, "tool": 160}
_OTHER_MAX_TOKENS: Final = 64


def load_items(path: Path) -> tuple[Item, ...]:
    """Return the items of a file. ItemsFileError names the file, the line and the field of the first fault."""
    return parse_items(_read(path), str(path))


def parse_items(text: str, where: str) -> tuple[Item, ...]:
    """Return the items of a file's text; `where` names the file in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        place = f"{where}:{line[1]}" if line else where
        raise ItemsFileError(f"{place}: this is not TOML: {error}") from error
    except (RecursionError, ValueError) as error:
        raise ItemsFileError(f"{where}: this is not TOML that can be read: {error}") from error
    lines = item_lines(text)
    for key in document:
        if key != "item":
            raise ItemsFileError(f"{where}:{lines.of_top_level(key)}: {short(key)}: unknown; items are [[item]] tables")
    tables = document.get("item", [])
    if not isinstance(tables, list) or not tables:
        raise ItemsFileError(f"{where}: no items; each begins with a line [[item]] (docs/items.md has examples)")
    if len(tables) > MOST_ITEMS:
        raise ItemsFileError(f"{where}: {len(tables)} items, but at most {MOST_ITEMS} are allowed")
    items = []
    for number, table in enumerate(tables, start=1):
        try:
            items.append(_item(table, number))
        except FieldError as error:
            place = f"{where}:{lines.of_field(number, error.field)}"
            raise ItemsFileError(f"{place}: item {number}, {error.field}: {error.problem}") from error
    return tuple(items)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ItemsFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST_FILE_BYTES:
        raise ItemsFileError(f"{path}: larger than {LARGEST_FILE_BYTES // 2**20} MiB; split it into several files")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ItemsFileError(f"{path}:{line}: not UTF-8; save the file in this encoding") from error


def _item(table: object, number: int) -> Item:
    asked = _decoded(table)
    key = asked.key()
    return Item(
        area=asked.area,
        family=FAMILY,
        level=asked.level,
        seed=number,
        weight=asked.weight,
        messages=_messages(asked),
        key=key,
        oracle=_oracle(key, asked.solution),
        max_tokens=asked.max_tokens or _MAX_TOKENS.get(str(asked.__struct_config__.tag), _OTHER_MAX_TOKENS),
        chance=1 / len(key.options) if isinstance(key, ChoiceKey) else 0.0,
        tools=asked.offered() if isinstance(asked, Tools) else (),
        needs=_needs(key),
    )


def _decoded(table: object) -> OwnItem:
    if not isinstance(table, dict):
        raise FieldError("item", "must be a table that begins with [[item]]")
    grader = table.get("grader")
    if grader not in GRADERS:
        known = ", ".join(GRADERS)
        what = "is missing" if grader is None else f"there is none called {short(grader)}"
        raise FieldError("grader", f"{what}; the graders are {known}")
    try:
        return msgspec.convert(table, type=OwnItem)  # type: ignore[no-any-return]  # a union as a type
    except msgspec.ValidationError as error:
        raise _field_error(str(error)) from error
    except RecursionError as error:
        raise FieldError("item", "nested too deeply") from error


def _field_error(message: str) -> FieldError:
    """Turn msgspec's "Expected `int`, got `str` - at `$.level`" into field and problem."""
    problem, _, path = message.partition(" - at ")
    field = path.strip("`").removeprefix("$").removeprefix(".").replace("[...]", "")
    if named := re.search(r"field `([^`]*)`", problem):
        field = f"{field}.{named[1]}" if field else named[1]
        problem = "is missing" if "missing" in problem else "there is no such field for this grader"
    return FieldError(short(field or "item"), problem.replace("`", ""))


def _messages(asked: Asked) -> tuple[Message, ...]:
    if (asked.prompt is None) == (asked.messages is None):
        field = "messages" if asked.messages is not None else "prompt"
        raise FieldError(field, "give either prompt (one question) or messages (a conversation)")
    if asked.prompt is not None:
        return (Message(role="user", content=asked.prompt),)
    messages = tuple(Message(role=each.role, content=each.content) for each in asked.messages or ())
    if messages[-1].role != "user":
        raise FieldError("messages", "the last one must have the role user: it is what the model answers")
    if sum(len(each.content) for each in messages) > MOST_PROMPT_CHARACTERS:
        raise FieldError("messages", f"longer than {MOST_PROMPT_CHARACTERS} characters together")
    return messages


def _needs(key: Key) -> frozenset[Need]:
    match key:
        case ToolKey():
            return frozenset({Need.TOOLS})
        case FunctionKey() | RegexKey():
            return frozenset({Need.SANDBOX})
        case _:
            return frozenset()


def _oracle(key: Key, solution: str | None) -> tuple[Answer, ...]:
    """Return an answer that should be right: the user's solution, else what the key says; none where it says none."""
    if isinstance(key, ToolKey) and key.calls:
        return (Answer(tool_calls=key.calls),)
    text = solution if solution is not None else _said_by(key)
    return () if text is None else (Answer(content=text),)


def _said_by(key: Key) -> str | None:  # noqa: PLR0911 - one for each kind
    match key:
        case NumberKey() | JsonKey():
            return key.value
        case TextKey():
            return key.accept[0]
        case ChoiceKey():
            return key.answer
        case ExactKey():
            return key.text
        case AbstainKey():
            return key.accept[0] if key.accept else "This cannot be known."
        case SqlKey():
            return key.reference
        case ToolKey():
            return "None of the functions can do that."
        case ConstraintsKey() | FunctionKey() | RegexKey() | WorldKey():
            return None
        case _:
            assert_never(key)
