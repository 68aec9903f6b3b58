"""Figures and names as a person reads them: all rounding and all units, and the cleaning of servers' words."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from .. import units
from ..benchmark.types import Interval
from ..discovery.naming import is_address
from ..discovery.types import DEFAULT_PORT, Host
from ..quality.scoring import QualityScore
from .text import clean

ABSENT: Final = "–"
WIDEST_SHOWN: Final = 1.0
"""A wider interval says no more than that nothing is known, however many per cent it has."""
NAME_LIMIT: Final = 120
WORD_LIMIT: Final = 16
_SIZES: Final = ((1000 * units.GB, "TB"), (units.GB, "GB"), (units.GB // 1000, "MB"), (1000, "KB"))


def name(text: str | None) -> str:
    """Return a server's name for something, fit to be shown."""
    return (clean(text, NAME_LIMIT) if text else "") or ABSENT


def word(text: str | None) -> str:
    """Return a server's word for a property, such as Q4_K_M: short, so that it cannot push the figures aside."""
    return (clean(text, WORD_LIMIT) if text else "") or ABSENT


def host_label(url: str) -> str:
    """Return a host's url as people say it: without http:// and without Ollama's own port."""
    shown = name(url)
    try:
        parts = urlsplit(shown)
        port = parts.port
    except ValueError:
        return shown
    if port is None or parts.hostname is None or "@" in parts.netloc or shown != f"http://{parts.netloc}":
        return shown
    return parts.hostname if port == DEFAULT_PORT else parts.netloc


def host_called(url: str, names: Mapping[str, str]) -> str:
    """Return what a host is called: its name among `names`, which are by URL, else its label."""
    return name(names.get(url) or host_label(url))


def host_names(hosts: Sequence[Host]) -> dict[str, str]:
    """Return what each host is called, by its URL: its name where no other host has the same one, else its label.

    What the user calls a host goes before what the network does.
    """
    given = Counter(host.name for host in hosts if host.name)
    others = Counter(_other_name(host) for host in hosts)
    found: dict[str, str] = {}
    for host in hosts:
        other = _other_name(host)
        if host.name and given[host.name] == 1:
            found[host.url] = name(host.name)
        elif other and others[other] == 1 and other not in given and not host.name:
            found[host.url] = name(other)
        else:
            found[host.url] = host_label(host.url)
    return found


def host_title(host: Host) -> str:
    """Return a host's label, with a name that it has besides in front: the user's, or else the network's."""
    label = host_label(host.url)
    called = host.name or (_other_name(host) and host.names[0])
    return f"{name(called)} ({label})" if called else label


def _other_name(host: Host) -> str | None:
    """Return what the network calls a server that is known by its address, with its port where that is not Ollama's."""
    label = host_label(host.url)
    address, separator, port = (label, "", "") if is_address(label) else label.rpartition(":")
    if not host.names or not is_address(address.strip("[]")):
        return None
    return f"{host.names[0]}{separator}{port}"


def with_host_names(text: str, names: Mapping[str, str]) -> str:
    """Return a sentence in which hosts are called by these names, by URL, instead of by their addresses."""
    for url, name in names.items():
        if (label := host_label(url)) != name:
            text = re.sub(rf"(?<= on ){re.escape(label)}(?![\w.:-]*\w)", name.replace("\\", r"\\"), text)
    return text


def size(size_bytes: int | None) -> str:
    """Return bytes as `ollama list` prints them: 1 GB is 10⁹ bytes, and from 10 on only whole units are shown."""
    if size_bytes is None:
        return ABSENT
    unit, name = next((row for row in _SIZES if size_bytes >= row[0]), (1, "B"))
    whole = size_bytes // unit
    return f"{whole} {name}" if whole >= 10 or size_bytes % unit == 0 else f"{size_bytes / unit:.1f} {name}"


def rate(tps: float | None) -> str:
    """Return tokens per second, without the unit, to three significant digits or so."""
    if tps is None:
        return ABSENT
    if tps >= 1e6:
        return f"{tps:.2g}"
    return f"{tps:.1f}" if tps < 99.95 else f"{tps:.0f}"


def precision(interval: Interval | None) -> str:
    """Return half of an interval's width as a share of its geometric middle, which is the mean, such as ±2%.

    One of more than 100 % is shown as >100%.
    """
    if interval is None or interval.low_tps <= 0:
        return ABSENT
    half = interval.relative_half_width
    if half > WIDEST_SHOWN:
        return f">{WIDEST_SHOWN:.0%}"
    return f"±{half:.1%}" if half < 0.0095 else f"±{half:.0%}"


def quality(found: QualityScore | None) -> str:
    """Return a quality from 0 to 100 with the larger half of its 95 % interval, such as 71 ±9."""
    if found is None:
        return ABSENT
    half = max(found.high - found.score, found.score - found.low)
    return f"{found.score:.0f} ±{half:.0f}"


def points(score: float | None) -> str:
    """Return the quality of an area, 0 to 100, in whole points."""
    return ABSENT if score is None else f"{score:.0f}"


def share(part: float | None) -> str:
    """Return a share, 0 to 1, in per cent."""
    return ABSENT if part is None else f"{part:.0%}"


def duration(duration_s: float | None) -> str:
    """Return seconds as ms, s or minutes, whichever reads best."""
    if duration_s is None:
        return ABSENT
    if duration_s < 0.9995:
        return f"{duration_s * 1000:.0f} ms" if duration_s >= 0.00995 else f"{duration_s * 1000:.1f} ms"
    if duration_s < 9.95:
        return f"{duration_s:.1f} s"
    if duration_s < 99.5:
        return f"{duration_s:.0f} s"
    minutes, rest_s = divmod(round(duration_s), 60)
    if minutes < 60:
        return f"{minutes} min" if rest_s == 0 else f"{minutes} min {rest_s} s"
    return f"{minutes // 60} h {minutes % 60} min"


def roughly(duration_s: float) -> str:
    """Return a time yet to come in whole seconds, minutes or hours, for no more than that is known of it."""
    if duration_s < 100:
        return f"{max(duration_s, 1):.0f} s"
    return f"{duration_s / 60:.0f} min" if duration_s < 5400 else f"{duration_s / 3600:.0f} h"


def span(low_s: float, high_s: float) -> str:
    """Return a range of times yet to come, with one unit where both have the same: 3 to 9 min."""
    low, high = roughly(low_s), roughly(high_s)
    unit = high.rpartition(" ")[2]
    return f"{low.removesuffix(unit).rstrip()} to {high}" if low != high else low


def stopwatch(duration_s: float) -> str:
    """Return a time that is running as minutes and seconds: 0:04, 12:30, 75:00."""
    minutes, seconds = divmod(int(duration_s), 60)
    return f"{minutes}:{seconds:02}"


def joules(joules_per_token: float | None) -> str:
    """Return joules to two significant digits or so."""
    if joules_per_token is None:
        return ABSENT
    return f"{joules_per_token:.1f}" if joules_per_token < 99.95 else f"{joules_per_token:.0f}"


def cost(amount: float | None) -> str:
    """Return an amount of money, in whatever currency the price was given in."""
    return ABSENT if amount is None else f"{amount:.2f}" if amount >= 0.1 else f"{amount:.2g}"


def score(points: float | None) -> str:
    """Return a score from 0 to 100 with one decimal."""
    return ABSENT if points is None else f"{points:.1f}"


def moment(at: datetime) -> str:
    """Return a point in time to the minute, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def tokens(count: int | None) -> str:
    """Return a number of tokens, whole multiples of 1024 as K."""
    if count is None:
        return ABSENT
    return f"{count // 1024}K" if count >= 1024 and count % 1024 == 0 else str(count)
