"""What measuring many streams at once costs, and how late its stamps are: `python benchmarks/overhead.py`.

A sender in a process of its own keeps 200 streams at 25 chunks/s each and writes into every chunk when it was sent, by
the clock that both processes share on Linux. They are read by each of these in turn, several rounds long:

ours            as a benchmark reads them: request, stamp, parsing, raw record, progress events
ours, display   the same with the live display on a terminal of 120 × 50
httpx           a plain client: `httpx.AsyncClient`, `aiter_lines`, `json.loads`
bare            an asyncio protocol that does nothing but stamp: no Python client can do better on this machine

CPU per chunk is this process's time, all threads, without what setting up the same streams costs (measured by streams
of one chunk). The delay is from a chunk's sending to its stamp. Both are medians of the rounds. The last figure is
memory: what this process holds while a million chunks go through, four streams at once.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import re
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import aiohttp
import httpx
import psutil
from rich.console import Console

from ollama_speedrun.benchmark.events import BenchmarkBegan, BenchmarkQueued
from ollama_speedrun.events import Phase, PhaseBegan
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import ChunkStream, OllamaClient, open_session
from ollama_speedrun.pipeline.events import Event
from ollama_speedrun.ui.live import RunDisplay
from ollama_speedrun.visit.ask import Ask
from ollama_speedrun.visit.events import Stage
from ollama_speedrun.visit.visit import Visit

SENDER: Final = Path(__file__).with_name("_sender.py")
WANTED_CPU_US: Final = 100.0
WANTED_P99_MS: Final = 2.0
FLOODS: Final = 4

Read: TypeAlias = Callable[[int, int], Awaitable[None]]
"""Reads one stream to its end: (number of the stream, chunks to ask for)."""


class Load(NamedTuple):
    """So many streams of so many chunks; `pace` is chunks/s of each, in the sender's words."""

    streams: int
    chunks: int
    pace: str


class Cost(NamedTuple):
    """CPU in µs a chunk, and how late the stamps were in ms."""

    cpu_us: float
    p50_ms: float
    p99_ms: float


class _Tap:
    """A stream of chunks that notes how late each stamp was."""

    def __init__(self, stream: ChunkStream, delays_ns: list[int]) -> None:
        self._stream = stream
        self._delays_ns = delays_ns
        self.sent_ns = stream.sent_ns

    @property
    def ended_ns(self) -> int:
        return self._stream.ended_ns

    async def __aiter__(self) -> AsyncIterator[tuple[int, wire.Chunk]]:
        async for arrived_ns, chunk in self._stream:
            if chunk.response:
                self._delays_ns.append(arrived_ns - int(chunk.response))
            yield arrived_ns, chunk


class _TappedClient(OllamaClient):
    def __init__(self, session: aiohttp.ClientSession, base_url: str, delays_ns: list[int]) -> None:
        super().__init__(session, base_url)
        self._delays_ns = delays_ns

    @contextlib.asynccontextmanager
    async def generate(self, request: wire.GenerateRequest) -> AsyncIterator[_Tap]:  # type: ignore[override]
        async with super().generate(request) as stream:
            yield _Tap(stream, self._delays_ns)


@contextlib.asynccontextmanager
async def read_by_us(url: str, load: Load, delays_ns: list[int]) -> AsyncIterator[Read]:
    async with _ours(_TappedClient, url, load, delays_ns, emit=lambda _: None) as read:
        yield read


@contextlib.asynccontextmanager
async def read_by_us_with_display(url: str, load: Load, delays_ns: list[int]) -> AsyncIterator[Read]:
    with display(url, load) as emit:
        async with _ours(_TappedClient, url, load, delays_ns, emit=emit) as read:
            yield read


@contextlib.asynccontextmanager
async def _ours(
    client_type: Callable[[aiohttp.ClientSession, str, list[int]], OllamaClient],
    url: str,
    load: Load,
    delays_ns: list[int],
    *,
    emit: Callable[[Event], None],
) -> AsyncIterator[Read]:
    async with open_session() as session:
        client = client_type(session, url, delays_ns)
        visit = Visit(client, emit=emit, nonce=lambda: "nonce", timeout_s=300)

        async def read(number: int, chunks: int) -> None:
            ask = Ask(prompt="Go.", num_predict=chunks, num_ctx=4096)
            record = await visit.generate(model(url, number, load.pace), ask, stage=Stage.PROMPT)
            assert record.content_chunks == chunks

        yield read


@contextlib.asynccontextmanager
async def read_by_httpx(url: str, load: Load, delays_ns: list[int]) -> AsyncIterator[Read]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=None, limits=limits, trust_env=False) as client:

        async def read(_number: int, chunks: int) -> None:
            body = _request(load.pace, chunks)
            came = 0
            async with client.stream("POST", f"{url}/api/generate", json=body) as response:
                async for line in response.aiter_lines():
                    arrived_ns = time.perf_counter_ns()
                    if text := json.loads(line)["response"]:
                        came += 1
                        delays_ns.append(arrived_ns - int(text))
            assert came == chunks

        yield read


class _Stamper(asyncio.Protocol):
    SENT: Final = re.compile(rb'"response":"(\d+)"')

    def __init__(self, delays_ns: list[int]) -> None:
        self._delays_ns = delays_ns
        self.over = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        arrived_ns = time.perf_counter_ns()
        for sent_ns in self.SENT.findall(data):
            self._delays_ns.append(arrived_ns - int(sent_ns))
        if b'"done":true' in data:
            self.over.set()


@contextlib.asynccontextmanager
async def read_bare(url: str, load: Load, delays_ns: list[int]) -> AsyncIterator[Read]:
    loop = asyncio.get_running_loop()

    async def read(_number: int, chunks: int) -> None:
        transport, stamper = await loop.create_connection(
            lambda: _Stamper(delays_ns), "127.0.0.1", int(url.rpartition(":")[2])
        )
        transport.write(b"POST /api/generate HTTP/1.1\r\n\r\n" + json.dumps(_request(load.pace, chunks)).encode())
        await stamper.over.wait()
        transport.close()

    yield read


def _request(pace: str, chunks: int) -> Mapping[str, object]:
    return {"model": pace, "prompt": "Go.", "options": {"num_predict": chunks}}


READERS: Final = {
    "ours": read_by_us,
    "ours, display": read_by_us_with_display,
    "httpx": read_by_httpx,
    "bare": read_bare,
}


def model(url: str, number: int, pace: str) -> Model:
    """Return a model whose name is the pace; the display tells the streams apart by their host."""
    return Model(
        host=f"{url}#{number}",
        name=pace,
        digest=None,
        size_bytes=None,
        parameter_size=None,
        quantization=None,
        family=None,
        capabilities=("completion",),
        context_length=None,
        kind="chat",
    )


@contextlib.contextmanager
def display(url: str, load: Load) -> Iterator[Callable[[Event], None]]:
    """Yield what takes events to a live display that draws as on a terminal, where nobody looks."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, force_terminal=True, force_interactive=True, width=120, height=50)
        with RunDisplay(console) as shown:
            shown.handle(PhaseBegan(Phase.BENCHMARK, "many streams"))
            for number in range(load.streams):
                one = model(url, number, load.pace)
                shown.handle(BenchmarkQueued(one.host, one.name))
                shown.handle(BenchmarkBegan(one.host, one.name))
            yield shown.handle


async def one_pass(name: str, url: str, load: Load) -> tuple[int, Sequence[int]]:
    """Read the streams; returns the CPU time in ns, set-up included, and the delay of each stamp in ns."""
    delays_ns: list[int] = []
    async with READERS[name](url, load, delays_ns) as read:
        gc.collect()
        began_ns = time.process_time_ns()
        await asyncio.gather(*(read(number, load.chunks) for number in range(load.streams)))
        return time.process_time_ns() - began_ns, delays_ns


async def cost(name: str, url: str, load: Load) -> Cost:
    """Measure one reader, once."""
    setting_up_ns, _ = await one_pass(name, url, load._replace(chunks=1))
    spent_ns, delays_ns = await one_pass(name, url, load)
    percentiles_ns = statistics.quantiles(delays_ns, n=100)
    return Cost(
        cpu_us=(spent_ns - setting_up_ns) / (load.streams * (load.chunks - 1)) / 1e3,
        p50_ms=percentiles_ns[49] / 1e6,
        p99_ms=percentiles_ns[98] / 1e6,
    )


def medians(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))


async def memory(url: str, chunks: int) -> Sequence[float]:
    """Return the resident memory in MB at even times while so many chunks go through."""
    samples_mb: list[float] = []
    process = psutil.Process()

    async def sample() -> None:
        while True:
            samples_mb.append(process.memory_info().rss / 1e6)
            await asyncio.sleep(0.1)

    load = Load(FLOODS, chunks // FLOODS, "flood")
    async with _ours(lambda session, base, _: OllamaClient(session, base), url, load, [], emit=lambda _: None) as read:
        sampling = asyncio.create_task(sample())
        await asyncio.gather(*(read(number, load.chunks) for number in range(load.streams)))
        sampling.cancel()
    return samples_mb


def print_costs(load: Load, costs: Mapping[str, Cost]) -> None:
    """Print what each reader costs, ours as a share of the plain client's, and whether it is what was wanted."""
    print(f"{load.streams} streams at {load.pace} chunks/s each, {load.streams * load.chunks} chunks a round")
    print(f"{'':<14}  CPU a chunk   delay p50   delay p99   of httpx's")
    for name, figures in costs.items():
        shares = "  ".join(f"{mine / theirs:.2f}" for mine, theirs in zip(figures, costs["httpx"], strict=True))
        print(f"{name:<14}  {figures.cpu_us:8.1f} µs  {figures.p50_ms:7.3f} ms  {figures.p99_ms:7.3f} ms   {shares}")
    for name in ("ours", "ours, display"):
        met = costs[name].cpu_us <= WANTED_CPU_US and costs[name].p99_ms <= WANTED_P99_MS
        print(f"{name}: {'meets' if met else 'MISSES'} {WANTED_CPU_US:g} µs and a p99 of {WANTED_P99_MS:g} ms")


def print_memory(chunks: int, samples_mb: Sequence[float]) -> None:
    """Print the median of each quarter of the samples, and the growth from the second to the last."""
    size = max(1, len(samples_mb) // 4)
    quarters = [statistics.median(samples_mb[start : start + size]) for start in range(0, 4 * size, size)]
    print(f"memory over {chunks} chunks, by quarters: " + ", ".join(f"{each:.1f}" for each in quarters) + " MB")
    print(f"growth from the second quarter on: {quarters[3] - quarters[1]:+.1f} MB")


@contextlib.asynccontextmanager
async def sender() -> AsyncIterator[str]:
    """Yield the URL of the sender."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SENDER)), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    process.stdin.close()
    await process.wait()


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rate", type=float, default=25, help="chunks/s of each stream (default: 25)")
    parser.add_argument("--seconds", type=float, default=4, help="of each round (default: 4)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunks", type=int, default=1_000_000, help="that memory is watched over (default: 1000000)")
    arguments = parser.parse_args()
    load = Load(arguments.streams, round(arguments.rate * arguments.seconds), f"{arguments.rate:g}")
    async with sender() as url:
        rounds = [{name: await cost(name, url, load) for name in READERS} for _ in range(arguments.rounds)]
        samples_mb = await memory(url, arguments.chunks)
    print_costs(load, {name: medians([each[name] for each in rounds]) for name in READERS})
    print_memory(arguments.chunks, samples_mb)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
