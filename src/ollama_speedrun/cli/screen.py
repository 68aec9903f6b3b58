"""The two streams of a command: data on stdout, talk on stderr, each as the settings want it."""

import functools

from ..events import Phase
from ..report.text import clean
from ..results import codec
from ..results.types import Document
from .environment import Environment
from .options import PROGRAM
from .planning import report_settings
from .settings import Settings

TYPE_CHECKING = False  # loading rich takes longer than a LAN takes to answer
if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console

    from ..discovery.types import Host
    from ..report.compared import Compared
    from ..ui.lines import Verbosity
    from ..ui.live import RunDisplay


class Screen:
    """Prints results and remarks."""

    def __init__(self, environment: Environment, settings: Settings, *, as_json: bool) -> None:
        self._environment = environment
        self._settings = settings
        self._as_json = as_json

    @functools.cached_property
    def talk(self) -> "Console":
        """The console of stderr."""
        return self._console(self._environment.stderr)

    def _console(self, stream: "TextIO") -> "Console":
        from ..ui.console import console_for

        return console_for(stream, color=self._settings.color, environ=self._environment.variables)

    def display(self) -> "RunDisplay":
        """Return the live display of a run, on stderr."""
        from ..ui.live import RunDisplay

        return RunDisplay(self.talk, verbosity=self.verbosity)

    def console(self) -> "Console":
        """Return the console of stdout; what is printed on it belongs inside the environment's `writing`."""
        return self._console(self._environment.stdout)

    @property
    def verbosity(self) -> "Verbosity":
        """The amount of talk about a run."""
        from ..ui.lines import Verbosity

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
        with self._environment.writing():
            if self._as_json:
                self._environment.stdout.buffer.write(codec.encode(document))
                return
            from ..report import terminal

            console = self._console(self._environment.stdout)
            match until:
                case Phase.DISCOVER if document.hosts:
                    terminal.print_hosts(console, document)
                case Phase.ENUMERATE if document.models:
                    terminal.print_models(console, document)
                case Phase.BENCHMARK | Phase.ASSESS if document.results:
                    terminal.print_report(console, document, report_settings(self._settings))
                    if self._settings.plot:
                        terminal.print_plots(console, document)
                case _:
                    pass

    def show_comparison(self, found: "Compared") -> None:
        """Print a comparison on stdout; raises as `show` does."""
        with self._environment.writing():
            from ..report import terminal

            terminal.print_comparison(self._console(self._environment.stdout), found)

    def stream(self, host: "Host") -> None:
        """Print a host on stdout as one line of JSON; raises as `show` does."""
        self._environment.put(codec.encode_line(host))

    def explain(self, document: Document, pattern: str) -> None:
        """Print how the figures of the models that match came about: on stderr where stdout is for JSON.

        Raises `OutputError` as `show` does.
        """
        from rich.text import Text

        from ..report import explain
        from ..report.layout import print_lines

        lines = explain.explain(document, pattern)
        if not lines:
            self.complain(f"no result matches --explain {pattern!r}; found: {', '.join(_names(document)) or 'none'}")
            return
        with self._environment.writing():
            console = self.talk if self._as_json else self._console(self._environment.stdout)
            print_lines(console, map(Text, ("", *lines[:-1])))


def _names(document: Document) -> list[str]:
    return sorted({clean(result.label) for result in document.results})
