from collections.abc import AsyncIterator, Sequence

import ollama
import pytest

from demo.support import unheard
from ollama_speedrun.demo.llama import LlamaEngine
from ollama_speedrun.demo.model_files import (
    EMBED_Q8_0,
    INSTRUCT_Q4_1,
    INSTRUCT_Q8_0,
    ModelFile,
    cache_dir,
    prepare,
)
from ollama_speedrun.demo.server import ServerSettings, serve


@pytest.fixture(scope="session")
def model_files() -> Sequence[ModelFile]:
    return prepare([INSTRUCT_Q4_1, INSTRUCT_Q8_0, EMBED_Q8_0], cache_dir(), unheard)


@pytest.fixture
async def host_url(model_files: Sequence[ModelFile]) -> AsyncIterator[str]:
    async with serve(LlamaEngine(model_files), settings=ServerSettings(max_loaded=1)) as url:
        yield url


@pytest.fixture
async def client(host_url: str) -> AsyncIterator[ollama.AsyncClient]:
    asker = ollama.AsyncClient(host_url, trust_env=False)
    yield asker
    await asker._client.aclose()
