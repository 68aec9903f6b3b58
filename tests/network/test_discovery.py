import json
import sys
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from network.namespaces import TESTS, Namespaces, needs_namespaces, timed_beside

pytestmark = [pytest.mark.network, needs_namespaces]

SCANNER = "10.99.1.2"
HOSTS = ("10.99.1.10", "10.99.1.11", "10.99.1.254")
CLOSED = "10.99.1.77"
REFUSING = "127.0.0.1:9"  # at once
OTHER_NETWORKS = {
    "docker0": IPv4Interface("172.17.0.1/24"),
    "wg0": IPv4Interface("10.8.0.2/24"),
    "public0": IPv4Interface("203.0.113.2/24"),
    "lan1": IPv4Interface("10.99.2.2/24"),
}


@pytest.fixture
def lan() -> Iterator[Namespaces]:
    interfaces = {"lan0": IPv4Interface(f"{SCANNER}/24"), **OTHER_NETWORKS}
    with Namespaces(hosts=(*HOSTS, CLOSED), interfaces=interfaces) as namespaces:
        yield namespaces


def serve_fakes(lan: Namespaces, directory: Path, *addresses: str) -> None:
    """Start one fake Ollama at each address; their models differ by name."""
    for address in addresses:
        script = directory / f"{address}.json"
        models = [{"name": f"model-of-{address}:1b"}]
        script.write_text(
            json.dumps({"hosts": [{"address": address, "port": 11434, "models": models}]}), encoding="utf-8"
        )
        lan.serve([sys.executable, "-m", "fake_ollama", "--script", str(script)], address=address)


def discover(lan: Namespaces, *targets: str, **env: str) -> list[tuple[str, Any]]:
    """The events of a discovery on the scanner's machine, by the names of their types."""
    done = lan.run([sys.executable, str(TESTS / "network" / "scanner.py"), *targets], env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return [next(iter(json.loads(line).items())) for line in done.stdout.splitlines()]


def found(events: list[tuple[str, Any]]) -> dict[str, list[str]]:
    return {event["host"]["url"]: event["host"]["via"] for name, event in events if name == "HostFound"}


def test_the_servers_of_a_network_are_found_and_nothing_else(lan: Namespaces, tmp_path: Path) -> None:
    serve_fakes(lan, tmp_path, *HOSTS)
    events, longer_s = timed_beside(lambda: discover(lan), lambda: discover(lan, REFUSING), soon_s=7)
    assert longer_s < 7
    assert found(events) == {f"http://{address}:11434": ["scan"] for address in HOSTS}
    assert {event["host"]["kind"] for name, event in events if name == "HostFound"} == {"ollama"}
    assert [event for name, event in events if name in {"TargetFailed", "HostMerged"}] == []
    notes = [event["text"] for name, event in events if name == "Notice"]
    assert notes == [
        "docker0 (172.17.0.0/24) is not swept: it is a bridge to containers.",
        "wg0 (10.8.0.0/24) is not swept: it is a VPN or tunnel.",
        "public0 (203.0.113.0/24) is not swept: it is not a private network.",
        f"Up, but nothing accepts on port 11434: {CLOSED}. Where Ollama runs there, is OLLAMA_HOST=0.0.0.0 set?",
    ]


def test_no_packet_goes_where_the_plan_does_not(lan: Namespaces) -> None:
    with lan.packets() as reached:
        discover(lan, EXCLUDE="10.99.2.0/25")
    expected = {f"10.99.1.{last}" for last in range(1, 255)} | {f"10.99.2.{last}" for last in range(128, 255)}
    assert reached == expected - {SCANNER}


def test_an_explicit_target_is_all_that_is_asked(lan: Namespaces, tmp_path: Path) -> None:
    serve_fakes(lan, tmp_path, *HOSTS)
    with lan.packets() as reached:
        events = discover(lan, HOSTS[1], CLOSED, "10.99.1.99")
    assert found(events) == {f"http://{HOSTS[1]}:11434": ["target"]}
    assert sorted((event["url"], event["reason"][:30]) for name, event in events if name == "TargetFailed") == [
        (f"http://{CLOSED}:11434", "the machine is up, but nothing"),
        ("http://10.99.1.99:11434", "the machine cannot be reached "),
    ]
    assert reached == {HOSTS[1], CLOSED, "10.99.1.99"}


def test_a_name_that_no_resolver_knows_fails_with_a_sentence_and_holds_nothing_up(lan: Namespaces) -> None:
    events, longer_s = timed_beside(
        lambda: discover(lan, "no-such-box.lan"), lambda: discover(lan, REFUSING), soon_s=5.5
    )
    ((kind, failed),) = events
    assert longer_s < 5.5
    assert (kind, failed["url"]) == ("TargetFailed", "http://no-such-box.lan:11434")
    assert failed["reason"].endswith(
        (" give the IP address instead.", " or give its IP address.", " port 11434 through?")
    )


def test_an_own_address_is_a_second_way_to_localhost(lan: Namespaces, tmp_path: Path) -> None:
    everywhere = tmp_path / "everywhere.json"
    models = [{"name": "own:1b"}]
    everywhere.write_text(
        json.dumps({"hosts": [{"address": "0.0.0.0", "port": 11434, "models": models}]}), encoding="utf-8"
    )
    server = lan.start([sys.executable, "-m", "fake_ollama", "--script", str(everywhere)])
    assert server.stdout is not None
    server.stdout.readline()
    assert found(discover(lan)) == {"http://127.0.0.1:11434": ["localhost"]}
    events = discover(lan, "127.0.0.1", SCANNER)
    merged = [event["host"]["addresses"] for name, event in events if name == "HostMerged"]
    assert len(found(events)) == 1
    assert [set(addresses) for addresses in merged] == [{"127.0.0.1", SCANNER}]


def test_a_server_bound_to_one_own_address_is_found_there(lan: Namespaces, tmp_path: Path) -> None:
    bound = tmp_path / "bound.json"
    bound.write_text(
        json.dumps({"hosts": [{"address": SCANNER, "port": 11434, "models": [{"name": "own:1b"}]}]}), encoding="utf-8"
    )
    server = lan.start([sys.executable, "-m", "fake_ollama", "--script", str(bound)])
    assert server.stdout is not None
    server.stdout.readline()
    assert found(discover(lan)) == {f"http://{SCANNER}:11434": ["own address"]}
