"""Whole command lines against fake hosts of this machine."""

import asyncio
import csv
import io
from collections.abc import Callable, Coroutine
from pathlib import Path

import msgspec

from command import CommandLine, Ended
from fake_ollama.fleet import fake_fleet
from fake_ollama.script import (
    ErrorAnswer,
    HostDies,
    HostScript,
    ModelScript,
    Stall,
    able_model,
    cloud_model,
    embedding_model,
    image_model,
)
from ollama_speedrun.assessment.types import ClassicScores
from ollama_speedrun.history.store import History
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.report.explain import explain
from ollama_speedrun.results.files import read_document

QUICK = ("--profile", "quick", "--trials", 1, "--num-predict", 24, "--num-ctx", 2048, "--timeout", 4)
GOOD = HostScript(models=(able_model("good:1b"), able_model("better:3b", decode_tps=3_000.0)))

MISBEHAVING = [
    HostScript(models=(ModelScript("dying:1b", fault=HostDies(after_tokens=5)),), address="127.0.0.2"),
    HostScript(
        models=(
            ModelScript("erring:1b", fault=ErrorAnswer()),
            ModelScript("endless:1b", endless=True, decode_tps=2.0),
            ModelScript("silent:1b", fault=Stall()),
            ModelScript("good:1b"),
        ),
        address="127.0.0.3",
    ),
    HostScript(
        models=(ModelScript("fine:1b"), embedding_model("embed:1b"), image_model("draw:1b"), cloud_model("big:cloud")),
        address="127.0.0.4",
    ),
]


async def test_whatever_misbehaves_is_reported_and_the_rest_is_finished(command: CommandLine) -> None:
    async with fake_fleet(MISBEHAVING) as fleet:
        ended = await command.beside(*fleet.urls, "--json", *QUICK)
    statuses = {result.model: result.status for result in ended.document.results}
    assert statuses == {
        "dying:1b": "failed",
        "erring:1b": "failed",
        "endless:1b": "failed",
        "silent:1b": "failed",
        "good:1b": "ok",
        "fine:1b": "ok",
        "embed:1b": "ok",
        "draw:1b": "skipped",
        "big:cloud": "skipped",
    }
    assert all(result.reason for result in ended.document.results if result.status != "ok")
    assert ended.status == 5
    assert ended.stderr.splitlines()[-1] == "ollama-speedrun: 4 benchmarks of 9 failed; the reasons are above"
    assert ended.document.complete


async def test_the_json_document_has_the_field_names_that_other_programs_rely_on(command: CommandLine) -> None:
    async with fake_fleet([GOOD]) as fleet:
        ended = await command.beside(*fleet.urls, "--json", *QUICK)
    found = msgspec.json.decode(ended.stdout)
    assert (ended.status, found["schema_version"], found["tool"]["name"]) == (0, 2, "ollama-speedrun")
    assert {"version"} <= found["tool"].keys()
    assert {"started_at", "hosts", "models", "results", "verdict"} <= found.keys()
    assert {"url", "kind", "version", "via", "addresses"} <= found["hosts"][0].keys()
    identity = {"host", "name", "digest", "kind", "family", "capabilities"}
    sizes = {"size_bytes", "parameter_size", "quantization", "context_length"}
    assert identity | sizes <= found["models"][0].keys()
    result = found["results"][0]
    figures = {
        *("decode_tps", "decode_client_tps", "ollama_tps", "prefill_tps", "ttft_s", "ttfa_s", "load_s", "total_s"),
        *("prompt_tokens", "output_tokens", "memory_bytes", "gpu_share"),
    }
    assert figures | {"host", "model", "status", "reason", "caveats", "scores"} <= result.keys()
    quality = {"score", "low", "high", "items", "areas", "truncated_share", "repeated_share", "identity"}
    assert quality <= result["quality"].keys()
    assert {"score", "items"} <= next(iter(result["quality"]["areas"].values())).keys()
    assert result["seconds_to_correct_answer"] > 0
    assert {"use", "best", "why"} <= found["verdict"]["uses"][0].keys()
    assert {"host", "model", "score"} <= found["verdict"]["uses"][0]["best"].keys()
    assert {"classic", "overall"} <= result["scores"].keys()
    # Null on a machine that stalled while the answers came; its names are those of its type
    assert {"speed", "quality", "composite"} <= set(ClassicScores.__struct_fields__)
    assert {"tier", "best", "why"} <= found["verdict"]["tiers"][0].keys()
    assert {"host", "model", "score", "why"} <= found["verdict"]["recommendation"].keys()


async def test_each_phase_can_be_the_last(command: CommandLine) -> None:
    async with fake_fleet([GOOD]) as fleet:
        shown = {
            verb: (await command.beside(verb, *hosts, "--json", *options)).document
            for verb, hosts, options in (
                ("discover", fleet.urls, ()),
                ("models", fleet.urls, ()),
                ("benchmark", fleet.urls, QUICK),
                ("run", [f"--host={url}" for url in fleet.urls], QUICK),
            )
        }
    assert {
        verb: (len(one.hosts), len(one.models), len(one.results), one.verdict is not None)
        for verb, one in shown.items()
    } == {
        "discover": (1, 0, 0, False),
        "models": (1, 2, 0, False),
        "benchmark": (1, 2, 2, False),
        "run": (1, 2, 2, True),
    }


async def test_a_table_goes_to_stdout_and_the_talk_to_stderr(command: CommandLine) -> None:
    async with fake_fleet([GOOD]) as fleet:
        ended = await command.beside(*fleet.urls, *QUICK)
    assert ended.status == 0
    assert "better:3b" in ended.stdout
    assert ended.stdout.startswith("★ Use ")
    assert "✓ Benchmark" in ended.stderr
    assert "Recommendation" not in ended.stderr


async def test_quiet_leaves_nothing_but_the_result(command: CommandLine) -> None:
    async with fake_fleet([GOOD]) as fleet:
        ended = await command.beside("models", *fleet.urls, "--quiet")
    assert (ended.status, ended.stderr) == (0, "")
    assert "better:3b" in ended.stdout


async def test_a_listing_holds_what_was_chosen_in_every_format(command: CommandLine, tmp_path: Path) -> None:
    files = [tmp_path / f"models.{ending}" for ending in ("json", "md", "csv")]
    chosen = ("--model", "*:3b", *(f"--output={file}" for file in files))
    async with fake_fleet([GOOD]) as fleet:
        ended = await command.beside("models", *fleet.urls, "--json", *chosen)
        nothing = await command.beside("models", *fleet.urls, "--json", "--model", "x*")
        stream = await command.beside("discover", *fleet.urls, "--stream", "--host", "192.168.*")
    assert [model.name for model in ended.document.models] == ["better:3b"]
    assert read_document(files[0]) == ended.document
    page = files[1].read_text(encoding="utf-8")
    assert ("## Models" in page, "| better:3b |" in page, "good:1b" in page) == (True, True, False)
    rows = list(csv.DictReader(io.StringIO(files[2].read_text(encoding="utf-8"))))
    assert [(row["name"], row["host"], row["capabilities"]) for row in rows] == [
        ("better:3b", fleet.urls[0], "completion")
    ]
    assert (nothing.status, nothing.document.models) == (4, ())
    assert "no model is left by --model 'x*'; found: better:3b, good:1b" in nothing.stderr
    assert (stream.status, stream.stdout) == (3, "")


async def test_the_servers_found_are_written_as_tables_too(command: CommandLine, tmp_path: Path) -> None:
    files = [tmp_path / f"hosts.{ending}" for ending in ("md", "csv", "json")]
    async with fake_fleet([GOOD]) as fleet:
        await command.beside("discover", *fleet.urls, *(f"--output={file}" for file in files))
    assessed = command("assess", files[2])
    assert (assessed.status, assessed.stdout) == (2, "")
    assert "only a list of 1 server and 0 models; give a FILE that `run` or `benchmark` wrote" in assessed.stderr
    assert "## Servers" in files[0].read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(files[1].read_text(encoding="utf-8"))))
    assert [(row["url"], row["kind"]) for row in rows] == [(fleet.urls[0], "ollama")]


async def test_a_result_is_written_in_each_format_and_kept_for_assess(command: CommandLine, tmp_path: Path) -> None:
    files = [tmp_path / f"result.{ending}" for ending in ("json", "md", "csv")]
    async with fake_fleet([GOOD]) as fleet:
        ended = await command.beside(*fleet.urls, "--json", *QUICK, *(f"--output={file}" for file in files))
    assert ended.status == 0
    assert read_document(files[0]) == ended.document
    assert "better:3b" in files[1].read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(files[2].read_text(encoding="utf-8"))))
    assert {row["model"] for row in rows} == {"good:1b", "better:3b"}
    # The fleet is gone: whatever these print comes from the files
    assert command("assess", files[0], "--json") == (0, ended.stdout, "")
    for last in (["--last"], []):
        again = command("assess", *last, "--json")
        assert (again.status, again.stdout) == (0, ended.stdout)
        assert again.stderr.startswith(f"The run {str(ended.document.run_id)[:8]} of ")
    assert command("assess", "-", "--json", stdin=files[0].read_text(encoding="utf-8")) == (0, ended.stdout, "")


async def test_no_save_keeps_no_last_run(command: CommandLine) -> None:
    async with fake_fleet([GOOD]) as fleet:
        await command.beside(*fleet.urls, "--no-save", *QUICK)
    assert not command.data_dir.exists()
    ended = command("assess", "--last")
    assert (ended.status, ended.stdout) == (2, "")
    assert "there is no last run" in ended.stderr


async def test_globs_and_tiers_choose_what_is_benchmarked(command: CommandLine) -> None:
    large = ModelScript("large:8b", size_bytes=5 * 1024**3)
    async with fake_fleet([HostScript(models=(*GOOD.models, large)), GOOD]) as fleet:
        ended = await command.beside(
            *fleet.urls, "--json", *QUICK, "--tier=lt2", "--exclude=better*", f"--host=*:{fleet.hosts[0].port}"
        )
    assert [(result.host, result.model) for result in ended.document.results] == [(fleet.urls[0], "good:1b")]


async def test_a_glob_that_matches_nothing_says_what_there_is(command: CommandLine) -> None:
    async with fake_fleet([GOOD]) as fleet:
        no_model = await command.beside(*fleet.urls, "--model=llama*", *QUICK)
        no_host = await command.beside(*fleet.urls, "--host=gpu*", *QUICK)
        generated = fleet.hosts[0].asked("/api/generate")
    assert (no_model.status, no_model.stdout) == (4, "")
    assert no_model.stderr.splitlines()[-1] == (
        "ollama-speedrun: no model is left by --model 'llama*'; found: better:3b, good:1b"
    )
    assert (no_host.status, no_host.stdout) == (3, "")
    assert no_host.stderr.splitlines()[-1] == (
        f"ollama-speedrun: no host matches --host 'gpu*'; found: {fleet.urls[0].removeprefix('http://')}"
    )
    assert generated == []


async def test_a_server_without_models_has_its_own_status(command: CommandLine) -> None:
    async with fake_fleet([HostScript()]) as fleet:
        ended = await command.beside(*fleet.urls)
    assert (ended.status, ended.stdout) == (4, "")
    assert "ollama pull" in ended.stderr.splitlines()[-1]


async def test_models_that_cannot_be_benchmarked_have_their_own_status(command: CommandLine) -> None:
    async with fake_fleet([HostScript(models=(image_model("draw:1b"),))]) as fleet:
        ended = await command.beside(*fleet.urls)
    assert ended.status == 6
    assert ended.stderr.splitlines()[-1] == (
        "ollama-speedrun: nothing could be benchmarked: 1 skipped; an image model: it draws and cannot answer; no "
        "model here answers on its own machine: `ollama pull llama3.2` gets a small one"
    )


async def test_an_embedding_model_alone_is_benchmarked(command: CommandLine) -> None:
    async with fake_fleet([HostScript(models=(embedding_model("embed:1b"),))]) as fleet:
        ended = await command.beside("benchmark", *fleet.urls, *QUICK)
    assert ended.status == 0
    assert ended.stdout.startswith("Embedding models\n")
    assert "384 dimensions" in ended.stderr


async def test_each_way_of_thinking_is_a_result_of_its_own(command: CommandLine) -> None:
    thinker = ModelScript("ponder:1b", capabilities=("completion", "thinking"), thinking_tokens=4)
    async with fake_fleet([HostScript(models=(thinker,))]) as fleet:
        ended = await command.beside(*fleet.urls, "--json", "--think=all", *QUICK)
    assert [(result.label, result.status) for result in ended.document.results] == [
        ("ponder:1b (thinking)", "ok"),
        ("ponder:1b (direct)", "ok"),
    ]


async def test_the_sweeps_that_are_asked_for_are_measured_and_shown(command: CommandLine) -> None:
    model = ModelScript("good:1b", context_length=8192)
    async with fake_fleet([HostScript(models=(model,), num_parallel=2)]) as fleet:
        ended = await command.beside(*fleet.urls, *QUICK, "--depths=0,1024,16384", "--parallel=1,2")
    assert ended.status == 0
    tables = ended.stdout.partition("Speed by the depth of the context")[2].splitlines()
    depths = [line.split()[0] for line in tables[3:5]]
    assert (len(depths), int(depths[0]) < 200, 900 < int(depths[1].replace("K", "024")) < 1200) == (2, True, True)
    assert "good:1b @ 127.0.0.1" in ended.stdout
    assert "answers at least 2 requests at once" in ended.stdout


async def test_a_host_that_is_in_use_is_skipped_when_told_so(command: CommandLine) -> None:
    busy = HostScript(models=(ModelScript("theirs:1b", endless=True, decode_tps=20.0),), preloaded=("theirs:1b",))
    async with fake_fleet([busy]) as fleet:
        asking = asyncio.create_task(_ask_again_and_again(fleet.urls[0]))
        ended = await command.beside(*fleet.urls, *QUICK, "--if-busy=skip")
        asking.cancel()
    assert ended.status == 6
    assert "busy for another client" in ended.stderr


async def _ask_again_and_again(url: str) -> None:
    """Be another client whose requests keep a model at work."""
    async with open_session() as session:
        client = OllamaClient(session, url)
        while True:
            await client.load("theirs:1b", num_ctx=4096, keep_alive_s=300, timeout_s=5)
            await asyncio.sleep(0.3)


async def test_an_explanation_follows_the_table_and_goes_beside_json(command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    async with fake_fleet([GOOD]) as fleet:
        shown = await command.beside(*fleet.urls, *QUICK, f"--output={file}", "--explain=good*")
    explanation = "\n".join(explain(read_document(file), "good*"))
    assert "decode_tps: (eval_count − 1) / eval_duration, server clock" in explanation
    assert shown.status == 0
    assert shown.stdout.rstrip().endswith(explanation.rstrip())
    assert shown.stdout.index("★ Use ") < shown.stdout.index("decode_tps: ")
    as_json = command("assess", file, "--json", "--explain=GOOD*")
    assert (as_json.status, as_json.document) == (0, read_document(file))
    assert as_json.stderr.strip() == explanation.strip()


async def test_an_explanation_of_nothing_says_what_there_is(command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    async with fake_fleet([GOOD]) as fleet:
        await command.beside(*fleet.urls, *QUICK, f"--output={file}")
    ended = command("assess", file, "--explain=llama*")
    assert ended.status == 0
    assert ended.stderr.splitlines()[-1] == (
        "ollama-speedrun: no result matches --explain 'llama*'; found: better:3b, good:1b"
    )


async def test_a_refusing_target_beside_a_good_one_is_a_partial_failure(command: CommandLine) -> None:
    async with fake_fleet([GOOD, GOOD]) as fleet:
        fleet.hosts[1].kill()
        ended = await command.beside("discover", *fleet.urls, "--json")
    assert [host.url for host in ended.document.hosts] == [fleet.urls[0]]
    assert ended.status == 5
    assert ended.stderr.splitlines()[-1] == "ollama-speedrun: 1 server could not be used; the reason is above"


async def test_a_finished_run_outlives_a_file_that_can_no_longer_be_written(
    command: CommandLine, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "result.json"
    slow = HostScript(models=(ModelScript("slow:1b", decode_tps=40.0),))
    async with fake_fleet([slow]) as fleet:
        run = command.beside(*fleet.urls, "--json", *QUICK, f"--output={file}")
        ended = await _meanwhile(run, lambda: bool(fleet.hosts[0].asked("/api/generate")), folder.rmdir)
    assert ended.status == 7
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"ollama-speedrun: cannot write '{file}': ")
    with History(command.data_dir / "history.db") as history:
        (kept,) = history.measured()
        assert last.endswith(f"what is finished is kept in the history as run {kept.short_id}")
        assert history.document(kept.run_id) == ended.document


async def _meanwhile(run: Coroutine[None, None, Ended], begun: Callable[[], bool], act: Callable[[], object]) -> Ended:
    """Act once the run has begun; return how it ended."""
    task = asyncio.create_task(run)
    while not begun():  # noqa: ASYNC110 - a fake's log has no event to wait for
        await asyncio.sleep(0.01)
    act()
    return await task
