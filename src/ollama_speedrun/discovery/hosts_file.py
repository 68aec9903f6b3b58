"""A file of targets: one a line, with a name and a token where wanted. Pure.

    # the machines under the desk
    192.168.1.20
    gpu=http://gpu.lan:11434
    cloud=https://ollama.example.org/eu token=$EU_TOKEN

A token is a word, or the name of an environment variable after a `$`. No error repeats it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from ..errors import TargetError
from .targets import DEFAULT_MAX_ADDRESSES, parse_target
from .types import DEFAULT_PORT, NetworkTarget, Secret, ServerTarget

_NAMED: Final = re.compile(r"(?P<name>[\w.-]+)=(?P<target>.*)")
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
    token = _token(rest, variables)
    for port in ports:
        target = parse_target(written, default_port=port, max_addresses=max_addresses)
        if isinstance(target, ServerTarget):
            yield msgspec.structs.replace(target, via="hosts file", name=name, token=token)
        elif token is not None:
            raise TargetError(f"{target.network} is swept, and a token goes to one server that is named alone")
        else:
            yield msgspec.structs.replace(target, via="hosts file")


def _token(words: Sequence[str], variables: Mapping[str, str]) -> Secret | None:
    match words:
        case []:
            return None
        case [word] if word.startswith("token=") and len(word) > len("token="):
            text = word.removeprefix("token=")
        case _:
            raise TargetError("after the target only token=… may follow")
    if text.startswith("$"):
        variable, text = text[1:], variables.get(text[1:], "")
        if not text:
            raise TargetError(f"the variable {variable} holds no token: set it")
    if not _TOKEN.fullmatch(text):
        raise TargetError("the token has characters that no HTTP header takes")
    return Secret(text)
