"""A small network of its own for a test: a scanner's machine on one end of a cable, any number of hosts on the other.

    with Namespaces(hosts=("10.99.1.10", "10.99.1.11")) as lan:
        lan.serve([sys.executable, "-m", "fake_ollama", "--host", "10.99.1.10"], address="10.99.1.10")
        done = lan.run([sys.executable, "-m", "ollama_speedrun", "discover", "--json"])

Both ends are network namespaces of Linux without any other interface, so nothing that runs there can leave the machine.
"""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import IPv4Interface
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import pytest

import guard

TESTS: Final = Path(__file__).parent.parent
SCANNER: Final = IPv4Interface("10.99.1.2/24")

_counter = itertools.count()
_OURS: Final = re.compile(r"osr(\d+)-\d+-(scan|host)\b")

_CAN_BUILD: Final = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("ip") is not None

needs_namespaces = pytest.mark.skipif(not _CAN_BUILD, reason="network namespaces need root on Linux and iproute2")
"""For tests that build a `Namespaces`."""


T = TypeVar("T")
_ATTEMPTS: Final = 5


def timed_beside(run: Callable[[], T], plain: Callable[[], object], *, soon_s: float) -> tuple[T, float]:
    """Return what `run` gave and how many seconds longer it took than `plain`.

    Both start Python and read the same modules, which takes the longer the busier the machine is; what `run` waits for
    takes the same time on any machine. Where the difference is not below `soon_s`, both are repeated, and their
    shortest times count: a stall of the machine passes, a wait stays.
    """
    runs_s: list[float] = []
    plain_s: list[float] = []
    while True:
        began_s = time.monotonic()
        plain()
        between_s = time.monotonic()
        given = run()
        plain_s.append(between_s - began_s)
        runs_s.append(time.monotonic() - between_s)
        longer_s = min(runs_s) - min(plain_s)
        if longer_s < soon_s or len(runs_s) == _ATTEMPTS:
            return given, longer_s


class Namespaces:
    """The scanner's namespace and the hosts', joined by one virtual cable for each interface of the scanner.

    `interfaces` are the scanner's own, by name; `hosts` are the addresses that exist on the other end. Any other
    address stays silent, and a port of a host on which nothing is served refuses.
    """

    def __init__(
        self,
        hosts: Sequence[str] = ("10.99.1.10", "10.99.1.11", "10.99.1.12"),
        interfaces: Mapping[str, IPv4Interface] | None = None,
    ) -> None:
        name = f"osr{os.getpid()}-{next(_counter)}"
        self.scanner = f"{name}-scan"
        self.other_end = f"{name}-host"
        self._hosts = tuple(hosts)
        self._interfaces = dict(interfaces or {"lan0": SCANNER})
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        remove_leftovers()
        try:
            self._build()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def run(
        self, command: Sequence[str], *, timeout_s: float = 240, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the scanner's machine to its end; its output is text. It is killed after `timeout_s`."""
        return subprocess.run(
            [*_inside(self.scanner), *command],
            env=self._environment(env),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command on the scanner's machine; it ends with the block at the latest."""
        return self._start(self.scanner, command, env)

    def serve(
        self, command: Sequence[str], *, address: str, port: int = 11434, timeout_s: float = 120
    ) -> subprocess.Popen[str]:
        """Start a server on the hosts' end and wait until `port` accepts at `address`; modules of tests/ can be run."""
        server = self._start(self.other_end, command, None)
        deadline = time.monotonic() + timeout_s
        while not self._accepts(address, port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no server came up at {address}:{port}: {' '.join(command)}")
            time.sleep(0.02)
        return server

    def silence(self, address: str) -> None:
        """Drop whatever a host would send but ARP, as a firewall does."""
        _ip("-n", self.other_end, "rule", "add", "from", address, "blackhole")

    @contextmanager
    def packets(self) -> Iterator[set[str]]:
        """Give a set that holds, after the block, each address that a packet or an ARP request was sent to."""
        sniffer = self._start(self.other_end, [sys.executable, "-u", str(TESTS / "network" / "sniffer.py")], None)
        assert sniffer.stdout is not None
        assert sniffer.stdout.readline() == "listening\n"
        seen: set[str] = set()
        yield seen
        time.sleep(0.1)
        sniffer.send_signal(signal.SIGTERM)
        output, _ = sniffer.communicate(timeout=60)
        seen.update(output.split())

    def _build(self) -> None:
        for namespace in (self.scanner, self.other_end):
            _ip("netns", "add", namespace)
            self._cleanup.callback(_remove, namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        for number, (name, address) in enumerate(self._interfaces.items()):
            peer = f"host{number}"
            _ip(
                "link",
                "add",
                name,
                "netns",
                self.scanner,
                "type",
                "veth",
                "peer",
                "name",
                peer,
                "netns",
                self.other_end,
            )
            _ip("-n", self.scanner, "address", "add", str(address), "dev", name)
            for host in self._hosts:
                if IPv4Interface(f"{host}/{address.network.prefixlen}").network == address.network:
                    _ip("-n", self.other_end, "address", "add", f"{host}/{address.network.prefixlen}", "dev", peer)
            _ip("-n", self.scanner, "link", "set", name, "up")
            _ip("-n", self.other_end, "link", "set", peer, "up")

    def _start(self, namespace: str, command: Sequence[str], env: Mapping[str, str] | None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*_inside(namespace), *command],
            env=self._environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._cleanup.callback(_end, process)
        return process

    def _environment(self, env: Mapping[str, str] | None) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key != "OLLAMA_HOST"}
        return {**inherited, "PYTHONPATH": str(TESTS), **(env or {}), guard.NAMESPACE_VARIABLE: self.scanner}

    def _accepts(self, address: str, port: int) -> bool:
        attempt = f"import socket; socket.create_connection(({address!r}, {port}), 1).close()"
        return (
            subprocess.run(
                [*_inside(self.other_end), sys.executable, "-c", attempt], capture_output=True, check=False
            ).returncode
            == 0
        )


def remove_leftovers() -> None:
    """Remove the namespaces of test runs that were killed before they could do so."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        if (ours := _OURS.match(line)) and not Path("/proc", ours[1]).exists():
            _remove(ours[0])


def _inside(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)


def _remove(namespace: str) -> None:
    inhabitants = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False).stdout
    for pid in inhabitants.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
