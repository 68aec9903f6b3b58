"""The four phases as one asynchronous run that tells what it does in events.

The phases overlap: a host is listed and benchmarked while the scan for others still goes on. Hosts run side by side,
the models of one machine one after another.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import aiohttp
import msgspec

from ..assessment.events import Assessed
from ..assessment.recommend import assess
from ..benchmark import outcome
from ..benchmark.events import BenchmarkEnded, BenchmarkQueued
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.runner import benchmark_host
from ..benchmark.types import Result
from ..discovery.events import HostFound, TargetFailed
from ..discovery.scan import find_servers
from ..discovery.types import Access, DiscoveryPlan, Host, Trust
from ..errors import OllamaError
from ..events import Phase, PhaseBegan, PhaseEnded
from ..inventory.fetch import list_models
from ..inventory.types import Model
from ..ollama.client import OllamaClient, open_session
from ..ollama.tls import client_context
from .events import Event
from .record import Run, Selection

NONCE_BYTES = 4


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to run: what to select, how to benchmark, and how many hosts at once."""

    selection: Selection = Selection()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    concurrency: int = 8


async def run(
    plan: DiscoveryPlan, settings: RunSettings, *, until: Phase, emit: Callable[[Event], None], into: Run
) -> None:
    """Run the phases up to and including `until`, filling `into` and telling each step to `emit`.

    Servers and models that fail are events and results, never exceptions. Cancelling leaves the finished work in `into`
    and every server as it was found.
    """
    into.settings = settings.benchmark
    await _Pipeline(plan, settings, until, emit, into).run()


class _Pipeline:
    def __init__(
        self,
        plan: DiscoveryPlan,
        settings: RunSettings,
        until: Phase,
        emit: Callable[[Event], None],
        into: Run,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._until = until
        self._tell = emit
        self._run = into
        self._hosts_at_once = asyncio.Semaphore(settings.concurrency)
        self._machines: dict[str, asyncio.Lock] = {}
        self._begun: set[Phase] = set()
        self._listings_open = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as hosts:

            def found(event: Event) -> None:
                self._keep(event)
                if isinstance(event, HostFound) and event.host.is_ollama and self._until >= Phase.ENUMERATE:
                    self._listings_open += 1
                    hosts.create_task(self._host(event.host, event.access))

            self._listings_open += 1
            await find_servers(self._plan, emit=found)
            self._listing_closed()
        if Phase.BENCHMARK in self._begun:
            self._end_benchmarks()
        if self._until is Phase.ASSESS and any(map(_asks_for_a_score, self._run.results)):
            self._assess()

    def _keep(self, event: Event) -> None:
        """Tell an event, and remember what it says about hosts and results."""
        self._run.keep(event)
        self._tell(event)

    def _begin(self, phase: Phase, detail: str) -> None:
        if phase not in self._begun:
            self._begun.add(phase)
            self._tell(PhaseBegan(phase, detail))

    async def _host(self, host: Host, access: Access) -> None:
        if not self._settings.selection.takes_host(host):
            self._listing_closed()
            return
        # A session of its own, so that no other host can be sent the token.
        async with _session_of(access) as session:
            await self._work_on(OllamaClient(session, host.url), host)

    async def _work_on(self, client: OllamaClient, host: Host) -> None:
        """List a host's models and benchmark those that are selected."""
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
        if self._until >= Phase.BENCHMARK and chosen:
            await self._benchmark(client, host, chosen)

    async def _benchmark(self, client: OllamaClient, host: Host, models: Sequence[Model]) -> None:
        """Benchmark a host's models when its machine is free and fewer than `concurrency` others are at work."""
        self._begin(Phase.BENCHMARK, "each model, one at a time on each machine")
        runnable = [model for model in models if model.can_be_measured]
        for model in models:
            if not model.can_be_measured:
                skipped = outcome.stamped(outcome.skipped(model), model, server_version=host.version)
                self._keep(BenchmarkEnded(skipped))
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
                server_version=host.version,
            )

    def _machine(self, host: Host) -> str:
        """Name the machine behind a host: servers that share an address would slow each other down."""
        address = host.addresses[0]
        return "this machine" if address in self._plan.own_addresses else address

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


def _session_of(access: Access) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    """Return the HTTP session for the server that this access belongs to."""
    token, trust = access.token, access.trust
    tls = client_context(trust.ca_files, insecure=trust.insecure) if trust != Trust() else None
    return open_session(tls, authorization=f"Bearer {token.reveal()}" if token else None)


def _count(number: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number} {noun if number == 1 else plural}"


def _asks_for_a_score(result: Result) -> bool:
    return result.status != "skipped" and result.embedding is None
