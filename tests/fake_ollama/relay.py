"""A TCP relay that cuts and holds back what a host sends, as networks and proxies do, and keeps a tape of it."""

import asyncio
import time

from fake_ollama.clock import shifted
from fake_ollama.script import HostScript
from fake_ollama.tape import Exchange

_SEGMENT_GAP_S = 0.001


async def relay(script: HostScript, *, upstream_port: int, tape: list[Exchange]) -> asyncio.Server:
    """Listen on the script's address in front of a host on 127.0.0.1; returns the listening server.

    What passes is kept on the tape where the script says so.
    """

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", upstream_port)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(script, tape)
        both = [
            asyncio.create_task(connection.ask(reader, upstream_writer)),
            asyncio.create_task(connection.answer(upstream_reader, writer)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            upstream_writer.transport.abort()
            writer.close()

    return await asyncio.start_server(connect, script.address, script.port)


class _Connection:
    """One client's connection: requests go up as they come, answers come down as the script says."""

    def __init__(self, script: HostScript, tape: list[Exchange]) -> None:
        self._script = script
        self._tape = tape
        self._exchange: Exchange | None = None

    async def ask(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if self._script.is_taped:
                self._note_request(data)
            sink.write(data)
            await sink.drain()

    async def answer(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        script = self._script
        held = b""
        while data := await source.read(65536):
            if script.block_bytes is not None:
                held += data
                if len(held) < script.block_bytes and _goes_on(held):
                    continue
                data, held = held, b""
            if script.coalesce_s:
                await asyncio.sleep(script.coalesce_s)
            if script.end_hold_s and (at := data.find(b'"done":true')) >= 0:
                before, data = data[: (line := data.rfind(b'{"model"', 0, at))], data[line:]
                sink.write(before)
                await asyncio.sleep(script.end_hold_s)
            told = shifted(data, script.clock_offset_s) if script.clock_offset_s else data
            size = script.segment_bytes or len(told)
            for start in range(0, len(told), size):
                piece = told[start : start + size]
                if self._exchange is not None:
                    self._exchange.sent.append((time.perf_counter_ns(), piece))
                sink.write(piece)
                if script.segment_bytes is not None:
                    await asyncio.sleep(_SEGMENT_GAP_S)
            await sink.drain()

    def _note_request(self, data: bytes) -> None:
        """Begin an exchange, or go on with one whose request came in several pieces."""
        arrived_ns = time.perf_counter_ns()
        if self._exchange is None or self._exchange.sent:
            self._exchange = Exchange(request=b"", arrived_ns=arrived_ns)
            self._tape.append(self._exchange)
        self._exchange.request += data
        self._exchange.arrived_ns = arrived_ns


def _goes_on(held: bytes) -> bool:
    """Return whether more of a chunked body is to come."""
    head = held.partition(b"\r\n\r\n")[0]
    is_chunked = not head.startswith(b"HTTP/") or b"chunked" in head
    return is_chunked and not held.endswith(b"\r\n0\r\n\r\n")
