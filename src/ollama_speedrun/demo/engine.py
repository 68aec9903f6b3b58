"""The seam between the Ollama HTTP API that we serve and whatever produces the tokens.

Two implementers: real llama.cpp inference (`demo.llama`) and the scripted engine of the tests (`tests/fake_ollama`).
The server (`demo.server`) owns the protocol: routes, validation, scheduling, keep-alive, error texts and chunking. An
engine owns models: what is stored, how one is loaded, and the pieces of text it generates with their token counts and
durations.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

JsonObject: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """What a server knows of a model on its disk: the facts of /api/tags and /api/show."""

    name: str
    digest: str
    modified_at: str
    size_bytes: int
    family: str
    families: tuple[str, ...] | None
    parameter_size: str
    quantization_level: str
    capabilities: tuple[str, ...]
    context_length: int | None = None
    embedding_length: int | None = None
    format: str = "gguf"
    parent_model: str = ""
    template: str | None = None
    system: str | None = None
    license: str | None = None
    modelfile: str | None = None
    parameters: str | None = None
    model_info: JsonObject = field(default_factory=dict)
    tensors: Sequence[JsonObject] = ()
    remote_model: str | None = None
    remote_host: str | None = None
    weights_digest: str | None = None
    """The file of weights, where several models share one: what is loaded serves them all. None: its own."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: str
    content: str
    images: tuple[str, ...] = ()
    tool_calls: Sequence[JsonObject] = ()
    tool_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateJob:
    """One validated generation request.

    Either `messages` (the engine applies the model's chat template) or `raw_prompt` (it does not) is given. `options`
    holds Ollama's options as sent, already checked for their types. `output_format` is None, "json" or a JSON schema.
    """

    messages: tuple[Message, ...] = ()
    raw_prompt: str | None = None
    options: JsonObject = field(default_factory=dict)
    output_format: Literal["json"] | JsonObject | None = None
    think: bool | str | None = None
    tools: Sequence[JsonObject] = ()
    truncate: bool | None = None
    shift: bool | None = None
    top_logprobs: int | None = None
    model: StoredModel | None = None
    """The model that was asked for, where it is not the one that loaded the weights: its template may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One streamed chunk: usually one token's text, seldom several, sometimes none."""

    text: str = ""
    thinking: str = ""
    tool_calls: Sequence[JsonObject] = ()
    logprobs: Sequence[JsonObject] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The end of a generation: counts in tokens, durations in ns, None where the server would leave the field out."""

    done_reason: str | None
    prompt_eval_count: int | None
    prompt_eval_duration_ns: int | None
    eval_count: int | None
    eval_duration_ns: int | None
    prompt_eval_cached_count: int | None = None
    context: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors for a batch of texts, with the number of prompt tokens that they took."""

    vectors: Sequence[Sequence[float]]
    prompt_eval_count: int


class EngineError(Exception):
    """A failure with Ollama's HTTP status and text: a status before the first chunk, an `{"error"}` line after it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class RunnerDiedError(EngineError):
    """The process behind a runner is gone: the server forgets the runner, and the next request loads again."""


class StreamCutError(Exception):
    """The stream ends without a done line: as a clean end of the body, or as an abrupt close of the connection."""

    def __init__(self, *, abrupt: bool) -> None:
        super().__init__("abrupt close" if abrupt else "clean end without done")
        self.abrupt = abrupt


class Runner(Protocol):
    """One model loaded with one context length. Closing the iterator of `generate` cancels the generation."""

    @property
    def context_length(self) -> int:
        """The effective context per slot, in tokens (a larger request is clamped to the model's)."""

    @property
    def size_bytes(self) -> int:
        """Weights, KV cache and compute buffers, as /api/ps reports them."""

    @property
    def size_vram_bytes(self) -> int:
        """The part of `size_bytes` that lies on a GPU."""

    def rendered(self, job: GenerateJob) -> str:
        """Return the prompt of a job as the model reads it."""

    def generate(self, job: GenerateJob) -> AsyncGenerator[Piece | Finish, None]:
        """Yield pieces and then one `Finish`; raise `EngineError` or `StreamCutError`."""

    async def embed(self, texts: Sequence[str], *, truncate: bool, dimensions: int | None) -> Embedded:
        """Return one vector a text."""

    async def close(self) -> None:
        """Free the model; nothing of it is left running."""


class Engine(Protocol):
    """A shelf of models and a way to load them."""

    def models(self) -> Sequence[StoredModel]:
        """Return what is stored, newest first."""

    async def load(self, model: StoredModel, *, context_length: int, slots: int) -> Runner:
        """Load a model; cancelling aborts the load. `context_length`, in tokens, fits the model already."""
