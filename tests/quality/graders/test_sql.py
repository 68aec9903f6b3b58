import sqlite3
import time

import pytest

from ollama_speedrun.quality.graders.sql import grade_sql, query, statement_in
from ollama_speedrun.quality.items import SqlKey

TABLE = "CREATE TABLE pets (name TEXT, age INTEGER, weight REAL);"
FIRST = f"{TABLE} INSERT INTO pets VALUES ('Rex', 4, 9.5), ('Mia', 2, 3.25), ('Bo', 7, 20);"
SECOND = f"{TABLE} INSERT INTO pets VALUES ('Mia', 9, 1), ('Ida', 5, 2);"
KEY = SqlKey((FIRST, SECOND), "SELECT name FROM pets WHERE age > 3")
ORDERED = SqlKey((FIRST, SECOND), "SELECT name FROM pets ORDER BY age", ordered=True)
RIGHT = "SELECT name FROM pets WHERE age > 3"


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        (RIGHT, 1),
        (f"{RIGHT};", 1),
        (f"```sql\n{RIGHT};\n```", 1),
        (f"```\n{RIGHT}\n```", 1),
        ("select name from pets where age >= 4", 1),
        ("SELECT name\nFROM pets\nWHERE age > 3", 1),
        ("WITH old AS (SELECT * FROM pets WHERE age > 3) SELECT name FROM old", 1),
        ("SELECT name FROM pets WHERE NOT age <= 3 ORDER BY name DESC", 1),
        (f"To select the names, use this:\n\n{RIGHT};\n\nIt compares the age.", 0),
        (f"Here it is: {RIGHT};", 0),
        (f"`{RIGHT}`", 0),
        (f"Sure!\n```sql\n{RIGHT}\n```\nThis selects the names.", 0),
        (f"```sql\n{RIGHT}", 0),
    ],
)
def test_a_statement_with_the_right_rows_is_right(text: str, strict: float) -> None:
    grade = grade_sql(KEY, text)

    assert (grade.score, grade.strict) == (1.0, strict), grade.why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I don't know SQL.",
        "SELECT",
        "SELECT 'Rex' UNION SELECT 'Bo'",
        "SELECT name FROM pets",
        "SELECT name, age FROM pets WHERE age > 3",
        "SELECT DISTINCT age FROM pets",
        "SELECT name FROM pets WHERE age > 3 LIMIT 1",
        "SELECT name FROM pets WHERE age > 3 UNION ALL SELECT name FROM pets WHERE age > 3",
        "SELECT nome FROM pets",
        "SELECT name FROM cats",
        f"{RIGHT} AND",
        f"DELETE FROM pets; {RIGHT}",
        "SELECT name FROM pets WHERE age > 3; DROP TABLE pets",
        "SELECT lower(name) FROM pets WHERE age > 3",
    ],
)
def test_other_rows_are_wrong(text: str) -> None:
    if text.startswith("DELETE"):  # outside of a fence the SELECT alone is read, and it is right
        text = f"```\n{text}\n```"
    if text.endswith("DROP TABLE pets"):
        text = f"```\n{text}\n```"
    grade = grade_sql(KEY, text)

    assert (grade.score, grade.strict) == (0.0, 0.0)


def test_order_counts_where_it_was_asked_for() -> None:
    assert grade_sql(ORDERED, "SELECT name FROM pets ORDER BY age").score == 1.0
    assert grade_sql(ORDERED, "SELECT name FROM pets ORDER BY age DESC").score == 0.0
    assert grade_sql(KEY, f"{RIGHT} ORDER BY name DESC").score == 1.0


def test_a_number_equals_another_of_the_same_value() -> None:
    key = SqlKey((FIRST,), "SELECT sum(weight) FROM pets")

    assert grade_sql(key, "SELECT 32.75").score == 1.0
    assert grade_sql(key, "SELECT '32.75'").score == 0.0
    assert grade_sql(SqlKey((FIRST,), "SELECT max(weight) FROM pets"), "SELECT 20").score == 1.0


BOMBS = [
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    f"SELECT count(*) FROM {', '.join(f'pets p{n}' for n in range(20))}",
    "SELECT hex(zeroblob(1000000000))",
    "SELECT randomblob(1000000000)",
    "SELECT printf('%90000d', 1) FROM pets a, pets b, pets c, pets d",
    "SELECT replace(printf('%90000d', 1), ' ', 'xxxxxxxxxxxxxxxxxxxxxxxx')",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT group_concat(printf('%9000d', i)) FROM n",
    "SELECT load_extension('/lib/libc.so.6')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/ollama-speedrun-probe', 'x')",
    "ATTACH DATABASE '/tmp/ollama-speedrun-probe' AS other",
    "PRAGMA writable_schema = 1",
    "SELECT * FROM pragma_database_list",
    "VACUUM INTO '/tmp/ollama-speedrun-probe'",
    "CREATE TABLE t (a)",
    "INSERT INTO pets VALUES ('x', 1, 1)",
    "UPDATE pets SET age = 1",
    "DELETE FROM pets",
    "DROP TABLE pets",
    "BEGIN",
    "EXPLAIN DELETE FROM pets",
    "SELECT " + "(" * 3000 + "1" + ")" * 900,
    "SELECT " + "1+" * 1900 + "1",
    "SELECT 1" + " UNION SELECT 1" * 250,
    "SELECT " + ",".join("1" for _ in range(1900)),
    "SELECT * FROM pets WHERE name LIKE '" + "%a" * 1000 + "'",
    "SELECT name FROM pets WHERE name GLOB '" + "*a" * 1000 + "'",
    "SELECT '" + "x" * 90_000 + "'",
    "SELECT \x00",
    "SELECT 1; SELECT 2",
]  # fmt: skip


@pytest.mark.parametrize("statement", BOMBS, ids=range(len(BOMBS)))
def test_a_hostile_statement_is_refused_or_stopped_in_time(statement: str) -> None:
    started = time.monotonic()
    with pytest.raises((sqlite3.Error, sqlite3.Warning, ValueError)):
        query(FIRST, statement)

    assert time.monotonic() - started < 10.0  # stopped after 0.5 s; without the stop it takes minutes
    assert grade_sql(KEY, f"```sql\n{statement}\n```").score == 0.0


def test_the_statement_is_found_among_words() -> None:
    assert statement_in("We select with care.\nSELECT 1;\nDone") == "SELECT 1;"
    assert statement_in("nothing") == ""
    assert statement_in("Use SELECT a FROM b") == "SELECT a FROM b"
