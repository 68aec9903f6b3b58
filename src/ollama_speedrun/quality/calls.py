"""Reading tool calls that a model made: untrusted names and arguments, bounded, never raising."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from .items import Tool, ToolCall

MOST_CALLS: Final = 8
"""More calls than this in one answer are not carried out."""
LONGEST_ARGUMENTS: Final = 4000
LONGEST_NAME: Final = 100
_LONGEST_PROSE: Final = 20_000

Arguments: TypeAlias = Mapping[str, Any]


def arguments_of(call: ToolCall) -> Arguments | None:
    """Return a call's arguments; None when they are no JSON object of a sane size."""
    if len(call.arguments) > LONGEST_ARGUMENTS:
        return None
    try:
        decoded = msgspec.json.decode(call.arguments.encode(errors="replace"))
    except (msgspec.DecodeError, RecursionError, ValueError):  # ValueError: an integer of too many digits
        return None
    return decoded if isinstance(decoded, dict) else None


def same(found: object, wanted: object, *, exact: bool) -> bool:
    """Tell if two JSON values are equal; unless `exact`, 3.0 is 3, and case and blanks in texts do not count.

    A truth value never equals a number, nor does a text.
    """
    match wanted:
        case bool() | None:
            return found is wanted
        case int() | float():
            numeric = isinstance(found, int | float) and not isinstance(found, bool)
            return numeric and found == wanted and (not exact or isinstance(found, type(wanted)))
        case str():
            return isinstance(found, str) and (found == wanted or (not exact and _plain(found) == _plain(wanted)))
        case list():
            return (
                isinstance(found, list)
                and len(found) == len(wanted)
                and all(same(one, other, exact=exact) for one, other in zip(found, wanted, strict=True))
            )
        case dict():
            return (
                isinstance(found, dict)
                and found.keys() == wanted.keys()
                and all(same(found[key], value, exact=exact) for key, value in wanted.items())
            )
        case _:
            return False


def in_prose(content: str, tools: Sequence[Tool]) -> bool:
    """Tell if a text holds the syntax of a tool call that should have been made in the protocol's own field."""
    text = content[:_LONGEST_PROSE]
    names = "|".join(re.escape(tool.name) for tool in tools)
    return bool(_SYNTAX.search(text) or (names and re.search(rf"\b(?:{names})\s*\(", text)))


_SYNTAX: Final = re.compile(
    r"<\|?/?(?:tool|function)_?calls?\b|\[/?TOOL_CALLS\]|<\|python_tag\|>|<function=|functools\["
    r"|\"(?:name|function|tool|tool_name)\"\s*:\s*\"[^\"]{1,80}\"\s*,\s*\"(?:arguments|parameters|args|input)\"\s*:",
    re.IGNORECASE,
)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
