"""The messages of Ollama's HTTP API that we read and send.

Lenient where servers differ: every field may be absent, and unknown fields are ignored. Durations are ns.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

LARGEST: Final = 2**53
"""No size in bytes, duration in ns or count is larger; beyond it, JSON's numbers are no longer exact either."""
LONGEST_REASON_CHARACTERS: Final = 40
LOADED: Final = "load"
"""The done_reason of an answer to an empty prompt, which loads the model; some servers send it before an answer."""
MOST_MODELS: Final = 5_000
MOST_LOADED: Final = 256
"""Models that one server has stored, and loaded."""

Options: TypeAlias = Mapping[str, int | float | tuple[str, ...]]
"""The `options` of a request."""


class _Bounded(msgspec.Struct, frozen=True):
    """A message whose absurd integers, negative ones too, count as absent; with them no formula can go wrong."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, int) and not 0 <= value <= LARGEST:
                msgspec.structs.force_setattr(self, name, None)


def _name_after_model(entry: "TagsEntry | Loaded") -> None:
    """Take the name from `model` where there is none, and forget `model`: it says the same."""
    if not entry.name and entry.model:
        msgspec.structs.force_setattr(entry, "name", entry.model)
    msgspec.structs.force_setattr(entry, "model", "")


class Details(_Bounded, frozen=True):
    """The `details` of /api/tags, /api/show and /api/ps."""

    format: str | None = None
    family: str | None = None
    parameter_size: str | None = None
    quantization_level: str | None = None
    context_length: int | None = None


def plain_digest(said: str | None) -> str | None:
    """Return a digest as Ollama writes it: in lower case and without the name of its algorithm."""
    return None if said is None else said.strip().lower().removeprefix("sha256:")


class TagsEntry(_Bounded, frozen=True):
    """One model of /api/tags; some servers name it in `model` alone."""

    name: str = ""
    digest: str | None = None
    size: int | None = None
    modified_at: str | None = None
    remote_host: str | None = None
    details: Details | None = None
    capabilities: tuple[str, ...] | None = None
    model: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        _name_after_model(self)


class Tags(msgspec.Struct, frozen=True):
    """The body of /api/tags; entries stay raw so that one bad entry spoils itself alone."""

    models: tuple[msgspec.Raw, ...] | None = None


class Show(msgspec.Struct, frozen=True):
    """The body of /api/show, as far as we read it; `model_info` stays raw, for it carries megabytes of vocabulary."""

    details: Details | None = None
    model_info: msgspec.Raw = msgspec.Raw()
    capabilities: tuple[str, ...] | None = None
    template: str | None = None
    modelfile: str | None = None
    parameters: str | None = None
    license: str | tuple[str, ...] | None = None
    remote_host: str | None = None


class Loaded(_Bounded, frozen=True):
    """One model of /api/ps: `size` and `size_vram` in bytes, `expires_at` in RFC 3339."""

    name: str = ""
    digest: str | None = None
    size: int | None = None
    size_vram: int | None = None
    context_length: int | None = None
    expires_at: str | None = None
    model: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        _name_after_model(self)


class Ps(msgspec.Struct, frozen=True):
    """The body of /api/ps; entries stay raw, for an odd one must not hide the others."""

    models: tuple[msgspec.Raw, ...] | None = None


class Version(msgspec.Struct, frozen=True):
    """The body of /api/version."""

    version: str = ""


class GenerateRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body that we send to /api/generate; what stands at its default is left out."""

    model: str
    prompt: str = ""
    stream: bool | None = None
    truncate: bool | None = None
    raw: bool | None = None
    keep_alive: int | None = None
    think: bool | str | None = None
    images: tuple[str, ...] = ()
    logprobs: bool | None = None
    top_logprobs: int | None = None
    options: Options = {}


class LikelyToken(msgspec.Struct, frozen=True):
    """A token with its log-probability, in nats; `logprob` is None where the server gives none."""

    token: str = ""
    logprob: float | None = None


class ChosenToken(LikelyToken, frozen=True):
    """One token of an answer, and the most probable ones in its place."""

    top_logprobs: tuple[LikelyToken, ...] | None = None


class Scored(msgspec.Struct, frozen=True):
    """An answer that was not streamed, as far as the log-probabilities of its tokens go."""

    logprobs: tuple[ChosenToken, ...] | None = None
    error: Any = None


class FunctionCall(msgspec.Struct, frozen=True):
    """Which tool a model wants called; `arguments` is an object by its name, from a server any JSON."""

    name: str = ""
    arguments: Any = None


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of `tool_calls`."""

    function: FunctionCall = FunctionCall()
    id: str | None = None


class Message(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One message that we send: `role` is system, user, assistant or tool, the last with the `tool_name` it is of."""

    role: str
    content: str
    thinking: str | None = None
    images: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str | None = None


class ChatRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body that we send to /api/chat; what stands at its default is left out."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    format: Any = None
    truncate: bool | None = None
    shift: bool | None = None
    keep_alive: int | None = None
    think: bool | str | None = None
    options: Options = {}


class RenderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body that asks /api/chat for the prompt that it would send to the model, without inference.

    A server that does not know the field answers as usual, which `options` bounds to one token.
    """

    model: str
    messages: tuple[Message, ...]
    options: Options
    stream: bool = False
    truncate: bool = False
    debug_render_only: bool = msgspec.field(name="_debug_render_only", default=True)


class DebugInfo(msgspec.Struct, frozen=True):
    """What a rendered request says of itself."""

    rendered_template: str | None = None


class Rendered(msgspec.Struct, frozen=True):
    """The answer to a `RenderRequest`; `debug_info` is None from a server that does not know it."""

    debug_info: DebugInfo | None = msgspec.field(name="_debug_info", default=None)


class Chunk(_Bounded, frozen=True):
    """One NDJSON line of a streamed /api/generate."""

    response: str = ""
    thinking: str | None = None
    tool_calls: tuple[Any, ...] | None = None
    done: bool = False
    done_reason: str | None = None
    error: Any = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_cached_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None

    def __post_init__(self) -> None:
        if self.done:  # the only line with figures; there are thousands of the others
            super().__post_init__()
            if self.done_reason is not None:
                msgspec.structs.force_setattr(self, "done_reason", self.done_reason[:LONGEST_REASON_CHARACTERS])

    @property
    def only_says_loaded(self) -> bool:
        """True for the line that says that the model was loaded, and nothing of an answer."""
        return self.done and self.done_reason == LOADED and self.eval_count is None and not self.has_content

    @property
    def has_content(self) -> bool:
        """True if there is an answer, thinking or a tool call in it."""
        return bool(self.response or self.thinking or self.tool_calls)


class ChatMessage(msgspec.Struct, frozen=True):
    """The `message` of one line of a streamed /api/chat."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: tuple[Any, ...] | None = None


class ChatChunk(Chunk, frozen=True):
    """One NDJSON line of a streamed /api/chat: its message stands in the fields of a generation's chunk, too."""

    message: ChatMessage | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.message is not None:
            msgspec.structs.force_setattr(self, "response", self.message.content or "")
            msgspec.structs.force_setattr(self, "thinking", self.message.thinking)
            msgspec.structs.force_setattr(self, "tool_calls", self.message.tool_calls)


class EmbedRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body that we send to /api/embed."""

    model: str
    input: tuple[str, ...]
    options: Options = {}


class Embeddings(_Bounded, frozen=True):
    """The body of /api/embed, how long it took by our clock, and why it was asked for again, where it was."""

    embeddings: tuple[tuple[float, ...], ...] = ()
    load_duration: int | None = None
    total_duration: int | None = None
    prompt_eval_count: int | None = None
    took_ns: int = 0
    asked_again: str | None = None


class RawEmbeddings(_Bounded, frozen=True):
    """The body of /api/embed with its vectors as they were sent."""

    embeddings: msgspec.Raw = msgspec.Raw()
    load_duration: int | None = None
    total_duration: int | None = None
    prompt_eval_count: int | None = None
    error: Any = None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of an HTTP error: Ollama has `error` alone, gateways in front of it have the others."""

    error: Any = None
    detail: Any = None
    message: Any = None
