"""The one way a rich console is made here: server text is never markup, and a stream's limits are respected."""

import errno
import io
import os
from collections.abc import Mapping
from typing import IO, Final

from rich.console import Console

LARGEST_SIZE: Final = 10_000


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a reader that went away to the caller: rich would redirect stdout and exit."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002 - rich's signature
        """Leave the cursor visible, so that even a killed run hands the terminal back whole."""
        return False


def console_for(stream: IO[str], *, color: bool = True, environ: Mapping[str, str] | None = None) -> Console:
    """Return a console that writes to `stream`, without colours where `color` is false or NO_COLOR is set.

    `environ` stands for the process's environment (NO_COLOR, TERM, COLUMNS…). The console is interactive only where the
    stream is a terminal, whatever FORCE_COLOR says. What the stream's encoding lacks is written as "?".
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return _Console(
        file=stream,
        no_color=None if color else True,
        force_interactive=None if stream.isatty() else False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ=_with_usable_size(os.environ if environ is None else environ),
    )


def _with_usable_size(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment without COLUMNS and LINES that are no sizes: at 0 columns nothing could be printed."""
    useless = {name for name in ("COLUMNS", "LINES") if not _is_size(environ.get(name, "1"))}
    return {name: value for name, value in environ.items() if name not in useless} if useless else environ


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LARGEST_SIZE
