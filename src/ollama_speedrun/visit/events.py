"""The events of a visit to a host."""

import enum
from typing import TypeAlias

import msgspec

from ..events import Notice


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


VisitEvent: TypeAlias = BenchmarkProgress | Notice
