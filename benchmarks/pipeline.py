"""What running hosts side by side saves: `python benchmarks/pipeline.py`.

One fake fleet (8 hosts, 24 models, in a process of its own) is benchmarked twice, one run after the other:

ours        the pipeline as the command line runs it: per model a warm-up, the interview and one trial of the quick
            profile, hosts side by side
sequential  the seed's algorithm: one host after another, one request after another, per model a single cold generation
            without a warm-up

The figure is the ratio of their wall times. Each host has a loopback address of its own, as real ones do: servers that
share an address would count as one machine. Set-up and take-down of the fleet are in neither time.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark import workload
from ollama_speedrun.benchmark.plan import PROFILES, Profile
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit import ask, stream

TESTS = Path(__file__).parent.parent / "tests"
NUM_CTX = 2048


def fleet(hosts: int, models: int) -> dict[str, object]:
    """Describe hosts with models of 60 to 180 tokens/s that load in 0.3 s."""
    return {
        "hosts": [
            {
                "name": f"host{host}",
                "address": f"127.0.0.{host + 2}",
                "models": [
                    {"name": f"m{model}:1b", "decode_tps": 60.0 * (model + 1), "prefill_tps": 4000.0, "load_s": 0.3}
                    for model in range(models)
                ],
            }
            for host in range(hosts)
        ]
    }


async def sequential(urls: Sequence[str], num_predict: int) -> int:
    """Benchmark as the seed does; returns how many generations ended well."""
    done = 0
    async with open_session() as session:
        for url in urls:
            client = OllamaClient(session, url)
            tags = await client.tags()
            names = [msgspec.json.decode(entry, type=wire.TagsEntry).name for entry in tags.models or ()]
            for name in names:
                await client.show(name)
            for name in names:
                request = wire.GenerateRequest(
                    model=name,
                    prompt=workload.prompt("once"),
                    options=ask.options(num_predict=num_predict, num_ctx=NUM_CTX),
                )
                record = await stream.record(client, request, timeout_s=60, progress=lambda *_: None)
                done += record.content_chunks > 0
    return done


async def ours(urls: Sequence[str], num_predict: int) -> int:
    """Benchmark as the command line does; returns how many models were measured."""
    finished = Run()
    plan = build_plan(targets=[parse_target(url) for url in urls])
    quick = msgspec.structs.replace(PROFILES[Profile.QUICK], num_predict=num_predict, num_ctx=NUM_CTX)
    settings = RunSettings(benchmark=msgspec.structs.replace(quick, fewest_trials=1, most_trials=1))
    await run(plan, settings, until=Phase.ASSESS, emit=lambda _: None, into=finished)
    return sum(result.status == "ok" for result in finished.results)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--models", type=int, default=3, help="on each host (default: 3)")
    parser.add_argument("--num-predict", type=int, default=96, help="tokens of each generation (default: 96)")
    arguments = parser.parse_args()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as script:
        json.dump(fleet(arguments.hosts, arguments.models), script)
        script.flush()
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fake_ollama", "--script", script.name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
        assert server.stdin is not None
        assert server.stdout is not None
        urls = json.loads(await server.stdout.readline())["urls"]
        walls_s = {}
        for name, algorithm in (("ours", ours), ("sequential", sequential)):
            began_ns = time.perf_counter_ns()
            measured = await algorithm(urls, arguments.num_predict)
            walls_s[name] = (time.perf_counter_ns() - began_ns) / 1e9
            if measured != arguments.hosts * arguments.models:
                sys.exit(f"{name} measured {measured} of {arguments.hosts * arguments.models} models")
        server.stdin.close()
        await server.wait()
    print(f"{arguments.hosts} hosts, {arguments.hosts * arguments.models} models, {arguments.num_predict} tokens each")
    for name, wall_s in walls_s.items():
        print(f"{name:<11} {wall_s:7.2f} s")
    print(f"ours / sequential: {walls_s['ours'] / walls_s['sequential']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
