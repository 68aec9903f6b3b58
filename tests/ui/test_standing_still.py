"""The live region of whole runs, in virtual time: it moves, or names what is waited for."""

import asyncio
import io
import re
from contextlib import suppress
from itertools import pairwise
from typing import Final

import msgspec
import pytest
from rich.console import Console

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import ErrorAnswer, HostDies, HostScript, ModelScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.plan import BenchmarkSettings, Extra
from ollama_speedrun.ui.live import RunDisplay

LONGEST_STILL_S: Final = 5
SETTINGS: Final = BenchmarkSettings(
    num_predict=24,
    trial_tokens=16,
    fewest_trials=1,
    most_trials=1,
    reference_trial=False,
    item_seed=SEED,
    areas=("facts",),
    max_items=3,
    first_items=3,
    races=False,
    second_turn=Extra.OFF,
)
WAIT: Final = re.compile(r"loading|waiting for the first token|no token for|waits? |it does not answer|is busy|listing")
RUNNING: Final = re.compile(r"\d+:\d\d|\d+ (s|min|h)\b")
"""Figures that move by themselves."""


async def watched(*hosts: HostScript) -> list[str]:
    """Benchmark hosts; returns the rows of the region at each second, without what moves by itself."""
    loop, seen = asyncio.get_running_loop(), list[str]()
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=100, height=30, _environ={})
    display = RunDisplay(console, clock=loop.time)

    async def look() -> None:
        while True:
            await asyncio.sleep(1)
            rows = [line.plain for line in display._region(100, 24) if not line.plain.startswith(("benchmark", "scan"))]
            seen.append(RUNNING.sub("", "\n".join(rows)))

    async with fake_fleet(hosts) as fleet:
        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        looking = asyncio.create_task(look())
        await run(plan, RunSettings(benchmark=SETTINGS), until=Phase.ASSESS, emit=display.handle, into=Run())
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    return seen


def stills(seen: list[str]) -> list[str]:
    """What stood there for longer than allowed without a word of what is waited for."""
    found, still_s = [], 0
    for before, now in pairwise(seen):
        still_s = still_s + 1 if now == before else 0
        if still_s > LONGEST_STILL_S and not WAIT.search(now):
            found.append(now)
    return found


def one(**changes: object) -> ModelScript:
    return msgspec.structs.replace(able_model("m:1b", ability=1.0, decode_tps=40.0), **changes)


CASES: Final = {
    "a load of 20 s": ((HostScript(models=(one(load_s=20.0),)),), "loading"),
    "a first token after 30 s": ((HostScript(models=(one(prefill_tps=2.0, prompt_cache=False),)),), "first token"),
    "a busy host": (
        (HostScript(models=(one(fault=ErrorAnswer(status=503), sound_requests=2, faulty_requests=4),)),),
        "is busy",
    ),
    "a host that dies": (
        (
            HostScript(models=(one(fault=HostDies(after_tokens=5), sound_requests=1),)),
            HostScript(models=(one(decode_tps=4.0),), address="127.0.0.2"),
        ),
        "does not answer",
    ),
}


@pytest.mark.virtual_time
@pytest.mark.parametrize(("hosts", "word"), CASES.values(), ids=CASES)
async def test_the_display_never_stands_still_for_long_without_a_word(hosts: tuple[HostScript, ...], word: str) -> None:
    seen = await watched(*hosts)
    assert len(seen) > 5
    assert any(word in rows for rows in seen)
    assert stills(seen) == []


def test_what_stands_still_without_a_word_is_found() -> None:
    assert stills(["generating"] * 8) == ["generating"] * 2
    assert stills(["loading"] * 8) == []
    assert stills(["a", "b"] * 8) == []
