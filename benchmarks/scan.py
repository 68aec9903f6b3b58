"""Find the servers of one small network with different scanners: `python benchmarks/scan.py` (root on Linux).

The network is made of namespaces, so nothing leaves the machine. 14 hosts run a fake Ollama, three of them slow to
answer; seven decoys accept, refuse or stay silent; the other 233 addresses are dead. Every scanner begins with an empty
neighbour table. "False" are addresses that a scanner reports and that are no Ollama: a port scanner cannot know. The
sequential scan is the usual first attempt, 500 ms an address, and is tried on every eighth address unless --full.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from network.namespaces import SCANNER, Namespaces  # noqa: E402  it is found by the path above

NETWORK = IPv4Network("10.99.1.0/24")
PORT = 11434
ROUTER = "10.99.1.1"
OLLAMAS = {f"10.99.1.{last}": 0.0 for last in (7, 19, 33, 48, 64, 81, 97, 120, 144, 168, 200)}
OLLAMAS |= {"10.99.1.104": 0.1, "10.99.1.216": 0.3, "10.99.1.240": 0.45}
ACCEPTING = {"10.99.1.50": "TARPIT", "10.99.1.72": "WRONG_TYPE", "10.99.1.88": "NOT_HTTP"}
REFUSING = ("10.99.1.56", "10.99.1.160")
SILENT = ("10.99.1.90", "10.99.1.176")

DECOYS = f"""
import asyncio, contextlib
from fake_ollama import raw
async def main():
    async with contextlib.AsyncExitStack() as stack:
        for address, name in {ACCEPTING!r}.items():
            await stack.enter_async_context(raw.raw_server(getattr(raw, name), address=address, port={PORT}))
        await asyncio.Event().wait()
asyncio.run(main())
"""
SEQUENTIAL = f"""
import sys, urllib.request, socket
for address in sys.argv[1:]:
    try:
        socket.create_connection((address, {PORT}), 0.5).close()
        with urllib.request.urlopen(f"http://{{address}}:{PORT}/api/tags", timeout=0.5) as answer:
            if answer.status == 200:
                print(address, flush=True)
    except Exception:
        pass
"""


class Scanner(NamedTuple):
    """A command, and how the addresses that it reports are read from what it prints."""

    name: str
    command: Sequence[str]
    found: Callable[[str], set[str]]
    asked: frozenset[str] = frozenset(map(str, NETWORK.hosts()))


class Outcome(NamedTuple):
    """What one run found and what it cost; `files` are the most that were open at once."""

    found: set[str]
    wall_s: float
    cpu_s: float
    files: int


def addresses_in(text: str) -> set[str]:
    return set(re.findall(r"\b10\.99\.1\.\d+\b", text))


def ollamas_in(text: str) -> set[str]:
    hosts = [json.loads(line) for line in text.splitlines()]
    return {address for host in hosts if host["kind"] == "ollama" for address in host["addresses"]}


def open_ports_in(text: str) -> set[str]:
    return addresses_in("\n".join(line for line in text.splitlines() if "/open/" in line))


def scanners(*, full: bool) -> list[Scanner]:
    ours = [sys.executable, "-m", "ollama_speedrun", "discover", "--stream", "--quiet"]
    share = [str(address) for address in NETWORK.hosts() if full or int(address) % 8 == 0]
    wanted = str(NETWORK)
    listed = [
        Scanner("ours", ours, ollamas_in),
        Scanner("ours --no-tail", [*ours, "--no-tail"], ollamas_in),
        Scanner(
            "sequential" if full else f"sequential, {len(share)} addresses",
            [sys.executable, "-c", SEQUENTIAL, *share],
            addresses_in,
            frozenset(share),
        ),
        Scanner("nmap -T5", ["nmap", "-T5", "-n", f"-p{PORT}", "--open", "-oG", "-", wanted], open_ports_in),
        Scanner("masscan", ["masscan", f"-p{PORT}", wanted, "--rate=1000", "--wait=1", "-oL", "-"], addresses_in),
    ]
    for missing in [scanner for scanner in listed if shutil.which(scanner.command[0]) is None]:
        print(f"{missing.name}: skipped, there is no {missing.command[0]} here")
        listed.remove(missing)
    return listed


def measure(lan: Namespaces, scanner: Scanner, env: Mapping[str, str]) -> Outcome:
    forget_neighbours(lan)
    began_s = time.monotonic()
    process = lan.start(scanner.command, env=env)
    most_files = [0]
    is_over = threading.Event()

    def count_files() -> None:
        while not is_over.wait(0.02):
            try:
                most_files[0] = max(most_files[0], len(os.listdir(f"/proc/{process.pid}/fd")))  # noqa: PTH208
            except OSError:
                return

    counting = threading.Thread(target=count_files)
    counting.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - began_s
    process.returncode = os.waitstatus_to_exitcode(status)
    is_over.set()
    counting.join()
    return Outcome(scanner.found(output), wall_s, usage.ru_utime + usage.ru_stime, most_files[0])


def forget_neighbours(lan: Namespaces) -> None:
    """Empty the scanner's neighbour table, which only a cable that was pulled does."""
    for command in (
        ["ip", "link", "set", "lan0", "down"],
        ["ip", "link", "set", "lan0", "up"],
        ["ip", "route", "replace", "default", "via", ROUTER],
    ):
        lan.run(command)
    while "NO-CARRIER" in lan.run(["ip", "link", "show", "lan0"]).stdout:
        time.sleep(0.05)
    # Every machine has talked to its router lately.
    lan.run([sys.executable, "-c", f"import socket; socket.socket().connect_ex(({ROUTER!r}, 1))"])


def serve(lan: Namespaces, directory: Path) -> None:
    hosts = [
        {"address": address, "port": PORT, "latency_s": latency_s, "models": [{"name": f"{address}:1b"}]}
        for address, latency_s in OLLAMAS.items()
    ]
    script = directory / "fleet.json"
    script.write_text(json.dumps({"hosts": hosts}), encoding="utf-8")
    lan.serve([sys.executable, "-m", "fake_ollama", "--script", str(script)], address=next(iter(OLLAMAS)))
    lan.serve([sys.executable, "-c", DECOYS], address=next(iter(ACCEPTING)))
    for address in SILENT:
        lan.silence(address)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the sequential scan on all 254 addresses, too: 2 minutes")
    full = parser.parse_args().full
    if sys.platform != "linux" or os.geteuid() != 0:
        print("skipped: network namespaces need root on Linux")
        return 0
    print(f"{'scanner':27}{'wall s':>8}{'found':>10}{'false':>7}{'CPU s':>8}{'files':>7}")
    missed: set[str] = set()
    with (
        tempfile.TemporaryDirectory() as home,
        Namespaces(hosts=(ROUTER, *OLLAMAS, *ACCEPTING, *REFUSING, *SILENT)) as lan,
    ):
        serve(lan, Path(home))
        for scanner in scanners(full=full):
            outcome = measure(lan, scanner, {"HOME": home, "XDG_CONFIG_HOME": home})
            there = OLLAMAS.keys() & scanner.asked
            found = f"{len(outcome.found & there)} of {len(there)}"
            false = len(outcome.found - OLLAMAS.keys() - {str(SCANNER.ip)})
            print(
                f"{scanner.name:27}{outcome.wall_s:8.2f}{found:>10}{false:7}{outcome.cpu_s:8.2f}{outcome.files:7}",
                flush=True,
            )
            if scanner.name == "ours":
                missed = there - outcome.found
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
