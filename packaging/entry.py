"""Where the standalone executable begins."""

import sys

from ollama_speedrun.cli.main import entry_point

sys.exit(entry_point())
