"""The demo as a newcomer runs it: real inference on this machine."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import ollama
import psutil
import pytest

from command import CommandLine
from ollama_speedrun.benchmark import embedding
from ollama_speedrun.history.store import History
from terminal_signals import as_in_a_terminal

pytestmark = [pytest.mark.demo, pytest.mark.timeout(300)]

ITEMS = 4
"""Too few for a verdict on such small models."""


async def test_the_demo_runs_all_phases_on_real_tokens(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "ROUNDS", 1)  # as one trial does for the others: more would show no more
    elsewhere = {"OLLAMA_SPEEDRUN_HOST": "gpu1", "OLLAMA_HOST": "gpu2"}
    little = ("--num-predict=24", "--num-ctx=1024", "--trials=1", f"--max-items={ITEMS}")
    ended = await command.beside("demo", "--json", *little, variables=elsewhere)
    document = ended.document
    assert ended.status == 0
    assert len(document.hosts) >= 3
    assert all(host.addresses == ("127.0.0.1",) for host in document.hosts)
    measured = [result for result in document.results if result.status == "ok"]
    assert len(measured) >= 5
    for result in measured:  # on a busy machine a figure may be missing, and a caveat says why
        assert result.embedding or (result.decode_tps and result.ttft_s) or result.caveats
    assert [model.kind for model in document.models].count("embedding") == 1
    generating = [result.key for result in measured if result.embedding is None]
    graded = {(one.host, one.model, one.variant): len(one.counted) for one in document.quality_records}
    assert [graded[key] for key in generating] == [ITEMS] * len(generating)
    assert document.verdict is not None
    assert (document.verdict.recommendation is None) == (document.verdict.why_none is not None)
    with History(command.data_dir / "history.db") as history:
        assert [(run.run_id, run.verb) for run in history.measured()] == [(document.run_id, "demo")]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the POSIX way")
async def test_a_served_demo_answers_any_client_until_ctrl_c_and_leaves_nothing_behind(tmp_path: Path) -> None:
    variables = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ollama_speedrun", "demo", "--serve"),
        env=variables,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=as_in_a_terminal,
    )
    assert process.stdout is not None
    announced = (await asyncio.wait_for(process.stdout.readline(), 240)).decode()
    url = announced.split()[1].rstrip(",")
    client = ollama.AsyncClient(url, trust_env=False)
    listed = (await client.list()).models
    await client._client.aclose()
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 120)
    assert announced.startswith("Serving http://127.0.0.1:")
    assert listed
    assert f"OLLAMA_HOST={url} ollama list" in stdout.decode()
    assert (process.returncode, "Traceback" in stderr.decode()) == (0, False)
    assert family
    assert psutil.wait_procs(family, timeout=60)[1] == []
