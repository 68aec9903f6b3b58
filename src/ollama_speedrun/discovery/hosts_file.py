"""A file of targets: one a line, with a name, a token and the power that it draws where wanted. Pure.

    # the machines under the desk
    192.168.1.20
    gpu=http://gpu.lan:11434
    cloud=https://ollama.example.org/eu token=$EU_TOKEN
    rack=rack.lan idle_watts=60 busy_watts=350

A token is a word, or the name of an environment variable after a `$`. No error repeats it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from ..errors import TargetError
from .targets import DEFAULT_MAX_ADDRESSES, parse_target
from .types import DEFAULT_PORT, NetworkTarget, Secret, ServerTarget, Watts
from .watts import watts_of

_NAMED: Final = re.compile(r"(?P<name>[\w.-]+)=(?P<target>.*)")
KEYS: Final = ("token", "idle_watts", "busy_watts")
_TOKEN: Final = re.compile(r"[!-~]+")


def parse_hosts_file(
    text: str,
    *,
    origin: str,
    variables: Mapping[str, str],
    ports: Sequence[int] = (DEFAULT_PORT,),
    max_addresses: int = DEFAULT_MAX_ADDRESSES,
) -> tuple[ServerTarget | NetworkTarget, ...]:
    """Return the targets of a hosts file, those without a port once for each of `ports`.

    Raises `TargetError` with `origin` and the number of the line.
    """
    found: list[ServerTarget | NetworkTarget] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = _words(line)
        if not words:
            continue
        try:
            found.extend(_targets(words, variables, ports, max_addresses))
        except TargetError as error:
            raise TargetError(f"{origin}, line {number}: {error}") from error
    return tuple(dict.fromkeys(found))


def _words(line: str) -> list[str]:
    """Return the words before a comment, which begins with a # that follows a blank: a token may hold one."""
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0].split()


def _targets(
    words: Sequence[str], variables: Mapping[str, str], ports: Sequence[int], max_addresses: int
) -> Iterator[ServerTarget | NetworkTarget]:
    written, *rest = words
    named = _NAMED.fullmatch(written)
    name, written = (named["name"], named["target"]) if named else (None, written)
    said = _said(rest)
    token = _token(said["token"], variables) if "token" in said else None
    watts = _watts(said)
    for port in ports:
        target = parse_target(written, default_port=port, max_addresses=max_addresses)
        if isinstance(target, ServerTarget):
            yield msgspec.structs.replace(target, via="hosts file", name=name, token=token, watts=watts)
        elif watts is not None:
            raise TargetError(f"{target.network} is swept, and watts belong to one server that is named alone")
        elif token is not None:
            raise TargetError(f"{target.network} is swept, and a token goes to one server that is named alone")
        else:
            yield msgspec.structs.replace(target, via="hosts file")


def _said(words: Sequence[str]) -> dict[str, str]:
    """Return what follows a target, by its key."""
    said: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in KEYS or not equals or not value or key in said:
            raise TargetError("after the target only token=…, idle_watts=… and busy_watts=… may follow, each once")
        said[key] = value
    return said


def _watts(said: Mapping[str, str]) -> Watts | None:
    if "busy_watts" not in said and "idle_watts" not in said:
        return None
    if "busy_watts" not in said:
        raise TargetError("idle_watts needs busy_watts, what the host draws while it writes")
    try:
        idle_watts = float(said["idle_watts"]) if "idle_watts" in said else None
        return watts_of(idle_watts, float(said["busy_watts"]))
    except ValueError as exc:
        raise TargetError(f"busy_watts and idle_watts are numbers such as 350, idle the smaller: {exc}") from exc


def _token(text: str, variables: Mapping[str, str]) -> Secret:
    if text.startswith("$"):
        variable, text = text[1:], variables.get(text[1:], "")
        if not text:
            raise TargetError(f"the variable {variable} holds no token: set it")
    if not _TOKEN.fullmatch(text):
        raise TargetError("the token has characters that no HTTP header takes")
    return Secret(text)
