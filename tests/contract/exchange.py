"""One request and its answer: as recorded from a real server, or as heard from the one under test."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RECORDINGS = Path(__file__).parent / "recordings"

_SHORTENED = re.compile(r"(?P<start>.*)…\[(?P<length>\d+) characters\]", re.DOTALL)
_FILLER = "The harbour master wrote down every ship that came in that year, its flag and its cargo. "


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Times in ms after sending; `status` None: the client left before anything came.

    `content` is the parsed JSON, the plain text, or the (arrival, HTTP chunk) pairs of a stream as a tuple.
    """

    status: int | None
    headers: Mapping[str, str]
    headers_at_ms: float | None
    content: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded exchange; `name` is its path below the recordings, without the ending."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    answer: Answer


def recordings() -> list[str]:
    """Return the names of all recordings."""
    return sorted(path.relative_to(RECORDINGS).with_suffix("").as_posix() for path in RECORDINGS.glob("*/*.json"))


def recording(name: str) -> Recording:
    """Read one recording."""
    exchange = json.loads((RECORDINGS / f"{name}.json").read_text())
    request, response = exchange["request"], exchange["response"]
    stream = response.get("stream")
    return Recording(
        name=name,
        method=request["method"],
        path=request["path"],
        headers=request.get("headers", {}),
        body=_body(request.get("body")),
        answer=Answer(
            status=response["status"],
            headers=response["headers"],
            headers_at_ms=response["headers_at_ms"],
            content=tuple(map(tuple, stream)) if stream is not None else response.get("json", response.get("text")),
        ),
    )


def _body(value: object) -> bytes | None:
    match value:
        case None:
            return None
        case str():
            return value.encode()
        case _:
            return json.dumps(restored(value)).encode()


def restored(value: object) -> object:
    """Give texts that the recorder shortened their length again."""
    match value:
        case str() if found := _SHORTENED.fullmatch(value):
            start, length = found["start"], int(found["length"])
            more = start if start.startswith("word ") else _FILLER
            return (start + more * (length // len(more) + 1))[:length]
        case dict():
            return {key: restored(part) for key, part in value.items()}
        case list():
            return [restored(part) for part in value]
        case _:
            return value


def lines(chunks: Sequence[tuple[float, str]]) -> list[Mapping[str, object]]:
    """Return the JSON lines of a stream."""
    return [json.loads(line) for _, chunk in chunks for line in chunk.splitlines() if line]
