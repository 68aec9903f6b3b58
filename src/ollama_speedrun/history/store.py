"""The history file as its readers see it: runs, their documents, and what is taken in and out by hand."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from ..assessment.uses import USES, Use
from ..errors import HistoryError
from ..results.assessing import assessed
from ..results.codec import decode
from ..results.types import TOOL_NAME, Document
from . import tables
from .file import connect, connect_to_read, errors_in_words, is_damage, set_aside
from .processes import is_alive
from .transactions import transaction
from .types import Figures, RunSummary

ADDED: Final = "added"
"""The verb of a run that was taken in from a file."""
_SUMMARIES: Final = """
WITH counted AS (
  SELECT run_id, COUNT(DISTINCT host) AS hosts, SUM(status = 'ok') AS measured, SUM(status = 'failed') AS failed,
         SUM(status = 'skipped') AS skipped
  FROM results INDEXED BY results_by_status GROUP BY run_id
)
SELECT runs.run_id, started_at, ended_at, complete, verb, tool_version, pick, pick_host, pid, process_started_s,
       COALESCE(hosts, 0) AS hosts, COALESCE(measured, 0) AS measured, COALESCE(failed, 0) AS failed,
       COALESCE(skipped, 0) AS skipped
FROM runs LEFT JOIN counted USING (run_id) ORDER BY started_at DESC, runs.run_id
"""
_FIGURE_COLUMNS: Final = ", ".join(f"results.{name}" for name in Figures.__struct_fields__ if name != "run_started_at")


class History:
    """The runs of one file, which need not exist: then there are none. Use it as a context manager.

    Everything raises `HistoryError` where the file cannot be read or written. A damaged file is renamed, and `remark`
    says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.remark: str | None = None
        self._connection: sqlite3.Connection | None = None
        with errors_in_words(path):
            try:
                self._connection = connect_to_read(path)
            except sqlite3.Error as exc:
                if not is_damage(exc):
                    raise
                aside = set_aside(path)
                self.remark = f"the history {str(path)!r} is damaged ({exc}) and was renamed to {str(aside)!r}"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def runs(self) -> Sequence[RunSummary]:
        """Return all runs, the newest first, without reading their documents."""
        rows = self._rows(_SUMMARIES)
        with errors_in_words(self.path):
            return [_summary(row) for row in rows]

    def measured(self) -> Sequence[RunSummary]:
        """Return the runs that measured anything, the newest first."""
        return [run for run in self.runs() if run.measured]

    def document(self, run_id: str, *, uses: Sequence[Use] = USES) -> Document:
        """Return a run as a document, assessed from its raw records; raises `HistoryError` for one that is not there.

        `uses` are those that the verdict names.
        """
        return assessed(self.recorded(run_id), uses)

    def recorded(self, run_id: str) -> Document:
        """Return a run as a document without a verdict; raises `HistoryError` for one that is not there."""
        with errors_in_words(self.path):
            raw = _raw_document(self._rows, run_id)
        if raw is None:
            raise HistoryError(f"the run {run_id} is not in the history {str(self.path)!r}; `history` lists what is")
        return decode(raw, origin=f"the run {run_id} in {str(self.path)!r}")

    def figures(self, *, run_id: str | None = None, model: str | None = None) -> Sequence[Figures]:
        """Return the main figures of results, those of the oldest run first; of one run or model where it is given."""
        given = {"results.run_id": run_id, "results.model": model}
        wanted = {column: value for column, value in given.items() if value is not None}
        where = f"WHERE {' AND '.join(f'{column} = ?' for column in wanted)}" if wanted else ""
        found = self._rows(
            f"SELECT {_FIGURE_COLUMNS}, runs.started_at AS run_started_at FROM results JOIN runs USING (run_id) "  # noqa: S608 - own names
            f"{where} ORDER BY runs.started_at, results.rowid",
            *wanted.values(),
        )
        with errors_in_words(self.path):
            return [
                msgspec.convert({**dict(row), "variant": row["variant"] or None}, Figures, strict=False)
                for row in found
            ]

    def host_names(self) -> dict[str, str]:
        """Return what each host was called last, by its URL, where it was called anything."""
        found = self._rows("SELECT url, name FROM hosts JOIN runs USING (run_id) ORDER BY runs.started_at")
        with errors_in_words(self.path):
            return msgspec.convert({row["url"]: row["name"] for row in found if row["name"]}, dict[str, str])

    def arguments(self, run_id: str) -> dict[str, object]:
        """Return the command line that a run was begun with, empty where that is not known."""
        found = self._rows("SELECT arguments FROM runs WHERE run_id = ?", run_id)
        with errors_in_words(self.path):
            return _object(found[0]["arguments"] or "{}") if found else {}

    def add(self, document: Document, *, verb: str = ADDED) -> str | None:
        """Take a document in as a run, and return its id; None where that run is there already.

        One without an id, such as several runs put together, gets one.
        """
        run_id = document.run_id or str(uuid.uuid4())
        with self._writing() as connection:
            if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
                return None
            tables.put_document(connection, msgspec.structs.replace(document, run_id=run_id), verb=verb)
        return run_id

    def delete(self, run_ids: Sequence[str]) -> int:
        """Take runs out, and give the room back to the disk unless others use the file; returns how many there were."""
        with self._writing() as connection:
            found = sum(
                connection.execute("DELETE FROM runs WHERE run_id = ?", (run_id,)).rowcount for run_id in run_ids
            )
        if found and self._connection is not None:
            with suppress(sqlite3.DatabaseError):  # the room is used for the next runs then
                self._connection.execute("VACUUM")
        return found

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction that ends with the block."""
        with errors_in_words(self.path):
            if self._connection is None:
                self._connection = connect(self.path)
            with transaction(self._connection):
                yield self._connection

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        if self._connection is None:
            return []
        with errors_in_words(self.path):
            cursor = self._connection.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(query, values).fetchall()


def _summary(row: sqlite3.Row) -> RunSummary:
    names = [name for name in RunSummary.__struct_fields__ if name != "state"]
    pid, started_s = msgspec.convert((row["pid"], row["process_started_s"]), tuple[int | None, float | None])
    is_running = not row["complete"] and is_alive(pid, started_s)
    state = "complete" if row["complete"] else "running" if is_running else "interrupted"
    return msgspec.convert({**{name: row[name] for name in names}, "state": state}, RunSummary, strict=False)


def _raw_document(rows_of: Callable[..., list[sqlite3.Row]], run_id: str) -> bytes | None:
    """Return a run in the JSON of a result file of the version that wrote it; None where it is not there."""
    found = rows_of("SELECT * FROM runs WHERE run_id = ?", run_id)
    if not found:
        return None
    run = found[0]
    items: dict[tuple[str, str, str], list[msgspec.Raw]] = {}
    for row in rows_of("SELECT host, model, variant, document FROM items WHERE run_id = ? ORDER BY number", run_id):
        items.setdefault((row["host"], row["model"], row["variant"]), []).append(_json(row["document"]))
    records = [
        {**_object(row["document"]), "items": items.get((row["host"], row["model"], row["variant"]), [])}
        for row in rows_of("SELECT * FROM quality_records WHERE run_id = ? ORDER BY rowid", run_id)
    ]
    return msgspec.json.encode(
        {
            "schema_version": run["schema_version"],
            "tool": {"name": TOOL_NAME, "version": run["tool_version"]},
            "run_id": run["run_id"],
            "started_at": run["started_at"],
            "ended_at": run["ended_at"],
            "complete": bool(run["complete"]),
            "workload_version": run["workload_version"],
            "settings": _json(run["settings"]),
            "items_files": _json(run["items_files"]),
            "context": _json(run["context"]),
            **{
                table: [
                    _json(row["document"])
                    for row in rows_of(f"SELECT document FROM {table} WHERE run_id = ? ORDER BY rowid", run_id)  # noqa: S608 - own names
                ]
                for table in ("hosts", "models", "results", "next_tokens", "loaded_before")
            },
            "quality_records": records,
        }
    )


def _json(cell: object) -> msgspec.Raw:
    return msgspec.Raw((msgspec.convert(cell, str | None) or "null").encode())


def _object(cell: object) -> dict[str, object]:
    return msgspec.json.decode(_json(cell), type=dict[str, object])
