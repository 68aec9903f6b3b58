"""What `--help` costs, as a multiple of an interpreter that does nothing: `python benchmarks/startup.py`.

The two commands take turns, so that a busy machine slows both; the figure is the ratio of their median wall times.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence

BASELINE = [sys.executable, "-c", "pass"]
LIMIT = 3.0


def wall_s(command: Sequence[str]) -> float:
    began_ns = time.perf_counter_ns()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter_ns() - began_ns) / 1e9


def measure(command: Sequence[str], rounds: int) -> tuple[float, float]:
    """Return the median wall seconds of the command and of the baseline."""
    for warm_up in (command, BASELINE):
        wall_s(warm_up)
    pairs = [(wall_s(command), wall_s(BASELINE)) for _ in range(rounds)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def installed_command() -> str:
    found = shutil.which("ollama-speedrun", path=sysconfig.get_path("scripts"))
    if found is None:
        sys.exit("ollama-speedrun is not installed beside this Python: run `make setup` first")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    command_s, baseline_s = measure([installed_command(), "--help"], rounds)
    ratio = command_s / baseline_s
    print(
        f"ollama-speedrun --help {command_s * 1000:.1f} ms; baseline `python -c pass` {baseline_s * 1000:.1f} ms; "
        f"ratio {ratio:.2f} (at most {LIMIT}), medians of {rounds} rounds in turn"
    )
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
