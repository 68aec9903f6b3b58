"""Draw a saved run as a terminal picture: make_terminal_picture.py RESULT.json PICTURE.svg [COMMAND].

Every line is made from the result by the code that prints a run, so the picture shows what was measured and nothing
else. It loads nothing from elsewhere: the reader's own monospaced font is used.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from ollama_speedrun.benchmark.events import BenchmarkEnded
from ollama_speedrun.discovery.events import HostFound
from ollama_speedrun.errors import SpeedrunError
from ollama_speedrun.events import Phase, PhaseEnded
from ollama_speedrun.pipeline.events import Event
from ollama_speedrun.report.layout import paragraph
from ollama_speedrun.report.terminal import print_report
from ollama_speedrun.results.files import read_document, write_atomically
from ollama_speedrun.results.types import Document
from ollama_speedrun.ui.lines import Verbosity, lines_of

WIDTH: Final = 100
FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def main() -> int:
    """Write the picture; the result is the exit status."""
    if len(sys.argv) not in {3, 4}:
        print(__doc__, file=sys.stderr)
        return 2
    source, target, *command = sys.argv[1:]
    try:
        document = read_document(Path(source))
        write_atomically(Path(target), picture(document, *command))
    except SpeedrunError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def picture(document: Document, command: str = "ollama-speedrun demo") -> str:
    """Return an SVG of what a run with this result leaves on a terminal; of `assess` only what it prints."""
    console = Console(
        file=io.StringIO(), record=True, width=WIDTH, force_terminal=True, highlight=False, color_system="truecolor"
    )
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    for event in () if command.split()[1:2] == ["assess"] else _events(document):
        for line in lines_of(event):
            if line.verbosity <= Verbosity.NORMAL:
                console.print(Text("\n").join(paragraph(console, line.text, hanging=4)))
    console.print()
    print_report(console, document)
    return _self_contained(console.export_svg(title="ollama-speedrun", unique_id="speedrun"))


def _events(document: Document) -> Iterator[Event]:
    """Yield the events that a run with this result told of, in the order of its phases."""
    ok = sum(result.status == "ok" for result in document.results)
    yield from map(HostFound, document.hosts)
    yield PhaseEnded(Phase.DISCOVER, bool(document.hosts), f"{len(document.hosts)} servers")
    yield PhaseEnded(Phase.ENUMERATE, bool(document.models), f"{len(document.models)} models")
    yield from map(BenchmarkEnded, document.results)
    yield PhaseEnded(Phase.BENCHMARK, bool(ok), f"{ok} benchmarked")


def _self_contained(svg: str) -> str:
    """Return the picture with the reader's own font for web fonts, and its spaces kept by every renderer."""
    own_font = re.sub(r"font-family: [^;]+;", f"font-family: {FONT};", svg)
    no_web_fonts = re.sub(r"\s*@font-face \{.*?\}", "", own_font, flags=re.DOTALL)
    return no_web_fonts.replace("<text ", '<text xml:space="preserve" ')


if __name__ == "__main__":
    sys.exit(main())
