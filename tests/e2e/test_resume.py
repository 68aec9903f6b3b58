"""Whole commands after other commands: what they take over, and how an interrupted or killed one goes on."""

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from command import CommandLine, Ended
from fake_ollama.fleet import FakeHost, fake_fleet
from fake_ollama.script import HostScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun.history.store import History
from ollama_speedrun.history.types import RunSummary
from ollama_speedrun.results.codec import decode
from ollama_speedrun.results.types import Document

OPTIONS = (
    *("--profile=quick", "--trials=2", "--num-predict=24", "--num-ctx=2048", "--max-items=8"),
    f"--item-seed={SEED}",
)
OLD = Path(__file__).parent.parent / "results" / "specimens" / "version-1.json"
MODELS = tuple(able_model(f"{name}:1b", decode_tps=150.0, load_s=0.1) for name in ("one", "two", "three"))
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the POSIX way")


def runs_in(path: Path) -> list[RunSummary]:
    with History(path) as history:
        return list(history.runs())


def asked(host: FakeHost) -> Counter[str]:
    """Which prompts and conversations a host was asked, those without the nonces of speed trials."""
    bodies = [record.body for record in host.asked("/api/chat")]
    return Counter(f"{body['model']} {body['messages']}" for body in bodies if isinstance(body, dict))


def result_of(ended: Ended) -> dict[str, str | None]:
    return {result.model: result.measured_in for result in ended.document.results}


@pytest.mark.slow
async def test_a_second_command_takes_over_and_fresh_measures_again(command: CommandLine) -> None:
    async with fake_fleet([HostScript(models=MODELS)]) as fleet:
        first = await command.beside(*fleet.urls, "--json", *OPTIONS)
        second = await command.beside(*fleet.urls, "--json", *OPTIONS)
        shown = await command.beside(*fleet.urls, *OPTIONS)
        fresh = await command.beside(*fleet.urls, "--json", "--fresh", *OPTIONS)
    names = [model.name for model in MODELS]
    assert [first.status, second.status, shown.status, fresh.status] == [0, 0, 0, 0]
    assert result_of(second) == dict.fromkeys(names, first.document.run_id)
    assert result_of(fresh) == dict.fromkeys(names)
    assert second.document.verdict == first.document.verdict
    assert "3 of 3 results were taken over from run" in shown.stdout
    assert "3 results taken over from" in second.stderr


@pytest.fixture
def surroundings(guarded_env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    own = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path), "OLLAMA_SPEEDRUN_HISTORY": str(tmp_path / "h.db")}
    return {**guarded_env, **own}


async def begun(surroundings: dict[str, str], *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ollama_speedrun", *arguments),
        env=surroundings,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )


async def ended(surroundings: dict[str, str], *arguments: str) -> tuple[int | None, Document | None, str]:
    process = await begun(surroundings, *arguments)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, decode(stdout, origin="stdout") if stdout else None, stderr.decode()


async def true_soon(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - a fake's log has no event to wait for
            await asyncio.sleep(0.01)


def kept_items(path: Path) -> int:
    if not os.path.exists(path):  # noqa: PTH110 - called from a coroutine
        return 0
    connection = sqlite3.connect(path, timeout=10)
    try:
        (count,) = connection.execute("SELECT COUNT(*) FROM items").fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
    return int(count)


@posix
@pytest.mark.parametrize("items", [pytest.param(2, marks=pytest.mark.slow), 13])
async def test_a_killed_run_keeps_what_has_ended_and_goes_on_without_asking_for_it_again(
    items: int, surroundings: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "h.db"
    async with fake_fleet([HostScript(models=MODELS)]) as fleet:
        host = fleet.hosts[0]
        process = await begun(surroundings, host.url, "--json", *OPTIONS)
        await true_soon(lambda: kept_items(path) >= items)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        kept = kept_items(path)
        (run,) = runs_in(path)
        before = asked(host)
        status, document, stderr = await ended(surroundings, "--resume", "--json")
        again = (asked(host) - before) & before
    assert (run.state, kept >= items) == ("interrupted", True)
    assert (status, stderr.count("Traceback")) == (0, 0)
    assert document is not None
    assert (document.run_id, document.complete) == (run.run_id, True)
    assert {result.model: result.status for result in document.results} == dict.fromkeys(
        (model.name for model in MODELS), "ok"
    )
    assert again.total() <= before.total() - kept
    for record in document.quality_records:
        assert max(Counter(entry.item for entry in record.items).values()) == 1
    assert [one.state for one in runs_in(path)] == ["complete"]


@posix
async def test_an_interrupted_run_says_how_to_go_on_and_does_so_with_its_own_options(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    async with fake_fleet([HostScript(models=MODELS)]) as fleet:
        host = fleet.hosts[0]
        process = await begun(surroundings, host.url, f"--output={file}", *OPTIONS)
        await true_soon(lambda: kept_items(tmp_path / "h.db") > 9)
        process.send_signal(signal.SIGINT)
        _, told = await asyncio.wait_for(process.communicate(), 60)
        unlike = await ended(surroundings, "--resume", "--num-ctx=4096")
        status, document, going_on = await ended(surroundings, "--resume", "--json")
        nothing = await ended(surroundings, "--resume")
    assert told.decode().splitlines()[-1].endswith("; continue with: ollama-speedrun --resume")
    assert unlike[0] == 2
    assert "was begun with other settings: num_ctx 2048 and 4096; resume it with the same ones" in unlike[2]
    assert (status, document) == (0, decode(file.read_bytes(), origin="file"))
    assert document is not None
    assert going_on.startswith(f"Resuming run {str(document.run_id)[:8]} of ")
    assert (nothing[0], "no interrupted run is in the history" in nothing[2]) == (2, True)


def test_what_cannot_be_gone_on_with_is_refused(command: CommandLine) -> None:
    done = decode(OLD.read_bytes(), origin="old")
    cut = msgspec.structs.replace(done, run_id="c0ffee00-0000-4000-8000-000000000000", complete=False)
    with History(command.data_dir / "history.db") as history:
        history.add(done)
        history.add(cut)
    assert "is complete, there is nothing to resume" in command("--resume", str(done.run_id)[:8]).stderr
    assert "cannot be resumed: it was added from a file" in command("--resume", "c0ffee").stderr
    assert "no run has an id that begins with 'f00d'" in command("--resume", "f00d").stderr
    assert command("--resume", "f00d").status == 2
