"""Runs for the tests of the history."""

from datetime import UTC, datetime, timedelta

import msgspec

import specimens
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.next_tokens import NextTokens, TokenChance
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord
from ollama_speedrun.results.types import Context, Document
from ollama_speedrun.visit.types import LoadedBefore, Resident

BEGAN = datetime(2026, 11, 25, 9, 30, 15, 123456, tzinfo=UTC)
RUN = "0123abcd-0000-4000-8000-000000000000"


def item(number: int, *, score: float = 1.0) -> ItemRecord:
    return ItemRecord(
        item=f"facts.capital:2:{number}",
        area="facts",
        family="facts.capital",
        level=2,
        place=number,
        answers=(AnswerRecord(content="Paris", ended_ns=500_000_000, output_tokens=3),),
        grade=Grade(score=score, strict=score, extracted="Paris", why="it is", status="graded"),
    )


def quality(model: str = "llama3.1:8b", host: str = specimens.DESK, *, items: int = 3) -> QualityRecord:
    return QualityRecord(
        host=host,
        model=model,
        bank="1",
        seed=7,
        mix="easy",
        identity="0123456789abcdef",
        places=400,
        items=tuple(item(number) for number in range(items)),
    )


def run(run_id: str = RUN, *, began: datetime = BEGAN, complete: bool = True) -> Document:
    """A whole run of six models on two hosts, two of which were not measured; without its assessment."""
    return msgspec.structs.replace(
        specimens.document(),
        run_id=run_id,
        started_at=began,
        ended_at=began + timedelta(minutes=3) if complete else None,
        complete=complete,
        workload_version=2,
        settings=BenchmarkSettings(depths=(0, 2048)),
        items_files=("mine.toml",),
        context=Context(system="Linux", architecture="x86_64", python="3.12.1", cpus=8),
        next_tokens=(
            NextTokens(
                host=specimens.DESK,
                model="llama3.1:8b",
                digest="d" * 64,
                base="llama",
                version=1,
                answers=((TokenChance(" the", -0.5), TokenChance(" a", -1.5)), ()),
            ),
        ),
        loaded_before=(
            LoadedBefore(host=specimens.RACK, seen_at=began),
            LoadedBefore(
                host=specimens.DESK,
                seen_at=began + timedelta(seconds=2),
                models=(Resident(model="theirs:1b", digest="e" * 64, size_bytes=7 * 10**8, stays=True),),
            ),
        ),
        quality_records=(quality(), quality("smollm2:135m", items=0)),
        assessments=(),
        verdict=None,
    )
