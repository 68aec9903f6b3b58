import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from command import CommandLine, environment_of
from fake_ollama import raw
from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun.cli import planning, settings
from ollama_speedrun.cli.exit_codes import ExitCode
from terminal_signals import as_in_a_terminal

CERTIFICATES = Path(__file__).parent.parent / "certificates"
SECRET = "s3cret-t0ken"
MODEL = {"name": "behind:1b", "digest": "a1" * 32, "modified_at": "2026-08-22T11:15:03Z", "size": 1}
PROTECTED = raw.answers(
    {
        "/eu/": "Ollama is running",
        "/eu/api/version": {"version": "0.33.0"},
        "/eu/api/tags": {"models": [MODEL]},
        "/eu/api/show": {"details": {}, "model_info": {}, "capabilities": ["completion"]},
    }
)
HOST = HostScript(models=(ModelScript("good:1b"),))


def hosts_file(home: Path, *lines: str) -> Path:
    path = home / "hosts"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def test_a_hosts_file_names_servers_with_path_and_token_for_every_phase(
    command: CommandLine, tmp_path: Path
) -> None:
    async with raw.raw_server(PROTECTED) as protected, fake_fleet([HOST]) as fleet:
        path = hosts_file(tmp_path, f"eu={protected.url}/eu token={SECRET}", f"near={fleet.urls[0]}")
        ended = await command.beside("models", "--hosts-file", path, "--json", "--verbose")
    assert ended.status is ExitCode.DONE
    assert {(host.name, host.url, host.via) for host in ended.document.hosts} == {
        ("eu", f"{protected.url}/eu", ("hosts file",)),
        ("near", fleet.urls[0], ("hosts file",)),
    }
    assert {model.name for model in ended.document.models} == {"behind:1b", "good:1b"}
    assert any("POST /eu/api/show" in request for request in protected.requests)
    assert all(f"Authorization: Bearer {SECRET}" in request for request in protected.requests)
    for record in fleet.hosts[0].requests:
        assert "authorization" not in {name.lower() for name in record.headers}
    assert SECRET not in ended.stdout
    assert SECRET not in ended.stderr


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (("--ca", CERTIFICATES / "certificate.pem"), ExitCode.DONE),
        (("--insecure",), ExitCode.DONE),
        ((), ExitCode.NO_SERVER),
    ],
)
async def test_https_servers_are_listed_where_their_certificate_is_trusted(
    flags: tuple[object, ...], status: ExitCode, command: CommandLine
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATES / "certificate.pem", CERTIFICATES / "key.pem")
    async with raw.raw_server(PROTECTED, tls=tls) as server:
        ended = await command.beside("models", "--json", f"{server.url}/eu", *flags)
    assert ended.status is status
    assert [model.name for model in ended.document.models] == (["behind:1b"] if flags else [])


def test_the_key_of_ollama_host_is_kept_for_https(command: CommandLine) -> None:
    for url, has_token in (("https://127.0.0.1:8443/eu", True), ("http://127.0.0.1:8080/eu", False)):
        environment = environment_of(command.data_dir, variables={"OLLAMA_HOST": url, "OLLAMA_API_KEY": SECRET})
        plan = planning.discovery_plan(settings.load(environment, {}).settings, environment)
        assert [(server.url, server.token is not None) for server in plan.servers] == [(url, has_token)]
        assert SECRET not in repr(plan)


def test_a_dry_run_names_the_sources_and_no_token(command: CommandLine, tmp_path: Path) -> None:
    path = hosts_file(tmp_path, f"eu=https://127.0.0.1:8443/eu token={SECRET}", "127.0.9.0/30")
    for arguments in (("discover", "--dry-run"), ("discover", "--dry-run", "--json"), ("config", "show")):
        ended = command(*arguments, variables={"OLLAMA_SPEEDRUN_HOSTS_FILE": str(path)})
        assert ended.status is ExitCode.DONE
        assert SECRET not in ended.stdout + ended.stderr
    ended = command("discover", "--dry-run", "--hosts-file", path)
    assert ended.stdout.splitlines() == [
        "https://127.0.0.1:8443/eu (hosts file)",
        "2 addresses of 127.0.9.0/30 on port 11434",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hosts-file", "nowhere"), "the hosts file nowhere cannot be read"),
        (("--interface", "eth77"), "there is no interface 'eth77' here"),
        (("--exclude-net", "10.0.0.0/33"), "'10.0.0.0/33' is no network"),
        (("--exclude-net", "127.0.0.0/8", "127.0.0.1"), "is in 127.0.0.0/8, which is excluded"),
        (("--ca", __file__, "127.0.0.1"), "give a file in PEM format"),
        (("--ca", "nowhere.pem", "127.0.0.1"), "nowhere.pem cannot be read as certificates"),
        (("--ca", os.devnull, "127.0.0.1"), f"{os.devnull} cannot be read as certificates (it holds none): give a "),
        (("--ca", __file__, "127.0.0.1"), "cannot be read as certificates (it holds none): give a file in PEM"),
        (("--rate", "0"), "--rate is '0'"),
        (("127.0.0.1*",), "TARGET '127.0.0.1*' is a pattern and names no server"),
        (("127.0.0.1", "127.0.0.1:11535?x"), "TARGET '127.0.0.1:11535?x' is a pattern and names no server"),
        (("127.0.0.1,127.0.0.?",), "TARGET '127.0.0.?' is a pattern and names no server"),
        (("",), "a TARGET is empty; give a host"),
        (("--hosts-file", os.devnull), f"the hosts file {os.devnull} names no host"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_sent(
    arguments: tuple[str, ...], message: str, command: CommandLine
) -> None:
    ended = command("discover", *arguments)
    assert ended.status is ExitCode.USAGE
    assert message in ended.stderr


def test_an_excluded_network_is_not_in_the_plan(command: CommandLine) -> None:
    ended = command("discover", "--dry-run", "--exclude-net", "127.0.0.0/8,::1", "--exclude-net", "0.0.0.0/0")
    assert [line for line in ended.stdout.splitlines() if line.startswith("http")] == []


async def test_a_stream_is_one_line_of_json_for_each_host(command: CommandLine) -> None:
    async with fake_fleet([HOST, HOST]) as fleet:
        ended = await command.beside("discover", "--json", "--stream", *fleet.urls)
    assert ended.status is ExitCode.DONE
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert sorted(line["url"] for line in lines) == sorted(fleet.urls)
    assert {(line["kind"], line["version"]) for line in lines} == {("ollama", "0.33.0")}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child alone")
async def test_a_watch_tells_who_is_there_and_ends_well_on_ctrl_c(guarded_env: dict[str, str], tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    async with fake_fleet([HOST]) as fleet:
        (url,) = fleet.urls
        command = [sys.executable, "-m", "ollama_speedrun", "discover", "--watch", "--json", url]

        watch = await asyncio.create_subprocess_exec(
            *command,
            env={**guarded_env, **home},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=as_in_a_terminal,
        )
        assert watch.stdout is not None
        async with asyncio.timeout(60):
            line = json.loads(await watch.stdout.readline())
            watch.send_signal(signal.SIGINT)
            rest, errors = await watch.communicate()
    assert (line["url"], line["gone"]) == (url, False)
    assert (watch.returncode, rest, errors) == (0, b"", b"")


def test_a_scan_begins_before_anything_heavy_is_loaded() -> None:
    code = (
        "import sys, ollama_speedrun.cli.discover\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'aiohttp', 'rich', 'shtab', 'sqlite3'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
