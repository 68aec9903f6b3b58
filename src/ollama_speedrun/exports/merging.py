"""Own settings put into a configuration that a person wrote, the rest kept byte for byte. Pure.

JSON is edited in place, member by member. YAML gets one block between two marks, since no YAML parser keeps comments
for us: where the file's shape leaves any doubt about the place, nothing is changed and the reason is returned.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

BEGIN: Final = "# >>> ollama-speedrun: replaced as a whole by `ollama-speedrun use` >>>"
END: Final = "# <<< ollama-speedrun <<<"
_BEGINS: Final = "# >>> ollama-speedrun"
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_KEY_LINE: Final = re.compile(r"[A-Za-z_][\w.-]*[ ]*:(?:\s|$)")
_ITEM_LINE: Final = re.compile(r"([ ]*)-(?:\s|$)")


class Refusal(NamedTuple):
    """The reason why a file is not changed."""

    why: str


class _Member(NamedTuple):
    key: str
    key_start: int
    start: int
    end: int


class _Object(NamedTuple):
    """A JSON object in a text: where it begins and ends, and its members."""

    start: int
    close: int
    members: Sequence[_Member]


def put(text: str, path: Sequence[str], value: object) -> str | Refusal:
    """Return a JSON object's text with one member set, which is added or replaced; everything else stays.

    Objects on the way to it are made where they are missing.
    """
    try:
        before = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as exc:
        return Refusal(f"it is no plain JSON ({exc}), or has comments, which would be lost")
    if not isinstance(before, dict):
        return Refusal("it holds no JSON object")
    if _with(before, path, value) == before:
        return text
    at = _object(text, _skip(text, 0))
    for depth, key in enumerate(path):
        found = next((member for member in at.members if member.key == key), None)
        rest = path[depth + 1 :]
        if found is None:
            after = _inserted(text, at, key, _nested(rest, value), depth)
            break
        if not rest:
            after = text[: found.start] + _shown(text, value, _indent(text, at, depth)) + text[found.end :]
            break
        if text[found.start] != "{":
            return Refusal(f"{key!r} in it is no object")
        at = _object(text, found.start)
    return after if json.loads(after) == _with(before, path, value) else Refusal("its shape is not understood")


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _with(held: object, path: Sequence[str], value: object) -> object:
    if not path:
        return value
    members = held if isinstance(held, dict) else {}
    return members | {path[0]: _with(members.get(path[0]), path[1:], value)}


def _nested(path: Sequence[str], value: object) -> object:
    return {path[0]: _nested(path[1:], value)} if path else value


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _object(text: str, start: int) -> _Object:
    """Return the object that begins there, in a text that is known to be valid JSON."""
    decoder = json.JSONDecoder()
    members = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, end = decoder.raw_decode(text, at)
        value_start = _skip(text, _skip(text, end) + 1)
        _, value_end = decoder.raw_decode(text, value_start)
        members.append(_Member(key, at, value_start, value_end))
        at = _skip(text, value_end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return _Object(start, at, members)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent(text: str, at: _Object, depth: int) -> str | None:
    """Return what stands before the members of an object, None where they share one line."""
    if at.members:
        line_start = text.rfind("\n", 0, at.members[0].key_start) + 1
        before = text[line_start : at.members[0].key_start]
        return None if before.strip(" \t") or line_start <= at.start else before
    return (_unit(text) or "  ") * (depth + 1) if depth == 0 or "\n" in text.strip() else None


def _unit(text: str) -> str | None:
    found = re.search(r"\n([ \t]+)\"", text)
    return None if found is None else found[1]


def _shown(text: str, value: object, indent: str | None) -> str:
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, indent=_unit(text) or "  ", ensure_ascii=False).split("\n")
    return (_newline(text) + indent).join(lines)


def _inserted(text: str, at: _Object, key: str, value: object, depth: int) -> str:
    indent = _indent(text, at, depth)
    member = f"{json.dumps(key)}: {_shown(text, value, indent)}"
    if at.members:
        end = at.members[-1].end
        return text[:end] + (f", {member}" if indent is None else f",{_newline(text)}{indent}{member}") + text[end:]
    if indent is None:
        return text[: at.start + 1] + member + text[at.close :]
    outer = indent.removesuffix(_unit(text) or "  ")
    return text[: at.start + 1] + f"{_newline(text)}{indent}{member}{_newline(text)}{outer}" + text[at.close :]


def block(lines: Sequence[str]) -> list[str]:
    """Return lines between the two marks."""
    return [BEGIN, *lines, END]


def with_items(text: str, items: Sequence[str], *, key: str | None) -> str | Refusal:
    """Return YAML with our list items, given as lines, in a block of their own.

    They go into the list under the top-level `key`, or with None into the list that the file is. A block that is there
    already is replaced.
    """
    file = _File(re.findall(r"[^\n]*\n|[^\n]+", text), _newline(text))
    begins = [number for number, line in enumerate(file.lines) if line.strip().startswith(_BEGINS)]
    ends = [number for number, line in enumerate(file.lines) if line.strip() == END]
    if begins or ends:
        return _replaced(file, begins, ends, items)
    if why := next(_doubts(file.lines, is_list=key is None), None):
        return Refusal(why)
    return file.with_block(len(file.lines), items, "") if key is None else _under(file, key, items)


class _File(NamedTuple):
    """The lines of a file, each with its own ending, and the ending that new ones get."""

    lines: Sequence[str]
    newline: str

    def with_block(
        self, at: int, items: Sequence[str], indent: str, *, lead: str = "", until: int | None = None
    ) -> str:
        """Return the text with our block before line `at`, or in place of the lines up to `until`."""
        before = "".join(self.lines[:at])
        if before and not before.endswith("\n"):
            before += self.newline
        ours = "".join(f"{indent}{line}{self.newline}" for line in block(items))
        return (
            before
            + (f"{lead}{self.newline}" if lead else "")
            + ours
            + "".join(self.lines[at if until is None else until :])
        )


def _replaced(file: _File, begins: Sequence[int], ends: Sequence[int], items: Sequence[str]) -> str | Refusal:
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        return Refusal("the marks of our block in it are damaged; take them out by hand")
    line = file.lines[begins[0]]
    return file.with_block(begins[0], items, line[: len(line) - len(line.lstrip(" "))], until=ends[0] + 1)


def _doubts(lines: Sequence[str], *, is_list: bool) -> Iterator[str]:
    """Yield why the structure of a YAML file cannot be told from the beginnings of its lines."""
    for number, line in enumerate(lines, start=1):
        if line.lstrip(" ").startswith("\t"):
            yield f"line {number} begins with a tab"
        elif line[0] in " #\r\n":
            continue
        elif _ITEM_LINE.match(line) is None and (is_list or _KEY_LINE.match(line) is None):
            yield f"line {number} is neither a plain key nor an item of a list"


def _under(file: _File, key: str, items: Sequence[str]) -> str | Refusal:
    places = [number for number, line in enumerate(file.lines) if re.match(rf"{re.escape(key)}[ ]*:", line)]
    if not places:
        return file.with_block(len(file.lines), items, "  ", lead=f"{key}:")
    if len(places) > 1 or not re.fullmatch(rf"{re.escape(key)}[ ]*:[ ]*(#.*)?", file.lines[places[0]].rstrip("\r\n")):
        return Refusal(f"{key!r} in it is not a list with an item a line")
    at = places[0] + 1
    following = next((line for line in file.lines[at:] if line.strip() and not line.lstrip().startswith("#")), None)
    item = None if following is None else _ITEM_LINE.match(following)
    if item is None and following is not None and following.startswith(" "):
        return Refusal(f"{key!r} in it is not a list with an item a line")
    return file.with_block(at, items, "  " if item is None else item[1])


def merged_members(text: str, members: Mapping[tuple[str, ...], object]) -> str | Refusal:
    """Return a JSON object's text with several members set, by their paths."""
    for path, value in members.items():
        changed = put(text, path, value)
        if isinstance(changed, Refusal):
            return changed
        text = changed
    return text
