"""Asks a server who it is, and judges what it says."""

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from functools import cached_property, partial

import msgspec

from ..ollama.tls import client_context
from .dial import Dialer
from .exchange import QUESTIONS, Exchange, interview
from .recognise import (
    COMPATIBLE,
    HOST_CHECKED,
    PS,
    Answer,
    Recognised,
    Unrecognised,
    pause_s,
    recognise,
    refuses_host_header,
    same_loaded_models,
)
from .resolve import resolve
from .types import OLLAMA, DiscoveryPlan, ServerTarget


class Judge:
    """Interviews servers over the connections that a dialer opens, within the bounds of a plan."""

    def __init__(self, plan: DiscoveryPlan, dialer: Dialer) -> None:
        self._plan = plan
        self._dialer = dialer

    async def verdict(
        self, server: ServerTarget, ip: str, stream: socket.socket, *, is_named: bool
    ) -> tuple[ServerTarget, Recognised | Unrecognised]:
        """Return the verdict, and the server under the name by which it lets itself be asked."""
        timeout_s = self._plan.named_timeout_s if is_named else self._plan.http_timeout_s
        exchange = await self._interview(server, ip, stream, timeout_s=timeout_s)
        if is_named:
            exchange = await self._asked_again(server, ip, exchange, timeout_s=timeout_s)
        if not refuses_host_header(exchange.answers):
            return server, _verdict(exchange, is_named=is_named)
        if server.scheme == "http" and server.host != ip:
            by_address = msgspec.structs.replace(server, host=ip)
            exchange = await self._interview(by_address, ip, timeout_s=timeout_s)
            if not refuses_host_header(exchange.answers):
                return by_address, _verdict(exchange, is_named=is_named)
        exchange = await self._interview(server, ip, timeout_s=timeout_s, host_header="localhost")
        verdict = _verdict(exchange, is_named=is_named)
        if isinstance(verdict, Recognised) and verdict.kind == OLLAMA:
            # It is Ollama, but it would turn away every client that does not pretend to be on its machine.
            verdict = msgspec.structs.replace(verdict, kind=HOST_CHECKED)
        return server, verdict

    async def _asked_again(self, server: ServerTarget, ip: str, exchange: Exchange, *, timeout_s: float) -> Exchange:
        """Return what a server says once it is no longer busy or restarting, or what it said last before the time-out.

        A server that nobody named is asked once.
        """
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + timeout_s
        while (wait_s := pause_s(exchange.answers, now_s=time.time())) is not None:
            if loop.time() + wait_s >= give_up_s:
                break
            await asyncio.sleep(wait_s)
            exchange = await self._interview(server, ip, timeout_s=give_up_s - loop.time())
        return exchange

    async def are_one(self, known: ServerTarget, new: ServerTarget) -> bool | None:
        """Return whether two servers with the same models are one, by what they have loaded; None where nothing is."""
        ours, theirs = await asyncio.gather(*(self._loaded(server) for server in (known, new)))
        return same_loaded_models(ours, theirs)

    async def _loaded(self, server: ServerTarget) -> Answer | None:
        try:
            ip, *_ = await resolve(server.host, timeout_s=self._plan.http_timeout_s)
        except OSError:
            return None
        exchange = await self._interview(server, ip, questions=(PS,))
        return exchange.answers.get(PS)

    async def _interview(  # noqa: PLR0913  # the server, two ways to ask it, and two bounds
        self,
        server: ServerTarget,
        ip: str,
        stream: socket.socket | None = None,
        *,
        timeout_s: float | None = None,
        host_header: str | None = None,
        questions: Sequence[str] = QUESTIONS,
    ) -> Exchange:
        return await interview(
            server,
            partial(self._dialer.dial, ip, server.port),
            first=stream,
            timeout_s=timeout_s or self._plan.http_timeout_s,
            tls=self._tls if server.scheme == "https" else None,
            host_header=host_header,
            questions=questions,
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return client_context(self._plan.trust.ca_files, insecure=self._plan.trust.insecure)


def _verdict(exchange: Exchange, *, is_named: bool) -> Recognised | Unrecognised:
    """Judge what came; where something is missing and nothing gave the server away, say what went wrong."""
    verdict = recognise(exchange.answers, is_named=is_named)
    if exchange.failure is not None and (isinstance(verdict, Unrecognised) or verdict.kind == COMPATIBLE):
        return Unrecognised(exchange.failure)
    return verdict
