"""The files that a result goes to, kept up to date while a run goes on."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import OutputError
from ..report.formats import Format, format_of
from ..results.codec import encode
from ..results.files import check_writable, is_stream, write_atomically
from ..results.types import Document
from ..results.worth import Worth, worth_of, worth_of_file

if TYPE_CHECKING:
    from ..report.settings import ReportSettings

MOST_BESIDE: Final = 99


@contextmanager
def raised_at_the_end(error: OutputError | None) -> Iterator[None]:
    """Raise an error when the rest is done; it says more than a reader of standard output that went away meanwhile."""
    try:
        yield
    finally:
        if error is not None:
            raise error


class ResultFiles:
    """The files that a command was asked to write.

    A document never replaces one that holds more: it goes beside it, under another name. Making one raises `UsageError`
    for an ending that is no format, and `OutputError` for a place that takes none. `usual` is what a file that is no
    document is taken to hold.
    """

    def __init__(self, output: Sequence[str], *, shown: "ReportSettings", usual: Worth = Worth.RESULTS) -> None:
        self._outputs: tuple[tuple[Path, Format], ...] = tuple(
            (path, format_of(path)) for path in (Path(name).expanduser() for name in output)
        )
        self._shown = shown
        self._rescued: Path | None = None
        self._written: dict[Path, None] = {}
        self.remarks: list[str] = []
        """What went elsewhere than it was asked to, and why."""
        for path, format_ in self._outputs:
            format_.check()
            check_writable(path)
        self._worth = {path: worth_of_file(path, otherwise=usual) for path, _ in self._outputs}

    def write(self, document: Document, *, is_last: bool = False, kept_in: str | None = None) -> OutputError | None:
        """Write every file; where that fails, keep the result elsewhere and return the error, which says where.

        What holds less than the file that is there waits for the last write, which puts it beside. `kept_in` names the
        place where the result is kept anyway.
        """
        errors = []
        for path, format_ in self._outputs:
            if (format_.only_at_end or is_stream(path)) and not is_last:
                continue
            place = self._place(path, document, is_last=is_last)
            if place is not None and (error := self._try(place, format_, document)):
                errors.append(error)
        if not errors or kept_in:
            self._forget_rescued()
        if not errors:
            return None
        where = kept_in or self._rescue(document)
        kept = f"; what is finished is kept in {where}" if where else "; no other place could take it"
        return OutputError("; ".join(map(str, errors)) + kept)

    @property
    def names(self) -> tuple[str, ...]:
        """The files that were written."""
        return tuple(map(str, self._written))

    def _place(self, path: Path, document: Document, *, is_last: bool) -> Path | None:
        """Return where a document is to go, None where it is not to be written yet."""
        if worth_of(document) >= self._worth[path]:
            return path
        if not is_last:
            return None
        beside = next(
            (
                place
                for number in range(1, MOST_BESIDE + 1)
                if not (place := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists()
            ),
            None,
        )
        holds = self._worth[path].name.lower()
        what = "nothing" if worth_of(document) is Worth.NOTHING else f"no {holds}"
        where = f"this one is in {str(beside)!r}" if beside else "this one was not written"
        self.remarks.append(f"{str(path)!r} was left as it was, for this run found {what}; {where}")
        return beside

    def _try(self, path: Path, format_: Format, document: Document) -> OutputError | None:
        try:
            write_atomically(path, format_.render(document, self._shown))
        except OutputError as exc:
            self._written.pop(path, None)
            return exc
        self._written[path] = None
        return None

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


PERIOD_S: Final = 2.0
COST_FACTOR: Final = 50
"""Between two writes passes so many times what the last one took: it delays stamps, also in a thread of its own."""


class Checkpoints:
    """Writes what is finished while a run goes on, off the event loop and seldom, so that no measurement feels it.

    `snapshot` is called on the event loop and returns what makes the document of that moment in a thread.
    """

    def __init__(
        self, files: ResultFiles, snapshot: Callable[[], Callable[[], Document]], warn: Callable[[str], None]
    ) -> None:
        self._files = files
        self._snapshot = snapshot
        self._warn = warn
        self._due = asyncio.Event()
        self._urgent = asyncio.Event()
        self._over = False

    def request(self, *, at_once: bool = False) -> None:
        """Ask for a write: within a few seconds, or at once; requests during a write are answered by one more."""
        self._due.set()
        if at_once:
            self._urgent.set()

    def finish(self) -> None:
        """End `keep` once the write that may be under way is done."""
        self._over = True
        self._due.set()
        self._urgent.set()

    async def keep(self) -> None:
        """Write whenever asked, until finished; the first failure is told and ends it: the last write tries again."""
        while await self._due.wait() and not self._over:
            self._due.clear()
            self._urgent.clear()
            began_s = time.monotonic()
            if error := await asyncio.to_thread(self._write, self._snapshot()):
                self._warn(f"{error}; the run goes on and tries again at its end")
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(max(PERIOD_S, COST_FACTOR * (time.monotonic() - began_s))):
                    await self._urgent.wait()

    def _write(self, document: Callable[[], Document]) -> OutputError | None:
        return self._files.write(document())
