import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.discovery.naming import MOST_NAMES, called, usable_names
from ollama_speedrun.discovery.resolve import names_of
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.pipeline.record import Selection

GPU = Host(
    url="http://10.0.0.5:11500",
    kind="ollama",
    version="0.33.0",
    via=("scan",),
    addresses=("10.0.0.5",),
    name="desk",
    names=("gpu-1.lan",),
)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["GPU-1.lan.", "gpu-1.lan", "gpu-1"], ("gpu-1.lan", "gpu-1")),
        (["my_box", "xn--bcher-kva.example"], ("my_box", "xn--bcher-kva.example")),
        (["10.0.0.9", "9", "5.0.0.10.in-addr.arpa"], ()),
        (["localhost", "a.localhost", "localhost."], ()),
        (["", ".", "a..b", "-a", "a-", "a" * 64, ".".join(["a" * 60] * 5)], ()),
        (["a\x1b[2Jb", "a b", "a/b", "a:1", "[::1]", "ü.lan", "a\n.lan", "<b>.lan", "=1+1"], ()),
    ],
)
def test_only_host_names_of_another_machine_are_taken(written: list[str], names: tuple[str, ...]) -> None:
    assert usable_names(written) == names


@given(st.lists(st.text() | st.from_regex(r"[A-Za-z0-9.-]{1,300}"), max_size=30))
def test_names_are_few_short_and_harmless_whatever_the_network_says(written: list[str]) -> None:
    names = usable_names(written)
    assert len(names) <= MOST_NAMES
    assert all(len(name) <= 253 and name.isascii() and name.isprintable() and " " not in name for name in names)
    assert usable_names(names) == names


@pytest.mark.parametrize(
    "pattern",
    ["desk", "DESK", "desk:11500", "gpu-1.lan", "gpu-1", "gpu-1*", "*.lan:11500", "10.0.0.5", "10.0.0.5:11500", "10.*"],
)
def test_a_host_is_selected_by_any_of_its_names_whole_or_in_part(pattern: str) -> None:
    assert Selection(hosts=(pattern,)).takes_host(GPU)


@pytest.mark.parametrize("pattern", ["lan", "gpu", "desk:11434", "localhost", "gpu-1.lan:1"])
def test_a_host_is_not_selected_by_what_it_is_not_called(pattern: str) -> None:
    assert not Selection(hosts=(pattern,)).takes_host(GPU)


def test_a_server_on_loopback_is_called_localhost_too() -> None:
    here = msgspec.structs.replace(GPU, url="http://127.0.0.1:11434", addresses=("127.0.0.1",), name=None, names=())
    assert Selection(hosts=("localhost",)).takes_host(here)
    assert Selection(hosts=("localhost:11434",)).takes_host(here)


@pytest.mark.parametrize("url", ["http://[::1", "http://a:99999", "", "nonsense"])
def test_a_url_that_is_none_has_no_names_and_does_no_harm(url: str) -> None:
    assert set(called(msgspec.structs.replace(GPU, url=url))) >= {url, "10.0.0.5"}


async def test_this_machines_own_addresses_are_not_looked_up() -> None:
    assert [await names_of(ip) for ip in ("127.0.0.1", "127.9.9.9", "::1")] == [(), (), ()]
