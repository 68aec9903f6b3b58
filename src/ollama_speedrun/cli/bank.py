"""`bank`: the questions that models are asked, with their right answers, and a check of the user's own."""

import argparse
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..quality import bank_view, own_check, sandbox
from ..quality.grading import grade
from ..quality.items import LEVELS
from ..quality.own_items import load_items
from ..wording import counted
from .environment import Environment
from .exit_codes import ExitCode
from .options import PROGRAM

_SHOW_OPTIONS = ("family", "level", "seed", "count")


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """List the families, show items of an area, or check a file of own items."""
    given = [name for name in _SHOW_OPTIONS if getattr(arguments, name) is not None]
    if given and arguments.what != "show":
        raise UsageError(f"--{given[0]} belongs to: {PROGRAM} bank show AREA")
    match arguments.what:
        case "show":
            return _show(environment, arguments)
        case "check":
            return _check(environment, arguments)
        case _:
            return _list(environment, arguments)


def _list(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    if arguments.subject is not None:
        raise UsageError(f"bank list takes no {arguments.subject!r}; did you mean: {PROGRAM} bank show AREA")
    environment.put(_encoded(bank_view.listing()) if arguments.json else bank_view.listing_text())
    return ExitCode.DONE


def _show(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    if arguments.subject is None:
        raise UsageError(f"bank show needs an area: {', '.join(bank_view.areas())}")
    families = bank_view.families_in(arguments.subject)
    if not families:
        raise UsageError(f"the bank has no area {arguments.subject!r}; there are: {', '.join(bank_view.areas())}")
    chosen = bank_view.families_in(arguments.subject, arguments.family)
    if not chosen:
        names = ", ".join(family.name for family in families)
        raise UsageError(f"{arguments.subject} has no family {arguments.family!r}; there are: {names}")
    level = _number("level", arguments.level, 1, LEVELS[0], LEVELS[-1])
    seed = _number("seed", arguments.seed, 0, 0, 2**53)
    count = _number("count", arguments.count, 1, 1, bank_view.MOST_SHOWN)
    items = bank_view.chosen(chosen, level, seed, count)
    if arguments.json:
        environment.put(_encoded([bank_view.item_data(item) for item in items]))
    else:
        environment.put("\n\n".join(map(bank_view.item_text, items)))
    return ExitCode.DONE


def _check(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    if arguments.subject is None:
        raise UsageError(
            f"bank check needs a file of items; docs/items.md tells what stands in it: {PROGRAM} bank check FILE"
        )
    items = load_items(Path(arguments.subject))
    with sandbox.Sandbox() if sandbox.available() else nullcontext() as box:
        checked = [own_check.check_item(item, lambda draft, answers: grade(draft, answers, box)) for item in items]
    if arguments.json:
        environment.put(_encoded([bank_view.check_data(one) for one in checked]))
    else:
        environment.put("\n\n".join(map(bank_view.check_text, checked)))
    failures = sum(len(one.failures) for one in checked)
    remarks = sum(len(one.remarks) for one in checked)
    environment.say(
        ", ".join(counted(*each) for each in ((len(items), "item"), (failures, "error"), (remarks, "note")))
    )
    if failures:
        raise UsageError(
            f"{arguments.subject}: {counted(failures, 'answer')} not graded as expected; see the lines marked error"
        )
    return ExitCode.DONE


def _number(name: str, text: str | None, default: int, least: int, most: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and least <= int(text) <= most):
        raise UsageError(f"--{name} {text[:40]!r} is no whole number from {least} to {most}")
    return int(text)


def _encoded(data: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    return json.dumps(data, indent=2, ensure_ascii=False)
