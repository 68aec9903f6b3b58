"""`recommend` and `trend` as whole command lines over runs of the fake."""

import asyncio
import json
import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from command import CommandLine
from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostScript, ModelScript, Student
from ollama_speedrun.benchmark.types import Interval, Result
from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.history.store import History

SEED = 5
CHAT = ("completion", "tools")
CLEVER = ModelScript(
    "clever:8b", decode_tps=400.0, size_bytes=6_000_000_000, capabilities=CHAT, student=Student("clever", SEED, 6.0)
)
SMALL = ModelScript(
    "small:1b", decode_tps=2000.0, size_bytes=900_000_000, capabilities=CHAT, student=Student("small", SEED, -1.5)
)
QUICK = ("--profile", "quick", "--item-seed", SEED, "--max-items", 40, "--areas", "code,facts", "--fresh")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two runs in its history; in the second the server is newer and one model slower."""
    command = CommandLine(tmp_path_factory.mktemp("past"))

    async def measure() -> None:
        async with fake_fleet([HostScript(models=(CLEVER, SMALL), version="0.15.5")]) as fleet:
            ended = await command.beside(fleet.urls[0], *QUICK)
        assert ended.status is ExitCode.DONE, ended.stderr

    asyncio.run(measure())
    with History(command.data_dir / "history.db") as history:
        (run,) = history.measured()
        first = history.document(run.run_id)
        history.add(
            msgspec.structs.replace(
                first,
                run_id=str(uuid.uuid4()),
                started_at=first.started_at + timedelta(minutes=1),
                results=tuple(map(slowed, first.results)),
            )
        )
    return command.data_dir


@pytest.fixture
def past(command: CommandLine, kept: Path) -> CommandLine:
    """A command line with these two runs in its history."""
    shutil.copytree(kept, command.data_dir, dirs_exist_ok=True)
    return command


def slowed(result: Result) -> Result:
    half = Interval(999.0, 1001.0, 3)
    is_small = result.model == SMALL.name
    changes = {"decode_tps": 1000.0, "decode_interval": half} if is_small else {}
    return msgspec.structs.replace(result, server_version="0.15.6", **changes)


def host_of(command: CommandLine) -> str:
    with History(command.data_dir / "history.db") as history:
        return history.figures()[0].host.removeprefix("http://")


def test_the_best_of_past_runs_is_recommended_with_its_age(past: CommandLine) -> None:
    ended = past("recommend")

    lines = ended.stdout.splitlines()
    assert ended.status is ExitCode.DONE
    assert lines[0].startswith(f"Use clever:8b @ {host_of(past)}. ")
    assert "measured just now" in lines[1]
    assert lines[2].startswith(f"Next: small:1b @ {host_of(past)}, score ")


def test_a_bound_on_memory_and_a_use_change_what_is_recommended(past: CommandLine) -> None:
    small = json.loads(past("recommend", "--max-memory", "2GB", "--json").stdout)
    code = json.loads(past("recommend", "--for", "code", "--json").stdout)

    assert (small["best"]["model"], small["others"], small["use"]) == ("small:1b", [], None)
    assert (code["best"]["model"], code["use"], code["runs"]) == ("clever:8b", "code", 2)
    assert code["best"]["age_s"] < 600
    assert [one["model"] for one in code["others"]] == ["small:1b"]


def test_what_is_old_says_so(past: CommandLine) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=90)
    with History(past.data_dir / "history.db") as history:
        documents = [history.document(run.run_id) for run in history.measured()]
        history.delete([document.run_id or "" for document in documents])
        for document in documents:
            results = tuple(msgspec.structs.replace(result, ended_at=long_ago) for result in document.results)
            history.add(msgspec.structs.replace(document, results=results))

    lines = past("recommend").stdout.splitlines()

    assert "measured 90 days ago" in lines[1]
    assert lines[-1] == "This is old: measure again with ollama-speedrun."


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("recommend",), "the history is empty; run a benchmark first"),
        (("trend", "m:1b"), "no run of the history measured 'm:1b'; it holds nothing"),
    ],
)
def test_without_any_run_both_say_what_to_do(command: CommandLine, argv: tuple[str, ...], words: str) -> None:
    ended = command(*argv)

    assert ended.status is ExitCode.USAGE
    assert words in ended.stderr


def test_nothing_that_fits_is_said(past: CommandLine) -> None:
    ended = past("recommend", "--max-memory", "100MB")

    assert ended.status is ExitCode.USAGE
    assert "no measured model is left; loosen" in ended.stderr


def test_a_trend_has_a_line_a_run_and_names_what_changed(past: CommandLine) -> None:
    ended = past("trend", "small")

    lines = ended.stdout.splitlines()
    assert ended.status is ExitCode.DONE
    assert lines[0] == f"small:1b @ {host_of(past)}"
    assert [line.split()[3:5] for line in lines[2:4]] == [["0.15.5", "2000"], ["0.15.6", "1000"]]
    assert lines[4].endswith(": 50% slower than the run before (server version 0.15.5 → 0.15.6).")


def test_a_trend_as_json_has_the_rows_of_one_host(past: CommandLine) -> None:
    rows = json.loads(past("trend", "*", "--on", host_of(past), "--json").stdout)

    assert sorted((row["server_version"], row["model"]) for row in rows) == [
        ("0.15.5", "clever:8b"),
        ("0.15.5", "small:1b"),
        ("0.15.6", "clever:8b"),
        ("0.15.6", "small:1b"),
    ]
    assert past("trend", "small:1b", "--on", "nowhere").status is ExitCode.USAGE
