"""`check` and `compare` as whole command lines against the fake."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import msgspec
import pytest

from command import CommandLine
from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun.cli.exit_codes import ExitCode

MODELS = (ModelScript("steady:1b", decode_tps=2000.0), ModelScript("other:1b", decode_tps=3000.0))
HOST = HostScript(models=MODELS, version="0.15.5")
SLOWED = HostScript(
    models=(msgspec.structs.replace(MODELS[0], decode_tps=1000.0), MODELS[1]),
    version="0.15.6",
)
SIZES = {"small:1b": 1_000_000_000, "large:3b": 3_000_000_000}
QUICK = ("--profile", "quick", "--max-items", 0)


async def measured(command: CommandLine, host: HostScript, path: Path, *flags: object) -> Path:
    async with fake_fleet([host]) as fleet:
        ended = await command.beside(fleet.urls[0], *QUICK, "--output", path, *flags)
    assert ended.status is ExitCode.DONE
    return path


async def checked(command: CommandLine, host: HostScript, *flags: object) -> dict[str, Any]:  # JSON
    async with fake_fleet([host]) as fleet:
        ended = await command.beside("check", fleet.urls[0], "--json", *flags)
    return {**json.loads(ended.stdout), "status": ended.status}


async def test_an_unchanged_server_passes_and_one_that_is_half_as_fast_is_worse(
    command: CommandLine, tmp_path: Path
) -> None:
    baseline = await measured(command, HOST, tmp_path / "baseline.json")

    same = await checked(command, HOST, "--baseline", baseline, "--max-slowdown", "30%")
    slower = await checked(command, SLOWED, "--baseline", baseline, "--max-slowdown", "30%")

    assert (same["status"], same["outcome"]) == (ExitCode.DONE, "passed")
    assert (slower["status"], slower["outcome"]) == (ExitCode.WORSE, "worse")
    figures = {(one["model"], one["name"]): one for one in slower["figures"]}
    bad = figures["steady:1b", "decode_tps"]
    assert bad["outcome"] == "worse"
    assert bad["suspects"] == [{"name": "server version", "before": "0.15.5", "after": "0.15.6"}]
    assert figures["other:1b", "decode_tps"]["outcome"] == "passed"


async def test_a_check_writes_for_the_programs_that_run_checks(command: CommandLine, tmp_path: Path) -> None:
    baseline = await measured(command, HOST, tmp_path / "baseline.json")
    junit, summary, job = tmp_path / "junit.xml", tmp_path / "summary.md", tmp_path / "job.md"
    async with fake_fleet([SLOWED]) as fleet:
        ended = await command.beside(
            *("check", fleet.urls[0], "--baseline", baseline, "--max-slowdown", "30"),
            *("--junit", junit, "--summary", summary),
            variables={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(job)},
        )

    assert ended.status is ExitCode.WORSE
    (annotation,) = [line for line in ended.stdout.splitlines() if line.startswith("::")]
    assert annotation.startswith("::error title=steady%3A1b @ ")
    assert ET.fromstring(junit.read_text()).get("failures") == "1"
    assert summary.read_text() == job.read_text()
    assert "✗ worse" in summary.read_text()


async def test_a_check_narrows_a_baseline_by_its_tiers_and_by_patterns_of_its_hosts(
    command: CommandLine, tmp_path: Path
) -> None:
    small, large = (HostScript(models=(ModelScript(name, size_bytes=size),)) for name, size in SIZES.items())
    path = tmp_path / "baseline.json"
    async with fake_fleet([small, large]) as fleet:
        await command.beside(*fleet.urls, *QUICK, "--output", path)
        label = fleet.urls[1].removeprefix("http://")
        flags = ("check", "--baseline", path, "--max-slowdown", "90%", "--json")
        by_tier = await command.beside(*flags, "--tier", "<2")
        by_host = await command.beside(*flags, "--host", f"{label[:-1]}[{label[-1]}]*")
        by_none = await command.beside(*flags, "--tier", "16+")

    models = [{one["model"] for one in json.loads(ended.stdout)["figures"]} for ended in (by_tier, by_host)]
    assert models == [{"small:1b"}, {"large:3b"}]
    assert by_none.status is ExitCode.USAGE
    assert "loosen --host, --model, --exclude and --tier" in by_none.stderr


async def test_a_summary_that_cannot_be_written_is_said(command: CommandLine, tmp_path: Path) -> None:
    baseline = await measured(command, HOST, tmp_path / "baseline.json")
    async with fake_fleet([HOST]) as fleet:
        ended = await command.beside(
            *("check", fleet.urls[0], "--baseline", baseline, "--max-slowdown", "30"),
            variables={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "none" / "summary.md")},
        )

    assert ended.status is ExitCode.NOT_WRITTEN
    assert "cannot write the job's summary" in ended.stderr


async def test_a_model_that_is_gone_cannot_be_told(command: CommandLine, tmp_path: Path) -> None:
    baseline = await measured(command, HOST, tmp_path / "baseline.json")

    found = await checked(command, HostScript(models=MODELS[:1]), "--baseline", baseline, "--max-slowdown", "30%")

    assert found["status"] is ExitCode.CANNOT_TELL
    assert [(one["model"], one["name"]) for one in found["figures"] if one["outcome"] == "cannot-tell"] == [
        ("other:1b", None)
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "check needs a baseline; give --baseline FILE"),
        (("--baseline", "none.json"), "there is no file"),
        (("--baseline", "last"), "there is no last run in the history"),
        (("--baseline", "last", "--max-slowdown", "200%"), "give a share from 0 % to below 100 %"),
    ],
)
def test_what_cannot_be_checked_is_said(command: CommandLine, flags: tuple[str, ...], words: str) -> None:
    ended = command("check", *flags)

    assert ended.status is ExitCode.USAGE
    assert words in ended.stderr


async def test_two_runs_of_the_history_and_their_hosts_and_models_are_compared(command: CommandLine) -> None:
    async with fake_fleet([HOST]) as fleet:
        for _ in range(2):
            await command.beside(fleet.urls[0], *QUICK, "--fresh")
        host = fleet.urls[0].removeprefix("http://")

    by_run = command("compare", "last~1", "last", "--json")
    by_model = command("compare", "steady", "other", "--json")
    by_both = command("compare", f"{host}/steady:1b", f"{host}/other:1b", "--json")

    assert [len(json.loads(ended.stdout)["pairs"]) for ended in (by_run, by_model, by_both)] == [2, 1, 1]
    (pair,) = json.loads(by_both.stdout)["pairs"]
    assert (pair["before"]["model"], pair["after"]["model"]) == ("steady:1b", "other:1b")
    decode = next(figure for figure in pair["figures"] if figure["name"] == "decode_tps")
    assert decode["amount"] == pytest.approx(1.5, rel=0.01)


async def test_results_with_another_context_are_refused_and_named(command: CommandLine, tmp_path: Path) -> None:
    one = await measured(command, HOST, tmp_path / "one.json", "--context", 2048)
    two = await measured(command, HOST, tmp_path / "two.json")

    ended = command("compare", one, two)

    assert ended.status is ExitCode.UNLIKE
    assert "num_ctx 2048 and 4096" in ended.stderr


def test_a_name_of_nothing_is_refused_with_what_may_be_given(command: CommandLine) -> None:
    ended = command("compare", "nothing/at:all", "last")

    assert ended.status is ExitCode.USAGE
    assert "there is no file 'nothing/at:all'" in ended.stderr
