"""Comparisons of whole documents: what follows for each figure, what is named, and what is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from ollama_speedrun.assessment.types import Assessment, Quality
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import Interval, Result, TimeInterval
from ollama_speedrun.comparison.compare import compare
from ollama_speedrun.comparison.gate import Limits, judged
from ollama_speedrun.comparison.pairing import pairs
from ollama_speedrun.comparison.types import Change, Comparison
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import ItemRecord, QualityRecord
from ollama_speedrun.report.compared import as_json, change_text, compared, result_text
from ollama_speedrun.results.types import Document

URL = "http://10.0.0.1:11434"
STEADY = Result(
    host=URL,
    model="m:1b",
    status="ok",
    server_version="0.15.5",
    digest="d" * 64,
    decode_tps=100.0,
    decode_interval=Interval(99.0, 101.0, 5),
    ttft_s=0.2,
    ttft_interval=TimeInterval(0.19, 0.21, 5),
    load_s=1.0,
    memory_bytes=2_000_000_000,
)


def document(*results: Result, **changes: Any) -> Document:  # any field of the document
    plain = Document(
        started_at=datetime(2026, 11, 25, tzinfo=UTC),
        workload_version=3,
        settings=BenchmarkSettings(),
        hosts=tuple(_host(url) for url in dict.fromkeys(result.host for result in results)),
        results=results,
    )
    return msgspec.structs.replace(plain, **changes)


def _host(url: str, identity: str | None = None) -> Host:
    return Host(url=url, kind="ollama", version="0.15.5", via=("target",), addresses=("10.0.0.1",), identity=identity)


def changed(**fields: Any) -> dict[str, Change]:  # any field of the result
    a, b = document(STEADY), document(msgspec.structs.replace(STEADY, **fields))
    return {change.figure.name: change for change in compare(a, b, pairs(a, b)).changes}


def test_a_rate_below_any_doubt_is_slower_and_one_above_faster() -> None:
    slower = changed(decode_tps=90.0, decode_interval=Interval(89.0, 91.0, 5))["decode_tps"]
    faster = changed(decode_tps=110.0, decode_interval=Interval(109.0, 111.0, 5))["decode_tps"]

    assert (slower.kind, slower.word) == ("worse", "slower")
    assert slower.amount == pytest.approx(0.9)
    assert (faster.kind, faster.word) == ("better", "faster")


def test_a_longer_time_is_slower_and_more_memory_is_more() -> None:
    found = changed(ttft_s=0.4, ttft_interval=TimeInterval(0.38, 0.42, 5), memory_bytes=2_500_000_000)

    assert (found["ttft_s"].kind, found["ttft_s"].word) == ("worse", "slower")
    assert (found["memory_bytes"].kind, found["memory_bytes"].word) == ("worse", "more")


@pytest.mark.parametrize("tps", [5e-324, 1.7e308])
def test_absurd_figures_give_finite_changes_that_are_judged(tps: float) -> None:
    absurd = msgspec.structs.replace(
        STEADY,
        decode_tps=tps,
        decode_interval=Interval(tps, tps, 2),
        ttft_s=tps,
        ttft_interval=TimeInterval(tps, tps, 2),
    )
    a, b = document(STEADY), document(absurd)
    for one, two in ((a, b), (b, a)):
        found = compare(one, two, pairs(one, two))
        assert judged(found, Limits())
        json.dumps(as_json(found, ("a", "b")), allow_nan=False)


def test_what_is_known_to_be_near_is_the_same_and_what_is_not_known_cannot_be_told() -> None:
    assert changed(decode_tps=100.5)["decode_tps"].kind == "same"
    near = changed(decode_tps=98.0, decode_interval=Interval(95.0, 101.0, 5))["decode_tps"]
    assert (near.kind, result_text(near)) == ("same", "the same within 10%")
    wide = changed(decode_tps=95.0, decode_interval=Interval(60.0, 150.0, 3))["decode_tps"]
    assert (wide.kind, result_text(wide)) == ("cannot-tell", "unclear: the interval is too wide")


def test_what_was_measured_once_cannot_be_told_however_far_apart() -> None:
    load = changed(load_s=30.0)["load_s"]

    assert (load.kind, load.why, load.low) == ("cannot-tell", "measured only once", None)
    assert change_text(load) == "+2900.0%"


def test_a_figure_that_one_side_lacks_is_not_compared() -> None:
    assert set(changed(ttft_s=None, load_s=None)) == {"decode_tps", "memory_bytes"}


def test_a_new_version_of_the_server_is_the_first_suspect() -> None:
    a = document(STEADY)
    b = document(msgspec.structs.replace(STEADY, server_version="0.15.6", digest="e" * 64, gpu_share=0.5))

    (pair,) = compare(a, b, pairs(a, b)).pairs

    assert [(one.name, one.a, one.b) for one in pair.suspects] == [
        ("server version", "0.15.5", "0.15.6"),
        ("model", "d" * 12, "e" * 12),
    ]


def test_unlike_settings_are_named_and_nothing_that_depends_on_them_is_compared() -> None:
    a, b = document(STEADY), document(STEADY, settings=BenchmarkSettings(num_ctx=8192))

    found = compare(a, b, pairs(a, b))

    assert found.changes == ()
    assert found.unlike == ("speed and memory are not compared: num_ctx 4096 and 8192",)


def quality(score: float, low: float, high: float) -> Quality:
    return Quality(
        score=score,
        low=low,
        high=high,
        strict=score,
        items=80,
        areas={},
        truncated_share=0.0,
        repeated_share=0.0,
        format_slip_share=0.0,
        ungradable=0,
        protocol="chat",
        bank="1",
        mix="easy",
    )


def record(*grades: float) -> QualityRecord:
    items = tuple(
        ItemRecord(
            item=f"facts/capital/1/{place}",
            area="facts",
            family="capital",
            level=1,
            answers=(),
            grade=Grade(score=score, strict=score, extracted="", why=""),
        )
        for place, score in enumerate(grades)
    )
    return QualityRecord(host=URL, model="m:1b", bank="1", seed=1, mix="easy", items=items)


def graded(score: float, *grades: float) -> Document:
    assessment = Assessment(host=URL, model="m:1b", quality=quality(score, score - 8, score + 8))
    return document(STEADY, assessments=(assessment,), quality_records=(record(*grades),) if grades else ())


def quality_change(a: Document, b: Document) -> Change:
    return next(change for change in compare(a, b, pairs(a, b)).changes if change.figure.name == "quality")


def test_qualities_with_other_items_are_compared_by_their_intervals() -> None:
    near = quality_change(graded(60), graded(55))
    far = quality_change(graded(60), graded(20))

    assert near.kind == "cannot-tell"
    assert (far.kind, far.amount) == ("worse", -40)


def test_qualities_with_the_same_items_are_compared_item_by_item() -> None:
    same = quality_change(graded(60, *[1, 0] * 40), graded(60, *[1, 0] * 40))
    lost = quality_change(graded(60, *[1] * 80), graded(40, *[0] * 30, *[1] * 50))

    assert (same.kind, same.amount) == ("same", 0)
    assert lost.kind == "worse"
    assert lost.amount == pytest.approx(-37.5)


def test_a_host_with_a_new_address_is_known_by_its_identity() -> None:
    moved = msgspec.structs.replace(STEADY, host="http://10.0.0.9:11434")
    a = document(STEADY, hosts=(_host(URL, "same"),))
    b = document(moved, hosts=(_host(moved.host, "same"),))

    assert pairs(a, b) == [(STEADY.key, moved.key)]
    assert pairs(a, document(moved)) == []
    assert pairs(a, document(moved), by_host=False) == [(STEADY.key, moved.key)]


def test_servers_that_swapped_their_addresses_are_compared_with_themselves() -> None:
    other_url = "http://10.0.0.9:11434"
    other = msgspec.structs.replace(STEADY, host=other_url)
    a = document(STEADY, other, hosts=(_host(URL, "one"), _host(other_url, "two")))
    b = document(STEADY, other, hosts=(_host(URL, "two"), _host(other_url, "one")))

    assert sorted(pairs(a, b)) == sorted([(STEADY.key, other.key), (other.key, STEADY.key)])


def test_servers_that_are_copies_of_each_other_are_told_by_their_addresses() -> None:
    other_url = "http://10.0.0.9:11434"
    other = msgspec.structs.replace(STEADY, host=other_url)
    twins = document(other, STEADY, hosts=(_host(other_url, "copy"), _host(URL, "copy")))

    assert sorted(pairs(twins, twins)) == sorted([(STEADY.key, STEADY.key), (other.key, other.key)])


def test_a_server_with_a_new_oldest_model_is_known_by_its_address() -> None:
    a, b = (document(STEADY, hosts=(_host(URL, identity),)) for identity in ("before", "after"))

    assert pairs(a, b) == [(STEADY.key, STEADY.key)]


def test_two_models_of_one_host_are_compared_where_the_model_is_no_part_of_the_name() -> None:
    other = msgspec.structs.replace(STEADY, model="other:3b")
    a, b = document(STEADY), document(other)

    assert pairs(a, b) == []
    assert pairs(a, b, by_model=False) == [(STEADY.key, other.key)]


def test_models_of_one_side_alone_are_named() -> None:
    other = msgspec.structs.replace(STEADY, model="other:3b")
    a, b = document(STEADY, other), document(STEADY)

    found = compare(a, b, pairs(a, b))

    assert (found.only_a, found.only_b) == ((other.key,), ())
    assert compared(found, {}, sides=("a", "b")).alone == ("Only in a: other:3b.",)


def test_what_was_measured_unlike_cannot_steer_the_terminal() -> None:
    (said,) = compared(
        Comparison(pairs=(), unlike=("quality is not compared: bank 1 and \x1b[2J\u202e2",)), {}, sides=("a", "b")
    ).unlike
    assert said == "Quality is not compared: bank 1 and 2."


def test_the_report_shows_what_changed_and_counts_the_rest() -> None:
    slow = msgspec.structs.replace(STEADY, model="z:7b", decode_tps=50.0, decode_interval=Interval(49.0, 51.0, 5))
    a = document(STEADY, msgspec.structs.replace(STEADY, model="z:7b"))
    b = document(STEADY, slow)

    shown = compared(compare(a, b, pairs(a, b)), {}, sides=("last~1", "last"))

    assert shown.summary == "last against last~1: 2 models, 8 figures: 1 worse, 5 the same, 2 unclear."
    assert [row.cells[:5] for row in shown.rows] == [("z:7b", "10.0.0.1", "decode", "100 tok/s", "50.0 tok/s")]
    assert shown.hidden == 7


def test_the_json_has_every_figure_with_its_interval() -> None:
    a = document(STEADY)
    value = as_json(compare(a, a, pairs(a, a)), ("a", "b"))

    (pair,) = value["pairs"]
    assert [figure["name"] for figure in pair["figures"]] == ["decode_tps", "ttft_s", "load_s", "memory_bytes"]
    assert pair["figures"][3] == {
        "name": "memory_bytes",
        "unit": "bytes",
        "before": 2e9,
        "after": 2e9,
        "change": "ratio",
        "amount": 1.0,
        "low": 1.0,
        "high": 1.0,
        "margin": 0.01,
        "result": "same",
        "word": "the same",
        "why": None,
    }
