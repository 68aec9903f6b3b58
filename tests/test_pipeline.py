"""The four phases together, on fake hosts of this machine."""

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from fake_ollama.fleet import Fleet, fake_fleet
from fake_ollama.script import (
    EndWithoutDone,
    ErrorAnswer,
    HostDies,
    HostScript,
    ModelScript,
    Stall,
    able_model,
    cloud_model,
    embedding_model,
    image_model,
)
from fake_ollama.student import SEED
from ollama_speedrun import BenchmarkSettings, Phase, Run, RunSettings, Selection, build_plan, parse_target, run
from ollama_speedrun.assessment.events import Assessed
from ollama_speedrun.benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkPartial
from ollama_speedrun.benchmark.plan import Extra, IfBusy
from ollama_speedrun.benchmark.types import CaveatKind, Result
from ollama_speedrun.discovery.events import HostFound, TargetFailed
from ollama_speedrun.discovery.types import Access, DiscoveryPlan, Host, Secret, ServerTarget
from ollama_speedrun.events import Notice, PhaseBegan, PhaseEnded
from ollama_speedrun.inventory.events import ModelListed
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.pipeline.events import Event
from ollama_speedrun.results.codec import decode, encode
from ollama_speedrun.visit.study import Study
from records import GB, model

pytestmark = pytest.mark.virtual_time

QUICK = BenchmarkSettings(
    second_turn=Extra.OFF,
    timeout_s=2,
    num_predict=32,
    num_ctx=2048,
    trial_tokens=16,
    most_trials=3,
    take_turns=False,
    reference_trial=False,
    if_busy=IfBusy.GO,
    max_items=10,
    item_seed=SEED,
)


async def speedrun(
    urls: Sequence[str], settings: RunSettings | None = None, until: Phase = Phase.ASSESS
) -> tuple[Run, list[Event]]:
    finished, events = Run(), list[Event]()
    plan = build_plan(targets=[parse_target(url) for url in urls])
    await run(plan, settings or RunSettings(benchmark=QUICK), until=until, emit=events.append, into=finished)
    return finished, events


def outcomes(finished: Run) -> dict[str, str]:
    return {result.model: result.status for result in finished.results}


def hosts_on_own_addresses(*hosts: tuple[ModelScript, ...]) -> list[HostScript]:
    return [HostScript(models=models, address=f"127.0.0.{2 + number}") for number, models in enumerate(hosts)]


def generating_windows(fleet: Fleet) -> list[list[tuple[int, int]]]:
    return [
        [(record.arrived_ns, record.ended_ns or 0) for record in host.requests if record.generation]
        for host in fleet.hosts
    ]


async def test_a_whole_run_finds_lists_measures_and_recommends() -> None:
    hosts = hosts_on_own_addresses(
        (able_model("slow:1b", decode_tps=20), able_model("fast:1b", decode_tps=1000)),
        (able_model("big:9b", decode_tps=300, size_bytes=6 * GB), embedding_model("embed:m")),
    )
    async with fake_fleet(hosts) as fleet:
        finished, events = await speedrun(fleet.urls)
        assert [list(host.loaded) for host in fleet.hosts] == [[], []]
    document = finished.document(complete=True)
    assert [host.url for host in document.hosts] == fleet.urls
    assert outcomes(finished) == {"slow:1b": "ok", "fast:1b": "ok", "big:9b": "ok", "embed:m": "ok"}
    assert document.verdict is not None
    assert [tier.best.model if tier.best else None for tier in document.verdict.tiers] == [
        "fast:1b",
        None,
        "big:9b",
        None,
        None,
    ]
    assert decode(encode(document), origin="memory") == document
    begun = [event.phase for event in events if isinstance(event, PhaseBegan)]
    ended = [(event.phase, event.succeeded) for event in events if isinstance(event, PhaseEnded)]
    assert begun == list(Phase)
    assert sorted(ended) == sorted((phase, True) for phase in Phase)
    assert PhaseEnded(Phase.ENUMERATE, succeeded=True, summary="4 models") in events
    assert PhaseEnded(Phase.BENCHMARK, succeeded=True, summary="4 measured") in events
    assert isinstance(events[-2], Assessed)


@pytest.mark.parametrize(
    ("until", "kinds"),
    [
        (Phase.DISCOVER, {HostFound}),
        (Phase.ENUMERATE, {HostFound, ModelListed}),
        (Phase.BENCHMARK, {HostFound, ModelListed, BenchmarkEnded}),
    ],
)
async def test_a_run_stops_after_the_phase_it_was_asked_for(until: Phase, kinds: set[type[Event]]) -> None:
    async with fake_fleet([HostScript(models=(ModelScript("m:1b"),))]) as fleet:
        finished, events = await speedrun(fleet.urls, until=until)
        generated = [record for record in fleet.hosts[0].requests if record.path == "/api/generate"]
    assert {type(event) for event in events} & {HostFound, ModelListed, BenchmarkEnded, Assessed} == kinds
    assert bool(generated) is (until is Phase.BENCHMARK)
    assert [bool(finished.hosts), bool(finished.models), bool(finished.results)] == [
        True,
        until is not Phase.DISCOVER,
        until is Phase.BENCHMARK,
    ]


async def test_hosts_run_side_by_side_and_ports_of_one_address_one_after_another() -> None:
    slow = (ModelScript("m:1b", decode_tps=100),)
    apart = hosts_on_own_addresses(slow, slow)
    async with fake_fleet(apart) as fleet:
        await speedrun(fleet.urls)
        (first_a, *_), (first_b, *_) = generating_windows(fleet)
    assert first_a[0] < first_b[1]
    assert first_b[0] < first_a[1]
    async with fake_fleet([HostScript(models=slow), HostScript(models=slow)]) as fleet:
        await speedrun(fleet.urls)
        windows = sorted(window for host in generating_windows(fleet) for window in host)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(windows))


async def test_no_more_hosts_than_asked_for_are_benchmarked_at_once() -> None:
    hosts = hosts_on_own_addresses(*[(ModelScript("m:1b", decode_tps=200),)] * 3)
    async with fake_fleet(hosts) as fleet:
        await speedrun(fleet.urls, RunSettings(benchmark=QUICK, concurrency=1))
        windows = sorted(window for host in generating_windows(fleet) for window in host)
    assert len(windows) > 3
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(windows))


async def test_every_kind_of_failure_is_reported_and_the_rest_is_finished() -> None:
    hosts = hosts_on_own_addresses(
        (ModelScript("dies:1b", fault=HostDies(after_tokens=4)),),
        (ModelScript("errs:1b", fault=ErrorAnswer(after_tokens=3)), ModelScript("fine:1b")),
        (ModelScript("never-ends:1b", fault=Stall(after_tokens=3)), ModelScript("mute:1b", answer="")),
        (ModelScript("no-done:1b", fault=EndWithoutDone(after_tokens=3)), ModelScript("fine:2b")),
    )
    async with fake_fleet(hosts) as fleet:
        finished, _ = await speedrun(
            fleet.urls, RunSettings(benchmark=BenchmarkSettings(timeout_s=0.5, num_predict=32))
        )
    assert outcomes(finished) == {
        "dies:1b": "failed",
        "errs:1b": "failed",
        "fine:1b": "ok",
        "never-ends:1b": "failed",
        "mute:1b": "failed",
        "no-done:1b": "failed",
        "fine:2b": "ok",
    }
    assert all(result.reason for result in finished.results if result.status == "failed")


async def test_models_that_cannot_answer_are_listed_and_never_sent_a_prompt() -> None:
    models = (embedding_model("embed:m"), image_model("paint:m"), cloud_model("gpt:120b-cloud"))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, _ = await speedrun(fleet.urls)
        prompted = [record for record in fleet.hosts[0].requests if record.generation]
    assert {found.name: found.kind for found in finished.models} == {
        "embed:m": "embedding",
        "paint:m": "image",
        "gpt:120b-cloud": "cloud",
    }
    assert outcomes(finished) == {"embed:m": "ok", "paint:m": "skipped", "gpt:120b-cloud": "skipped"}
    assert prompted == []


async def test_a_model_with_several_names_is_measured_under_the_first_that_is_selected() -> None:
    shelf = (
        ModelScript("a:1b", answer_tokens=20, digest="ab" * 32),
        ModelScript("b:1b", answer_tokens=20, digest="ab" * 32),
        ModelScript("c:1b", answer_tokens=20, digest="ab" * 32),
    )
    async with fake_fleet([HostScript(models=shelf)]) as fleet:
        done, events = await speedrun(fleet.urls)
        chosen, _ = await speedrun(fleet.urls, RunSettings(benchmark=QUICK, selection=Selection(exclude=("a*",))))
    assert [(result.model, result.status) for result in done.results] == [("a:1b", "ok")]
    assert [entry.name for entry in done.models] == ["a:1b", "b:1b", "c:1b"]
    assert done.models[0].aliases == ("b:1b", "c:1b")
    assert [result.model for result in chosen.results] == ["b:1b"]
    listed = done.document(complete=True, chosen_only=True).models
    assert [entry.name for entry in listed] == ["a:1b", "b:1b", "c:1b"]
    assert [event.text for event in events if isinstance(event, Notice)] == [
        f"a:1b on {fleet.urls[0]} is also called b:1b and c:1b: it is measured once"
    ]


def test_a_digest_is_measured_once_on_each_host_however_many_names_it_has() -> None:
    done = Run()
    hosts = ("http://10.0.0.1:11434", "http://10.0.0.2:11434")
    for url in hosts:
        host = Host(url=url, kind="ollama", version=None, via=("target",), addresses=(url[7:15],))
        done.keep(HostFound(host))
        for number in range(100):
            done.keep(ModelListed(model(f"m:{number}", host=url, digest="ab" * 32)))
        for name in ("bare:1b", "bare:2b"):
            done.keep(ModelListed(model(name, host=url, digest=None)))
    assert [(entry.host, entry.name) for entry in done.to_measure] == [
        (url, name) for url in hosts for name in ("m:0", "bare:1b", "bare:2b")
    ]


async def test_cancelling_keeps_what_is_finished_and_leaves_the_servers_as_they_were() -> None:
    models = (able_model("quick:1b"), ModelScript("slow:1b", decode_tps=10, size_bytes=10**10))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, events = Run(), list[Event]()
        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        slow_began = asyncio.Event()

        def emit(event: Event) -> None:
            events.append(event)
            if isinstance(event, BenchmarkBegan) and event.model == "slow:1b":
                slow_began.set()

        task = asyncio.create_task(
            run(plan, RunSettings(benchmark=QUICK), until=Phase.ASSESS, emit=emit, into=finished)
        )
        await slow_began.wait()
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(fleet.hosts[0].loaded) == []
    assert outcomes(finished) == {"quick:1b": "ok"}
    document = finished.document(complete=False)
    assert document.complete is False
    assert document.verdict is not None
    assert document.verdict.recommendation is not None


@contextlib.asynccontextmanager
async def refusing_names(requests: list[str]) -> AsyncIterator[int]:
    """Serve one model to those who ask by an IP address, and note every request."""
    tags = {"models": [{"name": "a:1b", "digest": "a1" * 32, "modified_at": "2026-08-22T11:15:03Z", "size": 1}]}
    answers = {
        "/": b"Ollama is running",
        "/api/version": b'{"version":"0.33.0"}',
        "/api/tags": json.dumps(tags).encode(),
    }

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                requests.append(head)
                length = re.search(r"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                body = b"" if "Host: localhost" in head else answers.get(head.split(" ")[1], b"{}")
                status = "200 OK" if body else "403 Forbidden"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_server_that_is_asked_by_its_address_after_all_keeps_its_token() -> None:
    requests: list[str] = []
    finished = Run()
    async with refusing_names(requests) as port:
        plan = DiscoveryPlan(servers=(ServerTarget(host="localhost", port=port, token=Secret("s3cret")),))
        await run(plan, RunSettings(), until=Phase.ENUMERATE, emit=lambda _: None, into=finished)
    assert list(finished.hosts) == [f"http://127.0.0.1:{port}"]
    assert [found.name for found in finished.models] == ["a:1b"]
    assert all("Authorization: Bearer s3cret" in head for head in requests)
    assert b"s3cret" not in encode(finished.document(complete=True))


def test_a_secret_has_no_json() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(Access(token=Secret("s3cret")))


async def test_models_that_were_announced_before_a_cancellation_are_kept() -> None:
    hosts = hosts_on_own_addresses((ModelScript("first:1b"),), (ModelScript("second:1b"),))
    hosts[1] = msgspec.structs.replace(hosts[1], latency_s=1.0)
    async with fake_fleet(hosts) as fleet:
        finished, announced = Run(), asyncio.Event()

        def emit(event: Event) -> None:
            if isinstance(event, ModelListed):
                announced.set()

        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        task = asyncio.create_task(run(plan, RunSettings(), until=Phase.ENUMERATE, emit=emit, into=finished))
        await announced.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [found.name for found in finished.models] == ["first:1b"]


async def test_an_exception_in_the_work_on_one_host_is_its_failure_and_the_others_are_measured() -> None:
    def failing(model: Model, _thinks: bool | str | None) -> Sequence[Study]:
        if model.name == "trap:1b":
            raise KeyError("trap")
        return ()

    hosts = hosts_on_own_addresses(
        (ModelScript("trap:1b"), ModelScript("beside:1b")), (ModelScript("fine:1b"), ModelScript("fine:2b"))
    )
    async with fake_fleet(hosts) as fleet:
        finished, events = Run(), list[Event]()
        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        await run(
            plan, RunSettings(benchmark=QUICK), until=Phase.ASSESS, emit=events.append, into=finished, studies=failing
        )
    assert outcomes(finished) == {"trap:1b": "failed", "beside:1b": "failed", "fine:1b": "ok", "fine:2b": "ok"}
    assert [(event.url, "KeyError: 'trap'" in event.reason) for event in events if isinstance(event, TargetFailed)] == [
        (fleet.urls[0], True)
    ]


async def test_what_the_receiver_of_events_raises_ends_the_run() -> None:
    def emit(event: Event) -> None:
        if isinstance(event, BenchmarkBegan):
            raise BrokenPipeError("nobody reads")

    async with fake_fleet([HostScript(models=(ModelScript("m:1b"),))]) as fleet:
        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        with pytest.raises(ExceptionGroup) as raised:
            await run(plan, RunSettings(benchmark=QUICK), until=Phase.ASSESS, emit=emit, into=Run())
    assert raised.group_contains(BrokenPipeError)


async def test_a_run_that_is_cut_while_two_models_take_turns_keeps_the_trials_of_both() -> None:
    pair = msgspec.structs.replace(QUICK, take_turns=True, most_trials=100, fewest_trials=100)
    models = (ModelScript("a:1b", size_bytes=1000), ModelScript("b:1b", size_bytes=2000))
    async with fake_fleet([HostScript(models=models)]) as fleet:
        finished, partial = Run(), list[BenchmarkPartial]()
        enough = asyncio.Event()

        def emit(event: Event) -> None:
            if isinstance(event, BenchmarkPartial):
                partial.append(event)
            if len(partial) == 6:
                enough.set()

        plan = build_plan(targets=[parse_target(url) for url in fleet.urls])
        task = asyncio.create_task(run(plan, RunSettings(benchmark=pair), until=Phase.ASSESS, emit=emit, into=finished))
        await enough.wait()
        saved = finished.document(complete=False)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(fleet.hosts[0].loaded) == []
    for document in (saved, finished.document(complete=False)):
        assert [(result.model, result.status, len(result.trials)) for result in document.results] == [
            ("a:1b", "ok", 2),
            ("b:1b", "ok", 2),
        ]
        assert all(CaveatKind.CUT_SHORT in [one.kind for one in result.caveats] for result in document.results)


async def test_a_result_says_what_was_measured_and_when() -> None:
    async with fake_fleet([HostScript(models=(ModelScript("m:1b"), image_model("paint:m")))]) as fleet:
        finished, _ = await speedrun(fleet.urls)
    listed = {found.name: found for found in finished.models}
    version = next(iter(finished.hosts.values())).version
    assert version is not None
    for result in finished.results:
        assert (result.server_version, result.digest, result.model_format) == (
            version,
            listed[result.model].digest,
            listed[result.model].format,
        )
    measured, skipped = sorted(finished.results, key=lambda result: result.status)
    assert measured.started_at is not None
    assert measured.ended_at is not None
    assert finished.started_at <= measured.started_at < measured.ended_at
    assert (skipped.started_at, skipped.ended_at) == (None, None)


async def test_an_explicit_target_that_refuses_is_reported_and_the_others_run(unused_tcp_port: int) -> None:
    async with fake_fleet([HostScript(models=(ModelScript("m:1b"),))]) as fleet:
        finished, events = await speedrun([f"http://127.0.0.1:{unused_tcp_port}", *fleet.urls])
    assert outcomes(finished) == {"m:1b": "ok"}
    assert [event.url for event in events if isinstance(event, TargetFailed)] == [f"http://127.0.0.1:{unused_tcp_port}"]


async def test_nothing_found_and_no_models_are_told_as_failed_phases(unused_tcp_port: int) -> None:
    _, events = await speedrun([f"http://127.0.0.1:{unused_tcp_port}"])
    assert PhaseEnded(Phase.DISCOVER, succeeded=False, summary="No Ollama instances found") in events
    async with fake_fleet([HostScript()]) as fleet:
        _, events = await speedrun(fleet.urls)
    assert PhaseEnded(Phase.ENUMERATE, succeeded=False, summary="No models found on any instance") in events


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(), ["qwen3:8b", "llama3.2:1b", "mistral:latest", "embed:m"]),
        (Selection(include=("LLAMA*",)), ["llama3.2:1b"]),
        (Selection(include=("*",), exclude=("*:1b", "embed*")), ["qwen3:8b", "mistral:latest"]),
        (Selection(tiers=("4-8",)), ["qwen3:8b"]),
        (Selection(tiers=("<2", "4-8"), exclude=("embed*",)), ["qwen3:8b", "llama3.2:1b"]),
        (Selection(include=("nothing",)), []),
        (Selection(include=("llama3.2:latest",)), []),
        (Selection(include=("mistral",)), ["mistral:latest"]),
        (Selection(include=("mistral", "Embed:M")), ["mistral:latest", "embed:m"]),
        (Selection(include=("mistral:7b",)), []),
        (Selection(exclude=("mistral", "qwen3")), ["qwen3:8b", "llama3.2:1b", "embed:m"]),
    ],
)
def test_models_are_selected_by_glob_and_tier(selection: Selection, chosen: list[str]) -> None:
    shelf = [
        model("qwen3:8b", size_bytes=5 * GB),
        model("llama3.2:1b", size_bytes=GB),
        model("mistral:latest", size_bytes=30 * GB),
        model("embed:m", size_bytes=None) if not selection.tiers else model("embed:m", size_bytes=1000),
    ]
    assert [entry.name for entry in shelf if selection.takes(entry)] == chosen


@pytest.mark.parametrize(
    ("glob", "taken"),
    [
        ("*", True),
        ("10.0.0.7", True),
        ("10.0.0.*", True),
        ("gpu-box*", True),
        ("http://gpu-box:11434/ollama", True),
        ("gpu-box:11434/ollama", True),
        ("10.0.1.*", False),
        ("gpu", False),
        ("GPU-box", True),
        ("gpu-box:11434", True),
        ("desk", True),
        ("desk*", True),
    ],
)
def test_hosts_are_selected_by_url_address_or_name(glob: str, taken: bool) -> None:
    host = Host(
        url="http://gpu-box:11434/ollama",
        kind="ollama",
        version=None,
        via=("target",),
        addresses=("10.0.0.7",),
        name="desk",
    )
    assert Selection(hosts=(glob,)).takes_host(host) is taken


async def test_a_model_that_can_call_tools_is_asked_whole_conversations_and_gets_them_right() -> None:
    able = able_model("able:8b", capabilities=("completion", "tools"), size_bytes=5 * GB)
    settings = RunSettings(benchmark=msgspec.structs.replace(QUICK, max_items=80, first_items=80, races=False))
    async with fake_fleet([HostScript(models=(able,))]) as fleet:
        finished, _ = await speedrun([fleet.hosts[0].url], settings)

    (record,) = finished.quality_records.values()
    tools = [item for item in record.items if item.area == "tools"]
    assert {(item.grade.score, item.grade.strict) for item in tools} == {(1.0, 1.0)}
    conversations = [item for item in tools if item.family.endswith("-world") and item.twin is False]
    assert len(conversations) >= 4
    assert min(len(item.answers) for item in conversations) >= 3


async def test_a_model_is_never_asked_what_it_cannot_do() -> None:
    plain = able_model("plain:8b", size_bytes=5 * GB)
    settings = RunSettings(benchmark=msgspec.structs.replace(QUICK, max_items=60))
    async with fake_fleet([HostScript(models=(plain,))]) as fleet:
        finished, _ = await speedrun([fleet.hosts[0].url], settings)
        bodies = [record.body for record in fleet.hosts[0].asked("/api/chat")]

    (record,) = finished.quality_records.values()
    assert {item.area for item in record.items} & {"tools", "vision"} == set()
    assert [body for body in bodies if isinstance(body, dict) and body.get("tools")] == []
    (assessment,) = finished.assess()[0]
    assert assessment.quality is not None
    assert set(assessment.quality.areas) & {"tools", "vision"} == set()


def test_a_snapshot_stays_as_it_is_while_the_run_goes_on() -> None:
    found = Run()
    found.keep(BenchmarkEnded(Result(host="http://h:1", model="a:1b", status="failed")))
    taken = found.snapshot()
    found.keep(BenchmarkEnded(Result(host="http://h:1", model="b:1b", status="failed")))
    assert [result.model for result in taken.results] == ["a:1b"]
    assert [result.model for result in found.results] == ["a:1b", "b:1b"]
