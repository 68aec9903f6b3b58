"""What a placement is asked for, read from texts: a demand, and the memory of hosts. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from .. import units
from ..assessment.uses import Use
from ..errors import UsageError
from .types import Want

MOST_REQUESTS: Final = 64
LARGEST_CONTEXT: Final = 10_000_000
_UNITS: Final = {
    "mb": units.GB // 1000,
    "gb": units.GB,
    "tb": 1000 * units.GB,
    "mib": units.GIB // 1024,
    "gib": units.GIB,
    "tib": 1024 * units.GIB,
}
_SIZE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([a-z]{2,3})")


def demand_of(text: str, uses: Sequence[Use]) -> tuple[Want, ...]:
    """Return a demand such as "chat:2,code:1", one request where no number is given; raises `UsageError`."""
    known = {use.name: use for use in uses}
    found: dict[str, int] = {}
    for part in text.split(","):
        name, colon, count = part.strip().partition(":")
        if name not in known:
            raise UsageError(f"--demand: there is no use {name!r}; there are: {', '.join(known)}")
        if colon and not (count.isascii() and count.isdigit() and 1 <= int(count[:9]) <= MOST_REQUESTS):
            raise UsageError(f"--demand: {part!r} asks for no number of requests from 1 to {MOST_REQUESTS}")
        found[name] = found.get(name, 0) + (int(count) if colon else 1)
    if sum(found.values()) > MOST_REQUESTS:
        raise UsageError(
            f"--demand asks for {sum(found.values())} requests at the same time; {MOST_REQUESTS} is the most"
        )
    return tuple(Want(known[name], requests) for name, requests in found.items())


def memory_of(text: str, names: Mapping[str, str]) -> dict[str, int]:
    """Return the bytes of each host by its URL, from a text such as "gpu-box=24GB,10.0.0.7=8GiB".

    `names` are the URLs by each name that a host has. Raises `UsageError`.
    """
    found = {}
    for part in text.split(","):
        name, _, size = part.strip().rpartition("=")
        if name not in names:
            raise UsageError(f"--memory: there is no host {name!r} in the result; there are: {', '.join(names)}")
        match = _SIZE.fullmatch(size.strip().lower())
        if match is None or match[2] not in _UNITS:
            raise UsageError(f"--memory: {size!r} is no size; give one such as 24GB or 8GiB")
        found[names[name]] = round(float(match[1]) * _UNITS[match[2]])
    return found


def context_of(text: str) -> int:
    """Return a number of tokens such as "8192" or "32k" (of 1024 each); raises `UsageError`."""
    match = re.fullmatch(r"([0-9]{1,8})(k?)", text.strip().lower())
    tokens = 0 if match is None else int(match[1]) * (1024 if match[2] else 1)
    if not 1 <= tokens <= LARGEST_CONTEXT:
        raise UsageError(f"--context {text[:40]!r} is no number of tokens; give one such as 8192 or 32k")
    return tokens
