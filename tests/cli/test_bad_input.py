"""Whatever is wrong with what the user gave: one sentence, its status, no traceback, nothing on stdout."""

import contextlib
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import CommandLine, environment_of, written
from ollama_speedrun.cli import run
from ollama_speedrun.cli.main import main

FULL = Path("/dev/full")


@pytest.fixture
def refusing_port() -> Iterator[int]:
    with socket.socket() as bound:  # bound and never listening: connections are refused
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "status", "part"),
    [
        (["http://user:secret@127.0.0.1:1"], 2, "a user name or password is not accepted"),
        (["http://127.0.0.1:1/api/tags"], 2, "goes on after the server"),
        (["127.0.0.1:99999"], 2, "a port is a number from 1 to 65535"),
        (["ftp://127.0.0.1"], 2, "only http and https"),
        (["8.8.8.0/24"], 2, "not a private network"),
        (["10.0.0.0/8"], 2, "--max-addresses"),
        (["--timeout", "0", "127.0.0.1:1"], 2, "--timeout is '0'; give a number of seconds above 0, such as 30"),
        (["--num-predict", "0", "127.0.0.1:1"], 2, "--num-predict is '0'; give a whole number from 1 to 999999999, "),
        (["--parallel", "1,65", "127.0.0.1:1"], 2, "--parallel is '65'; give numbers of requests up to 64"),
        (["--port", "99999", "127.0.0.1:1"], 2, "--port is '99999'; give port numbers"),
        (["--quiet", "--verbose", "127.0.0.1:1"], 2, "contradict each other; give only one"),
        (["--output", "result.xml", "127.0.0.1:1"], 2, "end the file's name in one of .json, .md, .csv"),
        (["--output", "/nowhere/at/all/result.json", "127.0.0.1:1"], 7, "create the directory"),
        (["--config", "/nowhere.toml", "127.0.0.1:1"], 2, "there is no settings file /nowhere.toml"),
        (["assess", "/nowhere.json"], 2, "there is no file '/nowhere.json'"),
        (["assess", "--last", "result.json"], 2, "FILE (result.json) and --last contradict each other"),
        (["assess", "result.json", "--hosts-file", "x"], 2, "assess and --hosts-file contradict each other"),
        (["assess", "-", "-"], 2, "standard input (-) is given more than once"),
        (["assess", "r.json", "--for", "cooking"], 2, "there is no such use; there are: chat, code, agent, batch, rag"),
        (["--for", "code", "--scoring", "classic"], 2, "scoring classic (--scoring) and for (--for) contradict"),
        (["--languages", "de,klingon"], 2, "--languages is 'klingon'; give codes of languages (ISO 639-1)"),
        (["--items-only"], 2, "--items-only needs a file of items; name it with --items FILE"),
        (["--items", "/nowhere.toml"], 2, "/nowhere.toml: cannot be read"),
        (["demo", "--serve", "--num-predict", "5"], 2, "--serve and --num-predict contradict each other"),
        (["completion", "cobol"], 2, "invalid choice: 'cobol'"),
        (["discover", "--watch", "--output", "a.md"], 2, "--watch and --output contradict each other"),
        (["discover", "--dry-run", "--watch"], 2, "--dry-run and --watch contradict each other"),
        (["help"], 2, "there is no verb 'help'; did you mean --help?"),
        (["version"], 2, "there is no verb 'version'; did you mean --version?"),
        (["demo", "127.0.0.1"], 2, "demo takes no '127.0.0.1' there"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    arguments: list[str], status: int, part: str, command: CommandLine
) -> None:
    ended = command(*arguments)
    assert (ended.status, ended.stdout) == (status, "")
    assert ended.stderr.startswith("ollama-speedrun: ")
    assert part in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr


def test_a_refusing_port_and_an_unknown_name_end_as_no_server(command: CommandLine, refusing_port: int) -> None:
    ended = command(f"127.0.0.1:{refusing_port}", "gpu1.invalid")
    assert (ended.status, ended.stdout) == (3, "")
    assert f"127.0.0.1:{refusing_port}" in ended.stderr
    assert "gpu1.invalid" in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "ollama-speedrun: no Ollama server found: 2 servers could not be used; the reasons are above"
    )


def test_nothing_found_is_still_a_document(command: CommandLine, refusing_port: int) -> None:
    ended = command("discover", f"127.0.0.1:{refusing_port}", "--json")
    assert (ended.status, ended.document.hosts, ended.document.complete) == (3, (), True)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b" \n", "is not a result file of ollama-speedrun: it is empty; give a .json file"),
        (b'{"schema_version": 1', "is not a result file"),
        (b'{"schema_version": 1, "tool": {"name": "other", "version": "1"}}', "was written by 'other'"),
        (b'{"schema_version": 9, "tool": {"name": "ollama-speedrun", "version": "9"}}', "has schema version 9"),
        (b'{"schema_version": 1, "tool": {"name": "ollama-speedrun", "version": "1"}}', "is damaged"),
        (b"\xff\xfe\x00", "is not a result file"),
    ],
)
def test_a_damaged_or_foreign_result_file_is_named(
    content: bytes, part: str, command: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(content)
    ended = command("assess", file)
    assert (ended.status, ended.stdout) == (2, "")
    assert str(file) in ended.stderr
    assert part in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(("flag", "what"), [("--hosts-file", "hosts"), ("--config", "settings")])
def test_a_file_that_no_person_can_have_written_is_not_read_whole(
    flag: str, what: str, command: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "huge"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    ended = command("discover", "--dry-run", flag, file)
    said = f"ollama-speedrun: the {what} file {file} is larger than 4 MiB, which none is; name another\n"
    assert ended == (2, "", said)


def test_a_bad_ollama_host_is_named_unless_a_target_is_given(command: CommandLine, refusing_port: int) -> None:
    bad = {"OLLAMA_HOST": "ftp://gpu1"}
    without = command("discover", "--dry-run", variables=bad)
    assert (without.status, "OLLAMA_HOST" in without.stderr) == (2, True)
    assert command("discover", "--dry-run", f"127.0.0.1:{refusing_port}", variables=bad).status == 0


def test_a_hostile_target_cannot_steer_the_terminal(command: CommandLine) -> None:
    ended = command("\x1b]0;title\x07\x1b[31mgpu 1")
    assert ended.status == 2
    assert "\x1b" not in ended.stderr
    assert "\x07" not in ended.stderr


def test_whatever_is_said_or_put_out_cannot_steer_the_terminal(tmp_path: Path) -> None:
    environment = environment_of(tmp_path)
    marks = "".join(map(chr, (*range(32), *range(0x7F, 0xA0), 0x202E, 0x2066)))
    environment.say(f"a{marks}b")
    environment.put(f"a{marks}b")
    assert (written(environment.stderr), written(environment.stdout)) == ("a\t\nb\n", "a\t\nb\n")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    "arguments", ["--help", "--version", "run --help", "config show", "completion bash", "discover --dry-run 127.0.0.1"]
)
def test_a_full_disk_under_stdout_is_said_by_every_verb(arguments: str, tmp_path: Path) -> None:
    environment = environment_of(tmp_path, *arguments.split())
    environment.stdout = FULL.open("w", encoding="utf-8")
    assert main(environment) == 7
    assert written(environment.stderr).startswith("ollama-speedrun: cannot write to standard output: no space left on ")
    with contextlib.suppress(OSError):
        environment.stdout.close()


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
def test_a_full_disk_under_stderr_does_not_change_the_status(refusing_port: int, tmp_path: Path) -> None:
    environment = environment_of(tmp_path, "discover", f"127.0.0.1:{refusing_port}")
    environment.stderr = FULL.open("w", encoding="utf-8")
    assert main(environment) == 3
    with contextlib.suppress(OSError):
        environment.stderr.close()


def test_a_bug_ends_in_a_sentence_and_shows_its_traceback_only_on_demand(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ExceptionGroup("tasks", [ZeroDivisionError("a bug")])

    monkeypatch.setattr(run, "main", broken)
    plain = command("127.0.0.1:1")
    assert (plain.status, plain.stderr.count("\n")) == (1, 1)
    assert plain.stderr.startswith("ollama-speedrun: unexpected ZeroDivisionError: a bug; this is a bug in ")
    verbose = command("127.0.0.1:1", "--verbose")
    assert verbose.status == 1
    assert "Traceback" in verbose.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory ran out; end other programs, or allow more where `ulimit -v` limits it"),
        (OSError(errno.ENOMEM, "x"), "memory ran out; end other programs, or allow more where `ulimit -v` limits it"),
        (
            OSError(errno.EMFILE, "x", "console.py"),
            "too many files are open at once; `ulimit -n 1024` before the command allows more",
        ),
        (OSError(errno.ENFILE, "x"), "the system has too many files open at once; end other programs"),
        (
            BlockingIOError(errno.EAGAIN, "x"),
            "no further process could be started; end other programs, or allow more with `ulimit -u`",
        ),
        (
            ExceptionGroup("tasks", [ValueError("x"), RuntimeError("can't start new thread")]),
            "no further thread could be started; end other programs, or raise `ulimit -u` and `ulimit -v`",
        ),
    ],
)
def test_a_machine_that_runs_short_of_something_is_no_bug(
    error: Exception, said: str, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object) -> None:
        raise error

    monkeypatch.setattr(run, "main", short)
    assert command("127.0.0.1:1") == (1, "", f"ollama-speedrun: {said}\n")


CLOSED = """
import os, sys
from ollama_speedrun.cli import main
sys.argv[1:] = ["--version"]
main.entry_point()
os._exit(os.open(os.devnull, os.O_RDONLY))
"""


@pytest.mark.skipif(os.name != "posix", reason="numbers of streams are those of POSIX")
def test_no_file_gets_the_number_of_a_standard_stream_that_is_closed(guarded_env: dict[str, str]) -> None:
    shell = '"$0" -c "$1" <&- >&- 2>&-'
    ended = subprocess.run(["sh", "-c", shell, sys.executable, CLOSED], env=guarded_env, check=False, timeout=60)
    assert ended.returncode > 2


@pytest.mark.skipif(os.name != "posix", reason="numbers of streams are those of POSIX")
@pytest.mark.parametrize(
    ("redirections", "arguments", "status"),
    [
        (">&-", "--version", 7),
        (">&-", "config show", 7),
        (">&-", "discover --dry-run 127.0.0.1", 7),
        (">&- 2>&-", "run --help", 7),
        ("2>&-", "--version", 0),
        ("<&-", "--version", 0),
    ],
)
def test_a_standard_output_that_is_closed_is_an_output_that_cannot_be_written(
    redirections: str, arguments: str, status: int, guarded_env: dict[str, str], tmp_path: Path
) -> None:
    errors = tmp_path / "errors"
    shell = f'"$0" -X dev -W ignore::ResourceWarning -m ollama_speedrun {arguments} 2>"$1" {redirections}'
    ended = subprocess.run(
        ["sh", "-c", shell, sys.executable, errors], env=guarded_env, check=False, timeout=60, stdout=subprocess.DEVNULL
    )
    sentence = "ollama-speedrun: cannot write to standard output: it is closed; redirect it to a file or to /dev/null\n"
    assert (ended.returncode, errors.read_text()) == (status, sentence if redirections == ">&-" else "")


def test_ctrl_c_before_anything_began_is_an_interruption(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "main", interrupted)
    assert command("127.0.0.1:1") == (130, "", "ollama-speedrun: interrupted\n")
