"""The question before a long run, and the warning where nobody can answer."""

import asyncio

from ..pipeline.forecast import Forecast
from ..report import figures
from ..wording import counted
from .environment import Environment
from .settings import Settings

DECLINED = "nothing was measured, as you said"


def is_long(found: Forecast, chosen: Settings) -> bool:
    """Return whether a run may take longer than `--ask-above`, within its time limit."""
    limit_s = found.seconds if chosen.time_limit_s is None else chosen.time_limit_s
    return min(found.seconds, limit_s) > chosen.ask_above_s


def quicker(chosen: Settings) -> str:
    """Return which options make the run shorter, of those that are not in use already."""
    profile = () if chosen.profile == "quick" else ("--profile quick",)
    limit = () if chosen.time_limit_s is not None else ("--time-limit 10m",)
    options = [*profile, *limit, "fewer models with --model"]
    return f"quicker: {', '.join(options[:-1])}{', or ' if options[:-1] else ''}{options[-1]}"


def warning(found: Forecast, chosen: Settings) -> str:
    """Return what is said of a long run that nobody is asked about."""
    return f"this run may take {figures.roughly(found.high_s)}; {quicker(chosen)}"


async def confirmed(found: Forecast, chosen: Settings, environment: Environment) -> bool:
    """Ask whether to begin, and return the answer; no other task waits for it."""
    low, high = figures.roughly(found.low_s), figures.roughly(found.high_s)
    models = counted(found.models, "model")
    question = f"Measuring {models} takes about {figures.roughly(found.seconds)} ({low} to {high}; {quicker(chosen)})."
    print(f"{question}\nBegin? [Y/n] ", end="", file=environment.stderr, flush=True)
    answer = await _line_of(environment)
    return answer.strip().lower() in {"", "y", "yes"}


async def _line_of(environment: Environment) -> str:
    """Return a line of stdin, without a thread that would outlive a Ctrl-C where the loop can watch stdin itself."""
    loop = asyncio.get_running_loop()
    is_there = asyncio.Event()
    try:
        loop.add_reader(environment.stdin.fileno(), is_there.set)
    except (NotImplementedError, OSError, ValueError):
        return await asyncio.to_thread(environment.stdin.readline)
    try:
        await is_there.wait()
    finally:
        loop.remove_reader(environment.stdin.fileno())
    return environment.stdin.readline()
