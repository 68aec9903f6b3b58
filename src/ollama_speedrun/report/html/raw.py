"""The document inside the page, as a link that gives it back. Pure."""

import base64
import gzip
from typing import Final

import msgspec

from ...quality.records import AnswerRecord, QualityRecord
from ...results import codec
from ...results.types import Document
from .markup import Markup, element, join

LEAST_ROOM_BYTES: Final = 100_000
"""A document may take as much of a page, however large the rest of it is."""


def download(document: Document, name: str, room_bytes: int) -> Markup:
    """Return a link that holds the document, packed, and a sentence on what was left out to fit into the room.

    The link works without a script, as a .json.gz; with one it gives the .json.
    """
    packed, left_out = pack(document, max(room_bytes, LEAST_ROOM_BYTES))
    link = element(
        "a",
        "Download the document (JSON)",
        href=f"data:application/gzip;base64,{packed}",
        download=f"{name}.json.gz",
        id="document",
        class_="button",
    )
    return join(link, element("p", left_out, class_="small") if left_out else None)


def pack(document: Document, room_bytes: int) -> tuple[str, str | None]:
    """Return the document as gzip in base64, within the room if possible, and what was left out for that, or None."""
    steps = (
        (document, None),
        (
            _without_texts(document),
            (
                "The texts of answers are left out of the document in this page, for its size; --output FILE.json "
                "keeps them."
            ),
        ),
        (
            msgspec.structs.replace(document, quality_records=()),
            (
                "The records of graded items are left out of the document in this page, for its size; --output "
                "FILE.json keeps them."
            ),
        ),
    )
    packed: list[tuple[str, str | None]] = [(_packed(shown), left_out) for shown, left_out in steps[:1]]
    for shown, left_out in steps[1:]:
        if len(packed[-1][0]) > room_bytes:
            packed.append((_packed(shown), left_out))
    return packed[-1]


def _packed(document: Document) -> str:
    # Without a time in it, the same document gives the same page
    return base64.b64encode(gzip.compress(msgspec.json.format(codec.encode(document), indent=-1), mtime=0)).decode()


def _without_texts(document: Document) -> Document:
    return msgspec.structs.replace(document, quality_records=tuple(map(_bare, document.quality_records)))


def _bare(record: QualityRecord) -> QualityRecord:
    items = tuple(msgspec.structs.replace(item, answers=tuple(map(_textless, item.answers))) for item in record.items)
    return msgspec.structs.replace(record, items=items)


def _textless(answer: AnswerRecord) -> AnswerRecord:
    return msgspec.structs.replace(answer, content="", tool_calls=())
