"""Raw observations of a visit: one streamed generation, an answer in full, and where a model lies in memory."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from ..ollama import wire

STOPPED: Final = "this program was stopped"
"""How the reason for asking again begins after a stop of this process, which is not the server's fault."""


class StreamRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One streamed generation as it was observed, before any formula.

    The `…_ns` stamps are the client's monotonic clock in ns since the request was sent, taken when the bytes arrived
    and before they were parsed. "Content" is a chunk with a non-empty answer, thinking or tool call; "answer" one with
    a non-empty answer. `content_arrivals` counts the moments at which content came, `token_limit` is the num_predict
    that was asked for. `answer_tail` is the end of what was streamed, untrusted text. The durations and counts are the
    server's own, None where it left them out. `first_lag_ns` and `last_lag_ns` say for how long this program's event
    loop had stood still when the first and the last content was stamped, None where it had not. `asked_again` says what
    came before, where that was no answer and the request was sent again. `round_trip_ns` is how long a small request to
    the same server took there and back, the median of those before, None where none was answered.
    """

    first_content_ns: int | None
    first_answer_ns: int | None
    last_content_ns: int | None
    ended_ns: int
    content_chunks: int
    content_arrivals: int | None = None
    token_limit: int | None = None
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
    first_lag_ns: int | None = None
    last_lag_ns: int | None = None
    asked_again: str | None = None
    round_trip_ns: int | None = None

    @property
    def is_empty(self) -> bool:
        """True if no content came and no token was counted beside the end token."""
        return self.content_chunks == 0 and (self.eval_count or 0) <= 1


class Residency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The memory of a loaded model by /api/ps: bytes in all, bytes on the GPU, tokens of context per slot."""

    size_bytes: int
    size_vram_bytes: int
    context_length: int | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer in full, as it was streamed: untrusted text of bounded length.

    `is_whole` is False where more came than is kept. `record` has its stamps, counts and durations.
    """

    record: StreamRecord
    content: str
    thinking: str
    tool_calls: tuple[wire.ToolCall, ...]
    is_whole: bool


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """All that was observed while a model was loaded.

    `warm_up` is the first generation, None for an embedding model. `load_duration_ns` is the server's word, `took_ns`
    how long the first answer took by our clock. `residency` is None where /api/ps did not list the model, `others`
    names the models of other users that were loaded beside it, `was_loaded` says that it was there before the run,
    `load_was_shared` that another one came or made way meanwhile.
    """

    warm_up: StreamRecord | None
    load_duration_ns: int | None
    took_ns: int
    residency: Residency | None = None
    others: tuple[str, ...] = ()
    was_loaded: bool = False
    load_was_shared: bool = False


class Resident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that /api/ps listed before a run sent anything: loaded by another client, or left by one.

    `model` is its name, untrusted and at most 512 characters long. The sizes are bytes in all and on the GPU,
    `context_length` tokens of context per slot. `stays` is True where it has no end of its keep-alive, `remaining_s`
    how long it would stay without another request. None where the server does not say.
    """

    model: str
    digest: str | None = None
    size_bytes: int | None = None
    size_vram_bytes: int | None = None
    context_length: int | None = None
    stays: bool = False
    remaining_s: int | None = None


class LoadedBefore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a host had loaded when a run came to it: at `seen_at`, by our clock, before anything was sent to a model."""

    host: str
    seen_at: Annotated[datetime, msgspec.Meta(tz=True)]
    models: tuple[Resident, ...] = ()
