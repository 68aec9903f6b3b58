import subprocess
import sys

import pytest

pytest.importorskip("resource")

PROGRAM = """
import resource, sys
from ollama_speedrun.cli.open_files import too_few
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(too_few(), "ollama_speedrun.ui.live" in sys.modules)
"""


@pytest.mark.parametrize(
    ("soft", "hard", "told", "is_loaded"),
    [(64, 64, "64", True), (64, 2048, "None", False), (64, 256, "None", False), (40, 255, "255", True)],
)
def test_a_limit_that_cannot_be_raised_is_told_and_what_is_needed_later_loaded_before(
    soft: int, hard: int, told: str, is_loaded: bool
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(soft), str(hard)], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.split() == [told, str(is_loaded)]
