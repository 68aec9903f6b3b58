import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from discovery.sockets import closed_port
from fake_ollama.fleet import fake_host
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun.discovery.types import DiscoveryPlan, Host, ServerTarget
from ollama_speedrun.discovery.watch import watch

pytestmark = pytest.mark.virtual_time

SCRIPT = HostScript(models=(ModelScript("fake:1b"),))


class Diary:
    """What a watch has told, and a way to wait for it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []
        self.said: list[str] = []
        self._is_longer = asyncio.Condition()
        self._noting: set[asyncio.Task[None]] = set()

    def tell(self, host: Host, is_gone: bool) -> None:
        self.told.append((host.url, is_gone))
        self._noting.add(asyncio.create_task(self._note()))

    async def until(self, *expected: tuple[str, bool]) -> None:
        async with asyncio.timeout(20), self._is_longer:
            await self._is_longer.wait_for(lambda: self.told == list(expected))

    async def _note(self) -> None:
        async with self._is_longer:
            self._is_longer.notify_all()


@contextlib.asynccontextmanager
async def watching(plan: DiscoveryPlan) -> AsyncIterator[Diary]:
    diary = Diary()
    quick = msgspec.structs.replace(plan, tail_s=0.3)
    task = asyncio.create_task(watch(quick, tell=diary.tell, say=diary.said.append, look_every_s=0.4, ask_every_s=0.1))
    try:
        yield diary
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_hosts_are_told_of_as_they_come_and_go_and_come_back() -> None:
    port = closed_port()
    plan = DiscoveryPlan(local=(ServerTarget(host="127.0.0.1", port=port, via="localhost"),))
    script = msgspec.structs.replace(SCRIPT, port=port)
    came, went = (f"http://127.0.0.1:{port}", False), (f"http://127.0.0.1:{port}", True)
    async with watching(plan) as diary:
        await asyncio.sleep(0.2)
        assert diary.told == []
        async with fake_host(script):
            await diary.until(came)
            await asyncio.sleep(1.0)
            assert diary.told == [came]
        await diary.until(came, went)
        async with fake_host(script):
            await diary.until(came, went, came)
    assert len(diary.said) == len(set(diary.said))


async def test_a_host_with_two_addresses_does_not_come_twice() -> None:
    port = closed_port()
    script = msgspec.structs.replace(SCRIPT, port=port, name="same")
    both = tuple(ServerTarget(host=ip, port=port, via="localhost") for ip in ("127.0.0.1", "::1"))
    async with (
        fake_host(script),
        fake_host(msgspec.structs.replace(script, address="::1")),
        watching(DiscoveryPlan(local=both)) as diary,
    ):
        await diary.until((f"http://127.0.0.1:{port}", False))
        await asyncio.sleep(1.2)
        assert diary.told == [(f"http://127.0.0.1:{port}", False)]
