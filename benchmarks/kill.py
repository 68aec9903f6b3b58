"""What a run loses that is killed at any moment: `python benchmarks/kill.py [--kills 100]`.

A fake server with three models; a run on it is killed with SIGKILL at a random moment, and what the server has answered
is compared with what is in the history:

items   answers to graded items, those of a pilot included
trials  interviews and timed trials (a warm-up is no trial)

Lost are those that were answered whole and are not in the history. What was answered in the last 50 ms before the
signal had no time to be written and is counted as under way. Every tenth run is then resumed, and has to end complete,
with no item twice. The history has to be whole each time.
"""

import argparse
import asyncio
import logging
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from contextlib import closing
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from fake_ollama.fleet import FakeHost, RequestRecord, fake_fleet  # noqa: E402 - out of the tests
from fake_ollama.script import HostScript, able_model  # noqa: E402
from fake_ollama.student import SEED  # noqa: E402
from ollama_speedrun.history.store import History  # noqa: E402
from ollama_speedrun.visit.ask import WARM_UP_TOKENS  # noqa: E402

MODELS = tuple(
    able_model(f"{name}:1b", decode_tps=tps, load_s=0.2)
    for name, tps in (("one", 200.0), ("two", 150.0), ("six", 90.0))
)
OPTIONS = (
    *("--profile=quick", "--trials=3", "--num-predict=32", "--num-ctx=2048", "--max-items=12", "--fresh"),
    "--second-turn=off",
    f"--item-seed={SEED}",
)
UNDER_WAY_NS = 50_000_000
LONGEST_S = 5.0


def answered(host: FakeHost, killed_ns: int) -> tuple[int, int]:
    """Return how many items and trials the server had answered whole, well before the signal."""

    def is_whole(record: RequestRecord) -> bool:
        return record.status == 200 and record.ended_ns is not None and record.ended_ns < killed_ns - UNDER_WAY_NS

    chats = [record for record in host.asked("/api/chat") if is_whole(record) and _is_item(record.body)]
    generated = [record for record in host.asked("/api/generate") if is_whole(record)]
    trials = [one for one in generated if isinstance(one.body, dict) and _limit(one.body) > WARM_UP_TOKENS]
    return len(chats), len(trials)


def _is_item(body: object) -> bool:
    """Tell if a conversation is an item: the rendering of a prompt, which says who a model is, asks for one token."""
    options = body.get("options") if isinstance(body, dict) else None
    return isinstance(options, dict) and options.get("num_predict") != 1


def _limit(body: dict[str, object]) -> int:
    options = body.get("options")
    limit = options.get("num_predict", 0) if isinstance(options, dict) else 0
    return limit if body.get("prompt") and isinstance(limit, int) else 0


def kept(path: Path) -> tuple[int, int]:
    """Return how many items and trials the history has; raises AssertionError where it is not whole."""
    if not path.exists():
        return 0, 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'items'").fetchone():
            return 0, 0
        (items,) = connection.execute("SELECT COUNT(*) FROM items").fetchone()
        (trials,) = connection.execute(
            "SELECT COALESCE(SUM(trials + 1), 0) FROM results WHERE status = 'ok'"
        ).fetchone()
    return int(items), int(trials)


async def begin(path: Path, *arguments: str) -> Process:
    surroundings = {**os.environ, "OLLAMA_SPEEDRUN_HISTORY": str(path), "XDG_CONFIG_HOME": str(path.parent)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ollama_speedrun", *arguments), env=surroundings, stdout=DEVNULL, stderr=DEVNULL
    )


async def killed(host: FakeHost, path: Path, moment_s: float) -> Counter[str]:
    """Kill a run so many seconds after its first request; returns what of each kind it lost."""
    host.requests.clear()
    process = await begin(path, host.url, *OPTIONS)
    while not host.asked("/api/generate"):  # noqa: ASYNC110 - a fake's log has no event to wait for
        await asyncio.sleep(0.005)
    await asyncio.sleep(moment_s)
    killed_ns = time.perf_counter_ns()
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()
    before, after = answered(host, killed_ns), kept(path)
    return Counter(items=max(0, before[0] - after[0]), trials=max(0, before[1] - after[1]))


async def goes_on(path: Path) -> bool:
    """Resume the killed run, where it had anything; returns whether it ended complete and with no item twice."""
    with History(path) as history:
        if not history.runs() or history.runs()[0].state == "complete":
            return True
    process = await begin(path, "--resume")
    await process.wait()
    with History(path) as history:
        (run,) = history.runs()
        document = history.document(run.run_id)
    repeated = [max(Counter(one.item for one in record.items).values()) for record in document.quality_records]
    return process.returncode == 0 and run.state == "complete" and set(repeated) == {1}


async def bench(kills: int, seed: int) -> int:
    dice = random.Random(seed)
    lost: dict[str, Counter[int]] = {kind: Counter() for kind in ("trials", "items")}
    resumed: Counter[bool] = Counter()
    async with fake_fleet([HostScript(models=MODELS)]) as fleet:
        for number in range(kills):
            with tempfile.TemporaryDirectory() as name:
                path = Path(name) / "history.db"
                found = await killed(fleet.hosts[0], path, dice.uniform(0, LONGEST_S))
                for kind, counts in lost.items():
                    counts[found[kind]] += 1
                if number % 10 == 0:
                    resumed[await goes_on(path)] += 1
    print(f"killed at {kills} random moments within {LONGEST_S:g} s of the first request (seed {seed})")
    for kind, counts in lost.items():
        print(f"{kind:6} lost that were answered: {_spread(counts)}")
    print(f"resumed: {resumed[True]} of {resumed.total()} complete with no item twice")
    return int(max(lost["trials"]) > 0 or max(lost["items"]) > 0 or resumed[False] > 0)


def _spread(lost: Counter[int]) -> str:
    return ", ".join(f"{number} in {count} runs" for number, count in sorted(lost.items()))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # clients that go away are what this is about
    return asyncio.run(bench(chosen.kills, chosen.seed))


if __name__ == "__main__":
    sys.exit(main())
