"""The kinds of value that a setting can have: how each is read from a text, and what to say when it cannot be."""

import math
from collections.abc import Callable

TIERS = ("<2", "2-4", "4-8", "8-16", "16+")
LARGEST_COUNT = 999_999_999
MOST_AT_ONCE = 64
_TIER_ALIASES = {"lt2": "<2", "16plus": "16+"}  # nothing in these needs quoting in a shell
_SWITCH_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


class Kind:
    """How a value is read.

    `parse` turns one text into a value and raises `ValueError` for any other; `expected` completes "give …". `toml` are
    the exact types that the settings file may use. A kind of `many` is a tuple of such values, and one flag or variable
    may hold several, joined by `separator`; of a kind of `runs`, each text stands for a tuple of values, all of which
    are strung together.
    """

    def __init__(  # noqa: PLR0913 - a row of the table below
        self,
        expected: str,
        parse: Callable[[str], object],
        toml: tuple[type, ...],
        *,
        many: bool = False,
        separator: str | None = None,
        runs: bool = False,
    ) -> None:
        self.expected = expected
        self.parse = parse
        self.toml = toml
        self.many = many
        self.separator = separator
        self.runs = runs


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("empty")
    return text.strip()


def _seconds(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError("not a duration")
    return seconds


def _count(text: str) -> int:
    return _whole(text, range(1, LARGEST_COUNT + 1))


def _whole(text: str, possible: range) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) not in possible:
        raise ValueError("not a whole number that is possible here")
    return int(text)


def _depths(text: str) -> tuple[int, ...]:
    """Return the depths that a text names: one, the usual ones for "on", none for "off"."""
    from ..benchmark.plan import DEPTHS

    return _sweep(text, DEPTHS, range(LARGEST_COUNT + 1))


def _levels(text: str) -> tuple[int, ...]:
    """Return the numbers of requests at once that a text names: one, the usual ones for "on", none for "off"."""
    from ..benchmark.plan import CONCURRENCY_LEVELS

    return _sweep(text, CONCURRENCY_LEVELS, range(1, MOST_AT_ONCE + 1))


def _sweep(text: str, usual: tuple[int, ...], possible: range) -> tuple[int, ...]:
    match text.lower():
        case "on":
            return usual
        case "off":
            return ()
        case _:
            return (_whole(text, possible),)


def _port(text: str) -> int:
    port = _count(text)
    if port > 65535:
        raise ValueError("not a port")
    return port


def _tier(text: str) -> str:
    tier = _TIER_ALIASES.get(text.lower(), text)
    if tier not in TIERS:
        raise ValueError("not a tier")
    return tier


def _switch(text: str) -> bool:
    try:
        return _SWITCH_WORDS[text.lower()]
    except KeyError:
        raise ValueError("not a switch") from None


def choice(*words: str) -> Kind:
    """Return the kind whose values are exactly these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError("not a choice")
        return text

    return Kind(" or ".join(words), parse, (str,))


SECONDS = Kind("a number of seconds above 0, such as 30", _seconds, (int, float))
COUNT = Kind(f"a whole number from 1 to {LARGEST_COUNT}, such as 8", _count, (int,))
SWITCH = Kind("true or false", _switch, (bool,))
TEXTS = Kind("names or patterns, such as 'llama3*'", _text, (str,), many=True, separator=",")
HOSTS = Kind("hosts, such as 192.168.1.20 or 'gpu*'", _text, (str,), many=True, separator=",")
PORTS = Kind("port numbers from 1 to 65535, such as 11434", _port, (int,), many=True, separator=",")
TIER_NAMES = Kind("memory tiers out of " + ", ".join(TIERS), _tier, (str,), many=True, separator=",")
PATHS = Kind("file names that end in .json, .md or .csv", _text, (str,), many=True)
FILES = Kind("names of files", _text, (str,), many=True)
NETWORKS = Kind("networks or addresses, such as 192.168.7.0/24", _text, (str,), many=True, separator=",")
DEPTHS = Kind(
    "tokens of context, such as 0,2048, or on or off", _depths, (int, str), many=True, separator=",", runs=True
)
LEVELS = Kind(
    f"numbers of requests up to {MOST_AT_ONCE}, such as 1,4, or on or off",
    _levels,
    (int, str),
    many=True,
    separator=",",
    runs=True,
)
