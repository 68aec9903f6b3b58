"""The scenarios of the truth bench, faster and without its bounds on time: what is said, and what is not."""

from dataclasses import replace

import pytest

import truth
from fake_ollama.engine import memory_bytes, true_decode_tps, true_prefill_tps
from fake_ollama.fleet import FakeHost, fake_host
from fake_ollama.script import HostScript
from ollama_speedrun.benchmark.types import CaveatKind
from truth import SCENARIOS, Scenario

pytestmark = pytest.mark.virtual_time

BUSY_MACHINE = {CaveatKind.LATE_CHUNK, CaveatKind.CLOCKS_DISAGREE}
"""Server and client share one busy thread here, so chunks may truly be late, and a trial truly be disturbed."""


def last_load(host: FakeHost) -> dict[str, object]:
    """Return the body of the last request that loaded a model and asked for nothing else."""
    bodies = [record.body for record in host.asked("/api/generate") if isinstance(record.body, dict)]
    return [body for body in bodies if "prompt" not in body and body.get("keep_alive")][-1]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_known_truth_is_told_and_what_cannot_be_known_is_not(scenario: Scenario) -> None:
    scenario = scenario.faster(4 if scenario.visit is truth.nobody else 2)
    async with fake_host(scenario.script) as host:
        result = await truth.measured(scenario, host.url)
    absent = {figure for figure, value in truth.figures_of(result).items() if value is None}
    assert absent == scenario.absent | scenario.unasked
    if scenario.fails is not None:
        assert result.status == "failed"
        assert scenario.fails in (result.reason or "")
        return
    assert (result.status, result.reason) == ("ok", None)
    kinds = {caveat.kind for caveat in result.caveats} - (BUSY_MACHINE - scenario.caveats)
    assert scenario.expects(kinds), kinds
    assert (result.discarded_trials or 0) >= scenario.discarded.start
    if result.decode_tps is not None:
        assert result.decode_tps == pytest.approx(true_decode_tps(scenario.model, result.prompt_tokens or 0), rel=0.01)
    if result.prefill_tps is not None:
        assert result.prefill_tps == pytest.approx(scenario.model.prefill_tps, rel=0.05)
    if result.depths:
        deepest = result.depths[-1]
        depth_tokens = deepest.prompt_tokens or 0
        assert deepest.decode_tps == pytest.approx(true_decode_tps(scenario.model, depth_tokens), rel=0.01)
        assert deepest.prefill_tps == pytest.approx(true_prefill_tps(scenario.model, depth_tokens), rel=0.02)
        line = {entry.num_ctx: entry.memory_bytes for entry in result.memory_by_context if entry.basis == "line"}
        assert line[65_536] == pytest.approx(memory_bytes(scenario.model, 65_536), rel=0.01)
    if result.gpu_share is not None:
        assert result.gpu_share == pytest.approx(scenario.model.gpu_share)


async def test_a_host_that_gets_hot_in_the_middle_makes_its_speeds_imprecise_and_is_not_said_to_drift_too() -> None:
    throttled = next(one for one in SCENARIOS if one.host.throttled_after is not None).faster(4)
    hot = replace(throttled, host=HostScript(throttled_after=6))
    async with fake_host(hot.script) as host:
        result = await truth.measured(hot, host.url)
    kinds = [caveat.kind for caveat in result.caveats if caveat.kind not in BUSY_MACHINE]
    assert kinds == [CaveatKind.IMPRECISE]
    assert result.decode_interval is not None
    assert result.decode_interval.low_tps < 0.8 * hot.model.decode_tps < hot.model.decode_tps


@pytest.mark.parametrize("offset_s", [-18_000, 18_000])
async def test_a_wrong_clock_does_not_change_how_long_a_model_stays_that_is_loaded_again(offset_s: int) -> None:
    scenario = next(one for one in SCENARIOS if one.host.clock_offset_s == offset_s).faster(4)
    async with fake_host(scenario.script) as host:
        await truth.measured(scenario, host.url)
        loaded = list(host.loaded)
    asked = last_load(host)
    assert (loaded, asked["model"], asked["options"]) == (["theirs:1b"], "theirs:1b", {"num_ctx": truth.NUM_CTX})
    assert isinstance(asked["keep_alive"], int)
    assert 570 <= asked["keep_alive"] <= 600
