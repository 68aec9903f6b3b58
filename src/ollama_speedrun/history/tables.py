"""Putting rows into the tables, inside a transaction that the caller began."""

import sqlite3
from collections.abc import Iterable
from typing import Final

import msgspec

from ..benchmark.types import ResultKey
from ..discovery.types import Host
from ..inventory.types import Model
from ..quality.next_tokens import NextTokens
from ..quality.records import ItemRecord, QualityRecord
from ..results.types import Document
from ..visit.types import LoadedBefore
from . import rows
from .rows import Row

KEYS: Final = {
    "runs": ("run_id",),
    "hosts": ("run_id", "url"),
    "models": ("run_id", "host", "name"),
    "results": ("run_id", "host", "model", "variant"),
    "quality_records": ("run_id", "host", "model", "variant"),
    "next_tokens": ("run_id", "host", "model"),
    "loaded_before": ("run_id", "host"),
}


def put(connection: sqlite3.Connection, table: str, row: Row) -> None:
    """Insert a row, or change the one of the same key in place: columns that are not given keep what they hold."""
    columns = tuple(row)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in KEYS[table])
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608 - own names
        f"ON CONFLICT ({', '.join(KEYS[table])}) DO UPDATE SET {changes}",
        tuple(map(rows.bounded, row.values())),
    )


def put_host(connection: sqlite3.Connection, run_id: str, host: Host) -> None:
    """Put a host that was found, or found by another way."""
    put(connection, "hosts", rows.host_row(run_id, host))


def put_model(connection: sqlite3.Connection, run_id: str, model: Model) -> None:
    """Put a model that was listed."""
    put(connection, "models", rows.model_row(run_id, model))


def put_record(connection: sqlite3.Connection, run_id: str, record: QualityRecord) -> None:
    """Put the items of a model in the place of those that it had."""
    connection.execute(
        "DELETE FROM items WHERE run_id = ? AND host = ? AND model = ? AND variant = ?", (run_id, *_cells(record.key))
    )
    put(connection, "quality_records", rows.record_row(run_id, record))
    for entry in record.items:
        put_item(connection, run_id, record.key, entry)


def put_item(connection: sqlite3.Connection, run_id: str, key: ResultKey, entry: ItemRecord) -> None:
    """Put an item after those that the model has answered."""
    row = rows.item_row(run_id, key, entry)
    columns = (*row, "number")
    connection.execute(
        f"INSERT INTO items ({', '.join(columns)}) "  # noqa: S608 - own names
        f"SELECT {', '.join('?' * len(row))}, COALESCE(MAX(number) + 1, 0) FROM items "
        "WHERE run_id = ? AND host = ? AND model = ? AND variant = ?",
        (*map(rows.bounded, row.values()), run_id, *_cells(key)),
    )


def add_next_tokens(connection: sqlite3.Connection, run_id: str, found: NextTokens) -> None:
    """Put what a model said after some more texts behind what it said before."""
    row = connection.execute(
        "SELECT document FROM next_tokens WHERE run_id = ? AND host = ? AND model = ?",
        (run_id, found.host, found.model),
    ).fetchone()
    before = msgspec.json.decode(row[0], type=NextTokens).answers if row else ()
    whole = msgspec.structs.replace(found, answers=(*before, *found.answers))
    put(connection, "next_tokens", rows.next_tokens_row(run_id, whole))


def put_loaded_before(connection: sqlite3.Connection, run_id: str, found: LoadedBefore) -> None:
    """Put what a host had loaded at the first visit; what a later visit of the run finds changes nothing."""
    known = connection.execute("SELECT 1 FROM loaded_before WHERE run_id = ? AND host = ?", (run_id, found.host))
    if known.fetchone() is None:
        put(connection, "loaded_before", rows.loaded_before_row(run_id, found))


def put_document(connection: sqlite3.Connection, document: Document, *, verb: str) -> None:
    """Put a run with all that it holds; of one that is there already, what it does not hold is taken out."""
    run_id = document.run_id
    if run_id is None:
        raise ValueError("a document without a run id is no run")
    put(connection, "runs", rows.run_row(document, verb=verb))
    _keep_only(connection, "hosts", run_id, ((host.url,) for host in document.hosts))
    _keep_only(connection, "models", run_id, ((one.host, one.name) for one in document.models))
    _keep_only(connection, "results", run_id, (_cells(one.key) for one in document.results))
    _keep_only(connection, "quality_records", run_id, (_cells(one.key) for one in document.quality_records))
    _keep_only(connection, "next_tokens", run_id, ((one.host, one.model) for one in document.next_tokens))
    _keep_only(connection, "loaded_before", run_id, ((one.host,) for one in document.loaded_before))
    for host in document.hosts:
        put_host(connection, run_id, host)
    for model in document.models:
        put_model(connection, run_id, model)
    for rated in document.rated():
        put(connection, "results", rows.assessed_row(run_id, rated))
    for found in document.next_tokens:
        put(connection, "next_tokens", rows.next_tokens_row(run_id, found))
    for loaded in document.loaded_before:
        put_loaded_before(connection, run_id, loaded)
    for record in document.quality_records:
        if _items_of(connection, run_id, record) == len(record.items):
            put(connection, "quality_records", rows.record_row(run_id, msgspec.structs.replace(record, items=())))
        else:
            put_record(connection, run_id, record)


def _cells(key: ResultKey) -> tuple[str, str, str]:
    """Return host, model and variant as the columns hold them."""
    host, model, variant = key
    return host, model, variant or ""


def _keep_only(connection: sqlite3.Connection, table: str, run_id: str, keys: Iterable[tuple[str, ...]]) -> None:
    """Take out the rows of a run whose key, beside the run's id, is not among these."""
    columns = KEYS[table][1:]
    wanted = set(keys)
    found = connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE run_id = ?", (run_id,)).fetchall()  # noqa: S608 - own names
    for key in found:
        if key not in wanted:
            condition = " AND ".join(f"{column} = ?" for column in columns)
            connection.execute(f"DELETE FROM {table} WHERE run_id = ? AND {condition}", (run_id, *key))  # noqa: S608 - own names


def _items_of(connection: sqlite3.Connection, run_id: str, record: QualityRecord) -> int:
    """Return how many items of a model are there: a run only adds to them."""
    (count,) = connection.execute(
        "SELECT COUNT(*) FROM items WHERE run_id = ? AND host = ? AND model = ? AND variant = ?",
        (run_id, *_cells(record.key)),
    ).fetchone()
    return int(count)
