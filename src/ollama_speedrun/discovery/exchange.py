"""Ask one server who it is, within bounds that no answer can stretch.

A plain exchange of three short questions is written here without an HTTP client, because a client would connect again:
the connection on which the server was found carries the questions at once, which saves a far server a round trip, and
the scan starts without loading a client. Further connections ask the same, each beginning with another question, which
saves time at a server that is slow to answer, and where a packet was lost. Whatever answers first counts.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from .._version import __version__
from ..errors import shortage_of
from ..ollama.awake import AwakeTimeout
from .recognise import PS, ROOT, TAGS, VERSION, Answer
from .types import ServerTarget

QUESTIONS: Final = (TAGS, VERSION, ROOT)
_BODY_LIMITS_BYTES: Final = {TAGS: 4 << 20, VERSION: 64 << 10, ROOT: 64 << 10, PS: 4 << 20}
_HEAD_LIMIT_BYTES: Final = 32 << 10
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)\b")

Dial: TypeAlias = Callable[[], Awaitable[socket.socket]]
"""Opens a further connection to the same server; raises OSError when it cannot."""


class Exchange(msgspec.Struct, frozen=True):
    """What came back, by path, and what went wrong with the rest (None when nothing did), to stand after a URL."""

    answers: Mapping[str, Answer]
    failure: str | None


class _BadAnswerError(Exception):
    """The server breaks HTTP or our bounds; the text says how."""


async def interview(  # noqa: PLR0913  the server, two ways to it, and three independent bounds
    server: ServerTarget,
    dial: Dial,
    *,
    timeout_s: float,
    first: socket.socket | None = None,
    tls: ssl.SSLContext | None = None,
    host_header: str | None = None,
    questions: Sequence[str] = QUESTIONS,
) -> Exchange:
    """Ask for these paths, over an open socket when there is one, and over further ones.

    The caller closes the open socket. With `tls` the certificate must name the server; `host_header` replaces the
    server's own name and port. Nothing that the server does raises, and whatever has come within `timeout_s` is
    returned then.
    """
    interviewer = _Interviewer(server, tls, host_header or server.authority, questions)
    try:
        async with AwakeTimeout(timeout_s) as interviewer.deadline:
            await interviewer.ask(dial, first)
    except TimeoutError:
        interviewer.failures.insert(
            0, f"accepts, but gives no complete answer within {timeout_s:g} s; raise --connect-timeout to wait longer"
        )
    return Exchange(interviewer.answers, None if interviewer.is_complete else interviewer.failures[0])


class _Interviewer:
    """Collects the answers of one server from several conversations that go on at once."""

    def __init__(
        self, server: ServerTarget, tls: ssl.SSLContext | None, host_header: str, questions: Sequence[str]
    ) -> None:
        self.answers: dict[str, Answer] = {}
        self.failures: list[str] = []
        self.deadline: AwakeTimeout | None = None
        self._server = server
        self._tls = tls
        self._host_header = host_header
        self._questions = questions

    @property
    def is_complete(self) -> bool:
        return len(self.answers) == len(self._questions)

    async def ask(self, dial: Dial, first: socket.socket | None) -> None:
        """Ask until all is answered or a round brings nothing new."""

        async def dial_first() -> socket.socket:
            return await dial() if first is None else first

        async with asyncio.TaskGroup() as round_one:
            for turn in range(len(self._questions)):
                paths = (*self._questions[turn:], *self._questions[:turn])
                round_one.create_task(self._converse(dial if turn else dial_first, paths))
        answered = 0
        while answered < len(self.answers) and not self.is_complete:
            # Some servers close after one answer whatever they are asked: a connection for each question that is left.
            answered = len(self.answers)
            async with asyncio.TaskGroup() as next_round:
                for path in set(self._questions) - self.answers.keys():
                    next_round.create_task(self._converse(dial, (path,)))

    async def _converse(self, dial: Dial, paths: Sequence[str]) -> None:
        """Send all questions at once on one connection and take the answers as they come."""
        try:
            stream = await dial()
            server_name = self._server.host if self._tls is not None else None
            reader, writer = await asyncio.open_connection(
                sock=stream, limit=_HEAD_LIMIT_BYTES, ssl=self._tls, server_hostname=server_name
            )
            try:
                writer.write(b"".join(self._request(path, last=path == paths[-1]) for path in paths))
                for path in paths:
                    self._take(path, await _read_answer(reader, _BODY_LIMITS_BYTES[path]))
            finally:
                writer.transport.abort()
        except ssl.SSLCertVerificationError as error:
            self.failures.append(f"has a certificate that is not trusted here ({error.verify_message})")
        except ssl.SSLError:
            self.failures.append("does not speak TLS; write http:// before it")
        except asyncio.IncompleteReadError:
            self.failures.append("closes the connection without a complete answer")
        except OSError as error:
            shortage = shortage_of(error)
            cause = f"breaks the connection ({error.strerror or type(error).__name__})"
            self.failures.append(cause if shortage is None else f"could not be asked: {shortage}")
        except _BadAnswerError as error:
            self.failures.append(str(error))

    def _request(self, path: str, *, last: bool) -> bytes:
        token = self._server.token
        lines = (
            f"GET {self._server.path}{path} HTTP/1.1",
            f"Host: {self._host_header}",
            f"User-Agent: ollama-speedrun/{__version__}",
            "Accept: */*",
            "Accept-Encoding: identity",
            f"Connection: {'close' if last else 'keep-alive'}",
            *([f"Authorization: Bearer {token.reveal()}"] if token is not None else []),
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def _take(self, path: str, answer: Answer) -> None:
        if path in self.answers:
            return
        self.answers[path] = answer
        if self.is_complete and self.deadline is not None:
            # The other conversations have nothing left to bring: their time is up.
            self.deadline.expire()


async def _read_answer(reader: asyncio.StreamReader, body_limit_bytes: int) -> Answer:
    try:
        line = await reader.readuntil(b"\n")
        if (status := _STATUS_LINE.match(line)) is None:
            raise _BadAnswerError(_not_http(line))
        headers = await _read_headers(reader)
        body = await _read_body(reader, headers, body_limit_bytes)
    except asyncio.LimitOverrunError as error:
        raise _BadAnswerError("answers with headers larger than any web server's") from error
    return Answer(int(status[1]), headers, body)


def _not_http(line: bytes) -> str:
    shown = line[:40].decode("ascii", "replace").strip()
    return f"does not speak HTTP (it says {shown!r})" if shown.isprintable() else "does not speak HTTP"


async def _read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    left_bytes = _HEAD_LIMIT_BYTES
    while (line := await reader.readuntil(b"\n")).strip():
        left_bytes -= len(line)
        if left_bytes < 0:
            raise _BadAnswerError("answers with headers larger than any web server's")
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str], limit_bytes: int) -> bytes:
    """Return the body by its declared length, in chunks, or up to the end of the connection."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader, limit_bytes)
    if (declared := headers.get("content-length")) is not None:
        return await reader.readexactly(_checked_size(declared, 10, limit_bytes))
    parts = bytearray()
    while part := await reader.read(_HEAD_LIMIT_BYTES):
        parts += part
        _checked_size(str(len(parts)), 10, limit_bytes)
    return bytes(parts)


async def _read_chunks(reader: asyncio.StreamReader, limit_bytes: int) -> bytes:
    parts = bytearray()
    while True:
        size_line = await reader.readuntil(b"\n")
        size = _checked_size(size_line.decode("latin-1").partition(";")[0].strip(), 16, limit_bytes - len(parts))
        parts += await reader.readexactly(size)
        await reader.readuntil(b"\n")
        if size == 0:
            return bytes(parts)


def _checked_size(text: str, base: int, limit_bytes: int) -> int:
    if len(text) > 20 or not text.isalnum() or not text.isascii():
        raise _BadAnswerError("does not keep to HTTP (a length that is no number)")
    try:
        size = int(text, base)
    except ValueError as error:
        raise _BadAnswerError("does not keep to HTTP (a length that is no number)") from error
    if size > limit_bytes:
        raise _BadAnswerError(f"sends more than {limit_bytes:,} bytes")
    return size
