"""Saved runs as the verbs that put them to use want them: read, narrowed and assessed."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from ..discovery.types import Host
from ..errors import ResultFileError, UsageError
from ..history.reference import LAST, resolve, resolve_run
from ..history.store import History
from ..pipeline.record import Selection
from ..report.figures import host_label
from ..report.text import clean
from ..results import assessing
from ..results.assessing import verdict_for
from ..results.codec import decode
from ..results.files import read_bounded
from ..results.fits import with_contexts_in
from ..results.several import differences, merged, of_results
from ..results.types import Document
from ..wording import counted
from . import planning, uses
from .environment import Environment
from .screen import Screen
from .settings import Settings

STDIN: Final = "-"
_SHOWN_UNLIKE: Final = 3


def load(environment: Environment, arguments: argparse.Namespace, chosen: Settings, screen: Screen) -> Document:
    """Return the runs that the command line names as one assessed document, narrowed by its selection.

    With `--for` the recommendation and the best of each tier are those for that use. Raises `UsageError` where nothing
    is left, and `ResultFileError` for a file that cannot be read.
    """
    selection = selection_of(arguments, chosen)
    document = assessed_tiers(selected(read(environment, arguments, chosen, screen), selection), selection, chosen)
    if not any(result.status == "ok" for result in document.results):
        raise UsageError(
            "no model with figures is left of it; loosen --host, --model, --exclude and --tier, or give another FILE"
        )
    return document if chosen.for_ is None else _for_use(document, chosen, chosen.for_)


def _for_use(document: Document, chosen: Settings, name: str) -> Document:
    """Return the document with the verdict for one use in place of the overall one; the other uses stay."""
    if document.verdict is None:
        return document
    use = uses.named(name, chosen.uses, "--for")
    verdict, _ = verdict_for(document, use)
    return msgspec.structs.replace(document, verdict=msgspec.structs.replace(verdict, uses=document.verdict.uses))


def read(environment: Environment, arguments: argparse.Namespace, chosen: Settings, screen: Screen) -> Document:
    """Return the runs that the command line names as one document, put together where there are several.

    Raises `UsageError` where it holds no benchmark, and `ResultFileError` for a file that cannot be read.
    """
    if arguments.hosts_file is not None:
        raise UsageError(
            f"{arguments.verb} and --hosts-file contradict each other: it works on a saved result; choose among its "
            "hosts with --host"
        )
    if arguments.files.count(STDIN) > 1:
        raise UsageError("standard input (-) is given more than once; give it once")
    documents = _documents(environment, chosen, arguments.files, screen)
    if unlike := differences(documents):
        screen.note(unlike_note("results", unlike))
    whole = merged(documents)
    if not whole.results:
        raise UsageError(
            f"there is no benchmark in it, only a list of {counted(len(whole.hosts), 'server')} and "
            f"{counted(len(whole.models), 'model')}; give a FILE that `run` or `benchmark` wrote"
        )
    return whole


def _documents(environment: Environment, chosen: Settings, names: Sequence[str], screen: Screen) -> list[Document]:
    """Return what the names mean: files, runs of the history, and standard input; the last run without any."""
    with opened_history(environment, chosen, screen) as history:
        if not names:
            run = resolve_run(LAST, history)
            screen.note(f"The run {run.short_id} of {run.started_at.astimezone():%Y-%m-%d %H:%M}.")
            return [history.recorded(run.run_id)]
        return [_from_stdin(environment) if name == STDIN else resolve(name, history) for name in names]


@contextmanager
def opened_history(environment: Environment, chosen: Settings, screen: Screen) -> Iterator[History]:
    """Open the history for the time of a block, and say what is wrong with it where something is."""
    with History(planning.history_file(chosen, environment)) as history:
        if history.remark is not None:
            screen.complain(history.remark)
        yield history


def _from_stdin(environment: Environment) -> Document:
    data = read_bounded(environment.stdin.buffer, "standard input")
    return decode(data, origin="standard input")


def unlike_note(what: str, unlike: Sequence[str]) -> str:
    """Return what is said of results that other settings were used for, with the first few of those."""
    more = len(unlike) - _SHOWN_UNLIKE
    shown = "; ".join([*unlike[:_SHOWN_UNLIKE], *([f"{more} more"] if more > 0 else [])])
    return f"These {what} were measured with different settings, so compare them with care: {clean(shown, 600)}."


def selection_of(arguments: argparse.Namespace, chosen: Settings) -> Selection:
    """Return what the command line chooses: what the settings file says is meant for runs."""
    given = {
        key: value for key in ("host", "model", "exclude", "tier") if (value := getattr(arguments, key)) is not None
    }
    return Selection(
        hosts=chosen.host if "host" in given else (),
        include=chosen.model if "model" in given else (),
        exclude=chosen.exclude if "exclude" in given else (),
        tiers=chosen.tier if "tier" in given else (),
    )


def selected(document: Document, selection: Selection) -> Document:
    """Return what the selection takes by host and by name; the tier is known only once the results are assessed."""
    if not (selection.hosts or selection.include or selection.exclude):
        return document
    hosts = {host.url for host in document.hosts if takes_host(selection, host)}
    return of_results(
        document,
        lambda result: (not selection.hosts or result.host in hosts) and selection.takes_name(result.model),
    )


def takes_host(selection: Selection, host: Host) -> bool:
    """Return whether a selection takes a host, by its name or by its label."""
    label = host_label(host.url)
    return selection.takes_host(host) or selection.takes_host(msgspec.structs.replace(host, name=label))


def assessed_tiers(document: Document, selection: Selection, chosen: Settings) -> Document:
    """Return the document assessed, and only the results of the memory tiers that the selection takes."""
    whole = assessed(document, chosen)
    if not selection.tiers:
        return whole
    tiers = {entry.key for entry in whole.assessments if entry.tier in selection.tiers}
    return assessed(of_results(whole, lambda result: result.key in tiers), chosen)


def assessed(document: Document, chosen: Settings) -> Document:
    """Return the document with the assessments and the verdict that its results lead to."""
    try:
        found = assessing.assessed(document, chosen.uses)
    except ArithmeticError as exc:
        raise ResultFileError(f"the result is damaged: its figures lead to no score: {exc}; run it again") from exc
    return with_contexts_in(found, chosen.max_memory_bytes)
