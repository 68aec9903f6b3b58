"""Benchmark a scripted fleet and save the result for the README's second picture: run_fleet.py RESULT.json.

The whole pipeline runs against fake servers with the names and sizes of common models, whose speeds and abilities are
those that the table below states. The clock is virtual: the figures are those of the script, on any machine.
"""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import FleetScript, HostScript, ModelScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun import Phase, Run, RunSettings, build_plan, encode, run
from ollama_speedrun.benchmark.plan import PROFILES, Profile
from ollama_speedrun.discovery.hosts_file import parse_hosts_file
from ollama_speedrun.results.files import write_atomically
from virtual_time import VirtualLoop

GB: Final = 10**9


class Box(NamedTuple):
    """A host: bandwidth of its memory and its disk in GB/s, prompt tokens/s of a model of 1 GB, and if it has a GPU."""

    name: str
    decode_gb_per_s: float
    disk_gb_per_s: float
    prefill_tps: float
    has_gpu: bool = True


class Listed(NamedTuple):
    """A model: its size in GB, its parameters, its ability in logits, and if it can call tools."""

    name: str
    size_gb: float
    parameters: str
    ability: float
    calls_tools: bool = False


FLEET: Final = {
    Box("gpu-box", 560, 2.4, 24_000): (
        Listed("qwen2.5-coder:32b", 19.9, "32.8B", 4.2, calls_tools=True),
        Listed("qwen2.5:14b", 9.0, "14.8B", 3.4, calls_tools=True),
        Listed("gemma3:12b", 8.1, "12.2B", 2.9),
        Listed("llama3.1:8b", 4.9, "8.0B", 1.9, calls_tools=True),
    ),
    Box("mac-mini", 210, 3.0, 5_000): (
        Listed("phi4:14b", 9.1, "14.7B", 3.2),
        Listed("gemma3:4b", 3.3, "4.3B", 1.5),
        Listed("qwen2.5:7b", 4.7, "7.6B", 2.2, calls_tools=True),
        Listed("mistral:7b", 4.4, "7.2B", 0.9, calls_tools=True),
    ),
    Box("laptop", 75, 1.6, 1_600): (
        Listed("llama3.2:3b", 2.0, "3.2B", 0.9, calls_tools=True),
        Listed("phi3:mini", 2.2, "3.8B", 0.5),
        Listed("gemma2:2b", 1.6, "2.6B", 0.2),
    ),
    Box("nas", 16, 0.3, 300, has_gpu=False): (
        Listed("llama3.2:1b", 1.3, "1.2B", -0.6, calls_tools=True),
        Listed("gemma3:1b", 0.8, "1.0B", -1.0),
        Listed("qwen2.5:0.5b", 0.4, "494.0M", -1.8),
    ),
}


def main() -> int:
    """Write the result; the result of this function is the exit status."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    logging.disable()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        write_atomically(Path(sys.argv[1]), runner.run(benchmarked()))
    return 0


async def benchmarked() -> bytes:
    """Return the saved result of a quick run on the fleet."""
    hosts = tuple(_host(box, models, number) for number, (box, models) in enumerate(FLEET.items()))
    finished = Run()
    quick = msgspec.structs.replace(PROFILES[Profile.QUICK], item_seed=SEED)
    async with fake_fleet(FleetScript(hosts)) as fleet:
        named = "\n".join(f"{host.name}={url}" for host, url in zip(hosts, fleet.urls, strict=True))
        plan = build_plan(targets=parse_hosts_file(named, origin="the fleet", variables={}))
        await run(plan, RunSettings(benchmark=quick), until=Phase.ASSESS, emit=lambda _: None, into=finished)
    return encode(finished.document(complete=True))


def _host(box: Box, models: tuple[Listed, ...], number: int) -> HostScript:
    scripts = tuple(_model(box, model) for model in models)
    return HostScript(name=box.name, address=f"127.0.0.{number + 2}", models=scripts, max_loaded=1)


def _model(box: Box, model: Listed) -> ModelScript:
    return able_model(
        model.name,
        ability=model.ability,
        decode_tps=box.decode_gb_per_s / model.size_gb,
        prefill_tps=box.prefill_tps / model.size_gb,
        load_s=0.4 + model.size_gb / box.disk_gb_per_s,
        size_bytes=int(model.size_gb * GB),
        parameter_size=model.parameters,
        answer_tokens=400,
        gpu_share=float(box.has_gpu),
        capabilities=("completion", "tools") if model.calls_tools else ("completion",),
    )


if __name__ == "__main__":
    sys.exit(main())
