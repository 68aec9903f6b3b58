from pathlib import Path

import msgspec
import pytest

from command import CommandLine
from ollama_speedrun.history.store import History
from ollama_speedrun.results.codec import encode
from ollama_speedrun.results.types import Document
from records import record
from report.test_view import graded_run
from specimens import DESK, document, host


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return saved(tmp_path / "result.json", document())


def saved(path: Path, run: Document) -> Path:
    path.write_bytes(encode(run))
    return path


@pytest.mark.parametrize(
    ("options", "models"),
    [
        (["--model", "*smol*"], ["smollm2:135m"]),
        (["--model", "llama3.1:8b", "--exclude", "llama*"], None),
        (["--exclude", "*llama*", "--exclude", "p*", "--exclude", "nomic*"], ["smollm2:135m"]),
        (["--host", "rack.example:8080", "--model", "hf.co*"], ["hf.co/bartowski"]),
        (["--host", "http://192.168.1.20:11434"], ["smollm2:135m", "llama3.1:8b"]),
        (["--tier", "lt2"], ["smollm2:135m"]),
    ],
)
def test_a_saved_result_can_be_narrowed(
    options: list[str], models: list[str] | None, command: CommandLine, file: Path
) -> None:
    ended = command("assess", file, "--json", *options)
    if models is None:
        assert ended.status == 4
        assert "no model is left by --model 'llama3.1:8b' and --exclude 'llama*'; found: " in ended.stderr
        return
    shown = [result.model for result in ended.document.results]
    assert [name[: len(start)] for name, start in zip(shown, models, strict=True)] == models


def test_a_host_that_the_result_has_not_is_said_with_those_it_has(command: CommandLine, file: Path) -> None:
    ended = command("assess", file, "--host", "gpu9")
    assert ended.status == 3
    assert "no host matches --host 'gpu9'; found: 192.168.1.20, " in ended.stderr


def test_a_host_is_chosen_by_the_name_that_the_user_gave_it(command: CommandLine, tmp_path: Path) -> None:
    hosts = (msgspec.structs.replace(host(DESK), name="desk"), *document().hosts[1:])
    named = saved(tmp_path / "r.json", msgspec.structs.replace(document(), hosts=hosts))
    ended = command("assess", named, "--json", "--host", "desk")
    assert [result.host for result in ended.document.results] == [DESK, DESK]


def test_what_the_settings_file_chooses_for_runs_does_not_narrow_a_saved_result(
    command: CommandLine, file: Path
) -> None:
    ended = command("assess", file, "--json", variables={"OLLAMA_SPEEDRUN_MODEL": "x"})
    assert len(ended.document.results) == len(document().results)


def test_several_files_are_put_together_and_what_differs_is_said(command: CommandLine, tmp_path: Path) -> None:
    one = saved(tmp_path / "a.json", document())
    other = saved(tmp_path / "b.json", msgspec.structs.replace(graded_run(), workload_version=7))
    third = saved(tmp_path / "c.json", msgspec.structs.replace(document(), workload_version=8))
    ended = command("assess", one, other, third, "--json")
    models = [result.model for result in ended.document.results]
    assert sorted(models) == sorted([*(result.model for result in document().results), "clever", "quick"])
    assert "measured with different settings, so compare them with care: workload_version 7 and 8" in ended.stderr


def test_without_a_file_the_last_run_is_assessed_and_named(command: CommandLine) -> None:
    with History(command.data_dir / "history.db") as history:
        run_id = history.add(graded_run())
    ended = command("assess")
    assert ended.status == 0
    assert ended.stdout.startswith("★ Use clever @ 192.168.1.20.")
    assert ended.stderr.startswith(f"The run {str(run_id)[:8]} of ")
    assert command("assess", str(run_id)[:6]).stdout == ended.stdout


def test_a_use_decides_the_recommendation_and_the_document_still_holds_all(
    command: CommandLine, tmp_path: Path
) -> None:
    settings = tmp_path / "s.toml"
    settings.write_text("[uses.fast]\nquality = 0\nspeed = 1\nlatency = 0\n", encoding="utf-8")
    run = saved(tmp_path / "r.json", graded_run())
    shown = command("assess", run, "--for", "fast", "--config", settings)
    assert shown.status == 0
    assert shown.stdout.startswith("★ Use quick @ 192.168.1.20. ")
    held = command("assess", run, "--for", "fast", "--config", settings, "--json").document.verdict
    assert held is not None
    assert held.recommendation is not None
    assert held.recommendation.model == "clever"
    assert [use.use for use in held.uses] == ["chat", "code", "agent", "batch", "rag", "fast"]
    assert [use.best.model for use in held.uses if use.use == "fast" and use.best] == ["quick"]


def test_stated_watts_and_a_price_give_a_saved_result_its_energy_and_another_price_its_cost(
    command: CommandLine, tmp_path: Path
) -> None:
    timed = record(eval_count=100, ended_ns=1_000_000_000)
    run = graded_run()
    results = tuple(msgspec.structs.replace(one, interview=timed, trials=(timed,)) for one in run.results)
    file = saved(tmp_path / "r.json", msgspec.structs.replace(run, results=results))
    again = tmp_path / "again.json"
    ended = command(
        "assess", file, "--json", "--watts", "192.168.1.20=30:200", "--price-kwh", "0.36", "--output", again
    )
    found = [one.energy for one in ended.document.results]
    assert [(one and one.joules_per_token, one and one.joules_per_token_above_idle) for one in found] == [
        (2.0, 1.7)
    ] * 2
    assert [one and round(one.cost_per_million_tokens or 0, 9) for one in found] == [0.2, 0.2]
    cheaper = command("assess", again, "--json", "--price-kwh", "0.18").document.results
    assert [one.energy and round(one.energy.cost_per_million_tokens or 0, 9) for one in cheaper] == [0.1, 0.1]


@pytest.mark.parametrize(
    ("watts", "said"),
    [
        ("192.168.1.20=sensors", "--watts 192.168.1.20=sensors needs a run"),
        ("gpu9=350", "--watts names gpu9, and no host of the result is called so"),
        ("gpu9", "--watts is 'gpu9'; give HOST=WATTS, HOST=IDLE:BUSY or HOST=sensors"),
    ],
)
def test_watts_that_a_saved_result_cannot_take_are_refused(
    watts: str, said: str, command: CommandLine, file: Path
) -> None:
    ended = command("assess", file, "--watts", watts)
    assert ended.status == 2
    assert said in ended.stderr


def test_watts_of_the_settings_file_are_used_where_they_can_be_and_hinder_no_other_result(
    command: CommandLine, file: Path
) -> None:
    variables = {"OLLAMA_SPEEDRUN_WATTS": "gpu9=350,localhost=sensors"}
    assert command("assess", file, "--json", variables=variables) == command("assess", file, "--json")
