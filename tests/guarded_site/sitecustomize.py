"""Guard the subprocesses of tests: Python imports this at start when its directory is on PYTHONPATH."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

import guard

guard.install()
sys.path.pop()
