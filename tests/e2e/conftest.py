from pathlib import Path

import pytest

from command import CommandLine


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)
