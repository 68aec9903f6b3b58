"""`serve`: what it shows of the history, and what it refuses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from command import CommandLine, environment_of
from history import runs
from ollama_speedrun.cli import serve, settings
from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.history.store import History

Client = TestClient[aiohttp.web.Request, aiohttp.web.Application]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    path = tmp_path / "history.db"
    with History(path) as history:
        history.add(runs.run(), verb="run")
    environment = environment_of(tmp_path, "serve")
    chosen = settings.load(environment, {}).settings
    app = serve.application(path, chosen, lambda text: text.replace("s3cret", "***"))
    async with TestClient(TestServer(app, host="127.0.0.1")) as found:
        yield found


async def test_the_last_run_is_a_page_and_each_run_has_one(client: Client) -> None:
    for path in ("/", f"/runs/{runs.RUN}", f"/runs/{runs.RUN[:8]}", "/runs/last"):
        response = await client.get(path)
        text = await response.text()
        assert (response.status, response.content_type) == (200, "text/html")
        assert "llama3.1:8b" in text
        assert response.headers["Cache-Control"] == "no-store"


async def test_the_list_links_to_each_run_and_its_document(client: Client) -> None:
    text = await (await client.get("/runs")).text()
    document = await (await client.get(f"/runs/{runs.RUN}.json")).json()

    assert f'href="/runs/{runs.RUN}.json"' in text
    assert document["run_id"] == runs.RUN


async def test_the_metrics_are_ones_that_prometheus_reads(client: Client) -> None:
    response = await client.get("/metrics")
    families = {family.name for family in text_string_to_metric_families(await response.text())}

    assert response.status == 200
    assert "ollama_speedrun_decode_tokens_per_second" in families


@pytest.mark.parametrize("host", ["evil.example", "evil.example:11480", "127.0.0.1.evil.example", ""])
async def test_a_request_that_names_another_machine_is_refused(client: Client, host: str) -> None:
    response = await client.get("/", headers={"Host": host})

    assert response.status in {400, 421}
    assert "llama3.1:8b" not in await response.text()


@pytest.mark.parametrize("host", ["localhost", "localhost:11480", "127.0.0.1:1", "[::1]:11480"])
async def test_this_machine_may_be_named_in_several_ways(client: Client, host: str) -> None:
    assert (await client.get("/runs", headers={"Host": host})).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_written(client: Client, method: str) -> None:
    for path in ("/", "/runs", f"/runs/{runs.RUN}"):
        assert (await client.request(method, path)).status == 405


@pytest.mark.parametrize("run", ["ffffffff", "..%2f..%2fetc%2fpasswd", "2001-01-01", "%00"])
async def test_a_run_that_is_not_there_is_not_found(client: Client, run: str) -> None:
    response = await client.get(f"/runs/{run}")

    assert response.status == 404
    assert "root:" not in await response.text()


@pytest.mark.parametrize("head", ["Host: a\r\nHost: b\r\n", "X: \x1b[2J\r\n", "X: 1\r\n" * 5000, "no colon\r\n"])
async def test_what_is_no_request_is_refused_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, head: str
) -> None:
    chosen = settings.load(environment_of(tmp_path, "serve"), {}).settings
    runner = serve.runner_of(serve.application(tmp_path / "none.db", chosen, str))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
    writer.write(f"GET / HTTP/1.1\r\n{head}\r\n".encode())
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()
    await runner.cleanup()
    assert caplog.text == ""


def test_a_port_that_is_none_is_refused(command: CommandLine) -> None:
    ended = command("serve", "--listen", "70000")

    assert ended.status is ExitCode.USAGE
    assert "give a port from 0 to 65535" in ended.stderr


async def test_a_port_in_use_is_said(command: CommandLine) -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    async with server:
        ended = await command.beside("serve", "--listen", server.sockets[0].getsockname()[1])

    assert ended.status is ExitCode.USAGE
    assert "cannot be used" in ended.stderr
    assert "give another --listen" in ended.stderr
