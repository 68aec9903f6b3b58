import asyncio

import aiohttp
import pytest

from fake_ollama import Raw, raw, raw_server

PATIENCE = aiohttp.ClientTimeout(total=0.3)


async def ask(script: Raw, path: str = "/api/tags") -> tuple[int, str, int] | str:
    """Return status, content type and length of a body; or how the attempt failed."""
    async with raw_server(script) as server, aiohttp.ClientSession(timeout=PATIENCE) as session:
        try:
            async with session.get(server.url + path, allow_redirects=False) as response:
                return response.status, response.headers.get("Content-Type", ""), len(await response.read())
        except TimeoutError:
            return "timed out"
        except aiohttp.ClientError as error:
            return type(error).__name__


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (raw.TARPIT, "timed out"),
        (raw.SILENT_BODY, "timed out"),
        (raw.SLOW_DRIP, "timed out"),
        (raw.ENDLESS_BODY, "timed out"),
        (raw.HUGE_HEADERS, "ClientResponseError"),
        (raw.NOT_HTTP, "ClientResponseError"),
        (raw.EMPTY_ANSWER, "ServerDisconnectedError"),
        (raw.TRUNCATED, "ClientPayloadError"),
        (raw.WRONG_TYPE, (200, "text/html", 35)),
        (raw.INVALID_UTF8, (200, "application/json", 26)),
        (raw.redirect("http://127.0.0.1:1/"), (302, "text/plain", 0)),
    ],
)
async def test_broken_servers_break_as_named(script: Raw, outcome: object) -> None:
    assert await ask(script) == outcome


@pytest.mark.parametrize("name", raw.LOOK_ALIKES)
async def test_look_alikes_answer_the_paths_that_give_them_away(name: str) -> None:
    answer = await ask(raw.LOOK_ALIKES[name])
    assert isinstance(answer, tuple)
    assert answer[0] == (401 if name == "Open WebUI" else 200)


async def test_the_head_of_each_request_is_kept() -> None:
    async with raw_server(raw.WRONG_TYPE) as server, aiohttp.ClientSession() as session:
        await (await session.get(server.url + "/x")).read()
        assert [head.splitlines()[0] for head in server.requests] == ["GET /x HTTP/1.1"]


async def test_nothing_is_left_when_the_block_ends() -> None:
    async with raw_server(raw.TARPIT) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await asyncio.sleep(0.05)
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
