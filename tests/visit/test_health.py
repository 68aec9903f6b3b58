import asyncio
import itertools
import time

import pytest

from ollama_speedrun.errors import ServerError, TimedOutError, UnreachableError
from ollama_speedrun.visit.events import HostLost, VisitEvent, Waiting
from ollama_speedrun.visit.health import Health, State
from ollama_speedrun.visit.retry import retrying

pytestmark = pytest.mark.virtual_time
URL = "http://10.0.0.1:11434"


class Service:
    """A service that is away from the first question on, for so many seconds; `asked` counts its questions."""

    def __init__(self, away_s: float) -> None:
        self.away_s = away_s
        self.asked = 0
        self._began_s: float | None = None

    async def ask(self) -> str:
        self.asked += 1
        self._began_s = self._began_s or time.monotonic()
        if time.monotonic() - self._began_s < self.away_s:
            raise UnreachableError("connection refused")
        return "here"


def health_of(service: Service, notices: list[VisitEvent], patience_s: float = 15) -> Health:
    return Health(URL, service.ask, patience_s=patience_s, emit=notices.append)


@pytest.mark.parametrize("away_s", [0.1, 3, 10])
async def test_a_service_that_comes_back_is_waited_for_and_asked_again(away_s: float) -> None:
    service, notices = Service(away_s), list[VisitEvent]()
    health = health_of(service, notices)
    began_s = time.monotonic()
    assert await retrying(service.ask, health) == "here"
    assert away_s <= time.monotonic() - began_s < away_s + 3
    assert health.state is State.ANSWERING
    assert notices == [Waiting(URL, "it does not answer", 15)]


async def test_a_host_that_stays_away_is_given_up_once_and_then_asked_nothing() -> None:
    service, notices = Service(1000), list[VisitEvent]()
    health = health_of(service, notices)
    began_s = time.monotonic()
    with pytest.raises(UnreachableError, match="refused"):
        await retrying(service.ask, health)
    assert 10 < time.monotonic() - began_s <= 15
    asked, gave_up_s = service.asked, time.monotonic()
    for _ in range(8):
        with pytest.raises(UnreachableError, match="refused"):
            await retrying(service.ask, health)
    assert (service.asked, time.monotonic() - gave_up_s < 1, notices[1:]) == (
        asked,
        True,
        [HostLost(URL, "connection refused")],
    )


async def test_a_request_that_times_out_on_a_host_that_answers_is_not_repeated() -> None:
    service, requests = Service(0), itertools.count()

    async def slow() -> None:
        next(requests)
        raise TimedOutError("too slow")

    health = health_of(service, [])
    with pytest.raises(TimedOutError):
        await retrying(slow, health)
    assert (next(requests), service.asked, health.state) == (1, 1, State.ANSWERING)


async def test_a_host_that_hangs_is_gone_after_the_patience() -> None:
    async def silent() -> None:
        await asyncio.sleep(1000)

    async def slow() -> None:
        raise TimedOutError("too slow")

    health = Health(URL, silent, patience_s=15, emit=lambda _: None)
    began_s = time.monotonic()
    with pytest.raises(TimedOutError):
        await retrying(slow, health)
    assert time.monotonic() - began_s < 16
    with pytest.raises(UnreachableError, match="gives no answer"):
        health.check()


@pytest.mark.parametrize("status", [502, 521, 523, 530])
async def test_a_server_that_its_proxy_cannot_reach_is_waited_for(status: int) -> None:
    began_s = time.monotonic()

    async def behind_a_proxy() -> str:
        if time.monotonic() - began_s < 6:
            raise ServerError(status, "Bad Gateway")
        return "here"

    notices = list[VisitEvent]()
    health = Health(URL, behind_a_proxy, patience_s=15, emit=notices.append)
    assert await retrying(behind_a_proxy, health) == "here"
    assert (health.state, notices) == (State.ANSWERING, [Waiting(URL, "it does not answer", 15)])


async def test_an_error_of_the_server_says_that_it_is_there() -> None:
    async def failing() -> None:
        raise ServerError(503, "busy")

    health = Health(URL, failing, patience_s=15, emit=lambda _: None)
    await health.wait_until_it_answers()
    assert health.state is State.ANSWERING
