import asyncio
from collections.abc import Mapping

import pytest

from ollama_speedrun.discovery.events import HostFound, HostMerged
from ollama_speedrun.discovery.recognise import Recognised
from ollama_speedrun.discovery.register import Meeting, Register
from ollama_speedrun.discovery.types import Host, ServerTarget

OWN = frozenset({"192.168.1.2"})
UNIQUE = Recognised(kind="ollama", version="0.33.0", models_key="k", identity="i")
COMMON = Recognised(kind="ollama", version="0.33.0", models_key="k")


def meeting(ip: str, verdict: Recognised = UNIQUE, *, port: int = 11434, via: str = "scan") -> Meeting:
    server = ServerTarget(host=ip, port=port, via=via)
    host = Host(
        url=server.url,
        kind=verdict.kind,
        version=verdict.version,
        via=(via,),
        addresses=(ip,),
        identity=verdict.identity,
    )
    return Meeting(server, verdict, host)


def register(*, proof: bool | None = None, macs: Mapping[str, str] | None = None) -> Register:
    async def prove(_one: ServerTarget, _other: ServerTarget) -> bool | None:
        await asyncio.sleep(0.01)
        return proof

    async def mac_of(ip: str) -> str | None:
        return (macs or {}).get(ip)

    return Register(OWN, proof=prove, mac_of=mac_of)


async def kinds(book: Register, *meetings: Meeting) -> list[str]:
    return [type(await book.admit(one)).__name__ for one in meetings]


async def test_the_same_models_loaded_until_the_same_moment_are_one_server_wherever_it_answers() -> None:
    book = register(proof=True)
    first, second = [await book.admit(meeting(ip)) for ip in ("10.0.0.5", "10.9.0.5")]
    assert isinstance(first, HostFound)
    assert isinstance(second, HostMerged)
    assert (second.host.url, second.host.addresses) == ("http://10.0.0.5:11434", ("10.0.0.5", "10.9.0.5"))
    assert await book.admit(meeting("10.9.0.5")) is None


async def test_machines_that_share_or_copy_their_models_stay_two_unless_they_are_proven_one() -> None:
    assert await kinds(register(proof=None), meeting("10.0.0.5"), meeting("10.0.0.6")) == ["HostFound", "HostFound"]
    macs = {"10.0.0.5": "02:00:00:00:00:01", "10.0.0.6": "02:00:00:00:00:02"}
    book = register(proof=None, macs=macs)
    assert await kinds(book, meeting("10.0.0.5"), meeting("10.0.0.6")) == ["HostFound", "HostFound"]


@pytest.mark.parametrize(("first", "second"), [("target", "target"), ("target", "hosts file")])
async def test_two_servers_that_the_user_named_at_different_addresses_stay_two(first: str, second: str) -> None:
    macs = dict.fromkeys(("10.0.0.5", "10.0.0.6"), "02:00:00:00:00:01")
    book = register(proof=True, macs=macs)
    named = meeting("10.0.0.5", via=first), meeting("10.0.0.6", via=second)
    assert await kinds(book, *named) == ["HostFound", "HostFound"]


async def test_what_is_loaded_tells_a_copied_server_from_the_first() -> None:
    assert await kinds(register(proof=False), meeting("10.0.0.5"), meeting("10.0.0.6")) == ["HostFound", "HostFound"]
    assert await kinds(register(proof=True), meeting("10.0.0.5"), meeting("10.0.0.6")) == ["HostFound", "HostMerged"]


async def test_equal_models_without_exact_dates_are_two_servers() -> None:
    book = register(proof=True)
    assert await kinds(book, meeting("10.0.0.5", COMMON), meeting("10.0.0.6", COMMON)) == ["HostFound", "HostFound"]


async def test_an_equal_hardware_address_makes_them_one() -> None:
    macs = {"10.0.0.5": "02:00:00:00:00:01", "10.0.0.6": "02:00:00:00:00:01"}
    book = register(macs=macs)
    assert await kinds(book, meeting("10.0.0.5", COMMON), meeting("10.0.0.6", COMMON)) == ["HostFound", "HostMerged"]


async def test_loopback_and_an_own_address_are_one_server() -> None:
    book = register()
    assert await kinds(book, meeting("127.0.0.1", COMMON), meeting("192.168.1.2", COMMON)) == [
        "HostFound",
        "HostMerged",
    ]


async def test_two_ports_of_one_machine_are_two_servers_even_with_shared_files() -> None:
    book = register(proof=True)
    assert await kinds(book, meeting("10.0.0.5"), meeting("10.0.0.5", port=8080)) == ["HostFound", "HostFound"]
    assert await kinds(register(), meeting("127.0.0.1"), meeting("192.168.1.2", port=8080)) == ["HostFound"] * 2


async def test_another_version_is_another_server() -> None:
    newer = Recognised(kind="ollama", version="0.34.0", models_key="k", identity="i")
    assert await kinds(register(), meeting("10.0.0.5"), meeting("10.0.0.6", newer)) == ["HostFound", "HostFound"]


async def test_two_ways_to_one_server_at_the_same_moment_are_one_host() -> None:
    book = register(proof=True)
    events = await asyncio.gather(*(book.admit(meeting(f"10.0.0.{last}")) for last in range(5, 10)))
    assert sorted(type(event).__name__ for event in events) == ["HostFound", *["HostMerged"] * 4]
