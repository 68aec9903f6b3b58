"""The last sentence of a run: what went wrong, in the right number, with advice only where it applies."""

from datetime import UTC, datetime

import msgspec
import pytest

from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.cli.ending import Ending
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.events import Phase
from ollama_speedrun.pipeline.record import Selection
from ollama_speedrun.results.types import Document
from records import model

URL = "http://10.0.0.5:11434"
HOST = Host(url=URL, kind="ollama", version="0.33.0", via=("target",), addresses=("10.0.0.5",), names=("gpu.lan",))


def failed(name: str, reason: str = "out of memory") -> Result:
    return Result(host=URL, model=name, status="failed", reason=reason)


def skipped(name: str, reason: str = "the server is in use") -> Result:
    return Result(host=URL, model=name, status="skipped", reason=reason)


def sentence(*results: Result, hosts: tuple[Host, ...] = (HOST,), targets: int = 0, server: bool = True) -> str | None:
    models = tuple(model(result.model, host=URL) for result in results)
    document = Document(started_at=datetime(2026, 1, 1, tzinfo=UTC), hosts=hosts, models=models, results=results)
    return Ending(
        document=document,
        until=Phase.ASSESS,
        selection=Selection(hosts=("x*",)),
        failed_targets=("http://a:1",) * targets,
        has_server=any(host.is_ollama for host in hosts) and server,
        has_model=bool(models),
    ).sentence


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (sentence(failed("a")), "nothing could be benchmarked: 1 failed; the reason is above"),
        (sentence(failed("a"), failed("b")), "nothing could be benchmarked: 2 failed; the reasons are above"),
        (
            sentence(failed("a", "the context size is exceeded")),
            "nothing could be benchmarked: 1 failed; the reason is above; raise --context where a context is too short",
        ),
        (sentence(skipped("a")), "nothing could be benchmarked: 1 skipped; the server is in use"),
        (sentence(skipped("a"), skipped("b")), "nothing could be benchmarked: 2 skipped; the server is in use"),
        (
            sentence(failed("f"), skipped("a", "why\x1b]0;X\x07 a"), skipped("b", "why b"), *map(skipped, "cd")),
            "nothing could be benchmarked: 1 failed and 4 skipped; a: why a; b: why b; c: the server is in use",
        ),
        (
            sentence(*(skipped(name, f"why {name}") for name in "abcd")),
            "nothing could be benchmarked: 4 skipped; a: why a; b: why b; c: why c; --verbose tells all reasons",
        ),
        (
            sentence(hosts=(), targets=1),
            "no Ollama server found: 1 server could not be used; the reason is above",
        ),
        (
            sentence(hosts=(), targets=2),
            "no Ollama server found: 2 servers could not be used; the reasons are above",
        ),
        (sentence(targets=1), "no model found: 1 server could not be used; the reason is above"),
        (
            sentence(hosts=(msgspec.structs.replace(HOST, kind="Open WebUI"),)),
            (
                "no Ollama server found; what answered is no Ollama: http://10.0.0.5:11434 (Open WebUI); give the "
                "address of the Ollama server behind it, or of another one"
            ),
        ),
        (
            sentence(hosts=(msgspec.structs.replace(HOST, kind="LM Studio", via=("network",)),)),
            (
                "no Ollama server found; what answered is no Ollama: http://10.0.0.5:11434 (LM Studio); start one with "
                "`ollama serve`, set OLLAMA_HOST=0.0.0.0 on other machines, name one as TARGET, or run "
                "`ollama-speedrun demo`"
            ),
        ),
        (sentence(server=False), "no host matches --host 'x*'; found: gpu.lan (10.0.0.5)"),
    ],
)
def test_the_last_sentence_of_a_run(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (Phase.DISCOVER, "interrupted: 1 server found"),
        (Phase.ENUMERATE, "interrupted: 2 models listed"),
        (Phase.BENCHMARK, "interrupted: 0 benchmarks finished"),
    ],
)
def test_an_interruption_tells_what_the_verb_had_done(until: Phase, expected: str) -> None:
    document = Document(
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        hosts=(HOST,),
        models=(model("a", host=URL), model("b", host=URL)),
        complete=False,
    )
    ending = Ending(document=document, until=until, selection=Selection(), has_server=True, has_model=True)
    assert ending.sentence == expected
