"""The formula of the cache of keys and values, held against what llama.cpp allocates for each architecture."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from ollama_speedrun.benchmark import memory
from ollama_speedrun.benchmark.kv_cache import TRUSTED, cache_bytes
from ollama_speedrun.benchmark.memory import Known
from ollama_speedrun.benchmark.types import ContextLoad
from ollama_speedrun.demo.llama import LlamaEngine
from ollama_speedrun.demo.model_files import INSTRUCT_Q4_1, ModelFile
from ollama_speedrun.inventory.attention import kv_cache

pytest.importorskip("gguf")
pytest.importorskip("xllamacpp")

from demo.architectures import SAMPLES, model_info, write

pytestmark = pytest.mark.demo

CONTEXTS = (4096, 16_384)
FACT = re.compile(
    r"loaded meta data with .* from (?P<path>\S+) \(version"
    r"|llama_context: n_ctx +=\s*(?P<tokens>\d+)"
    r"|llama_kv_cache\w*:\s+CPU KV buffer size =\s*(?P<size>[\d.]+) MiB"
)
"""Of the log, whose lines come from a thread of its own: which file is loaded, with which context, and its caches."""
LOADER = """
import os, sys, xllamacpp
for path in sys.argv[1:]:
    for tokens in (4096, 16384):
        params = xllamacpp.CommonParams()
        params.model.path, params.hostnames, params.port, params.ui = path, ["127.0.0.1"], 0, False
        params.n_ctx, params.n_parallel, params.n_batch, params.n_ubatch = tokens, 1, 512, 512
        params.n_gpu_layers, params.fit_params, params.warmup, params.verbosity = 0, False, False, 4
        params.cache_ram_mib = 0
        try:
            server = xllamacpp.Server(params)
        except RuntimeError:
            pass
os._exit(0)
"""

Allocated = Mapping[str, Mapping[int, float]]


@pytest.fixture(scope="module")
def allocated(tmp_path_factory: pytest.TempPathFactory) -> Allocated:
    """Return the bytes of the caches that llama.cpp allocates for each sample, by the tokens of context."""
    folder = tmp_path_factory.mktemp("models")
    for architecture, sample in SAMPLES.items():
        write(folder / architecture, architecture, sample)
    command = [sys.executable, "-c", LOADER, *(str(folder / architecture) for architecture in SAMPLES)]
    log = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True).stderr
    found: dict[str, dict[int, float]] = {architecture: {} for architecture in SAMPLES}
    architecture, tokens = "", 0
    for fact in FACT.finditer(log):
        if fact["path"]:
            architecture = Path(fact["path"]).name
        elif fact["tokens"]:
            tokens = int(fact["tokens"])
        else:
            sizes = found[architecture]
            sizes[tokens] = sizes.get(tokens, 0.0) + float(fact["size"]) * 1024**2
    return found


def test_every_trusted_architecture_is_held_against_the_engine() -> None:
    assert SAMPLES.keys() == TRUSTED


@pytest.mark.parametrize("architecture", sorted(SAMPLES))
def test_the_formula_gives_what_the_engine_allocates(architecture: str, allocated: Allocated) -> None:
    info = msgspec.json.encode(model_info(architecture, SAMPLES[architecture]))
    cache = kv_cache(msgspec.Raw(info), architecture)

    assert cache is not None
    assert {tokens: cache_bytes(cache, tokens) for tokens in CONTEXTS} == pytest.approx(
        allocated[architecture], rel=0.01
    )


async def test_the_memory_of_a_real_model_at_other_contexts_is_within_10_percent_of_what_the_engine_takes(
    model_files: Sequence[ModelFile],
) -> None:
    engine = LlamaEngine([file for file in model_files if file.spec == INSTRUCT_Q4_1])
    (stored,) = engine.models()
    loads = []
    for tokens in (2048, 4096, 8192):
        runner = await engine.load(stored, context_length=tokens, slots=1)
        loads.append(ContextLoad(num_ctx=tokens, memory_bytes=runner.size_bytes, gpu_bytes=runner.size_vram_bytes))
        await runner.close()
    cache = kv_cache(msgspec.Raw(msgspec.json.encode(stored.model_info)), "llama")

    for known, wanted in permutations(loads, 2):
        found = memory.at_context(Known((known,), cache, stored.size_bytes, 8192), wanted.num_ctx)
        assert found is not None
        assert found.basis == "formula"
        assert found.memory_bytes == pytest.approx(wanted.memory_bytes, rel=0.1)
    for wanted in loads:
        others = tuple(load for load in loads if load is not wanted)
        found = memory.at_context(Known(others, cache, stored.size_bytes, 8192), wanted.num_ctx)
        assert found is not None
        assert found.basis == "line"
        assert found.memory_bytes == pytest.approx(wanted.memory_bytes, rel=0.1)
