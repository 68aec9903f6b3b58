import asyncio
import ssl
import sys
from pathlib import Path

import pytest

from ollama_speedrun.ollama.client import open_session
from ollama_speedrun.ollama.tls import client_context

CERTIFICATES = Path(__file__).parent.parent / "certificates"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"


@pytest.mark.skipif(sys.version_info < (3, 11, 7), reason="asyncio of early 3.11 cannot abort a TLS connection twice")
async def test_no_connection_outlives_its_session_whatever_the_server_does_about_its_end() -> None:
    wanted = asyncio.Event()
    deaf: list[asyncio.StreamWriter] = []  # kept, or the end of a writer would end its connection

    async def answer_and_go_deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        await wanted.wait()
        writer.write(b"{}")
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.pause_reading()
        deaf.append(writer)

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATES / "certificate.pem", CERTIFICATES / "key.pem")
    async with await asyncio.start_server(answer_and_go_deaf, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        async with (
            open_session(client_context((), insecure=True)) as session,
            session.get(f"https://127.0.0.1:{port}/") as response,
        ):
            assert response.connection is not None
            assert response.connection.transport is not None
            connected = response.connection.transport.get_extra_info("socket")
            wanted.set()
            assert await response.read() == b"{}"
        await asyncio.sleep(0)
        outlived = connected.fileno() != -1
        for writer in deaf:
            writer.transport.abort()
        await asyncio.sleep(0)
    assert not outlived
