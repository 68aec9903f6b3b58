import asyncio
import socket
import time

import pytest

from discovery.sockets import closed_port, open_files, silent_port
from ollama_speedrun.discovery.dial import Dialer, Throttle, neighbour_throttle, raise_file_limit

pytestmark = pytest.mark.virtual_time


async def test_a_throttle_lets_no_more_through_than_its_limit_in_any_period() -> None:
    throttle = Throttle(3, 0.1)
    passed_s = await asyncio.gather(*(throttle.wait() for _ in range(10)))
    assert all(later - earlier >= 0.0999 for earlier, later in zip(passed_s, passed_s[3:], strict=False))
    assert passed_s[-1] - passed_s[0] < 5


async def test_an_address_that_accepts_gives_its_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ip, stream = await Dialer().dial_any(["127.0.0.1"], server.getsockname()[1], give_up_s=2)
        with stream:
            assert (ip, stream.getpeername()) == ("127.0.0.1", server.getsockname())
            assert stream.getblocking() is False


async def test_a_refusal_is_final_and_quick() -> None:
    began_s = time.monotonic()
    with pytest.raises(ConnectionRefusedError):
        await Dialer().dial_any(["127.0.0.1"], closed_port(), give_up_s=5, hedges_s=(0.0, 2.0))
    assert time.monotonic() - began_s < 1.9


async def test_silence_ends_after_its_time_and_leaves_no_socket() -> None:
    before = open_files()
    with silent_port() as port, pytest.raises(TimeoutError):
        await Dialer().dial_any(["127.0.0.1"], port, give_up_s=0.5)
    assert open_files() == before


async def test_the_first_of_several_addresses_that_accepts_wins_over_silence_and_refusal() -> None:
    with silent_port("127.0.0.2") as port, socket.create_server(("127.0.0.4", port)):
        ip, stream = await Dialer().dial_any(["127.0.0.2", "127.0.0.3", "127.0.0.4"], port, give_up_s=2)
        stream.close()
    assert ip == "127.0.0.4"


async def test_silence_at_one_address_outlasts_the_refusal_at_another() -> None:
    with silent_port("127.0.0.2") as port, pytest.raises(TimeoutError):
        await Dialer().dial_any(["127.0.0.2", "127.0.0.3"], port, give_up_s=0.5)


async def test_cancelling_leaves_no_socket_and_no_task() -> None:
    before = open_files()
    with silent_port() as port:
        dialling = asyncio.create_task(Dialer().dial_any(["127.0.0.1"], port, give_up_s=30))
        await asyncio.sleep(0.4)
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert open_files() == before


def test_the_limit_on_files_is_raised_as_far_as_allowed() -> None:
    limit = raise_file_limit()
    assert limit >= 256
    assert raise_file_limit() == limit


async def test_the_neighbour_table_has_room_for_a_24_at_once() -> None:
    throttle = neighbour_throttle()
    async with asyncio.timeout(1):
        for _ in range(254):
            await throttle.wait()
