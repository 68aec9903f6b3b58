"""`assess [FILE ...]`: the verdict on saved results, without any traffic; without FILE on the last run."""

import argparse

import msgspec

from ..benchmark import energy
from ..benchmark.types import Result
from ..discovery.watts import parse_host_watts
from ..errors import UsageError
from ..events import Phase
from ..pipeline.power import takes
from ..pipeline.record import Selection
from ..results.types import Document
from . import planning, saved
from .ending import Ending
from .environment import Environment
from .exit_codes import ExitCode
from .results import ResultFiles, raised_at_the_end
from .run import load_settings
from .screen import Screen
from .settings import Settings


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Assess files, put together where there are several, or the last run."""
    if arguments.files and arguments.last:
        raise UsageError(f"FILE ({arguments.files[0]}) and --last contradict each other; give only one of them")
    chosen = load_settings(environment, arguments)
    files = ResultFiles(chosen.output, shown=planning.report_settings(chosen))
    screen = Screen(environment, chosen, as_json=arguments.json)
    whole = saved.read(environment, arguments, chosen, screen)
    selection = saved.selection_of(arguments, chosen)
    part = with_energy(saved.selected(whole, selection), chosen, is_asked=arguments.watts is not None)
    document = saved.assessed_tiers(part, selection, chosen)
    unwritten = files.write(document, is_last=True)
    with raised_at_the_end(unwritten):
        screen.show(document, until=Phase.ASSESS)
        if arguments.explain is not None:
            screen.explain(document, arguments.explain)
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
        has_server=any(host.is_ollama and saved.takes_host(selection, host) for host in whole.hosts),
        has_model=bool(document.results),
    )
    if ending.sentence:
        screen.complain(ending.sentence)
    return ending.status


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
