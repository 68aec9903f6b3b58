"""Our figures against what llama.cpp writes into its own log, which passes neither its HTTP server nor ours."""

import asyncio
import itertools
import re
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from ollama_speedrun.benchmark import stats
from ollama_speedrun.benchmark.events import BenchmarkEnded, BenchmarkEvent
from ollama_speedrun.benchmark.plan import BenchmarkSettings, Extra, IfBusy
from ollama_speedrun.benchmark.runner import benchmark_host
from ollama_speedrun.benchmark.types import CaveatKind
from ollama_speedrun.demo.engine import StoredModel
from ollama_speedrun.demo.llama import LlamaEngine, LlamaRunner
from ollama_speedrun.demo.model_files import INSTRUCT_Q4_1, ModelFile
from ollama_speedrun.demo.server import serve
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama.client import OllamaClient, open_session

pytestmark = pytest.mark.demo

ATTEMPTS = 8  # a busy machine disturbs trials, and their timings stand in the log among the others
BUSY_MACHINE = {CaveatKind.LATE_CHUNK, CaveatKind.CLOCKS_DISAGREE}
TRIALS = 2
TIMING = re.compile(r"\| +(prompt eval|eval) time = .* ms / +(\d+) tokens .* ([\d.]+) tokens per second\)")


class Overheard(LlamaEngine):
    """An engine that forgets nothing of its workers' logs."""

    def __init__(self, files: Sequence[ModelFile]) -> None:
        super().__init__(files)
        self.log: deque[str] = deque()

    async def load(self, model: StoredModel, *, context_length: int | None, slots: int) -> LlamaRunner:
        runner = await super().load(model, context_length=context_length, slots=slots)
        runner._log._tail = self.log
        return runner


class Timing(NamedTuple):
    """What the log says of one prompt or one answer."""

    tokens: int
    tps: float


def timings(log: Sequence[str]) -> tuple[list[Timing], list[Timing]]:
    """Return what the log says of the prompts and of the answers, request by request."""
    found = [match for line in log if (match := TIMING.search(line))]
    prompts, answers = (
        [Timing(int(match[2]), float(match[3])) for match in found if match[1] == kind]
        for kind in ("prompt eval", "eval")
    )
    return prompts, answers


async def whole_timings(log: Sequence[str], *, requests: int) -> tuple[list[Timing], list[Timing]]:
    """Return the timings when those of so many requests have been written, which llama.cpp does at its leisure."""
    async with asyncio.timeout(60):
        while len(timings(log)[1]) < requests:  # noqa: ASYNC110 - lines of another process
            await asyncio.sleep(0.05)
    return timings(log)


async def test_decode_and_prefill_agree_with_the_engines_own_timings(model_files: Sequence[ModelFile]) -> None:
    engine = Overheard([file for file in model_files if file.spec == INSTRUCT_Q4_1])
    settings = BenchmarkSettings(
        num_predict=16,
        num_ctx=2048,
        trial_tokens=64,
        fewest_trials=TRIALS,
        most_trials=TRIALS,
        second_turn=Extra.OFF,
        content=Extra.OFF,
        if_busy=IfBusy.GO,
    )
    events: list[BenchmarkEvent] = []
    numbers = itertools.count()
    async with serve(engine) as url, open_session() as session:
        client = OllamaClient(session, url)
        models = await list_models(client, host=url, emit=lambda _: None)
        # What is loaded before the run stays, and its log comes to its end
        await client.load(INSTRUCT_Q4_1.name, num_ctx=2048, keep_alive_s=60, timeout_s=120)
        requests = 0
        for _ in range(ATTEMPTS):
            await benchmark_host(client, models, settings, emit=events.append, nonce=lambda: f"{next(numbers)} nonce")
            result = [event.result for event in events if isinstance(event, BenchmarkEnded)][-1]
            assert result.status == "ok"
            requests += 2 + TRIALS + (result.discarded_trials or 0)
            if result.discarded_trials == 0 and not any(caveat.kind in BUSY_MACHINE for caveat in result.caveats):
                break
        prompts, answers = await whole_timings(engine.log, requests=requests)
    assert result.discarded_trials == 0
    assert [answer.tokens for answer in answers[-2 - TRIALS :]] == [16, 16, *[64] * TRIALS]
    decode_tps = stats.geometric_mean([answer.tps for answer in answers[-TRIALS:]])
    prefill_tps = stats.geometric_mean([prompt.tps for prompt in prompts[-TRIALS:]])
    assert result.decode_tps == pytest.approx(decode_tps, rel=0.02)
    assert result.decode_client_tps == pytest.approx(decode_tps, rel=0.02)
    assert result.prefill_tps == pytest.approx(prefill_tps, rel=0.02)
