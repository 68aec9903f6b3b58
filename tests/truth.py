"""Servers whose truth is known, and what must be said of each: shared by the tests and by `benchmarks/accuracy.py`."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import aiohttp
import msgspec

from fake_ollama.script import (
    CHAT_TEMPLATE,
    Attention,
    EmptyAnswer,
    EndWithoutDone,
    ErrorAnswer,
    HostScript,
    ModelScript,
    repeating_model,
)
from ollama_speedrun.benchmark.energy import Power
from ollama_speedrun.benchmark.events import BenchmarkEnded, BenchmarkEvent, BenchmarkRevised
from ollama_speedrun.benchmark.plan import BenchmarkSettings, Extra, IfBusy
from ollama_speedrun.benchmark.runner import benchmark_host
from ollama_speedrun.benchmark.types import CaveatKind, Result
from ollama_speedrun.discovery.types import Watts
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit.events import BenchmarkProgress, Stage

Figure: TypeAlias = Literal[
    "decode",
    "decode, our clock",
    "prefill",
    "TTFT",
    "first answer",
    "load",
    "GPU share",
    "second turn, warm",
    "second turn, cold",
    "cached share",
    "cached share, by time",
    "decode, deep",
    "prefill, deep",
    "memory at 64k",
    "joules a token",
]

NUM_CTX = 2048
PLAIN = HostScript()
SETTINGS = BenchmarkSettings(
    timeout_s=20,
    num_predict=96,
    num_ctx=NUM_CTX,
    trial_tokens=64,
    most_trials=5,
    if_busy=IfBusy.GO,
    second_turn=Extra.OFF,
)
MODEL = ModelScript("m:1b", decode_tps=200, prefill_tps=4000, load_s=0.5)
THINKER = msgspec.structs.replace(MODEL, capabilities=("completion", "thinking"), thinking_tokens=24)
THEIRS = ModelScript("theirs:1b", decode_tps=100, load_s=0.2)
PARAGRAPH = " ".join(
    f"{word} \N{SAILBOAT} Grüße, 日本語 \N{GRINNING FACE}"
    for word in ("Wind", "Rain", "Fog", "Snow", "Hail", "Sun", "Dew", "Frost", "Heat", "Storm", "Gale", "Calm")
)
SYSTEM = "You are the patient clerk of a harbour office who answers every letter in full sentences. " * 60
SPEEDS: frozenset[Figure] = frozenset({"decode", "decode, our clock"})
CACHED: frozenset[Figure] = frozenset({"cached share", "cached share, by time"})
CONVERSATION: frozenset[Figure] = CACHED | {"second turn, warm", "second turn, cold"}
DEEP: frozenset[Figure] = frozenset({"decode, deep", "prefill, deep", "memory at 64k"})
EVERYTHING: frozenset[Figure] = SPEEDS | {"prefill", "TTFT", "first answer", "load", "GPU share"}


class Visitor:
    """Another user of the server, who acts when our generations have been sent."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sent = 0
        self._moments: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    def watch(self, event: BenchmarkEvent) -> None:
        """Note our generations by the events that announce them."""
        if isinstance(event, BenchmarkProgress) and event.stage is Stage.PROMPT:
            self._sent += 1
            self._moments[self._sent].set()

    async def see(self, generation: int) -> None:
        """Wait until our generation of this number (1: the interview) has been sent, and is under way."""
        await self._moments[generation].wait()
        await asyncio.sleep(0.03)

    async def ask(self, model: str, tokens: int, *, num_ctx: int = NUM_CTX) -> None:
        """Have a model write."""
        body = {"model": model, "prompt": "theirs", "options": {"num_predict": tokens, "num_ctx": num_ctx}}
        async with aiohttp.ClientSession() as session, session.post(f"{self._url}/api/generate", json=body) as answer:
            await answer.read()


Visit: TypeAlias = Callable[[Visitor], Awaitable[None]]


async def nobody(_visitor: Visitor) -> None:
    """Leave the server to us."""


async def once_in_the_queue(visitor: Visitor) -> None:
    """Ask for the same model in the middle of our first trial, so that the second one waits."""
    await visitor.see(2)
    await visitor.ask("m:1b", 60)


async def always_in_the_queue(visitor: Visitor) -> None:
    """Ask for the same model from our first trial on, again and again."""
    await visitor.see(2)
    while True:
        await visitor.ask("m:1b", 60)


async def with_another_context(visitor: Visitor) -> None:
    """Ask for the same model with another context, which has it loaded again for them, and then for us."""
    await visitor.see(2)
    await visitor.ask("m:1b", 20, num_ctx=1024)


async def busy_at_the_start(visitor: Visitor) -> None:
    """Keep the model that fills the memory at work while ours wants to be loaded."""
    await visitor.ask("theirs:1b", 60)


async def loading_at_the_start(visitor: Visitor) -> None:
    """Have another model loaded while ours wants to be."""
    await visitor.ask("theirs:1b", 1)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A host, what another user does there meanwhile, and what we must say of the first of our models.

    `head_start_s` is how long before us the visitor begins. `absent` are the figures that cannot be had, `caveats` say
    why, `possible` ones depend on a few ms of the machine. Where `fails` is a text, nothing can be had and the reason
    holds it. So many generations as `discarded` says are thrown away.
    """

    name: str
    models: tuple[ModelScript, ...] = (MODEL,)
    host: HostScript = PLAIN
    settings: BenchmarkSettings = SETTINGS
    watts: Watts | None = None
    ours: tuple[str, ...] = ("m:1b",)
    visit: Visit = nobody
    head_start_s: float = 0.0
    caveats: frozenset[CaveatKind] = frozenset()
    possible: frozenset[CaveatKind] = frozenset()
    absent: frozenset[Figure] = frozenset()
    fails: str | None = None
    discarded: range = range(1)

    @property
    def unasked(self) -> frozenset[Figure]:
        """The figures that nobody asked for, or that the server's count stands for, or the reading time."""
        unasked = figures() if self.watts else figures("joules a token")
        unasked |= frozenset() if self.settings.depths else DEEP
        if self.settings.second_turn is Extra.OFF:
            return unasked | CONVERSATION
        return unasked | figures("cached share, by time" if self.model.report_cached_count else "cached share")

    @property
    def script(self) -> HostScript:
        """The whole host."""
        return msgspec.structs.replace(self.host, models=self.models)

    @property
    def model(self) -> ModelScript:
        """The model whose figures are looked at."""
        return next(script for script in self.models if script.name == self.ours[0])

    def faster(self, factor: float) -> "Scenario":
        """Return the scenario with models that are so many times as fast, and a network that merges as many chunks."""
        return replace(
            self,
            host=msgspec.structs.replace(self.host, coalesce_s=self.host.coalesce_s / factor),
            models=tuple(
                msgspec.structs.replace(
                    script,
                    decode_tps=script.decode_tps * factor,
                    prefill_tps=script.prefill_tps * factor,
                    load_s=script.load_s / factor,
                )
                for script in self.models
            ),
        )

    def expects(self, found: Collection[CaveatKind]) -> bool:
        """Whether these are the caveats that ought to be there."""
        return self.caveats <= frozenset(found) <= self.caveats | self.possible


def model(**changes: object) -> tuple[ModelScript, ...]:
    """Return the usual model with these changes."""
    return (msgspec.structs.replace(MODEL, **changes),)


def caveats(*kinds: CaveatKind) -> frozenset[CaveatKind]:
    """Return kinds of caveats as a set."""
    return frozenset(kinds)


def figures(*names: Figure) -> frozenset[Figure]:
    """Return figures as a set."""
    return frozenset(names)


TALKING = msgspec.structs.replace(SETTINGS, num_ctx=4096, second_turn=Extra.ON)
LOADED = HostScript(preloaded=("theirs:1b",), context_length=NUM_CTX)
CROWDED = msgspec.structs.replace(LOADED, max_loaded=1, keep_alive_s=600)
ALIAS = "e" * 64

SCENARIOS: Sequence[Scenario] = (
    Scenario(name="plain, fast"),
    Scenario(name="plain, slow", models=model(decode_tps=25.0, prefill_tps=600.0)),
    Scenario(name="cold load of 2 s", models=model(load_s=2.0)),
    Scenario(name="thinking first", models=(THINKER,), possible=caveats(CaveatKind.TOKENS_HELD_BACK)),
    Scenario(
        name="thinking until the budget ends",
        models=(msgspec.structs.replace(THINKER, thinking_tokens=500, thinking_only=True),),
        caveats=caveats(CaveatKind.BUDGET_SPENT_THINKING),
        possible=caveats(CaveatKind.TOKENS_HELD_BACK),
        absent=figures("first answer"),
    ),
    Scenario(
        name="an empty first chunk",
        models=model(empty_first_chunk=True),
        possible=caveats(CaveatKind.TOKENS_HELD_BACK),
    ),
    Scenario(
        name="three tokens in a chunk",
        models=model(chunk_tokens=3),
        possible=caveats(CaveatKind.TOKENS_HELD_BACK),
    ),
    Scenario(name="chunks merged by the network", host=HostScript(coalesce_s=0.012)),
    Scenario(name="chunks split by the network", host=HostScript(segment_bytes=60), models=model(decode_tps=60.0)),
    Scenario(name="characters of several bytes", models=model(answer=PARAGRAPH)),
    Scenario(name="speculative bursts of 4", models=model(burst=4)),
    Scenario(name="prompt cache, counted", models=model(report_cached_count=True)),
    Scenario(name="no prompt cache", models=model(prompt_cache=False)),
    Scenario(
        name="a long SYSTEM prompt, cached",
        models=model(system=SYSTEM),
        caveats=caveats(CaveatKind.PROMPT_CACHED),
    ),
    Scenario(name="a long SYSTEM prompt, never cached", models=model(system=SYSTEM, prompt_cache=False)),
    Scenario(name="a long SYSTEM prompt, counted", models=model(system=SYSTEM, report_cached_count=True)),
    Scenario(
        name="one token only",
        models=model(answer="Yes"),
        caveats=caveats(CaveatKind.TOO_FEW_TOKENS),
        absent=SPEEDS,
    ),
    Scenario(
        name="eval_duration of 1 µs",
        models=model(reported_eval_duration_ns=1000),
        caveats=caveats(CaveatKind.NO_SERVER_DURATIONS),
    ),
    Scenario(
        name="no durations",
        models=model(report_durations=False),
        caveats=caveats(CaveatKind.NO_SERVER_DURATIONS),
        absent=SPEEDS | {"prefill", "load"},
    ),
    Scenario(name="once behind another's request", visit=once_in_the_queue, discarded=range(1, 2)),
    Scenario(
        name="always behind another's requests",
        visit=always_in_the_queue,
        caveats=caveats(CaveatKind.QUEUED),
        discarded=range(4, 11),
    ),
    Scenario(
        name="a server that keeps no model loaded",
        host=HostScript(keep_alive_s=0),
        caveats=caveats(CaveatKind.NOT_KEPT_LOADED),
        absent=figures("TTFT", "first answer", "GPU share"),
    ),
    Scenario(
        name="a server that keeps no small model loaded",
        models=model(load_s=0.09),
        host=HostScript(keep_alive_s=0),
        caveats=caveats(CaveatKind.NOT_KEPT_LOADED),
        absent=figures("TTFT", "first answer", "GPU share"),
    ),
    Scenario(
        name="the whole answer in one chunk",
        models=model(chunk_tokens=100_000),
        caveats=caveats(CaveatKind.BUFFERED),
        absent=figures("decode, our clock", "TTFT", "first answer"),
    ),
    Scenario(
        name="the whole answer in one chunk, without durations",
        models=model(chunk_tokens=100_000, report_durations=False),
        caveats=caveats(CaveatKind.BUFFERED, CaveatKind.NO_SERVER_DURATIONS),
        absent=SPEEDS | {"TTFT", "first answer", "prefill", "load"},
    ),
    Scenario(
        name="blocks of 4 KB",
        host=HostScript(block_bytes=4096),
        caveats=caveats(CaveatKind.BUFFERED),
        absent=figures("decode, our clock", "TTFT", "first answer"),
    ),
    Scenario(
        name="blocks of 64 KB",
        host=HostScript(block_bytes=65_536),
        caveats=caveats(CaveatKind.BUFFERED),
        absent=figures("decode, our clock", "TTFT", "first answer"),
    ),
    Scenario(
        name="blocks of 4 KB, without durations",
        models=model(report_durations=False),
        host=HostScript(block_bytes=4096),
        caveats=caveats(CaveatKind.BUFFERED, CaveatKind.NO_SERVER_DURATIONS),
        absent=SPEEDS | {"TTFT", "first answer", "prefill", "load"},
    ),
    Scenario(
        name="30 hidden tokens first",
        models=model(hidden_tokens=30),
        caveats=caveats(CaveatKind.HIDDEN_THINKING),
        absent=figures("decode, our clock", "TTFT"),
    ),
    Scenario(
        name="more hidden tokens than a trial has",
        models=model(hidden_tokens=70),
        caveats=caveats(CaveatKind.HIDDEN_THINKING),
        absent=figures("decode, our clock", "TTFT"),
    ),
    Scenario(
        name="hidden tokens alone",
        models=model(hidden_tokens=500),
        fails="the server counted 96 tokens and showed none of them",
        absent=EVERYTHING,
    ),
    Scenario(
        name="one trial comes back empty",
        models=model(fault=EmptyAnswer(), sound_requests=3, faulty_requests=1),
        caveats=caveats(CaveatKind.EMPTY_TRIALS),
    ),
    Scenario(
        name="an error in the stream",
        models=model(fault=ErrorAnswer(after_tokens=20, text="boom")),
        fails="boom",
        absent=EVERYTHING,
    ),
    Scenario(
        name="an end without done",
        models=model(fault=EndWithoutDone(after_tokens=20)),
        fails="without saying that it was done",
        absent=EVERYTHING,
    ),
    Scenario(
        name="cut off for identical chunks",
        models=(repeating_model("m:1b", decode_tps=200.0, prefill_tps=4000.0, load_s=0.5),),
        caveats=caveats(CaveatKind.REPEATS_ITSELF, CaveatKind.SHORT_ANSWERS),
        absent=figures("prefill"),
    ),
    Scenario(
        name="thinking between tags",
        models=model(answer=f"<think>{PARAGRAPH}</think>Yes."),
        caveats=caveats(CaveatKind.BUDGET_SPENT_THINKING),
        absent=figures("first answer"),
    ),
    Scenario(
        name="far into a long context",
        models=model(slower_per_1k=0.05, attention=Attention(layers=16, kv_heads=4, head_length=64)),
        settings=msgspec.structs.replace(SETTINGS, depths=(0, 6000)),
    ),
    Scenario(
        name="far into the context of windows",
        models=model(attention=Attention(architecture="gemma3", layers=24, window_tokens=512)),
        settings=msgspec.structs.replace(SETTINGS, depths=(0, 6000)),
    ),
    Scenario(
        name="half on the GPU",
        models=model(gpu_share=0.5),
        caveats=caveats(CaveatKind.PARTLY_ON_GPU),
    ),
    Scenario(
        name="prompt cut silently",
        models=model(empty_after_truncation=False),
        host=HostScript(knows_truncate=False),
        settings=msgspec.structs.replace(SETTINGS, num_ctx=192),
        caveats=caveats(CaveatKind.PROMPT_TRUNCATED),
    ),
    Scenario(
        name="prompt cut silently, nothing said",
        host=HostScript(knows_truncate=False),
        settings=msgspec.structs.replace(SETTINGS, num_ctx=192),
        fails="--context",
        absent=EVERYTHING,
    ),
    Scenario(
        name="load behind another's answer",
        models=(MODEL, THEIRS),
        host=CROWDED,
        visit=busy_at_the_start,
        head_start_s=0.1,
        caveats=caveats(CaveatKind.LOAD_TIME_HIDDEN),
        absent=figures("load"),
    ),
    Scenario(
        name="load behind another's load",
        models=(MODEL, msgspec.structs.replace(THEIRS, load_s=1.0)),
        visit=loading_at_the_start,
        head_start_s=0.1,
        caveats=caveats(CaveatKind.LOAD_TIME_HIDDEN, CaveatKind.SHARED_HOST),
        absent=figures("load"),
    ),
    Scenario(
        name="an alias of a loaded model",
        models=(msgspec.structs.replace(MODEL, digest=ALIAS), msgspec.structs.replace(THEIRS, digest=ALIAS)),
        host=LOADED,
        caveats=caveats(CaveatKind.LOAD_TIME_HIDDEN),
        absent=figures("load"),
    ),
    Scenario(
        name="the weights of a loaded model",
        models=(
            msgspec.structs.replace(MODEL, weights_digest=ALIAS),
            msgspec.structs.replace(THEIRS, weights_digest=ALIAS),
        ),
        host=LOADED,
        caveats=caveats(CaveatKind.LOAD_TIME_HIDDEN, CaveatKind.SHARED_HOST),
        absent=figures("load", "GPU share"),
    ),
    Scenario(name="reloaded with another num_ctx", visit=with_another_context, discarded=range(1, 2)),
    Scenario(
        name="server clock 5 hours ahead",
        models=(MODEL, THEIRS),
        host=msgspec.structs.replace(CROWDED, clock_offset_s=18_000),
        settings=msgspec.structs.replace(SETTINGS, if_busy=IfBusy.SKIP),
        caveats=caveats(CaveatKind.LOAD_TIME_HIDDEN),
        absent=figures("load"),
    ),
    Scenario(
        name="server clock 5 hours behind",
        models=(MODEL, THEIRS),
        host=msgspec.structs.replace(CROWDED, clock_offset_s=-18_000),
        caveats=caveats(CaveatKind.LOAD_TIME_HIDDEN),
        absent=figures("load"),
    ),
    Scenario(
        name="a second turn, counted, kept",
        models=model(template=CHAT_TEMPLATE, report_cached_count=True, cached_prompts=3),
        settings=TALKING,
    ),
    Scenario(name="350 W while it writes", watts=Watts(busy_watts=350.0, idle_watts=60.0)),
    Scenario(name="a second turn, kept until another one", models=model(template=CHAT_TEMPLATE), settings=TALKING),
    Scenario(
        name="a second turn, read again", models=model(template=CHAT_TEMPLATE, prompt_cache=False), settings=TALKING
    ),
    Scenario(
        name="throttled at the end (drift)",
        models=(MODEL, ModelScript("n:1b", decode_tps=300)),
        host=HostScript(throttled_after=10),
        ours=("m:1b", "n:1b"),
        caveats=caveats(CaveatKind.DRIFT),
    ),
)


async def measured(scenario: Scenario, url: str) -> Result:
    """Run the real benchmark against a host of the scenario, and return the result of the first of our models."""
    visitor = Visitor(url)
    results: dict[str, Result] = {}

    def emit(event: BenchmarkEvent) -> None:
        visitor.watch(event)
        if isinstance(event, BenchmarkEnded | BenchmarkRevised):
            results[event.result.model] = event.result

    async with open_session() as session:
        client = OllamaClient(session, url)
        stored = await list_models(client, host=url, emit=lambda _: None)
        ours = [found for found in stored if found.name in scenario.ours]
        visit = asyncio.ensure_future(scenario.visit(visitor))
        try:
            await asyncio.sleep(scenario.head_start_s)
            await benchmark_host(
                client,
                ours,
                scenario.settings,
                emit=emit,
                nonce=lambda: secrets.token_hex(4),
                power=Power(watts=scenario.watts),
            )
        finally:
            visit.cancel()
            await asyncio.wait([visit])
    return results[scenario.ours[0]]


def figures_of(result: Result) -> Mapping[Figure, float | None]:
    """Return the figures as a user gets them."""
    turns = result.second_turn
    share, told_by = (None, None) if turns is None else (turns.cached_share, turns.told_by)
    deepest = result.depths[-1] if result.depths else None
    memory = {entry.num_ctx: entry.memory_bytes for entry in result.memory_by_context if entry.basis == "line"}
    return {
        "decode, deep": None if deepest is None else deepest.decode_tps,
        "prefill, deep": None if deepest is None else deepest.prefill_tps,
        "memory at 64k": memory.get(65_536),
        "decode": result.speed_tps,
        "decode, our clock": result.decode_client_tps,
        "prefill": result.prefill_tps,
        "TTFT": result.ttft_s,
        "first answer": result.ttfa_s,
        "load": result.load_s,
        "GPU share": result.gpu_share,
        "second turn, warm": None if turns is None else turns.ttft_warm_s,
        "second turn, cold": None if turns is None else turns.ttft_cold_s,
        "cached share": share if told_by == "count" else None,
        "cached share, by time": share if told_by == "durations" else None,
        "joules a token": None if result.energy is None else result.energy.joules_per_token,
    }
