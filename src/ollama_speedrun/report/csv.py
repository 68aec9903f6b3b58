"""Results as CSV (RFC 4180): one line for each result, figures unrounded, in the unit that their column's name says.

A document without results has one line for each model instead, one without models one for each host.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from ..assessment.types import ScoredResult
from ..discovery.types import Host
from ..inventory.types import Model
from .document import Document
from .text import clean

Value: TypeAlias = str | int | float | None

TEXT_LIMIT: Final = 1000
# What a spreadsheet takes for the beginning of a formula, and their full-width forms
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_RESULT_FIELDS: Final = (
    *("host", "model", "variant", "status", "reason"),
    *("decode_tps", "decode_client_tps", "ollama_tps", "prefill_tps"),
    *("ttft_s", "ttfa_s", "tpot_s", "load_s", "total_s"),
    *("prompt_tokens", "output_tokens", "context_length", "memory_bytes", "gpu_share", "tier", "discarded_trials"),
)
_INTERVAL_FIELDS: Final = ("low_tps", "high_tps", "trials")
_EMBEDDING_FIELDS: Final = ("dimension", "batch_1_per_s", "batch_32_per_s")
_IMAGE_FIELDS: Final = ("tokens", "prefill_s")
_MODEL_FIELDS: Final = ("digest", "size_bytes", "parameter_size", "quantization", "family", "kind")
_SCORE_FIELDS: Final = ("overall", "classic_speed", "classic_quality", "classic_composite")
COLUMNS: Final = (
    *_RESULT_FIELDS,
    *(f"decode_{field}" for field in _INTERVAL_FIELDS),
    *(f"embedding_{field}" for field in _EMBEDDING_FIELDS),
    *(f"image_{field}" for field in _IMAGE_FIELDS),
    *_MODEL_FIELDS,
    *_SCORE_FIELDS,
    "caveats",
)


def render(document: Document) -> str:
    """Return a heading and one line for each entry, lines ended by CR LF; what is absent is an empty cell."""
    columns, rows = _entries(document)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _entries(document: Document) -> tuple[Sequence[str], Iterable[Iterable[Value]]]:
    """Return the columns and rows of the results, else of the models, else of the hosts, whichever there are."""
    if not document.results and document.models:
        return Model.__struct_fields__, map(_fields, document.models)
    if not document.results and document.hosts:
        return Host.__struct_fields__, map(_fields, document.hosts)
    models = {(model.host, model.name): model for model in document.models}
    return COLUMNS, (_values(result, models.get((result.host, result.model))) for result in document.results)


def _fields(entry: Model | Host) -> Iterator[Value]:
    """Yield the fields of a model or host, lists as words with blanks between them."""
    for value in msgspec.structs.astuple(entry):
        yield " ".join(value) if isinstance(value, tuple) else value


def _values(result: ScoredResult, model: Model | None) -> Iterator[Value]:
    yield from (getattr(result, field) for field in _RESULT_FIELDS)
    yield from (getattr(result.decode_interval, field, None) for field in _INTERVAL_FIELDS)
    yield from (getattr(result.embedding, field, None) for field in _EMBEDDING_FIELDS)
    yield from (getattr(result.image, field, None) for field in _IMAGE_FIELDS)
    yield from (getattr(model, field, None) for field in _MODEL_FIELDS)
    if result.scores is None:
        yield from [None] * len(_SCORE_FIELDS)
    else:
        classic = result.scores.classic
        yield from (result.scores.overall, classic.speed, classic.quality, classic.composite)
    yield " ".join(caveat.kind for caveat in result.caveats)


def _cell(value: Value) -> Value:
    """Return a value as a spreadsheet may safely have it: text on one line, and never read as a formula."""
    if not isinstance(value, str):
        return value
    text = clean(value, TEXT_LIMIT)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
