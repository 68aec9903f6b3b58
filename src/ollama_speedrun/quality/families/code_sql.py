"""Write one SQL query for a question on two or three tables; hidden rows on two databases decide.

Level 1 filters one table, level 2 orders and cuts it, level 3 groups with a condition on the groups, level 4 joins
three tables and groups. Level 5 ranks people within groups by a conditional sum, with an anti-join, a tie-break and an
average over all: three queries that depend on each other. Rows are drawn so that the answer is never empty.
"""

from typing import NamedTuple

from ..draw import Draw
from ..graders.sql import query
from ..items import Area, Draft, Family, SqlKey
from .drafting import drawn, question

_PEOPLE = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Gita", "Hugo", "Iris", "Jon", "Kira", "Lars", "Mona", "Nils")
_CITIES = ("Oslo", "Lima", "Riga", "Bern", "Cairo", "Porto", "Quito", "Turin")
_MOST_ROWS = 8
"""Rows of an answer at most, of 10 to 13 people: a query without its condition gives more."""
_TEMPLATES = (
    "Tables of a SQLite database:\n{}\n\nWrite one SQL query: {} Answer with only the SQL.",
    "Given these SQLite tables:\n{}\n\n{} Write a single SELECT statement and nothing else.",
    "{}\n\nWrite one SQLite query for this: {} Reply with the SQL only.",
)


class _Theme(NamedTuple):
    """Names of the tables and columns: people belong to groups and have events with an amount."""

    people: str
    groups: str
    events: str
    person: str
    group: str
    number: str
    place: str
    amount: str


_THEMES = (
    _Theme("employees", "departments", "trips", "employee", "department", "age", "city", "cost"),
    _Theme("players", "teams", "games", "player", "team", "age", "city", "points"),
    _Theme("students", "schools", "tests", "student", "school", "age", "city", "score"),
    _Theme("customers", "shops", "orders", "customer", "shop", "age", "city", "price"),
    _Theme("patients", "clinics", "visits", "patient", "clinic", "age", "city", "minutes"),
    _Theme("members", "clubs", "payments", "member", "club", "age", "city", "amount"),
)


class _Asked(NamedTuple):
    words: str
    reference: str
    tables: int
    ordered: bool = False


def _schema(theme: _Theme, tables: int) -> tuple[str, ...]:
    t = theme
    people = f"CREATE TABLE {t.people} (id INTEGER PRIMARY KEY, name TEXT, {t.group}_id INTEGER, {t.number} INTEGER)"
    groups = f"CREATE TABLE {t.groups} (id INTEGER PRIMARY KEY, name TEXT, {t.place} TEXT)"
    events = (
        f"CREATE TABLE {t.events} (id INTEGER PRIMARY KEY, {t.person}_id INTEGER, {t.amount} INTEGER, year INTEGER)"
    )
    return (people, groups, events)[:tables]


def _database(draw: Draw, theme: _Theme) -> str:
    """Return SQL that makes the three tables with rows, some people without group or events among them."""
    groups = draw.integer(4, 5)
    people = draw.integer(10, 13)
    names = [draw.choice(_PEOPLE) if draw.chance(0.15) else name for name in draw.sample(_PEOPLE, people)]
    places = [draw.choice(_CITIES) for _ in range(groups)]
    parts = [f"{statement};" for statement in _schema(theme, 3)]
    rows = ", ".join(f"({n}, '{theme.group} {'ABCDEF'[n - 1]}', '{places[n - 1]}')" for n in range(1, groups + 1))
    parts.append(f"INSERT INTO {theme.groups} VALUES {rows};")
    rows = ", ".join(
        f"({n}, '{name}', {draw.integer(1, groups) if draw.chance(0.9) else 'NULL'}, {draw.integer(18, 60)})"
        for n, name in enumerate(names, start=1)
    )
    parts.append(f"INSERT INTO {theme.people} VALUES {rows};")
    rows = ", ".join(
        f"({n}, {draw.integer(1, people)}, {draw.integer(1, 90)}, {draw.integer(2019, 2023)})"
        for n in range(1, draw.integer(24, 32))
    )
    parts.append(f"INSERT INTO {theme.events} VALUES {rows};")
    return "\n".join(parts)


def _filter(draw: Draw, t: _Theme) -> _Asked:
    low = draw.integer(20, 45)
    high = low + draw.integer(8, 16)
    if draw.chance(0.5):
        return _Asked(
            f"Give the names of all {t.people} whose {t.number} is at least {low} and less than {high}.",
            f"SELECT name FROM {t.people} WHERE {t.number} >= {low} AND {t.number} < {high}",
            1,
        )
    return _Asked(
        f"Give name and {t.number} of all {t.people} without a {t.group} or with {t.number} above {high}.",
        f"SELECT name, {t.number} FROM {t.people} WHERE {t.group}_id IS NULL OR {t.number} > {high}",
        1,
    )


def _cut(draw: Draw, t: _Theme) -> _Asked:
    count, limit = draw.integer(2, 5), draw.integer(22, 50)
    side, words, sign = draw.choice((("DESC", "highest", "<="), ("ASC", "lowest", ">=")))
    bound = "at most" if sign == "<=" else "at least"
    return _Asked(
        f"Give id and name of the {count} {t.people} with the {words} {t.number} among those whose {t.number} is "
        f"{bound} {limit}, in that order ({words} first; at equal {t.number} the smaller id first).",
        f"SELECT id, name FROM {t.people} WHERE {t.number} {sign} {limit} ORDER BY {t.number} {side}, id LIMIT {count}",
        1,
        ordered=True,
    )


def _group(draw: Draw, t: _Theme) -> _Asked:
    year, least, low = draw.integer(2019, 2021), draw.integer(2, 3), draw.integer(5, 30)
    return _Asked(
        f"For each {t.person}_id in {t.events} with at least {least} rows since the year {year} (that year included) "
        f"whose {t.amount} is above {low}, give {t.person}_id and the total {t.amount} of those rows.",
        f"SELECT {t.person}_id, SUM({t.amount}) FROM {t.events} WHERE year >= {year} AND {t.amount} > {low} "
        f"GROUP BY {t.person}_id HAVING COUNT(*) >= {least}",
        3,
    )


def _joined(draw: Draw, t: _Theme) -> _Asked:
    year, low, limit = draw.integer(2020, 2022), draw.integer(5, 25), draw.integer(25, 40)
    return _Asked(
        f"For each of the {t.groups}, also those without any, give its name and how many different {t.people} of it "
        f"with {t.number} above {limit} have {t.events} with {t.amount} above {low} in a year other than {year}; most "
        "first, and at equal counts by name.",
        f"SELECT g.name, COUNT(DISTINCT e.{t.person}_id) AS n FROM {t.groups} g "
        f"LEFT JOIN {t.people} p ON p.{t.group}_id = g.id AND p.{t.number} > {limit} "
        f"LEFT JOIN {t.events} e ON e.{t.person}_id = p.id AND e.{t.amount} > {low} AND e.year <> {year} "
        "GROUP BY g.id, g.name ORDER BY n DESC, g.name",
        3,
        ordered=True,
    )


def _nested(draw: Draw, t: _Theme) -> _Asked:
    year, since, count = draw.integer(2019, 2023), draw.integer(2019, 2021), draw.integer(2, 4)
    return _Asked(
        f"Consider only {t.people} who belong to one of the {t.groups} and have no {t.events} in {year}. The total of "
        f"such a person is the sum of the person's {t.amount} in {t.events} since {since} (0 without any). Give, for "
        f"each of the {t.groups} with at least one such person, its name and the name of the person with the largest "
        "total in it (at equal totals the smaller id), but leave out those whose largest total is below the average "
        "total of all such persons. Order by that total, largest first, then by the name of the "
        f"{t.group}, and give at most {count} rows.",
        f"WITH totals AS (SELECT p.id, p.name, p.{t.group}_id AS g, COALESCE(SUM(CASE WHEN e.year >= {since} THEN "
        f"e.{t.amount} END), 0) AS total FROM {t.people} p LEFT JOIN {t.events} e ON e.{t.person}_id = p.id "
        f"WHERE p.{t.group}_id IS NOT NULL AND p.id NOT IN (SELECT {t.person}_id FROM {t.events} WHERE year = {year}) "
        "GROUP BY p.id), "
        "ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY g ORDER BY total DESC, id) AS place FROM totals) "
        f"SELECT k.name, r.name FROM ranked r JOIN {t.groups} k ON k.id = r.g WHERE r.place = 1 "
        f"AND r.total >= (SELECT AVG(total) FROM totals) ORDER BY r.total DESC, k.name LIMIT {count}",
        3,
        ordered=True,
    )


_LEVELS = {1: _filter, 2: _cut, 3: _group, 4: _joined, 5: _nested}


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    def make() -> Draft | None:
        theme = draw.choice(_THEMES)
        asked = _LEVELS[level](draw, theme)
        databases = (_database(draw, theme), _database(draw, theme))
        results = [query(database, asked.reference, within_s=None) for database in databases]
        if not all(results) or results[0] == results[1] or max(map(len, results)) > _MOST_ROWS:
            return None
        schema = ";\n".join(_schema(theme, asked.tables)) + ";"
        prompt = draw.choice(_TEMPLATES).format(schema, asked.words)
        key = SqlKey(databases=databases, reference=asked.reference, ordered=asked.ordered)
        return question(prompt, key, asked.reference, max_tokens=280 if level == 5 else 160)

    return drawn(make)


SQL = Family(area=Area.CODE, name="sql", generate=_generate)
