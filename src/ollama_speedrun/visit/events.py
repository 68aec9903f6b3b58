"""The events of a visit to a host."""

import enum
from typing import TypeAlias

import msgspec

from ..events import Notice
from .types import LoadedBefore


class Stage(enum.StrEnum):
    """Where a benchmark stands."""

    LOADING = "loading"
    PROMPT = "reading the prompt"
    GENERATING = "generating"
    EMBEDDING = "embedding"
    UNLOADING = "unloading"


class BenchmarkProgress(msgspec.Struct, frozen=True):
    """A model's benchmark moves: chunks with content so far, and their rate (None before the second)."""

    host: str
    model: str
    stage: Stage
    tokens: int = 0
    tps: float | None = None


class Waiting(msgspec.Struct, frozen=True):
    """Nothing moves on a host: what it waits for, and for how many seconds at most; no reason: it waits no longer.

    Any other sign of life of the host ends the waiting, too.
    """

    host: str
    reason: str | None
    seconds: float | None = None


class HostLost(msgspec.Struct, frozen=True):
    """A host was given up: nothing more is sent to it during this visit."""

    host: str
    reason: str


class FoundLoaded(msgspec.Struct, frozen=True):
    """A visit begins: what the host has loaded before anything is sent to a model."""

    found: LoadedBefore


VisitEvent: TypeAlias = BenchmarkProgress | Waiting | HostLost | FoundLoaded | Notice
