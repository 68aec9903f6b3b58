"""`python -m ollama_speedrun`."""

import sys

from ollama_speedrun.cli.main import entry_point

if __name__ == "__main__":
    sys.exit(entry_point())
