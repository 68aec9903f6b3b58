"""A TCP relay that cuts and holds back what a host sends, as networks and proxies do."""

import asyncio

from fake_ollama.script import HostScript

_SEGMENT_GAP_S = 0.001


async def relay(script: HostScript, *, upstream_port: int) -> asyncio.Server:
    """Listen on the script's address in front of a host on 127.0.0.1; returns the listening server."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", upstream_port)
        except OSError:
            writer.transport.abort()
            return
        both = [
            asyncio.create_task(_copy(reader, upstream_writer, segment_bytes=None, coalesce_s=0.0)),
            asyncio.create_task(
                _copy(upstream_reader, writer, segment_bytes=script.segment_bytes, coalesce_s=script.coalesce_s)
            ),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            upstream_writer.transport.abort()
            writer.close()

    return await asyncio.start_server(connect, script.address, script.port)


async def _copy(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, segment_bytes: int | None, coalesce_s: float
) -> None:
    while data := await source.read(65536):
        if coalesce_s:
            await asyncio.sleep(coalesce_s)
        size = segment_bytes or len(data)
        for start in range(0, len(data), size):
            sink.write(data[start : start + size])
            if segment_bytes is not None:
                await asyncio.sleep(_SEGMENT_GAP_S)
        await sink.drain()
