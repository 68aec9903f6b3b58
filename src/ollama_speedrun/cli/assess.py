"""`assess [FILE]`: the verdict on a saved result, without any traffic; without FILE a whole run."""

import argparse
from pathlib import Path

import msgspec

from ..assessment.recommend import assess
from ..errors import UsageError
from ..events import Phase
from ..pipeline.record import Selection
from ..results.codec import decode
from ..results.files import read_document
from ..results.types import Document
from . import planning
from .ending import Ending
from .environment import Environment
from .exit_codes import ExitCode
from .options import CHOOSING, FINDING, HOST, MEASURING, SETTINGS
from .results import ResultFiles, last_run_file
from .run import load_settings, run_until
from .screen import Screen

_NEED_TRAFFIC = tuple(setting for setting in SETTINGS if setting.group in {HOST, FINDING, CHOOSING, MEASURING})


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Assess a file, the last run, or a new run."""
    if arguments.file is None and not arguments.last:
        return run_until(Phase.ASSESS, environment, arguments)
    _check_no_contradiction(arguments)
    chosen = load_settings(environment, arguments)
    files = ResultFiles(chosen.output, last_run=None, shown=planning.report_settings(chosen))
    saved = _read(environment, arguments)
    if not saved.results:
        raise UsageError(
            f"there is no benchmark in it to assess, only a list of {len(saved.hosts)} servers and "
            f"{len(saved.models)} models; give a FILE that `run` or `benchmark` wrote"
        )
    assessments, verdict = assess(saved.models, saved.results, saved.quality_records, saved.settings)
    document = msgspec.structs.replace(saved, assessments=assessments, verdict=verdict)
    screen = Screen(environment, chosen, as_json=arguments.json)
    unwritten = files.write(document)
    screen.show(document, until=Phase.ASSESS)
    if arguments.explain is not None:
        screen.explain(document, arguments.explain)
    if unwritten:
        raise unwritten
    if not document.complete:
        screen.note("This result is of a run that was interrupted.")
    ending = Ending(
        document=msgspec.structs.replace(document, complete=True),
        until=Phase.ASSESS,
        selection=Selection(),
        has_server=any(host.is_ollama for host in document.hosts),
        has_model=bool(document.models),
    )
    if ending.sentence:
        screen.complain(ending.sentence)
    return ending.status


def _check_no_contradiction(arguments: argparse.Namespace) -> None:
    if arguments.file is not None and arguments.last:
        raise UsageError(f"FILE ({arguments.file}) and --last contradict each other; give only one of them")
    source = "--last" if arguments.last else f"FILE ({arguments.file})"
    for setting in _NEED_TRAFFIC:
        if getattr(arguments, setting.key) is not None:
            raise UsageError(
                f"{source} and {setting.flag} contradict each other: a saved result is assessed without any traffic; "
                "give only one of them"
            )


def _read(environment: Environment, arguments: argparse.Namespace) -> Document:
    if arguments.last:
        path = last_run_file(environment)
        if not path.exists():
            raise UsageError(f"there is no last run in {path}; run a benchmark first, or name a FILE")
        return read_document(path)
    if arguments.file == "-":
        return decode(environment.stdin.buffer.read(), origin="standard input")
    return read_document(Path(arguments.file))
