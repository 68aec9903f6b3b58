"""Structs as rows of the tables. Pure: each function returns the values by column."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from ..assessment.types import Rated
from ..benchmark.types import Result, ResultKey
from ..discovery.types import Host
from ..inventory.types import Model
from ..quality.next_tokens import NextTokens
from ..quality.records import ItemRecord, QualityRecord
from ..results.types import Document
from ..visit.types import LoadedBefore

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Value]
_LARGEST_INTEGER = 2**63 - 1


def moment(time: datetime | None) -> str | None:
    """Return a moment in UTC as ISO 8601 to the microsecond, which sorts as text."""
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def encoded(value: object) -> str:
    """Return a struct as JSON, without what no UTF-8 can hold."""
    return msgspec.json.encode(value).decode()


def run_row(document: Document, *, verb: str) -> Row:
    """Return the row of a run, without what only a live one has."""
    pick = document.verdict.recommendation if document.verdict else None
    return {
        "run_id": document.run_id,
        "started_at": moment(document.started_at),
        "ended_at": moment(document.ended_at),
        "updated_at": moment(document.ended_at or document.started_at),
        "complete": int(document.complete),
        "verb": verb,
        "tool_version": document.tool.version,
        "schema_version": document.schema_version,
        "workload_version": document.workload_version,
        "settings": None if document.settings is None else encoded(document.settings),
        "context": None if document.context is None else encoded(document.context),
        "items_files": json.dumps(document.items_files),
        "pick": pick.label if pick else None,
        "pick_host": pick.host if pick else None,
        "pid": None,
        "process_started_s": None,
    }


def host_row(run_id: str, host: Host) -> Row:
    """Return the row of a host."""
    return {
        "run_id": run_id,
        "url": host.url,
        "name": host.name,
        "kind": host.kind,
        "server_version": host.version,
        "identity": host.identity,
        "document": encoded(host),
    }


def model_row(run_id: str, model: Model) -> Row:
    """Return the row of a model."""
    return {
        "run_id": run_id,
        "host": model.host,
        "name": model.name,
        "digest": model.digest,
        "format": model.format,
        "quantization": model.quantization,
        "parameter_size": model.parameter_size,
        "family": model.family,
        "kind": model.kind,
        "size_bytes": model.size_bytes,
        "context_length": model.context_length,
        "document": encoded(model),
    }


def result_row(run_id: str, result: Result) -> Row:
    """Return the row of a result, without what it was assessed at."""
    interval = result.decode_interval
    return {
        "run_id": run_id,
        "host": result.host,
        "model": result.model,
        "variant": result.variant or "",
        "status": result.status,
        "reason": result.reason,
        "partial": int(result.is_cut_short),
        "measured_in": result.measured_in,
        "server_version": result.server_version,
        "digest": result.digest,
        "model_format": result.model_format,
        "started_at": moment(result.started_at),
        "ended_at": moment(result.ended_at),
        "trials": len(result.trials),
        "decode_tps": result.decode_tps,
        "decode_low_tps": interval.low_tps if interval else None,
        "decode_high_tps": interval.high_tps if interval else None,
        "prefill_tps": result.prefill_tps,
        "ttft_s": result.ttft_s,
        "load_s": result.load_s,
        "memory_bytes": result.memory_bytes,
        "gpu_share": result.gpu_share,
        "context_length": result.context_length,
        "document": encoded(result),
    }


def assessed_row(run_id: str, rated: Rated) -> Row:
    """Return the row of a result with its scores."""
    assessment = rated.assessment
    quality = assessment.quality
    return {
        **result_row(run_id, rated.result),
        "tier": assessment.tier,
        "quality": quality.score if quality else None,
        "quality_low": quality.low if quality else None,
        "quality_high": quality.high if quality else None,
        "overall": assessment.scores.overall if assessment.scores else None,
    }


def record_row(run_id: str, record: QualityRecord) -> Row:
    """Return the row of the items of one model, without the items."""
    return {
        "run_id": run_id,
        "host": record.host,
        "model": record.model,
        "variant": record.variant or "",
        "bank": record.bank,
        "seed": record.seed,
        "mix": record.mix,
        "protocol": record.protocol,
        "identity": record.identity,
        "places": record.places,
        "not_asked": record.not_asked,
        "document": encoded(msgspec.structs.replace(record, items=())),
    }


def item_row(run_id: str, key: ResultKey, entry: ItemRecord) -> Row:
    """Return the row of an item, without its number; `key` is host, model and variant."""
    host, model, variant = key
    counts = [answer.output_tokens for answer in entry.answers]
    tokens = sum(count for count in counts if count is not None)
    return {
        "run_id": run_id,
        "host": host,
        "model": model,
        "variant": variant or "",
        "item": entry.item,
        "area": entry.area,
        "family": entry.family,
        "level": entry.level,
        "place": entry.place,
        "counted": int(entry.is_counted),
        "status": entry.grade.status,
        "score": entry.grade.score,
        "strict": entry.grade.strict,
        "seconds": entry.seconds,
        "output_tokens": None if None in counts else tokens,
        "document": encoded(entry),
    }


def next_tokens_row(run_id: str, found: NextTokens) -> Row:
    """Return the row of what a model would say next after some texts."""
    return {
        "run_id": run_id,
        "host": found.host,
        "model": found.model,
        "digest": found.digest,
        "base": found.base,
        "version": found.version,
        "texts": len(found.answers),
        "document": encoded(found),
    }


def loaded_before_row(run_id: str, found: LoadedBefore) -> Row:
    """Return the row of what a host had loaded before the run."""
    return {
        "run_id": run_id,
        "host": found.host,
        "seen_at": moment(found.seen_at),
        "models": len(found.models),
        "document": encoded(found),
    }


def bounded(value: Value) -> Value:
    """Return a value that a column can hold: servers may say absurd integers, and the document keeps those."""
    return max(-_LARGEST_INTEGER, min(value, _LARGEST_INTEGER)) if isinstance(value, int) else value
