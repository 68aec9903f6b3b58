"""Runs that are cut short, as processes of their own: signals, a killed process, a reader that goes away."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from fake_ollama.fleet import FakeHost, fake_fleet
from fake_ollama.script import HostScript, LoadError, ModelScript
from ollama_speedrun.benchmark.types import CaveatKind
from ollama_speedrun.results.codec import decode
from ollama_speedrun.results.files import read_document
from terminal_signals import as_in_a_terminal

QUICK_THEN_SLOW = HostScript(
    models=(ModelScript("quick:1b", answer_tokens=20), ModelScript("slow:8b", decode_tps=20.0, endless=True))
)
ONE_BY_ONE = ("--profile=quick", "--trials=1")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the POSIX way")


@pytest.fixture
def surroundings(guarded_env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    own = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    return {**guarded_env, **own, "COLUMNS": "100"}


@asynccontextmanager
async def started(*arguments: str, surroundings: Mapping[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ollama_speedrun", *arguments),
        env=surroundings,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=as_in_a_terminal,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def true_soon(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - neither a fake's log nor a file has an event to wait for
            await asyncio.sleep(0.02)


async def generation_of(model: str, host: FakeHost) -> None:
    """Wait until the host was asked for an answer of the model."""

    def asked() -> bool:
        bodies = [record.body for record in host.asked("/api/generate")]
        return any(isinstance(body, dict) and body["model"] == model and body.get("prompt") for body in bodies)

    await true_soon(asked)


async def result_in(file: Path) -> None:
    """Wait until the file holds a finished benchmark."""
    await true_soon(lambda: os.path.exists(file) and bool(read_document(file).results))  # noqa: PTH110 - in a coroutine


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
async def test_the_first_signal_prints_what_is_finished_and_leaves_the_server_as_it_was(
    number: str, surroundings: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    async with fake_fleet([QUICK_THEN_SLOW]) as fleet:
        host = fleet.hosts[0]
        async with started(host.url, *ONE_BY_ONE, f"--output={file}", surroundings=surroundings) as process:
            await generation_of("slow:8b", host)
            process.send_signal(signal.Signals[number])
            stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
        loaded = list(host.loaded)
    assert process.returncode == 130
    assert "quick:1b" in stdout.decode()
    assert stderr.decode().splitlines()[-1] == (
        "ollama-speedrun: interrupted: 1 benchmark finished; continue with: ollama-speedrun --resume"
    )
    assert "Traceback" not in stderr.decode()
    assert loaded == []
    kept = read_document(file)
    assert (kept.complete, [(result.model, result.status) for result in kept.results]) == (False, [("quick:1b", "ok")])


@pytest.mark.parametrize("stopped", ["as it lists", "as it measures"])
async def test_a_process_that_was_stopped_for_longer_than_the_time_limit_blames_no_server_and_measures_again(
    stopped: str, surroundings: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    model = ModelScript("m:1b", decode_tps=100.0, answer_tokens=80, load_s=0.3)
    async with fake_fleet([HostScript(models=(model,))]) as fleet:
        host = fleet.hosts[0]
        arguments = (host.url, *ONE_BY_ONE, "--timeout=1", "--max-items=0", f"--output={file}")
        async with started(*arguments, surroundings=surroundings) as process:
            if stopped == "as it lists":
                await true_soon(lambda: bool(host.asked("/api/tags")))
            else:
                await generation_of("m:1b", host)
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(3.0)
            process.send_signal(signal.SIGCONT)
            _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, [line for line in stderr.decode().splitlines() if "within" in line]) == (0, [])
    (result,) = read_document(file).results
    assert result.status == "ok"
    assert (result.ttft_s or 0.0) < 1.0
    assert (result.load_s or 0.0) < 1.0


async def test_models_that_take_turns_are_kept_with_the_trials_they_have(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    slow = [ModelScript(f"{name}:1b", decode_tps=20.0, answer_tokens=20) for name in ("one", "two")]
    async with fake_fleet([HostScript(models=tuple(slow))]) as fleet:
        host = fleet.hosts[0]
        async with started(host.url, f"--output={file}", surroundings=surroundings) as process:
            await true_soon(lambda: os.path.exists(file) and len(read_document(file).results) == 2)  # noqa: PTH110
            process.send_signal(signal.SIGINT)
            stdout, stderr = await asyncio.wait_for(process.communicate(), 20)
        loaded = list(host.loaded)
    assert (process.returncode, loaded) == (130, [])
    assert stderr.decode().splitlines()[-1] == (
        "ollama-speedrun: interrupted: 0 benchmarks finished, 2 cut short; continue with: ollama-speedrun --resume"
    )
    assert all(name in stdout.decode() for name in ("one:1b", "two:1b"))
    kept = read_document(file).results
    assert [(result.status, CaveatKind.CUT_SHORT in [one.kind for one in result.caveats]) for result in kept] == [
        ("ok", True),
        ("ok", True),
    ]


async def test_an_interrupted_run_still_prints_its_document(surroundings: dict[str, str]) -> None:
    async with fake_fleet([QUICK_THEN_SLOW]) as fleet:
        host = fleet.hosts[0]
        async with started(host.url, *ONE_BY_ONE, "--json", surroundings=surroundings) as process:
            await generation_of("slow:8b", host)
            process.send_signal(signal.SIGINT)
            stdout, _ = await asyncio.wait_for(process.communicate(), 60)
    document = decode(stdout, origin="stdout")
    assert (process.returncode, document.complete) == (130, False)
    assert [result.model for result in document.results] == ["quick:1b"]


async def test_a_second_signal_leaves_at_once(surroundings: dict[str, str]) -> None:
    # The host answers everything only after a while, so there is time for the second signal while the run asks what is
    # loaded, in order to unload it
    async with fake_fleet([HostScript(models=QUICK_THEN_SLOW.models[1:], latency_s=1.0)]) as fleet:
        host = fleet.hosts[0]
        async with started(host.url, surroundings=surroundings) as process:
            await generation_of("slow:8b", host)
            looks = len(host.asked("/api/ps"))
            process.send_signal(signal.SIGINT)
            await true_soon(lambda: len(host.asked("/api/ps")) > looks)
            process.send_signal(signal.SIGINT)
            _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 130
    assert "interrupted" not in stderr.decode()


async def test_a_killed_run_loses_nothing_that_was_finished(surroundings: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    async with fake_fleet([QUICK_THEN_SLOW]) as fleet:
        host = fleet.hosts[0]
        async with started(host.url, *ONE_BY_ONE, f"--output={file}", surroundings=surroundings) as process:
            await result_in(file)
            process.kill()
            await process.wait()
    kept = read_document(file)
    assert (kept.complete, [(result.model, result.status) for result in kept.results]) == (False, [("quick:1b", "ok")])


@pytest.mark.parametrize("unbuffered", ["", "1"])
async def test_a_reader_that_goes_away_ends_the_command_quietly(unbuffered: str, surroundings: dict[str, str]) -> None:
    async with fake_fleet([HostScript(models=(ModelScript("a:1b"),))]) as fleet:
        read_end, write_end = os.pipe()
        os.close(read_end)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ollama_speedrun", "models", fleet.urls[0], "--quiet"),
            env={**surroundings, "PYTHONUNBUFFERED": unbuffered},
            stdout=write_end,
            stderr=PIPE,
        )
        os.close(write_end)
        _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
async def test_a_full_disk_under_stdout_is_an_output_that_could_not_be_written(
    unbuffered: str, surroundings: dict[str, str]
) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    async with fake_fleet([HostScript(models=(ModelScript("a:1b"),))]) as fleet:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ollama_speedrun", "models", fleet.urls[0], "--quiet", "--json"),
            env={**surroundings, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=PIPE,
        )
        os.close(full)
        _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 7
    assert stderr.decode().startswith("ollama-speedrun: cannot write to standard output: no space left on device; ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("is_saved", [True, False])
async def test_a_run_whose_result_cannot_be_printed_says_where_it_is_and_what_failed(
    is_saved: bool, surroundings: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    models = (ModelScript("quick:1b", answer_tokens=20), ModelScript("broken:1b", load_error=LoadError()))
    save = () if is_saved else ("--no-save",)
    full = os.open("/dev/full", os.O_WRONLY)
    async with fake_fleet([HostScript(models=models)]) as fleet:
        arguments = (fleet.urls[0], *ONE_BY_ONE, "--quiet", "--max-items=0", f"--output={file}", *save)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ollama_speedrun", *arguments), env=surroundings, stdout=full, stderr=PIPE
        )
        os.close(full)
        _, stderr = await asyncio.wait_for(process.communicate(), 60)
    failed, unprinted = stderr.decode().splitlines()[-2:]
    kept = read_document(file)
    where = f"the history as run {str(kept.run_id)[:8]}: `ollama-speedrun assess` prints it" if is_saved else str(file)
    assert process.returncode == 7
    assert failed == "ollama-speedrun: 1 benchmark of 2 failed; the reason is above"
    assert unprinted == (
        "ollama-speedrun: cannot write to standard output: no space left on device; make room there, or redirect it to "
        f"another place; the result is in {where}"
    )


@pytest.mark.parametrize(("arguments", "number"), [(("demo",), "SIGTERM"), (("demo", "--serve"), "SIGHUP")])
async def test_a_signal_while_the_demo_prepares_ends_the_installer_too_and_leaves_nothing(
    number: str, arguments: tuple[str, ...], surroundings: dict[str, str], tmp_path: Path
) -> None:
    pid, temporary = tmp_path / "pid", tmp_path / "temporary"
    temporary.mkdir()
    installer = tmp_path / "uv"
    installer.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit 0\necho $$ > {pid}.new\nmv {pid}.new {pid}\nexec sleep 600\n'
    )
    installer.chmod(0o755)
    own = {"UV": str(installer), "OLLAMA_SPEEDRUN_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(temporary)}
    async with started(*arguments, surroundings={**surroundings, **own}) as process:
        await true_soon(pid.exists)
        process.send_signal(signal.Signals[number])
        _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr.decode().splitlines()[-1]) == (130, "ollama-speedrun: interrupted")
    assert not psutil.pid_exists(int(pid.read_text()))
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
async def test_a_signal_while_a_verb_without_traffic_works_is_an_interruption_too(
    number: str, surroundings: dict[str, str], tmp_path: Path
) -> None:
    pipe = tmp_path / "result.json"
    os.mkfifo(pipe)
    async with started("assess", str(pipe), surroundings=surroundings) as process:
        with await asyncio.to_thread(pipe.open, "wb"):  # opens once the command reads, which waits then
            process.send_signal(signal.Signals[number])
            stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stdout, stderr.decode()) == (130, b"", "ollama-speedrun: interrupted\n")
