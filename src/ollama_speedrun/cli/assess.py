"""`assess [FILE ...]`: the verdict on saved results, without any traffic; without FILE on the last run."""

import argparse
from collections.abc import Sequence
from typing import Final

import msgspec

from ..assessment.recommend import assess
from ..benchmark import energy
from ..benchmark.types import Result
from ..discovery.types import Host
from ..discovery.watts import parse_host_watts
from ..errors import ResultFileError, UsageError
from ..events import Phase
from ..history.reference import LAST, resolve, resolve_run
from ..history.store import History
from ..pipeline.power import takes
from ..pipeline.record import Selection
from ..report.figures import host_label
from ..report.text import clean
from ..results.codec import decode
from ..results.files import read_bounded
from ..results.fits import with_contexts_in
from ..results.several import differences, merged, of_results
from ..results.types import Document
from ..wording import counted
from . import planning
from .ending import Ending
from .environment import Environment
from .exit_codes import ExitCode
from .results import ResultFiles
from .run import load_settings
from .screen import Screen
from .settings import Settings

STDIN = "-"
_SHOWN_UNLIKE: Final = 3


def unlike_note(what: str, unlike: Sequence[str]) -> str:
    """Return what is said of results that other settings were used for, with the first few of those."""
    more = len(unlike) - _SHOWN_UNLIKE
    shown = "; ".join([*unlike[:_SHOWN_UNLIKE], *([f"{more} more"] if more > 0 else [])])
    return f"These {what} were measured with different settings, so compare them with care: {clean(shown, 600)}."


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Assess files, put together where there are several, or the last run."""
    _check_no_contradiction(arguments)
    chosen = load_settings(environment, arguments)
    files = ResultFiles(chosen.output, shown=planning.report_settings(chosen))
    screen = Screen(environment, chosen, as_json=arguments.json)
    documents = read_documents(environment, chosen, arguments.files, screen)
    if unlike := differences(documents):
        screen.note(unlike_note("results", unlike))
    whole = merged(documents)
    if not whole.results:
        raise UsageError(
            f"there is no benchmark in it to assess, only a list of {counted(len(whole.hosts), 'server')} and "
            f"{counted(len(whole.models), 'model')}; give a FILE that `run` or `benchmark` wrote"
        )
    selection = selection_of(arguments, chosen)
    document = assessed(with_energy(selected(whole, selection), chosen, is_asked=arguments.watts is not None), chosen)
    if selection.tiers:
        tiers = {entry.key for entry in document.assessments if entry.tier in selection.tiers}
        document = assessed(of_results(document, lambda result: result.key in tiers), chosen)
    unwritten = files.write(document, is_last=True)
    screen.show(document, until=Phase.ASSESS)
    if arguments.explain is not None:
        screen.explain(document, arguments.explain)
    if unwritten:
        raise unwritten
    return _end(screen, whole, document, selection, files)


def _end(screen: Screen, whole: Document, document: Document, selection: Selection, files: ResultFiles) -> ExitCode:
    for remark in files.remarks:
        screen.complain(remark)
    if not document.complete:
        screen.note("This result is of a run that was interrupted.")
    ending = Ending(
        document=msgspec.structs.replace(document if document.results else whole, complete=True),
        until=Phase.ASSESS,
        selection=selection,
        has_server=any(host.is_ollama and _takes_host(selection, host) for host in whole.hosts),
        has_model=bool(document.results),
    )
    if ending.sentence:
        screen.complain(ending.sentence)
    return ending.status


def _check_no_contradiction(arguments: argparse.Namespace) -> None:
    if arguments.files and arguments.last:
        raise UsageError(f"FILE ({arguments.files[0]}) and --last contradict each other; give only one of them")
    if arguments.hosts_file is not None:
        raise UsageError(
            "assess and --hosts-file contradict each other: a saved result is assessed without any traffic; choose "
            "among its hosts with --host"
        )
    if arguments.files.count(STDIN) > 1:
        raise UsageError("standard input (-) is given more than once; give it once")


def read_documents(environment: Environment, chosen: Settings, names: Sequence[str], screen: Screen) -> list[Document]:
    """Return what the names mean: files, runs of the history, and standard input; the last run without any."""
    with History(planning.history_file(chosen, environment)) as history:
        if history.remark is not None:
            screen.complain(history.remark)
        if not names:
            run = resolve_run(LAST, history)
            screen.note(f"The run {run.short_id} of {run.started_at.astimezone():%Y-%m-%d %H:%M}.")
            return [history.document(run.run_id)]
        return [_from_stdin(environment) if name == STDIN else resolve(name, history) for name in names]


def _from_stdin(environment: Environment) -> Document:
    data = read_bounded(environment.stdin.buffer, "standard input")
    return decode(data, origin="standard input")


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
    hosts = {host.url for host in document.hosts if _takes_host(selection, host)}
    return of_results(
        document,
        lambda result: (not selection.hosts or result.host in hosts) and selection.takes_name(result.model),
    )


def _takes_host(selection: Selection, host: Host) -> bool:
    label = host_label(host.url)
    return selection.takes_host(host) or selection.takes_host(msgspec.structs.replace(host, name=label))


def with_energy(document: Document, chosen: Settings, *, is_asked: bool) -> Document:
    """Return the document with the energy of its results by the power and the price that the settings give now.

    Power that the command line itself gives (`is_asked`) has to be of use here; that of the settings file is for runs,
    too.
    """
    hosts = {host.url: host for host in document.hosts}
    price, stated = chosen.price_kwh, tuple(map(parse_host_watts, chosen.watts))
    for one in stated if is_asked else ():
        if one.watts is None:
            raise UsageError(f"--watts {one.host}=sensors needs a run: nothing is measured here; state watts instead")
        if not any(takes(one, host) for host in document.hosts):
            raise UsageError(f"--watts names {one.host}, and no host of the result is called so")

    def of(result: Result) -> Result:
        host = hosts.get(result.host)
        named = [one for one in stated if host is not None and takes(one, host)]
        watts = named[-1].watts if named else None
        if watts is not None and result.status == "ok" and result.interview is not None:
            return energy.stated(result, watts, price)
        return result if price is None else energy.priced(result, price)

    return msgspec.structs.replace(document, results=tuple(map(of, document.results)))


def assessed(document: Document, chosen: Settings) -> Document:
    """Return the document with the assessments and the verdict that its results lead to."""
    try:
        assessments, verdict = assess(
            document.models,
            document.results,
            document.quality_records,
            document.settings,
            named_uses=chosen.uses,
            next_tokens=document.next_tokens,
        )
    except ArithmeticError as exc:
        raise ResultFileError(f"the result is damaged: its figures lead to no score: {exc}; run it again") from exc
    found = msgspec.structs.replace(document, assessments=assessments, verdict=verdict)
    return with_contexts_in(found, chosen.max_memory_bytes)
