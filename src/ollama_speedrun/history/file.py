"""Opening the history file: for writing, for reading, and what is done with one that is damaged."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from ..errors import HistoryError
from .migrations import VERSION, check_readable, migrate

PATIENCE_S: Final = 10.0
"""How long to wait for another process that writes."""
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_RECOVER: Final = "it is damaged: `sqlite3 FILE .recover` reads what is left of it"
_NO_WAL: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
_SIBLINGS: Final = ("", "-wal", "-shm")


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection that writes, to a file that is made where there is none; raises `sqlite3.Error`, `OSError`.

    Raises `HistoryError` for a file that a newer program wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, where=repr(str(path)))
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection | None:
    """Return a connection that reads, None where there is no file; raises as `connect` does.

    A file of an older schema is brought to this one first. One that lies where nothing can be written is read as it is.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - which is False where it may not be looked at
        return None
    try:
        return connect(path)
    except sqlite3.Error as exc:
        if _code(exc) not in _NO_WAL:
            raise
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True, isolation_level=None)
    try:
        version = check_readable(connection, where=repr(str(path)))
    except BaseException:
        connection.close()
        raise
    if version < VERSION:
        connection.close()
        raise HistoryError(
            f"the history {str(path)!r} has the older schema {version} and cannot be brought up to date where it is: "
            "copy it to a place that can be written, and name that with --history FILE"
        )
    return connection


def set_aside(path: Path) -> Path:
    """Rename a damaged file, with what SQLite keeps beside it, and return its new name; raises `OSError`."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = (f"{path.name}.damaged-{stamp}{suffix}" for suffix in ("", *(f"-{number}" for number in range(1, 100))))
    aside = next(place for name in names if not (place := path.with_name(name)).exists())
    for ending in _SIBLINGS:
        source = path.with_name(path.name + ending)
        if source.exists():
            source.rename(aside.with_name(aside.name + ending))
    return aside


def is_damage(error: sqlite3.Error) -> bool:
    """Tell if an error says that a file is no database, or that its content contradicts itself."""
    return _code(error) in _DAMAGED


def in_words(path: Path, error: sqlite3.Error | OSError) -> str:
    """Return what an error of the history means, where, and what to try."""
    cause = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return f"the history {str(path)!r} cannot be used: {cause.lower()}; {_remedy(error)}"


@contextmanager
def errors_in_words(path: Path) -> Iterator[None]:
    """Raise the errors of SQLite in the block as `HistoryError`, and those of cells that hold what none can hold."""
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        raise HistoryError(in_words(path, exc)) from exc
    except msgspec.MsgspecError as exc:
        raise HistoryError(f"the history {str(path)!r} cannot be used: {exc}; {_RECOVER}") from exc


def _remedy(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return _RECOVER
    match _code(error) if isinstance(error, sqlite3.Error) else None:
        case sqlite3.SQLITE_FULL:
            return "make room on that disk, or name a file on another one with --history FILE"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another program holds it: try again once that is done"
        case _:
            return "check the permissions of its directory, or name a file elsewhere with --history FILE"


def _code(error: sqlite3.Error) -> int:
    """Return the primary code of an error, 0 where it has none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
