"""What a placement is asked for, read from texts: a demand, and the memory of hosts. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ..assessment.uses import Use
from ..errors import UsageError
from .types import Want

MOST_REQUESTS: Final = 64


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


def memory_of(text: str, names: Mapping[str, str], size: Callable[[str], int]) -> dict[str, int]:
    """Return the bytes of each host by its URL, from a text such as "gpu-box=24GB,10.0.0.7=8GiB".

    `names` are the URLs by each name that a host has, the one to show first; `size` reads a size, or raises
    `ValueError`. Raises `UsageError`.
    """
    found = {}
    for part in text.split(","):
        name, _, held = part.strip().rpartition("=")
        if name not in names:
            shown: dict[str, str] = {}
            for known, url in names.items():
                shown.setdefault(url, known)
            listed = ", ".join(shown.values())
            raise UsageError(f"--memory: there is no host {name!r} in the result; there are: {listed}")
        try:
            found[names[name]] = size(held.strip())
        except ValueError:
            raise UsageError(f"--memory: {held!r} is no size; give one such as 24GB or 8GiB") from None
    return found
