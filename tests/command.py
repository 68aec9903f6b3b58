"""The command line as a test uses it: in this process, with streams, variables and directories of its own."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ollama_speedrun.cli.environment import Environment
from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.cli.main import main
from ollama_speedrun.report.document import Document, decode


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


class CommandLine:
    """Runs command lines; `config_dir` and `state_dir` are this test's own."""

    def __init__(self, home: Path) -> None:
        self.config_dir = home / "config"
        self.state_dir = home / "state"

    def __call__(
        self, *argv: object, variables: Mapping[str, str] | None = None, stdin: str = "", interactive: bool = False
    ) -> Ended:
        """Run one command line to its end."""
        stream = Terminal if interactive else io.TextIOWrapper
        streams = [stream(io.BytesIO(data), encoding="utf-8") for data in (stdin.encode(), b"", b"")]
        environment = Environment(
            [str(word) for word in argv],
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            variables={"COLUMNS": "120", "TERM": "dumb"} if variables is None else variables,
            config_dir=self.config_dir,
            state_dir=self.state_dir,
        )
        status = main(environment)
        texts = []
        for written in streams[1:]:
            written.flush()
            texts.append(written.buffer.getvalue().decode())  # type: ignore[attr-defined]
        return Ended(status, *texts)

    async def beside(self, *argv: object, variables: Mapping[str, str] | None = None) -> Ended:
        """Run one command line in a thread, beside the fake servers in this test's event loop."""
        return await asyncio.to_thread(self, *argv, variables=variables)
