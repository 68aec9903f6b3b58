"""The process's surroundings, handed to `main` so that a test can hand it others."""

from __future__ import annotations

import errno
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from ..errors import OutputError, cause_of

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Literal, TextIO

    from ..masking import Mask

APP_NAME = "ollama-speedrun"
_STEERING = dict.fromkeys(
    code
    for code in (*range(32), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\t\n"
)
"""Controls that could steer a terminal. Whoever shows a name cleans it in full; this holds where that was forgotten."""


class Environment:
    """Arguments without the program's name, the three streams, the variables, and the places of settings and history.

    A directory that is not given is the platform's own for this program; it need not exist.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each surrounding that a test may replace
        self,
        argv: Sequence[str],
        *,
        stdin: TextIO,
        stdout: TextIO,
        stderr: TextIO,
        variables: Mapping[str, str],
        config_dir: Path | None = None,
        data_dir: Path | None = None,
    ) -> None:
        self.argv = tuple(argv)
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.variables = variables
        self._config_dir = config_dir
        self._data_dir = data_dir
        self._began_s = time.monotonic()
        self._mask: Mask | None = None
        self.closing = ExitStack()
        """Closed once the command is over."""
        self.log_line: Callable[[str], None] = self.say
        """Shows a line of the log under `--verbose`; a live display puts itself there."""

    @classmethod
    def of_process(cls) -> Environment:
        """Return the surroundings of this very process.

        A stream that the parent closed is replaced by one that swallows everything; a character that the encoding
        of a stream lacks is written as "?".
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return cls(
            sys.argv[1:],
            stdin=sys.stdin or _nothing("r"),
            stdout=sys.stdout or _nothing("w"),
            stderr=sys.stderr or _nothing("w"),
            variables=os.environ,
        )

    @property
    def config_dir(self) -> Path:
        """The directory of the settings file."""
        if self._config_dir is None:
            from platformdirs import user_config_path

            self._config_dir = user_config_path(APP_NAME, appauthor=False)
        return self._config_dir

    @property
    def data_dir(self) -> Path:
        """The directory of the history."""
        if self._data_dir is None:
            from platformdirs import user_data_path

            self._data_dir = user_data_path(APP_NAME, appauthor=False)
        return self._data_dir

    @property
    def mask(self) -> Mask:
        """The secrets that no text may show on its way out: those in arguments and variables, and what is added."""
        if self._mask is None:
            from ..masking import Mask, passwords_in

            texts = (*self.argv, self.variables.get("OLLAMA_HOST", ""))
            self._mask = Mask([*passwords_in(texts), self.variables.get("OLLAMA_API_KEY", "").strip()])
        return self._mask

    @property
    def age_s(self) -> float:
        """The age of these surroundings in seconds: about that of the process."""
        return time.monotonic() - self._began_s

    @property
    def is_interactive(self) -> bool:
        """True where a person can be asked: both the questions and the answers go to a terminal."""
        return self.stdin.isatty() and self.stderr.isatty()

    def say(self, text: str) -> None:
        """Write a sentence on stderr: one line of it, unless a terminal would break that within words."""
        text = self.mask.text(text).translate(_STEERING)
        if self.stderr.isatty():
            import shutil
            import textwrap

            width = shutil.get_terminal_size().columns
            text = "\n".join(
                textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in text.splitlines()
            )
        with suppress(OSError):  # where even that is impossible, the exit status still tells
            print(text, file=self.stderr, flush=True)

    def put(self, text: str) -> None:
        """Print a result on stdout; raises `OutputError` where it takes no more, `BrokenPipeError` without a reader."""
        shown = text if self._mask is None else self._mask.text(text)
        with self.writing():
            print(shown.translate(_STEERING), file=self.stdout)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Flush stdout at the end of the block; errors of writing are raised as `put` does."""
        try:
            yield
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as exc:
            raise OutputError(f"cannot write to standard output: {_why_unwritten(exc)}") from exc


def _why_unwritten(error: OSError) -> str:
    """Return why standard output takes nothing, and what to try."""
    if error.errno == errno.EBADF:
        return f"it is closed; redirect it to a file or to {os.devnull}"
    cause = cause_of(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"{cause}; make room there, or redirect it to another place"
    return f"{cause}; redirect it to another place"


def _nothing(mode: Literal["r", "w"]) -> TextIO:
    return open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123 - lives as long as the process
