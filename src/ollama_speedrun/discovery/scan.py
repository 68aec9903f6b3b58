"""Carry out a plan: every server that answers becomes an event at once."""

import asyncio
import errno
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Final

from ..errors import shortage_of
from ..events import Notice, Phase, PhaseBegan, PhaseEnded
from ..wording import counted
from .diagnosis import Outcomes, diagnose, scope
from .dial import HEDGES_S, Dialer, Throttle, even_throttle, neighbour_throttle
from .events import DiscoveryEvent, HostFound, TargetFailed
from .failures import explain
from .judge import Judge
from .knock import Outcome, can_knock, knock
from .name_look_ups import NameLookUps, NamesOf
from .naming import is_address
from .plan import excluded_by
from .progress import Progress
from .recognise import Unrecognised
from .register import NAMED, Meeting, Register
from .resolve import names_of, resolve
from .surroundings import read_neighbours
from .types import Access, DiscoveryPlan, Host, ServerTarget, Sweep
from .waiting import Waiting

_INTERVIEWS_AT_ONCE: Final = 64
_HEDGED_ADDRESSES: Final = 1024
_AT_ONCE_S: Final = 1.0


async def discover(
    plan: DiscoveryPlan, *, emit: Callable[[DiscoveryEvent], None], names_of: NamesOf = names_of
) -> None:
    """Send out what the plan holds, nothing else, and return when every address has answered or had its time.

    Emits `HostFound` as soon as a server is recognised (a look-alike too, under its own kind), `HostMerged` when one is
    reached another way or `names_of` tells what its address is called, `TargetFailed` for a server that the user named
    and that gave no usable answer, `ScanProgress` and `Notice`. Servers are handed on while the rest is still being
    tried. No answer from the network makes it raise.
    """
    for note in plan.notes:
        emit(Notice(note))
    scan = _Scan(plan, emit, names_of)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(scan.ask_this_machine())
            for server in plan.servers:
                group.create_task(scan.ask_server(server))
            group.create_task(scan.ask_candidates())
            for sweep in plan.sweeps:
                group.create_task(scan.sweep(sweep))
        await scan.report()
        await scan.names.finish(plan.names_wait_s)
    finally:
        scan.names.give_up()


async def find_servers(
    plan: DiscoveryPlan, *, emit: Callable[[DiscoveryEvent], None], names_of: NamesOf = names_of
) -> None:
    """Discover as the first phase of a run: `discover` between `PhaseBegan` and `PhaseEnded`."""
    servers = 0

    def count(event: DiscoveryEvent) -> None:
        nonlocal servers
        servers += isinstance(event, HostFound) and event.host.is_ollama
        emit(event)

    emit(PhaseBegan(Phase.DISCOVER, ", ".join(scope(plan))))
    await discover(plan, emit=count, names_of=names_of)
    found = counted(servers, "Ollama server") if servers else "No Ollama instances found"
    emit(PhaseEnded(Phase.DISCOVER, servers > 0, found))


class _ExcludedError(OSError):
    """A name leads into a network to which nothing may be sent."""


class _Scan:
    """One run of a plan: what its tasks share."""

    def __init__(self, plan: DiscoveryPlan, emit: Callable[[DiscoveryEvent], None], names_of: NamesOf) -> None:
        self._plan = plan
        self._emit = emit
        self._dialer = Dialer(plan.rate_per_s)
        self._judge = Judge(plan, self._dialer)
        self._register = Register(plan.own_addresses, proof=self._judge.are_one, mac_of=_mac_of)
        self.names = NameLookUps(names_of, self._name)
        self._waiting = Waiting(lambda text: emit(Notice(text)))
        self._interviews = asyncio.Semaphore(_INTERVIEWS_AT_ONCE)
        self._on_link = neighbour_throttle()
        self._pace = even_throttle(plan.rate_per_s)
        # Behind a router the hedges to thousands of addresses would be a flood; the kernel's own repeats must do.
        is_hedged = plan.address_count <= _HEDGED_ADDRESSES or all(sweep.on_link for sweep in plan.sweeps)
        self._hedges_s = HEDGES_S if is_hedged else HEDGES_S[:1]
        self._slots = asyncio.Semaphore(self._dialer.capacity // len(self._hedges_s))
        self._progress = Progress(plan.address_count, emit)
        self._outcomes = Outcomes()

    async def ask_this_machine(self) -> None:
        """Try loopback, and this machine's other addresses only on ports at which loopback has no server."""
        answered: set[int] = set()
        for server in self._plan.local:
            if server.port in answered and not ip_address(server.host).is_loopback:
                continue
            try:
                ip, stream = await self._dialer.dial_any([server.host], server.port, give_up_s=self._plan.tail_s)
            except OSError:
                continue
            if isinstance(await self._meet(server, ip, stream), Host):
                answered.add(server.port)

    async def ask_server(self, server: ServerTarget) -> None:
        """Try one server that the user named, and say why when that leads nowhere."""
        # Only a server that was asked for is worth a wait that outlasts the scan.
        patience_s = self._plan.named_tail_s if server.via in NAMED else self._plan.tail_s
        try:
            with self._waiting.connecting(server.url, patience_s):
                ip, stream = await self._reach(server, patience_s)
        except _ExcludedError as error:
            self._emit(TargetFailed(server.url, f"{error}."))
            return
        except OSError as error:
            self._emit(TargetFailed(server.url, explain(error, server, waited_s=patience_s)))
            return
        with self._waiting.answering(server.url, self._plan.named_timeout_s):
            met = await self._meet(server, ip, stream, is_named=True)
        if isinstance(met, Unrecognised):
            reason = met.reason if server.token is None else server.token.hide_in(met.reason)
            self._emit(TargetFailed(server.url, f"{reason}."))

    async def ask_candidates(self) -> None:
        """Try every single machine that something here knows of."""
        tail_s = self._plan.tail_s
        await self._try_each(self._plan.candidates, patience_s=tail_s, tail_s=tail_s)

    async def sweep(self, sweep: Sweep) -> None:
        """Try every address of a network."""
        if len(self._hedges_s) == 1 and not sweep.on_link and can_knock():
            await self._knock(sweep)
            return
        servers = (ServerTarget(host=str(address), port=sweep.port, via=sweep.via) for address in sweep.addresses)
        await self._try_each(
            servers, self._on_link if sweep.on_link else None, patience_s=sweep.patience_s, tail_s=sweep.tail_s
        )

    async def _knock(self, sweep: Sweep) -> None:
        """Try every address of a network once."""
        async with asyncio.TaskGroup() as group:
            met: list[asyncio.Task[None]] = []

            def tell(ip: str, outcome: Outcome) -> None:
                self._progress.advance()
                server = ServerTarget(host=ip, port=sweep.port, via=sweep.via)
                if isinstance(outcome, socket.socket):
                    met.append(group.create_task(self._meet_stranger(server, ip, outcome)))
                else:
                    self._note_failure(server, outcome, is_at_once=False)

            await knock(
                map(str, sweep.addresses),
                sweep.port,
                pace=self._pace,
                room=self._dialer.free_files,
                patience_s=sweep.patience_s,
                tell=tell,
            )
            for late in met:
                late.cancel()

    async def _try_each(
        self,
        servers: Iterable[ServerTarget],
        slower_pace: Throttle | None = None,
        *,
        patience_s: float,
        tail_s: float,
    ) -> None:
        """Try these one after the other; what is still open `tail_s` after the last was begun is given up."""
        async with asyncio.TaskGroup() as group:
            tries: list[asyncio.Task[None]] = []
            for server in servers:
                if slower_pace is not None:
                    await slower_pace.wait()
                await self._pace.wait()
                await self._slots.acquire()
                tries.append(group.create_task(self._try(server, patience_s)))
            late = (await asyncio.wait(tries, timeout=tail_s))[1] if tries else ()
            for one in late:
                one.cancel()

    async def _try(self, server: ServerTarget, patience_s: float) -> None:
        """Try one address; late answers count, but the progress does not wait for them."""
        began_s = time.monotonic()
        try:
            with self._progress.one_address(self._plan.connect_timeout_s):
                ip, stream = await self._reach(server, patience_s, self._hedges_s)
        except OSError as error:
            self._note_failure(server, error, is_at_once=time.monotonic() - began_s < _AT_ONCE_S)
            return
        finally:
            self._slots.release()
        await self._meet_stranger(server, ip, stream)

    def _note_failure(self, server: ServerTarget, error: OSError, *, is_at_once: bool) -> None:
        if isinstance(error, ConnectionRefusedError):
            self._outcomes.answered.add(server.host)
            self._outcomes.refused[server.port].append(server.host)
        elif error.errno == errno.EHOSTUNREACH and is_at_once:
            self._outcomes.unreachable_at_once += 1

    async def _meet_stranger(self, server: ServerTarget, ip: str, stream: socket.socket) -> None:
        """Find out who accepted where nobody was named, and say so when it is something else."""
        self._outcomes.answered.add(ip)
        try:
            met = await self._meet(server, ip, stream)
        except asyncio.CancelledError:
            self._outcomes.unverified.append(server.url)
            raise
        if isinstance(met, Unrecognised):
            self._emit(Notice(f"{server.url} {met.reason}."))

    async def _reach(
        self, server: ServerTarget, patience_s: float | None = None, hedges_s: Sequence[float] = HEDGES_S
    ) -> tuple[str, socket.socket]:
        """Return the address that accepted, and the open socket to it; raises OSError where there is none."""
        give_up_s = patience_s or self._plan.tail_s
        ips = await resolve(server.host, timeout_s=give_up_s)
        for ip in ips:
            if (network := excluded_by(ip, self._plan.exclude)) is not None:
                raise _ExcludedError(f"{ip} is in {network}, which is excluded")
        return await self._dialer.dial_any(ips, server.port, give_up_s=give_up_s, hedges_s=hedges_s)

    async def _meet(
        self, server: ServerTarget, ip: str, stream: socket.socket, *, is_named: bool = False
    ) -> Host | Unrecognised:
        """Find out who accepted, and tell it when it is a server of models; one that the user named is believed more.

        An exception out of one server's answers is that server's failure alone.
        """
        spelled = () if is_address(server.host) else (server.host,)
        try:
            async with self._interviews:
                server, verdict = await self._judge.verdict(server, ip, stream, is_named=is_named)
        except Exception as exc:  # noqa: BLE001  # what one server says must not end the search for the others
            shortage = shortage_of(exc)
            if shortage is not None:
                return Unrecognised(f"could not be asked: {shortage}")
            return Unrecognised(
                f"answers what this program does not understand ({type(exc).__name__}); please report it"
            )
        finally:
            stream.close()
        if isinstance(verdict, Unrecognised):
            return verdict
        if is_named and verdict.missing is not None:
            self._emit(Notice(f"{server.url} lists models, but is not taken for Ollama: {verdict.missing}."))
        host = Host(
            url=server.url,
            kind=verdict.kind,
            version=verdict.version,
            via=(server.via,),
            addresses=(ip,),
            name=server.name,
            identity=verdict.identity,
            names=(*(spelled if is_address(server.host) else ()), *self._plan.known_names.get(ip, ())),
        )
        access = Access(token=server.token, trust=self._plan.trust, patience_s=self._plan.named_timeout_s)
        event = await self._register.admit(Meeting(server, verdict, host, access))
        if event is not None:
            self._outcomes.servers += isinstance(event, HostFound) and host.is_ollama
            self._emit(event)
        if isinstance(event, HostFound) and self._plan.looks_up_names and is_address(server.host):
            self.names.ask(host.url, ip)
        return host

    def _name(self, url: str, names: Sequence[str]) -> None:
        """Tell what a host is called."""
        if (event := self._register.call(url, names)) is not None:
            self._emit(event)

    async def report(self) -> None:
        """Say what the scan has learned of machines without a server."""
        seen = await asyncio.to_thread(read_neighbours) if self._plan.sweeps else ()
        places = {neighbour.ip for neighbour in seen}
        for sentence in diagnose(self._plan, self._outcomes, neighbours=places, platform=sys.platform):
            self._emit(Notice(sentence))


async def _mac_of(ip: str) -> str | None:
    """Return the hardware address of a neighbour."""
    neighbours = await asyncio.to_thread(read_neighbours)
    return next((neighbour.mac for neighbour in neighbours if neighbour.ip == ip), None)
