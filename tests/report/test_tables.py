import msgspec
import pytest

from ollama_speedrun.benchmark.types import ConcurrencyPoint
from ollama_speedrun.report import markdown
from ollama_speedrun.report.tables import Group, Table, parallelism
from ollama_speedrun.report.view import report
from ollama_speedrun.results.types import Document
from report.snapshot import assert_as_on_file
from report.test_terminal import report as printed_report
from specimens import DEPTHS, DESK, EMBEDDING, IMAGE, LEVELS, RACK, document, result, run_of, unrated


def swept() -> Document:
    seeing = msgspec.structs.replace(result("seer:8b", RACK, gpu_share=0.8), image=IMAGE, depths=DEPTHS[:2])
    deep = msgspec.structs.replace(result("deep:8b", DESK, variant="thinking"), depths=DEPTHS, concurrency=LEVELS)
    return run_of(seeing, deep, unrated(EMBEDDING, tier="<2"))


def tables() -> dict[str, Table]:
    return {table.title: table for table in report(swept()).tables}


def test_an_embedding_model_is_in_a_table_of_its_own_and_in_no_tier() -> None:
    shown = report(document())
    cells = (
        "nomic-embed-text:latest",
        "rack.example:8080",
        "4.6 GB",
        "8.0B",
        "Q4_K_M",
        "768",
        "41.5",
        "310",
        "–",
        "420 ms",
    )
    assert [table.groups for table in shown.tables] == [(Group("", (cells,)),)]
    assert "nomic-embed-text:latest" not in [row.model for section in shown.sections for row in section.rows]


def test_the_curve_of_depths_marks_where_layers_leave_the_gpu() -> None:
    seer, deep = tables()["Speed by the depth of the context"].groups
    assert (seer.title, deep.title) == ("seer:8b @ rack.example:8080", "deep:8b (thinking) @ 192.168.1.20")
    assert deep.rows == (
        ("46", "210", "57.0", "219 ms", "5 GB", "100%", ""),
        ("2K", "2100", "55.4", "975 ms", "5.2 GB", "100%", ""),
        ("8190", "1500", "21.0", "5.5 s", "6.1 GB", "80%", "spills"),
        ("32K", "700", "9.5", "47 s", "9 GB", "55%", "spills"),
    )


def test_a_depth_whose_place_is_unknown_has_no_mark() -> None:
    unknown = msgspec.structs.replace(DEPTHS[2], gpu_share=None, memory_bytes=None)
    run = run_of(msgspec.structs.replace(result("m", DESK), depths=(DEPTHS[0], unknown, DEPTHS[3])))
    ((group,),) = [table.groups for table in report(run).tables]
    assert [row[4:] for row in group.rows] == [("5 GB", "100%", ""), ("–", "–", ""), ("9 GB", "55%", "")]


def test_the_table_of_requests_at_once_says_how_many_are_answered_together() -> None:
    (group,) = tables()["Speed by the number of requests at once"].groups
    assert group == Group(
        "deep:8b (thinking) @ 192.168.1.20, answers 4 requests at once",
        (
            ("1", "57.0", "200 ms", "200 ms", "1"),
            ("2", "98.0", "200 ms", "300 ms", "2"),
            ("4", "150", "200 ms", "400 ms", "4"),
            ("8", "151", "200 ms", "6.5 s", "4"),
        ),
    )


@pytest.mark.parametrize(
    ("sent_and_seen", "said"),
    [
        ([(1, 1)], ""),
        ([(1, 1), (2, 1)], ", answers one request at a time"),
        ([(1, 1), (4, 2)], ", answers 2 requests at once"),
        ([(1, 1), (4, 4)], ", answers at least 4 requests at once"),
        ([(4, 0)], ", answers one request at a time"),
    ],
)
def test_how_many_requests_run_together_is_inferred_from_those_seen(
    sent_and_seen: list[tuple[int, int]], said: str
) -> None:
    points = [
        ConcurrencyPoint(requests=sent, throughput_tps=None, ttft_p50_s=None, ttft_p95_s=None, ran_at_once=seen)
        for sent, seen in sent_and_seen
    ]
    assert parallelism(points) == said


def test_what_an_image_costs_is_told() -> None:
    (group,) = tables()["What an image of 256 × 256 pixels adds to a prompt"].groups
    assert group.rows == (("seer:8b", "rack.example:8080", "260", "310 ms"),)


def test_a_run_without_anything_of_the_kind_has_no_such_table() -> None:
    assert report(run_of(result("m", DESK))).tables == ()


@pytest.mark.parametrize("width", [40, 80])
def test_the_tables_at_a_width(width: int) -> None:
    text = printed_report(swept(), width)
    assert_as_on_file(f"tables-{width}", text)
    assert max(map(len, text.splitlines())) <= width


def test_the_tables_as_markdown() -> None:
    assert_as_on_file("tables-markdown", markdown.render(swept()))
