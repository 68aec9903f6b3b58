"""Raw observations of a benchmark, and the result derived from them."""

import enum
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec

from ..visit.types import Residency as Residency  # noqa: PLC0414  # exported from here, too: parts of a result
from ..visit.types import StreamRecord as StreamRecord  # noqa: PLC0414

Status = Literal["ok", "failed", "skipped"]
ContentKind: TypeAlias = Literal["prose", "code", "json"]
ResultKey: TypeAlias = tuple[str, str, str | None]
"""Host, model and variant, which tell a run's results apart."""


class CaveatKind(enum.StrEnum):
    """Every reason why a figure deserves a second look; `benchmark.caveats` has the texts."""

    NO_SERVER_DURATIONS = "no-server-durations"
    TOO_FEW_TOKENS = "too-few-tokens"
    SHORT_ANSWERS = "short-answers"
    CLOCKS_DISAGREE = "clocks-disagree"
    TOKENS_HELD_BACK = "tokens-held-back"
    LATE_CHUNK = "late-chunk"
    PROMPT_CACHED = "prompt-cached"
    PROMPT_TRUNCATED = "prompt-truncated"
    QUEUED = "queued"
    SHARED_HOST = "shared-host"
    PARTLY_ON_GPU = "partly-on-gpu"
    BUDGET_SPENT_THINKING = "budget-spent-thinking"
    REPEATS_ITSELF = "repeats-itself"
    LOAD_TIME_HIDDEN = "load-time-hidden"
    IMPRECISE = "imprecise"
    RELOADED = "reloaded"
    DRIFT = "drift"
    REASONS_ANYWAY = "reasons-anyway"
    BUFFERED = "buffered"
    BUDGET_EXCEEDED = "budget-exceeded"
    CUT_SHORT = "cut-short"
    EMPTY_TRIALS = "empty-trials"
    ASKED_AGAIN = "asked-again"
    HIDDEN_THINKING = "hidden-thinking"
    NOT_KEPT_LOADED = "not-kept-loaded"
    CONTEXT_DIFFERS = "context-differs"
    DEPTHS_MISSING = "depths-missing"
    CLIENT_LAGGED = "client-lagged"
    LEVELS_MISSING = "levels-missing"
    HELD_UP = "held-up"
    LATE_END = "late-end"
    SLOW_PATH = "slow-path"


class Caveat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason why a figure is missing or deserves a second look; the text says what to try."""

    kind: CaveatKind
    text: str


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A 95 % interval of a rate in tokens/s, from this many trials."""

    low_tps: float
    high_tps: float
    trials: int

    @property
    def relative_half_width(self) -> float:
        """Half its length as a share of the geometric mean of its ends, which is that of the rates.

        Infinite where the lower end is so near 0 that no mean is left.
        """
        mean_tps = math.sqrt(self.low_tps) * math.sqrt(self.high_tps)
        return (self.high_tps - self.low_tps) / 2 / mean_tps if mean_tps > 0 else math.inf


class TimeInterval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A 95 % interval of a time in seconds, from this many trials."""

    low_s: float
    high_s: float
    trials: int


class DepthPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Speed with this many tokens in the context; `gpu_share` falls where layers had to leave the GPU."""

    prompt_tokens: int | None
    num_ctx: int
    prefill_tps: float | None
    decode_tps: float | None
    ttft_s: float | None
    memory_bytes: int | None
    gpu_share: float | None


MemoryBasis: TypeAlias = Literal["measured", "line", "formula"]
"""Where a figure of memory comes from: /api/ps, the line through two loads, or one load and the model's details."""


class ContextLoad(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What /api/ps said while the model was loaded with a context of `num_ctx` tokens: bytes in all, on the GPU."""

    num_ctx: int
    memory_bytes: int
    gpu_bytes: int


class MemoryAtContext(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The memory with a context of `num_ctx` tokens; `gpu_share` is None where it was not measured."""

    num_ctx: int
    memory_bytes: int
    basis: MemoryBasis
    gpu_share: float | None = None


class ContextOnGpu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest context, in tokens, with all of the model on the GPU.

    `is_least` says that it was the longest one tried, so that longer ones may fit, too.
    """

    num_ctx: int
    is_least: bool


class GpuCliff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where layers leave the GPU: none did with `whole_num_ctx` tokens of context, some do with `num_ctx`.

    `layers_off` of `layers` is the share of the bytes that are not on the GPU, in whole layers; the output counts as
    one, as it does for Ollama.
    """

    whole_num_ctx: int
    num_ctx: int
    layers_off: int | None
    layers: int | None


class ConcurrencyPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The figures of `requests` sent at the same moment: tokens/s in all, time to first token, how many ran at once.

    `decode_tps` is the median decode rate of a single one of them.
    """

    requests: int
    throughput_tps: float | None
    ttft_p50_s: float | None
    ttft_p95_s: float | None
    ran_at_once: int
    decode_tps: float | None = None


class EmbeddingFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Embeddings per second one by one and 32 at a time, by the client's clock, and the length of a vector."""

    dimension: int
    batch_1_per_s: float | None
    batch_32_per_s: float | None


class ImageFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cost of one image of 256 × 256 pixels in a prompt: tokens, and seconds of reading."""

    tokens: int | None
    prefill_s: float | None


class EnergyFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The energy of `output_tokens` that took `seconds`, the reading of their prompts included.

    `source` is "stated" where the user gave the watts, "sensors" where this machine's were read: those in `sensors`.
    `joules_per_token` has the power in it that the host draws when idle, `joules_per_token_above_idle` has not, and is
    None where that power is not known. The cost is in the currency of `price_per_kwh`, None where no price was given.
    """

    source: Literal["stated", "sensors"]
    sensors: tuple[str, ...] = ()
    busy_watts: float
    idle_watts: float | None = None
    seconds: float
    output_tokens: int
    joules_per_token: float
    joules_per_token_above_idle: float | None = None
    tokens_per_wh: float
    price_per_kwh: float | None = None
    cost_per_million_tokens: float | None = None


class ContentRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The decode rate in tokens/s while this kind of content is written: the geometric mean of so many trials.

    `is_scored` marks the kind that speed and scores are made of; its records are the result's trials, and those of the
    others stand here.
    """

    kind: ContentKind
    decode_tps: float
    is_scored: bool = False
    trials: int
    records: tuple[StreamRecord, ...] = ()


class SecondTurn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the second turn of a conversation takes to its first token, and what the server reads from its cache.

    `first`, `second` and `third` are the turns of one conversation, each with all earlier ones in its prompt; `other`
    is a conversation as long as the second turn with another beginning, asked between the second and the third.
    `prefix_tokens` is the prompt of the first turn, `prompt_tokens` that of the second. `ttft_warm_s` is the second
    turn's time to first token, `ttft_cold_s` the other conversation's, which is not in the cache.
    `cached_share` is the share of the second turn's prompt that came from the cache, `later_cached_share` that of the
    third's; `told_by` says whether the server counted it or its reading times tell. `prefix` says what became of the
    first turn: three quarters of it or more were "kept", under a quarter is "lost". `survives` is True where it was
    still kept after the other conversation. All are None where nothing tells.
    """

    prefix_tokens: int | None
    prompt_tokens: int | None
    ttft_warm_s: float | None
    ttft_cold_s: float | None
    cached_share: float | None
    later_cached_share: float | None = None
    told_by: Literal["count", "durations"] | None
    prefix: Literal["kept", "partly", "lost"] | None
    survives: bool | None = None
    first: StreamRecord
    second: StreamRecord
    other: StreamRecord
    third: StreamRecord | None = None


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """All that was observed of one model in one variant.

    `interview` is the one long generation, `trials` are the short ones that speed is measured by, without those that
    were disturbed and discarded (`discarded` of them). `residency` is None where /api/ps did not list the model,
    `others` names the models loaded beside it, `was_loaded` says whether it was there before the run, `load_was_shared`
    whether another one came or made way meanwhile. `precision` was wanted; `out_of_time` says that the budget ended the
    trials. `keeps_loaded` is False for a server that unloads the model after each answer. `thinks` is what the request
    asked for, None where it left that to the server. `cut_short` says what failed after the interview and ended the
    trials, `interrupted` that the run ended before the benchmark did. `num_ctx` is the context asked for,
    `limit_tokens` the model's own limit, and `is_theirs` says that the model keeps the context that others gave it.
    """

    warm_up: StreamRecord
    interview: StreamRecord
    trials: tuple[StreamRecord, ...] = ()
    discarded: int = 0
    residency: Residency | None
    others: tuple[str, ...]
    was_loaded: bool
    load_was_shared: bool = False
    keeps_loaded: bool = True
    token_budget: int
    prompt_characters: int
    precision: float = 0.03
    out_of_time: bool = False
    thinks: bool | str | None = None
    cut_short: str | None = None
    interrupted: bool = False
    num_ctx: int | None = None
    limit_tokens: int | None = None
    is_theirs: bool = False

    @property
    def timed(self) -> tuple[StreamRecord, ...]:
        """The generations that speed is measured by."""
        return timed_of(self.interview, self.trials)

    @property
    def calm(self) -> tuple[StreamRecord, ...]:
        """The generations whose least waiting time is taken for the model's own: all of them."""
        return (self.warm_up, self.interview, *self.trials)


def timed_of(interview: StreamRecord, trials: Sequence[StreamRecord]) -> tuple[StreamRecord, ...]:
    """Return the generations that speed is measured by: the trials that were not empty, or else the interview."""
    return tuple(trial for trial in trials if not trial.is_empty) or (interview,)


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The result of one model on one host: figures in the unit of their name, None where none can be had.

    `drift` is the share by which the host became faster (negative: slower) while its models were measured, None where
    nothing tells that it did. `ttft_s` is the model's own: None where a load, a queue or a buffer was inside of it in
    every trial. `variant` tells apart how a model was run ("thinking", "direct", or a level of thinking), None for the
    server's default. `classic_tps` is the seed's figure and feeds the scoring `classic` alone. `warm_up`, `interview`
    and `trials` are the raw records that every figure is derived from. `server_version`, `model_format` and `digest`
    say what was measured: figures of two runs compare only where they agree, and `context_length`, too. That is what
    the server gave, `num_ctx` what was asked for. `loads` are the contexts that the model was loaded with;
    `memory_by_context`, `context_on_gpu` and `gpu_cliff` follow from them. `started_at` and `ended_at` (UTC) enclose
    the model's turn, None where it had none. `measured_in` is the id of the run that measured it, where the result was
    taken over from there; None where its own run did.
    """

    host: str
    model: str
    variant: str | None = None
    server_version: str | None = None
    model_format: str | None = None
    digest: str | None = None
    status: Status
    reason: str | None = None
    decode_tps: float | None = None
    decode_interval: Interval | None = None
    decode_client_tps: float | None = None
    ollama_tps: float | None = None
    classic_tps: float | None = None
    prefill_tps: float | None = None
    ttft_s: float | None = None
    ttft_interval: TimeInterval | None = None
    ttfa_s: float | None = None
    tpot_s: float | None = None
    unattributed_s: float | None = None
    load_s: float | None = None
    total_s: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    token_budget: int | None = None
    context_length: int | None = None
    memory_bytes: int | None = None
    gpu_share: float | None = None
    embedding: EmbeddingFigures | None = None
    image: ImageFigures | None = None
    num_ctx: int | None = None
    loads: tuple[ContextLoad, ...] = ()
    memory_by_context: tuple[MemoryAtContext, ...] = ()
    context_on_gpu: ContextOnGpu | None = None
    gpu_cliff: GpuCliff | None = None
    depths: tuple[DepthPoint, ...] = ()
    concurrency: tuple[ConcurrencyPoint, ...] = ()
    second_turn: SecondTurn | None = None
    content: tuple[ContentRate, ...] = ()
    energy: EnergyFigures | None = None
    drift: float | None = None
    caveats: tuple[Caveat, ...] = ()
    discarded_trials: int | None = None
    warm_up: StreamRecord | None = None
    interview: StreamRecord | None = None
    trials: tuple[StreamRecord, ...] = ()
    started_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    ended_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    measured_in: str | None = None

    @property
    def speed_tps(self) -> float | None:
        """Decode throughput in tokens/s: by the server's clock, by the client's where the server gives none."""
        return self.decode_tps if self.decode_tps is not None else self.decode_client_tps

    @property
    def key(self) -> ResultKey:
        """Host, model and variant, which tell a run's results apart."""
        return self.host, self.model, self.variant

    @property
    def label(self) -> str:
        """The model's name, with its variant where it has one."""
        return label(self.model, self.variant)

    @property
    def is_cut_short(self) -> bool:
        """True if its benchmark ended before it was done."""
        return any(caveat.kind is CaveatKind.CUT_SHORT for caveat in self.caveats)


def label(model: str, variant: str | None) -> str:
    """Return a model's name, with its variant where it has one."""
    return model if variant is None else f"{model} ({variant})"
