import json
import shlex
from pathlib import Path

import msgspec
import pytest

from command import CommandLine
from exports.samples import CLEVER, CODER, DESK, GPU, listed, measured, run_of, sample
from ollama_speedrun.results.codec import encode


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_bytes(encode(sample()))
    return path


def test_a_plan_names_models_hosts_gain_commands_and_assumptions(command: CommandLine, file: Path) -> None:
    ended = command("place", file, "--demand", "chat:2,code:1", "--keep-loaded")
    assert (ended.status, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("For chat ×2, code ×1 at the same time: ")
    assert "against one model a host" in lines[0]
    assert "gpu box (5 GB, the most seen in use): 5 GB, kept loaded" in lines
    assert "  clever:8b: chat ×2 at 45.0 tok/s (78 points); 5 GB (measured)" in lines
    assert "Nothing was changed. These commands would bring it about:" in lines
    assert any(line.startswith("Assumed: ") for line in lines)


def test_the_commands_load_each_model_for_good_with_the_wanted_context(command: CommandLine, file: Path) -> None:
    ended = command("place", file, "--demand", "chat:2", "--context", "8k", "--json")
    told = json.loads(ended.stdout)
    loads = [shlex.split(line) for line in told["commands"] if line.startswith("curl")]
    bodies = {words[2]: json.loads(words[4]) for words in loads}
    body = {"model": CLEVER, "keep_alive": -1, "options": {"num_ctx": 8192}}
    assert bodies == {f"{url}/api/generate": body for url in (GPU, DESK)}


def test_json_has_every_figure_of_the_plan(command: CommandLine, file: Path) -> None:
    told = json.loads(command("place", file, "--demand", "chat:1", "--memory", "gpu box=24GB", "--json").stdout)
    assert set(told) == {
        *("demand", "points", "points_today", "today", "is_exact", "unserved", "hosts", "commands", "assumptions"),
    }
    (first, *_) = told["hosts"]
    assert (first["capacity_bytes"], first["capacity_basis"]) == (24_000_000_000, "given")
    assert first["models"][0]["serves"][0]["use"] == "chat"


def test_what_no_model_suits_is_an_exit_status_of_its_own(command: CommandLine, tmp_path: Path) -> None:
    run = run_of(measured(CODER, GPU, 50.0), models=(listed(CODER, GPU),), right={CODER: 70})
    path = tmp_path / "r.json"
    path.write_bytes(encode(run))
    ended = command("place", path, "--demand", "agent:1")
    assert ended.status == 4
    assert "No model can serve 1 request for agent." in ended.stdout


def test_a_hostile_name_is_a_quoted_word_of_the_command(command: CommandLine, tmp_path: Path) -> None:
    name = "a'$(id)\x1b[31m\n;x"
    run = run_of(measured(name, GPU, 50.0), models=(listed(name, GPU),), right={name: 70})
    path = tmp_path / "r.json"
    path.write_bytes(encode(msgspec.structs.replace(run)))
    ended = command("place", path, "--demand", "chat:1")
    (line,) = [line for line in ended.stdout.splitlines() if "curl" in line]
    assert json.loads(shlex.split(line)[4])["model"] == name
    assert "\x1b" not in ended.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "place needs --demand"),
        (["--demand", "poetry:1"], "there is no use 'poetry'; there are: chat, code"),
        (["--demand", "chat:1", "--memory", "x=1GB"], "there is no host 'x' in the result"),
        (["--demand", "chat:1", "--context", "big"], "give a number of tokens, such as 32768 or 32k"),
    ],
)
def test_what_cannot_be_planned_is_said(options: list[str], message: str, command: CommandLine, file: Path) -> None:
    ended = command("place", file, *options)
    assert (ended.status, ended.stdout) == (2, "")
    assert message in ended.stderr
