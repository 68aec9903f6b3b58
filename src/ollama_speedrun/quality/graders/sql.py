"""SQL: one SELECT that gives what the reference gives on every database, each in memory, bounded in time and size.

The statement may read tables and call functions, nothing else: the authorizer refuses every other action, such as to
attach a file, write, or set a pragma. A progress handler stops it after half a second.
"""

import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

from ..extract import fenced, shown
from ..items import Grade, SqlKey

QUERY_S = 0.5
MOST_ROWS = 1000
MOST_CHARS = 4000
MOST_RESULT_CHARS = 500_000
_STEPS = 1000

Row = tuple[object, ...]

_STATEMENT = re.compile(r"\b(?:SELECT|WITH)\b", re.IGNORECASE)
_STARTS = (
    re.compile(r"^[ \t]*(?:SELECT|WITH)\b", re.IGNORECASE | re.MULTILINE),
    re.compile(r"\bSELECT\b|\bWITH\b"),
    re.compile(r"\bSELECT\b", re.IGNORECASE),
)
_SPAN = re.compile(r"(?<!`)`([^`\n]{1,4000})`(?!`)")
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_REFUSED_FUNCTIONS = frozenset(
    {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "zeroblob", "randomblob", "random"}
)
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 100_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, MOST_CHARS),
    (sqlite3.SQLITE_LIMIT_COLUMN, 50),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 10),
    (sqlite3.SQLITE_LIMIT_VDBE_OP, 25_000),
    (sqlite3.SQLITE_LIMIT_FUNCTION_ARG, 10),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
    (sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 0),
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 0),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)


def grade_sql(key: SqlKey, text: str) -> Grade:
    """Grade a statement by its rows; strict where the answer is nothing but it, in one fence at most."""
    statement = statement_in(text)
    if not statement:
        return Grade(score=0.0, strict=0.0, extracted=shown(text), why="the answer holds no SELECT")
    for number, database in enumerate(key.databases, start=1):
        wanted = query(database, key.reference, within_s=None)
        try:
            rows = query(database, statement)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            return Grade(score=0.0, strict=0.0, extracted=shown(statement), why=shown(f"the statement failed: {error}"))
        if not same_rows(wanted, rows, ordered=key.ordered):
            why = f"gives {len(rows)} rows on database {number}, of which not all are right"
            if len(rows) != len(wanted):
                why = f"gives {len(rows)} rows on database {number}, not {len(wanted)}"
            return Grade(score=0.0, strict=0.0, extracted=shown(statement), why=why)
    bare = _without_fence(text).strip() == statement
    return Grade(score=1.0, strict=float(bare), extracted=shown(statement), why="gives the right rows")


def statement_in(text: str) -> str:
    """Return the SELECT that the answer gives: in its last fence or code span that has one, else from the first one on.

    Outside of a fence it ends at its semicolon, or at an empty line.
    """
    marked = [block for block in (*_SPAN.findall(text), *fenced(text)) if _STATEMENT.search(block)]
    if marked:
        return _trimmed(marked[-1])
    start = next((found for shape in _STARTS if (found := shape.search(text))), None)
    if start is None:
        return ""
    rest = text[start.start() :]
    end = re.search(r";|\n\s*\n", rest)
    return _trimmed(rest[: end.end()] if end else rest)


def _trimmed(block: str) -> str:
    return block.strip().rstrip("`").strip()[: MOST_CHARS + 1]


def _without_fence(text: str) -> str:
    blocks = fenced(text)
    stripped = text.strip()
    return blocks[0] if len(blocks) == 1 and stripped.startswith("```") and stripped.endswith("```") else text


def query(database: str, statement: str, *, within_s: float | None = QUERY_S) -> tuple[Row, ...]:
    """Return the rows that one SELECT gives on a database built from SQL text; sqlite3.Error for anything else."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(database)
        for limit, value in _LIMITS:
            connection.setlimit(limit, value)
        connection.set_authorizer(_authorize)
        if within_s is not None:
            ends = time.monotonic() + within_s
            connection.set_progress_handler(lambda: int(time.monotonic() > ends), _STEPS)
        cursor = connection.execute(statement)
        if cursor.description is None:
            raise sqlite3.DataError("no SELECT")
        return tuple(_bounded_rows(cursor))


def _bounded_rows(cursor: sqlite3.Cursor) -> Iterator[Row]:
    size = count = 0
    while rows := cursor.fetchmany(50):
        for row in rows:
            count += 1
            size += sum(len(value) for value in row if isinstance(value, str | bytes))
            if count > MOST_ROWS or size > MOST_RESULT_CHARS:
                raise sqlite3.DataError("too many rows, or too large")
            yield tuple(row)


def _authorize(action: int, name: str | None, other: str | None, database: str | None, source: str | None) -> int:
    del database, source
    if action not in _ALLOWED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (other or name or "").lower() in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def same_rows(wanted: Sequence[Row], rows: Sequence[Row], *, ordered: bool) -> bool:
    """Whether the rows are equal, as a list where their order counts, else as a multiset; 1.0 is 1."""
    one, other = [_normal(row) for row in wanted], [_normal(row) for row in rows]
    return one == other if ordered else Counter(one) == Counter(other)


def _normal(row: Row) -> Row:
    """Return the row with floating-point numbers rounded to nine digits, so that a sum's order does not count."""
    return tuple(float(f"{value:.9g}") if isinstance(value, float) else value for value in row)
