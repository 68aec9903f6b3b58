"""Our figures beside those of Ollama's own command line, on a real server."""

import re
import statistics

import pytest

from live.conftest import MODEL, NUM_CTX, NUM_PREDICT, Ollama
from ollama_speedrun import BenchmarkSettings, Phase, Run, RunSettings, Selection, build_plan, parse_target, run
from ollama_speedrun.benchmark.plan import IfBusy
from ollama_speedrun.ollama.client import OllamaClient, open_session

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

SETTINGS = RunSettings(
    benchmark=BenchmarkSettings(
        num_predict=NUM_PREDICT, num_ctx=NUM_CTX, trial_tokens=NUM_PREDICT, take_turns=False, if_busy=IfBusy.GO
    ),
    selection=Selection(include=(MODEL,)),
)
PROMPT = "Tell me the long story of a lighthouse keeper, his dog and the winter when the sea froze."
RATE = re.compile(r"^(prompt eval|eval) rate: +([\d.]+) tokens/s", re.MULTILINE)
SPREAD = 0.15
"""Two generations of a shared machine, minutes apart, differ by so much at times."""


async def whole_run(url: str) -> Run:
    finished = Run()
    await run(build_plan(targets=[parse_target(url)]), SETTINGS, until=Phase.ASSESS, emit=lambda _: None, into=finished)
    return finished


async def verbose_eval_rate(ollama: Ollama) -> float:
    """Return the tokens/s that `ollama run --verbose` tells of one generation."""
    rates = dict(RATE.findall((await ollama("run", "--verbose", MODEL, PROMPT))[1]))
    return float(rates["eval"])


async def test_our_rate_is_that_of_ollama_run_verbose(ollama_server: Ollama) -> None:
    theirs_tps = [await verbose_eval_rate(ollama_server) for _ in range(4)][1:]
    await ollama_server("stop", MODEL)
    [result] = (await whole_run(ollama_server.url)).results
    assert result.ollama_tps == pytest.approx(statistics.median(theirs_tps), rel=SPREAD)
    assert result.ollama_tps is not None
    assert result.decode_tps == pytest.approx(result.ollama_tps * (NUM_PREDICT - 1) / NUM_PREDICT, rel=0.02)
    assert result.decode_client_tps == pytest.approx(result.decode_tps, rel=0.02)


async def test_a_whole_run_measures_the_model_and_leaves_the_server_as_it_was(ollama_server: Ollama) -> None:
    finished = await whole_run(ollama_server.url)
    async with open_session() as session:
        loaded_afterwards = await OllamaClient(session, ollama_server.url).ps()
    document = finished.document(complete=True)
    [host], [result] = document.hosts, finished.results
    assert (host.kind, result.model, result.status, result.reason) == ("ollama", MODEL, "ok", None)
    figures = (result.decode_tps, result.prefill_tps, result.ttft_s, result.load_s, result.memory_bytes)
    assert all(figure is not None and figure > 0 for figure in figures)
    assert document.verdict is not None
    assert document.verdict.recommendation is not None
    assert loaded_afterwards == ()
