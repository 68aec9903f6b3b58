"""Compare an answer with the recorded one: everything that a client can rely on, and no absolute time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from contract.exchange import Answer, Recording, lines

Shape: TypeAlias = object

_EXACT = frozenset({"error", "done", "done_reason", "model", "name", "role", "object", "owned_by", "capabilities"})
_TOLD_EMPTY = frozenset({"response", "content", "thinking", "embeddings", "models"})
_UNCOMPARED = frozenset({"tensors", "model_info"})
_COLD_LOAD_NS = 100_000_000
_WAIT_NS = 80_000_000
_LONG_PROMPT_TOKENS = 100
_LATE_MS = 60.0


@dataclass(frozen=True, slots=True)
class Difference:
    """One aspect in which an answer is not what was recorded."""

    recording: str
    aspect: str
    recorded: object
    got: object


def compare(recording: Recording, answer: Answer, *, prompt_token_ns: float) -> list[Difference]:
    """Return every difference; `prompt_token_ns` is what an uncached prompt token costs the server, at the least."""
    recorded = aspects(recording.answer, prompt_token_ns=RECORDED_PROMPT_TOKEN_NS)
    got = aspects(answer, prompt_token_ns=prompt_token_ns)
    return [
        Difference(recording.name, aspect, recorded.get(aspect), got.get(aspect))
        for aspect in recorded | got
        if recorded.get(aspect) != got.get(aspect)
    ]


RECORDED_PROMPT_TOKEN_NS = 3_000_000.0


def aspects(answer: Answer, *, prompt_token_ns: float) -> dict[str, object]:
    """Return what is compared of an answer, by name."""
    found: dict[str, object] = {
        "status": answer.status,
        "content type": answer.headers.get("Content-Type"),
        "framing": _framing(answer.headers),
        "allow": answer.headers.get("Allow"),
    }
    match answer.content:
        case tuple() as chunks:
            return found | _stream_aspects(chunks, answer.headers_at_ms, prompt_token_ns)
        case dict() as body:
            return found | {"body": shape(body)} | _figures(body, prompt_token_ns)
        case text:
            return found | {"text": text}


def shape(value: object, key: str = "") -> Shape:
    """Return keys in their order, types of values, and the few values that a client goes by."""
    match value:
        case _ if key in _UNCOMPARED:
            return type(value).__name__
        case _ if key in _EXACT:
            return repr(value)
        case dict():
            return tuple((name, shape(part, name)) for name, part in value.items())
        case list() if value or key in _TOLD_EMPTY:
            return ("list", tuple(dict.fromkeys(shape(part) for part in value)))
        case "" if key in _TOLD_EMPTY:
            return "empty str"
        case _:
            return type(value).__name__


def _framing(headers: Mapping[str, str]) -> str:
    if "Content-Length" in headers:
        return "length"
    return headers.get("Transfer-Encoding", "none")


def _stream_aspects(
    chunks: Sequence[tuple[float, str]], headers_at_ms: float | None, prompt_token_ns: float
) -> dict[str, object]:
    if any(chunk.startswith("data:") for _, chunk in chunks):
        return {"stream": "server-sent events"}
    said = lines(chunks)
    found: dict[str, object] = {
        "one line a chunk": all(chunk.count("\n") == 1 and chunk.endswith("\n") for _, chunk in chunks),
        "lines": tuple(dict.fromkeys(shape(line) for line in said)),
        "headers come with the first chunk": not chunks or abs((headers_at_ms or 0.0) - chunks[0][0]) < _LATE_MS,
    }
    last = said[-1] if said else {}
    if last.get("done") is not True:
        return found
    return found | _figures(last, prompt_token_ns) | _stream_figures(last, chunks)


def _stream_figures(last: Mapping[str, object], chunks: Sequence[tuple[float, str]]) -> dict[str, object]:
    """Return the relations between what was streamed and what the done line says of it."""
    eval_count = _number(last, "eval_count")
    silent = eval_count - (len(chunks) - 1) - (last.get("done_reason") == "stop")
    first_due_ms = (_number(last, "total_duration") - _number(last, "eval_duration")) / 1e6
    return {
        "tokens without a chunk": silent > 0,
        "more chunks than tokens": silent < 0,
        "first chunk after load, wait and prefill": abs(chunks[0][0] - first_due_ms) < _LATE_MS,
    }


def _figures(body: Mapping[str, object], prompt_token_ns: float) -> dict[str, object]:
    """Return the relations among the durations of an answer, where it has any."""
    if "total_duration" not in body:
        return {}
    total, load = _number(body, "total_duration"), _number(body, "load_duration")
    prefill, decode = _number(body, "prompt_eval_duration"), _number(body, "eval_duration")
    unattributed = total - load - prefill - decode
    found: dict[str, object] = {
        "the whole is no less than its parts": unattributed >= 0,
        "loaded first": load > _COLD_LOAD_NS,
    }
    if "eval_count" in body:
        found["waited for a slot"] = unattributed > _WAIT_NS
        found["one token takes no time"] = _number(body, "eval_count") == 1 and decode == 1000
    prompt_count = _number(body, "prompt_eval_count")
    if "prompt_eval_duration" in body and prompt_count >= _LONG_PROMPT_TOKENS:
        found["prompt was cached"] = prefill < 0.3 * prompt_token_ns * prompt_count
    return found


def _number(body: Mapping[str, object], key: str) -> int:
    value = body.get(key)
    return value if isinstance(value, int) else 0
