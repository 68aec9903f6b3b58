"""Real inference behind the `Engine` seam: llama.cpp in a worker process for each loaded model.

As in real Ollama, the server talks to llama.cpp's HTTP server on loopback. Counts and durations are llama.cpp's own,
mapped as Ollama maps them: the prompt's count includes its cached part, its duration does not.
"""

import asyncio
import os
import re
import secrets
import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

import aiohttp
import msgspec

from .engine import (
    Embedded,
    EngineError,
    Finish,
    GenerateJob,
    JsonObject,
    Message,
    Piece,
    RunnerDiedError,
    StoredModel,
)
from .model_files import ModelFile
from .worker import WorkerReady, WorkerSettings

DEFAULT_CONTEXT = 4096
NUM_KEEP = 4

GO_TEMPLATE = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
)
"""What `chat_prompt` does, in the language in which Ollama shows it."""

_PARAMETERS = 'stop                           "<|im_start|>"\nstop                           "<|im_end|>"'
_LICENSE = "Apache License\nVersion 2.0, January 2004\nhttps://www.apache.org/licenses/LICENSE-2.0"

# Ollama's defaults; what a request does not say is decided here, not by llama.cpp.
_SAMPLING: Mapping[str, float] = {
    "temperature": 0.8,
    "top_p": 0.9,
    "min_p": 0.0,
    "typical_p": 1.0,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}
_SAMPLING_COUNTS: Mapping[str, int] = {"top_k": 40, "repeat_last_n": 64, "seed": -1}
_FINAL_FIELDS = ("timings", "stop_type")  # else the last event repeats the whole prompt
_JSON_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})

_BUFFER_SIZE = re.compile(r"buffer size =\s*([\d.]+) MiB")
_RUNNER_STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    "check ollama server logs for details"
)
_RUNNER_CUT = "an error was encountered while running the model: unexpected EOF"
_STDERR_LINE_BYTES = 2**20


class _Timings(msgspec.Struct, frozen=True):
    cache_n: int
    prompt_n: int
    prompt_ms: float
    predicted_n: int
    predicted_ms: float


class _Candidate(msgspec.Struct, frozen=True):
    token: str
    bytes: tuple[int, ...]
    logprob: float
    top_logprobs: tuple["_Candidate", ...] = ()


class _Event(msgspec.Struct, frozen=True):
    """One server-sent event of /completion; the last one has the timings."""

    content: str = ""
    completion_probabilities: tuple[_Candidate, ...] = ()
    timings: _Timings | None = None
    stop_type: str = ""
    error: msgspec.Raw | None = None


class _Tokens(msgspec.Struct, frozen=True):
    tokens: tuple[int, ...]


class _Vector(msgspec.Struct, frozen=True):
    embedding: tuple[float, ...]


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int


class _Vectors(msgspec.Struct, frozen=True):
    data: tuple[_Vector, ...]
    usage: _Usage


@dataclass(frozen=True, slots=True)
class Threads:
    """How many threads a worker decodes and prefills with."""

    decode: int
    prefill: int

    @classmethod
    def for_this_machine(cls) -> "Threads":
        """One to decode, for so small a model only loses by sharing its short steps out; four at most to prefill."""
        return cls(decode=1, prefill=min(os.cpu_count() or 1, 4))


class LlamaEngine:
    """The models of one demo host."""

    def __init__(self, files: Sequence[ModelFile], threads: Threads | None = None) -> None:
        self._threads = threads or Threads.for_this_machine()
        self._files = {file.spec.name: file for file in files}
        stored = (stored_model(file) for file in files)
        self._models = tuple(sorted(stored, key=lambda model: model.modified_at, reverse=True))

    def models(self) -> Sequence[StoredModel]:
        """Return what is stored, newest first."""
        return self._models

    async def load(self, model: StoredModel, *, context_length: int | None, slots: int) -> "LlamaRunner":
        """Start a worker and wait until it has loaded; cancelling kills it.

        Raises `EngineError` 500 when it cannot load.
        """
        largest = model.context_length or DEFAULT_CONTEXT
        settings = WorkerSettings(
            model=str(self._files[model.name].path),
            api_key=secrets.token_urlsafe(),
            context_length=max(NUM_KEEP, min(context_length or DEFAULT_CONTEXT, largest)),
            slots=slots,
            embedding="embedding" in model.capabilities,
            decode_threads=self._threads.decode,
            prefill_threads=self._threads.prefill,
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ollama_speedrun.demo.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_STDERR_LINE_BYTES,
        )
        log = _Log(process)
        try:
            url = await _ready(process, log, settings)
        except BaseException:
            await log.end()
            raise
        return LlamaRunner(process, log, settings, url)


class LlamaRunner:
    """One model in a worker process."""

    def __init__(self, process: asyncio.subprocess.Process, log: "_Log", settings: WorkerSettings, url: str) -> None:
        self._process = process
        self._log = log
        self._settings = settings
        self._http = aiohttp.ClientSession(
            url,
            headers={"Authorization": f"Bearer {settings.api_key}"},
            timeout=aiohttp.ClientTimeout(total=None),
            connector=aiohttp.TCPConnector(limit=0, force_close=True),  # llama.cpp drops idle connections unasked
        )

    @property
    def context_length(self) -> int:
        """The effective context per slot, in tokens."""
        return self._settings.context_length

    @property
    def size_bytes(self) -> int:
        """The buffers that llama.cpp says it allocated: weights, KV cache, compute and output."""
        return self._log.buffer_bytes

    @property
    def size_vram_bytes(self) -> int:
        """Nothing: the demo computes on the CPU."""
        return 0

    def rendered(self, job: GenerateJob) -> str:
        """Return the prompt of a job as the model reads it."""
        return chat_prompt(job.messages) if job.raw_prompt is None else job.raw_prompt

    async def generate(self, job: GenerateJob) -> AsyncGenerator[Piece | Finish, None]:
        """Yield pieces and then one `Finish`; closing the generator cancels at llama.cpp too."""
        prompt = await self._prompt(job)
        said: list[str] = []
        async with aclosing(self._completion(_completion_body(job, prompt, self.context_length))) as events:
            async for event in events:
                if event.timings is not None:
                    context = (*prompt, *await self._tokenize("".join(said))) if job.raw_prompt is None else None
                    yield _finish(event.timings, event.stop_type, context)
                elif event.content:
                    said.append(event.content)
                    yield Piece(text=event.content, logprobs=_logprobs(event, job.top_logprobs))

    async def embed(self, texts: Sequence[str], *, truncate: bool, dimensions: int | None) -> Embedded:
        """Return one vector of length 1 a text, of the first `dimensions` dimensions if that is given."""
        if not self._settings.embedding:
            raise EngineError(501, "This server does not support embeddings. Start it with `--embeddings`")
        tokens = [await self._tokenize(text) for text in texts]
        if not truncate and any(len(each) > self.context_length for each in tokens):
            raise EngineError(400, "the input length exceeds the context length")
        cut = [each[: self.context_length] for each in tokens]
        answer = msgspec.json.decode(await self._post("/v1/embeddings", {"input": cut}), type=_Vectors)
        vectors = [_shortened(vector.embedding, dimensions) for vector in answer.data]
        return Embedded(vectors, answer.usage.prompt_tokens)

    async def close(self) -> None:
        """Kill the worker; it has nothing to save."""
        await self._http.close()
        await self._log.end()

    async def _prompt(self, job: GenerateJob) -> Sequence[int]:
        tokens = await self._tokenize(self.rendered(job))
        return tokens if job.truncate is False else truncated(tokens, self.context_length)

    async def _tokenize(self, text: str) -> Sequence[int]:
        body = {"content": text, "add_special": False, "parse_special": True}
        return msgspec.json.decode(await self._post("/tokenize", body), type=_Tokens).tokens

    async def _post(self, path: str, body: JsonObject) -> bytes:
        try:
            async with self._http.post(path, json=body) as response:
                answer = await response.read()
        except aiohttp.ClientError as exc:
            raise RunnerDiedError(500, _RUNNER_STOPPED) from exc
        if response.status != 200:
            raise EngineError(response.status, answer.decode())
        return answer

    async def _completion(self, body: JsonObject) -> AsyncGenerator[_Event, None]:
        """Yield the events of a completion, the one with the timings last."""
        try:
            async with self._http.post("/completion", json=body) as response:
                if response.status != 200:
                    raise EngineError(response.status, await response.text())
                async for line in _lines(response.content):
                    event = _decoded(line)
                    if event is None:
                        continue
                    yield event
                    if event.timings is not None:
                        return
        except aiohttp.ClientError as exc:
            raise RunnerDiedError(500, _RUNNER_CUT) from exc
        raise RunnerDiedError(500, _RUNNER_CUT)


class _Log:
    """A worker's standard error, read forever lest the worker stall, and the process's end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tail: deque[str] = deque(maxlen=20)
        self.buffer_bytes = 0
        self._reading = asyncio.create_task(self._read())

    async def end(self) -> None:
        """Kill the process and wait until it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def explanation(self) -> str:
        """Return why the process ended by itself."""
        await self._process.wait()
        await self._reading
        said = [line for line in self._tail if "error" in line.lower()] or [*self._tail, "no reason given"]
        return f"exit status {self._process.returncode}: {said[-1]}"

    async def _read(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - opened as a pipe
        async for line in self._process.stderr:
            text = line.decode(errors="replace").strip()
            if found := _BUFFER_SIZE.search(text):
                self.buffer_bytes += round(float(found[1]) * 1024**2)
            self._tail.append(text)


async def _ready(process: asyncio.subprocess.Process, log: _Log, settings: WorkerSettings) -> str:
    """Return the worker's URL once it has loaded."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - opened as pipes
    process.stdin.write(msgspec.json.encode(settings) + b"\n")
    answer = await process.stdout.readline()
    if not answer:
        raise EngineError(500, f"the model could not be loaded ({await log.explanation()})")
    return msgspec.json.decode(answer, type=WorkerReady).url


def stored_model(file: ModelFile) -> StoredModel:
    """Return what /api/tags and /api/show say of a model file."""
    facts = file.record.facts
    is_embedding = "llama.pooling_type" in facts.model_info  # Ollama's own criterion
    return StoredModel(
        name=file.spec.name,
        digest=file.record.sha256,
        modified_at=file.record.modified_at,
        size_bytes=file.record.size_bytes,
        family="llama",
        families=("llama",),
        parameter_size=parameter_size(facts.parameter_count),
        quantization_level=facts.quantization,
        capabilities=("embedding",) if is_embedding else ("completion",),
        context_length=facts.model_info["llama.context_length"],
        embedding_length=facts.model_info["llama.embedding_length"],
        template="{{ .Prompt }}" if is_embedding else GO_TEMPLATE,
        license=_LICENSE,
        modelfile=f"FROM {file.path}\n",
        parameters=None if is_embedding else _PARAMETERS,
        model_info=facts.model_info,
        tensors=[msgspec.to_builtins(tensor) for tensor in facts.tensors],
    )


def parameter_size(count: int) -> str:
    """Return a count of at least a million in Ollama's words: 134.52M, 7B, 8.0B."""
    number, unit = (count / 1e9, "B") if count >= 1e9 else (count / 1e6, "M")
    if number == int(number):
        return f"{int(number)}{unit}"
    return f"{number:.1f}{unit}" if unit == "B" else f"{number:.2f}{unit}"


def chat_prompt(messages: Sequence[Message]) -> str:
    """Return the turns in the model's own format, and the beginning of the answer's turn."""
    turns = "".join(f"<|im_start|>{message.role}\n{message.content}<|im_end|>\n" for message in messages)
    return f"{turns}<|im_start|>assistant\n"


def truncated(tokens: Sequence[int], context_length: int) -> Sequence[int]:
    """Return a prompt that fits, cut as Ollama cuts: its first tokens, and then its last up to half of the context."""
    if len(tokens) < context_length:
        return tokens
    keep = min(NUM_KEEP, context_length // 2)
    return (*tokens[:keep], *tokens[len(tokens) - (context_length - keep) // 2 :])


def _completion_body(job: GenerateJob, prompt: Sequence[int], context_length: int) -> JsonObject:
    options = job.options
    limit = _whole_number(options.get("num_predict"), -1)
    if limit < 1:
        limit = 10 * context_length
    if job.shift is False:
        limit = max(1, min(limit, context_length - len(prompt)))
    body: dict[str, object] = {
        "prompt": prompt,
        "stream": True,
        "n_predict": limit,
        "n_keep": NUM_KEEP,
        "cache_prompt": True,
        "stop": options.get("stop") or [],
        "response_fields": _FINAL_FIELDS,
    }
    body |= {name: options.get(name, default) for name, default in _SAMPLING.items()}
    body |= {name: _whole_number(options.get(name), default) for name, default in _SAMPLING_COUNTS.items()}
    if job.top_logprobs is not None:
        body["n_probs"] = max(job.top_logprobs, 1)
    match job.output_format:
        case None:
            pass
        case "json":
            body["json_schema"] = {"type": "object"}
        case schema:
            _check_schema(schema)
            body["json_schema"] = schema
    return body


def _whole_number(value: object, default: int) -> int:
    return int(value) if isinstance(value, int | float) else default


def _check_schema(schema: object) -> None:
    """Raise `EngineError` where a type is none of JSON's: llama.cpp would go on without any schema, and say nothing."""
    match schema:
        case {"type": str() as kind} if kind not in _JSON_TYPES:
            raise EngineError(500, "invalid JSON schema in format")
        case {"properties": Mapping() as properties}:
            for inner in properties.values():
                _check_schema(inner)
        case {"items": inner}:
            _check_schema(inner)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield the lines of a body, however long."""
    rest = b""
    async for data in content.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line


def _decoded(line: bytes) -> _Event | None:
    """Return the event of a line; None for the blank lines and comments between events."""
    kind, found, data = line.partition(b": ")
    if not found or kind not in {b"data", b"error"}:
        return None
    event = msgspec.json.decode(data, type=_Event)
    if kind == b"error" or event.error is not None:
        raise EngineError(500, data.decode())
    return event


def _logprobs(event: _Event, top_logprobs: int | None) -> Sequence[JsonObject] | None:
    if top_logprobs is None:
        return None
    return [
        _logprob(each) | ({"top_logprobs": [_logprob(top) for top in each.top_logprobs]} if top_logprobs else {})
        for each in event.completion_probabilities
    ]


def _logprob(candidate: _Candidate) -> dict[str, object]:
    return {"token": candidate.token, "logprob": candidate.logprob, "bytes": list(candidate.bytes)}


def _finish(timings: _Timings, stop_type: str, context: tuple[int, ...] | None) -> Finish:
    return Finish(
        done_reason="length" if stop_type == "limit" else "stop",
        prompt_eval_count=timings.cache_n + timings.prompt_n,
        prompt_eval_duration_ns=round(timings.prompt_ms * 1e6),
        eval_count=timings.predicted_n,
        eval_duration_ns=round(timings.predicted_ms * 1e6),
        context=context,
    )


def _shortened(vector: Sequence[float], dimensions: int | None) -> Sequence[float]:
    if not dimensions or dimensions >= len(vector):
        return vector
    first = vector[:dimensions]
    norm = sum(value * value for value in first) ** 0.5
    return [value / norm for value in first] if norm else first
