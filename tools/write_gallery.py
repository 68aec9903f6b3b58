"""Write docs/gallery.md out of what commands print on a saved result: write_gallery.py FLEET.json (`make picture`).

The result is that of `run_fleet.py`. A copy of it, a day later, on an updated server with one model slowed, is what
changes over time are shown by.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from ollama_speedrun.benchmark.types import Interval, Result
from ollama_speedrun.history.store import History
from ollama_speedrun.results.files import read_document
from ollama_speedrun.results.types import Document

PAGE: Final = Path(__file__).parent.parent / "docs" / "gallery.md"
SLOWED: Final = "qwen2.5:14b"
WIDTH: Final = "110"
MOST_LINES: Final = 30
HEAD: Final = """# Gallery

<!-- Written by `make picture`: the true speeds and abilities of the fleet are stated in tools/run_fleet.py. -->

Outputs of the program on a scripted fleet of several hosts; the second picture is the demo, with real models.

![A fleet of several hosts: models in their memory tiers, the best of each marked with a star](fleet.svg)

![A run on the demo's servers](terminal.svg)

## The report

`ollama-speedrun report` writes one page to send ([more](report.md)):

![The report: the verdict first, then quality against speed](report.png)

`--output card.svg` makes a card to post:

![The verdict as a card](card.svg)
"""
COMMANDS: Final = (
    ("What to use, from past runs", "recommend --for code --max-memory 24GB"),
    ("What changed", "compare last~1 last"),
    ("One model over time", f"trend {SLOWED}"),
    ("What to keep loaded", "place --demand chat:2,code:1 --keep-loaded"),
    ("What other models would do here", "suggest --for code"),
    ("The picks for another program", "export litellm"),
)


def later(document: Document) -> Document:
    """Return the same fleet a day later, on a newer server with one model slowed."""
    day = timedelta(days=1)
    return msgspec.structs.replace(
        document,
        run_id="1a7e0000-0000-4000-8000-000000000000",
        started_at=document.started_at + day,
        ended_at=None if document.ended_at is None else document.ended_at + day,
        results=tuple(_slowed(result) if result.model == SLOWED else result for result in document.results),
    )


def _slowed(result: Result) -> Result:
    interval = result.decode_interval
    return msgspec.structs.replace(
        result,
        server_version="0.33.1",
        decode_tps=None if result.decode_tps is None else result.decode_tps * 0.8,
        decode_interval=interval and Interval(interval.low_tps * 0.8, interval.high_tps * 0.8, interval.trials),
    )


def _outputs(home: Path) -> Iterator[str]:
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), "COLUMNS": WIDTH, "LANG": "C.UTF-8", "TZ": "UTC"}
    program = Path(sys.executable).parent / "ollama-speedrun"
    for title, line in COMMANDS:
        ended = subprocess.run(
            [program, *line.split(), "--history", str(home / "history.db")],
            capture_output=True,
            text=True,
            env=variables,
            check=True,
        )
        lines = ended.stdout.rstrip().splitlines()
        more = [f"… and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
        yield "\n".join(
            ["", f"## {title}", "", "```", f"$ ollama-speedrun {line}", *lines[:MOST_LINES], *more, "```", ""]
        )


def main(result: Path) -> None:
    """Write the page out of a result file."""
    document = read_document(result)
    with tempfile.TemporaryDirectory() as home:
        with History(Path(home) / "history.db") as history:
            history.add(document, verb="run")
            history.add(later(document), verb="run")
        PAGE.write_text(HEAD + "".join(_outputs(Path(home))), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
