"""Results as CSV (RFC 4180): one line for each result, figures unrounded, in the unit that their column's name says.

A document without results has one line for each model instead, one without models one for each host.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from ..assessment.types import Assessment, Scores
from ..benchmark.types import Result
from ..discovery.types import Host
from ..inventory.types import Model
from ..results.types import Document
from .text import clean

Value: TypeAlias = str | int | float | None

TEXT_LIMIT: Final = 1000
OF_MODEL: Final = tuple(name for name in Model.__struct_fields__ if name != "kv_cache")
"""What a line says of a model that was only listed; its cache is a structure, which JSON has."""
# What a spreadsheet takes for the beginning of a formula, and their full-width forms: at the beginning of a text, and
# behind what separates cells where a comma is part of a number
_FORMULA: Final = re.compile(r"(^\s*|[;,|]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


class Row(NamedTuple):
    """A line of the file: a result, its assessment, and what is listed of its model."""

    result: Result
    assessment: Assessment
    model: Model | None
    host_name: str | None = None

    @property
    def scores(self) -> Scores | None:
        """Its scores, None where it could not be scored."""
        return self.assessment.scores


class Column(NamedTuple):
    """One column: its heading and a row's value in it."""

    heading: str
    value: Callable[[Row], Value]


def _of_result(*fields: str) -> Iterator[Column]:
    yield from (Column(field, partial(_field, ("result", field))) for field in fields)


def _within(part: str, prefix: str, *fields: str) -> Iterator[Column]:
    """Yield columns out of a part of the result, which many results lack."""
    yield from (Column(f"{prefix}_{field}", partial(_field, ("result", part, field))) for field in fields)


def _within_assessment(part: str, prefix: str, *fields: str) -> Iterator[Column]:
    """Yield columns out of a part of the assessment."""
    yield from (Column(f"{prefix}_{field}", partial(_field, ("assessment", part, field))) for field in fields)


def _of_model(*fields: str) -> Iterator[Column]:
    yield from (Column(field, partial(_field, ("model", field))) for field in fields)


def _field(path: tuple[str, ...], row: Row) -> Value:
    """Return the value at the end of a path of fields, None where any part of it is absent."""
    found: Any = row
    for name in path:
        found = getattr(found, name, None)
    value: Value = found
    return value


COLUMNS: Final = (
    *_of_result("host", "model", "variant", "status", "reason"),
    *_of_result("decode_tps", "decode_client_tps", "ollama_tps", "prefill_tps"),
    *_of_result("ttft_s", "ttfa_s", "tpot_s", "load_s", "total_s"),
    *_of_result("prompt_tokens", "output_tokens", "num_ctx", "context_length", "memory_bytes", "gpu_share"),
    *_within("context_on_gpu", "context_on_gpu", "num_ctx", "is_least"),
    *_within("gpu_cliff", "gpu_cliff", "num_ctx", "layers_off", "layers"),
    Column("tier", lambda row: row.assessment.tier),
    *_of_result("discarded_trials"),
    *_within("decode_interval", "decode", "low_tps", "high_tps", "trials"),
    *_within("embedding", "embedding", "dimension", "batch_1_per_s", "batch_32_per_s"),
    *_within("image", "image", "tokens", "prefill_s"),
    *_within("energy", "energy", "source", "joules_per_token", "joules_per_token_above_idle"),
    *_within("energy", "energy", "tokens_per_wh", "cost_per_million_tokens"),
    *_within("second_turn", "second_turn", "ttft_warm_s", "ttft_cold_s", "cached_share", "prefix", "survives"),
    *_of_model("digest", "size_bytes", "parameter_size", "quantization", "family", "kind"),
    *_within_assessment("quality", "quality", "score", "low", "high", "strict", "items"),
    *_within_assessment("quality", "quality", "truncated_share", "repeated_share", "protocol", "mix", "identity"),
    Column("seconds_to_correct_answer", lambda row: row.assessment.seconds_to_correct_answer),
    Column("overall", lambda row: row.scores.overall if row.scores else None),
    *(
        Column(f"classic_{field}", partial(_field, ("scores", "classic", field)))
        for field in ("speed", "quality", "composite")
    ),
    Column("caveats", lambda row: " ".join(caveat.kind for caveat in row.result.caveats)),
    Column("host_name", lambda row: row.host_name),
    *_of_result("measured_in"),
    Column("ended_at", lambda row: row.result.ended_at.isoformat() if row.result.ended_at else None),
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
        return OF_MODEL, (_fields(model, OF_MODEL) for model in document.models)
    if not document.results and document.hosts:
        return Host.__struct_fields__, (_fields(host, Host.__struct_fields__) for host in document.hosts)
    models = {(model.host, model.name): model for model in document.models}
    names = {host.url: host.name or next(iter(host.names), None) for host in document.hosts}
    rows = (
        Row(*rated, models.get((rated.result.host, rated.result.model)), names.get(rated.result.host))
        for rated in document.rated()
    )
    return [column.heading for column in COLUMNS], ([column.value(row) for column in COLUMNS] for row in rows)


def _fields(entry: Model | Host, names: Iterable[str]) -> Iterator[Value]:
    """Yield fields of a model or host, lists as words with blanks between them."""
    for name in names:
        value: Any = getattr(entry, name)
        yield " ".join(value) if isinstance(value, tuple) else value


def _cell(value: Value) -> Value:
    """Return a value as a spreadsheet may safely have it: text on one line, and never read as a formula."""
    if not isinstance(value, str):
        return value
    return _FORMULA.sub(r"\1'", clean(value, TEXT_LIMIT))
