"""What one more model costs: `python benchmarks/adding.py`.

A fake host with 40 models (loads of 2 s, 60 to 120 tokens/s) is measured in the quick profile, in virtual time. Then it
gets one more model:

whole    the 40 models, of which nothing is known
added    the run after the 41st model came: one known model is checked, the new one is measured
alone    that model on a host of its own, of which nothing is known
nothing  a run where nothing is new: the check alone

The figure is added ÷ alone: what a person waits for who pulled one model.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from fake_ollama.fleet import Fleet, fake_fleet  # noqa: E402 - out of the tests
from fake_ollama.script import HostScript, ModelScript, able_model  # noqa: E402
from fake_ollama.student import SEED  # noqa: E402
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run  # noqa: E402
from ollama_speedrun.benchmark.plan import PROFILES, Profile  # noqa: E402
from ollama_speedrun.history.recall import HistoryRecall  # noqa: E402
from ollama_speedrun.history.store import History  # noqa: E402
from ollama_speedrun.results.context import read_context  # noqa: E402
from virtual_time import VirtualLoop  # noqa: E402

MODELS = 40
SETTINGS = msgspec.structs.replace(PROFILES[Profile.QUICK], item_seed=SEED)
MOST = 2.0


def models() -> tuple[ModelScript, ...]:
    return tuple(
        able_model(
            f"m{number}:1b",
            number / 10 - 2,
            decode_tps=60.0 + 1.5 * number,
            load_s=2.0,
            size_bytes=800_000_000 + 10_000_000 * number,
        )
        for number in range(MODELS)
    )


NEW = able_model("new:1b", 2.0, decode_tps=90.0, load_s=2.0, size_bytes=1_000_000_000)


async def took_s(fleet: Fleet, path: Path) -> tuple[float, int]:
    """Run, keep the run, and return its virtual seconds and how many results it measured itself."""
    done = Run()
    plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
    recall = HistoryRecall(path, SETTINGS, read_context())
    began_s = asyncio.get_running_loop().time()
    await run(plan, RunSettings(benchmark=SETTINGS), until=Phase.ASSESS, emit=lambda _: None, into=done, recall=recall)
    seconds = asyncio.get_running_loop().time() - began_s
    document = done.document(complete=True)
    assert all(result.status == "ok" for result in document.results)
    with History(path) as history:
        history.add(document, verb="run")
    return seconds, sum(result.measured_in is None for result in document.results)


async def bench() -> int:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "history.db"
        async with fake_fleet([HostScript(models=models())]) as fleet:
            script = msgspec.structs.replace(fleet.hosts[0].script, port=fleet.hosts[0].port)
            whole_s, measured = await took_s(fleet, path)
            print(f"whole    {whole_s:7.1f} s, {measured} models measured")
            nothing_s, measured = await took_s(fleet, path)
        async with fake_fleet([msgspec.structs.replace(script, models=(*models(), NEW))]) as fleet:
            added_s, added = await took_s(fleet, path)
            print(f"added    {added_s:7.1f} s, {added} model measured")
        print(f"nothing  {nothing_s:7.1f} s, {measured} models measured")
        async with fake_fleet([HostScript(models=(NEW,))]) as fleet:
            alone_s, _ = await took_s(fleet, path.with_name("alone.db"))
            print(f"alone    {alone_s:7.1f} s")
    print(f"added ÷ alone {added_s / alone_s:.2f} (at most {MOST:g}), added ÷ whole {added_s / whole_s:.3f}")
    return int(added != 1 or added_s / alone_s > MOST)


def main() -> int:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(bench())


if __name__ == "__main__":
    sys.exit(main())
