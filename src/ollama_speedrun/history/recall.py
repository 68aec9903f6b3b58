"""What the history knows of the models of a host: what a run with these settings need not measure again."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from ..benchmark import workload
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result
from ..discovery.types import Host
from ..errors import HistoryError
from ..inventory.types import Model
from ..quality.mixes import BANK_VERSION
from ..quality.next_tokens import NextTokens
from ..quality.records import ItemRecord, QualityRecord
from ..results.known import Known, measures_alike
from ..results.types import SCHEMA_VERSION, Context
from .file import connect_to_read

_RESULTS: Final = """
SELECT results.run_id, host, model, variant, measured_in, results.document, settings, context
FROM results INDEXED BY results_by_digest JOIN runs USING (run_id)
WHERE digest = ? AND host = ? AND status = 'ok' AND partial = 0 AND server_version IS ? AND workload_version = ?
  AND schema_version = ? AND verb <> 'demo'
ORDER BY results.ended_at DESC, runs.started_at DESC
"""
_SEEDS: Final = """
SELECT runs.run_id, settings, seed, COUNT(*) AS models
FROM quality_records JOIN runs USING (run_id)
WHERE bank = ? AND verb <> 'demo' AND schema_version = ? AND settings IS NOT NULL
  AND mix NOT IN ('none', 'own', 'pilot')
GROUP BY runs.run_id, seed ORDER BY runs.started_at DESC
"""
_KEY: Final = "run_id = ? AND host = ? AND model = ? AND variant = ?"


_UNREADABLE: Final = (sqlite3.Error, HistoryError, OSError, msgspec.MsgspecError)
"""Where a history cannot be read, nothing is known."""


class HistoryRecall:
    """Recalls results of the same model (digest) on the same host, by the same server version and like settings.

    `context` is this machine: what a machine of another kind measured is not taken over. Where the history cannot be
    read, nothing is known.
    """

    def __init__(self, path: Path, settings: BenchmarkSettings, context: Context) -> None:
        self._path = path
        self._settings = settings
        self._context = context

    def __call__(self, host: Host, models: Sequence[Model]) -> Sequence[Known]:
        """Return what is known of the models, of each variant the newest result."""
        with suppress(*_UNREADABLE), _reading(self._path) as connection:
            if connection is not None:
                return [known for model in models for known in self._of_model(connection, host, model)]
        return ()

    def _of_model(self, connection: sqlite3.Connection, host: Host, model: Model) -> Sequence[Known]:
        if model.digest is None:
            return ()
        found: dict[str, Known] = {}
        for row in connection.execute(
            _RESULTS, (model.digest, host.url, host.version, workload.VERSION, SCHEMA_VERSION)
        ):
            if row["variant"] not in found and self._is_alike(row):
                found[row["variant"]] = _known(connection, row, model)
        return tuple(found.values())

    def _is_alike(self, row: sqlite3.Row) -> bool:
        if row["settings"] is None or row["context"] is None:
            return False
        settings = msgspec.json.decode(row["settings"], type=BenchmarkSettings)
        context = msgspec.json.decode(row["context"], type=Context)
        here = self._context
        return measures_alike(settings, self._settings) and (
            (context.system, context.architecture) == (here.system, here.architecture)
        )


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Give a connection whose rows have names, None where there is no file; raises as `connect_to_read` does."""
    connection = connect_to_read(path)
    if connection is None:
        yield None
        return
    with closing(connection):
        connection.row_factory = sqlite3.Row
        yield connection


def seed_of(path: Path, settings: BenchmarkSettings) -> int | None:
    """Return the seed of the items that most models were asked by like settings, of several the newest; None for none.

    A run that asks in the same order can compare its models with those of earlier runs.
    """
    rows: Sequence[sqlite3.Row] = ()
    with suppress(*_UNREADABLE), _reading(path) as connection:
        if connection is not None:
            rows = connection.execute(_SEEDS, (str(BANK_VERSION), SCHEMA_VERSION)).fetchall()
    models: Counter[int] = Counter()
    for row in rows:
        if _asks_alike(row["settings"], settings):
            models[row["seed"]] += row["models"]
    return models.most_common(1)[0][0] if models else None


def _asks_alike(text: str, settings: BenchmarkSettings) -> bool:
    try:
        return measures_alike(msgspec.json.decode(text, type=BenchmarkSettings), settings)
    except msgspec.MsgspecError:
        return False


def _known(connection: sqlite3.Connection, row: sqlite3.Row, model: Model) -> Known:
    key = (row["run_id"], row["host"], row["model"], row["variant"])
    result = msgspec.json.decode(row["document"], type=Result)
    taken = msgspec.structs.replace(result, model=model.name, measured_in=row["measured_in"] or row["run_id"])
    opening = connection.execute(f"SELECT document FROM quality_records WHERE {_KEY}", key).fetchone()  # noqa: S608 - own names
    said = connection.execute(
        "SELECT document FROM next_tokens WHERE run_id = ? AND host = ? AND model = ?", key[:3]
    ).fetchone()
    tokens = msgspec.json.decode(said["document"], type=NextTokens) if said else None
    following = None if tokens is None else msgspec.structs.replace(tokens, model=model.name)
    if opening is None:
        return Known(result=taken, next_tokens=following)
    items = connection.execute(f"SELECT document FROM items WHERE {_KEY} ORDER BY number", key)  # noqa: S608 - own names
    record = msgspec.structs.replace(
        msgspec.json.decode(opening["document"], type=QualityRecord),
        model=model.name,
        items=tuple(msgspec.json.decode(one["document"], type=ItemRecord) for one in items),
    )
    return Known(result=taken, record=record, next_tokens=following)
