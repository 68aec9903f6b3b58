import asyncio
import socket

import pytest

from discovery.sockets import closed_port, open_files, silent_port
from ollama_speedrun.discovery.dial import even_throttle
from ollama_speedrun.discovery.knock import Outcome, can_knock, knock

pytestmark = pytest.mark.virtual_time


async def outcomes(*ips: str, port: int, patience_s: float = 0.5, places: int = 100) -> dict[str, Outcome]:
    told: dict[str, Outcome] = {}
    room = asyncio.Semaphore(places)
    assert can_knock()
    await knock(ips, port, pace=even_throttle(1000), room=room, patience_s=patience_s, tell=told.__setitem__)
    for _ in range(places):
        async with asyncio.timeout(1):
            await room.acquire()
    return told


async def test_each_address_is_told_of_with_what_became_of_it() -> None:
    before = open_files()
    with silent_port("127.0.0.2") as port, socket.create_server(("127.0.0.3", port)):
        told = await outcomes("127.0.0.2", "127.0.0.3", "127.0.0.4", port=port)
        stream = told.pop("127.0.0.3")
        assert isinstance(stream, socket.socket)
        with stream:
            assert stream.getpeername() == ("127.0.0.3", port)
    assert {ip: type(outcome) for ip, outcome in told.items()} == {
        "127.0.0.2": TimeoutError,
        "127.0.0.4": ConnectionRefusedError,
    }
    assert open_files() == before


async def test_one_place_is_enough_for_many_addresses() -> None:
    told = await outcomes(*(f"127.0.1.{last}" for last in range(1, 200)), port=closed_port(), places=1)
    assert len(told) == 199


async def test_no_address_takes_no_time() -> None:
    assert await outcomes(port=1) == {}


async def test_cancelling_leaves_no_socket() -> None:
    before = open_files()
    with silent_port("127.0.0.2") as port:
        knocking = asyncio.create_task(outcomes("127.0.0.2", port=port, patience_s=30))
        await asyncio.sleep(0.2)
        assert open_files() > before
        knocking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await knocking
    assert open_files() == before
