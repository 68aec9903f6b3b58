"""What a killed run has kept: a process of its own is killed at random moments of its first visits and its rounds."""

import asyncio
import random
import signal
import sqlite3
import sys
from asyncio.subprocess import DEVNULL
from contextlib import closing
from pathlib import Path

import pytest

from fake_ollama.fleet import FakeHost, fake_fleet
from fake_ollama.script import HostScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun.results.files import read_document

FIRST = 6
PILOT = 5
"""At most so many answers decide which items a tier is asked, and are kept once they have."""
OPTIONS = (
    *("--yes", "--trials=2", "--num-predict=24", "--num-ctx=2048", "--max-items=200"),
    *(f"--item-seed={SEED}", "--areas=facts", "--areas=reasoning"),
)
MODELS = tuple(able_model(f"{name}:1b", ability=1.0, decode_tps=240.0) for name in ("one", "two"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the POSIX way"),
]


def answered(host: FakeHost) -> int:
    return sum(record.status == 200 and record.ended_ns is not None for record in host.asked("/api/chat"))


def kept(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM items").fetchone()[0])


@pytest.mark.parametrize("seed", range(2))
async def test_a_kill_at_a_random_moment_loses_the_answers_under_way_and_nothing_else(
    seed: int, guarded_env: dict[str, str], tmp_path: Path
) -> None:
    path, file = tmp_path / "h.db", tmp_path / "result.json"
    own = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path), "OLLAMA_SPEEDRUN_HISTORY": str(path)}
    moment = random.Random(seed).randint(8, 48)
    async with fake_fleet([HostScript(models=MODELS)]) as fleet:
        host = fleet.hosts[0]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ollama_speedrun", host.url, f"--output={file}", *OPTIONS),
            env={**guarded_env, **own},
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        async with asyncio.timeout(120):
            while answered(host) < moment:  # noqa: ASYNC110 - a fake's log has no event to wait for
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        lost = answered(host) - kept(path)
    assert lost <= PILOT + 2
    saved = read_document(file)
    assert not saved.complete
    assert saved.results
