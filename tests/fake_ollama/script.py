"""What a fake host is told to be: models with known speeds, and the ways in which they misbehave.

Everything is frozen and has a default, so `HostScript(models=(ModelScript("llama3.2:1b"),))` is a healthy host. The
same scripts load from JSON (`FleetScript` at the top; a fault names its kind in "fault").
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The common ground of scripts: immutable, and a misspelt field in a JSON file is refused."""


class Fault(Script, frozen=True, tag_field="fault"):
    """Something that goes wrong in a generation after `after_tokens` tokens, where there are so many.

    0 is before the first chunk.
    """

    after_tokens: int = 0


class ErrorAnswer(Fault, frozen=True, tag="error"):
    """An error: with its status before the first chunk, as a line of the stream after it."""

    status: int = 500
    text: str = "an error was encountered while running the model: something broke"


class EndWithoutDone(Fault, frozen=True, tag="end-without-done"):
    """The stream ends cleanly, without a done line."""


class EmptyAnswer(Fault, frozen=True, tag="empty-answer"):
    """The answer is empty and ends well: the end token is counted, and nothing else."""


class AbruptClose(Fault, frozen=True, tag="abrupt-close"):
    """The connection closes in the middle of the body."""


class Stall(Fault, frozen=True, tag="stall"):
    """Nothing comes any more, forever."""


class RunnerDies(Fault, frozen=True, tag="runner-dies"):
    """The model's process dies: an error line, and the next request loads the model again."""


class HostDies(Fault, frozen=True, tag="host-dies"):
    """The whole host goes away: its connections break and its port refuses."""


AnyFault: TypeAlias = ErrorAnswer | EmptyAnswer | EndWithoutDone | AbruptClose | Stall | RunnerDies | HostDies


class LoadError(Script, frozen=True):
    """A model that cannot be loaded, for example because its weights are damaged or memory is short."""

    status: int = 500
    text: str = "llama-server reported out-of-memory during startup: unable to allocate buffer"


class Student(Script, frozen=True):
    """How good a model is at the items of the bank that a run with this `seed`, and of these `areas` alone, asks.

    `ability` is in logits: at 0 half of the items of level 3 are right. `abilities` differ from it by area. Models with
    the same `key` answer alike. `fake_ollama.student` has the formula.
    """

    key: str
    seed: int = 5
    ability: float = 0.0
    abilities: Mapping[str, float] = {}
    areas: tuple[str, ...] = ()


class Attention(Script, frozen=True):
    """What a model keeps of a token: the hyper-parameters that /api/show tells, and that memory follows from.

    `kv_heads` may differ from layer to layer, 0 for one without attention. With `window_tokens`, all but each
    `full_every`-th layer attend to a window of that many tokens. Numbers take `number_bytes` each.
    """

    architecture: str = "llama"
    layers: int = 32
    heads: int = 32
    kv_heads: int | tuple[int, ...] = 8
    head_length: int = 128
    window_tokens: int | None = None
    full_every: int = 6
    number_bytes: float = 2.0

    def cache_bytes(self, tokens: int) -> int:
        """Return the bytes of the cache of one request."""
        counts = (self.kv_heads,) * self.layers if isinstance(self.kv_heads, int) else self.kv_heads
        total = 0.0
        for number, count in enumerate(counts):
            kept = tokens
            if self.window_tokens is not None and (number + 1) % self.full_every:
                kept = min(tokens, math.ceil((self.window_tokens + 512) / 256) * 256)
            total += 2 * count * self.head_length * self.number_bytes * kept
        return round(total)

    def model_info(self) -> Mapping[str, object]:
        """Return what /api/show says of it."""
        window = {} if self.window_tokens is None else {"attention.sliding_window": self.window_tokens}
        kv_heads = self.kv_heads if isinstance(self.kv_heads, int) else list(self.kv_heads)
        facts = {
            "block_count": self.layers,
            "attention.head_count": self.heads,
            "attention.head_count_kv": kv_heads,
            "attention.key_length": self.head_length,
            "attention.value_length": self.head_length,
            **window,
        }
        return {f"{self.architecture}.{key}": value for key, value in facts.items()}


class Kin(Script, frozen=True):
    """Which base a model was made of, and how far its log-probabilities are from those of the base.

    After any text the base has a logit for each of 40 words. Each of them is moved by up to `damage` either way, by an
    amount that depends on the text, the word and the model's name.
    """

    base: str
    damage: float = 0.0


class ModelScript(Script, frozen=True):
    """One model. Its true speeds are `decode_tps`, `prefill_tps` and `load_s`; its answers are fixed by the prompt.

    Answers: the text of the first entry of `answers` whose key the prompt contains; else `answer`; else `answer_tokens`
    made-up words. An answer that ends by itself takes one more token, the end token, which is counted and timed but
    gives no chunk. `num_predict` cuts an answer, unless the model is `endless`.

    Speed: the prompt's uncached tokens take 1/`prefill_tps` each; the first token comes then, each further one
    1/`decode_tps` later. Tokens of a `burst` come together (speculative decoding); `chunk_tokens` share a chunk.

    With `slower_per_1k` both become slower with depth: a token takes longer by that share for each 1,000 tokens that
    are in the context before it; all tokens of an answer count as those of its prompt.

    Memory: `size_bytes` of weights, `compute_bytes`, 1,024 bytes a token of context for the mask of attention, and the
    caches of `attention`; without it `kv_bytes_per_token` and no mask. What does not fit into the `vram_bytes` of the
    host leaves the GPU in whole layers.

    Thinking: `thinking_tokens` precede the answer where thinking is on; `capabilities` must name it. Their tags
    are counted as tokens: the opening one gives an empty chunk, the closing one none. With `thinking_only` no answer
    follows.

    A character beyond U+FFFF takes three tokens and one chunk, as its bytes do. With `format` the answer becomes the
    smallest JSON that fits, unless it is JSON already.
    """

    name: str
    decode_tps: float = 2_000.0
    prefill_tps: float = 50_000.0
    total_tps: float | None = None
    """All streams of the model together decode no faster than that, each an even share of it."""
    load_s: float = 0.0
    slower_per_1k: float = 0.0
    load_error: LoadError | None = None
    load_error_above: int | None = None
    """With more tokens of context than that, memory is too short."""

    answer: str | None = None
    answers: Mapping[str, str] = {}
    answer_tokens: int = 64
    student: Student | None = None
    """Answers the items of the bank before anything else is looked at."""
    kin: Kin | None = None
    """What its log-probabilities are like; None gives the same for each token."""
    gives_logprobs: bool = True
    """False: an old server, which passes over `logprobs`."""
    thinking_tokens: int = 0
    thinking_only: bool = False
    hidden_tokens: int = 0
    """So many tokens before all others are counted and timed, but shown nowhere: thinking in silence."""
    tool_call: Mapping[str, object] | None = None
    """What a request with tools is answered with: a call of {"name", "arguments"} instead of a text."""
    endless: bool = False
    empty_after_truncation: bool = True

    chunk_tokens: int = 1
    burst: int = 1
    empty_first_chunk: bool = False

    template_tokens: int = 9
    batch_tokens: int = 512
    """Prompt tokens in a batch: a cancelled prefill keeps the model busy to the end of its batch."""
    rates: Mapping[str, float] = {}
    """The decode rate where the prompt contains this text: drafts are accepted more often in some contents."""
    prompt_cache: bool = True
    cached_prompts: int = 1
    """How many of the latest prompts stay in the cache; the one that a new prompt shares most with is used."""
    report_cached_count: bool = False
    report_durations: bool = True
    reported_eval_duration_ns: int | None = None

    fault: AnyFault | None = None
    faulty_requests: int | None = None
    """How many generations the fault strikes, from the first one; None: every one."""
    sound_requests: int = 0
    """How many generations go well before that."""

    capabilities: tuple[str, ...] = ("completion",)
    family: str = "llama"
    families: tuple[str, ...] | None = ("llama",)
    parameter_size: str = "1.2B"
    quantization_level: str = "Q4_K_M"
    context_length: int | None = 131_072
    embedding_length: int | None = 2048
    format: str = "gguf"
    license: str | None = None
    modelfile: str | None = '# Modelfile generated by "ollama show"\n'
    parameters: str | None = None
    template: str | None = "{{ .Prompt }}"
    system: str | None = None
    model_info: Mapping[str, object] | None = None
    tensors: tuple[Mapping[str, object], ...] = ()
    size_bytes: int = 800_000_000
    kv_bytes_per_token: int = 25_000
    attention: Attention | None = None
    compute_bytes: int = 10_000_000
    gpu_share: float = 1.0
    digest: str | None = None
    """64 hexadecimal digits; None derives one from the host's and the model's name."""
    weights_digest: str | None = None
    """Models of one host that share this load together: an alias, or the same weights with another template."""
    modified_at: str | None = None
    remote_model: str | None = None
    remote_host: str | None = None


class HostScript(Script, frozen=True):
    """One Ollama server. `port` 0 takes a free one; `preloaded` names models that another client had loaded."""

    models: tuple[ModelScript, ...] = ()
    name: str | None = None
    address: str = "127.0.0.1"
    port: int = 0
    version: str = "0.33.0"
    num_parallel: int = 1
    max_loaded: int = 3
    max_queue: int = 512
    most_requests: int | None = None
    """More generations than that at once are turned away with a 503, as a gateway does."""
    keep_alive_s: float = 300.0
    context_length: int = 4096
    most_context: int | None = None
    """The longest context that the server gives, whatever it is asked for."""
    vram_bytes: int | None = None
    """The most of one model that lies on the GPU; None: its `gpu_share`."""
    cloud_disabled: bool = False
    preloaded: tuple[str, ...] = ()
    latency_s: float = 0.0
    """Added before each request is looked at, as a slow network would."""
    holds_s: tuple[float, ...] = ()
    """How long a gateway keeps each request that uses a model before it passes it on; the last holds for the rest."""
    end_hold_s: float = 0.0
    """How long a gateway keeps the last line of a stream."""
    segment_bytes: int | None = None
    """Cut what is sent into pieces of this size, as TCP and proxies may; None sends each chunk whole."""
    block_bytes: int | None = None
    """Hold back a stream until so many bytes are there or it ends, as a proxy's buffer does."""
    coalesce_s: float = 0.0
    """Hold back what is sent for this long, so that several chunks arrive together."""
    clock_offset_s: int = 0
    """By how many seconds the host's clock is ahead, in every moment that it tells."""
    knows_truncate: bool = True
    """False: an old server, which passes over `truncate` and cuts long prompts silently."""
    throttled_after: int | None = None
    """After how many generations the host is hot, and its models run at `throttled_to` of their speeds."""
    throttled_to: float = 0.8
    is_taped: bool = False
    """Keep all that goes over the wire, with the moments at which it did."""


class FleetScript(Script, frozen=True):
    """Several hosts."""

    hosts: tuple[HostScript, ...] = ()


CHAT_TEMPLATE = "{{ range .Messages }}<|{{ .Role }}|>{{ .Content }}{{ end }}"


def able_model(name: str, ability: float = 100.0, areas: tuple[str, ...] = (), **changes: object) -> ModelScript:
    """Return a chat model that gets the items of the bank right as often as its ability says, at first all."""
    base = ModelScript(name, template=CHAT_TEMPLATE, student=Student(key=name, ability=ability, areas=areas))
    return msgspec.structs.replace(base, **changes)


def embedding_model(name: str, **changes: object) -> ModelScript:
    """Return a model that makes embeddings and nothing else."""
    base = ModelScript(
        name,
        capabilities=("embedding",),
        family="bert",
        families=("bert",),
        parameter_size="22.57M",
        quantization_level="F16",
        context_length=512,
        embedding_length=384,
        size_bytes=46_000_000,
    )
    return msgspec.structs.replace(base, **changes)


def image_model(name: str, **changes: object) -> ModelScript:
    """Return a model that generates images."""
    base = ModelScript(name, capabilities=("image",), family="flux", families=None, format="safetensors")
    return msgspec.structs.replace(base, **changes)


def cloud_model(name: str, **changes: object) -> ModelScript:
    """Return the stub of a model that runs on a remote computer."""
    base = ModelScript(
        name,
        capabilities=("completion", "thinking", "tools"),
        family="gptoss",
        families=("gptoss",),
        parameter_size="116.8B",
        quantization_level="MXFP4",
        format="",
        size_bytes=384,
        context_length=None,
        embedding_length=None,
        remote_model=name.removesuffix("-cloud").removesuffix(":cloud"),
        remote_host="https://ollama.com:443",
    )
    return msgspec.structs.replace(base, **changes)


def repeating_model(name: str, **changes: object) -> ModelScript:
    """Return a model that says the same forever, until the server gives up without a done line."""
    base = ModelScript(name, answer=" ha" * 1000, fault=EndWithoutDone(after_tokens=31))
    return msgspec.structs.replace(base, **changes)


def load_fleet(path: Path) -> FleetScript:
    """Read a fleet from a JSON file; raises `msgspec.DecodeError` for what is not one."""
    return msgspec.json.decode(path.read_bytes(), type=FleetScript)
