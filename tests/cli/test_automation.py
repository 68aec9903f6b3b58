"""The examples of docs/automation.md are ones that their programs, and ours, can read."""

import plistlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ollama_speedrun.cli.parser import parse

PAGE = (Path(__file__).parents[2] / "docs" / "automation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def test_every_command_line_is_one_that_the_program_takes() -> None:
    found = [
        match[1].split("   #")[0].split('"')[0]
        for _, text in BLOCKS
        for line in text.splitlines()
        if (match := re.search(r"ollama-speedrun(?:\.exe)? ((?:run|check) .*)", line))
    ]

    assert len(found) == 6
    assert {parse(shlex.split(line.replace("\\", "/"))).verb for line in found} == {"run", "check"}


def test_the_plist_names_the_command() -> None:
    (text,) = blocks("xml")
    value = plistlib.loads(text.encode())

    assert parse(value["ProgramArguments"][1:]).verb == "check"
    assert value["StartCalendarInterval"] == {"Hour": 3, "Minute": 30}


def test_the_workflow_is_yaml_with_a_step_that_checks() -> None:
    (text,) = blocks("yaml")
    steps = yaml.safe_load(text)["jobs"]["check"]["steps"]

    assert any("check gpu-box --baseline" in step.get("run", "") for step in steps)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit_files(tmp_path: Path) -> None:
    service, timer = blocks("ini")
    (tmp_path / "ollama-speedrun.service").write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", service))
    (tmp_path / "ollama-speedrun.timer").write_text(timer)

    ended = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert "Unknown" not in ended.stderr
