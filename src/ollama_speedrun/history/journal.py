"""Keeping a run while it goes on: each trial and each item is in the file as soon as it has ended.

The writing is done by a thread of its own, for no SQL may delay the stamps of the event loop. A process that is killed
loses what was under way. Whatever the disk does, the run goes on.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from ..benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkPartial, BenchmarkRevised
from ..discovery.events import HostFound, HostMerged
from ..errors import HistoryError
from ..inventory.events import ModelListed
from ..quality.events import ItemGraded, NextTokensRead, NotAsked, PilotAnswered, QualityBegan
from ..results.types import Document
from ..results.worth import Worth, worth_of
from ..visit.events import FoundLoaded
from . import rows, tables
from .file import connect, in_words, is_damage, set_aside
from .processes import this_process
from .transactions import transaction
from .types import SHORT_ID

Kept: TypeAlias = (
    HostFound
    | HostMerged
    | ModelListed
    | BenchmarkPartial
    | BenchmarkEnded
    | BenchmarkRevised
    | QualityBegan
    | PilotAnswered
    | ItemGraded
    | NotAsked
    | NextTokensRead
    | FoundLoaded
)
"""The events that are kept."""
Snapshot: TypeAlias = Callable[[], Document]
"""Makes the document of the moment at which it was handed over, in another thread."""
_NEVER_MORE: Final = None
"""Ends the thread."""


class Journal:
    """Keeps one run. A run is in the file from its first measurement on; one that measures nothing is never there.

    `why_not` says why it cannot be kept, None where it can; `remark` what else there is to say of the file.
    `arguments` is the command line, for a later one that goes on with this run.
    """

    def __init__(self, path: Path, *, verb: str, arguments: Mapping[str, object] | None = None) -> None:
        self.path = path
        self.why_not: str | None = None
        self.remark: str | None = None
        self.run_id: str | None = None
        """The run that is in the file; None before its first measurement."""
        self._verb = verb
        self._arguments = dict(arguments or {})
        self._queue: queue.SimpleQueue[Kept | Snapshot | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_begun = False

    @property
    def where(self) -> str | None:
        """Where the run is kept, in words; None where it is not."""
        if self.run_id is None or self.why_not is not None:
            return None
        return f"the history as run {self.run_id[:SHORT_ID]}"

    def take(self, event: object, snapshot: Callable[[], Snapshot]) -> None:
        """Keep an event; `snapshot` gives the whole run with this event in it, which the first entry is made of."""
        if self.why_not is not None:
            return
        if self._thread is None and isinstance(event, BenchmarkBegan | BenchmarkPartial | ItemGraded):
            self._thread = threading.Thread(target=self._write_all, name="history", daemon=True)
            self._thread.start()  # it opens the file while the first model is loaded
        if self._is_begun and isinstance(event, Kept):
            self._queue.put(event)
        elif _measures(event):
            self._is_begun = True
            self._queue.put(snapshot())

    def finish(self, document: Document) -> None:
        """Put the whole run in, also where a part of it could not be written before; what measured nothing is not kept.

        Waits for what is still being written.
        """
        if self._thread is not None:
            self._queue.put(_NEVER_MORE)
            self._thread.join()
            self._thread = None
        if self.run_id is None and worth_of(document) < Worth.RESULTS:
            return
        self._guarded(lambda: self._put_whole(document))

    def _put_whole(self, document: Document) -> None:
        """Put a run in; a file that turns out to be damaged meanwhile makes way for a new one."""
        try:
            self._put_into(self._open(), document)
        except sqlite3.Error as exc:
            if not is_damage(exc):
                raise
            self._make_way(exc)
            self._put_into(self._open(), document)
        self.why_not = None

    def _put_into(self, connection: sqlite3.Connection, document: Document) -> None:
        with closing(connection), transaction(connection):
            self._begin(connection, document, is_running=False)

    def _write_all(self) -> None:
        """Write what comes until the end, each time all that waits, in one transaction."""
        connection: sqlite3.Connection | None = None

        def write() -> None:
            nonlocal connection
            connection = self._open()
            while True:
                entries = self._waiting()
                with transaction(connection):
                    for entry in entries:
                        if entry is not _NEVER_MORE:
                            self._put(connection, entry)
                if _NEVER_MORE in entries:
                    return

        self._guarded(write)
        if connection is not None:
            connection.close()

    def _waiting(self) -> list[Kept | Snapshot | None]:
        """Return all that waits, and wait for the first of it."""
        entries = [self._queue.get()]
        while not self._queue.empty():
            entries.append(self._queue.get())
        return entries

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do some work; what the file or the disk refuses becomes `why_not`."""
        try:
            work()
        except (sqlite3.Error, OSError) as exc:
            self.why_not = in_words(self.path, exc)
        except HistoryError as exc:
            self.why_not = str(exc)

    def _open(self) -> sqlite3.Connection:
        """Return a connection; a damaged file makes way for a new one."""
        try:
            return connect(self.path)
        except sqlite3.Error as exc:
            if not is_damage(exc):
                raise
            self._make_way(exc)
        return connect(self.path)

    def _make_way(self, damage: sqlite3.Error) -> None:
        aside = set_aside(self.path)
        self.remark = f"the history {str(self.path)!r} is damaged ({damage}) and was renamed to {str(aside)!r}"

    def _put(self, connection: sqlite3.Connection, entry: Kept | Snapshot) -> None:
        if callable(entry):
            self._begin(connection, entry(), is_running=True)
            return
        if self.run_id is None:
            raise AssertionError("a run begins with its snapshot")
        match entry:
            case HostFound(host) | HostMerged(host):
                tables.put_host(connection, self.run_id, host)
            case ModelListed(model):
                tables.put_model(connection, self.run_id, model)
            case BenchmarkPartial(result) | BenchmarkEnded(result) | BenchmarkRevised(result):
                tables.put(connection, "results", rows.result_row(self.run_id, result))
            case QualityBegan(record) | PilotAnswered(record):
                tables.put_record(connection, self.run_id, record)
            case ItemGraded(host, model, variant, item):
                tables.put_item(connection, self.run_id, (host, model, variant), item)
            case NextTokensRead(found):
                tables.add_next_tokens(connection, self.run_id, found)
            case FoundLoaded(loaded):
                tables.put_loaded_before(connection, self.run_id, loaded)
            case NotAsked():
                return  # the last document says it
        connection.execute(
            "UPDATE runs SET updated_at = ? WHERE run_id = ?", (rows.moment(datetime.now(UTC)), self.run_id)
        )

    def _begin(self, connection: sqlite3.Connection, document: Document, *, is_running: bool) -> None:
        tables.put_document(connection, document, verb=self._verb)
        pid, started_s = this_process() if is_running else (None, None)
        connection.execute(
            "UPDATE runs SET arguments = ?, pid = ?, process_started_s = ?, updated_at = ? WHERE run_id = ?",
            (rows.encoded(self._arguments), pid, started_s, rows.moment(datetime.now(UTC)), document.run_id),
        )
        self.run_id = document.run_id


def _measures(event: object) -> bool:
    """Tell if an event says that something was measured."""
    match event:
        case BenchmarkPartial(result) | BenchmarkEnded(result) | BenchmarkRevised(result):
            return result.status == "ok"
        case ItemGraded() | PilotAnswered():
            return True
        case _:
            return False
