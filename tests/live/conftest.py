"""A real Ollama server of this machine, on a loopback port of its own, with a small model that was pulled before."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from ollama_speedrun.errors import OllamaError
from ollama_speedrun.ollama.client import OllamaClient, open_session

NAMED = "SPEEDRUN_TEST_LIVE_MODEL"
BASE = os.environ.get(NAMED, "smollm2:135m")
MODEL = "ollama-speedrun-live:latest"
NUM_CTX = 2048
NUM_PREDICT = 128
STARTING_S = 30.0


class Ollama(NamedTuple):
    """A running server, and how its own command line is told to use it."""

    program: str
    url: str
    variables: Mapping[str, str]

    async def __call__(self, *arguments: str) -> tuple[str, str]:
        """Run `ollama` to its end; returns what it wrote to stdout and to stderr, and fails the test if it failed."""
        process = await asyncio.create_subprocess_exec(
            *(self.program, *arguments), env=self.variables, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        stdout, stderr = await process.communicate()
        assert process.returncode == 0, stderr.decode()
        return stdout.decode(), stderr.decode()


@pytest.fixture
async def ollama_server(unused_tcp_port: int, tmp_path: Path) -> AsyncIterator[Ollama]:
    program = shutil.which("ollama")
    if program is None:
        _cannot("there is no `ollama` on the PATH to compare with")
    address = f"127.0.0.1:{unused_tcp_port}"
    ollama = Ollama(program, f"http://{address}", {**os.environ, "OLLAMA_HOST": address})
    async with _serving(ollama):
        if BASE not in (await ollama("list"))[0]:
            _cannot(f"the model is not there: run `ollama pull {BASE}` first")
        recipe = tmp_path / "Modelfile"
        recipe.write_text(
            f"FROM {BASE}\nPARAMETER num_predict {NUM_PREDICT}\nPARAMETER num_ctx {NUM_CTX}\n"
            "PARAMETER temperature 0\nPARAMETER seed 7\n"
        )
        await ollama("create", MODEL, "-f", str(recipe))
        try:
            yield ollama
        finally:
            await ollama("rm", MODEL)


def _cannot(reason: str) -> NoReturn:
    """Skip the test, but where a model was named for it, as in CI, fail."""
    if NAMED in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


@asynccontextmanager
async def _serving(ollama: Ollama) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *(ollama.program, "serve"), env=ollama.variables, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(STARTING_S), open_session() as session:
            client = OllamaClient(session, ollama.url)
            while not await _answers(client):  # noqa: ASYNC110 - a server can only be asked
                await asyncio.sleep(0.1)
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(client: OllamaClient) -> bool:
    try:
        await client.tags()
    except OllamaError:
        return False
    return True
