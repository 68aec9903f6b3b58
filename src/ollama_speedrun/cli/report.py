"""`report [FILE|RUN ...]`: a saved result as a page or a card, without any traffic; without FILE the last run."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ..results.types import Document
from . import planning, saved
from .environment import Environment
from .exit_codes import ExitCode
from .results import ResultFiles, raised_at_the_end
from .run import load_settings
from .screen import Screen


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Write the files of `--output`, else one page into the current directory, and print their names."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    shown = planning.report_settings(chosen)
    asked = ResultFiles(chosen.output, shown=shown) if chosen.output else None
    document = saved.load(environment, arguments, chosen, screen)
    files = asked or ResultFiles([_usual_name(document)], shown=shown)
    unwritten = files.write(document, is_last=True)
    for remark in files.remarks:
        screen.complain(remark)
    if not document.complete:
        screen.note("This result is of a run that was interrupted.")
    with raised_at_the_end(unwritten):
        if arguments.json:
            environment.put(json.dumps({"run_id": document.run_id, "files": files.names}, indent=2))
        elif files.names:
            environment.put("\n".join(files.names))
    if arguments.open:
        _open(files.names, screen)
    return ExitCode.DONE


def _usual_name(document: Document) -> str:
    return f"ollama-speedrun-{document.started_at:%Y-%m-%d-%H%M}.html"


def _open(names: Sequence[str], screen: Screen) -> None:
    """Open the first file in the web browser; where that cannot be, its address is said."""
    import webbrowser

    address = Path(names[0]).resolve().as_uri()
    try:
        is_open = webbrowser.open(address)
    except (OSError, webbrowser.Error):
        is_open = False
    if not is_open:
        screen.note(f"There is no web browser to open it here; its address is {address}")
