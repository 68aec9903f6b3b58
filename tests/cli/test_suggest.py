import json
from pathlib import Path

import pytest

from command import CommandLine
from exports.samples import CLEVER, GPU, measured, run_of, sample
from ollama_speedrun.results.codec import encode


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_bytes(encode(sample()))
    return path


def test_each_host_gets_estimates_that_say_that_they_are(command: CommandLine, file: Path) -> None:
    ended = command("suggest", file, "--for", "code", "--memory", "gpu box=24GB")
    assert (ended.status, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("Estimated from what each host's own models reached")
    assert lines[2].startswith("Check: 2 of 2 models of this run lie in the interval")
    assert "gpu box (24 GB, given): 414 GB/s by 1 model" in lines
    assert any(line.split()[:6] == ["qwen2.5-coder:14b", "14.8B", "–", "9", "GB", "9.9"] for line in lines)
    assert not any("llama3.1" in line for line in lines)
    assert lines[-1].startswith(f"To measure one: OLLAMA_HOST={GPU} ollama pull ")


def test_json_has_the_estimates_with_their_ends_and_the_check(command: CommandLine, file: Path) -> None:
    told = json.loads(command("suggest", file, "--json").stdout)
    assert told["is_estimated"] is True
    assert {check["is_inside"] for check in told["checks"]} == {True}
    (gpu, *_) = told["hosts"]
    assert gpu["models_measured"] == 1
    for one in gpu["suggestions"]:
        assert one["low_tps"] < one["estimated_tps"] < one["high_tps"]


def test_a_verdict_knows_nothing_of_suggestions(command: CommandLine, file: Path) -> None:
    before = command("assess", file, "--json").document.verdict
    command("suggest", file)
    assert command("assess", file, "--json").document.verdict == before
    assert "qwen" not in str(before)


def test_a_run_that_tells_no_bandwidth_is_said_to_tell_none(command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(encode(run_of(measured(CLEVER, GPU, 20.0))))
    ended = command("suggest", path)
    assert ended.status == 2
    assert "tells its bandwidth" in ended.stderr
