import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ollama_speedrun.history.file import connect
from ollama_speedrun.history.migrations import MIGRATIONS, VERSION, migrate, version_of
from ollama_speedrun.history.store import History

from . import runs

SPECIMENS = Path(__file__).parent / "specimens"


def schema_of(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()


def test_the_version_of_a_new_file_is_the_number_of_steps(tmp_path: Path) -> None:
    connection = connect(tmp_path / "history.db")
    assert version_of(connection) == VERSION == len(MIGRATIONS)
    connection.close()


def test_a_full_disk_is_named_as_the_reason_that_no_file_can_be_made(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        migrate(connection, where="here")
    assert (version_of(connection), schema_of(connection)) == (0, [])
    connection.close()


@pytest.mark.parametrize("version", range(VERSION))
def test_a_file_of_any_older_version_ends_with_the_same_schema(tmp_path: Path, version: int) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection, connection:
        for step in MIGRATIONS[:version]:
            connection.executescript(step)
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    upgraded, made = connect(old), connect(new)
    assert schema_of(upgraded) == schema_of(made)
    upgraded.close()
    made.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE items (mine TEXT)")
    connection.close()
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as connection,
        pytest.raises(sqlite3.OperationalError, match="already exists"),
    ):
        migrate(connection, where="here")
    with closing(sqlite3.connect(path)) as connection, connection:
        assert version_of(connection) == 0
        assert [name for name, _ in schema_of(connection)] == ["items"]
    connection.close()


def test_several_programs_may_make_the_file_at_once(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def make() -> None:
        try:
            connect(tmp_path / "history.db").close()
        except sqlite3.Error as exc:
            failures.append(exc)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("specimen", sorted(SPECIMENS.glob("*.sql")), ids=lambda path: path.stem)
def test_a_run_of_an_older_version_is_read_whole(tmp_path: Path, specimen: Path) -> None:
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(specimen.read_text(encoding="utf-8"))
        version = version_of(connection)
    connection.close()
    assert specimen.stem == f"version-{version}"
    with History(path) as history:
        (run,) = history.runs()
        document = history.document(run.run_id)
        assert [(result.model, result.status) for result in document.results] == [
            ("llama3.1:8b", "ok"),
            ("phi3:mini", "failed"),
        ]
        assert [len(record.items) for record in document.quality_records] == [2]
        assert history.add(runs.run("9" + run.run_id[1:])) is not None


def test_there_is_a_specimen_of_each_older_version() -> None:
    assert {path.stem for path in SPECIMENS.glob("*.sql")} == {f"version-{version}" for version in range(1, VERSION)}
