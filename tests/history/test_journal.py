import errno
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import specimens
from ollama_speedrun.benchmark.events import BenchmarkEnded, BenchmarkPartial
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.discovery.events import HostFound
from ollama_speedrun.history.file import connect, in_words
from ollama_speedrun.history.journal import Journal
from ollama_speedrun.history.store import History
from ollama_speedrun.inventory.events import ModelListed
from ollama_speedrun.pipeline.events import Event
from ollama_speedrun.pipeline.record import Run, Selection
from ollama_speedrun.quality.events import ItemGraded, QualityBegan
from ollama_speedrun.results.types import Document

from . import runs

URL = specimens.DESK
MODEL = "llama3.1:8b"


class Told:
    """A run whose events are told to a journal, as the command line does."""

    def __init__(self, path: Path) -> None:
        self.run = Run()
        self.run.begin(Selection(), BenchmarkSettings())
        self.journal = Journal(path, verb="run", arguments={"targets": ["desk"]})

    def tell(self, *events: Event) -> None:
        for event in events:
            self.run.keep(event)
            self.journal.take(event, self.snapshot)

    def snapshot(self) -> Callable[[], Document]:
        taken = self.run.snapshot()
        return lambda: taken.document(complete=False)

    def finish(self, *, complete: bool = True) -> Document:
        document = self.run.document(complete=complete)
        self.journal.finish(document)
        return document


FOUND = (HostFound(specimens.host(URL)), ModelListed(specimens.model(MODEL, URL)))
MEASURED = specimens.result(MODEL, URL)


def whole_run(path: Path) -> Told:
    told = Told(path)
    told.tell(
        *FOUND,
        BenchmarkPartial(MEASURED),
        HostFound(specimens.host(specimens.RACK)),
        QualityBegan(runs.quality(items=0), 3),
        *(ItemGraded(URL, MODEL, None, runs.item(number)) for number in range(3)),
        BenchmarkEnded(msgspec.structs.replace(MEASURED, ended_at=datetime(2026, 11, 25, tzinfo=UTC))),
    )
    return told


def only_run(path: Path) -> Document:
    with History(path) as history:
        (run,) = history.runs()
        return history.document(run.run_id)


def rows_in(path: Path, table: str) -> int:
    """Count the rows of a table, which may not be there yet."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        (count,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
    return int(count)


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        threading.Event().wait(0.01)


def test_a_run_is_kept_as_its_document_says(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    document = whole_run(path).finish()
    assert only_run(path) == document
    assert len(document.quality_records[0].items) == 3


def test_what_has_ended_is_in_the_file_while_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    told = whole_run(path)
    wait_until(lambda: rows_in(path, "items") == 3)
    kept = only_run(path)
    assert kept == told.run.document(complete=False)
    with History(path) as history:
        (run,) = history.runs()
        assert (run.state, run.measured, history.arguments(run.run_id)) == ("running", 1, {"targets": ["desk"]})
    told.finish(complete=False)
    with History(path) as history:
        assert [run.state for run in history.runs()] == ["interrupted"]


def test_a_run_that_measured_nothing_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    told = Told(path)
    told.tell(*FOUND, BenchmarkEnded(Result(host=URL, model=MODEL, status="failed", reason="it broke")))
    told.finish()
    assert not path.exists()
    assert (told.journal.why_not, told.journal.where) == (None, None)


def test_two_runs_at_once_are_both_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    documents: list[Document] = []

    def run() -> None:
        told = whole_run(path)
        for number in range(3, 40):
            told.tell(ItemGraded(URL, MODEL, None, runs.item(number)))
        documents.append(told.finish())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with History(path) as history:
        kept = {run.run_id: history.document(run.run_id) for run in history.runs()}
    assert kept == {str(document.run_id): document for document in documents}
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "read-only file system; name a file elsewhere with --history FILE"),
        (errno.ENOSPC, "no space left on device; make room on that disk, or name a file on another one with "),
        (errno.EMFILE, "too many files are open at once; `ulimit -n 1024` before the command allows more"),
        (errno.EACCES, "permission denied; check the permissions of its directory, or name a file elsewhere with "),
    ],
)
def test_where_sqlite_gives_no_reason_the_systems_own_is_told(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> object:
        raise OSError(number, os.strerror(number))

    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.Error) as caught:
        connection.execute("ATTACH ? AS other", (str(tmp_path / "no" / "file.db"),))
    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    path = tmp_path / "history.db"
    assert in_words(path, caught.value).startswith(f"the history {str(path)!r} cannot be used: {said}")


def test_a_directory_in_the_place_of_the_history_is_named_by_a_run_too(tmp_path: Path) -> None:
    told = whole_run(tmp_path)
    told.finish()
    expected = f"the history {str(tmp_path)!r} is no file; name another file with --history FILE"
    assert (told.journal.why_not, told.journal.where) == (expected, None)


def test_a_place_that_takes_no_file_is_said_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    told = whole_run(tmp_path / "file" / "history.db")
    told.finish()
    assert "cannot be used: " in (told.journal.why_not or "")
    assert "--history FILE" in (told.journal.why_not or "")
    assert told.journal.where is None


def test_a_disk_that_is_full_for_a_while_gets_the_whole_run_at_the_end(tmp_path: Path) -> None:
    """A table that refuses items stands for a disk that has no room for them."""
    path = tmp_path / "history.db"
    connection = connect(path)
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON items BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    told = whole_run(path)
    wait_until(lambda: "database or disk is full" in (told.journal.why_not or ""))
    connection.execute("DROP TRIGGER full")
    connection.close()
    document = told.finish()
    assert told.journal.why_not is None
    assert only_run(path) == document


def test_a_damaged_file_makes_way_and_the_run_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"no database" * 500)
    told = whole_run(path)
    document = told.finish()
    (aside,) = tmp_path.glob("history.db.damaged-*")
    assert str(aside) in (told.journal.remark or "")
    assert aside.read_bytes() == b"no database" * 500
    assert only_run(path) == document


def test_a_newer_file_is_left_alone_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    connection = connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    told = whole_run(path)
    told.finish()
    assert "a newer release wrote it" in (told.journal.why_not or "")


@pytest.mark.parametrize("began_with", [BenchmarkPartial(MEASURED), ItemGraded(URL, MODEL, None, runs.item(0))])
def test_a_run_is_in_the_file_from_its_first_measurement_on(tmp_path: Path, began_with: Event) -> None:
    path = tmp_path / "history.db"
    told = Told(path)
    told.tell(*FOUND, QualityBegan(runs.quality(items=0), 3))
    assert not path.exists()
    told.tell(began_with)
    wait_until(lambda: rows_in(path, "runs") == 1)
    assert only_run(path) == told.run.document(complete=False)
    told.journal.finish(told.run.document(complete=False))
