"""From the chunks of one stream, each with its stamp, to a raw record. Pure: live streams and recorded ones alike."""

from collections.abc import Iterable
from typing import Final

from .. import units
from ..errors import ProtocolError
from ..ollama import wire
from .thoughts import InlineThinking
from .types import StreamRecord

TAIL_CHARACTERS: Final = 400
REPEATED: Final = "repeat"
"""The done_reason of an answer that the server ended without a done line because it said the same over and over."""
INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\x00"
EARLY_SLACK_NS: Final = 20_000_000
EARLY_FACTOR: Final = 1.05
"""Clocks may differ by so much over the reading of a prompt."""
MOST_EARLY_WORDS: Final = 4
MOST_EARLY: Final = 256
FEWEST_REPEATED: Final = 30
"""Ollama gives up after more than 30 equal tokens, white space apart."""


class _Beginning:
    """The moments of the first pieces. A proxy may send some by itself, so that nobody gives up waiting."""

    def __init__(self) -> None:
        self._moments: list[int] = []
        self._blank = 0

    def take(self, text: str, at_ns: int) -> None:
        """Take in the next piece."""
        if len(self._moments) < MOST_EARLY:
            is_blank = self._blank == len(self._moments) and not text.strip().strip(INVISIBLE)
            self._blank += is_blank
            self._moments.append(at_ns)

    def early(self, done: wire.Chunk) -> tuple[int, int, int | None]:
        """Return how many pieces came before the server had loaded and read the prompt, at how many moments.

        And when the next one came, None where none is known to have been early: a few pieces, or any number of blank
        ones, followed by one that came when the server was ready.
        """
        ready_ns = (done.load_duration or 0) + (done.prompt_eval_duration or 0)
        early = [at_ns for at_ns in self._moments if ready_ns > EARLY_FACTOR * at_ns + EARLY_SLACK_NS]
        if not early or len(early) == len(self._moments) or len(early) > max(MOST_EARLY_WORDS, self._blank):
            return 0, 0, None
        return len(early), len(set(early)), self._moments[len(early)]


class Observation:
    """The running state of a stream. `sent_ns` and the stamps are of one monotonic clock.

    `token_limit` is the num_predict that was asked for, None where it is not known.
    """

    def __init__(self, *, sent_ns: int, token_limit: int | None = None) -> None:
        self._sent_ns = sent_ns
        self._token_limit = token_limit
        self.content_chunks = 0
        self._content_arrivals = 0
        self._first_content_ns: int | None = None
        self._first_answer_ns: int | None = None
        self._last_content_ns: int | None = None
        self._answer_characters = 0
        self._thinking_characters = 0
        self._inline = InlineThinking()
        self._last_piece = ""
        self._equal_pieces = 0
        self._tail = ""
        self._done: wire.Chunk | None = None
        self._beginning = _Beginning()

    def add(self, arrived_ns: int, chunk: wire.Chunk) -> None:
        """Take in one chunk; the first done line ends the record, and what comes after it does not count."""
        if self._done is not None:
            return
        answer, thinking = chunk.response, chunk.thinking or ""
        if answer or thinking or chunk.tool_calls:
            at_ns = arrived_ns - self._sent_ns
            self.content_chunks += 1
            self._content_arrivals += at_ns != self._last_content_ns
            self._last_content_ns = at_ns
            if self._first_content_ns is None:
                self._first_content_ns = at_ns
            self._beginning.take(answer + thinking or "a call", at_ns)
            if answer:
                self._take_answer(answer, at_ns)
            self._answer_characters += len(answer)
            self._thinking_characters += len(thinking)
            self._take_text(thinking + answer)
        if chunk.done:
            self._done = chunk

    def _take_answer(self, answer: str, at_ns: int) -> None:
        """Note when the answer began; what turns out to be thinking between tags was no answer."""
        self._inline.add(answer)
        if not self._inline.has_answered:
            self._first_answer_ns = None
        elif self._first_answer_ns is None:
            self._first_answer_ns = at_ns

    def _take_text(self, text: str) -> None:
        piece = text.strip()
        self._equal_pieces = self._equal_pieces + 1 if piece == self._last_piece else 1
        self._last_piece = piece
        self._tail += text
        if len(self._tail) > 2 * TAIL_CHARACTERS:
            self._tail = self._tail[-TAIL_CHARACTERS:]

    @property
    def is_repeating(self) -> bool:
        """True if the last 30 pieces or more were equal."""
        return self._equal_pieces >= FEWEST_REPEATED

    def chunks_per_s(self) -> float | None:
        """Return the rate of the content chunks so far; None before the second. No tokens/s: chunks are no tokens."""
        if self._first_content_ns is None or self._last_content_ns is None:
            return None
        return units.per_second(self.content_chunks - 1, self._last_content_ns - self._first_content_ns)

    def record(self, *, ended_ns: int, where: str) -> StreamRecord:
        """Return what was observed of the stream that ended then; raises `ProtocolError` where no done line came.

        One that ended after 30 equal pieces or more is an answer with the done_reason "repeat": Ollama ends such a
        stream without a done line. `where` names the server in the error.
        """
        done = self._done
        if done is None and self.is_repeating:
            done = wire.Chunk(done_reason=REPEATED)
        if done is None:
            raise ProtocolError(
                f"{where} ended the stream without saying that it was done, after {self.content_chunks} chunks; "
                "look at the server's log",
                may_pass=True,
            )
        early_chunks, early_arrivals, next_ns = self._beginning.early(done)
        first_content_ns = self._first_content_ns if next_ns is None else next_ns
        first_answer_ns = self._first_answer_ns
        if first_answer_ns is not None:
            first_answer_ns = max(first_answer_ns, first_content_ns or 0)
        return StreamRecord(
            first_content_ns=first_content_ns,
            first_answer_ns=first_answer_ns,
            last_content_ns=self._last_content_ns,
            ended_ns=ended_ns - self._sent_ns,
            content_chunks=self.content_chunks - early_chunks,
            content_arrivals=self._content_arrivals - early_arrivals,
            token_limit=self._token_limit,
            answer_characters=self._answer_characters - self._inline.thinking_characters,
            thinking_characters=self._thinking_characters + self._inline.thinking_characters,
            answer_tail=self._tail[-TAIL_CHARACTERS:],
            done_reason=done.done_reason,
            total_duration_ns=done.total_duration,
            load_duration_ns=done.load_duration,
            prompt_eval_count=done.prompt_eval_count,
            prompt_eval_cached_count=done.prompt_eval_cached_count,
            prompt_eval_duration_ns=done.prompt_eval_duration,
            eval_count=done.eval_count,
            eval_duration_ns=done.eval_duration,
        )


def observe(chunks: Iterable[tuple[int, wire.Chunk]], *, sent_ns: int, ended_ns: int, where: str) -> StreamRecord:
    """Return the record of a whole stream of (arrival, chunk); raises `ProtocolError` as `Observation.record` does."""
    observed = Observation(sent_ns=sent_ns)
    for arrived_ns, chunk in chunks:
        observed.add(arrived_ns, chunk)
    return observed.record(ended_ns=ended_ns, where=where)
