"""The schema of the history file, as an ordered list of steps. `PRAGMA user_version` counts those that were taken.

A step that was released is never changed: a change of the schema is one more step at the end. docs/history.md describes
the tables.
"""

import sqlite3
from typing import Final

from ..errors import HistoryError
from .transactions import transaction

_RUNS: Final = """
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  updated_at TEXT NOT NULL,
  complete INTEGER NOT NULL,
  verb TEXT NOT NULL,
  tool_version TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  workload_version INTEGER,
  settings TEXT,
  context TEXT,
  items_files TEXT NOT NULL DEFAULT '[]',
  arguments TEXT,
  pick TEXT,
  pick_host TEXT,
  pid INTEGER,
  process_started_s REAL
);
CREATE INDEX runs_by_start ON runs (started_at);
"""
_HOSTS: Final = """
CREATE TABLE hosts (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  url TEXT NOT NULL,
  name TEXT,
  kind TEXT NOT NULL,
  server_version TEXT,
  identity TEXT,
  document TEXT NOT NULL
);
CREATE UNIQUE INDEX hosts_by_url ON hosts (run_id, url);
"""
_MODELS: Final = """
CREATE TABLE models (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT,
  format TEXT,
  quantization TEXT,
  parameter_size TEXT,
  family TEXT,
  kind TEXT NOT NULL,
  size_bytes INTEGER,
  context_length INTEGER,
  document TEXT NOT NULL
);
CREATE UNIQUE INDEX models_by_name ON models (run_id, host, name);
"""
_RESULTS: Final = """
CREATE TABLE results (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  variant TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL,
  reason TEXT,
  partial INTEGER NOT NULL,
  measured_in TEXT,
  server_version TEXT,
  digest TEXT,
  model_format TEXT,
  started_at TEXT,
  ended_at TEXT,
  trials INTEGER NOT NULL,
  decode_tps REAL,
  decode_low_tps REAL,
  decode_high_tps REAL,
  prefill_tps REAL,
  ttft_s REAL,
  load_s REAL,
  memory_bytes INTEGER,
  gpu_share REAL,
  context_length INTEGER,
  tier TEXT,
  quality REAL,
  quality_low REAL,
  quality_high REAL,
  overall REAL,
  document TEXT NOT NULL
);
CREATE UNIQUE INDEX results_by_model ON results (run_id, host, model, variant);
CREATE INDEX results_by_status ON results (run_id, status, host);
CREATE INDEX results_by_digest ON results (digest, host, variant);
CREATE INDEX results_by_name ON results (model, host);
"""
_ITEMS: Final = """
CREATE TABLE quality_records (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  variant TEXT NOT NULL DEFAULT '',
  bank TEXT NOT NULL,
  seed INTEGER NOT NULL,
  mix TEXT NOT NULL,
  protocol TEXT NOT NULL,
  identity TEXT,
  places INTEGER,
  not_asked TEXT,
  document TEXT NOT NULL
);
CREATE UNIQUE INDEX quality_records_by_model ON quality_records (run_id, host, model, variant);
CREATE INDEX quality_records_by_identity ON quality_records (identity);
CREATE TABLE items (
  run_id TEXT NOT NULL,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  variant TEXT NOT NULL DEFAULT '',
  number INTEGER NOT NULL,
  item TEXT NOT NULL,
  area TEXT NOT NULL,
  family TEXT NOT NULL,
  level INTEGER NOT NULL,
  place INTEGER,
  counted INTEGER NOT NULL,
  status TEXT NOT NULL,
  score REAL NOT NULL,
  strict REAL NOT NULL,
  seconds REAL NOT NULL,
  output_tokens INTEGER,
  document TEXT NOT NULL,
  FOREIGN KEY (run_id, host, model, variant)
    REFERENCES quality_records (run_id, host, model, variant) ON DELETE CASCADE
);
CREATE UNIQUE INDEX items_by_number ON items (run_id, host, model, variant, number);
"""

_NEXT_TOKENS: Final = """
CREATE TABLE next_tokens (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  digest TEXT NOT NULL,
  base TEXT NOT NULL,
  version INTEGER NOT NULL,
  texts INTEGER NOT NULL,
  document TEXT NOT NULL
);
CREATE UNIQUE INDEX next_tokens_by_model ON next_tokens (run_id, host, model);
"""

_LOADED_BEFORE: Final = """
CREATE TABLE loaded_before (
  run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  host TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  models INTEGER NOT NULL,
  document TEXT NOT NULL
);
CREATE UNIQUE INDEX loaded_before_by_host ON loaded_before (run_id, host);
"""

MIGRATIONS: Final[tuple[str, ...]] = (_RUNS + _HOSTS + _MODELS + _RESULTS + _ITEMS, _NEXT_TOKENS, _LOADED_BEFORE)
"""Each step leads from the version of its place to the next one."""
VERSION: Final = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many steps a file has taken; 0 for an empty one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def check_readable(connection: sqlite3.Connection, *, where: str) -> int:
    """Return the version of a file; raises `HistoryError` where only a newer program reads it."""
    version = version_of(connection)
    if version > VERSION:
        raise HistoryError(
            f"the history {where} has schema {version}, and this program knows {VERSION} at most: a newer release "
            "wrote it; update this one, or name another file with --history FILE"
        )
    return version


def migrate(connection: sqlite3.Connection, *, where: str) -> None:
    """Take the steps that a file lacks, each in a transaction; raises `HistoryError` for one that is newer.

    Two programs that do so at once take turns, and the second finds nothing left to do.
    """
    while check_readable(connection, where=where) < VERSION:
        with transaction(connection):
            version = version_of(connection)
            if version < VERSION:
                for statement in _statements(MIGRATIONS[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")


def _statements(script: str) -> list[str]:
    """Return the statements of a step; `executescript` would commit each by itself."""
    return [statement for part in script.split(";") if (statement := part.strip())]
