"""Run a scenario against a server and compare its answers with the recorded ones."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeAlias

import aiohttp

from contract.compare import Difference, compare
from contract.exchange import Answer, Recording, recording
from contract.scenarios import Embed, Load, Replay, Scenario, Setup, Step, Together, replayed

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class ServerUnderTest:
    """Where it listens, and the least that an uncached prompt token costs it, in ns."""

    url: str
    prompt_token_ns: float


Start: TypeAlias = Callable[[Setup], AbstractAsyncContextManager[ServerUnderTest]]


async def replay(scenario: Scenario, start: Start) -> dict[str, list[Difference]]:
    """Return the differences of each replayed recording.

    A machine that is busy elsewhere delays answers, so that their figures relate otherwise: what a second replay does
    not show again is not the server's.
    """
    first = await _replay_once(scenario, start)
    if not any(first.values()):
        return first
    second = await _replay_once(scenario, start)
    aspects = {name: {difference.aspect for difference in found} for name, found in second.items()}
    return {
        name: [difference for difference in found if difference.aspect in aspects[name]]
        for name, found in first.items()
    }


async def _replay_once(scenario: Scenario, start: Start) -> dict[str, list[Difference]]:
    found: dict[str, list[Difference]] = {}
    originals = {name: recording(name) for name in replayed(scenario)}
    async with start(scenario.setup) as server, aiohttp.ClientSession() as session:
        for step in scenario.steps:
            for original, answer in await _take(step, _Caller(session, server.url, originals)):
                found[original.name] = compare(original, answer, prompt_token_ns=server.prompt_token_ns)
    return found


def unexplained(found: Mapping[str, Sequence[Difference]], differs: Mapping[str, str]) -> list[object]:
    """Return the differences that are not listed, and the listed recordings that do not differ."""
    new = [difference for name, differences in found.items() if name not in differs for difference in differences]
    gone = [f"{name} is listed as differing, and does not" for name in found if name in differs and not found[name]]
    return [*new, *gone]


@dataclass(frozen=True, slots=True)
class _Caller:
    """Sends requests to one server; the recordings were read before, so that nothing delays what is timed."""

    session: aiohttp.ClientSession
    url: str
    originals: Mapping[str, Recording]

    async def prepare(self, path: str, body: Mapping[str, object]) -> None:
        """Send a request that only brings the server into a state."""
        async with self.session.post(self.url + path, json=body) as response:
            response.raise_for_status()
            await response.read()

    async def send(self, entry: Replay) -> tuple[Recording, Answer]:
        """Send a recorded request, and leave early where the scenario says so."""
        original = self.originals[entry.name]
        await asyncio.sleep(entry.after_s)
        heard = _Heard()
        try:
            async with asyncio.timeout(entry.leave_after_s or _PATIENCE_S):
                await heard.listen(self.session, original, self.url)
        except TimeoutError:
            if entry.leave_after_s is None:
                raise
        return original, heard.answer()


async def _take(step: Step, caller: _Caller) -> list[tuple[Recording, Answer]]:
    match step:
        case Replay():
            return [await caller.send(step)]
        case Together(replays, alike):
            pairs = await asyncio.gather(*(caller.send(entry) for entry in replays))
            return _by_first_chunk(pairs) if alike else list(pairs)
        case Load(model, num_ctx):
            await caller.prepare("/api/generate", {"model": model, "options": {"num_ctx": num_ctx}})
        case Embed(model):
            await caller.prepare("/api/embed", {"model": model, "input": "x"})
    return []


def _by_first_chunk(pairs: Sequence[tuple[Recording, Answer]]) -> list[tuple[Recording, Answer]]:
    """Pair recordings and answers of requests that are alike, each sorted by when its first chunk came."""
    originals = sorted((original for original, _ in pairs), key=lambda original: original.answer.headers_at_ms or 0.0)
    answers = sorted((answer for _, answer in pairs), key=lambda answer: answer.headers_at_ms or 0.0)
    return list(zip(originals, answers, strict=True))


class _Heard:
    """What has come of an answer so far."""

    def __init__(self) -> None:
        self._sent_at = time.perf_counter()
        self._status: int | None = None
        self._headers: Mapping[str, str] = {}
        self._headers_at_ms: float | None = None
        self._chunks: list[tuple[float, bytes]] = []

    async def listen(self, session: aiohttp.ClientSession, original: Recording, url: str) -> None:
        """Send the request and take in its answer, HTTP chunk by HTTP chunk."""
        self._sent_at = time.perf_counter()
        request = session.request(original.method, url + original.path, data=original.body, headers=original.headers)
        async with request as response:
            self._headers_at_ms = self._now_ms()
            self._status = response.status
            self._headers = dict(response.headers)
            part = b""
            while not response.content.at_eof():
                data, ends_chunk = await response.content.readchunk()
                part += data
                if ends_chunk:
                    self._chunks.append((self._now_ms(), part))
                    part = b""
            if part:
                self._chunks.append((self._now_ms(), part))

    def answer(self) -> Answer:
        """Return it in the form of a recorded one."""
        return Answer(
            status=self._status, headers=self._headers, headers_at_ms=self._headers_at_ms, content=self._content()
        )

    def _content(self) -> object:
        if self._headers.get("Content-Type") in {"application/x-ndjson", "text/event-stream"}:
            return tuple((at_ms, data.decode()) for at_ms, data in self._chunks)
        text = b"".join(data for _, data in self._chunks).decode()
        return json.loads(text) if text.startswith("{") else text

    def _now_ms(self) -> float:
        return (time.perf_counter() - self._sent_at) * 1e3
