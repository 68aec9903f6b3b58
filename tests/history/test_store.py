import errno
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

import specimens
from ollama_speedrun.errors import HistoryError, ResultFileError
from ollama_speedrun.history.file import connect
from ollama_speedrun.history.store import History
from ollama_speedrun.history.types import RunSummary
from ollama_speedrun.results.assessing import assessed
from ollama_speedrun.results.codec import decode
from ollama_speedrun.results.types import Document

from . import runs
from .runs import BEGAN, RUN

OLD = Path(__file__).parent.parent / "results" / "specimens" / "version-1.json"


def path_in(directory: Path) -> Path:
    return directory / "below" / "history.db"


def test_a_history_that_may_not_be_looked_at_is_not_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may look everywhere, so the refusal is the file system's only in name
    path = tmp_path / "closed" / "history.db"
    usual = Path.stat

    def refused(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self == path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return usual(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(HistoryError) as caught:
        History(path)
    assert str(caught.value) == (
        f"the history {str(path)!r} cannot be used: permission denied; check the permissions of its directory, or name "
        "a file elsewhere with --history FILE"
    )


def test_a_run_comes_back_as_it_was_taken_in(tmp_path: Path) -> None:
    with History(path_in(tmp_path)) as history:
        assert history.add(runs.run()) == RUN
    with History(path_in(tmp_path)) as history:
        assert history.document(RUN) == assessed(runs.run())


def test_every_part_of_a_document_is_there_to_be_kept() -> None:
    """A part that is empty here could be lost without a test that fails."""
    made_again = {"assessments", "verdict"}
    parts = {name for name in Document.__struct_fields__ if getattr(runs.run(), name) in ((), None)}
    assert parts == made_again


def test_a_list_tells_what_a_run_measured_and_the_pick(tmp_path: Path) -> None:
    whole = assessed(runs.run())
    assert whole.verdict is not None
    assert whole.verdict.recommendation is not None
    with History(path_in(tmp_path)) as history:
        history.add(whole, verb="run")
        assert history.runs() == [
            RunSummary(
                run_id=RUN,
                started_at=BEGAN,
                ended_at=BEGAN + timedelta(minutes=3),
                state="complete",
                verb="run",
                tool_version=whole.tool.version,
                hosts=2,
                measured=4,
                failed=1,
                skipped=1,
                pick=whole.verdict.recommendation.label,
                pick_host=whole.verdict.recommendation.host,
            )
        ]


def test_runs_are_listed_from_the_newest_to_the_oldest(tmp_path: Path) -> None:
    with History(path_in(tmp_path)) as history:
        for number in (2, 0, 1):
            history.add(runs.run(f"{number}{RUN[1:]}", began=BEGAN + timedelta(days=number)))
        assert [run.run_id[0] for run in history.runs()] == ["2", "1", "0"]


def test_a_history_without_a_file_is_empty_and_makes_none(tmp_path: Path) -> None:
    with History(path_in(tmp_path)) as history:
        assert history.runs() == []
        with pytest.raises(HistoryError):
            history.document(RUN)
    assert not path_in(tmp_path).parent.exists()


def test_a_run_that_is_there_is_not_taken_in_again(tmp_path: Path) -> None:
    with History(path_in(tmp_path)) as history:
        history.add(runs.run())
        assert history.add(msgspec.structs.replace(runs.run(), results=())) is None
        assert len(history.document(RUN).results) == 6


def test_a_file_of_the_first_schema_is_taken_in_once_however_often_it_is_given(tmp_path: Path) -> None:
    old = decode(OLD.read_bytes(), origin=OLD.name)
    with History(path_in(tmp_path)) as history:
        run_id = history.add(old)
        assert run_id is not None
        assert history.document(run_id).results == old.results
        assert history.add(decode(OLD.read_bytes(), origin=OLD.name)) is None


def test_deleting_a_run_takes_out_all_of_it_and_nothing_of_others(tmp_path: Path) -> None:
    other = f"9{RUN[1:]}"
    with History(path_in(tmp_path)) as history:
        history.add(runs.run())
        history.add(runs.run(other))
        assert history.delete([RUN, "missing"]) == 1
        assert history.document(other) == assessed(runs.run(other))
    with closing(sqlite3.connect(path_in(tmp_path))) as connection, connection:
        tables = ("runs", "hosts", "models", "results", "quality_records", "items")
        left = {table: connection.execute(f"SELECT DISTINCT run_id FROM {table}").fetchall() for table in tables}
    assert left == {table: [(other,)] for table in tables}


def test_figures_follow_a_model_from_run_to_run(tmp_path: Path) -> None:
    with History(path_in(tmp_path)) as history:
        for number in (1, 0):
            faster = msgspec.structs.replace(
                specimens.result("llama3.1:8b", specimens.DESK, tps=50.0 + number), variant="thinking"
            )
            document = msgspec.structs.replace(
                runs.run(f"{number}{RUN[1:]}", began=BEGAN + timedelta(days=number)), results=(faster,)
            )
            history.add(document)
        figures = history.figures(model="llama3.1:8b")
        assert [(one.run_id[0], one.variant, one.decode_tps, one.run_started_at) for one in figures] == [
            ("0", "thinking", 50.0, BEGAN),
            ("1", "thinking", 51.0, BEGAN + timedelta(days=1)),
        ]
        assert [one.run_id[0] for one in history.figures(run_id=f"1{RUN[1:]}")] == ["1"]


def test_the_columns_hold_the_figures_of_the_document(tmp_path: Path) -> None:
    with History(path_in(tmp_path)) as history:
        history.add(assessed(runs.run()))
        (row,) = [one for one in history.figures(run_id=RUN) if one.model == "llama3.1:8b"]
        rated = next(one for one in assessed(runs.run()).rated() if one.result.model == "llama3.1:8b")
        quality = rated.assessment.quality
        assert quality is not None
        assert rated.scores is not None
        assert (row.decode_tps, row.ttft_s, row.load_s, row.gpu_share) == (56.23, 0.34, 2.1, 1.0)
        assert (row.quality, row.quality_low, row.quality_high) == (quality.score, quality.low, quality.high)
        assert (row.overall, row.tier) == (rated.scores.overall, rated.assessment.tier)


def test_absurd_counts_of_a_server_are_kept_in_the_document(tmp_path: Path) -> None:
    absurd = msgspec.structs.replace(specimens.model("llama3.1:8b", specimens.DESK), size_bytes=10**30)
    with History(path_in(tmp_path)) as history:
        history.add(msgspec.structs.replace(runs.run(), models=(absurd,)))
        assert history.document(RUN).models == (absurd,)


@pytest.mark.parametrize("kept_bytes", [0, 60], ids=["no database", "cut off"])
def test_a_damaged_file_is_renamed_and_that_is_said(tmp_path: Path, kept_bytes: int) -> None:
    path = path_in(tmp_path)
    with History(path) as history:
        history.add(runs.run())
    damaged = path.read_bytes()[:kept_bytes] + b"and what no database holds" * 40
    path.write_bytes(damaged)
    with History(path) as history:
        assert history.runs() == []
        (aside,) = path.parent.glob("history.db.damaged-*")
        assert str(aside) in (history.remark or "")
        assert aside.read_bytes() == damaged
        assert history.add(runs.run()) == RUN


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08 a result", b'{"schema_version": 2}', b"\xff\xfe{\x00"])
def test_a_file_that_was_never_a_history_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content * 100)
    with pytest.raises(HistoryError, match=r"result\.json' is no history; name another file with --history FILE"):
        History(path)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [content * 100]


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE places (url)")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="is a database of another program"):
        History(path)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [before]


def test_a_directory_is_no_empty_history(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="is no file"):
        History(tmp_path)


def test_damage_inside_a_file_is_said_when_it_is_met_and_the_rest_is_read(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    with History(path) as history:
        history.add(runs.run())
        for number in range(30):
            history.add(runs.run(f"{number:08x}{RUN[8:]}"))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8 * 4096] = b"\xff" * 8 * 4096
    path.write_bytes(data)
    with History(path) as history, pytest.raises(HistoryError, match=r"\.recover"):
        [history.document(run.run_id) for run in history.runs()]


def test_counts_that_no_column_can_hold_are_kept_in_the_document(tmp_path: Path) -> None:
    item = msgspec.structs.replace(runs.item(0), level=2**64, place=-(2**64))
    record = msgspec.structs.replace(runs.quality(), items=(item,), places=2**64)
    run = msgspec.structs.replace(runs.run(), quality_records=(record,), workload_version=2**64)
    with History(path_in(tmp_path)) as history:
        history.add(run)
        kept = history.document(RUN)
    assert kept.quality_records == (record,)


def test_a_run_that_another_process_deleted_meanwhile_is_said(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    with History(path) as history, History(path) as other:
        history.add(runs.run())
        assert other.delete([RUN]) == 1
        assert history.arguments(RUN) == {}
        with pytest.raises(HistoryError, match=f"{RUN} is not in the history"):
            history.document(RUN)


def cells(path: Path) -> list[tuple[str, str]]:
    """Every column of every table of a history."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [(table, row[1]) for table in tables for row in connection.execute(f"PRAGMA table_info({table})")]


@pytest.mark.parametrize("value", [b"\xff", "x", "[]", 1e308], ids=repr)
def test_whatever_a_cell_holds_the_file_is_read_or_called_damaged(tmp_path: Path, value: object) -> None:
    path = path_in(tmp_path)
    with History(path) as history:
        history.add(msgspec.structs.replace(runs.run(), results=runs.run().results[:1]))
    good = path.read_bytes()
    for table, column in cells(path):
        path.write_bytes(good)
        with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.IntegrityError):
            connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
            connection.commit()
        with History(path) as history:
            readers = (
                history.runs,
                history.figures,
                history.host_names,
                lambda: history.arguments(RUN),
                lambda: history.document(RUN),
            )
            for read in readers:
                with suppress(HistoryError, ResultFileError):
                    read()


def test_a_file_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    connect(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(HistoryError, match=r"has schema 99, .* newer release wrote it"):
        History(path)
    assert list(path.parent.glob("*damaged*")) == []


def test_a_history_in_a_directory_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    with History(path) as history:
        history.add(runs.run())
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with History(path) as history:
            assert [run.run_id for run in history.runs()] == [RUN]
    finally:
        path.parent.chmod(0o700)


def test_a_place_that_takes_no_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with History(tmp_path / "file" / "history.db") as history, pytest.raises(HistoryError, match="--history FILE"):
        history.add(runs.run())


def test_a_copied_file_reads_the_same_in_any_sqlite(tmp_path: Path) -> None:
    with History(path_in(tmp_path)) as history:
        history.add(runs.run())
    copy = tmp_path / "copy.db"
    shutil.copy(path_in(tmp_path), copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        rows = connection.execute("SELECT model, ROUND(decode_tps, 1) FROM results WHERE status = 'ok'").fetchall()
    connection.close()
    assert ("llama3.1:8b", 56.2) in rows
