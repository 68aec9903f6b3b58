import json

import pytest

from command import CommandLine
from ollama_speedrun.cli.planning import is_pattern


@pytest.mark.parametrize("host", ["*", "gpu*", "192.168.1.?", "http://gpu*:11434", "*:11500"])
def test_a_host_with_a_wildcard_chooses_among_those_found(host: str) -> None:
    assert is_pattern(host)


@pytest.mark.parametrize("host", ["gpu1", "[::1]:11434", "10.0.0.0/24", "http://gpu1/?a=b"])
def test_a_host_without_a_wildcard_is_a_target(host: str) -> None:
    assert not is_pattern(host)


def test_a_dry_run_prints_the_plan(command: CommandLine) -> None:
    ended = command("discover", "--dry-run", "127.0.0.1", "127.0.3.0/30", "--port", "11434,11500", "--host", "gpu*")
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "http://127.0.0.1:11434 (target)",
        "http://127.0.0.1:11500 (target)",
        "2 addresses of 127.0.3.0/30 on port 11434",
        "2 addresses of 127.0.3.0/30 on port 11500",
    ]


def test_a_dry_run_without_targets_begins_with_this_machine_and_ollama_host(command: CommandLine) -> None:
    ended = command("discover", "--dry-run", "--json", variables={"OLLAMA_HOST": "gpu1:11500"})
    plan = json.loads(ended.stdout)
    assert plan["servers"][0] == {"url": "http://127.0.0.1:11434", "via": "localhost"}
    assert {"url": "http://gpu1:11500", "via": "OLLAMA_HOST"} in plan["servers"]
    assert set(plan) == {"servers", "networks", "notes"}


def test_hosts_of_the_settings_file_are_targets_that_the_command_line_replaces(command: CommandLine) -> None:
    command.config_dir.mkdir()
    (command.config_dir / "config.toml").write_text('host = ["127.0.0.7"]\n', encoding="utf-8")
    assert command("discover", "--dry-run").stdout == "http://127.0.0.7:11434 (target)\n"
    assert command("discover", "--dry-run", "127.0.0.8").stdout == "http://127.0.0.8:11434 (target)\n"
    assert command("discover", "--dry-run", "--host=127.0.0.9", "127.0.0.8").stdout == (
        "http://127.0.0.9:11434 (target)\nhttp://127.0.0.8:11434 (target)\n"
    )
