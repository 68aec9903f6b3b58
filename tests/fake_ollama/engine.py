"""The engine of the fake: emits scripted answers against absolute deadlines, and notes what truly happened."""

import asyncio
import hashlib
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, assert_never

import msgspec

from fake_ollama.script import (
    AbruptClose,
    AnyFault,
    EmptyAnswer,
    EndWithoutDone,
    ErrorAnswer,
    HostDies,
    HostScript,
    LoadError,
    ModelScript,
    RunnerDies,
    Stall,
)
from fake_ollama.speech import Speech, rendered, speak
from fake_ollama.tokens import common_prefix, tokenise
from ollama_speedrun.demo.engine import (
    Embedded,
    EngineError,
    Finish,
    GenerateJob,
    Piece,
    RunnerDiedError,
    StoredModel,
    StreamCutError,
)
from ollama_speedrun.demo.golang import timestamp
from ollama_speedrun.units import NS_PER_S, nanoseconds

_TIMER_S = 0.0012

EPOCH_NS = 1_780_000_000 * NS_PER_S
"""The moment that made-up modification times start from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Truth:
    """When tokens are due after the slot was had: absolute, so that lateness never adds up. `count` 0: no end."""

    prefill_s: float
    decode_tps: float
    burst: int
    count: int

    def offset_s(self, index: int) -> float:
        """Return when token `index` (from 0) is there, in seconds after the slot; those of a burst come together."""
        reached = math.ceil(index / self.burst) * self.burst
        return self.prefill_s + (min(reached, self.count - 1) if self.count else reached) / self.decode_tps


@dataclass(slots=True, kw_only=True)
class _Shared:
    """The same where several streams share a rate: `rate` is what each has at the moment, in tokens/s."""

    prefill_s: float
    rate: Callable[[], float]
    _offsets_s: list[float] = field(default_factory=list)

    def offset_s(self, index: int) -> float:
        """Return when token `index` is there, by the rate that holds when it is asked for the first time."""
        while len(self._offsets_s) <= index:
            before_s = self._offsets_s[-1] + 1 / self.rate() if self._offsets_s else self.prefill_s
            self._offsets_s.append(before_s)
        return self._offsets_s[index]


@dataclass(slots=True, kw_only=True)
class Generation:
    """The truth about one generation. Times are of `time.perf_counter_ns`; those of tokens are when they were due.

    `slot_ns` is when the model began to work, after any load and queue.
    """

    model: str
    slot_ns: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int = 0
    first_token_ns: int | None = None
    last_token_ns: int | None = None
    outcome: Literal["running", "done", "failed", "cancelled"] = "running"

    def reached(self, index: int, truth: _Truth | _Shared) -> None:
        """Note that token `index` is there."""
        if self.first_token_ns is None:
            self.first_token_ns = self.slot_ns + nanoseconds(truth.prefill_s)
        self.last_token_ns = self.slot_ns + nanoseconds(truth.offset_s(index))
        self.output_tokens = index + 1


@dataclass(slots=True)
class Work:
    """What one request made a host do."""

    loads: int = 0
    generation: Generation | None = None


current_work: ContextVar[Work | None] = ContextVar("current_work", default=None)


@dataclass(slots=True)
class ScriptedEngine:
    """The models of one host. `die` is called when a script says that the whole host goes away."""

    host: HostScript
    number: int
    die: Callable[[], None]
    running: int = 0
    peak_concurrency: int = 0
    generations: list[Generation] = field(default_factory=list)
    _faulty: dict[str, int] = field(default_factory=dict)
    _models: Sequence[StoredModel] = ()

    def __post_init__(self) -> None:
        self._models = [self._stored(index, script) for index, script in enumerate(self.host.models)]

    def models(self) -> Sequence[StoredModel]:
        """Return the scripted models in the order of the script, which counts as newest first."""
        return self._models

    async def load(self, model: StoredModel, *, context_length: int, slots: int) -> "ScriptedRunner":
        """Take the scripted time, then fail or be there."""
        script = self.script_of(model.name)
        if (work := current_work.get()) is not None:
            work.loads += 1
        if script.load_error is not None:
            raise EngineError(script.load_error.status, script.load_error.text)
        if script.load_error_above is not None and context_length > script.load_error_above:
            raise EngineError(LoadError().status, LoadError().text)
        await asyncio.sleep(script.load_s)
        given = context_length if self.host.most_context is None else min(context_length, self.host.most_context)
        return ScriptedRunner(self, script, given, slots)

    def script_of(self, name: str) -> ModelScript:
        """Return the script of a stored model."""
        return next(script for script in self.host.models if tagged(script.name) == name)

    def as_of_now(self, script: ModelScript) -> ModelScript:
        """Return the script with the speeds that the next generation has."""
        host = self.host
        if host.throttled_after is None or len(self.generations) < host.throttled_after:
            return script
        speeds = {"decode_tps": script.decode_tps, "prefill_tps": script.prefill_tps}
        return msgspec.structs.replace(script, **{name: tps * host.throttled_to for name, tps in speeds.items()})

    def next_fault(self, script: ModelScript) -> AnyFault | None:
        """Return the fault that strikes this generation, and count it."""
        asked = self._faulty[script.name] = self._faulty.get(script.name, 0) + 1
        struck = asked - script.sound_requests
        if struck <= 0 or (script.faulty_requests is not None and struck > script.faulty_requests):
            return None
        return script.fault

    def _stored(self, index: int, script: ModelScript) -> StoredModel:
        name = tagged(script.name)
        moment_ns = EPOCH_NS + self.number * NS_PER_S + (len(self.host.models) - index) * 1_000_000_007
        info = {
            "general.architecture": script.family,
            "general.parameter_count": 1_235_814_432,
            f"{script.family}.context_length": script.context_length,
            f"{script.family}.embedding_length": script.embedding_length,
            "tokenizer.ggml.tokens": None,
            **({} if script.attention is None else script.attention.model_info()),
        }
        if script.attention is not None:
            info["general.architecture"] = script.attention.architecture
            info[f"{script.attention.architecture}.context_length"] = script.context_length
        return StoredModel(
            name=name,
            digest=script.digest or hashlib.sha256(f"{self.number}/{self.host.name}/{name}".encode()).hexdigest(),
            modified_at=script.modified_at or timestamp(moment_ns),
            size_bytes=script.size_bytes,
            family=script.family,
            families=script.families,
            parameter_size=script.parameter_size,
            quantization_level=script.quantization_level,
            capabilities=script.capabilities,
            context_length=script.context_length,
            embedding_length=script.embedding_length,
            format=script.format,
            template=script.template,
            system=script.system,
            license=script.license,
            modelfile=script.modelfile,
            parameters=script.parameters,
            model_info=script.model_info if script.model_info is not None else info,
            tensors=script.tensors,
            remote_model=script.remote_model,
            remote_host=script.remote_host,
            weights_digest=script.weights_digest,
        )


def memory_bytes(script: ModelScript, context_length: int, slots: int = 1) -> int:
    """Return what a model takes in a context: weights, caches of all slots, and buffers."""
    fixed = script.size_bytes + script.compute_bytes
    if script.attention is None:
        return fixed + script.kv_bytes_per_token * context_length * slots
    return fixed + (script.attention.cache_bytes(context_length) + 1024 * context_length) * slots


def true_decode_tps(script: ModelScript, depth_tokens: int) -> float:
    """Return the rate of writing with so many tokens in the context."""
    return script.decode_tps / (1 + script.slower_per_1k * depth_tokens / 1000)


def true_prefill_tps(script: ModelScript, prompt_tokens: int) -> float:
    """Return the rate of reading a prompt: half of it is there, on average, when a token is read."""
    return script.prefill_tps / (1 + script.slower_per_1k * prompt_tokens / 2000)


class ScriptedRunner:
    """A loaded model that keeps its script's promises."""

    def __init__(self, engine: ScriptedEngine, script: ModelScript, context_length: int, slots: int) -> None:
        self._engine = engine
        self._script = script
        self._slots = slots
        self._cached: deque[Sequence[str]] = deque(maxlen=script.cached_prompts)
        self._context_length = context_length
        self._busy_until = 0.0

    @property
    def context_length(self) -> int:
        """The context per slot."""
        return self._context_length

    @property
    def size_bytes(self) -> int:
        """Weights, KV cache of all slots, and buffers."""
        return memory_bytes(self._script, self._context_length, self._slots)

    @property
    def size_vram_bytes(self) -> int:
        """The scripted part of `size_bytes`, or as many whole layers as the GPU holds; the output counts as one."""
        vram_bytes = self._engine.host.vram_bytes
        if vram_bytes is None:
            return round(self.size_bytes * self._script.gpu_share)
        layers = 1 + (32 if self._script.attention is None else self._script.attention.layers)
        return self.size_bytes * min(layers, vram_bytes * layers // self.size_bytes) // layers

    async def generate(self, job: GenerateJob) -> AsyncGenerator[Piece | Finish, None]:
        """Say what the script says, when the script says it."""
        script = self._engine.as_of_now(self._engine.script_of(job.model.name) if job.model else self._script)
        if not self._engine.host.knows_truncate:
            job = replace(job, truncate=None)
        script = _at_rate_of(script, job)
        await _until(self._busy_until)
        begun = asyncio.get_running_loop().time()
        speech = speak(script, job, self._context_length)
        fault = self._engine.next_fault(script)
        if isinstance(fault, EmptyAnswer):
            speech, fault = replace(speech, chunks=iter(()), eval_count=1, done_reason="stop"), None
        cached = self._shared_with(speech.prompt) if script.prompt_cache else 0
        truth: _Truth | _Shared = _Truth(
            prefill_s=(len(speech.prompt) - cached) / true_prefill_tps(script, len(speech.prompt)),
            decode_tps=true_decode_tps(script, len(speech.prompt)),
            burst=script.burst,
            count=speech.eval_count,
        )
        if script.total_tps is not None:
            truth = _Shared(
                prefill_s=truth.prefill_s, rate=partial(self._share_of, script.decode_tps, script.total_tps)
            )
        generation = self._note(script, speech, cached)
        try:
            for chunk in speech.chunks:
                if fault is not None and chunk.first >= fault.after_tokens:
                    break
                moment = begun + truth.offset_s(chunk.last)
                await (_until(moment) if generation.first_token_ns is not None else _exactly_at(moment))
                self._keep(speech.prompt)
                generation.reached(chunk.last, truth)
                yield chunk.piece
            if fault is not None and (script.endless or fault.after_tokens <= speech.eval_count):
                await _until(begun + truth.offset_s(fault.after_tokens))
                await self._strike(fault)
            await _until(begun + truth.offset_s(speech.eval_count - 1))
            self._keep(speech.prompt)
            generation.reached(speech.eval_count - 1, truth)
            generation.outcome = "done"
            yield _finish(script, speech, job, generation, truth)
        except (EngineError, StreamCutError):
            generation.outcome = "failed"
            raise
        finally:
            if generation.outcome == "running":
                generation.outcome = "cancelled"
            if generation.first_token_ns is None:
                self._busy_until = self._end_of_batch(begun, truth.prefill_s)
            self._engine.running -= 1

    def rendered(self, job: GenerateJob) -> str:
        """Return the prompt with each turn marked by its role."""
        return rendered(job)

    async def embed(self, texts: Sequence[str], *, truncate: bool, dimensions: int | None) -> Embedded:
        """Return unit vectors that depend on the texts alone."""
        if "embedding" not in self._script.capabilities:
            raise EngineError(501, "This server does not support embeddings. Start it with `--embeddings`")
        counts = [len(tokenise(text)) + 2 for text in texts]
        if max(counts) > self._context_length and not truncate:
            raise EngineError(400, "the input length exceeds the context length")
        count = sum(min(count, self._context_length) for count in counts)
        await asyncio.sleep(count / self._script.prefill_tps)
        size = dimensions or self._script.embedding_length or 1
        return Embedded([_unit_vector(text, size) for text in texts], count)

    async def close(self) -> None:
        """Nothing is left, because nothing was there."""

    def _share_of(self, most_tps: float, total_tps: float) -> float:
        """Return the rate of one stream, with all that the engine runs now."""
        return min(most_tps, total_tps / max(1, self._engine.running))

    def _shared_with(self, prompt: Sequence[str]) -> int:
        """Return how many leading tokens of a prompt are in the cache; the last one is always read."""
        return min(max((common_prefix(known, prompt) for known in self._cached), default=0), len(prompt) - 1)

    def _keep(self, prompt: Sequence[str]) -> None:
        """Have a prompt in the cache, in the place of the oldest one."""
        if not any(known is prompt for known in self._cached):
            self._cached.append(prompt)

    def _end_of_batch(self, begun: float, prefill_s: float) -> float:
        """Return the loop's time when the batch of prompt tokens at hand is through, as it cannot be interrupted."""
        batch_s = self._script.batch_tokens / self._script.prefill_tps
        batches = math.ceil((asyncio.get_running_loop().time() - begun) / batch_s)
        return begun + min(batches * batch_s, prefill_s)

    def _note(self, script: ModelScript, speech: Speech, cached: int) -> Generation:
        generation = Generation(
            model=script.name,
            slot_ns=time.perf_counter_ns(),
            prompt_tokens=len(speech.prompt),
            cached_tokens=cached,
        )
        self._engine.generations.append(generation)
        self._engine.running += 1
        self._engine.peak_concurrency = max(self._engine.peak_concurrency, self._engine.running)
        if (work := current_work.get()) is not None:
            work.generation = generation
        return generation

    async def _strike(self, fault: AnyFault) -> None:
        match fault:
            case ErrorAnswer():
                raise EngineError(fault.status, fault.text)
            case EmptyAnswer():
                raise AssertionError("an empty answer is given instead of the usual one")
            case EndWithoutDone():
                raise StreamCutError(abrupt=False)
            case AbruptClose():
                raise StreamCutError(abrupt=True)
            case RunnerDies():
                text = "an error was encountered while running the model: unexpected EOF"
                raise RunnerDiedError(500, text)
            case HostDies():
                self._engine.die()
                await asyncio.Event().wait()
            case Stall():
                await asyncio.Event().wait()
            case _:
                assert_never(fault)


def _at_rate_of(script: ModelScript, job: GenerateJob) -> ModelScript:
    """Return the script with the decode rate that the prompt of a job has."""
    prompt = rendered(job)
    rate = next((tps for text, tps in script.rates.items() if text in prompt), script.decode_tps)
    return msgspec.structs.replace(script, decode_tps=rate)


def _finish(
    script: ModelScript, speech: Speech, job: GenerateJob, generation: Generation, truth: _Truth | _Shared
) -> Finish:
    """Report as llama-server does: the evaluation spans from the first to the last token, at least 1 µs."""
    eval_ns = script.reported_eval_duration_ns
    if eval_ns is None:
        eval_ns = max(1000, nanoseconds(truth.offset_s(speech.eval_count - 1) - truth.prefill_s))
    reports = script.report_durations
    return Finish(
        done_reason=speech.done_reason,
        prompt_eval_count=generation.prompt_tokens if reports else None,
        prompt_eval_duration_ns=nanoseconds(truth.prefill_s) if reports else None,
        eval_count=speech.eval_count if reports else None,
        eval_duration_ns=eval_ns if reports else None,
        prompt_eval_cached_count=generation.cached_tokens if script.report_cached_count else None,
        context=None if job.raw_prompt is not None else (128_006, 882, 128_007),
    )


async def _exactly_at(moment: float) -> None:
    """Sleep until a moment, without the millisecond that the event loop's timers may be late by."""
    loop = asyncio.get_running_loop()
    await _until(moment if getattr(loop, "has_exact_timers", False) else moment - _TIMER_S)
    while loop.time() < moment:  # noqa: ASYNC110 - no event marks a moment, and a timer may be late
        await asyncio.sleep(0)


async def _until(moment: float) -> None:
    """Sleep until a moment of the loop's clock; give way to others even when it has passed."""
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))


def tagged(name: str) -> str:
    """Return a model's name as it is listed, always with a tag."""
    return name if ":" in name else f"{name}:latest"


def _unit_vector(text: str, size: int) -> list[float]:
    seed = hashlib.sha256(text.encode()).digest()
    raw = [seed[index % len(seed)] - 127.5 + index / size for index in range(size)]
    length = math.sqrt(sum(value * value for value in raw))
    return [value / length for value in raw]
