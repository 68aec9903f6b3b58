"""What a scripted model says to a job, token by token: pure, so that the truth can be computed before it happens."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from fake_ollama.script import Kin, ModelScript
from fake_ollama.student import reply
from fake_ollama.tokens import made_up, tokenise
from ollama_speedrun.demo.engine import EngineError, GenerateJob, JsonObject, Message, Piece
from ollama_speedrun.demo.replies import runner_error

_LEADING_TEMPLATE_TOKENS = 3
_WORDS = 40


@dataclass(frozen=True, slots=True)
class Token:
    """One token: what it shows, and whether the parsers let a chunk out for it at all."""

    piece: Piece
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """One line of the stream, due with the token number `last` (counted from 0); `first` is where it starts."""

    first: int
    last: int
    piece: Piece


@dataclass(frozen=True, slots=True)
class Speech:
    """A whole answer. `eval_count` and `done_reason` hold when the chunks have an end."""

    prompt: Sequence[str]
    chunks: Iterator[Chunk]
    eval_count: int
    done_reason: Literal["stop", "length"]


def speak(script: ModelScript, job: GenerateJob, context_length: int) -> Speech:
    """Return what a model says; raises `EngineError` 400 for a long prompt that may not be cut."""
    prompt = prompt_tokens(script, job)
    is_cut = len(prompt) >= context_length
    if is_cut and job.truncate is False:
        text = f"request ({len(prompt)} tokens) exceeds the available context size ({context_length} tokens), "
        more = {"n_prompt_tokens": len(prompt), "n_ctx": context_length}
        raise EngineError(400, runner_error(400, text + "try increasing it", "exceed_context_size_error", **more))
    if is_cut:
        prompt = prompt[: min(context_length // 2 + 2, context_length - 1)]
    if script.endless:
        chunks = _chunks(script, job, (Token(Piece(text=text)) for text in cycle(made_up(12))))
        return Speech(prompt, chunks, eval_count=0, done_reason="length")
    budget = _budget(job, len(prompt), context_length)
    tokens = [] if is_cut and script.empty_after_truncation else list(islice(_answer(script, job, budget), budget))
    has_ended = len(tokens) < budget
    return Speech(
        prompt,
        _chunks(script, job, iter(tokens)),
        eval_count=len(tokens) + has_ended,
        done_reason="stop" if has_ended else "length",
    )


def rendered(job: GenerateJob) -> str:
    """Return a prompt as the model reads it, each turn marked by its role."""
    if job.raw_prompt is not None:
        return job.raw_prompt
    turns = [f"<|{turn.role}|>{turn.content}{_calls_of(turn)}" for turn in job.messages]
    return "".join([json.dumps(job.tools) if job.tools else "", *turns])


def _calls_of(turn: Message) -> str:
    return json.dumps(turn.tool_calls) if turn.tool_calls else ""


def prompt_tokens(script: ModelScript, job: GenerateJob) -> list[str]:
    """Return a prompt's tokens, with those of the chat template around them where it applies."""
    if job.raw_prompt is not None:
        return tokenise(job.raw_prompt)
    leading = min(_LEADING_TEMPLATE_TOKENS, script.template_tokens)
    said = [token for turn in job.messages for token in (*tokenise(turn.content), *tokenise(_calls_of(turn)))]
    tools = tokenise(json.dumps(job.tools)) if job.tools else []
    return ["<template>"] * leading + tools + said + ["<template>"] * (script.template_tokens - leading)


def _budget(job: GenerateJob, prompt_count: int, context_length: int) -> int:
    num_predict = job.options.get("num_predict")
    budget = int(num_predict) if isinstance(num_predict, int | float) and num_predict > 0 else 10 * context_length
    return min(budget, context_length - prompt_count) if job.shift is False else budget


def _answer(script: ModelScript, job: GenerateJob, budget: int) -> Iterator[Token]:
    """Yield an answer's tokens without the end token; no more than `budget` of them are wanted."""
    yield from (Token(Piece(), silent=True) for _ in range(min(script.hidden_tokens, budget)))
    if job.think and script.thinking_tokens:
        yield Token(Piece())
        yield from (Token(Piece(thinking=text)) for text in made_up(min(script.thinking_tokens, budget)))
        if script.thinking_only:
            return
        yield Token(Piece(), silent=True)
    if script.empty_first_chunk:
        yield Token(Piece())
    learnt = reply(script.student, job.messages, job.tools) if script.student is not None else None
    calls = (
        [{"name": call.name, "arguments": json.loads(call.arguments)} for call in learnt.tool_calls] if learnt else []
    )
    if not calls and learnt is None and job.tools and script.tool_call is not None:
        calls = [dict(script.tool_call)]
    if calls:
        yield from (Token(Piece(), silent=True) for call in calls for _ in tokenise(json.dumps(call)))
        said = [{"id": f"call_{index}", "function": {"index": index, **call}} for index, call in enumerate(calls)]
        yield Token(Piece(tool_calls=tuple(said)))
        return
    if learnt is not None:
        yield from (Token(Piece(text=text)) for text in tokenise(learnt.content))
        return
    texts = _stopped(_texts(script, job, budget), job.options.get("stop"))
    yield from (Token(Piece(text=text), silent=not text) for text in texts)


def _texts(script: ModelScript, job: GenerateJob, budget: int) -> list[str]:
    question = job.raw_prompt if job.raw_prompt is not None else "\n".join(turn.content for turn in job.messages)
    known = (text for key, text in script.answers.items() if key in question)
    answer = next(known, script.answer)
    if job.output_format is None:
        return made_up(min(script.answer_tokens, budget)) if answer is None else tokenise(answer)
    schema = {} if job.output_format == "json" else job.output_format
    return tokenise(answer if answer is not None and _is_json(answer) else json.dumps(_instance(schema)))


def _stopped(texts: list[str], stops: object) -> list[str]:
    """Cut an answer before the first of the stop strings."""
    wanted = [stop for stop in stops if isinstance(stop, str)] if isinstance(stops, list) else []
    whole = "".join(texts)
    cuts = [whole.index(stop) for stop in wanted if stop in whole]
    return tokenise(whole[: min(cuts)]) if cuts else texts


def _chunks(script: ModelScript, job: GenerateJob, tokens: Iterator[Token]) -> Iterator[Chunk]:
    """Group tokens into chunks of `chunk_tokens`; what is silent goes with the next one that is not."""
    first, parts = 0, list[Piece]()
    for index, token in enumerate(tokens):
        parts.append(token.piece)
        if token.silent or len(parts) < script.chunk_tokens:
            continue
        yield Chunk(first, index, _joined(script, parts, job))
        first, parts = index + 1, []
    if any(part != Piece() for part in parts):
        yield Chunk(first, first + len(parts) - 1, _joined(script, parts, job))


def _joined(script: ModelScript, parts: Sequence[Piece], job: GenerateJob) -> Piece:
    text = "".join(part.text for part in parts)
    return Piece(
        text=text,
        thinking="".join(part.thinking for part in parts),
        tool_calls=[call for part in parts for call in part.tool_calls],
        logprobs=_logprobs(script, job, text),
    )


def _logprobs(script: ModelScript, job: GenerateJob, text: str) -> list[JsonObject] | None:
    if job.top_logprobs is None or not script.gives_logprobs:
        return None
    if script.kin is None:
        return [_logprob(text, job.top_logprobs)]
    listed = [_token(word, logprob) for word, logprob in next_tokens(script.kin, script.name, rendered(job))]
    return [{**listed[0], "top_logprobs": listed[: job.top_logprobs]}]


def next_tokens(kin: Kin, name: str, text: str) -> list[tuple[str, float]]:
    """Return the words that may follow a text, with their true log-probabilities, the most probable one first."""
    logits = {
        word: 8 * _uniform(kin.base, text, word) + kin.damage * (2 * _uniform(name, text, word) - 1)
        for word in map("w{}".format, range(_WORDS))
    }
    total = math.log(math.fsum(map(math.exp, logits.values())))
    return sorted(((word, logit - total) for word, logit in logits.items()), key=lambda pair: -pair[1])


def _uniform(*parts: str) -> float:
    """Return a number from 0 to 1 that depends on the texts alone."""
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:6], "big") / 2**48


def _token(word: str, logprob: float) -> JsonObject:
    return {"token": word, "logprob": logprob, "bytes": list(word.encode())}


def _logprob(text: str, alternatives: int) -> JsonObject:
    entry = {"token": text, "logprob": -0.5, "bytes": list(text.encode())}
    return {**entry, "top_logprobs": [entry] * alternatives} if alternatives else entry


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def _instance(schema: Mapping[str, object]) -> object:
    """Return the smallest value of the common JSON schemas."""
    match schema:
        case {"enum": [first, *_]}:
            return first
        case {"type": "string" | "integer" | "number" | "boolean" as kind}:
            return {"string": "Oslo", "boolean": True}.get(kind, 1)
        case {"type": "array", "items": dict() as items}:
            return [_instance(items)]
        case {"properties": dict() as properties}:
            return {name: _instance(part) for name, part in properties.items() if isinstance(part, dict)}
        case _:
            return {}
