"""`discover --watch`: hosts as they come and go, one line each, until Ctrl-C."""

import asyncio

from ..discovery.types import DiscoveryPlan, Host
from ..discovery.watch import Say, Tell, watch
from ..report.text import clean
from ..results.codec import encode_line
from .environment import Environment
from .interrupts import on_interrupt


def run_watch(plan: DiscoveryPlan, environment: Environment, *, as_json: bool, quiet: bool) -> None:
    """Print on stdout until the first Ctrl-C or SIGTERM; remarks go to stderr, unless `quiet`."""

    def tell(host: Host, is_gone: bool) -> None:
        line = encode_line(host, gone=is_gone) if as_json else _line(host, is_gone=is_gone)
        environment.put(line)

    def say(text: str) -> None:
        if not quiet:
            environment.say(clean(text, 600))

    asyncio.run(_until_interrupted(plan, tell, say))


async def _until_interrupted(plan: DiscoveryPlan, tell: Tell, say: Say) -> None:
    watching = asyncio.ensure_future(watch(plan, tell=tell, say=say))
    with on_interrupt(watching.cancel):
        await asyncio.wait([watching])
    if not watching.cancelled():
        watching.result()


def _line(host: Host, *, is_gone: bool) -> str:
    server = f"{host.kind} {host.version}" if host.version else host.kind
    name = f" ({host.name})" if host.name else ""
    return clean(f"{'-' if is_gone else '+'} {host.url}{name}  {server}, via {', '.join(host.via)}", 600)
