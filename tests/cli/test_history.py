import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from command import CommandLine
from history import runs
from ollama_speedrun.history.store import History
from ollama_speedrun.results.codec import decode, encode
from ollama_speedrun.results.files import read_document

OLD = Path(__file__).parent.parent / "results" / "specimens" / "version-1.json"
NOW = datetime.now(UTC)
FIRST, SECOND, THIRD = (f"{letter}0000000-0000-4000-8000-000000000000" for letter in "abc")


@pytest.fixture
def held(command: CommandLine) -> CommandLine:
    """A command line with three runs in its history: of now, of yesterday, and of a hundred days ago."""
    with History(command.data_dir / "history.db") as history:
        for run_id, days in ((FIRST, 0), (SECOND, 1), (THIRD, 100)):
            history.add(runs.run(run_id, began=NOW - timedelta(days=days)), verb="run")
    return command


def ids(command: CommandLine) -> list[str]:
    return [run["run_id"] for run in listed(command)]


def listed(command: CommandLine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(command("history", "--json").stdout)
    return found


def test_a_list_has_a_line_for_each_run_the_newest_first(held: CommandLine) -> None:
    ended = held("history")
    lines = ended.stdout.splitlines()
    assert (ended.status, ended.stderr) == (0, "")
    assert lines[0].split() == ["Run", "Began", "What", "Hosts", "Measured", "Failed", "Pick"]
    assert [line.split()[0] for line in lines[1:]] == [FIRST[:8], SECOND[:8], THIRD[:8]]
    assert lines[1].split()[3:7] == ["run", "2", "4", "1"]


def test_a_list_as_json_has_all_that_is_known_without_reading_documents(held: CommandLine) -> None:
    run = listed(held)[0]
    assert (run["run_id"], run["state"], run["measured"], run["failed"], run["skipped"]) == (FIRST, "complete", 4, 1, 1)
    assert set(run) == {
        *("run_id", "started_at", "ended_at", "state", "verb", "tool_version", "hosts", "measured", "failed"),
        *("skipped", "pick", "pick_host"),
    }


def test_an_empty_history_says_so_and_is_an_empty_list(command: CommandLine) -> None:
    assert (command("history").status, command("history", "list", "--json").stdout) == (0, "[]\n")
    assert command("history").stderr.startswith("The history is empty: ")


def test_a_run_is_shown_as_assess_shows_it(held: CommandLine) -> None:
    assert held("history", "show", SECOND[:4]).stdout == held("assess", SECOND[:4]).stdout
    assert held("history", "show", "--json").document.run_id == FIRST
    assert held("history", "show", "last~2", "--json").document.run_id == THIRD


def test_an_exported_run_is_a_result_file(held: CommandLine, tmp_path: Path) -> None:
    files = [tmp_path / "run.json", tmp_path / "run.csv"]
    ended = held("history", "export", "last", *(f"--output={file}" for file in files))
    assert (ended.status, ended.stdout, ended.stderr) == (0, "", f"Written: {files[0]}, {files[1]}\n")
    printed = held("history", "export", "last")
    assert files[0].read_text(encoding="utf-8") == printed.stdout
    assert read_document(files[0]).run_id == FIRST
    written = msgspec.json.decode(held("history", "export", "--json", f"--output={files[0]}").stdout)
    assert written == {"run_id": FIRST, "written": [str(files[0])]}


def test_old_files_are_taken_in_once(command: CommandLine, tmp_path: Path) -> None:
    new = tmp_path / "new.json"
    new.write_bytes(encode(runs.run(SECOND)))
    old_id = decode(OLD.read_bytes(), origin="old").run_id
    taken = command("history", "add", OLD, new)
    assert taken.stdout.splitlines() == [f"{OLD}: added as run {str(old_id)[:8]}", f"{new}: added as run {SECOND[:8]}"]
    again = msgspec.json.decode(command("history", "add", new, "--json").stdout)
    assert again == [{"file": str(new), "run_id": SECOND, "added": False}]
    assert sorted(ids(command)) == sorted([str(old_id), SECOND])
    assert {run["verb"] for run in listed(command)} == {"added"}


def test_where_one_file_cannot_be_read_none_is_taken_in(command: CommandLine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    ended = command("history", "add", OLD, broken)
    assert (ended.status, ids(command)) == (2, [])
    assert "broken.json" in ended.stderr


def test_a_deleted_run_is_named_and_gone(held: CommandLine) -> None:
    ended = held("history", "delete", "last~1", SECOND[:8])
    assert ended.status == 0
    assert ended.stdout.startswith(f"Deleted {SECOND[:8]} of ")
    assert ended.stdout.count("Deleted") == 1
    assert ids(held) == [FIRST, THIRD]


def test_where_one_run_is_not_there_none_is_deleted(held: CommandLine) -> None:
    ended = held("history", "delete", FIRST[:8], "f00", "--json")
    assert (ended.status, len(ids(held))) == (2, 3)
    assert "no run has an id that begins with 'f00'" in ended.stderr


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--keep", "1"], [FIRST]),
        (["--keep", "0"], []),
        (["--older-than", "90d"], [FIRST, SECOND]),
        (["--older-than", "1w"], [FIRST, SECOND]),
        (["--keep", "1", "--older-than", "90d"], [FIRST]),
        (["--older-than", "2000-01-01"], [FIRST, SECOND, THIRD]),
    ],
)
def test_pruning_leaves(held: CommandLine, options: list[str], left: list[str]) -> None:
    ended = held("history", "prune", "--json", *options)
    assert (ended.status, ids(held)) == (0, left)
    assert [run["run_id"] for run in msgspec.json.decode(ended.stdout)["deleted"]] == [
        run for run in (FIRST, SECOND, THIRD) if run not in left
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["prune"], "history prune needs what to keep: --keep N"),
        (["list", "last"], "did you mean: ollama-speedrun history show last"),
        (["delete"], "needs the RUNs to delete"),
        (["add"], "needs the FILEs to take in"),
        (["show", "a", "b"], "takes one RUN"),
        (["show", "--keep", "3"], "--keep belongs to"),
        (["list", "--output", "a.json"], "--output belongs to"),
        (["prune", "--keep", "many"], "--keep 'many' is no number of runs"),
        (["prune", "--older-than", "old"], "give 90d, 12w or a date"),
        (["show", "newest"], "'newest' names no run and no file"),
        (["export", "last~7"], "there is no run last~7 in the history"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(held: CommandLine, words: list[str], says: str) -> None:
    ended = held("history", *words)
    assert ended.status == 2
    assert says in ended.stderr


def test_another_file_can_be_named_by_option_and_variable(held: CommandLine, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    assert held("history", "list", "--history", other, "--json").stdout == "[]\n"
    held("history", "add", OLD, variables={"OLLAMA_SPEEDRUN_HISTORY": str(other)})
    assert len(msgspec.json.decode(held("history", "--history", other, "--json").stdout)) == 1


def test_a_damaged_history_is_said_and_renamed(held: CommandLine) -> None:
    path = held.data_dir / "history.db"
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    path.write_bytes(b"no database" * 500)
    ended = held("history")
    assert "is damaged" in ended.stderr
    assert "was renamed to" in ended.stderr
    assert len(list(held.data_dir.glob("history.db.damaged-*"))) == 1


def test_a_name_that_would_steer_the_terminal_is_shown_escaped(command: CommandLine) -> None:
    name = "a\x1b[2J\x9b2J\u202eb"
    with History(command.data_dir / "history.db") as history:
        history.add(runs.run(FIRST))
    connection = sqlite3.connect(command.data_dir / "history.db")
    connection.execute("UPDATE runs SET pick = ?, pick_host = ?", (name, name))
    connection.commit()
    connection.close()
    shown, as_json = command("history").stdout, command("history", "--json").stdout
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown + as_json)
    assert msgspec.json.decode(as_json)[0]["pick"] == name
