"""The demo server against the recordings of a real one."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec
import ollama
import pytest

from contract.compare import Difference
from contract.exchange import RECORDINGS
from contract.replay import ServerUnderTest, Start, replay, unexplained
from contract.scenarios import SCENARIOS, Scenario, Setup, replayed
from demo.support import GREEDY
from ollama_speedrun.demo import gguf_files
from ollama_speedrun.demo.llama import LlamaEngine, Threads
from ollama_speedrun.demo.model_files import EMBED_Q8_0, INSTRUCT_Q4_1, ModelFile, ModelSpec
from ollama_speedrun.demo.recipes import Recipe
from ollama_speedrun.demo.server import ServerSettings, serve

pytestmark = pytest.mark.demo

ONE_THREAD = Threads(decode=1, prefill=1)
BLOCKS = 6
"""Of 30. What a model says is rarely compared, so the engine runs one that says it at a fraction of the cost."""
NEEDS_THE_WHOLE_MODEL = {
    "answers whose words matter": "one ends by itself, as it has no limit, and one has characters of several tokens",
    "a prompt too long, on a cold model": "an answer whose first token is its end",
}
"""Scenarios with an answer that only the whole model gives."""

LACKS = {
    "thinking and tools": "no demo model thinks or calls tools",
    "a thought longer than the budget": "no demo model thinks",
    "a tool call that is cut off": "no demo model calls tools",
    "the style of OpenAI": "not served: it carries no durations to measure by",
    "words that repeat": "which words a model repeats is its own",
    "damaged weights": "a damaged file never gets as far as a server: it is made again",
    "weights that are gone": "as above",
    "a stream that the client leaves": "where prefilling is slow nothing has been streamed yet; see test_demo_host",
    "a runner that dies": "killed in test_demo_host, for nothing in a request can do it",
}
"""Scenarios that presuppose what the demo does not have."""

_LICENSED = "the demo states the licence of its models"
_NO_VARIANTS = "no demo model thinks, calls tools or shares its weights with another"
DIFFERS = {
    "base/show-smol-q4_1": _LICENSED,
    "base/show-name-key": _LICENSED,
    "base/show-minilm-f16": _LICENSED,
    "base/show-smol-think-latest": _NO_VARIANTS,
    "base/show-smol-tools-latest": _NO_VARIANTS,
    "base/tags": _NO_VARIANTS,
    "base/private-ip-host-header": _NO_VARIANTS,
    "base/lan-name-host-header": _NO_VARIANTS,
    "faults/no-tag-latest": _NO_VARIANTS,
    "faults/alias-ps": _NO_VARIANTS,
}


def but_for_the_machine(found: Mapping[str, Sequence[Difference]]) -> dict[str, list[Difference]]:
    """Leave out what the processor decides.

    Whether an answer ends by itself: processors round differently, so one says a word more. And a wait where none was
    recorded: on a busy machine everything waits.
    """
    return {
        name: [each for each in differences if not (_ends_alike(each) or _is_slowness(each))]
        for name, differences in found.items()
    }


def _ends_alike(difference: Difference) -> bool:
    recorded, got = (repr(shape).replace("'length'", "'stop'") for shape in (difference.recorded, difference.got))
    return recorded == got


def _is_slowness(difference: Difference) -> bool:
    return difference.aspect in {"waited for a slot", "loaded first"} and difference.got is True


class Models(NamedTuple):
    """The demo's chat model, whole or cut short, its embedding model, and the least that a prompt token costs here."""

    files: Mapping[ModelSpec, ModelFile]
    prompt_token_ns: float


def stored(entry: Mapping[str, Any], files: Mapping[ModelSpec, ModelFile]) -> ModelFile:
    """A model of ours under the name, digest and date of a recorded one."""
    file = files[EMBED_Q8_0 if entry["details"]["family"] == "bert" else INSTRUCT_Q4_1]
    record = msgspec.structs.replace(file.record, sha256=entry["digest"], modified_at=entry["modified_at"])
    return ModelFile(replace(file.spec, name=entry["name"]), file.path, record)


@pytest.fixture(scope="module")
def whole(model_files: Sequence[ModelFile]) -> Models:
    return with_costs({file.spec: file for file in model_files})


@pytest.fixture(scope="module")
def cut(model_files: Sequence[ModelFile], tmp_path_factory: pytest.TempPathFactory) -> Models:
    files = {file.spec: file for file in model_files}
    chat, path = files[INSTRUCT_Q4_1], tmp_path_factory.mktemp("models") / "cut.gguf"
    recipe = Recipe(quantization="Q4_1", blocks=tuple(range(BLOCKS)))
    gguf_files.derive(chat.path, path, recipe, lambda _done, _total: None)
    return with_costs({**files, INSTRUCT_Q4_1: ModelFile(chat.spec, path, chat.record)})


def with_costs(files: Mapping[ModelSpec, ModelFile]) -> Models:
    """Measure what a prompt token costs; half of it is the least that one may be expected to cost."""

    async def measured() -> float:
        async with serve(LlamaEngine([files[INSTRUCT_Q4_1]], ONE_THREAD)) as url:
            client = ollama.AsyncClient(url, trust_env=False)
            answer = await client.generate(INSTRUCT_Q4_1.name, "word " * 250, options={**GREEDY, "num_predict": 1})
            await client._client.aclose()
        return (answer.prompt_eval_duration or 0) / (answer.prompt_eval_count or 1) / 2

    return Models(files, asyncio.run(measured()))


@pytest.fixture
def start(scenario: Scenario, request: pytest.FixtureRequest) -> Start:
    models: Models = request.getfixturevalue("whole" if scenario.name in NEEDS_THE_WHOLE_MODEL else "cut")
    listed = json.loads((RECORDINGS / "base/tags.json").read_text())["response"]["json"]["models"]
    engine = LlamaEngine([stored(entry, models.files) for entry in listed], ONE_THREAD)

    @asynccontextmanager
    async def started(setup: Setup) -> AsyncIterator[ServerUnderTest]:
        settings = ServerSettings(
            version="0.0.0",
            num_parallel=setup.num_parallel,
            max_loaded=setup.max_loaded,
            max_queue=setup.max_queue,
            cloud_disabled=True,
        )
        async with serve(engine, settings=settings) as url:
            yield ServerUnderTest(url, prompt_token_ns=models.prompt_token_ns)

    return started


@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if each.name not in LACKS], ids=lambda each: each.name)
async def test_the_demo_answers_as_a_real_server_did(scenario: Scenario, start: Start) -> None:
    assert unexplained(but_for_the_machine(await replay(scenario, start)), DIFFERS) == []


def test_what_is_left_out_exists() -> None:
    assert {*LACKS, *NEEDS_THE_WHOLE_MODEL} <= {scenario.name for scenario in SCENARIOS}
    assert set(DIFFERS) <= {name for scenario in SCENARIOS if scenario.name not in LACKS for name in replayed(scenario)}
