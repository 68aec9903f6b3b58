"""The kinds of value that an option can have: how each is read from a text, and what to say when it cannot be."""

from __future__ import annotations

import math
import re

from .. import units
from ..report.formats import endings

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Generic, Literal, TypeAlias, TypeVar

    from ..assessment.types import Tier
    from ..benchmark.plan import Extra, IfBusy, Profile, Thinking

    Scoring: TypeAlias = Literal["overall", "classic"]
    T_co = TypeVar("T_co", covariant=True)
else:
    T_co = None

    class Generic:
        """Stands in for the one in typing, of which only the type checker takes notice."""

        def __class_getitem__(cls, _: object) -> type[object]:
            return cls


TIERS: tuple[Tier, ...] = ("<2", "2-4", "4-8", "8-16", "16+")
AREA_NAMES = (
    *("reasoning", "code", "writing", "facts", "languages", "context", "tasks", "honesty"),
    *("tools", "vision"),
)
LARGEST_COUNT = 999_999_999
MOST_AT_ONCE = 64
_TOKEN_UNITS = {"k": 1024, "m": 1024**2}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*(|[mg]i?)b?", re.IGNORECASE)
_BARE_BYTES = 1_000_000
_MOST_MEMORY_BYTES = 10**15
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


def _as_it_is(value: object) -> object:
    return value


class Kind(Generic[T_co]):
    """A kind of value: how a text becomes a `T_co`.

    `parse` turns one text into a value and raises `ValueError` for any other; `expected` completes "give …". `toml` are
    the exact types that the settings file may use. A kind of `many` is a tuple of such values, and one flag or variable
    may hold several, joined by `separator`; of a kind of `runs`, each text stands for a tuple of values, all of which
    are strung together. `values` are what a shell completes, empty where anything may be typed. `written` returns a
    value as a settings file would give it.
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
        values: tuple[str, ...] = (),
        written: Callable[[Any], object] = _as_it_is,
    ) -> None:
        self.expected = expected
        self.parse = parse
        self.toml = toml
        self.many = many
        self.separator = separator
        self.runs = runs
        self.values = values
        self.written = written


def _text(text: str) -> str:
    if not text.strip() or "\0" in text:  # no file and no host has NUL in its name, but TOML can spell it
        raise ValueError("no name")
    return text.strip()


def _seconds(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError("not a duration")
    return seconds


def _duration(text: str) -> float:
    """Return the seconds of a text such as 90, 90s, 10m or 1h30m."""
    if text.replace(".", "", 1).isdigit():
        return _seconds(text)
    total_s, rest = 0.0, text.strip().lower()
    for unit, unit_s in (("h", 3600), ("m", 60), ("s", 1)):
        number, found, after = rest.partition(unit)
        if found:
            total_s += _seconds(number) * unit_s
            rest = after
    if rest or not total_s:
        raise ValueError("not a duration")
    return _seconds(str(total_s))


def _count(text: str) -> int:
    return _whole(text, range(1, LARGEST_COUNT + 1))


def _natural(text: str) -> int:
    return _whole(text, range(LARGEST_COUNT + 1))


def _confidence(text: str) -> float:
    share = float(text)
    if not 0.5 <= share < 1:
        raise ValueError("no confidence that can be promised")
    return share


def points_share(text: str) -> float:
    """Return points of 100 as a share."""
    points = float(text)
    if not 0 <= points < 100:
        raise ValueError("not a difference in points")
    return points / 100


def _points(share: float | None) -> float | None:
    """Return a share in points of 100."""
    return None if share is None else round(100 * share, 9)


def _duration_text(seconds: float | None) -> str | None:
    """Return seconds such as 900 as a text such as 15m, which `_duration` reads."""
    if seconds is None:
        return None
    whole, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(whole), 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{rest:g}s" if rest else ""]
    return "".join(parts)


def percent(text: str) -> float:
    """Return a share of 100 %, with the sign or without it."""
    share = float(text.strip().removesuffix("%")) / 100
    if not 0 <= share < 1:
        raise ValueError("not a share")
    return share


def _rate(text: str) -> float:
    tps = float(text)
    if not (math.isfinite(tps) and tps >= 0):
        raise ValueError("not a rate")
    return tps


def _area(text: str) -> str:
    if text.lower() not in AREA_NAMES:
        raise ValueError("not an area")
    return text.lower()


def _language(text: str) -> str:
    from ..quality.families.languages import known_languages

    if text.lower() not in known_languages():
        raise ValueError("no language of the bank")
    return text.lower()


def _whole(text: str, possible: range) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) not in possible:
        raise ValueError("not a whole number that is possible here")
    return int(text)


def _tokens(text: str) -> int:
    """Return a number of tokens: 32768, 32k (of 1,024) or 1m."""
    number, factor = text.strip().lower(), 1
    for unit, worth in _TOKEN_UNITS.items():
        if number.endswith(unit):
            number, factor = number.removesuffix(unit), worth
    return _whole(str(_count(number) * factor), range(1, LARGEST_COUNT + 1))


def _depth(text: str, possible: range) -> int:
    return _whole(text if text.isdigit() else str(_tokens(text)), possible)


def _memory(text: str) -> int:
    """Return the bytes of a size: 24GB or 24g (10⁹ bytes each), 24GiB (2³⁰); a bare number is GB, from 10⁶ on bytes."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a size of memory")
    number, unit = float(found[1]), found[2].lower()
    bare = units.GB if number < _BARE_BYTES else 1
    size = number * {"": bare, "m": 10**6, "mi": 2**20, "g": units.GB, "gi": units.GIB}[unit]
    if not 1 <= size <= _MOST_MEMORY_BYTES:
        raise ValueError("no size of memory")
    return round(size)


def _depths(text: str) -> tuple[int, ...]:
    """Return the depths that a text names: one, the usual ones for "on", none for "off"."""
    from ..benchmark.plan import DEPTHS

    return _sweep(text, DEPTHS, range(LARGEST_COUNT + 1), _depth)


def _levels(text: str) -> tuple[int, ...]:
    """Return the numbers of requests at once that a text names: one, the usual ones for "on", none for "off"."""
    from ..benchmark.plan import CONCURRENCY_LEVELS

    return _sweep(text, CONCURRENCY_LEVELS, range(1, MOST_AT_ONCE + 1))


def _sweep(
    text: str, usual: tuple[int, ...], possible: range, read: Callable[[str, range], int] | None = None
) -> tuple[int, ...]:
    match text.lower():
        case "on":
            return usual
        case "off":
            return ()
        case _:
            return ((read or _whole)(text, possible),)


def _port(text: str) -> int:
    port = _count(text)
    if port > 65535:
        raise ValueError("not a port")
    return port


def _tier(text: str) -> Tier:
    name = _TIER_ALIASES.get(text.lower(), text)
    for tier in TIERS:
        if tier == name:
            return tier
    raise ValueError("not a tier")


def _profile(text: str) -> Profile:
    from ..benchmark.plan import Profile

    return Profile(text)


def _thinking(text: str) -> Thinking:
    from ..benchmark.plan import Thinking

    return Thinking(text)


def _if_busy(text: str) -> IfBusy:
    from ..benchmark.plan import IfBusy

    return IfBusy(text)


def _host_watts(text: str) -> str:
    """Return the text: `config show` writes it into a settings file again."""
    from ..discovery.watts import parse_host_watts

    parse_host_watts(text)
    return text.strip()


def _extra(text: str) -> Extra:
    from ..benchmark.plan import Extra

    return Extra(text)


def _switch(text: str) -> bool:
    try:
        return _SWITCH_WORDS[text.lower()]
    except KeyError:
        raise ValueError("not a switch") from None


def _scoring(text: str) -> Scoring:
    match text:
        case "overall":
            return "overall"
        case "classic":
            return "classic"
        case _:
            raise ValueError("not a scoring")


WATTS: Kind[tuple[str, ...]] = Kind(
    "HOST=WATTS, HOST=IDLE:BUSY or HOST=sensors, such as gpu-box=60:350", _host_watts, (str,), many=True, separator=","
)
PRICE: Kind[float] = Kind("a price from 0 on, such as 0.30", _rate, (int, float))
SECONDS: Kind[float] = Kind("a number of seconds above 0, such as 30", _seconds, (int, float))
DURATION: Kind[float] = Kind(
    "a duration such as 90s, 10m or 1h30m", _duration, (int, float, str), written=_duration_text
)
CONTEXT: Kind[int] = Kind("a number of tokens, such as 32768 or 32k", _tokens, (int, str), values=("32k", "64k"))
MEMORY: Kind[int] = Kind("a size of memory, such as 24GB", _memory, (int, float, str))
COUNT: Kind[int] = Kind(f"a whole number from 1 to {LARGEST_COUNT}, such as 8", _count, (int,))
WHOLE: Kind[int] = Kind(f"a whole number from 0 to {LARGEST_COUNT}", _natural, (int,))
CONFIDENCE: Kind[float] = Kind("a share from 0.5 to below 1, such as 0.95", _confidence, (int, float))
POINTS: Kind[float] = Kind("points from 0 to below 100, such as 3", points_share, (int, float), written=_points)
RATE: Kind[float] = Kind("tokens per second from 0 on, such as 5", _rate, (int, float))
AREAS: Kind[tuple[str, ...]] = Kind(
    "areas out of " + ", ".join(AREA_NAMES), _area, (str,), many=True, separator=",", values=AREA_NAMES
)
LANGUAGES: Kind[tuple[str, ...]] = Kind(
    "codes of languages (ISO 639-1) that the bank has, such as es,de,ja", _language, (str,), many=True, separator=","
)
SWITCH: Kind[bool] = Kind("true or false", _switch, (bool,))
PROFILE: Kind[Profile] = Kind(
    "quick or standard or thorough", _profile, (str,), values=("quick", "standard", "thorough")
)
THINKING: Kind[Thinking] = Kind(
    "default or on or off or all", _thinking, (str,), values=("default", "on", "off", "all")
)
IF_BUSY: Kind[IfBusy] = Kind("wait or skip or go", _if_busy, (str,), values=("wait", "skip", "go"))
EXTRA: Kind[Extra] = Kind("auto or on or off", _extra, (str,), values=("auto", "on", "off"))
USE: Kind[str] = Kind(
    "a use: chat, code, agent, batch, rag, or one of your own",
    _text,
    (str,),
    values=("chat", "code", "agent", "batch", "rag"),
)
SCORING: Kind[Scoring] = Kind("overall or classic", _scoring, (str,), values=("overall", "classic"))
TEXTS: Kind[tuple[str, ...]] = Kind("names or patterns, such as 'llama3*'", _text, (str,), many=True, separator=",")
HOSTS: Kind[tuple[str, ...]] = Kind("hosts, such as 192.168.1.20 or 'gpu*'", _text, (str,), many=True, separator=",")
PORTS: Kind[tuple[int, ...]] = Kind(
    "port numbers from 1 to 65535, such as 11434", _port, (int,), many=True, separator=","
)
TIER_NAMES: Kind[tuple[Tier, ...]] = Kind(
    "memory tiers out of " + ", ".join(TIERS),
    _tier,
    (str,),
    many=True,
    separator=",",
    values=("lt2", "2-4", "4-8", "8-16", "16+"),
)
PATHS: Kind[tuple[str, ...]] = Kind(f"file names that end in {endings()}", _text, (str,), many=True)
FILE: Kind[str] = Kind("the name of a file", _text, (str,))
FILES: Kind[tuple[str, ...]] = Kind("names of files", _text, (str,), many=True)
NETWORKS: Kind[tuple[str, ...]] = Kind(
    "networks or addresses, such as 192.168.7.0/24", _text, (str,), many=True, separator=","
)
DEPTHS: Kind[tuple[int, ...]] = Kind(
    "tokens of context, such as 0,2048,16k, or on or off",
    _depths,
    (int, str),
    many=True,
    separator=",",
    runs=True,
    values=("on", "off"),
)
LEVELS: Kind[tuple[int, ...]] = Kind(
    f"numbers of requests up to {MOST_AT_ONCE}, such as 1,4, or on or off",
    _levels,
    (int, str),
    many=True,
    separator=",",
    runs=True,
    values=("on", "off"),
)
