"""Opening the history file: for writing, for reading, and what is done with one that is damaged."""

import errno
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from ..errors import HistoryError, cause_of, shortage_of
from . import USUAL_NAME
from .migrations import VERSION, check_readable, migrate

PATIENCE_S: Final = 10.0
"""How long to wait for another process that writes."""
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_RECOVER: Final = "it is damaged: `sqlite3 FILE .recover` reads what is left of it"
_NO_WAL: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
_SIBLINGS: Final = ("", "-wal", "-shm")
_HEAD: Final = b"SQLite format 3\0"
_NO_ROOM: Final = "make room on that disk, or name a file on another one with --history FILE"
_ANOTHER: Final = "name another file with --history FILE"


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection that writes, to a file that is made where there is none; raises `sqlite3.Error`, `OSError`.

    Raises `HistoryError` for a file that a newer program wrote, and for the database of another program.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _is_there(path)
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        _check_ours(connection, path)
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
    if not _is_there(path):
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
    """Rename a damaged file, with what SQLite keeps beside it, and return its new name; raises `OSError`.

    Raises `HistoryError`, and renames nothing, where a file that the user named was never a history.
    """
    with path.open("rb") as file:
        if path.name != USUAL_NAME and file.read(len(_HEAD)) != _HEAD:
            raise HistoryError(f"{str(path)!r} is no history; {_ANOTHER}")
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = (f"{path.name}.damaged-{stamp}{suffix}" for suffix in ("", *(f"-{number}" for number in range(1, 100))))
    aside = next(place for name in names if not (place := path.with_name(name)).exists())
    for ending in _SIBLINGS:
        source = path.with_name(path.name + ending)
        if source.exists():
            source.rename(aside.with_name(aside.name + ending))
    return aside


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `HistoryError` for a database that has tables, but not those of a history."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if tables and "runs" not in tables:
        raise HistoryError(f"{str(path)!r} is a database of another program; {_ANOTHER}")


def _is_there(path: Path) -> bool:
    """Return whether a file is there; raises `OSError` where that cannot be told, `HistoryError` for what is none."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(mode):
        raise HistoryError(f"the history {str(path)!r} is no file; {_ANOTHER}")
    return True


def is_damage(error: sqlite3.Error) -> bool:
    """Tell if an error says that a file is no database, or that its content contradicts itself."""
    return _code(error) in _DAMAGED


def in_words(path: Path, error: sqlite3.Error | OSError) -> str:
    """Return what an error of the history means, where, and what to try."""
    known = (_system_error(path) or error) if isinstance(error, sqlite3.Error) and _code(error) in _NO_WAL else error
    cause = cause_of(known) if isinstance(known, OSError) else str(known).lower()
    return f"the history {str(path)!r} cannot be used: {shortage_of(known) or f'{cause}; {_remedy(known)}'}"


def _system_error(path: Path) -> OSError | None:
    """Return the system's own reason not to write the file or one beside it, None where there is none by now.

    SQLite gives none. The file itself is not opened: closing it would drop the locks of this process on it.
    """
    try:
        with ExitStack() as stack:
            for _ in _SIBLINGS:
                stack.enter_context(tempfile.TemporaryFile(dir=path.parent))
        if path.exists() and not os.access(path, os.W_OK):
            return PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as exc:
        return exc
    return None


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
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return "name a file elsewhere with --history FILE"
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _NO_ROOM
    match _code(error) if isinstance(error, sqlite3.Error) else None:
        case sqlite3.SQLITE_FULL:
            return _NO_ROOM
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another program holds it: try again once that is done"
        case _:
            return "check the permissions of its directory, or name a file elsewhere with --history FILE"


def _code(error: sqlite3.Error) -> int:
    """Return the primary code of an error, 0 where it has none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
