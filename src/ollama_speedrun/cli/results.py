"""The files that a result goes to, kept up to date while a run goes on."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import OutputError
from ..report.formats import Format, format_of
from ..results.codec import encode
from ..results.files import check_writable, write_atomically
from ..results.types import Document
from .environment import Environment

if TYPE_CHECKING:
    from ..report.settings import ReportSettings

LAST_RUN_NAME: Final = "last-run.json"


def last_run_file(environment: Environment) -> Path:
    """Return where the last run of this machine is kept."""
    return environment.state_dir / LAST_RUN_NAME


class ResultFiles:
    """The files that a run was asked to write, and the autosaved one where `last_run` is given.

    Making one raises `UsageError` for an ending that is no format, and `OutputError` for a place that takes none.
    """

    def __init__(self, output: Sequence[str], *, last_run: Path | None, shown: "ReportSettings") -> None:
        self._outputs: tuple[tuple[Path, Format], ...] = tuple(
            (path, format_of(path)) for path in (Path(name).expanduser() for name in output)
        )
        self._last_run = last_run
        self._shown = shown
        self._rescued: Path | None = None
        self.why_not_kept: str | None = None
        """Why the last run could not be autosaved; None where it was, or was not to be."""
        for path, _ in self._outputs:
            check_writable(path)

    def write(self, document: Document) -> OutputError | None:
        """Write every file; where that fails, keep the result elsewhere and return the error, which says where."""
        errors = [error for path, format_ in self._outputs if (error := self._try(path, format_, document))]
        saved = self._last_run is not None and self._autosave(self._last_run, document)
        if not errors or saved:
            self._forget_rescued()
        if not errors:
            return None
        where = self._last_run if saved else self._rescue(document)
        kept = f"; what is finished is kept in {where}" if where else "; no other place could take it"
        return OutputError("; ".join(map(str, errors)) + kept)

    @property
    def names(self) -> tuple[str, ...]:
        """The files that were asked for."""
        return tuple(str(path) for path, _ in self._outputs)

    def _try(self, path: Path, format_: Format, document: Document) -> OutputError | None:
        try:
            write_atomically(path, format_.render(document, self._shown))
        except OutputError as exc:
            return exc
        return None

    def _autosave(self, path: Path, document: Document) -> bool:
        """Keep the result for `assess --last`; a place that cannot be written is no error, for nobody asked for it."""
        if not document.results:
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, encode(document))
        except (OSError, OutputError) as exc:
            self.why_not_kept = str(exc)
            return False
        self.why_not_kept = None
        return True

    def _rescue(self, document: Document) -> Path | None:
        """Put the result into the temporary directory, always the same file; return where, None when that fails."""
        try:
            if self._rescued is None:
                descriptor, name = tempfile.mkstemp(prefix="ollama-speedrun-", suffix=".json")
                os.close(descriptor)
                self._rescued = Path(name)
            write_atomically(self._rescued, encode(document))
        except (OSError, OutputError):
            if self._rescued is not None and not self._rescued.stat().st_size:
                self._forget_rescued()
            return None
        return self._rescued

    def _forget_rescued(self) -> None:
        if self._rescued is not None:
            self._rescued.unlink(missing_ok=True)
            self._rescued = None


class Checkpoints:
    """Writes what is finished while a run goes on, off the event loop so that no measurement feels it."""

    def __init__(self, files: ResultFiles, snapshot: Callable[[], Document], warn: Callable[[str], None]) -> None:
        self._files = files
        self._snapshot = snapshot
        self._warn = warn
        self._due = asyncio.Event()
        self._over = False

    def request(self) -> None:
        """Ask for a write soon; requests during a write are answered by one more."""
        self._due.set()

    def finish(self) -> None:
        """End `keep` once the write that may be under way is done."""
        self._over = True
        self._due.set()

    async def keep(self) -> None:
        """Write whenever asked, until finished; the first failure is told and ends it: the last write tries again."""
        while await self._due.wait() and not self._over:
            self._due.clear()
            if error := await asyncio.to_thread(self._files.write, self._snapshot()):
                self._warn(f"{error}; the run goes on and tries again at its end")
                return
