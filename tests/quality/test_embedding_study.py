"""Triplets, asked of the fake: its vectors say nothing of meaning, so about half of the triplets come out right."""

import pytest

from fake_ollama.fleet import fake_host
from fake_ollama.script import HostScript, embedding_model
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.quality.records import accuracy
from ollama_speedrun.quality.triplets import MOST_ASKED
from ollama_speedrun.report.explain import explain
from ollama_speedrun.report.view import report

pytestmark = pytest.mark.virtual_time


async def measured(max_items: int) -> Run:
    finished = Run()
    async with fake_host(HostScript(models=(embedding_model("embed:22m"),))) as host:
        plan = build_plan(targets=[parse_target(host.url)])
        benchmark = BenchmarkSettings(item_seed=3, max_items=max_items)
        await run(plan, RunSettings(benchmark=benchmark), until=Phase.ASSESS, emit=lambda _: None, into=finished)
    return finished


async def test_an_embedding_model_is_graded_by_triplets_and_never_picked() -> None:
    finished = await measured(max_items=40)

    (record,) = finished.quality_records.values()
    assert (record.protocol, len(record.counted)) == ("triplets", 40)
    assert 0.2 < (accuracy(record) or 0) < 0.8
    document = finished.document(complete=True)
    assert document.verdict is not None
    assert document.verdict.recommendation is None
    (table,) = report(document).tables
    share = f"{accuracy(record):.0%}"
    assert dict(zip([one.heading for one in table.columns], table.groups[0].rows[0], strict=True))["acc@1"] == share


async def test_the_number_of_triplets_is_bounded_and_may_be_none() -> None:
    assert [len(record.items) for record in (await measured(max_items=400)).quality_records.values()] == [MOST_ASKED]
    assert (await measured(max_items=0)).quality_records == {}


async def test_the_explanation_shows_the_three_texts_of_each_triplet() -> None:
    lines = explain((await measured(max_items=5)).document(complete=True), "embed*")

    asked = [line for line in lines if line.strip().startswith("asked:")]
    assert len(asked) == 5
    assert any(" | " in line for line in lines)
