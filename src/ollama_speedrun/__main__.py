"""`python -m ollama_speedrun`."""

import sys

from .cli.main import entry_point

if __name__ == "__main__":
    sys.exit(entry_point())
