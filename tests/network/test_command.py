"""`discover` on a network of its own: what it sends, what it says, and how soon it ends."""

import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from network.namespaces import Namespaces, needs_namespaces, timed_beside
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.results.codec import decode

pytestmark = [pytest.mark.network, needs_namespaces]

SCANNER = "10.99.1.2"
HOSTS = ("10.99.1.10", "10.99.1.11", "10.99.2.11")
CLOSED, SILENT = "10.99.1.77", "10.99.1.78"
INTERFACES = {"lan0": IPv4Interface(f"{SCANNER}/24"), "lan1": IPv4Interface("10.99.2.2/24")}


@pytest.fixture
def lan() -> Iterator[Namespaces]:
    with Namespaces(hosts=(*HOSTS, CLOSED, SILENT), interfaces=INTERFACES) as namespaces:
        yield namespaces


def serve(lan: Namespaces, directory: Path, address: str, *, name: str) -> None:
    """Start a fake Ollama; those of one name hold the same models since the same moment."""
    script = directory / f"{address}.json"
    models = [{"name": "fake:1b", "modified_at": f"2026-08-22T11:15:03.{zlib.crc32(name.encode()) % 10**9:09d}Z"}]
    script.write_text(json.dumps({"hosts": [{"name": name, "models": models}]}), encoding="utf-8")
    listen = f"--listen={address}:11434"
    lan.serve([sys.executable, "-m", "fake_ollama", f"--script={script}", listen], address=address)


def discover(lan: Namespaces, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    return lan.run([sys.executable, "-m", "ollama_speedrun", "discover", *arguments], env=env)


def found(done: subprocess.CompletedProcess[str]) -> dict[str, Host]:
    return {host.url: host for host in decode(done.stdout.encode(), origin="stdout").hosts}


def test_a_dry_run_sends_nothing(lan: Namespaces, tmp_path: Path) -> None:
    with lan.packets() as reached:
        done = discover(lan, tmp_path, "--dry-run")
    assert done.returncode == 0
    assert "253 addresses of 10.99.1.0/24 on port 11434" in done.stdout
    assert reached == set()


def test_nothing_goes_past_the_chosen_interface_or_into_an_excluded_network(lan: Namespaces, tmp_path: Path) -> None:
    with lan.packets() as reached:
        discover(lan, tmp_path, "--interface=lan1", "--exclude-net=10.99.2.0/26,10.99.2.128/25", "--no-tail")
    assert reached == {f"10.99.2.{last}" for last in range(64, 128)}


def test_servers_with_equal_models_stay_apart_where_nothing_proves_them_one(lan: Namespaces, tmp_path: Path) -> None:
    for address, name in zip(HOSTS, ("one", "twin", "one"), strict=True):
        serve(lan, tmp_path, address, name=name)
    hosts = {host.addresses: host for host in found(discover(lan, tmp_path, "--json")).values()}
    assert set(hosts) == {("10.99.1.10",), ("10.99.1.11",), ("10.99.2.11",)}
    assert hosts["10.99.1.10",].identity == hosts["10.99.2.11",].identity != hosts["10.99.1.11",].identity


def test_a_server_that_moves_keeps_its_identity_and_is_then_known_as_a_neighbour(
    lan: Namespaces, tmp_path: Path
) -> None:
    serve(lan, tmp_path, HOSTS[0], name="mover")
    (before,) = found(discover(lan, tmp_path, "--json")).values()
    serve(lan, tmp_path, CLOSED, name="mover")
    (after,) = found(discover(lan, tmp_path, "--json", f"--exclude-net={HOSTS[0]}")).values()
    assert (before.addresses, before.via) == ((HOSTS[0],), ("scan",))
    assert (after.addresses, after.via) == ((CLOSED,), ("neighbours",))
    assert before.identity == after.identity


def test_without_a_tail_it_ends_soon_and_misses_nothing_near(lan: Namespaces, tmp_path: Path) -> None:
    serve(lan, tmp_path, HOSTS[0], name="near")
    soon_s = 2.2  # the tail alone takes 3.15 s
    done, longer_s = timed_beside(
        lambda: discover(lan, tmp_path, "--json", "--no-tail"),
        lambda: discover(lan, tmp_path, "--dry-run"),
        soon_s=soon_s,
    )
    assert longer_s < soon_s
    assert list(found(done)) == [f"http://{HOSTS[0]}:11434"]


def test_nothing_found_says_who_is_up_what_was_tried_and_why_that_may_be(lan: Namespaces, tmp_path: Path) -> None:
    lan.silence(SILENT)
    done = discover(lan, tmp_path)
    assert done.returncode == 3
    said = " ".join(done.stderr.split())
    assert f"Up, but nothing accepts on port 11434: {', '.join((*HOSTS[:2], CLOSED, HOSTS[2]))}." in said
    assert f"Up, but port 11434 stays silent: {SILENT}." in said
    assert "No Ollama server answered. Tried: this machine, 10.99.1.0/24 port 11434 (253 addresses)," in said
    assert [f"({number})" in said for number in (1, 2, 3)] == [True] * 3


def test_a_plan_of_several_ports_tries_each(lan: Namespaces, tmp_path: Path) -> None:
    serve(lan, tmp_path, HOSTS[0], name="usual")
    done = discover(lan, tmp_path, "--dry-run", "--port", "11434,8080")
    assert [line for line in done.stdout.splitlines() if " of 10.99.1.0/24 " in line] == [
        "253 addresses of 10.99.1.0/24 on port 11434",
        "253 addresses of 10.99.1.0/24 on port 8080",
    ]


def test_hosts_are_shown_and_selected_by_what_the_system_calls_them(lan: Namespaces, tmp_path: Path) -> None:
    for address in HOSTS[:2]:
        serve(lan, tmp_path, address, name=address)
    names = tmp_path / "hosts"
    names.write_text(f"{HOSTS[0]} gpu.lan gpu\n{HOSTS[1]} nas.lan\n", encoding="utf-8")
    inside = f'mount --bind {names} /etc/hosts && exec {sys.executable} -m ollama_speedrun "$@"'

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        return lan.run(["unshare", "--mount", "sh", "-c", inside, "sh", *arguments], env=env)

    listed = command("models", "--json", "--host", "gpu*")
    assert [(host.url, host.names) for host in decode(listed.stdout.encode(), origin="stdout").hosts] == [
        (f"http://{HOSTS[0]}:11434", ("gpu.lan", "gpu"))
    ]
    assert "fake:1b  gpu.lan " in command("models", HOSTS[0]).stdout
    assert f"nas.lan ({HOSTS[1]})" in command("discover", *HOSTS).stdout
    assert "nas.lan" not in command("discover", "--no-names", *HOSTS).stdout
