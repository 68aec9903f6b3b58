"""What a long history costs: `python benchmarks/past_runs.py`.

A history of 100 runs of 40 models on 8 hosts, each with three trials and 25 graded items, is written as runs write it.
Then, five times each, the fastest and the slowest of them printed:

list      all runs with what they measured and their pick, as `history list` reads them
baseline  the same out of one JSON file for each run, which have to be decoded whole
document  the last run as `assess` reads it, verdict included
recall    what is known of the five models of one host
item      one more item in a transaction of its own, as a run adds it
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.benchmark import workload
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import Interval, Result
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.history import tables
from ollama_speedrun.history.file import connect
from ollama_speedrun.history.recall import HistoryRecall
from ollama_speedrun.history.store import History
from ollama_speedrun.history.transactions import transaction
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord
from ollama_speedrun.results.codec import decode, encode
from ollama_speedrun.results.context import read_context
from ollama_speedrun.results.types import Document
from ollama_speedrun.visit.types import StreamRecord

HOSTS, MODELS, ITEMS, TRIALS = 8, 5, 25, 3
ROUNDS = 5
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT_S = 0.2


def stream() -> StreamRecord:
    return StreamRecord(
        first_content_ns=90_000_000,
        first_answer_ns=90_000_000,
        last_content_ns=2_300_000_000,
        ended_ns=2_310_000_000,
        content_chunks=128,
        content_arrivals=128,
        token_limit=128,
        answer_characters=560,
        thinking_characters=0,
        answer_tail="and so the ledger is kept. " * 14,
        done_reason="length",
        total_duration_ns=2_305_000_000,
        load_duration_ns=20_000_000,
        prompt_eval_count=210,
        prompt_eval_cached_count=0,
        prompt_eval_duration_ns=60_000_000,
        eval_count=128,
        eval_duration_ns=2_220_000_000,
    )


def item(number: int) -> ItemRecord:
    return ItemRecord(
        item=f"facts/capital/2/{number}",
        area=("facts", "code", "reasoning")[number % 3],
        family="capital",
        level=2,
        place=number,
        answers=(AnswerRecord(content="The capital of that country is Paris. " * 8, ended_ns=10**9, output_tokens=70),),
        grade=Grade(score=float(number % 2), strict=float(number % 2), extracted="Paris", why="as it should be"),
    )


def run(number: int) -> Document:
    """Return the run of that number, with its verdict."""
    urls = [f"http://192.168.1.{host + 10}:11434" for host in range(HOSTS)]
    names = [f"model{model}:{model + 1}b" for model in range(MODELS)]
    keys = [(url, name) for url in urls for name in names]
    began = BEGAN + timedelta(days=number)
    models = tuple(
        Model(
            host=url,
            name=name,
            digest=f"{place:064x}",
            size_bytes=(place % MODELS + 1) * 10**9,
            parameter_size="8.0B",
            quantization="Q4_K_M",
            family="llama",
            capabilities=("completion",),
            context_length=131072,
            kind="chat",
        )
        for place, (url, name) in enumerate(keys)
    )
    results = tuple(
        Result(
            host=model.host,
            model=model.name,
            server_version="0.33.0",
            digest=model.digest,
            status="ok",
            decode_tps=50.0 + place,
            decode_interval=Interval(49.0 + place, 51.0 + place, TRIALS),
            ttft_s=0.1,
            memory_bytes=model.size_bytes,
            gpu_share=1.0,
            warm_up=stream(),
            interview=stream(),
            trials=(stream(),) * TRIALS,
            ended_at=began + timedelta(minutes=place),
        )
        for place, model in enumerate(models)
    )
    records = tuple(
        QualityRecord(
            host=url, model=name, bank="1", seed=7, mix="middle", places=400, items=tuple(map(item, range(ITEMS)))
        )
        for url, name in keys
    )
    settings = BenchmarkSettings()
    assessments, verdict = assess(models, results, records, settings)
    return Document(
        run_id=f"{number:08x}-0000-4000-8000-000000000000",
        started_at=began,
        ended_at=began + timedelta(hours=1),
        workload_version=workload.VERSION,
        settings=settings,
        context=read_context(),
        hosts=tuple(
            Host(url=url, kind="ollama", version="0.33.0", via=("scan",), addresses=(url.split("/")[2].split(":")[0],))
            for url in urls
        ),
        models=models,
        results=results,
        quality_records=records,
        assessments=assessments,
        verdict=verdict,
    )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the fastest and the slowest time of a piece of work in seconds."""
    took_s = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        work()
        took_s.append(time.perf_counter() - began_s)
    return min(took_s), max(took_s)


def listed(path: Path) -> int:
    with History(path) as history:
        return len(history.runs())


def listed_files(files: list[Path]) -> int:
    documents = [decode(file.read_bytes(), origin=file.name) for file in files]
    return len([(one.run_id, sum(result.status == "ok" for result in one.results)) for one in documents])


def last(path: Path) -> Document:
    with History(path) as history:
        return history.document(history.measured()[0].run_id)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    count = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "history.db"
        files = [Path(name) / f"{number}.json" for number in range(count)]
        whole = run(0)
        with closing(connect(path)) as connection:
            for number, file in enumerate(files):
                shift = timedelta(days=number)
                one = msgspec.structs.replace(
                    whole, run_id=f"{number:08x}-0000-4000-8000-000000000000", started_at=whole.started_at + shift
                )
                with transaction(connection):
                    tables.put_document(connection, one, verb="run")
                file.write_bytes(encode(one))
        size_bytes = path.stat().st_size
        print(f"{count} runs of {HOSTS * MODELS} models with {ITEMS} items each: {size_bytes / 1e6:.0f} MB")
        host, models = whole.hosts[0], whole.models[:MODELS]
        recall = HistoryRecall(path, BenchmarkSettings(), read_context())
        assert len(recall(host, models)) == MODELS
        assert listed(path) == listed_files(files[:1]) * count
        list_s = report("list", lambda: listed(path))
        report("baseline", lambda: listed_files(files))
        report("document", lambda: last(path))
        report("recall", lambda: recall(host, models))
        with closing(connect(path)) as connection:
            report("item", lambda: one_more(connection, whole))
    print(f"limit for list: {LIMIT_S} s; the slowest of {ROUNDS} took {list_s:.3f} s")
    return int(list_s > LIMIT_S)


def one_more(connection: sqlite3.Connection, whole: Document) -> None:
    result = whole.results[0]
    with transaction(connection):
        tables.put_item(connection, str(whole.run_id), result.key, item(0))


def report(name: str, work: Callable[[], object]) -> float:
    fastest_s, slowest_s = timed(work)
    print(f"{name:9} {fastest_s * 1000:9.2f} to {slowest_s * 1000:9.2f} ms")
    return slowest_s


if __name__ == "__main__":
    sys.exit(main())
