"""Carry out a plan: every server that answers becomes an event at once."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from ipaddress import ip_address
from typing import Final

import msgspec

from ..events import Event, Notice, ScanProgress, TargetFailed
from .dial import HEDGES_S, Dialer, Throttle, neighbour_throttle
from .exchange import Exchange, interview
from .failures import explain
from .recognise import (
    COMPATIBLE,
    HOST_CHECKED,
    Recognised,
    Unrecognised,
    recognise,
    refuses_host_header,
)
from .register import Register
from .resolve import resolve
from .types import OLLAMA, DiscoveryPlan, Host, ServerTarget, Sweep

_INTERVIEWS_AT_ONCE: Final = 64
_HEDGED_ADDRESSES: Final = 4096
_OFF_LINK_PER_S: Final = 5000
_SHOWN_ADDRESSES: Final = 6


async def discover(plan: DiscoveryPlan, *, emit: Callable[[Event], None]) -> None:
    """Send out what the plan holds, nothing else, and return when every address has answered or had its time.

    Emits `HostFound` as soon as a server is recognised (a look-alike too, under its own kind), `HostMerged` when one is
    reached another way, `TargetFailed` for a server that the user named and that gave no usable answer, `ScanProgress`
    and `Notice`. Servers are handed on while the rest is still being tried. No answer from the network makes it raise.
    """
    for note in plan.notes:
        emit(Notice(note))
    scan = _Scan(plan, emit)
    async with asyncio.TaskGroup() as group:
        group.create_task(scan.ask_this_machine())
        for server in plan.servers:
            group.create_task(scan.ask_server(server))
        for sweep in plan.sweeps:
            group.create_task(scan.sweep(sweep))
    scan.report_refusals()


class _Scan:
    """One run of a plan: what its tasks share."""

    def __init__(self, plan: DiscoveryPlan, emit: Callable[[Event], None]) -> None:
        self._plan = plan
        self._emit = emit
        self._dialer = Dialer()
        self._register = Register(plan.own_addresses)
        self._interviews = asyncio.Semaphore(_INTERVIEWS_AT_ONCE)
        self._on_link = neighbour_throttle()
        self._off_link = Throttle(_OFF_LINK_PER_S, 1.0)
        self._progress = _Progress(plan.address_count, emit)
        self._refused: dict[int, list[str]] = {}

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
        try:
            ips = await resolve(server.host, timeout_s=self._plan.tail_s)
            ip, stream = await self._dialer.dial_any(ips, server.port, give_up_s=self._plan.tail_s)
        except OSError as error:
            self._emit(TargetFailed(server.url, explain(error, server, waited_s=self._plan.tail_s)))
            return
        met = await self._meet(server, ip, stream)
        if isinstance(met, Unrecognised):
            self._emit(TargetFailed(server.url, f"{met.reason}."))

    async def sweep(self, sweep: Sweep) -> None:
        """Try every address of a network."""
        throttle = self._on_link if sweep.on_link else self._off_link
        # Beyond a few thousand addresses the hedges alone would be a flood; the kernel's own repeats must do.
        hedges_s = HEDGES_S if len(sweep.addresses) <= _HEDGED_ADDRESSES else HEDGES_S[:1]
        async with asyncio.TaskGroup() as group:
            for address in sweep.addresses:
                await throttle.wait()
                server = ServerTarget(host=str(address), port=sweep.port, via=sweep.via)
                group.create_task(self._try(server, hedges_s))

    async def _try(self, server: ServerTarget, hedges_s: Sequence[float]) -> None:
        """Try one address of a sweep; late answers count, but the progress does not wait for them."""
        with self._progress.one_address(self._plan.connect_timeout_s):
            try:
                ip, stream = await self._dialer.dial_any(
                    [server.host], server.port, give_up_s=self._plan.tail_s, hedges_s=hedges_s
                )
            except ConnectionRefusedError:
                self._refused.setdefault(server.port, []).append(server.host)
                return
            except OSError:
                return
        met = await self._meet(server, ip, stream)
        if isinstance(met, Unrecognised):
            self._emit(Notice(f"{server.url} {met.reason}."))

    async def _meet(self, server: ServerTarget, ip: str, stream: socket.socket) -> Host | Unrecognised:
        """Find out who accepted, and tell it when it is a server of models."""
        try:
            async with self._interviews:
                server, verdict = await self._judge(server, ip, stream)
        finally:
            stream.close()
        if isinstance(verdict, Unrecognised):
            return verdict
        host = Host(url=server.url, kind=verdict.kind, version=verdict.version, via=(server.via,), addresses=(ip,))
        event = self._register.admit(host, port=server.port, models_key=verdict.models_key)
        if event is not None:
            self._emit(event)
        return host

    async def _judge(
        self, server: ServerTarget, ip: str, stream: socket.socket
    ) -> tuple[ServerTarget, Recognised | Unrecognised]:
        """Return the verdict, and the server under the name by which it lets itself be asked."""
        exchange = await self._interview(server, ip, stream)
        if not refuses_host_header(exchange.answers):
            return server, _verdict(exchange)
        if server.scheme == "http" and server.host != ip:
            by_address = msgspec.structs.replace(server, host=ip)
            exchange = await self._interview(by_address, ip)
            if not refuses_host_header(exchange.answers):
                return by_address, _verdict(exchange)
        verdict = _verdict(await self._interview(server, ip, host_header="localhost"))
        if isinstance(verdict, Recognised) and verdict.kind == OLLAMA:
            # It is Ollama, but it would turn away every client that does not pretend to be on its machine.
            verdict = msgspec.structs.replace(verdict, kind=HOST_CHECKED)
        return server, verdict

    async def _interview(
        self, server: ServerTarget, ip: str, stream: socket.socket | None = None, *, host_header: str | None = None
    ) -> Exchange:
        return await interview(
            server,
            partial(self._dialer.dial, ip, server.port),
            first=stream,
            timeout_s=self._plan.http_timeout_s,
            tls=self._tls if server.scheme == "https" else None,
            host_header=host_header,
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def report_refusals(self) -> None:
        """Name the machines that are up with nothing on the port: that is what a wrong OLLAMA_HOST looks like."""
        for port, hosts in sorted(self._refused.items()):
            shown = ", ".join(sorted(hosts, key=ip_address)[:_SHOWN_ADDRESSES])
            more = f" and {len(hosts) - _SHOWN_ADDRESSES} more" if len(hosts) > _SHOWN_ADDRESSES else ""
            self._emit(
                Notice(
                    f"Up, but nothing accepts on port {port}: {shown}{more}. "
                    "Where Ollama runs there, is OLLAMA_HOST=0.0.0.0 set?"
                )
            )


class _Progress:
    """Counts the addresses that have answered or had their time, and tells it in about a hundred steps."""

    def __init__(self, total: int, emit: Callable[[Event], None]) -> None:
        self._total = total
        self._emit = emit
        self._probed = 0
        self._step = max(1, total // 100)

    @contextmanager
    def one_address(self, timeout_s: float) -> Iterator[None]:
        """Count one address at the end of the block, or after `timeout_s` when that comes first."""
        is_counted = False

        def count() -> None:
            nonlocal is_counted
            if not is_counted:
                is_counted = True
                self._advance()

        timer = asyncio.get_running_loop().call_later(timeout_s, count)
        try:
            yield
        finally:
            timer.cancel()
            count()

    def _advance(self) -> None:
        self._probed += 1
        if self._probed % self._step == 0 or self._probed == self._total:
            self._emit(ScanProgress(self._probed, self._total))


def _verdict(exchange: Exchange) -> Recognised | Unrecognised:
    """Judge what came; where something is missing and nothing gave the server away, say what went wrong."""
    verdict = recognise(exchange.answers)
    if exchange.failure is not None and (isinstance(verdict, Unrecognised) or verdict.kind == COMPATIBLE):
        return Unrecognised(exchange.failure)
    return verdict
