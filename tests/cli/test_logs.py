import logging
import re
from pathlib import Path

import pytest

from command import CommandLine, environment_of, written
from fake_ollama import HostScript, ModelScript, fake_fleet
from ollama_speedrun.cli.logs import LINE_FORMAT, ROOT, logging_to
from ollama_speedrun.errors import OutputError

FULL = Path("/dev/full")
TOKEN = "t0ken-of-the-rack"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO) ollama_speedrun[.\w]*: \S")


async def test_the_log_has_every_request_and_what_came_of_it(command: CommandLine, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    async with fake_fleet([HostScript(models=(ModelScript("m:1b"),))]) as fleet:
        ended = await command.beside("models", *fleet.urls, "--log", log)
    assert ended.status == 0
    text = log.read_text(encoding="utf-8")
    assert all(LINE.match(line) for line in text.splitlines())
    assert re.search(rf"INFO ollama_speedrun.ollama.trace: GET {fleet.urls[0]}/api/tags\n", text)
    assert re.search(rf"GET {fleet.urls[0]}/api/tags: 200 after \d+\.\d ms\n", text)
    assert "ModelListed(" in text
    assert "Progress(" not in text
    assert "/api/tags" not in ended.stderr


async def test_verbose_shows_requests_in_short_and_leaves_stdout_to_the_result(command: CommandLine) -> None:
    async with fake_fleet([HostScript(models=(ModelScript("m:1b"),))]) as fleet:
        ended = await command.beside("models", *fleet.urls, "--verbose", "--json")
    assert re.search(rf"GET {fleet.urls[0]}/api/tags: 200 after ", ended.stderr)
    assert "ModelListed(" not in ended.stderr
    assert ended.document.models[0].name == "m:1b"


async def test_a_token_is_in_no_text_that_leaves_though_a_server_repeats_it(
    command: CommandLine, tmp_path: Path
) -> None:
    """The model that repeats it has it for a name, which every output shows."""
    log, hosts, saved = tmp_path / "run.log", tmp_path / "hosts", tmp_path / "result.json"
    async with fake_fleet([HostScript(models=(ModelScript(f"{TOKEN}:1b"),))]) as fleet:
        hosts.write_text(f"rack={fleet.urls[0]} token=$RACK_TOKEN\n", encoding="utf-8")
        ended = await command.beside(
            *("models", "--hosts-file", hosts, "--log", log, "--verbose", "--output", saved),
            variables={"RACK_TOKEN": TOKEN, "COLUMNS": "120", "TERM": "dumb"},
        )
        listed = await command.beside(
            *("models", "--hosts-file", hosts, "--json"), variables={"RACK_TOKEN": TOKEN, "COLUMNS": "120"}
        )
    assert (ended.status, listed.status) == (0, 0)
    outputs = (ended.stdout, ended.stderr, log.read_text(encoding="utf-8"), saved.read_text(encoding="utf-8"))
    for text in (*outputs, listed.stdout, listed.stderr):
        assert TOKEN not in text
    assert all("…:1b" in text for text in outputs)
    assert listed.document.models[0].name == "…:1b"


def test_an_error_about_a_url_does_not_repeat_its_password(command: CommandLine) -> None:
    ended = command("models", "http://me:pa55word@127.0.0.1:1")
    assert ended.status == 2
    assert "pa55word" not in ended.stderr


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
async def test_a_log_on_a_disk_that_is_full_is_told_at_the_end_and_costs_no_result(command: CommandLine) -> None:
    async with fake_fleet([HostScript(models=(ModelScript("m:1b"),))]) as fleet:
        ended = await command.beside("models", *fleet.urls, "--quiet", "--log", FULL)
    assert (ended.status, "m:1b" in ended.stdout) == (7, True)
    assert ended.stderr == (
        "ollama-speedrun: the log '/dev/full' is incomplete: no space left on device; name a file elsewhere\n"
    )


def test_a_log_that_cannot_be_written_is_said_before_anything_is_sent(command: CommandLine, tmp_path: Path) -> None:
    missing = tmp_path / "none" / "run.log"
    ended = command("models", "127.0.0.1:1", "--log", missing)
    assert (ended.status, ended.stdout) == (7, "")
    assert ended.stderr == (
        f"ollama-speedrun: cannot write the log {str(missing)!r}: no such file or directory; name a file elsewhere\n"
    )


def test_an_unexpected_error_is_in_the_log_with_its_traceback(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    environment = environment_of(tmp_path)
    environment.mask.add(TOKEN)
    with pytest.raises(ZeroDivisionError), logging_to(environment, verbose=True, file=str(log)):
        raise ZeroDivisionError(TOKEN)
    text = log.read_text(encoding="utf-8")
    assert "Traceback (most recent call last):" in text
    assert text.splitlines()[-1].strip() == "ZeroDivisionError: …"
    assert written(environment.stderr) == ""


def test_a_log_steers_no_terminal_and_ends_with_its_command(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    environment = environment_of(tmp_path)
    logger = logging.getLogger(f"{ROOT}.test")
    with logging_to(environment, verbose=True, file=str(log)):
        logger.info("a %s\x1b[31m name", "red")
    logger.info("after the end")
    assert "after the end" not in log.read_text(encoding="utf-8")
    assert log.read_text(encoding="utf-8").endswith("a red name\n")
    assert written(environment.stderr) == "a red name\n"
    assert "%(message)s" in LINE_FORMAT


@pytest.mark.parametrize("error", [OutputError("x")])
def test_an_expected_error_passes_through(error: OutputError, tmp_path: Path) -> None:
    with pytest.raises(OutputError), logging_to(environment_of(tmp_path), verbose=False, file=str(tmp_path / "l")):
        raise error
