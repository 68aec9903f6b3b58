import sys
import time
from pathlib import Path

import pytest

from ollama_speedrun.discovery import surroundings
from ollama_speedrun.discovery.types import Neighbour


def test_what_a_command_prints_is_returned() -> None:
    assert surroundings.output_of([sys.executable, "-c", "print('peers')"]) == "peers\n"


@pytest.mark.parametrize(
    "command", [["no-such-command-here"], [sys.executable, "-c", "print('x'); raise SystemExit(1)"]]
)
def test_a_command_that_is_missing_or_fails_says_nothing(command: list[str]) -> None:
    assert surroundings.output_of(command) == ""


def test_a_command_that_hangs_is_given_up() -> None:
    began_s = time.monotonic()
    assert surroundings.output_of([sys.executable, "-c", "import time; time.sleep(60)"], timeout_s=0.3) == ""
    assert time.monotonic() - began_s < 10


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert surroundings.read_text(tmp_path / "none") == ""


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_neighbours_are_read_on_every_platform(platform: str) -> None:
    assert all(isinstance(neighbour, Neighbour) for neighbour in surroundings.read_neighbours(platform))
