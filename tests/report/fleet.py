"""A run of many models, assessed like a real one: every figure follows from a model's number."""

import functools
import itertools
from datetime import UTC, datetime, timedelta

import msgspec

from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import Caveat, CaveatKind, Result
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.quality import bank
from ollama_speedrun.quality.items import Grade, Item
from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.records import AnswerRecord, QualityRecord, record
from ollama_speedrun.results.types import Context, Document
from records import record as stream
from specimens import DEPTHS, GB, LEVELS, result

START = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
HOSTS = tuple(
    Host(
        url=f"http://10.0.0.{number}:11434",
        kind="ollama",
        version="0.33.0",
        via=("scan",),
        addresses=(f"10.0.0.{number}",),
    )
    for number in range(1, 5)
)
ANSWER = "Let me think about {place}: first {first}, then {second}, hence the answer is {first}."
SIZES_GB = (0.4, 1.3, 2.0, 3.3, 4.7, 4.9, 7.1, 9.3, 13.8, 22.0)


@functools.cache
def many(models: int, items: int) -> Document:
    """Return a run of so many models that answered so many items each, on four hosts."""
    asked = bank.mix(Mix.EASY, 5)[:items] if items else ()
    listed = tuple(_model(number) for number in range(models))
    results = tuple(_result(number, model) for number, model in enumerate(listed))
    records = tuple(_graded(number, model, asked) for number, model in enumerate(listed) if items)
    # The race of a large fleet takes seconds and changes nothing in how the page is drawn
    settings = BenchmarkSettings(max_items=max(items, 1))
    assessments, verdict = assess(listed, results, records, settings if models < 20 else None)
    return Document(
        run_id="f00d",
        started_at=START,
        ended_at=START + timedelta(minutes=2 * models),
        settings=settings,
        context=Context(system="Linux", architecture="x86_64", python="3.11.7", cpus=8),
        hosts=HOSTS,
        models=listed,
        results=results,
        quality_records=records,
        assessments=assessments,
        verdict=verdict,
    )


def renamed(run: Document, *names: str) -> Document:
    """Return the run with every word that comes from a server replaced by one of these, each in its turn."""
    hosts = {
        host.url: f"http://10.0.0.{number}:1/{name}"
        for number, (host, name) in enumerate(zip(run.hosts, itertools.cycle(names), strict=False))
    }
    models = {
        (model.host, model.name): f"{name}{number}"
        for number, (model, name) in enumerate(zip(run.models, itertools.cycle(names), strict=False))
    }
    results = tuple(
        msgspec.structs.replace(
            one,
            host=hosts[one.host],
            model=models[one.host, one.model],
            caveats=(Caveat(CaveatKind.SHARED_HOST, f"{number} {models[one.host, one.model]}"),),
            status="failed" if number == 0 else one.status,
            reason=models[one.host, one.model] if number == 0 else None,
        )
        for number, one in enumerate(run.results)
    )
    listed = tuple(_listed(one, hosts[one.host], models[one.host, one.name]) for one in run.models)
    records = tuple(
        msgspec.structs.replace(
            one, host=hosts[one.host], model=models[one.host, one.model], items=_said(one, models[one.host, one.model])
        )
        for one in run.quality_records
    )
    assessments, verdict = assess(listed, results, records, run.settings)
    return msgspec.structs.replace(
        run,
        hosts=tuple(
            msgspec.structs.replace(
                one, url=hosts[one.url], kind=name, version=name, name=f"{name}-{one.url}", via=(name,)
            )
            for one, name in zip(run.hosts, itertools.cycle(names), strict=False)
        ),
        models=listed,
        results=results,
        quality_records=records,
        assessments=assessments,
        verdict=verdict,
        items_files=names,
    )


def _listed(model: Model, host: str, name: str) -> Model:
    return msgspec.structs.replace(
        model,
        host=host,
        name=name,
        parameter_size=name,
        quantization=name,
        family=name,
        capabilities=(name,),
        license=name,
    )


def _model(number: int) -> Model:
    size_gb = SIZES_GB[number % len(SIZES_GB)]
    return Model(
        host=HOSTS[number % len(HOSTS)].url,
        name=f"model{number}:{size_gb * 1.6:.0f}b",
        digest=f"{number:064x}",
        size_bytes=round(size_gb * GB),
        parameter_size=f"{size_gb * 1.6:.1f}B",
        quantization="Q4_K_M",
        family="llama",
        capabilities=("completion", "tools"),
        context_length=131072,
        kind="chat",
    )


def _result(number: int, model: Model) -> Result:
    tps = 240 / (model.size_bytes or GB) * GB * (1 + number % 7 / 10)
    began = START + timedelta(minutes=2 * (number // len(HOSTS)))
    measured = result(model.name, model.host, tps=tps)
    return msgspec.structs.replace(
        measured,
        digest=model.digest,
        prefill_tps=20 * tps,
        memory_bytes=round((model.size_bytes or 0) * 1.1),
        depths=tuple(
            msgspec.structs.replace(point, decode_tps=tps * (1 - place / 10)) for place, point in enumerate(DEPTHS)
        ),
        concurrency=LEVELS,
        caveats=(Caveat(CaveatKind.QUEUED, f"the request waited {number} s; run again when the server is idle"),),
        warm_up=stream(answer_tail=f"warm {number}"),
        interview=stream(answer_tail=f"interview {number}", ended_ns=1_210_000_000 + 977 * number),
        trials=tuple(stream(ended_ns=1_210_000_000 + 7919 * number + trial) for trial in range(5)),
        started_at=began,
        ended_at=began + timedelta(seconds=100),
    )


def _graded(number: int, model: Model, asked: tuple[Item, ...]) -> QualityRecord:
    return QualityRecord(
        host=model.host,
        model=model.name,
        bank="1",
        seed=5,
        mix="easy",
        identity=f"{number:016x}",
        places=len(asked),
        items=tuple(
            record(item, (_answer(number, place),), _grade(number, place), place=place)
            for place, item in enumerate(asked)
        ),
    )


def _answer(number: int, place: int) -> AnswerRecord:
    mixed = itertools.count(number * 7919 + place * 104729)
    content = ANSWER.format(place=place, first=next(mixed) * 48271 % 99991, second=next(mixed) * 69621 % 99991)
    return AnswerRecord(
        content=content,
        done_reason="stop",
        first_content_ns=200_000_000 + 48271 * number + place,
        ended_ns=900_000_000 + 69621 * place + number,
        prompt_tokens=300 + place,
        output_tokens=30 + (number + place) % 20,
    )


def _grade(number: int, place: int) -> Grade:
    is_right = (number * 31 + place * 17) % 40 < 8 + number % 30
    return Grade(
        score=float(is_right),
        strict=float(is_right),
        extracted=str(place),
        why="" if is_right else "another number",
        status="graded",
    )


def _said(one: QualityRecord, name: str) -> tuple[msgspec.Struct, ...]:
    return tuple(
        msgspec.structs.replace(
            item, answers=tuple(msgspec.structs.replace(answer, content=name) for answer in item.answers)
        )
        for item in one.items
    )
