"""Run a discovery of this machine's networks and print its events, one JSON line each; for use in a namespace only.

Arguments, all optional, are targets. The environment variable EXCLUDE may name one network that is left out.
"""

import asyncio
import os
import sys
from ipaddress import IPv4Network

import msgspec

import guard
from ollama_speedrun.discovery.interfaces import read_interfaces
from ollama_speedrun.discovery.plan import build_plan
from ollama_speedrun.discovery.scan import discover
from ollama_speedrun.discovery.targets import parse_target
from ollama_speedrun.pipeline.events import Event


def show(event: Event) -> None:
    print(msgspec.json.encode({type(event).__name__: event}).decode(), flush=True)


def main() -> None:
    if guard.NAMESPACE_VARIABLE not in os.environ:
        sys.exit("this scans the local networks: it runs in a test's namespace only")
    excluded = os.environ.get("EXCLUDE")
    plan = build_plan(
        targets=[parse_target(text) for text in sys.argv[1:]],
        interfaces=read_interfaces(),
        exclude=[IPv4Network(excluded)] if excluded else [],
    )
    asyncio.run(discover(plan, emit=show))


main()
