"""The command line as a test uses it: in this process, with streams, variables and directories of its own."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from fake_ollama.student import SEED
from ollama_speedrun.cli.environment import Environment
from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.cli.main import main
from ollama_speedrun.results.codec import decode
from ollama_speedrun.results.types import Document

FEW_ITEMS = {"OLLAMA_SPEEDRUN_MAX_ITEMS": "10", "OLLAMA_SPEEDRUN_ITEM_SEED": str(SEED)}
"""Enough graded items for a verdict, of the seed that the fake's students know; a test's own variables go before."""


PLAIN = {"COLUMNS": "120", "TERM": "dumb"}


class Ended(NamedTuple):
    """How a command ended and what it wrote."""

    status: ExitCode
    stdout: str
    stderr: str

    @property
    def document(self) -> Document:
        """What `--json` printed."""
        return decode(self.stdout.encode(), origin="stdout")


class Terminal(io.TextIOWrapper):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def environment_of(
    home: Path,
    *argv: object,
    variables: Mapping[str, str] | None = None,
    stdin: str = "",
    interactive: bool = False,
) -> Environment:
    """Return surroundings with streams in memory, and with settings and history below `home`."""
    stream = Terminal if interactive else io.TextIOWrapper
    streams = [stream(io.BytesIO(text.encode()), encoding="utf-8") for text in (stdin, "", "")]
    return Environment(
        [str(word) for word in argv],
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        variables=PLAIN if variables is None else variables,
        config_dir=home / "config",
        data_dir=home / "data",
    )


def written(stream: TextIO) -> str:
    """Return what was written to a stream of `environment_of`."""
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


class CommandLine:
    """Runs command lines; `config_dir` and `data_dir` are this test's own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.config_dir = home / "config"
        self.data_dir = home / "data"

    def __call__(self, *argv: object, variables: Mapping[str, str] | None = None, stdin: str = "") -> Ended:
        """Run one command line to its end."""
        known = {**FEW_ITEMS, **(PLAIN if variables is None else variables)}
        environment = environment_of(self._home, *argv, variables=known, stdin=stdin)
        status = main(environment)
        return Ended(status, written(environment.stdout), written(environment.stderr))

    async def beside(self, *argv: object, variables: Mapping[str, str] | None = None) -> Ended:
        """Run one command line in a thread, beside the fake servers in this test's event loop."""
        return await asyncio.to_thread(self, *argv, variables=variables)
