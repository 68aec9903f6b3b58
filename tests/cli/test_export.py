import json
from pathlib import Path

import msgspec
import pytest
import yaml

from command import CommandLine
from exports.samples import CLEVER, CODER, GPU, HERE, QUICK, listed, measured, run_of, sample
from ollama_speedrun.exports.targets import NAMES
from ollama_speedrun.history.store import History
from ollama_speedrun.results.codec import encode


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_bytes(encode(sample()))
    return path


def models(text: str) -> list[str]:
    return [one["litellm_params"]["model"] for one in yaml.safe_load(text)["model_list"]]


@pytest.mark.parametrize("name", NAMES)
def test_each_program_gets_its_configuration_on_stdout_and_no_word_more(
    name: str, command: CommandLine, file: Path
) -> None:
    ended = command("export", name, file)
    assert (ended.status, ended.stderr) == (0, "")
    assert CLEVER in ended.stdout


def test_without_a_file_the_last_run_is_exported_and_named(command: CommandLine) -> None:
    with History(command.data_dir / "history.db") as history:
        run_id = history.add(sample())
    ended = command("export", "shell")
    assert ended.status == 0
    assert f"export OLLAMA_HOST={GPU}" in ended.stdout
    assert ended.stderr.startswith(f"The run {str(run_id)[:8]} of ")
    assert command("export", "shell", str(run_id)[:6]).stdout == ended.stdout


def test_an_output_file_is_written_and_what_it_is_for_is_said(command: CommandLine, file: Path, tmp_path: Path) -> None:
    ended = command("export", "litellm", file, "--output", tmp_path / "config.yaml")
    assert (ended.status, ended.stdout) == (0, "")
    assert models((tmp_path / "config.yaml").read_text())[0] == f"ollama_chat/{CLEVER}"
    assert "was written: config.yaml of the LiteLLM proxy" in ended.stderr


def test_a_format_without_comments_says_on_stderr_what_it_rests_on(
    command: CommandLine, file: Path, tmp_path: Path
) -> None:
    ended = command("export", "open-webui", file, "--output", tmp_path / "webui.json")
    assert json.loads((tmp_path / "webui.json").read_text())["ui.default_models"] == CLEVER
    assert "Made by ollama-speedrun out of run 12345678" in ended.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--host", "desk"], {f"ollama_chat/{CLEVER}", f"ollama_chat/{CODER}"}),
        (["--model", "quick*"], {f"ollama_chat/{QUICK}"}),
        (["--tier", "2-4"], {f"ollama_chat/{CODER}"}),
    ],
)
def test_an_export_can_be_narrowed(options: list[str], expected: set[str], command: CommandLine, file: Path) -> None:
    assert set(models(command("export", "litellm", file, *options).stdout)) == expected


def test_a_use_decides_what_is_best(command: CommandLine, file: Path, tmp_path: Path) -> None:
    config = tmp_path / "speed.toml"
    config.write_text("[uses.fast]\nquality = 0.0\nspeed = 1.0\nlatency = 0.0\n")
    ended = command("export", "shell", file, "--for", "fast", "--config", config)
    assert f"export OLLAMA_HOST={HERE}" in ended.stdout


def test_json_has_the_text_and_what_it_rests_on(command: CommandLine, file: Path) -> None:
    told = json.loads(command("export", "llm", file, "--json").stdout)
    assert set(told) == {"target", "file", "run_id", "started_at", "basis", "left_out", "aliases", "text"}
    assert told["aliases"][0]["host"] == GPU
    assert yaml.safe_load(told["text"])[0]["model_name"] == CLEVER


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export"], "PROGRAM"),
        (["export", "emacs"], "invalid choice: 'emacs'"),
        (["export", "shell", "none.json"], "there is no file 'none.json'"),
        (["export", "shell", "FILE", "--for", "poetry"], "there is no such use; there are: chat, code"),
        (["export", "shell", "FILE", "--model", "nothing*"], "no model with figures is left"),
        (["export", "shell", "FILE", "--hosts-file", "h"], "choose among its hosts with --host"),
    ],
)
def test_what_cannot_be_exported_is_said(words: list[str], message: str, command: CommandLine, file: Path) -> None:
    ended = command(*(file if word == "FILE" else word for word in words))
    assert (ended.status, ended.stdout) == (2, "")
    assert message in ended.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_models_that_follow_no_instructions_has_nothing_to_configure(
    name: str, command: CommandLine, tmp_path: Path
) -> None:
    base = msgspec.structs.replace(listed(CLEVER, GPU), kind="base")
    path = tmp_path / "r.json"
    path.write_bytes(encode(run_of(measured(CLEVER, GPU, 20.0), models=(base,))))
    ended = command("export", name, path)
    if name == "prometheus":
        assert (ended.status, ended.stderr) == (0, "")
        return
    assert (ended.status, ended.stdout) == (4, "")
    assert f"{CLEVER} (base models, which follow no instructions); nothing was exported" in ended.stderr
    assert command("use", "best", path, "--with", "llm").status == 2


def test_an_output_that_cannot_be_written_is_an_error_of_its_own(
    command: CommandLine, file: Path, tmp_path: Path
) -> None:
    ended = command("export", "shell", file, "--output", tmp_path / "none" / "x.sh")
    assert ended.status == 7
    assert "create the directory" in ended.stderr
