"""`demo`: everything, on the small real servers that come with the program."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final, assert_never

import msgspec

from ..benchmark.plan import Profile
from ..demo.fleet import demo_fleet, serve_fleet
from ..demo.progress import DemoProgress, Deriving, Fetching
from ..discovery.types import DiscoveryPlan
from ..errors import UsageError
from ..events import Phase
from ..quality.items import Area
from ..ui.live import Verbosity
from ..ui.preparation import PreparationDisplay
from . import planning
from .environment import Environment
from .exit_codes import ExitCode
from .interrupts import on_interrupt
from .options import CHOOSING, ENERGY, HOST, MEASURING, PLOTS, PROGRAM, RESULTS, SETTINGS, SHOWN, VERDICT
from .run import RunCommand, load_settings
from .screen import Screen
from .settings import Settings

AREAS: Final = (str(Area.FACTS), str(Area.TASKS))
"""What models of 135 million parameters can be parted by: in the other areas they do
little better than guessing."""
ITEMS: Final = 40
"""More than a quick look asks: of so few items such models get too few right to be told from guessing."""
TRIALS: Final = 3
"""One more than a quick look takes: three servers on one machine disturb each other."""
_GROUPS_OF_A_RUN = {HOST, CHOOSING, MEASURING, RESULTS, VERDICT, SHOWN, PLOTS, ENERGY}
_OF_A_RUN = tuple(setting for setting in SETTINGS if setting.group in _GROUPS_OF_A_RUN)


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Run the pipeline on the demo's servers, or only serve them."""
    if arguments.serve:
        _check_only_serving(arguments)
    chosen = settings_of(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    if arguments.serve:
        asyncio.run(_serve(environment, screen, as_json=arguments.json))
        return ExitCode.DONE
    # Hosts of the settings file are those of a real network: only the flag can mean the demo's own
    patterns = chosen.host if arguments.host else ()
    command = RunCommand(
        environment,
        chosen,
        until=Phase.ASSESS,
        as_json=arguments.json,
        explain=arguments.explain,
        host_patterns=patterns,
        verb="demo",
    )
    return command.conduct(_plan_of_fleet(screen))


def settings_of(environment: Environment, arguments: argparse.Namespace) -> Settings:
    """Return the settings of the demo: quick, with 40 items in a few areas, unless told otherwise."""
    defaults = {"profile": Profile.QUICK, "trials": TRIALS, "areas": AREAS, "max_items": ITEMS}
    return load_settings(environment, arguments, defaults=defaults)


@asynccontextmanager
async def _plan_of_fleet(screen: Screen) -> AsyncIterator[DiscoveryPlan]:
    async with AsyncExitStack() as stack:
        with PreparationDisplay(screen.talk, quiet=screen.verbosity is Verbosity.QUIET) as display:
            preparing = asyncio.current_task()
            with on_interrupt(preparing.cancel if preparing else lambda: None):
                urls = await stack.enter_async_context(demo_fleet(progress=partial(_show, display)))
        yield planning.plan_for_servers(urls)


async def _serve(environment: Environment, screen: Screen, *, as_json: bool) -> None:
    """Serve until Ctrl-C or SIGTERM; raises `KeyboardInterrupt` where that came before there was anything to serve."""
    is_ready = False

    def ready(urls: tuple[str, ...]) -> None:
        nonlocal is_ready
        is_ready = True
        text = msgspec.json.encode({"urls": urls}).decode() if as_json else _how_to_use(urls)
        environment.put(text)

    with PreparationDisplay(screen.talk, quiet=screen.verbosity is Verbosity.QUIET) as display:
        server = asyncio.ensure_future(serve_fleet(ready, progress=partial(_show, display)))
        with on_interrupt(server.cancel):
            await asyncio.wait([server])
    if not server.cancelled():
        server.result()
    elif not is_ready:
        raise KeyboardInterrupt


def _how_to_use(urls: Sequence[str]) -> str:
    return "\n".join(
        [
            f"Serving {', '.join(urls)} until Ctrl-C. Use them with any Ollama client:",
            f"  OLLAMA_HOST={urls[0]} ollama list",
            f"  curl {urls[0]}/api/tags",
            f"  {PROGRAM} {' '.join(urls)}",
        ]
    )


def _show(display: PreparationDisplay, progress: DemoProgress) -> None:
    match progress:
        case Fetching(name, done_bytes, total_bytes):
            display.show(f"fetching {name}", done_bytes, total_bytes, "bytes")
        case Deriving(name, done_bytes, total_bytes):
            display.show(f"deriving {name}", done_bytes, total_bytes, "bytes")
        case _:
            assert_never(progress)


def _check_only_serving(arguments: argparse.Namespace) -> None:
    for setting in _OF_A_RUN:
        if getattr(arguments, setting.key) is not None:
            raise UsageError(f"--serve and {setting.flag} contradict each other: nothing is run; give only one of them")
