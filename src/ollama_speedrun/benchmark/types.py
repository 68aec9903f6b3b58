"""Raw observations of a benchmark, and the result derived from them."""

import enum
from typing import Literal

import msgspec

Status = Literal["ok", "failed", "skipped"]


class CaveatKind(enum.StrEnum):
    """Every reason why a figure deserves a second look; `benchmark.caveats` has the texts."""

    NO_SERVER_DURATIONS = "no-server-durations"
    TOO_FEW_TOKENS = "too-few-tokens"
    CLOCKS_DISAGREE = "clocks-disagree"
    PROMPT_CACHED = "prompt-cached"
    PROMPT_TRUNCATED = "prompt-truncated"
    QUEUED = "queued"
    SHARED_HOST = "shared-host"
    PARTLY_ON_GPU = "partly-on-gpu"
    BUDGET_SPENT_THINKING = "budget-spent-thinking"
    REPEATS_ITSELF = "repeats-itself"
    LOAD_TIME_HIDDEN = "load-time-hidden"


class Caveat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason why a figure is missing or deserves a second look; the text says what to try."""

    kind: CaveatKind
    text: str


class StreamRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One streamed generation as it was observed, before any formula.

    The `…_ns` stamps are the client's monotonic clock in ns since the request was sent, taken when the bytes arrived
    and before they were parsed. "Content" is a chunk with a non-empty answer, thinking or tool call; "answer" one with
    a non-empty answer. `answer_tail` is the end of what was streamed, untrusted text. The durations and counts are the
    server's own, None where it left them out.
    """

    first_content_ns: int | None
    first_answer_ns: int | None
    last_content_ns: int | None
    ended_ns: int
    content_chunks: int
    answer_characters: int
    thinking_characters: int
    answer_tail: str
    done_reason: str | None
    total_duration_ns: int | None
    load_duration_ns: int | None
    prompt_eval_count: int | None
    prompt_eval_cached_count: int | None
    prompt_eval_duration_ns: int | None
    eval_count: int | None
    eval_duration_ns: int | None


class Residency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What /api/ps says of the loaded model: bytes in all, bytes on the GPU, tokens of context per slot."""

    size_bytes: int
    size_vram_bytes: int
    context_length: int | None


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """All that was observed of one model.

    `residency` is None where /api/ps did not list it, `others` names the models loaded beside it, `was_loaded` says
    whether it was there before the run, `token_budget` is the num_predict of the trial.
    """

    warm_up: StreamRecord
    trial: StreamRecord
    residency: Residency | None
    others: tuple[str, ...]
    was_loaded: bool
    token_budget: int


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of one model on one host: figures in the unit of their name, None where none can be had.

    `classic_tps` is the seed's figure, output tokens ÷ (end − first token) on the client's clock; it feeds the scoring
    `classic` and nothing else. `warm_up` and `trial` are the raw records that every figure is derived from.
    """

    host: str
    model: str
    status: Status
    reason: str | None = None
    decode_tps: float | None = None
    decode_client_tps: float | None = None
    ollama_tps: float | None = None
    classic_tps: float | None = None
    prefill_tps: float | None = None
    ttft_s: float | None = None
    ttfa_s: float | None = None
    tpot_s: float | None = None
    load_s: float | None = None
    total_s: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    token_budget: int | None = None
    context_length: int | None = None
    memory_bytes: int | None = None
    gpu_share: float | None = None
    caveats: tuple[Caveat, ...] = ()
    warm_up: StreamRecord | None = None
    trial: StreamRecord | None = None

    @property
    def speed_tps(self) -> float | None:
        """Decode throughput in tokens/s: by the server's clock, by the client's where the server gives none."""
        return self.decode_tps if self.decode_tps is not None else self.decode_client_tps
