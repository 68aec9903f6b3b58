"""The bank and the user's own items as plain text and as plain data, for the verbs `bank list`, `show` and `check`."""

import json
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, assert_never

import msgspec

from .bank import FAMILIES, ITEMS_PER_MIX, item
from .items import (
    LEVELS,
    AbstainKey,
    ChoiceKey,
    Constraint,
    ConstraintsKey,
    ExactKey,
    Family,
    FunctionKey,
    Item,
    JsonKey,
    Key,
    NumberKey,
    RegexKey,
    SqlKey,
    TextKey,
    ToolKey,
    WorldKey,
)
from .mixes import BANK_VERSION, LEVELS_OF, SHARES
from .own_check import Checked, shown

Data: TypeAlias = dict[str, Any]
MOST_SHOWN: Final = 1000
"""Items that one command prints at most."""


def areas() -> tuple[str, ...]:
    """Return the areas that the bank has families of, in the order of display."""
    return tuple(str(area) for area in SHARES if families_in(area))


def families_in(area: str, name: str | None = None) -> tuple[Family, ...]:
    """Return the families of an area, or the one of this name; empty where there is none."""
    return tuple(one for one in FAMILIES if one.area == area and name in {None, one.name})


def chosen(families: Sequence[Family], level: int, seed: int, count: int = 1) -> tuple[Item, ...]:
    """Return `count` items of each family, the seeds counted up from `seed`; of paired ones both twins."""
    items: list[Item] = []
    for family in families:
        seeds = range(seed, seed + min(count, MOST_SHOWN))
        if family.paired:
            seeds = range(seed - seed % 2, seed - seed % 2 + 2 * len(seeds))
        items.extend(item(family.area, family.name, level, each) for each in seeds)
    return tuple(items)


def listing() -> Data:
    """Return what the bank holds, as plain data."""
    return {
        "bank_version": BANK_VERSION,
        "levels": list(LEVELS),
        "items_per_mix": ITEMS_PER_MIX,
        "mixes": {str(mix): list(levels) for mix, levels in LEVELS_OF.items()},
        "families": [
            {
                "area": str(one.area),
                "share_of_area": SHARES[one.area],
                "family": one.name,
                "paired": one.paired,
                "needs": sorted(one.needs),
            }
            for one in FAMILIES
        ],
    }


def listing_text() -> str:
    """Return what the bank holds, as text."""
    mixes = ", ".join(f"{mix} (levels {levels[0]}–{levels[-1]})" for mix, levels in LEVELS_OF.items())
    lines = [f"Bank version {BANK_VERSION}: {len(FAMILIES)} families, levels 1–5, mixes {mixes}.", ""]
    width = max(len(one.name) for one in FAMILIES)
    for area in SHARES:
        for place, one in enumerate(families_in(area)):
            notes = [*(["in pairs"] if one.paired else []), *(f"needs {need}" for need in sorted(one.needs))]
            head = str(area) if place == 0 else ""
            lines.append(f"{head:<10} {one.name:<{width}}  {', '.join(notes)}".rstrip())
    return "\n".join(lines)


def item_data(one: Item) -> Data:
    """Return an item as plain data, its key and an oracle's answers included."""
    data: Data = msgspec.to_builtins(one, order="deterministic")
    return {"name": one.name, **data}


def item_text(one: Item) -> str:
    """Return an item as text: what is asked, what is offered, and what is right."""
    lines = [f"── {one.name} " + "─" * max(0, 68 - len(one.name))]
    for message in one.messages:
        images = f" [{len(message.images)} image]" if message.images else ""
        lines += [f"{message.role}:{images}", _indented(message.content)]
    if one.tools:
        lines += ["tools:", *(_indented(f"{tool.name}: {tool.description} {tool.parameters}") for tool in one.tools)]
    lines += ["right:", *(_indented(line) for line in right_answers(one.key))]
    if len(one.oracle) > 1 or not isinstance(one.key, NumberKey | TextKey | ChoiceKey | ExactKey | JsonKey | ToolKey):
        lines += ["for example:", *(_indented(shown(answer)) for answer in one.oracle)]
    return "\n".join(_printable(line) for line in lines)


def check_data(checked: Checked) -> Data:
    """Return the check of one item as plain data."""
    return {
        "name": checked.item.name,
        "right": right_answers(checked.item.key),
        "samples": [
            {
                "answer": sample.answer,
                "should_be_right": sample.should_be_right,
                "score": sample.grade.score,
                "strict": sample.grade.strict,
                "status": sample.grade.status,
                "why": sample.grade.why,
            }
            for sample in checked.samples
        ],
        "remarks": list(checked.remarks),
        "failures": list(checked.failures),
    }


def check_text(checked: Checked) -> str:
    """Return the check of one item as text."""
    lines = [item_text(checked.item), "graded:"]
    for sample in checked.samples:
        verdict = {1.0: "right", 0.0: "wrong"}.get(sample.grade.score, f"{sample.grade.score:.2f}")
        verdict = "–" if sample.grade.status == "ungradable" else verdict
        mark = "" if sample.as_expected else "  ← unexpected"
        lines.append(_indented(f"{verdict:<6} {_one_line(sample.answer)}  ({_one_line(sample.grade.why)}){mark}"))
    lines += [f"note: {remark}" for remark in checked.remarks]
    lines += [f"error: {failure}" for failure in checked.failures]
    return "\n".join(_printable(line) for line in lines)


def right_answers(key: Key) -> list[str]:  # noqa: PLR0911, PLR0912 - one for each kind
    """Return in words, a line each, what a key takes for right."""
    match key:
        case NumberKey():
            return [key.value if key.tolerance == "0" else f"{key.value} ± {key.tolerance}"]
        case TextKey():
            refused = [f"but none of: {' | '.join(key.reject)}"] if key.reject else []
            return [" | ".join(key.accept), *refused]
        case ChoiceKey():
            return [f"{key.answer} (of {' | '.join(key.options)})"]
        case ExactKey():
            return [key.text]
        case JsonKey():
            return [key.value]
        case AbstainKey():
            return [" | ".join(key.accept)] if key.accept else ["to say that it cannot be known"]
        case ConstraintsKey():
            return [_rule(rule) for rule in key.constraints]
        case FunctionKey():
            return [f"{key.name}({arguments[1:-1]}) == {value}" for arguments, value in key.cases]
        case SqlKey():
            return [f"what this gives{', in this order' if key.ordered else ''}: {key.reference}"]
        case RegexKey():
            return [f"matches {' | '.join(key.match)}", f"does not match {' | '.join(key.reject)}"]
        case ToolKey():
            return [f"{call.name}({call.arguments})" for call in key.calls] or ["to call none of the functions"]
        case WorldKey():
            if not key.goal:
                return [f"{' | '.join(key.accept)}, without a call"]
            return [f"{line}, at most {key.most_turns} turns" for line in _changes(key)]
        case _:
            assert_never(key)


def _changes(key: WorldKey) -> list[str]:
    """Return what the goal changes in the world."""
    before, after = json.loads(key.state), json.loads(key.goal)
    return [
        f"{' '.join(str(row[column]) for column in row if column.endswith('_id'))}: {', '.join(changed)}"
        for table, rows in after.items()
        for was, row in zip(before[table], rows, strict=True)
        if (changed := [f"{column} = {row[column]!r}" for column in row if row[column] != was[column]])
    ]


def _rule(rule: Constraint) -> str:
    low, high = ("" if bound is None else str(bound) for bound in (rule.low, rule.high))
    bounds = f" {low}–{high}" if low or high else ""
    return f"{rule.kind}{bounds}" + (f": {', '.join(rule.words)}" if rule.words else "")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines()) or "  (nothing)"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return (line if len(line) <= 80 else f"{line[:79]}…") or "(nothing)"


def _printable(text: str) -> str:
    """Return the text without control characters; items of the user's own may hold any."""
    return "".join(char for char in text if char.isprintable() or char == "\n")
