"""The four phases as one asynchronous run that tells what it does in events.

The phases overlap: a host is listed and benchmarked while the scan for others still goes on. Hosts run side by side,
the models of one machine one after another.
"""

import asyncio
import fnmatch
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import aiohttp
import msgspec

from .assessment.recommend import assess
from .assessment.tiers import placed
from .assessment.types import Tier
from .benchmark import outcome
from .benchmark.plan import BenchmarkSettings
from .benchmark.runner import benchmark_host
from .benchmark.types import Result
from .discovery.scan import discover
from .discovery.types import DiscoveryPlan, Host
from .errors import OllamaError
from .events import (
    Assessed,
    BenchmarkEnded,
    BenchmarkQueued,
    BenchmarkRevised,
    Event,
    HostFound,
    HostMerged,
    Phase,
    PhaseBegan,
    PhaseEnded,
    TargetFailed,
)
from .inventory.fetch import list_models
from .inventory.types import Model
from .ollama.client import OllamaClient, open_session
from .report.document import Document

NONCE_BYTES = 4


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the models that were found to benchmark: globs on hosts and names, and tiers; empty means all."""

    hosts: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()

    def takes_host(self, host: Host) -> bool:
        """Whether a host's URL, or one of its addresses, matches."""
        names = (host.url, host.url.partition("://")[2], *host.addresses)
        return not self.hosts or any(_matches(name, self.hosts) for name in names)

    def takes(self, model: Model) -> bool:
        """Whether a model matches by name and, where its size on disk is known, by tier."""
        if self.include and not _matches(model.name, self.include):
            return False
        if _matches(model.name, self.exclude):
            return False
        tier, _ = placed(memory_bytes=None, size_bytes=model.size_bytes)
        return not self.tiers or tier in self.tiers


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to run: what to select, how to benchmark, and how many hosts at once."""

    selection: Selection = Selection()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    concurrency: int = 8


class Run:
    """What a run has found and measured so far; whole or cut short, it can be turned into a document at any time."""

    def __init__(self) -> None:
        self.started_at = datetime.now(UTC)
        self.hosts: dict[str, Host] = {}
        self.models: list[Model] = []
        self.selected: list[Model] = []
        self.results: list[Result] = []

    def document(self, *, complete: bool, assessed: bool = True) -> Document:
        """Return all of it; `complete` is False while the run goes on or after it was interrupted."""
        scored, verdict = assess(self.models, self.results)
        return Document(
            started_at=self.started_at,
            complete=complete,
            hosts=tuple(self.hosts.values()),
            models=tuple(self.models),
            results=scored,
            verdict=verdict if assessed else None,
        )


async def run(
    plan: DiscoveryPlan, settings: RunSettings, *, until: Phase, emit: Callable[[Event], None], into: Run
) -> None:
    """Run the phases up to and including `until`, filling `into` and telling each step to `emit`.

    Servers and models that fail are events and results, never exceptions. Cancelling leaves the finished work in `into`
    and every server as it was found.
    """
    async with open_session() as session:
        await _Pipeline(session, settings, until, emit, into).run(plan)


class _Pipeline:
    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: RunSettings,
        until: Phase,
        emit: Callable[[Event], None],
        into: Run,
    ) -> None:
        self._session = session
        self._settings = settings
        self._until = until
        self._tell = emit
        self._run = into
        self._hosts_at_once = asyncio.Semaphore(settings.concurrency)
        self._machines: dict[str, asyncio.Lock] = {}
        self._own_addresses: frozenset[str] = frozenset()
        self._begun: set[Phase] = set()
        self._listings_open = 0

    async def run(self, plan: DiscoveryPlan) -> None:
        self._own_addresses = plan.own_addresses
        self._begin(Phase.DISCOVER, _scope(plan))
        async with asyncio.TaskGroup() as hosts:

            def found(event: Event) -> None:
                self._keep(event)
                if isinstance(event, HostFound) and event.host.is_ollama and self._reaches(Phase.ENUMERATE):
                    self._listings_open += 1
                    hosts.create_task(self._host(event.host))

            self._listings_open += 1
            await discover(plan, emit=found)
            self._end_discovery()
            self._listing_closed()
        if Phase.BENCHMARK in self._begun:
            self._end_benchmarks()
        if self._until is Phase.ASSESS and self._run.results:
            self._assess()

    def _reaches(self, phase: Phase) -> bool:
        order = list(Phase)
        return order.index(phase) <= order.index(self._until)

    def _keep(self, event: Event) -> None:
        """Tell an event, and remember what it says about hosts and results."""
        match event:
            case HostFound(host) | HostMerged(host):
                self._run.hosts[host.url] = host
            case BenchmarkEnded(result):
                self._run.results.append(result)
            case BenchmarkRevised(result):
                same = (result.host, result.model, result.variant)
                self._run.results[:] = [
                    result if (known.host, known.model, known.variant) == same else known for known in self._run.results
                ]
            case _:
                pass
        self._tell(event)

    def _begin(self, phase: Phase, detail: str) -> None:
        if phase not in self._begun:
            self._begun.add(phase)
            self._tell(PhaseBegan(phase, detail))

    async def _host(self, host: Host) -> None:
        if not self._settings.selection.takes_host(host):
            self._listing_closed()
            return
        client = OllamaClient(self._session, host.url)
        self._begin(Phase.ENUMERATE, "the models of each server")
        models: tuple[Model, ...] = ()
        try:
            models = await list_models(client, host=host.url, emit=self._tell)
        except OllamaError as exc:
            self._tell(TargetFailed(host.url, str(exc)))
        self._run.models.extend(models)
        self._listing_closed()
        chosen = [model for model in models if self._settings.selection.takes(model)]
        self._run.selected.extend(chosen)
        if self._reaches(Phase.BENCHMARK) and chosen:
            await self._benchmark(client, host, chosen)

    async def _benchmark(self, client: OllamaClient, host: Host, models: Sequence[Model]) -> None:
        """Benchmark a host's models when its machine is free and fewer than `concurrency` others are at work."""
        self._begin(Phase.BENCHMARK, "each model, one at a time on each machine")
        runnable = [model for model in models if model.can_be_measured]
        for model in models:
            if not model.can_be_measured:
                self._keep(BenchmarkEnded(outcome.skipped(model)))
        for model in runnable:
            self._tell(BenchmarkQueued(model.host, model.name))
        if not runnable:
            return
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(self._machines.setdefault(self._machine(host), asyncio.Lock()))
            await turn.enter_async_context(self._hosts_at_once)
            await benchmark_host(
                client,
                runnable,
                self._settings.benchmark,
                emit=self._keep,
                nonce=lambda: secrets.token_hex(NONCE_BYTES),
            )

    def _machine(self, host: Host) -> str:
        """Name the machine behind a host: servers that share an address would slow each other down."""
        address = host.addresses[0]
        return "this machine" if address in self._own_addresses else address

    def _listing_closed(self) -> None:
        """Count a listing, or the scan, as over; the phase ends with the last."""
        self._listings_open -= 1
        if self._listings_open == 0 and Phase.ENUMERATE in self._begun:
            found = len(self._run.models)
            self._tell(
                PhaseEnded(
                    Phase.ENUMERATE, found > 0, _count(found, "model") if found else "No models found on any instance"
                )
            )

    def _end_discovery(self) -> None:
        servers = sum(host.is_ollama for host in self._run.hosts.values())
        summary = _count(servers, "Ollama server") if servers else "No Ollama instances found"
        self._tell(PhaseEnded(Phase.DISCOVER, servers > 0, summary))

    def _end_benchmarks(self) -> None:
        ok = sum(result.status == "ok" for result in self._run.results)
        failed = sum(result.status == "failed" for result in self._run.results)
        skipped = len(self._run.results) - ok - failed
        parts = [
            f"{ok} measured",
            *([f"{failed} failed"] if failed else []),
            *([f"{skipped} skipped"] if skipped else []),
        ]
        self._tell(PhaseEnded(Phase.BENCHMARK, ok > 0, ", ".join(parts)))

    def _assess(self) -> None:
        self._begin(Phase.ASSESS, "scores, memory tiers, recommendation")
        _, verdict = assess(self._run.models, self._run.results)
        self._tell(Assessed(verdict))
        best = verdict.recommendation
        summary = f"{best.label} on {best.host}" if best else "nothing could be scored"
        self._tell(PhaseEnded(Phase.ASSESS, best is not None, summary))


def _scope(plan: DiscoveryPlan) -> str:
    """Say in words what a plan will touch."""
    parts = [*(["this machine"] if plan.local else []), *(target.url for target in plan.servers)]
    parts += [f"{sweep.network} port {sweep.port} ({_count(len(sweep.addresses), 'address')})" for sweep in plan.sweeps]
    return ", ".join(parts)


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), glob.lower()) for glob in globs)


def _count(number: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number} {noun if number == 1 else plural}"
