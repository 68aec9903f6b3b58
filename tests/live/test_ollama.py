"""Our figures beside those of Ollama's own command line, on a real server."""

import re
import secrets
import statistics

import pytest

from live.conftest import MODEL, NUM_CTX, NUM_PREDICT, Ollama
from ollama_speedrun import BenchmarkSettings, Phase, Run, RunSettings, Selection, build_plan, parse_target, run
from ollama_speedrun.benchmark import metrics, workload
from ollama_speedrun.benchmark.plan import IfBusy
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit.loaded_model import LoadedModel
from ollama_speedrun.visit.visit import Visit

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

SETTINGS = RunSettings(
    benchmark=BenchmarkSettings(
        num_predict=NUM_PREDICT,
        num_ctx=NUM_CTX,
        trial_tokens=NUM_PREDICT,
        take_turns=False,
        if_busy=IfBusy.GO,
        max_items=0,
    ),
    selection=Selection(include=(MODEL,)),
)
RATE = re.compile(r"^(prompt eval|eval) rate: +([\d.]+) tokens/s", re.MULTILINE)
PAIRS = 5
SPREAD = 0.1
"""The median of so many pairs, each one after the other, is steadier than either half of one."""


async def whole_run(url: str) -> Run:
    finished = Run()
    await run(build_plan(targets=[parse_target(url)]), SETTINGS, until=Phase.ASSESS, emit=lambda _: None, into=finished)
    return finished


async def verbose_eval_rate(ollama: Ollama) -> float:
    """Return the tokens/s that `ollama run --verbose` tells of one generation from our prompt."""
    prompt = workload.prompt(secrets.token_hex(4))
    rates = dict(RATE.findall((await ollama("run", "--verbose", MODEL, prompt))[1]))
    return float(rates["eval"])


async def our_eval_rate(model: LoadedModel) -> float:
    """Return what Ollama's own figure is of one generation of ours."""
    record = await model.generate(workload.prompt(model.visit.nonce()), num_predict=NUM_PREDICT)
    rate = metrics.ollama_tps(record)
    assert rate is not None
    return rate


async def test_our_rate_is_that_of_ollama_run_verbose_on_the_same_prompt_in_turns(ollama_server: Ollama) -> None:
    async with open_session() as session:
        client = OllamaClient(session, ollama_server.url)
        [stored] = [
            found
            for found in await list_models(client, host=ollama_server.url, emit=lambda _: None)
            if found.name == MODEL
        ]
        visit = Visit(client, emit=lambda _: None, nonce=lambda: secrets.token_hex(4), timeout_s=300)
        model = LoadedModel(visit, stored, num_ctx=NUM_CTX)
        await visit.residents.look_around()
        try:
            await model.load()
            pairs = [(await verbose_eval_rate(ollama_server), await our_eval_rate(model)) for _ in range(PAIRS)]
        finally:
            await visit.residents.leave(stored)
    ratios = [ours_tps / theirs_tps for theirs_tps, ours_tps in pairs]
    assert statistics.median(ratios) == pytest.approx(1, rel=SPREAD), pairs


async def test_the_rates_of_a_result_agree_with_each_other(ollama_server: Ollama) -> None:
    [result] = (await whole_run(ollama_server.url)).results
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
    (assessment,) = document.assessments
    assert assessment.scores is not None
    assert loaded_afterwards == ()
