import asyncio
import contextlib
import gzip
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import msgspec
import pytest

from discovery.sockets import closed_port, open_files, silent_port
from fake_ollama import raw
from fake_ollama.fleet import FakeHost, fake_host
from fake_ollama.script import HostScript, ModelScript
from ollama_speedrun.discovery.events import HostFound, HostMerged, ScanProgress, TargetFailed
from ollama_speedrun.discovery.name_look_ups import NamesOf
from ollama_speedrun.discovery.plan import build_plan
from ollama_speedrun.discovery.recognise import HOST_CHECKED, ROOT, Answer, Recognised, Unrecognised, recognise
from ollama_speedrun.discovery.scan import discover, find_servers
from ollama_speedrun.discovery.types import DiscoveryPlan, Host, NetworkTarget, Secret, ServerTarget, Trust
from ollama_speedrun.events import Notice, PhaseBegan, PhaseEnded
from ollama_speedrun.pipeline.events import Event

pytestmark = pytest.mark.virtual_time

CERTIFICATES = Path(__file__).parent.parent / "certificates"
ONE_MODEL = HostScript(models=(ModelScript("fake:1b"),))


async def events_of(plan: DiscoveryPlan) -> list[Event]:
    """All events of a discovery that gives up on silence soon."""
    events: list[Event] = []
    quick = msgspec.structs.replace(
        plan, connect_timeout_s=0.2, tail_s=0.6, http_timeout_s=0.6, named_timeout_s=0.6, named_tail_s=0.6
    )
    await discover(quick, emit=events.append)
    return events


def target(host: FakeHost | raw.RawServer, name: str = "127.0.0.1", **changes: str) -> ServerTarget:
    return msgspec.structs.replace(ServerTarget(host=name, port=host.port), **changes)


@contextlib.asynccontextmanager
async def same_ollama_at(*addresses: str) -> AsyncIterator[list[FakeHost]]:
    """Servers on one port of several loopback addresses that hold the same models since the same moment."""
    port = closed_port()
    async with contextlib.AsyncExitStack() as stack:
        scripts = [msgspec.structs.replace(ONE_MODEL, address=address, port=port, name="same") for address in addresses]
        yield [await stack.enter_async_context(fake_host(script)) for script in scripts]


async def test_a_server_that_answers_is_found_with_its_version_and_where_it_came_from() -> None:
    async with fake_host(ONE_MODEL) as host:
        events = await events_of(DiscoveryPlan(servers=(target(host),)))
    (found,) = events
    assert isinstance(found, HostFound)
    assert found.host.identity is not None
    assert found.host == Host(
        url=host.url,
        kind="ollama",
        version="0.33.0",
        via=("target",),
        addresses=("127.0.0.1",),
        identity=found.host.identity,
    )


class BusyAtFirst(dict[str, raw.Steps]):
    """The answers of a server that refuses its list of models so many times."""

    def __init__(self, refused: bytes, times: int) -> None:
        names = {"/": "Ollama is running", "/api/version": {"version": "0.33.0"}, "/api/tags": {"models": []}}
        super().__init__(raw.answers(names).answers)
        self._refused, self._times = refused, times

    def get(self, path: str, default: Any = None) -> Any:
        """Return the steps for a path."""
        self._times -= path == "/api/tags"
        return (self._refused,) if path == "/api/tags" and self._times >= 0 else super().get(path, default)


@pytest.mark.parametrize(
    ("refused", "times", "kinds"),
    [
        (raw.http(503, b"busy", headers=[("Retry-After", "2")]), 1, [HostFound]),
        (raw.http(429, b'{"error":"slow down"}'), 2, [HostFound]),
        (raw.http(502, b"<title>Bad Gateway</title>"), 3, [HostFound]),
        (raw.http(502, b"<title>Bad Gateway</title>", headers=[("Retry-After", "0")]), 1000, [TargetFailed]),
        (raw.http(503, b"busy", headers=[("Retry-After", "60")]), 1, [TargetFailed]),
        (raw.http(500, b"boom"), 1, [TargetFailed]),
    ],
)
async def test_a_named_server_that_is_busy_or_restarting_is_asked_again_for_its_time(
    refused: bytes, times: int, kinds: list[type[Event]]
) -> None:
    events: list[Event] = []
    async with raw.raw_server(raw.Raw(BusyAtFirst(refused, times))) as server:
        await discover(DiscoveryPlan(servers=(target(server),)), emit=events.append)
    assert [type(event) for event in events if not isinstance(event, Notice)] == kinds


async def test_a_server_on_ipv6_is_found_too() -> None:
    async with fake_host(msgspec.structs.replace(ONE_MODEL, address="::1")) as host:
        events = await events_of(DiscoveryPlan(servers=(target(host, "::1"),)))
    assert [event.host.url for event in events if isinstance(event, HostFound)] == [f"http://[::1]:{host.port}"]


async def test_a_name_is_looked_up_and_stays_in_the_url() -> None:
    async with fake_host(ONE_MODEL) as host:
        events = await events_of(DiscoveryPlan(servers=(target(host, "localhost"),)))
    assert [(event.host.url, event.host.addresses) for event in events if isinstance(event, HostFound)] == [
        (f"http://localhost:{host.port}", ("127.0.0.1",))
    ]


@pytest.mark.parametrize("kind", raw.LOOK_ALIKES)
async def test_a_look_alike_is_found_under_its_own_name(kind: str) -> None:
    async with raw.raw_server(raw.LOOK_ALIKES[kind]) as server:
        events = await events_of(DiscoveryPlan(servers=(target(server),)))
    assert [event.host.kind for event in events if isinstance(event, HostFound)] == [kind]
    assert len(events) == 1


FAILURES = {
    "tarpit": (
        raw.TARPIT,
        "accepts, but gives no complete answer within 0.6 s; raise --connect-timeout to wait longer.",
    ),
    "endless body": (raw.ENDLESS_BODY, "sends more than "),
    "slow drip": (
        raw.SLOW_DRIP,
        "accepts, but gives no complete answer within 0.6 s; raise --connect-timeout to wait longer.",
    ),
    "huge headers": (raw.HUGE_HEADERS, "answers with headers larger"),
    "web page": (raw.WRONG_TYPE, "is another web server (HTTP 200 for /api/tags"),
    "not HTTP": (raw.NOT_HTTP, "does not speak HTTP"),
    "no answer": (raw.EMPTY_ANSWER, "closes the connection"),
    "half an answer": (raw.TRUNCATED, "closes the connection"),
    "redirect": (raw.redirect("http://127.0.0.1:1/"), "it redirects to http://127.0.0.1:1/, which is not followed"),
    "compressed": (
        raw.Raw({"*": (raw.http(200, gzip.compress(b"{}"), headers=(("Content-Encoding", "gzip"),)),)}),
        'answers compressed (Content-Encoding: "gzip") though it was asked not to',
    ),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_target_that_is_no_server_of_models_fails_with_what_it_is(name: str) -> None:
    script, reason = FAILURES[name]
    async with raw.raw_server(script) as server:
        events = await events_of(DiscoveryPlan(servers=(target(server),)))
    assert len(events) == 1
    assert isinstance(events[0], TargetFailed)
    assert events[0].url == server.url
    assert events[0].reason.startswith(reason)


GENUINE_TAGS = {"models": [{"model": "a:1b", "digest": "a1" * 32, "modified_at": "2026-08-22T11:15:03Z", "size": 1}]}
BEHIND_PROXIES: dict[str, dict[str, Any]] = {
    "a page of its own": {
        "/": "<!doctype html><title>My home page</title>Hello",
        "/api/version": {"version": "0.33.0"},
    },
    "nothing at /": {"/api/version": {"version": "0.33.0"}},
    "the page of another client": {"/": "<title>Open WebUI</title>", "/api/version": {"version": "0.33.0"}},
    "a vendor's version": {"/": "Ollama is running", "/api/version": {"version": "0.0.0.0"}},
    "a version in words": {"/": "hi", "/api/version": {"version": "dev build 7"}},
}


@pytest.mark.parametrize("name", BEHIND_PROXIES)
async def test_a_named_server_is_ollama_by_its_models_and_its_version_whatever_else_it_shows(name: str) -> None:
    script = raw.answers({"/api/tags": GENUINE_TAGS, **BEHIND_PROXIES[name]})
    async with raw.raw_server(script) as server:
        events = await events_of(DiscoveryPlan(servers=(target(server),)))
    (found,) = events
    assert isinstance(found, HostFound)
    assert (found.host.kind, found.host.version) == ("ollama", BEHIND_PROXIES[name]["/api/version"]["version"])


async def test_a_named_server_whose_page_never_comes_is_ollama_too() -> None:
    genuine = raw.answers({"/api/tags": GENUINE_TAGS, "/api/version": {"version": "0.33.0"}})
    script = raw.Raw({**genuine.answers, "/": (raw.Pause(),)})
    async with raw.raw_server(script) as server:
        events = await events_of(DiscoveryPlan(servers=(target(server),)))
    assert [(event.host.kind, event.host.version) for event in events if isinstance(event, HostFound)] == [
        ("ollama", "0.33.0")
    ]


async def test_a_server_that_was_merely_found_needs_every_sign() -> None:
    script = raw.answers({"/": "My home page", "/api/tags": GENUINE_TAGS, "/api/version": {"version": "0.33.0"}})
    async with raw.raw_server(script) as server:
        events = await events_of(DiscoveryPlan(candidates=(target(server, via="neighbours"),)))
    assert [event.host.is_ollama for event in events if isinstance(event, HostFound)] == [False]


async def test_a_named_server_that_is_only_compatible_is_told_which_sign_is_missing() -> None:
    tags = {"models": [{"name": "a:1b", "digest": "sha1:" + "a1" * 20}]}
    async with raw.raw_server(raw.answers({"/": "Ollama is running", "/api/tags": tags})) as server:
        events = await events_of(DiscoveryPlan(servers=(target(server),)))
    assert [event for event in events if isinstance(event, Notice)] == [
        Notice(
            f"{server.url} lists models, but is not taken for Ollama: /api/version names no version; /api/tags lists "
            "models without a name, or without a digest of 64 hex digits."
        )
    ]


async def test_a_named_server_is_given_the_time_that_a_client_would_take_and_a_stranger_is_not() -> None:
    genuine = raw.answers({path: json.loads(body) if path != "/" else body.decode() for path, body in GENUINE.items()})
    slow = raw.Raw({**genuine.answers, "/api/tags": (raw.Pause(4), *genuine.answers["/api/tags"])})
    async with raw.raw_server(slow) as server:
        named = await found_by(DiscoveryPlan(servers=(target(server),)))
        stranger = await found_by(DiscoveryPlan(candidates=(target(server),), tail_s=20))
    assert ([host.url for host in named], stranger) == ([server.url], [])


async def found_by(plan: DiscoveryPlan) -> list[Host]:
    events: list[Event] = []
    await discover(plan, emit=events.append)
    return [event.host for event in events if isinstance(event, HostFound)]


async def test_an_exception_over_one_servers_answers_is_its_failure_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(answers: Mapping[str, Answer], *, is_named: bool) -> Recognised | Unrecognised:
        if b"bad" in answers[ROOT].body:
            raise ValueError("bad")
        return recognise(answers, is_named=is_named)

    monkeypatch.setattr("ollama_speedrun.discovery.judge.recognise", judge)
    async with fake_host(ONE_MODEL) as host, raw.raw_server(raw.answers({"/": "bad", "/api/version": {}})) as bad:
        events = await events_of(DiscoveryPlan(servers=(target(host), target(bad))))
    assert {type(event) for event in events} == {HostFound, TargetFailed}
    assert [event.url for event in events if isinstance(event, TargetFailed)] == [bad.url]


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (ServerTarget(host="127.0.0.1", port=1), "nothing listens on port 1: start Ollama there with `ollama serve`."),
        (
            ServerTarget(host="nowhere.invalid"),
            "no machine is called 'nowhere.invalid': check the spelling, or give its IP address.",
        ),
    ],
)
async def test_a_target_that_cannot_be_reached_fails_with_what_to_try(server: ServerTarget, reason: str) -> None:
    assert await events_of(DiscoveryPlan(servers=(server,))) == [TargetFailed(server.url, reason)]


async def test_tls_on_a_plain_port_and_a_plain_request_to_a_tls_port_are_told_apart() -> None:
    plain_answer = raw.http(400, b"Client sent an HTTP request to an HTTPS server.\n", "text/plain")
    async with fake_host(ONE_MODEL) as host, raw.raw_server(raw.Raw({"*": (plain_answer,)})) as tls_only:
        events = await events_of(DiscoveryPlan(servers=(target(host, scheme="https"), target(tls_only))))
    assert {event.reason for event in events if isinstance(event, TargetFailed)} == {
        "does not speak TLS; write http:// before it.",
        "speaks HTTPS only; write https:// before it.",
    }


async def test_one_target_that_fails_does_not_keep_the_others_from_being_found() -> None:
    async with fake_host(ONE_MODEL) as host, raw.raw_server(raw.TARPIT) as tarpit:
        events = await events_of(DiscoveryPlan(servers=(target(tarpit), target(host))))
    assert [type(event) for event in events] == [HostFound, TargetFailed]


async def test_the_same_url_from_two_sources_is_one_host() -> None:
    async with fake_host(ONE_MODEL) as host:
        both = (target(host), target(host, via="OLLAMA_HOST"))
        events = await events_of(DiscoveryPlan(servers=both))
    assert [type(event) for event in events] == [HostFound, HostMerged]
    assert isinstance(events[1], HostMerged)
    assert sorted(events[1].host.via) == ["OLLAMA_HOST", "target"]


async def test_one_server_at_two_addresses_of_this_machine_is_one_host() -> None:
    async with same_ollama_at("127.0.0.1", "::1") as (host, _):
        events = await events_of(
            DiscoveryPlan(
                local=tuple(ServerTarget(host=ip, port=host.port, via="localhost") for ip in ("127.0.0.1", "::1"))
            )
        )
    assert [type(event) for event in events] == [HostFound, HostMerged]
    assert isinstance(events[1], HostMerged)
    assert events[1].host == Host(
        url=f"http://127.0.0.1:{host.port}",
        kind="ollama",
        version="0.33.0",
        via=("localhost",),
        addresses=("127.0.0.1", "::1"),
        identity=events[1].host.identity,
    )


async def test_two_servers_of_this_machine_with_other_models_are_two_hosts() -> None:
    port = closed_port()
    other = HostScript(models=(ModelScript("other:1b"),), address="127.0.0.2", port=port)
    async with fake_host(msgspec.structs.replace(ONE_MODEL, port=port)) as host, fake_host(other):
        plan = DiscoveryPlan(servers=(target(host), target(host, "127.0.0.2")))
        events = await events_of(plan)
    assert {event.host.url for event in events if isinstance(event, HostFound)} == {
        f"http://127.0.0.1:{port}",
        f"http://127.0.0.2:{port}",
    }


async def test_nothing_on_this_machine_is_no_failure() -> None:
    local = tuple(ServerTarget(host=ip, port=closed_port(), via="localhost") for ip in ("127.0.0.1", "::1"))
    events = await events_of(DiscoveryPlan(local=local))
    assert [event for event in events if not isinstance(event, Notice)] == []


def network(text: str, port: int) -> DiscoveryPlan:
    return build_plan(targets=[NetworkTarget(network=IPv4Network(text), port=port, via="target")])


async def test_a_sweep_finds_the_servers_of_a_network_and_names_what_else_is_there() -> None:
    port = closed_port()
    async with (
        fake_host(msgspec.structs.replace(ONE_MODEL, address="127.0.0.9", port=port)),
        fake_host(msgspec.structs.replace(ONE_MODEL, address="127.0.0.12", port=port, name="other")),
        raw.raw_server(raw.NOT_HTTP, address="127.0.0.11", port=port),
    ):
        events = await events_of(network("127.0.0.8/29", port))
    assert {event.host.url for event in events if isinstance(event, HostFound)} == {
        f"http://127.0.0.9:{port}",
        f"http://127.0.0.12:{port}",
    }
    assert [event for event in events if isinstance(event, TargetFailed)] == []
    assert [event.text for event in events if isinstance(event, Notice)] == [
        f"http://127.0.0.11:{port} does not speak HTTP (it says 'SSH-2.0-OpenSSH_9.6').",
        (
            f"Up, but nothing accepts on port {port}: 127.0.0.10, 127.0.0.13, 127.0.0.14. "
            "Where Ollama runs there, is OLLAMA_HOST=0.0.0.0 set?"
        ),
    ]


async def test_the_progress_counts_every_address_once() -> None:
    events = await events_of(network("127.0.0.0/28", closed_port()))
    steps = [event for event in events if isinstance(event, ScanProgress)]
    assert steps == [ScanProgress(probed, 14) for probed in range(1, 15)]


async def test_a_host_is_handed_on_while_the_sweep_still_listens() -> None:
    seen_s: list[float] = []
    with silent_port("127.0.0.3") as port:
        async with fake_host(msgspec.structs.replace(ONE_MODEL, address="127.0.0.2", port=port)):
            began_s = time.monotonic()
            plan = msgspec.structs.replace(network("127.0.0.0/29", port), tail_s=2.0)

            def note(event: Event) -> None:
                if isinstance(event, HostFound):
                    seen_s.append(time.monotonic() - began_s)

            await discover(plan, emit=note)
            took_s = time.monotonic() - began_s
    assert len(seen_s) == 1
    assert seen_s[0] < 1.5
    assert 2.0 <= took_s < 4.0


async def test_cancelling_leaves_no_task_and_no_socket() -> None:
    with silent_port("127.0.0.3") as port:
        async with raw.raw_server(raw.TARPIT, address="127.0.0.2", port=port) as tarpit:
            tasks, files = asyncio.all_tasks(), open_files()
            plan = msgspec.structs.replace(
                network("127.0.0.0/29", port), tail_s=30, http_timeout_s=30, servers=(target(tarpit, "127.0.0.2"),)
            )
            running = asyncio.create_task(discover(plan, emit=lambda _: None))
            await asyncio.sleep(0.4)
            assert open_files() > files
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await asyncio.sleep(0.1)  # the tarpit notices that nobody is left
            assert asyncio.all_tasks() == tasks
            assert open_files() == files


TAGS_BODY = {"models": [{"name": "a:1b", "digest": "a1" * 32, "modified_at": "2026-08-22T11:15:03Z", "size": 1}]}
GENUINE = {
    "/": b"Ollama is running",
    "/api/version": b'{"version":"0.33.0"}',
    "/api/tags": json.dumps(TAGS_BODY).encode(),
}


@contextlib.asynccontextmanager
async def ollama_for(accepted_hosts: Sequence[str]) -> AsyncIterator[int]:
    """A server with Ollama's check of the Host header, for these names alone."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                path, host = head.split(" ", 2)[1], head.split("Host: ")[1].partition("\r\n")[0]
                accepted = host.partition(":")[0] in accepted_hosts
                body = GENUINE[path] if accepted else b""
                status = "200 OK" if accepted else "403 Forbidden"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("accepted_hosts", "url", "kind"),
    [
        (["localhost", "127.0.0.1"], "http://localhost", "ollama"),
        (["127.0.0.1"], "http://127.0.0.1", "ollama"),
    ],
)
async def test_a_name_that_a_host_check_refuses_gives_way_to_the_address(
    accepted_hosts: Sequence[str], url: str, kind: str
) -> None:
    async with ollama_for(accepted_hosts) as port:
        events = await events_of(DiscoveryPlan(servers=(ServerTarget(host="localhost", port=port),)))
    assert [(event.host.url, event.host.kind) for event in events if isinstance(event, HostFound)] == [
        (f"{url}:{port}", kind)
    ]


async def test_an_ollama_that_answers_only_to_localhost_is_named_and_not_taken_for_usable() -> None:
    async with ollama_for(["localhost"]) as port:
        events = await events_of(DiscoveryPlan(servers=(ServerTarget(host="127.0.0.1", port=port),)))
    hosts = [event.host for event in events if isinstance(event, HostFound)]
    assert [(host.kind, host.is_ollama) for host in hosts] == [(HOST_CHECKED, False)]


EXACT = raw.answers(
    {
        "/": "Ollama is running",
        "/api/version": {"version": "0.33.0"},
        "/api/tags": {"models": [{**TAGS_BODY["models"][0], "modified_at": "2026-08-22T11:15:03.412907311+02:00"}]},
        "/api/ps": {"models": []},
    }
)
BELOW = raw.answers(
    {f"/ollama{path}": json.loads(body) if path != "/" else body.decode() for path, body in GENUINE.items()}
)


async def test_a_server_below_a_path_is_found_by_its_whole_base_url() -> None:
    async with raw.raw_server(BELOW) as server:
        below = target(server, path="/ollama")
        events = await events_of(DiscoveryPlan(servers=(below, target(server))))
    assert [event.host.url for event in events if isinstance(event, HostFound)] == [f"{server.url}/ollama"]
    assert [event.url for event in events if isinstance(event, TargetFailed)] == [server.url]


async def test_a_token_goes_to_its_server_alone_and_nothing_repeats_it() -> None:
    echo = raw.Raw({"*": (raw.http(200, b"you sent Bearer s3cret", "text/plain"),)})
    async with raw.raw_server(echo) as named, raw.raw_server(BELOW) as other:
        port = other.port
        servers = (msgspec.structs.replace(target(named), token=Secret("s3cret")), target(other, path="/ollama"))
        plan = DiscoveryPlan(servers=servers, sweeps=network("127.0.0.1/32", port).sweeps)
        events = await events_of(plan)
    assert {"Authorization: Bearer s3cret" in request for request in named.requests} == {True}
    assert other.requests
    assert not any("Authorization" in request for request in other.requests)
    assert "s3cret" not in repr(plan)
    assert "s3cret" not in repr(events)
    (failed,) = [event for event in events if isinstance(event, TargetFailed)]
    assert failed.reason == 'is another web server (HTTP 200 for /api/tags; / says "you sent Bearer …").'


async def test_a_name_that_leads_into_an_excluded_network_is_asked_nothing() -> None:
    async with raw.raw_server(BELOW) as server:
        plan = DiscoveryPlan(servers=(target(server, "localhost"),), exclude=(IPv4Network("127.0.0.0/8"),))
        events = await events_of(plan)
        assert server.requests == []
    (failed,) = [event for event in events if isinstance(event, TargetFailed)]
    assert failed.reason == "127.0.0.1 is in 127.0.0.0/8, which is excluded."


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (Trust(), TargetFailed),
        (Trust(ca_files=(str(CERTIFICATES / "certificate.pem"),)), HostFound),
        (Trust(insecure=True), HostFound),
    ],
)
async def test_an_https_server_is_trusted_by_a_given_certificate_or_when_told_to(
    trust: Trust, expected: type[Event]
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATES / "certificate.pem", CERTIFICATES / "key.pem")
    async with raw.raw_server(BELOW, tls=tls) as server:
        below = target(server, scheme="https", path="/ollama")
        events = await events_of(DiscoveryPlan(servers=(below,), trust=trust))
    assert [type(event) for event in events] == [expected]
    if isinstance(events[0], TargetFailed):
        assert events[0].reason.startswith("has a certificate that is not trusted here")


async def test_servers_with_the_same_exact_dates_at_two_places_are_one_host() -> None:
    async with (
        raw.raw_server(EXACT, address="127.0.0.2") as one,
        raw.raw_server(EXACT, address="127.0.0.3", port=one.port),
    ):
        plan = DiscoveryPlan(servers=(target(one, "127.0.0.2"), target(one, "127.0.0.3")))
        events = await events_of(plan)
    assert [type(event) for event in events] == [HostFound, HostMerged]
    assert isinstance(events[1], HostMerged)
    assert sorted(events[1].host.addresses) == ["127.0.0.2", "127.0.0.3"]


async def test_many_addresses_behind_a_router_are_tried_once_each_and_found() -> None:
    async with raw.raw_server(BELOW, address="127.0.5.9") as server:
        genuine = raw.answers(
            {path: json.loads(body) if path != "/" else body.decode() for path, body in GENUINE.items()}
        )
        async with raw.raw_server(genuine, address="127.0.7.77", port=server.port):
            events = await events_of(network("127.0.0.0/20", server.port))
    assert [event.host.url for event in events if isinstance(event, HostFound)] == [f"http://127.0.7.77:{server.port}"]
    assert [event.probed for event in events if isinstance(event, ScanProgress)][-1] == 4094
    texts = " ".join(event.text for event in events if isinstance(event, Notice))
    assert f"http://127.0.5.9:{server.port} is another web server" in texts


async def test_what_the_plan_leaves_out_is_said_first() -> None:
    plan = DiscoveryPlan(notes=("docker0 is not swept.",))
    assert await events_of(plan) == [Notice("docker0 is not swept.")]


async def named(plan: DiscoveryPlan, names_of: NamesOf) -> list[Event]:
    events: list[Event] = []
    await find_servers(plan, emit=events.append, names_of=names_of)
    return events


async def test_what_the_resolver_calls_a_host_is_told_after_it_was_found() -> None:
    async def names_of(ip: str) -> Sequence[str]:
        await asyncio.sleep(0.1)
        return (f"gpu-{ip[-1]}.lan",)

    async with fake_host(ONE_MODEL) as host:
        events = await named(DiscoveryPlan(servers=(target(host),)), names_of)
    _, found, merged, ended = events
    assert isinstance(found, HostFound)
    assert isinstance(ended, PhaseEnded)
    assert merged == HostMerged(msgspec.structs.replace(found.host, names=("gpu-1.lan",)))


async def test_a_resolver_that_hangs_delays_no_server_and_the_scan_by_a_moment_alone() -> None:
    async def names_of(_ip: str) -> Sequence[str]:
        await asyncio.sleep(3600)
        return ()

    loop = asyncio.get_running_loop()
    async with fake_host(ONE_MODEL) as host:
        began_s = loop.time()
        events = await named(DiscoveryPlan(servers=(target(host),), names_wait_s=0.3), names_of)
        took_s = loop.time() - began_s
    assert [type(event) for event in events] == [PhaseBegan, HostFound, PhaseEnded]
    assert took_s < 0.5


@pytest.mark.parametrize("written", ["127.0.0.1", "localhost"])
async def test_nothing_is_looked_up_where_it_is_turned_off_or_the_host_has_the_name_it_was_asked_by(
    written: str,
) -> None:
    async def names_of(ip: str) -> Sequence[str]:
        raise AssertionError(ip)

    async with fake_host(ONE_MODEL) as host:
        is_on = written == "localhost"
        events = await named(DiscoveryPlan(servers=(target(host, written),), looks_up_names=is_on), names_of)
    assert [type(event) for event in events] == [PhaseBegan, HostFound, PhaseEnded]


async def test_a_host_has_the_names_that_the_tailnet_has_for_its_address() -> None:
    async with fake_host(ONE_MODEL) as host:
        plan = DiscoveryPlan(servers=(target(host),), known_names={"127.0.0.1": ("gpu", "gpu.tail1.ts.net")})
        (event,) = await events_of(plan)
    assert isinstance(event, HostFound)
    assert event.host.names == ("gpu", "gpu.tail1.ts.net")


async def test_a_server_named_twice_keeps_the_name_by_which_it_was_spelled() -> None:
    async with fake_host(ONE_MODEL) as host:
        events = await events_of(DiscoveryPlan(servers=(target(host), target(host, "localhost"))))
    last = [event.host for event in events if isinstance(event, HostFound | HostMerged)][-1]
    assert {last.url, *last.names} >= {host.url, "localhost"} or last.url == f"http://localhost:{host.port}"


async def test_a_named_server_that_drops_packets_has_the_clients_own_time_and_the_wait_is_told() -> None:
    loop = asyncio.get_running_loop()
    with silent_port() as port:
        events: list[tuple[float, Event]] = []
        began_s = loop.time()
        server = ServerTarget(host="127.0.0.1", port=port)
        await discover(build_plan(targets=[server]), emit=lambda event: events.append((loop.time() - began_s, event)))
    assert [(round(at_s), event) for at_s, event in events] == [
        (2, Notice(f"{server.url}: no connection yet; waiting up to 10 s.")),
        (
            10,
            TargetFailed(
                server.url,
                "no answer within 10 s: is the machine on and in this network, "
                f"and does its firewall let port {port} through?",
            ),
        ),
    ]


async def test_many_servers_that_keep_silent_are_told_of_in_one_sentence_and_those_that_answered_are_not() -> None:
    async with contextlib.AsyncExitStack() as stack:
        tarpits = [await stack.enter_async_context(raw.raw_server(raw.TARPIT)) for _ in range(6)]
        good = await stack.enter_async_context(fake_host(ONE_MODEL))
        plan = msgspec.structs.replace(build_plan(targets=[*map(target, tarpits), target(good)]), named_timeout_s=20)
        events: list[Event] = []
        await discover(plan, emit=events.append)
    (said,) = [event.text for event in events if isinstance(event, Notice)]
    assert said.endswith(" and 2 more: connected, but no answer yet; waiting up to 20 s.")
    assert good.url not in said


async def test_the_server_in_ollama_host_holds_up_a_scan_no_longer_than_its_tail() -> None:
    loop = asyncio.get_running_loop()
    with silent_port() as port:
        began_s = loop.time()
        server = ServerTarget(host="127.0.0.1", port=port, via="OLLAMA_HOST")
        await discover(DiscoveryPlan(servers=(server,)), emit=lambda _: None)
    assert loop.time() - began_s == pytest.approx(3.15, abs=0.1)
