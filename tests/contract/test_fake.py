import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from contract.exchange import RECORDINGS, recordings, restored
from contract.replay import ServerUnderTest, replay, unexplained
from contract.scenarios import SCENARIOS, Scenario, Setup, replayed
from fake_ollama import HostScript, LoadError, ModelScript, RunnerDies, fake_fleet

pytestmark = pytest.mark.virtual_time

DIFFERS = {
    "faults/tool-call": "the fake has no tool parser that holds back what may become a call: a chunk for each token",
    "faults/v1-chat-stream": "the OpenAI style of chatting is not served: it carries no durations to measure by",
}

PROSE_TOKENS = 5_000
PREFILL_TPS = 2_500.0
SHORT_JSON = json.dumps({"city": "Oslo", "population": 700000})
LONG_JSON = json.dumps({"city": "Oslo", "districts": list(range(40))})
ANSWERS = {
    "[k3x9] Name three": "The sea is wide. " * 20,
    "[v4] Name three": "Red, blue and green, as on every flag. " * 3,
    "Name three colours": "1. Red\n2. Blue\n3. Green",
    "Give a city as JSON": LONG_JSON,
    "Give a city and": SHORT_JSON,
    "What is 2+2": "The answer is 4.",
    "Weather in Oslo": "The weather in Oslo is quite unique.",
    "Repeat exactly: \N{GRINNING FACE}": "Repeat exactly: \N{GRINNING FACE} \N{GRINNING FACE}\n" * 20,
    "hahaha": ", haha" * 80,
}


def models(setup: Setup) -> tuple[ModelScript, ...]:
    """The recorded machine's models, as the recordings themselves describe them."""
    listed = json.loads((RECORDINGS / "base/tags.json").read_text())["response"]["json"]["models"]
    return tuple(model(entry, setup) for entry in listed)


def model(entry: dict[str, object], setup: Setup) -> ModelScript:
    details = entry["details"]
    assert isinstance(details, dict)
    is_smol = details["family"] == "llama"
    name = str(entry["name"])
    shown = RECORDINGS / f"base/show-{name.replace(':', '-')}.json"
    if not shown.exists():
        shown = RECORDINGS / "base/show-smol-q4_1.json"
    show = json.loads(shown.read_text())["response"]["json"]
    script = ModelScript(
        name,
        decode_tps=400.0,
        prefill_tps=PREFILL_TPS,
        load_s=0.2,
        answers=ANSWERS,
        answer_tokens=PROSE_TOKENS,
        capabilities=tuple(show["capabilities"] if "think" in name or "tools" in name else entry["capabilities"]),  # type: ignore[arg-type]
        family=details["family"],
        families=tuple(details["families"]),
        parameter_size=details["parameter_size"],
        quantization_level=details["quantization_level"],
        context_length=details["context_length"],
        embedding_length=details["embedding_length"],
        size_bytes=entry["size"],  # type: ignore[arg-type]
        digest=str(entry["digest"]),
        modified_at=str(entry["modified_at"]),
        template=str(restored(show["template"])),
        modelfile=str(restored(show["modelfile"])),
        parameters=show.get("parameters"),
        model_info=show["model_info"],
        template_tokens=40 if name == "smol-tools:latest" else 9,
        tensors=tuple(show["tensors"]) * 100,
        weights_digest="q4_1" if is_smol and details["quantization_level"] == "Q4_1" else None,
        gpu_share=0.0,
    )
    if name == "smol-think:latest":
        thoughts = 200 if setup.trouble == "long thoughts" else 6
        script = msgspec.structs.replace(script, thinking_tokens=thoughts, thinking_only=True)
    match setup.trouble:
        case "damaged weights" if name == "smol:l24":
            text = 'tensor "blk.4.attn_k.weight" offset+size (39909056) exceeds file size (39876064)'
            return msgspec.structs.replace(script, load_error=LoadError(500, text))
        case "weights gone" if name == "smol:l24":
            text = 'model "smol:l24" not found, try pulling it first'
            return msgspec.structs.replace(script, load_error=LoadError(404, text))
        case "runner dies" if name == "smol:q4_1":
            return msgspec.structs.replace(script, fault=RunnerDies(after_tokens=100), faulty_requests=1)
        case "tiny context":
            return msgspec.structs.replace(script, empty_after_truncation=False)
        case _:
            return script


@asynccontextmanager
async def start(setup: Setup) -> AsyncIterator[ServerUnderTest]:
    host = HostScript(
        models=models(setup),
        version="0.0.0",
        num_parallel=setup.num_parallel,
        max_loaded=setup.max_loaded,
        max_queue=setup.max_queue,
        cloud_disabled=True,
    )
    async with fake_fleet([host]) as fleet:
        yield ServerUnderTest(fleet.hosts[0].url, prompt_token_ns=1e9 / PREFILL_TPS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_the_fake_answers_as_a_real_server_did(scenario: Scenario) -> None:
    assert unexplained(await replay(scenario, start), DIFFERS) == []


def test_every_recording_is_replayed_once() -> None:
    names = [name for scenario in SCENARIOS for name in replayed(scenario)]
    assert sorted(names) == recordings()
    assert set(DIFFERS) <= set(names)
