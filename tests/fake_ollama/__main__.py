"""Run fake hosts as a process: `python -m fake_ollama --script fleet.json`, or a default host.

Prints one JSON line with the URLs when everything listens; ends on SIGTERM, SIGINT or the end of standard input.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import msgspec

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import FleetScript, HostScript, ModelScript, load_fleet

_DEFAULT = FleetScript(hosts=(HostScript(models=(ModelScript("fake:1b"), ModelScript("fake:8b", decode_tps=50.0))),))


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="fake_ollama", description=__doc__)
    parser.add_argument("--script", type=Path, metavar="FILE", help="a fleet as JSON")
    parser.add_argument(
        "--listen", action="append", default=[], metavar="ADDR:PORT", help="where the next host of the script listens"
    )
    parser.add_argument("--no-stdin", action="store_true", help="keep running when standard input ends")
    arguments = parser.parse_args()
    fleet = load_fleet(arguments.script) if arguments.script else _DEFAULT
    asyncio.run(_serve(_listening(fleet, arguments.listen), watch_stdin=not arguments.no_stdin))


def _listening(fleet: FleetScript, places: list[str]) -> FleetScript:
    """Return the fleet with the first hosts moved to these places."""
    if len(places) > len(fleet.hosts):
        sys.exit(f"--listen was given {len(places)} times, for {len(fleet.hosts)} hosts")
    moved = [
        msgspec.structs.replace(host, address=place.rpartition(":")[0].strip("[]"), port=int(place.rpartition(":")[2]))
        for host, place in zip(fleet.hosts, places, strict=False)
    ]
    return FleetScript(hosts=(*moved, *fleet.hosts[len(moved) :]))


async def _serve(fleet: FleetScript, *, watch_stdin: bool) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with fake_fleet(fleet) as running:
        sys.stdout.write(json.dumps({"urls": running.urls}) + "\n")
        sys.stdout.flush()
        if watch_stdin:
            reader = asyncio.StreamReader()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
            drained = asyncio.create_task(_drain(reader, ended))
            await ended.wait()
            drained.cancel()
        else:
            await ended.wait()


async def _drain(reader: asyncio.StreamReader, ended: asyncio.Event) -> None:
    while await reader.read(4096):
        pass
    ended.set()


if __name__ == "__main__":
    main()
