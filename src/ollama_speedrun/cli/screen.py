"""The two streams of a command: data on stdout, talk on stderr, each as the settings want it."""

import contextlib
from collections.abc import Iterator

from rich.console import Console

from ..errors import OutputError
from ..events import Phase
from ..report import document as documents
from ..report import terminal
from ..report.document import Document
from ..ui.console import console_for
from ..ui.live import Verbosity
from .environment import Environment
from .options import PROGRAM
from .settings import Settings


class Screen:
    """Prints results and remarks; `talk` is the console of stderr."""

    def __init__(self, environment: Environment, settings: Settings, *, as_json: bool) -> None:
        self._environment = environment
        self._settings = settings
        self._as_json = as_json
        self.talk: Console = console_for(environment.stderr, color=settings.color, environ=environment.variables)

    @property
    def verbosity(self) -> Verbosity:
        """How much of a run is told."""
        if self._settings.quiet:
            return Verbosity.QUIET
        return Verbosity.VERBOSE if self._settings.verbose else Verbosity.NORMAL

    def note(self, text: str) -> None:
        """Say something on stderr, unless `--quiet`."""
        if not self._settings.quiet:
            self._environment.say(text)

    def complain(self, text: str) -> None:
        """Say on stderr why a command did not end well."""
        self._environment.say(f"{PROGRAM}: {text}")

    def show(self, document: Document, *, until: Phase) -> None:
        """Print the result on stdout: the JSON document, or the table of the last phase where it has any rows.

        Raises `OutputError` when stdout takes no more, but leaves a reader that went away a `BrokenPipeError`.
        """
        with self._writing():
            if self._as_json:
                self._environment.stdout.buffer.write(documents.encode(document))
                return
            console = console_for(
                self._environment.stdout, color=self._settings.color, environ=self._environment.variables
            )
            match until:
                case Phase.DISCOVER if document.hosts:
                    terminal.print_hosts(console, document)
                case Phase.ENUMERATE if document.models:
                    terminal.print_models(console, document)
                case Phase.BENCHMARK | Phase.ASSESS if document.results:
                    terminal.print_report(console, document, scoring=self._settings.scoring)
                case _:
                    pass

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
            self._environment.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as exc:
            raise OutputError(
                f"cannot write to standard output: {exc.strerror}; give --output FILE to write elsewhere"
            ) from exc
