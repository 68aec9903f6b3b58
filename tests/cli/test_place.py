import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from command import CommandLine
from exports.samples import CLEVER, CODER, DESK, GPU, HERE, QUICK, listed, measured, run_of, sample
from ollama_speedrun.results.codec import encode
from ollama_speedrun.visit.types import LoadedBefore, Resident
from specimens import GB


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
    assert lines[0].endswith(" points a request of 100, +0.0 over today's 75.8.")
    assert lines[1].startswith("Today: not known on gpu box, taken for clever:8b; not known on desk, taken for ")
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


def test_the_memory_of_a_host_is_given_by_its_address_without_the_port_too(command: CommandLine, file: Path) -> None:
    given = f"{urlsplit(GPU).hostname}=24GB"
    told = json.loads(command("place", file, "--demand", "chat:1", "--memory", given, "--json").stdout)
    assert told == json.loads(command("place", file, "--demand", "chat:1", "--memory", "gpu box=24GB", "--json").stdout)


def test_json_has_every_figure_of_the_plan(command: CommandLine, file: Path) -> None:
    told = json.loads(command("place", file, "--demand", "chat:1", "--memory", "gpu box=24GB", "--json").stdout)
    assert set(told) == {
        *("demand", "points", "points_today", "today", "is_exact", "unserved", "hosts", "commands", "assumptions"),
    }
    (first, *_) = told["hosts"]
    assert (first["capacity_bytes"], first["capacity_basis"]) == (24_000_000_000, "given")
    assert first["models"][0]["serves"][0]["use"] == "chat"


def test_what_was_loaded_is_told_and_only_what_is_missing_is_loaded(command: CommandLine, tmp_path: Path) -> None:
    stays = Resident(model=CLEVER, digest="d" * 64, size_bytes=5 * GB, context_length=4096, stays=True)
    old = Resident(model="old'\x1b[31m:7b", digest="a" * 64, size_bytes=4 * GB, context_length=2048, remaining_s=60)
    seen_at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    path = tmp_path / "r.json"
    loaded = (
        LoadedBefore(host=GPU, seen_at=seen_at, models=(stays,)),
        LoadedBefore(host=DESK, seen_at=seen_at, models=(old,)),
    )
    path.write_bytes(encode(msgspec.structs.replace(sample(), loaded_before=loaded)))
    asked = ("place", path, "--demand", "chat:2,code:1", "--keep-loaded")
    shown, told = command(*asked), json.loads(command(*asked, "--json").stdout)
    assert shown.stdout.splitlines()[1] == (
        "Today (seen 2026-03-04 05:06 UTC): clever:8b loaded on gpu box; old':7b loaded on desk; "
        "not known on 127.0.0.1, taken for quick:1b."
    )
    sent = [(words[2], json.loads(words[4])) for line in told["commands"] if (words := shlex.split(line))[0] == "curl"]
    assert sent == [
        (f"{DESK}/api/generate", {"model": old.model, "keep_alive": 0}),
        (f"{DESK}/api/generate", {"model": CLEVER, "keep_alive": -1, "options": {"num_ctx": 4096}}),
    ]
    assert told["points"] > told["points_today"]
    assert [one["taken_for"] for one in told["today"]] == [None, None, {"host": HERE, "model": QUICK}]
    assert told["today"][0]["loaded"][0]["model"] == CLEVER


def test_where_all_is_loaded_for_good_nothing_is_to_be_done(command: CommandLine, tmp_path: Path) -> None:
    run = run_of(measured(CLEVER, GPU, 50.0), models=(listed(CLEVER, GPU),), right={CLEVER: 70})
    stays = Resident(model=CLEVER, digest="d" * 64, size_bytes=5 * GB, context_length=4096, stays=True)
    loaded = (LoadedBefore(host=GPU, seen_at=run.started_at, models=(stays,)),)
    path = tmp_path / "r.json"
    path.write_bytes(encode(msgspec.structs.replace(run, loaded_before=loaded)))
    ended = command("place", path, "--demand", "chat", "--keep-loaded")
    assert "Nothing has to be changed: what the plan needs is loaded already, and stays." in ended.stdout
    assert "+0.0 over today's" in ended.stdout
    assert "curl" not in ended.stdout


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
