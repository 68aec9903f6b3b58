"""What went over the wire, and when: the truth about latencies, free of what the fake meant to do."""

import itertools
import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Exchange:
    """One request and its answer, byte by byte. Times are of `time.perf_counter_ns`, which processes share on Linux.

    `arrived_ns` is when the end of the request was read; `sent` holds each piece of the answer and when it was written.
    """

    request: bytes
    arrived_ns: int
    sent: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The path of the request."""
        return self.request.split(b" ", 2)[1].decode()

    @property
    def body(self) -> dict[str, object]:
        """The JSON of the request; empty where it has none."""
        _, _, body = self.request.partition(b"\r\n\r\n")
        found = json.loads(body) if body else {}
        assert isinstance(found, dict)
        return found

    def lines(self) -> list[tuple[int, dict[str, object]]]:
        """Return the lines of a streamed answer, each with the moment at which its last byte was written."""
        ends = list(itertools.accumulate(len(piece) for _, piece in self.sent))
        answer = b"".join(piece for _, piece in self.sent)
        return [
            (self.sent[bisect_right(ends, end - 1)][0], json.loads(answer[start:end])) for start, end in _chunks(answer)
        ]


def _chunks(answer: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the chunks of an HTTP answer lie, which are its lines; nothing where it is not chunked."""
    head, _, _ = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return
    place = len(head) + 4
    while (line_end := answer.find(b"\r\n", place)) >= 0 and (size := int(answer[place:line_end], 16)):
        start = line_end + 2
        if start + size > len(answer):
            return
        yield start, start + size
        place = start + size + 2
