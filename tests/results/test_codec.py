import gzip
import json
import re
import unicodedata
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.assessment.types import Assessment
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import TimeInterval
from ollama_speedrun.errors import ResultFileError
from ollama_speedrun.quality.next_tokens import NextTokens, TokenChance
from ollama_speedrun.results.codec import JOINED, decode, encode
from ollama_speedrun.results.types import Document
from report.test_view import graded_run
from specimens import DESK, LONG_NAME, document, host, model, result, run_of

DOCS = Path(__file__).parents[2] / "docs" / "json.md"


def test_a_document_comes_back_as_it_was() -> None:
    assert decode(encode(document()), origin="a.json") == document()


names = st.text()
figures = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@given(names, names, figures, st.booleans())
@settings(max_examples=50)
def test_any_document_comes_back_as_it_was(name: str, reason: str, figure: float | None, complete: bool) -> None:
    measured = msgspec.structs.replace(result(name, DESK), reason=reason, ttft_s=figure, gpu_share=figure)
    run = msgspec.structs.replace(
        run_of(measured),
        complete=complete,
        hosts=(msgspec.structs.replace(host(DESK), via=(name,), version=reason),),
    )
    assert decode(encode(run), origin="a.json") == run


@given(names)
def test_nothing_in_the_json_steers_the_terminal_it_is_printed_on(name: str) -> None:
    run = run_of(result(name, DESK))
    text = encode(run).decode().replace("\n", "")
    assert not any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text)
    assert not set(text) & set("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def test_absent_figures_are_null() -> None:
    failed = json.loads(encode(document()))["results"][3]
    assert {key for key, value in failed.items() if value is not None} == {
        "host",
        "model",
        "status",
        "reason",
        "loads",
        "memory_by_context",
        "depths",
        "concurrency",
        "content",
        "caveats",
        "trials",
    }


def damaged(**changes: object) -> bytes:
    return json.dumps({**json.loads(encode(document())), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not a result file of ollama-speedrun"),
        (b"\xff\xfe", "is not a result file of ollama-speedrun"),
        (b"[]", "is not a result file of ollama-speedrun"),
        (b"{}", "is not a result file of ollama-speedrun"),
        (b'{"a":' + b"[" * 200_000, "is not a result file of ollama-speedrun"),
        (encode(document())[:-40], "is not a result file of ollama-speedrun"),
        (damaged(tool={"name": "other", "version": "1"}), "was written by 'other', not by ollama-speedrun"),
        (damaged(schema_version=3), "has schema version 3, this program reads 1 to 2; it was written by"),
        (damaged(schema_version=0), "has schema version 0, this program reads 1 to 2; it was written by"),
        (damaged(results=5), "is damaged"),
        (damaged(results=[5]), "is damaged"),
        (damaged(results=[{"host": 1}]), "is damaged"),
        (damaged(surprise=1), "is damaged: Object contains unknown field"),
        (
            damaged(surprise=1, tool={"name": "ollama-speedrun", "version": "9.0"}),
            "is damaged, or has what only ollama-speedrun 9.0 knows, which wrote it: Object contains unknown field",
        ),
        (
            gzip.compress(encode(document())),
            "is not a result file of ollama-speedrun: it is compressed with gzip; unpack",
        ),
        (
            encode(document()).decode().encode("utf-16"),
            "is not a result file of ollama-speedrun: it is encoded as UTF-16",
        ),
        (damaged(started_at="2026-01-01T00:00:00"), "is damaged"),
        (damaged(hosts=None), "is damaged"),
    ],
)
def test_a_foreign_or_damaged_file_is_refused_with_its_name(data: bytes, reason: str) -> None:
    with pytest.raises(ResultFileError, match=re.escape(f"a.json {reason}")):
        decode(data, origin="a.json")


def test_a_byte_order_mark_is_passed_over() -> None:
    assert decode(b"\xef\xbb\xbf" + encode(document()), origin="a.json") == document()


@pytest.mark.parametrize("mark", ["\U000e0041", "\u180e", "\ufff9", "\U0001d173"])
def test_invisible_marks_are_escaped_and_read_back(mark: str) -> None:
    marked = msgspec.structs.replace(document(), models=(model(f"a{mark}b", DESK),))
    text = encode(marked)
    assert mark.encode() not in text
    assert decode(text, origin="a.json") == marked


def structs(kind: object) -> set[type[msgspec.Struct]]:
    """Every struct type that a value of this type may hold."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        return {kind}.union(*(structs(hint) for hint in hints.values()))
    return set().union(*(structs(part) for part in get_args(kind)))


def described() -> dict[str, list[str]]:
    """The fields that the documentation has for each type, by its heading."""
    sections = re.split(r"^## ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {section.split("\n")[0]: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) for section in sections}


def test_the_documentation_has_every_field_of_every_type() -> None:
    """An assessment is no type of the JSON: its fields stand in the result that it is of."""
    fields = {kind.__name__: list(kind.__struct_fields__) for kind in structs(Document) - {Assessment}}
    fields["Document"].remove("assessments")
    fields["Result"].extend(JOINED)
    assert described() == fields


def test_each_result_holds_its_own_scores_in_the_json() -> None:
    results = json.loads(encode(document()))["results"]
    assert [(one["model"], one["tier"], one["scores"] and one["scores"]["overall"]) for one in results[:4]] == [
        ("smollm2:135m", "<2", 39.96),
        (LONG_NAME, "4-8", 65.14),
        ("llama3.1:8b", "4-8", 82.93),
        ("phi3:mini", None, None),
    ]


def changed(part: str, other: str) -> bytes:
    text = encode(msgspec.structs.replace(graded_run(), settings=BenchmarkSettings())).decode()
    assert part in text
    return text.replace(part, other).encode()


def with_changes(**changes: object) -> bytes:
    """A run whose first result has other values in some fields."""
    run = graded_run()
    first, *others = run.results
    return encode(msgspec.structs.replace(run, results=(msgspec.structs.replace(first, **changes), *others)))


def with_repeated(field: str) -> bytes:
    """A run that holds the first of these twice."""
    run = graded_run()
    kept = getattr(run, field)
    return encode(msgspec.structs.replace(run, **{field: (*kept, kept[0])}))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (with_repeated("results"), "clever on http://192.168.1.20:11434 stands in it 2 times"),
        (with_repeated("quality_records"), "clever on http://192.168.1.20:11434 stands in it 2 times"),
        (changed('"weight": 1.0', '"weight": 0.0'), "an item of clever has an impossible grade, chance or weight"),
        (changed('"weight": 1.0', '"weight": -1.0'), "an item of clever has an impossible grade, chance or weight"),
        (changed('"chance": 0.0', '"chance": 1.0'), "an item of clever has an impossible grade, chance or weight"),
        (changed('"score": 1.0', '"score": 1e308'), "an item of clever has an impossible grade, chance or weight"),
        (changed('"low_tps": ', '"low_tps": -'), "decode_interval of clever has impossible ends or trials"),
        (
            with_changes(ttft_interval=TimeInterval(0.0, -1.0, 5)),
            "ttft_interval of clever has impossible ends or trials",
        ),
        (
            with_changes(ttft_interval=TimeInterval(0.1, 0.2, 1)),
            "ttft_interval of clever has impossible ends or trials",
        ),
        (
            with_changes(ttft_interval=TimeInterval(0.1, 0.2, 2**63)),
            "ttft_interval of clever has impossible ends or trials",
        ),
        (encode(msgspec.structs.replace(document(), run_id="../\x1b[2J")), "run_id is no id of a run"),
        (encode(msgspec.structs.replace(document(), run_id="")), "run_id is no id of a run"),
        (changed('"sure": 0.95', '"sure": 1.0'), "the settings have an impossible sure or within"),
        (changed('"within": 0.03', '"within": -1.0'), "the settings have an impossible sure or within"),
        (
            encode(
                msgspec.structs.replace(
                    graded_run(),
                    next_tokens=(
                        NextTokens(
                            host=DESK,
                            model="clever",
                            digest="d",
                            base="b",
                            version=1,
                            answers=((TokenChance("a", -0.1), TokenChance("b", 1e308)),),
                        ),
                    ),
                )
            ),
            "a logprob of clever is above 0",
        ),
        (changed('"2026-', '"9999-'), "the year 9999 is an impossible time of a run"),
        (
            with_changes(ended_at=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-9)))),
            "the year 9999 is an impossible time of a run",
        ),
    ],
)
def test_figures_that_no_run_can_have_written_are_damage(data: bytes, fault: str) -> None:
    with pytest.raises(ResultFileError) as caught:
        decode(data, origin="r.json")
    assert str(caught.value).startswith("r.json is damaged: ")
    assert fault in str(caught.value)
