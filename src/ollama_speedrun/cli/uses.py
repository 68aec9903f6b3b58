"""Uses of the settings file, `[uses.NAME]`: read field by field, and put among the usual ones. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ..assessment.uses import USES, Use
from ..benchmark.types import ContentKind
from ..errors import SettingsError

WEIGHTS: Final = ("quality", "speed", "latency", "context", "memory")
CAPABILITIES: Final = ("tools", "vision", "thinking", "completion", "insert")
FIELDS: Final = ("areas", *WEIGHTS, "needs", "purpose", "by_throughput", "content", "context_tokens")
LARGEST_CONTEXT_TOKENS: Final = 100_000_000
LARGEST_WEIGHT: Final = 1e6
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_LONGEST_AREA: Final = 40


def with_own(table: object, place: str) -> tuple[Use, ...]:
    """Return the usual uses and those of a settings file's `uses`, of which one may take a usual one's place.

    Raises `SettingsError`, which names the field, its fault and what to give instead; `place` is the file.
    """
    if not isinstance(table, dict):
        raise SettingsError(f"uses in {place} is no table; write [uses.NAME] with weights below it")
    own = {name: _use(name, fields, f"uses.{name} in {place}") for name, fields in table.items()}
    return (*(own.pop(use.name, use) for use in USES), *own.values())


def named(name: str, uses: tuple[Use, ...], place: str) -> Use:
    """Return the use of that name; raises `SettingsError` where there is none."""
    for use in uses:
        if use.name == name:
            return use
    names = ", ".join(use.name for use in uses)
    raise SettingsError(f"{place} is {name!r}, and there is no such use; there are: {names}")


def _use(name: str, fields: object, place: str) -> Use:
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{place}: a use is named by up to 40 letters, digits, '.', '_' and '-'")
    if not isinstance(fields, dict):
        raise SettingsError(f"{place} is no table; write [uses.{name}] with weights below it")
    for field in fields:
        if field not in FIELDS:
            raise SettingsError(f"{place} has an unknown field {field!r}; there are: {', '.join(FIELDS)}")
    usual = next((use for use in USES if use.name == name), Use(name=name))
    weights = {field: _weight(fields[field], f"{field} of {place}") for field in WEIGHTS if field in fields}
    use = Use(
        name=name,
        purpose=_typed(fields, "purpose", str, usual.purpose, place),
        areas=_areas(fields["areas"], place) if "areas" in fields else usual.areas,
        needs=_needs(fields["needs"], place) if "needs" in fields else usual.needs,
        content=_content(fields.get("content", usual.content), place),
        context_tokens=_context(fields, usual.context_tokens, place),
        by_throughput=_typed(fields, "by_throughput", bool, usual.by_throughput, place),
        **({field: getattr(usual, field) for field in WEIGHTS} | weights),
    )
    if not any(getattr(use, field) for field in WEIGHTS):
        raise SettingsError(f"{place} has no weight above 0; give one of: {', '.join(WEIGHTS)}")
    return use


def _weight(value: object, place: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST_WEIGHT:
        return float(value)
    raise SettingsError(f"{place} is {value!r}; give a number from 0 on, such as 0.5")


def _areas(value: object, place: str) -> Mapping[str, float]:
    if not isinstance(value, dict) or not value:
        raise SettingsError(
            f"areas of {place} is {value!r}; give a table of weights, such as {{ code = 2, tasks = 1 }}"
        )
    for area in value:
        if not area.strip() or len(area) > _LONGEST_AREA:
            raise SettingsError(f"areas of {place} names {area[:60]!r}; an area has up to {_LONGEST_AREA} characters")
    weights = {area: _weight(weight, f"areas.{area} of {place}") for area, weight in value.items()}
    if not any(weights.values()):
        raise SettingsError(f"areas of {place} has no weight above 0; leave areas out to count all alike")
    return weights


def _content(value: object, place: str) -> ContentKind:
    match value:
        case "prose":
            return "prose"
        case "code":
            return "code"
        case "json":
            return "json"
    raise SettingsError(f"content of {place} is {value!r}; give prose, code or json")


def _needs(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(need in CAPABILITIES for need in value):
        raise SettingsError(f"needs of {place} is {value!r}; give a list out of: {', '.join(CAPABILITIES)}")
    return tuple(value)


def _context(fields: Mapping[str, Any], usual: int | None, place: str) -> int | None:
    """Return the tokens of context that a use takes; 0 stands for any."""
    value = fields.get("context_tokens", usual)
    if value is None or (type(value) is int and 0 <= value <= LARGEST_CONTEXT_TOKENS):
        return value or None
    raise SettingsError(f"context_tokens of {place} is {value!r}; give a number of tokens, such as 65536")


def _typed(fields: Mapping[str, Any], field: str, kind: type, usual: Any, place: str) -> Any:  # noqa: ANN401 - any field
    value = fields.get(field, usual)
    if type(value) is not kind:
        raise SettingsError(f"{field} of {place} is {value!r}; give {'true or false' if kind is bool else 'a text'}")
    return value
