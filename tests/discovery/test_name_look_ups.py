import asyncio
from collections.abc import Sequence

import pytest

from ollama_speedrun.discovery.name_look_ups import AT_ONCE, MOST_UNANSWERED, NameLookUps

pytestmark = pytest.mark.virtual_time

Told = list[tuple[str, tuple[str, ...]]]


class Resolver:
    """Answers after `delay_s`, or not at all, and notes what it was asked and how many questions were open at once."""

    def __init__(self, delay_s: float = 0.01, *, answers: bool = True) -> None:
        self.asked: list[str] = []
        self.open = self.most_open = 0
        self._delay_s = delay_s
        self._answers = answers

    async def __call__(self, ip: str) -> Sequence[str]:
        self.asked.append(ip)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await asyncio.sleep(self._delay_s)
        finally:
            self.open -= 1
        if not self._answers:
            raise TimeoutError
        return (f"host-{ip}",)


async def look_up(resolver: Resolver, count: int, *, patience_s: float) -> tuple[Told, float]:
    told: Told = []
    look_ups = NameLookUps(resolver, lambda url, names: told.append((url, tuple(names))))
    began_s = asyncio.get_running_loop().time()
    for number in range(count):
        look_ups.ask(f"url {number}", str(number))
    await look_ups.finish(patience_s)
    return told, asyncio.get_running_loop().time() - began_s


async def test_each_host_is_told_its_names_and_a_few_are_asked_about_at_once() -> None:
    resolver = Resolver()
    told, _ = await look_up(resolver, 20, patience_s=5)
    assert sorted(told) == sorted((f"url {number}", (f"host-{number}",)) for number in range(20))
    assert resolver.most_open == AT_ONCE


async def test_a_slow_resolver_is_waited_for_no_longer_than_allowed() -> None:
    told, took_s = await look_up(Resolver(60), 3, patience_s=0.3)
    assert not told
    assert took_s == pytest.approx(0.3, abs=0.01)


async def test_a_resolver_that_does_not_answer_is_asked_no_more() -> None:
    resolver = Resolver(answers=False)
    told, _ = await look_up(resolver, 100, patience_s=60)
    assert told == []
    assert len(resolver.asked) <= MOST_UNANSWERED + AT_ONCE
