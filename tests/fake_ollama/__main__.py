"""Run fake hosts as a process: `python -m fake_ollama --script fleet.json`, or a default host.

Prints one JSON line with the URLs when everything listens; ends on SIGTERM, SIGINT or the end of a standard input
that is a pipe.
"""

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path

import msgspec

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import FleetScript, HostScript, ModelScript, load_fleet
from fake_ollama.tape import Exchange

_DEFAULT = FleetScript(hosts=(HostScript(models=(ModelScript("fake:1b"), ModelScript("fake:8b", decode_tps=50.0))),))


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="fake_ollama", description=__doc__)
    parser.add_argument("--script", type=Path, metavar="FILE", help="a fleet as JSON")
    parser.add_argument(
        "--listen", action="append", default=[], metavar="ADDR:PORT", help="where the next host of the script listens"
    )
    parser.add_argument(
        "--tape", type=Path, metavar="FILE", help="where to write at the end what taped hosts exchanged"
    )
    arguments = parser.parse_args()
    fleet = load_fleet(arguments.script) if arguments.script else _DEFAULT
    tapes = asyncio.run(_serve(_listening(fleet, arguments.listen)))
    if arguments.tape:
        arguments.tape.write_bytes(msgspec.json.encode(tapes))


def _listening(fleet: FleetScript, places: list[str]) -> FleetScript:
    """Return the fleet with the first hosts moved to these places."""
    if len(places) > len(fleet.hosts):
        sys.exit(f"--listen was given {len(places)} times, for {len(fleet.hosts)} hosts")
    moved = [
        msgspec.structs.replace(host, address=place.rpartition(":")[0].strip("[]"), port=int(place.rpartition(":")[2]))
        for host, place in zip(fleet.hosts, places, strict=False)
    ]
    return FleetScript(hosts=(*moved, *fleet.hosts[len(moved) :]))


async def _serve(fleet: FleetScript) -> list[list[Exchange]]:
    """Serve until told to end; returns the tape of each host."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with fake_fleet(fleet) as running:
        sys.stdout.write(json.dumps({"urls": running.urls}) + "\n")
        sys.stdout.flush()
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_watch_stdin(ended))
            await ended.wait()
            watching.cancel()
        return [host.tape for host in running.hosts]


async def _watch_stdin(ended: asyncio.Event) -> None:
    """Set the event when standard input ends; what is no pipe, such as /dev/null, does not end."""
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
    ended.set()


if __name__ == "__main__":
    main()
