"""A POSIX shell: variables for the pick, and a function for each pick. Pure."""

import re
import shlex
from collections.abc import Iterator

from .basis import headed
from .fleet import Alias, Fleet


def render(fleet: Fleet) -> str:
    """Return lines for `.` in sh, dash, bash and zsh."""
    notes = (
        "The functions need the ollama program on this machine: it talks to the host of the pick.",
        "OLLAMA_MODEL is a name for your own scripts; ollama itself does not read it.",
    )
    return headed(fleet, "#", *notes) + "".join(_lines(fleet))


def _lines(fleet: Fleet) -> Iterator[str]:
    pick = fleet.pick("best") or next(iter(fleet.chat), None)
    if pick is not None:
        yield f"export OLLAMA_HOST={shlex.quote(pick.url)}\n"
        yield f"export OLLAMA_MODEL={shlex.quote(pick.model)}\n"
    taken = set[str]()
    for alias in fleet.aliases:
        name = function_name(alias.name)
        if name not in taken and not alias.served.is_embedding:
            taken.add(name)
            yield f"{name}() {{ {command(alias)}; }}\n"


def function_name(alias: str) -> str:
    """Return the name of the shell function for a pick, such as ollama_code."""
    return "ollama_" + re.sub(r"[^a-z0-9]+", "_", alias.lower()).strip("_")


def command(alias: Alias) -> str:
    """Return the command that asks a pick on its host."""
    return f'OLLAMA_HOST={shlex.quote(alias.served.url)} ollama run {shlex.quote(alias.served.model)} "$@"'
