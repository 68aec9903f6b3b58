"""Comparing output with what is on file; UPDATE_SNAPSHOTS=1 writes it again, for the diff to be read."""

import os
from pathlib import Path

DIRECTORY = Path(__file__).parent / "snapshots"


def assert_as_on_file(name: str, text: str) -> None:
    path = DIRECTORY / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text.splitlines() == path.read_text(encoding="utf-8").splitlines()
