"""The four phases as one asynchronous run that tells what it does in events.

The phases overlap: a host is listed and benchmarked while the scan for others still goes on. Machines work side by
side, the models of one machine one after another.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Final

import aiohttp

from ..assessment.events import Assessed
from ..benchmark import derive
from ..benchmark.events import BenchmarkEnded, BenchmarkQueued
from ..benchmark.runner import Studies, benchmark_host, no_studies, study_again
from ..benchmark.types import Result
from ..discovery.events import HostFound, HostMerged, TargetFailed
from ..discovery.scan import find_servers
from ..discovery.types import Access, DiscoveryPlan, Host, Trust
from ..errors import OllamaError, shortage_of
from ..events import Notice, Phase, PhaseBegan, PhaseEnded
from ..inventory.fetch import list_models
from ..inventory.types import Model
from ..ollama.client import Bounds, OllamaClient, open_session
from ..ollama.tls import client_context
from ..results.known import Recall
from ..visit.events import Waiting
from ..wording import counted
from . import forecast
from .events import Event, Forecasted, TimeLimitReached
from .examiner import Examiner, examiner
from .gate import Approve, Gate
from .knowledge import Knowledge
from .outlook import Outlook
from .power import PowerSources
from .record import Run
from .rounds import Rounds, Work
from .settings import RunSettings
from .standings import Standings
from .takeover import Takeover
from .time_limit import TimeLimit
from .workers import Workers

NONCE_BYTES: Final = 4
DECLINED: Final = "nothing was measured: the question was answered with no"
THIS_MACHINE: Final = "this machine"
LISTING_PATIENCE_S: Final = 10.0
"""A server that lists its models for longer than this holds up neither the forecast nor the other servers."""


async def run(  # noqa: PLR0913  # independent inputs, named at the call
    plan: DiscoveryPlan,
    settings: RunSettings,
    *,
    until: Phase,
    emit: Callable[[Event], None],
    into: Run,
    studies: Studies | None = None,
    approve: Approve | None = None,
    recall: Recall | None = None,
) -> None:
    """Run the phases up to and including `until`, filling `into` and telling each step to `emit`.

    `studies` returns what to do with a model once its speed is measured; None asks it graded items.
    `recall` returns what earlier runs know of models, which is taken over and not measured.
    With `approve` nothing is measured before the models are listed and it returned True; without it, machines begin at
    once.

    Servers and models that fail are events and results, never exceptions. Cancelling leaves the finished work in `into`
    and every server as it was found; so does the end of the time that the settings allow, with a verdict.
    """
    into.begin(settings.selection, settings.benchmark, uses=settings.uses, items_files=settings.items_files)
    standings = Standings(into, settings.benchmark)
    outlook = Outlook(standings, settings.benchmark, at_once=settings.concurrency)
    teller = _Teller(emit, into, outlook)
    limit = TimeLimit(settings.time_limit_s)
    with examiner(settings, record=into, emit=teller.tell) as examined:
        first = no_studies if examined is None else examined.first
        pipeline = _Pipeline(
            plan, settings, studies or first, teller, limit, until, Gate(approve, limit), recall, examined
        )
        async with limit.running(), outlook.told(teller.tell):
            await pipeline.measure()
            if examined is not None and settings.benchmark.races:
                await pipeline.race(examined, standings)
    pipeline.end()


class _Teller:
    """Keeps each event and hands it on. The run is written here and nowhere else."""

    def __init__(self, emit: Callable[[Event], None], record: Run, outlook: Outlook) -> None:
        self.record = record
        self.outlook = outlook
        self.is_broken = False
        self._emit = emit

    def tell(self, event: Event) -> None:
        """Record an event and hand it on; what the receiver raises is no host's failure and ends the run."""
        self.record.keep(event)
        self.outlook.take_in(event)
        try:
            self._emit(event)
        except Exception:
            self.is_broken = True
            raise


class _Pipeline:
    def __init__(  # noqa: PLR0913, PLR0917  # what `run` was given
        self,
        plan: DiscoveryPlan,
        settings: RunSettings,
        studies: Studies,
        teller: _Teller,
        limit: TimeLimit,
        until: Phase,
        gate: Gate,
        recall: Recall | None,
        examined: Examiner | None,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._studies = studies
        self._teller = teller
        self._tell = teller.tell
        self._record = teller.record
        self._limit = limit
        self._until = until
        self._servers: dict[str, tuple[Host, Access]] = {}
        self._not_listed: dict[str, Access] = {}
        self._gate = gate
        self._power = PowerSources(
            settings.watts, servers=plan.servers, price_per_kwh=settings.price_per_kwh, tell=teller.tell
        )
        self._queues: defaultdict[str, list[Model]] = defaultdict(list)
        self._all_queued = asyncio.Event()
        self._begun: set[Phase] = set()
        self._listings_open = 1  # the scan, which may open more
        self._knowledge = Knowledge(recall, thinking=settings.benchmark.thinking, examined=examined)
        self._takeover = Takeover(
            self._knowledge,
            examined=examined,
            trial_tokens=settings.benchmark.trial_tokens,
            visit_again=self._visit_again,
            may_begin=self._may_begin,
            tell=self._tell,
        )
        if examined is not None:
            examined.begun = self._knowledge.record

    async def measure(self) -> None:
        """Find the servers, list their models and give each model its first visit."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._workers = Workers(group, at_once=self._settings.concurrency)
            await find_servers(self._plan, emit=self.take_in)
            self.scan_is_over()
            if self._until >= Phase.BENCHMARK:
                await self._foretell()

    def take_in(self, event: Event) -> None:
        """Tell an event of the scan, and begin the work on a server that was found, or whose name has it chosen."""
        self._tell(event)
        if not isinstance(event, HostFound | HostMerged) or self._until < Phase.ENUMERATE:
            return
        if isinstance(event, HostFound):
            self._not_listed[event.host.url] = event.access
        host = event.host
        if host.url in self._not_listed and host.is_ollama and self._record.has_chosen(host):
            self._listings_open += 1
            self._group.create_task(self._list(host, self._not_listed.pop(host.url)))

    def scan_is_over(self) -> None:
        """Note that no more servers will come."""
        self._listing_closed()
        self._note_whether_all_are_queued()

    async def _foretell(self) -> None:
        """Tell what is to be done as soon as all models are listed, and have it approved."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTING_PATIENCE_S):
                await self._all_queued.wait()
        found = None
        if self._queues:
            found = forecast.forecast(self._queues, self._settings.benchmark, at_once=self._settings.concurrency)
            self._tell(Forecasted(found))
        await self._gate.decide(found)

    def _note_whether_all_are_queued(self) -> None:
        if self._listings_open == 0:
            self._all_queued.set()

    async def _list(self, host: Host, access: Access) -> None:
        """List a host's models, and queue the benchmarks of those that are chosen."""
        self._begin(Phase.ENUMERATE, "the models of each server")
        await self._on_host(host, access, self._fetch)
        self._listing_closed()
        chosen = self._record.chosen_on(host)
        if self._until >= Phase.BENCHMARK and chosen:
            await self._knowledge.learn(host, [model for model in chosen if model.can_be_measured])
            self._queue(host, access, chosen)
        self._note_whether_all_are_queued()

    async def _fetch(self, client: OllamaClient, host: Host) -> None:
        self._tell(Waiting(host.url, "listing its models"))
        try:
            await list_models(client, host=host.url, emit=self._tell)
        except OllamaError as exc:
            self._tell(TargetFailed(host.url, str(exc)))
        finally:
            self._tell(Waiting(host.url, None))

    def _queue(self, host: Host, access: Access, models: Sequence[Model]) -> None:
        """Queue the benchmarks of a host's models for its machine."""
        self._servers[host.url] = (host, access)
        self._begin(Phase.BENCHMARK, "each model, one at a time on each machine")
        for model in models:
            if model.aliases:
                names = f"{', '.join(model.aliases[:-1])} and {model.aliases[-1]}".removeprefix(" and ")
                self._tell(Notice(f"{model.name} on {model.host} is also called {names}: it is measured once"))
            if not model.can_be_measured:
                self._tell_result(derive.skipped(model), model, host)
        runnable = [model for model in models if model.can_be_measured]
        for model in runnable:
            self._tell(BenchmarkQueued(model.host, model.name))
        if runnable:
            new = self._knowledge.left(runnable)
            if new:
                self._queues[self._machine(host)].extend(new)
                self._teller.outlook.queue(self._machine(host), new)
            self._workers.submit(self._machine(host), lambda: self._benchmark(host, access, runnable))

    async def _benchmark(self, host: Host, access: Access, models: Sequence[Model]) -> None:
        """Benchmark a host's models; those that got no result because of an exception have failed."""
        if not await self._gate.is_open():
            return
        models = await self._takeover.take(host, models)
        if not models:
            return
        failure = await self._on_host(host, access, partial(self._visit, models=models))
        if failure is not None:
            for model in self._record.without_result(models):
                self._tell_result(derive.failed(model, failure), model, host)

    async def _visit(self, client: OllamaClient, host: Host, *, models: Sequence[Model]) -> None:
        await benchmark_host(
            client,
            models,
            self._settings.benchmark,
            emit=self._tell,
            nonce=lambda: secrets.token_hex(NONCE_BYTES),
            server_version=host.version,
            studies=self._studies,
            may_begin=self._may_begin,
            begun=self._knowledge.result,
            power=self._power.of(host, is_this_machine=self._machine(host) == THIS_MACHINE),
        )

    def _may_begin(self, model: Model) -> bool:
        """Tell if the time that is left allows the shortest useful visit of a model."""
        mine = [result for result in self._record.results if result.host == model.host]
        speed = forecast.speed_of(self._record.models, mine, forecast.FAST)
        return self._limit.allows(forecast.shortest_visit_s(model, speed, self._settings.benchmark))

    async def _on_host(
        self, host: Host, access: Access, work: Callable[[OllamaClient, Host], Awaitable[None]]
    ) -> str | None:
        """Do some work on a host in a session of its own, so that no other host can be sent its token.

        An exception is the failure of this host alone: it is reported, and returned in words.
        """
        try:
            async with _session_of(access) as session:
                bounds = Bounds(connect_timeout_s=access.patience_s, short_timeout_s=access.patience_s)
                await work(OllamaClient(session, host.url, bounds), host)
        except Exception as exc:  # one host's bad answer must not end the work on the others
            if self._teller.is_broken:
                raise
            failure = shortage_of(exc) or (
                f"the work on this server ended with an error in this program: {_in_words(exc)}; please report it"
            )
            self._tell(TargetFailed(host.url, failure))
            return failure
        return None

    async def race(self, examined: Examiner, standings: Standings) -> None:
        """Ask on, in rounds, until the best of each tier is told apart."""
        if self._gate.is_closed:
            return
        rounds = Rounds(
            self._record,
            examined,
            standings,
            visit_again=self._visit_again,
            machine_of=lambda url: self._machine(self._servers[url][0]),
            tell=self._tell,
            at_once=self._settings.concurrency,
            may_begin=self._may_ask_again,
        )
        await rounds.run()

    def _may_ask_again(self, model: Model) -> bool:
        """Tell if the time that is left allows to load a model once more."""
        mine = [result for result in self._record.results if result.host == model.host]
        speed = forecast.speed_of(self._record.models, mine, forecast.FAST)
        return self._limit.allows(speed.load_s(model.size_bytes))

    async def _visit_again(self, url: str, work: Work) -> None:
        host, access = self._servers[url]

        async def visit(client: OllamaClient, _host: Host) -> None:
            nonce = partial(secrets.token_hex, NONCE_BYTES)
            await study_again(client, work, self._settings.benchmark, emit=self._tell, nonce=nonce)

        await self._on_host(host, access, visit)

    def _tell_result(self, result: Result, model: Model, host: Host) -> None:
        self._tell(BenchmarkEnded(derive.stamped(result, model, server_version=host.version)))

    def _machine(self, host: Host) -> str:
        """Name the machine behind a host: servers that share an address would slow each other down."""
        address = host.addresses[0]
        return THIS_MACHINE if address in self._plan.own_addresses else address

    def _called(self, url: str) -> str:
        """Return what a host is called: by the user, or else by the network, or else its URL."""
        host = self._record.hosts[url]
        return host.name or next(iter(host.names), url)

    def _begin(self, phase: Phase, detail: str) -> None:
        if phase not in self._begun:
            self._begun.add(phase)
            self._tell(PhaseBegan(phase, detail))

    def _listing_closed(self) -> None:
        """Count a listing, or the scan, as over; the phase ends with the last."""
        self._listings_open -= 1
        if self._listings_open == 0 and Phase.ENUMERATE in self._begun:
            found = len(self._record.models)
            summary = counted(found, "model") if found else "No models found on any instance"
            self._tell(PhaseEnded(Phase.ENUMERATE, found > 0, summary))

    def end(self) -> None:
        """Tell how the benchmarks ended, and assess them where that is asked for."""
        results = self._record.results
        if self._until >= Phase.BENCHMARK:
            self._power.tell_unused()
        if self._limit.is_reached:
            measured = {(result.host, result.model) for result in results if result.status == "ok"}
            runnable = sum(model.can_be_measured for model in self._record.to_measure)
            self._tell(TimeLimitReached(len(measured), runnable))
        if self._gate.is_closed:
            if Phase.BENCHMARK in self._begun:
                self._tell(PhaseEnded(Phase.BENCHMARK, False, DECLINED))
            return
        if Phase.BENCHMARK in self._begun:
            self._tell(_end_of_benchmarks(results))
        if self._until >= Phase.ASSESS and any(map(_asks_for_a_score, results)):
            self._begin(Phase.ASSESS, "scores, memory tiers, recommendation")
            _, verdict = self._record.assess()
            self._tell(Assessed(verdict))
            best = verdict.pick_for(self._settings.use)
            summary = f"{best.label} on {self._called(best.host)}" if best else "no recommendation"
            self._tell(PhaseEnded(Phase.ASSESS, best is not None, summary))


def _session_of(access: Access) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    """Return the HTTP session for the server that this access belongs to."""
    token, trust = access.token, access.trust
    tls = client_context(trust.ca_files, insecure=trust.insecure) if trust != Trust() else None
    return open_session(tls, authorization=f"Bearer {token.reveal()}" if token else None)


def _in_words(exc: BaseException) -> str:
    """Name an exception, the first one of a group."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return f"{type(exc).__name__}: {exc}"


def _end_of_benchmarks(results: Sequence[Result]) -> PhaseEnded:
    taken = sum(result.measured_in is not None for result in results)
    ok = sum(result.status == "ok" for result in results) - taken
    failed = sum(result.status == "failed" for result in results)
    skipped = len(results) - ok - taken - failed
    parts = [
        f"{ok} measured",
        *([f"{taken} taken over"] if taken else []),
        *([f"{failed} failed"] if failed else []),
        *([f"{skipped} skipped"] if skipped else []),
    ]
    return PhaseEnded(Phase.BENCHMARK, ok + taken > 0, ", ".join(parts))


def _asks_for_a_score(result: Result) -> bool:
    return result.status != "skipped" and result.embedding is None
