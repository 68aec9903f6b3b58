"""A world is a few tables, functions that read them and functions that change them. Pure and deterministic.

What a model sends is checked against the function's parameters before it meets the tables; an error comes back as a
result that the model can react to, as from a real service, and never repeats what the model sent.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ..calls import arguments_of
from ..items import Tool, ToolCall

Value: TypeAlias = str | int
Row: TypeAlias = Mapping[str, Value]
Tables: TypeAlias = Mapping[str, Sequence[Row]]

LOCKED: Final = "locked"
"""A row with a text in this column cannot be changed; the text is the error that the caller gets."""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a function, and the column that it is compared with or written to."""

    name: str
    column: str
    type: Literal["string", "integer"] = "string"
    description: str = ""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A function that shows some columns of the rows that match its parameters."""

    name: str
    description: str
    table: str
    where: tuple[Parameter, ...]
    shows: tuple[str, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A function that writes parameters to the row that matches `where`; `unlocks` makes it clear the lock instead."""

    name: str
    description: str
    table: str
    where: tuple[Parameter, ...]
    sets: tuple[Parameter, ...] = ()
    unlocks: bool = False


Function: TypeAlias = Read | Change


class World(msgspec.Struct, frozen=True):
    """A named set of functions over tables."""

    name: str
    functions: tuple[Function, ...]

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The functions as tools for a model."""
        return tuple(Tool(one.name, one.description, _schema(parameters(one))) for one in self.functions)

    def function(self, name: str) -> Function | None:
        """Return the function of this name; None where the world has none."""
        return next((one for one in self.functions if one.name == name), None)


Problem: TypeAlias = Literal["invented-tool", "empty-call", "wrong-argument"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it was carried out: the tables after it, what came back, and what was wrong with the call itself."""

    call: ToolCall
    tables: Tables
    result: str
    problem: Problem | None = None
    changed: bool = False


def parameters(function: Function) -> tuple[Parameter, ...]:
    """Return a function's parameters in order."""
    return function.where if isinstance(function, Read) else function.where + function.sets


def carry_out(world: World, tables: Tables, call: ToolCall) -> Step:
    """Return what one call does to the tables and what it returns."""
    function = world.function(call.name)
    if function is None:
        known = ", ".join(one.name for one in world.functions)
        problem: Problem = "invented-tool" if call.name.strip() else "empty-call"
        return _failed(call, tables, f"there is no function of this name; there are: {known}", problem)
    values = arguments_of(call)
    wanted = parameters(function)
    if not values and wanted:
        return _failed(call, tables, f"{_needs(wanted)}, but got none", "empty-call")
    if values is None or not _fit(values, wanted):
        return _failed(call, tables, f"{_needs(wanted)}, no other", "wrong-argument")
    where = {each.column: values[each.name] for each in function.where}
    rows = [row for row in tables[function.table] if all(row[column] == value for column, value in where.items())]
    match function:
        case Read():
            found = [{column: row[column] for column in function.shows} for row in rows]
            return Step(call=call, tables=tables, result=json.dumps({"found": found}))
        case Change():
            return _change(function, (call, values), tables, rows)


def _change(function: Change, made: tuple[ToolCall, Mapping[str, Value]], tables: Tables, rows: Sequence[Row]) -> Step:
    call, values = made
    if not rows:
        return _failed(call, tables, f"nothing has this {' and this '.join(each.name for each in function.where)}")
    row = rows[0]
    if row.get(LOCKED) and not function.unlocks:
        return _failed(call, tables, str(row[LOCKED]))
    written: dict[str, Value] = {each.column: values[each.name] for each in function.sets}
    if function.unlocks:
        written[LOCKED] = ""
    table = [{**each, **written} if each is row else each for each in tables[function.table]]
    return Step(
        call=call, tables={**tables, function.table: table}, result=json.dumps({"result": "done"}), changed=True
    )


def _failed(call: ToolCall, tables: Tables, error: str, problem: Problem | None = None) -> Step:
    return Step(call=call, tables=tables, result=json.dumps({"error": error}), problem=problem)


def _needs(wanted: Sequence[Parameter]) -> str:
    return "the arguments must be " + ", ".join(f"{each.name} ({each.type})" for each in wanted)


def _fit(values: Mapping[str, object], wanted: Sequence[Parameter]) -> bool:
    """Tell if the arguments are those of the function, each of its type."""
    types = {"string": str, "integer": int}
    return values.keys() == {each.name for each in wanted} and all(
        isinstance(values[each.name], types[each.type]) and not isinstance(values[each.name], bool) for each in wanted
    )


def _schema(wanted: Sequence[Parameter]) -> str:
    properties = {each.name: {"type": each.type, "description": each.description} for each in wanted}
    return json.dumps({"type": "object", "properties": properties, "required": list(properties)})
