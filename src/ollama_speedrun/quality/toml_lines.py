"""Where the tables and keys of a file of items stand: tomllib gives values without lines."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

_ITEM: Final = re.compile(r"\s*\[\[\s*(?:item|\"item\"|'item')\s*\]\]")
_SUBTABLE: Final = re.compile(r"\s*\[(\[?)\s*(?:item|\"item\"|'item')\s*\.\s*[\"']?([\w-]+)[\"']?\s*(\.?)")
_OTHER_TABLE: Final = re.compile(r"\s*\[\[?\s*[\"']?([^\]\"'.\s]+)")
_KEY: Final = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*[.=]")


class ItemLines(msgspec.Struct, frozen=True):
    """Line numbers from 1: of each item with its fields, and of what else stands on the top level."""

    items: Sequence[tuple[int, Mapping[str, int]]]
    others: Mapping[str, int]

    def of_field(self, number: int, field: str) -> int:
        """Return the line of a field such as `tools[0].name` of the item with this number (from 1).

        Where the field has no line of its own it is that of what it stands in, the item's own at last.
        """
        if not 1 <= number <= len(self.items):
            return 1
        line, fields = self.items[number - 1]
        while field and field not in fields:
            field = field[: max(field.rfind("."), field.rfind("["), 0)]
        return fields.get(field, line)

    def of_top_level(self, key: str) -> int:
        """Return the line of a key or table outside the items; 1 when it was not found."""
        return self.others.get(key, 1)


def item_lines(text: str) -> ItemLines:
    """Return the lines of a text that is valid TOML; where it is written in another way than expected, lines of items.

    Texts in triple quotes and values over several lines are skipped.
    """
    items: list[tuple[int, dict[str, int]]] = []
    others: dict[str, int] = {}
    prefix: str | None = ""  # of the keys that follow; None for those of a table that is no item's
    depth, closing = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not closing and depth == 0:
            if _ITEM.match(line):
                items.append((number, {}))
                prefix = ""
            elif (table := _SUBTABLE.match(line)) and items:
                prefix = _note_subtable(items[-1][1], table, number)
            elif table := _OTHER_TABLE.match(line):
                others.setdefault(table[1], number)
                prefix = None
            elif (key := _KEY.match(line)) and prefix is not None:
                fields = items[-1][1] if items else others
                fields.setdefault(f"{prefix}{key[1]}", number)
        depth, closing = _open_after(line, depth, closing)
    return ItemLines(items, others)


def _note_subtable(fields: dict[str, int], table: re.Match[str], number: int) -> str | None:
    """Note the line of [item.name] or [[item.name]], and return the prefix of its keys; None for one below it."""
    is_list, name, goes_deeper = bool(table[1]), table[2], bool(table[3])
    fields.setdefault(name, number)
    if goes_deeper:
        return None
    if not is_list:
        return f"{name}."
    place = sum(field.startswith(f"{name}[") and field.endswith("]") for field in fields)
    fields[f"{name}[{place}]"] = number
    return f"{name}[{place}]."


_TOKEN: Final = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\])*\"|'[^']*'|#|[\[\]{}]")


def _open_after(line: str, depth: int, closing: str) -> tuple[int, str]:
    """Return how many brackets are open after a line, and the quotes that close the text that is open, if any."""
    place = 0
    while place < len(line):
        if closing:
            end = _end_of_text(line, place, closing)
            if end is None:
                return depth, closing
            place, closing = end, ""
            continue
        token = _TOKEN.search(line, place)
        if token is None or token[0] == "#":
            break
        place = token.end()
        match token[0]:
            case '"""' | "'''":
                closing = token[0]
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case _:
                pass
    return max(depth, 0), closing


def _end_of_text(line: str, place: int, closing: str) -> int | None:
    """Return the place behind the closing quotes; a backslash hides what follows it in a text in double quotes."""
    while (end := line.find(closing, place)) >= 0:
        hidden = len(line[:end]) - len(line[:end].rstrip("\\"))
        if closing == "'''" or hidden % 2 == 0:
            return end + 3
        place = end + 1
    return None
