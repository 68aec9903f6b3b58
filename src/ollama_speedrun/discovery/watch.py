"""Keep an eye on the servers of a plan: tell which come and which go."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import msgspec

from ..events import Notice
from .events import DiscoveryEvent, HostFound, HostMerged, TargetFailed
from .scan import discover
from .targets import parse_url
from .types import DiscoveryPlan, Host, ServerTarget

LOOK_EVERY_S: Final = 60.0
ASK_EVERY_S: Final = 10.0

Say: TypeAlias = Callable[[str], None]
Tell: TypeAlias = Callable[[Host, bool], None]
"""Takes in a host that has come (False) or gone (True)."""


async def watch(
    plan: DiscoveryPlan, *, tell: Tell, say: Say, look_every_s: float = LOOK_EVERY_S, ask_every_s: float = ASK_EVERY_S
) -> None:
    """Carry out the plan every `look_every_s`, and in between ask the servers that are there every `ask_every_s`.

    Runs until it is cancelled. What a look has to say besides servers goes to `say`, each sentence once.
    """
    present = _Present(tell, say)
    loop = asyncio.get_running_loop()
    while True:
        next_look_s = loop.time() + look_every_s
        await discover(plan, emit=present.take_in)
        while (left_s := next_look_s - loop.time()) > 0:
            await asyncio.sleep(min(ask_every_s, left_s))
            await discover(_only(plan, present.servers.values()), emit=present.take_in)


class _Present:
    """The hosts that are there, by URL."""

    def __init__(self, tell: Tell, say: Say) -> None:
        self.hosts: dict[str, Host] = {}
        self.servers: dict[str, ServerTarget] = {}
        self._tell = tell
        self._say = say
        self._said: set[str] = set()

    def take_in(self, event: DiscoveryEvent) -> None:
        match event:
            case HostFound(host, access) if not self._is_known(host):
                self.hosts[host.url] = host
                self.servers[host.url] = msgspec.structs.replace(parse_url(host.url), token=access.token)
                self._tell(host, False)
            case HostMerged(host) if host.url in self.hosts:
                self.hosts[host.url] = host
            case TargetFailed(url) if url in self.hosts:
                del self.servers[url]
                self._tell(self.hosts.pop(url), True)
            case TargetFailed(url, reason):
                self._say_once(f"{url}: {reason}")
            case Notice(text):
                self._say_once(text)
            case _:
                pass

    def _is_known(self, host: Host) -> bool:
        """Return whether a host is there already, perhaps found by another of its addresses this time."""
        return host.url in self.hosts or any(
            host.identity is not None and host.identity == known.identity and set(host.addresses) & set(known.addresses)
            for known in self.hosts.values()
        )

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _only(plan: DiscoveryPlan, servers: Iterable[ServerTarget]) -> DiscoveryPlan:
    """Return the plan that asks these servers and nothing else."""
    return msgspec.structs.replace(
        plan,
        local=(),
        servers=tuple(servers),
        candidates=(),
        sweeps=(),
        notes=(),
        looks_up_names=False,
        named_tail_s=plan.tail_s,
    )
