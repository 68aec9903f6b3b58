import base64
import gzip
import json

import msgspec
import pytest

from ollama_speedrun.report.html.raw import pack
from ollama_speedrun.results import codec
from ollama_speedrun.results.types import Document
from report.fleet import many


def unpacked(text: str) -> Document:
    return codec.decode(json.dumps(json.loads(gzip.decompress(base64.b64decode(text)))).encode(), origin="packed")


def test_a_document_that_fits_is_whole() -> None:
    run = many(3, 12)
    text, left_out = pack(run, 10**6)
    assert (unpacked(text), left_out) == (run, None)


def test_a_document_that_does_not_fit_leaves_out_the_texts_of_answers_first() -> None:
    run = many(3, 12)
    whole, _ = pack(run, 10**6)
    text, left_out = pack(run, len(whole) - 1)
    kept = unpacked(text)
    assert left_out is not None
    assert left_out.startswith("The texts of answers are left out")
    assert {answer.content for one in kept.quality_records for item in one.items for answer in item.answers} == {""}
    assert [[item.grade for item in one.items] for one in kept.quality_records] == [
        [item.grade for item in one.items] for one in run.quality_records
    ]


def test_what_is_still_too_large_leaves_out_all_records_of_items() -> None:
    run = many(3, 12)
    text, left_out = pack(run, 1)
    assert left_out is not None
    assert left_out.startswith("The records of graded items are left out")
    assert unpacked(text) == msgspec.structs.replace(run, quality_records=())


@pytest.mark.parametrize("room_bytes", [1, 10**6])
def test_packing_is_deterministic(room_bytes: int) -> None:
    assert pack(many(3, 12), room_bytes) == pack(many(3, 12), room_bytes)
