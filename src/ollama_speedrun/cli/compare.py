"""`compare A B`: two runs, files, hosts or models side by side, without any traffic."""

import argparse
import json
from pathlib import Path

import msgspec

from ..comparison.compare import compare
from ..comparison.pairing import pairs
from ..discovery.types import Host
from ..errors import ResultFileError, UsageError
from ..history.reference import KINDS, LAST, resolve
from ..history.store import History
from ..pipeline.record import Selection
from ..report import compared, figures
from ..results.several import of_results
from ..results.types import Document
from . import saved
from .environment import Environment
from .exit_codes import ExitCode
from .run import load_settings
from .screen import Screen
from .settings import Settings


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two things to compare: what it is called, its results, and if it is one host or one model's."""

    title: str
    document: Document
    is_host: bool = False
    is_model: bool = False


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print which figures differ, and by how much."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    with saved.opened_history(environment, chosen, screen) as history:
        before, after = [side_of(text, history, chosen) for text in (arguments.before, arguments.after)]
    by_host, by_model = not (before.is_host or after.is_host), not (before.is_model or after.is_model)
    matched = pairs(before.document, after.document, by_host=by_host, by_model=by_model)
    if not matched and by_host:
        matched = pairs(before.document, after.document, by_host=False, by_model=by_model)
    if not matched:
        raise UsageError(
            f"{before.title} and {after.title} have no measured model in common; name hosts or models to compare "
            "different ones, such as gpu-box/qwen3:8b and mac/qwen3:8b"
        )
    found = compare(before.document, after.document, matched)
    if before.is_host or before.is_model or after.is_host or after.is_model:
        found = msgspec.structs.replace(found, only_a=(), only_b=())
    sides = before.title, after.title
    if arguments.json:
        environment.put(json.dumps(compared.as_json(found, sides), indent=2))
    else:
        names = figures.host_names(_hosts(before.document, after.document))
        screen.show_comparison(compared.compared(found, names, sides=sides, whole=chosen.verbose))
    if not found.changes and found.unlike:
        screen.complain(
            f"measured with different settings: {'; '.join(found.unlike)}; measure both with the same settings"
        )
        return ExitCode.UNLIKE
    return ExitCode.DONE


def _hosts(before: Document, after: Document) -> list[Host]:
    """Return the hosts of both, each once."""
    return list({host.url: host for host in (*before.hosts, *after.hosts)}.values())


def side_of(text: str, history: History, chosen: Settings) -> Side:
    """Return what a text names: a run, a file, or of the last run HOST/MODEL, HOST or MODEL.

    Raises `UsageError` for what names nothing, and `ResultFileError` for a file that cannot be read.
    """
    try:
        return Side(title=text, document=saved.assessed(resolve(text, history), chosen))
    except UsageError as exc:
        if isinstance(exc, ResultFileError) and Path(text).exists():
            raise
        refusal = exc
    try:
        last = saved.assessed(resolve(LAST, history), chosen)
    except UsageError:
        raise refusal from None
    side = _part_of(last, text)
    if side is None:
        raise UsageError(
            f"{text!r} is no run, no file, and no host or model of the last run; give {KINDS}, or HOST/MODEL, HOST or "
            "MODEL of the last run"
        )
    return side


def _part_of(document: Document, text: str) -> Side | None:
    """Return the results of a host, of a model, or of a model on a host; None where there is none such."""
    host, _, model = text.partition("/")
    choices = (
        (Selection(hosts=(text,)), True, False),
        (Selection(include=(text, f"{text}:*")), False, True),
        (Selection(hosts=(host,), include=(model, f"{model}:*")), True, True),
    )
    for selection, is_host, is_model in choices:
        part = saved.selected(document, selection)
        taken = of_results(part, lambda result: result.status == "ok")
        if taken.results and (not is_host or not is_model or model):
            return Side(title=text, document=taken, is_host=is_host, is_model=is_model)
    return None
