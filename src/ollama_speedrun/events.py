"""What a run tells about itself while it goes on. The live display and the plain log are made from these alone."""

import enum
from typing import TypeAlias

import msgspec

from .assessment.types import Verdict
from .benchmark.types import Result
from .discovery.types import Host
from .inventory.types import Model


class Phase(enum.StrEnum):
    """The four phases, in order; they overlap in time."""

    DISCOVER = "discover"
    ENUMERATE = "enumerate"
    BENCHMARK = "benchmark"
    ASSESS = "assess"


class Stage(enum.StrEnum):
    """Where a benchmark stands."""

    LOADING = "loading"
    PROMPT = "reading the prompt"
    GENERATING = "generating"
    EMBEDDING = "embedding"
    UNLOADING = "unloading"


class PhaseBegan(msgspec.Struct, frozen=True):
    """A phase begins; `detail` says on what, in words."""

    phase: Phase
    detail: str


class PhaseEnded(msgspec.Struct, frozen=True):
    """A phase is over; `summary` says with what outcome, in words."""

    phase: Phase
    succeeded: bool
    summary: str


class Notice(msgspec.Struct, frozen=True):
    """Something the user should know that is neither progress nor failure."""

    text: str


class ScanProgress(msgspec.Struct, frozen=True):
    """`probed` of `total` addresses have given their answer or their time is up."""

    probed: int
    total: int


class HostFound(msgspec.Struct, frozen=True):
    """A server answered; look-alikes come this way too, named in `host.kind`."""

    host: Host


class HostMerged(msgspec.Struct, frozen=True):
    """A server already found was reached by another address or source: `host` is its new whole description."""

    host: Host


class TargetFailed(msgspec.Struct, frozen=True):
    """An explicit target, or a host that was found, could not be used."""

    url: str
    reason: str


class ModelListed(msgspec.Struct, frozen=True):
    """A model is known."""

    model: Model


class ModelFailed(msgspec.Struct, frozen=True):
    """A model's details could not be read; it is listed with what is known."""

    host: str
    model: str
    reason: str


class BenchmarkQueued(msgspec.Struct, frozen=True):
    """A model will be benchmarked when its turn comes."""

    host: str
    model: str


class BenchmarkBegan(msgspec.Struct, frozen=True):
    """A model's turn has come."""

    host: str
    model: str


class BenchmarkProgress(msgspec.Struct, frozen=True):
    """A model's benchmark moves: chunks with content so far, and their rate (None before the second)."""

    host: str
    model: str
    stage: Stage
    tokens: int = 0
    tps: float | None = None


class BenchmarkEnded(msgspec.Struct, frozen=True):
    """A model's benchmark is over, well or not."""

    result: Result


class BenchmarkRevised(msgspec.Struct, frozen=True):
    """A result that was told before has to be seen in another light: this one takes its place."""

    result: Result


class Assessed(msgspec.Struct, frozen=True):
    """The verdict."""

    verdict: Verdict


Event: TypeAlias = (
    PhaseBegan
    | PhaseEnded
    | Notice
    | ScanProgress
    | HostFound
    | HostMerged
    | TargetFailed
    | ModelListed
    | ModelFailed
    | BenchmarkQueued
    | BenchmarkBegan
    | BenchmarkProgress
    | BenchmarkEnded
    | BenchmarkRevised
    | Assessed
)
