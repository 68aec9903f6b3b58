"""Estimates on a run of the whole program on a fake host whose law is known: rate × bytes is the same for all."""

import math

import pytest

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun import Phase, RunSettings
from ollama_speedrun.placement.known_models import by_name
from ollama_speedrun.placement.suggestion import outlook
from specimens import GB
from test_pipeline import QUICK, speedrun

BANDWIDTH = 400e9
SIZES_GB = (1.0, 2.0, 4.0, 7.0)


@pytest.mark.virtual_time
async def test_the_programs_own_run_tells_the_bandwidth_and_the_speed_of_a_model_that_is_not_there() -> None:
    models = tuple(
        ModelScript(f"m{size:g}", size_bytes=round(size * GB), decode_tps=BANDWIDTH / (size * GB)) for size in SIZES_GB
    )
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, _ = await speedrun([fleet.hosts[0].url], RunSettings(benchmark=QUICK), until=Phase.ASSESS)
    found = outlook(finished.document(complete=True), None, given_bytes={})
    (host,) = found.hosts
    assert host.law is not None
    assert host.law.models == len(SIZES_GB)
    assert all(check.is_inside for check in found.checks)
    assert max(abs(math.log(check.prediction.rate_tps / check.rate_tps)) for check in found.checks) < 0.05
    known = by_name("qwen3:8b")
    assert known is not None
    estimate = next(one.prediction for one in host.suggestions if one.model == known)
    assert estimate is not None
    assert estimate.rate_tps == pytest.approx(BANDWIDTH / known.size_bytes, rel=0.05)
