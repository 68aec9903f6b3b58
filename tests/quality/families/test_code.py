"""Questions on code, answered from their text alone: programs run by Python, descriptions by independent solvers."""

import contextlib
import io
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from ollama_speedrun.quality import sandbox
from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.families import code
from ollama_speedrun.quality.families.code_function import FUNCTION
from ollama_speedrun.quality.families.code_output import OUTPUT
from ollama_speedrun.quality.families.code_regex import REGEX
from ollama_speedrun.quality.families.code_sql import SQL
from ollama_speedrun.quality.graders.sql import query, same_rows
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import LEVELS, Draft, ExactKey, Family, FunctionKey, RegexKey, SqlKey

SEEDS = range(40)


def drafts(family: Family, levels: tuple[int, ...] = LEVELS) -> list[Draft]:
    return [family.generate(Draw(f"test/{family.name}/{n}/{seed}"), n, False) for n in levels for seed in SEEDS]


@pytest.mark.parametrize("family", code.FAMILIES, ids=lambda family: family.name)
def test_items_differ_from_seed_to_seed_and_are_the_same_for_one(family: Family) -> None:
    assert drafts(family) == drafts(family)
    for level in LEVELS:
        many = [family.generate(Draw(f"many/{seed}"), level, False) for seed in range(100)]
        assert len({repr(draft) for draft in many}) == 100


@pytest.mark.skipif(not sandbox.available(), reason="the extra `code` (pydantic-monty) is not installed")
def test_an_oracle_is_right_in_the_sandbox() -> None:
    with sandbox.Sandbox() as box:
        for family in code.FAMILIES:
            for draft in drafts(family)[::4]:
                result = grade(draft, draft.oracle, box)
                assert (result.score, result.strict, result.status) == (1.0, 1.0, "graded"), result.why


def test_programs_print_what_python_prints() -> None:
    for draft in drafts(OUTPUT):
        assert isinstance(draft.key, ExactKey)
        prompt = draft.messages[0].content
        lines = [line for line in prompt.splitlines() if not re.match(r"[A-Z]", line)]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("\n".join(lines), {})  # a program of the generator, no model's
        assert printed.getvalue().strip() == draft.key.text
        assert not re.search(rf"(?<!\w){re.escape(draft.key.text)}(?!\w)", prompt)


def keep_dropping(numbers: list[int], limit: int) -> list[int]:
    while sum(numbers) > limit:
        numbers = [n for place, n in enumerate(numbers) if place != numbers.index(max(numbers))]
    return numbers


def running(numbers: list[int], limit: int) -> list[int]:
    total, sums = 0, []
    for number in numbers:
        total += number
        sums.append(total)
        total = 0 if total > limit else total
    return sums


STEPS: tuple[tuple[str, Callable[..., list[int]]], ...] = (
    (r"keep only the numbers greater than (-?\d+)", lambda v, k: list(filter(lambda n: n > k, v))),
    (r"remove the numbers divisible by (\d+)", lambda v, k: [n for n in v if divmod(n, k)[1]]),
    (
        r"keep only the numbers whose position .* remainder (\d) when divided by (\d)",
        lambda v, r, k: [v[place] for place in range(len(v)) if place % k == r],
    ),
    (r"multiply each number by (\d+) and add (\d+)", lambda v, a, b: [n * a + b for n in v]),
    (r"replace each number by its remainder when divided by (\d+)", lambda v, k: [n - n // k * k for n in v]),
    (
        r"add (\d+) to each even number and multiply each odd number by (\d+)",
        lambda v, a, b: [(n + a, n * b)[n & 1] for n in v],
    ),
    (r"move the first (\d+) numbers to the end", lambda v, k: v[min(k, len(v)) :] + v[: min(k, len(v))]),
    (r"move the first number to the end", lambda v: v[1:] + v[:1]),
    (
        r"sort by the remainder when divided by (\d+), .*largest to smallest",
        lambda v, k: sorted(v, key=lambda n: (n % k, -n)),
    ),
    (r"sort by the distance from (\d+), .*smaller number first", lambda v, k: sorted(v, key=lambda n: (abs(n - k), n))),
    (r"keep only the first of equal numbers", lambda v: [n for place, n in enumerate(v) if n not in v[:place]]),
    (r"replace the list by the differences of neighbours", lambda v: [b - a for a, b in pairwise(v)]),
    (r"replace each number by the sum .* after a sum above (\d+)", running),
    (r"while the sum of the list is greater than (\d+), remove its largest", keep_dropping),
)  # fmt: skip
RESULTS: dict[str, Callable[[list[int]], object]] = {
    "Return the resulting list.": lambda v: v,
    "Return the sum of what is left.": sum,
    "Return how many numbers are left.": len,
    "Return the largest number that is left, or 0 if there is none.": lambda v: max(v, default=0),
}


def solve_pipeline(prompt: str, numbers: list[int]) -> object:
    body = re.search(r"It gets a list of integers\. (.*?)\. (Return .*?\.) (?:Examples|For example)", prompt)
    assert body
    parts = re.split(r"; \(\d\) ", body[1].removeprefix("Do this in order: (1) ").removeprefix("First, "))
    for part in parts:
        matched = [(found, step) for pattern, step in STEPS if (found := re.match(pattern, part))]
        assert len(matched) == 1, part
        found, step = matched[0]
        numbers = step(numbers, *map(int, found.groups()))
    return RESULTS[body[2]](numbers)


def solve_machine(prompt: str, commands: list[list[object]]) -> object:
    def number(pattern: str) -> int:
        found = re.search(pattern, prompt)
        assert found, pattern
        return int(found[1])

    put, merge, turn, scale, undo = re.findall(r'\["(\w+)", n\]', prompt)[:5]
    limit, factor = number(r"front if n is greater than (\d+)"), number(r"counting from 0\) by (-?\d+)")
    modulus, longest = number(r"when divided by (\d+)"), number(r"has more than (\d+) numbers")
    every = ["third", "fourth", "fifth"].index(re.findall(r"after each (\w+) command", prompt)[0]) + 3
    states: list[list[int]] = [[]]
    count = 0
    for word, argument in commands:
        n = int(str(argument))
        now = list(states[-1])
        if word == undo:
            if len(states) > 1:
                states.pop()
            continue
        count += 1
        if word == put:
            now.insert(0 if n > limit else len(now), n)
        elif word == merge and len(now) > 1:
            now[-2:] = [now[-2] - now[-1] + n]
        elif word == turn:
            cut = max(len(now) - n, 0)
            now[cut:] = now[cut:][::-1]
        elif word == scale and now:
            now[n % len(now)] *= factor
        now = [x if -99 <= x <= 99 else x % modulus for x in now]
        if not count % every:
            now = now[1:] + now[:1]
        if len(now) > longest:
            now.pop(now.index(min(now)))
        states.append(now)
    return states[-1]


def test_functions_return_what_their_description_says() -> None:
    for draft in drafts(FUNCTION):
        assert isinstance(draft.key, FunctionKey)
        prompt = draft.messages[0].content
        solve: Callable[[str, Any], object] = solve_machine if "commands" in prompt else solve_pipeline
        examples = re.findall(rf"`{draft.key.name}\((\[.*?\])\)` returns `(.*?)`", prompt)
        assert len(examples) == 2
        for given, value in examples:
            assert solve(prompt, json.loads(given)) == json.loads(value)
        assert len(draft.key.cases) >= 12
        for given, value in draft.key.cases:
            assert solve(prompt, *json.loads(given)) == json.loads(value)


def tables(database: str) -> list[list[tuple[Any, ...]]]:
    """Return the rows of people, groups and events."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(database)
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY rowid")]
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for name in names]


def solve_sql(prompt: str, database: str) -> list[tuple[Any, ...]]:
    people, groups, events = tables(database)
    if found := re.search(r"is at least (\d+) and less than (\d+)", prompt):
        return [(p[1],) for p in people if int(found[1]) <= p[3] < int(found[2])]
    if found := re.search(r"without a \w+ or with age above (\d+)", prompt):
        return [(p[1], p[3]) for p in people if p[2] is None or p[3] > int(found[1])]
    if found := re.search(r"of the (\d) \w+ with the (\w+) age .* is (at \w+) (\d+)", prompt):
        sign = -1 if found[2] == "highest" else 1
        fit = [p for p in people if (p[3] <= int(found[4]) if found[3] == "at most" else p[3] >= int(found[4]))]
        return [(p[0], p[1]) for p in sorted(fit, key=lambda p: (sign * p[3], p[0]))[: int(found[1])]]
    if found := re.search(r"at least (\d) rows since the year (\d+) .* is above (\d+), give", prompt):
        sums: defaultdict[object, list[int]] = defaultdict(list)
        for e in events:
            if e[3] >= int(found[2]) and e[2] > int(found[3]):
                sums[e[1]].append(int(str(e[2])))
        return [(who, sum(values)) for who, values in sums.items() if len(values) >= int(found[1])]
    if found := re.search(r"age above (\d+) have .* above (\d+) in a year other than (\d+)", prompt):
        active = {e[1] for e in events if e[2] > int(found[2]) and e[3] != int(found[3])}
        counts = [(g[1], sum(p[2] == g[0] and p[3] > int(found[1]) and p[0] in active for p in people)) for g in groups]
        return sorted(counts, key=lambda row: (-row[1], str(row[0])))
    found = re.search(r"have no \w+ in (\d+)\. .* since (\d+) \(0 without any\).* at most (\d) rows", prompt)
    assert found
    year, since, most = map(int, found.groups())
    fit = [p for p in people if p[2] is not None and not any(e[1] == p[0] and e[3] == year for e in events)]
    total = {p[0]: sum(int(str(e[2])) for e in events if e[1] == p[0] and e[3] >= since) for p in fit}
    best = []
    for g in groups:
        own = sorted((p for p in fit if p[2] == g[0]), key=lambda p: (-total[p[0]], p[0]))
        if own and total[own[0][0]] >= sum(total.values()) / len(total):
            best.append((total[own[0][0]], g[1], own[0][1]))
    return [row[1:] for row in sorted(best, key=lambda row: (-row[0], row[1]))][:most]


def test_queries_give_the_rows_that_the_question_asks_for() -> None:
    for draft in drafts(SQL):
        assert isinstance(draft.key, SqlKey)
        for database in draft.key.databases:
            rows = query(database, draft.key.reference)
            assert rows
            assert same_rows(solve_sql(draft.messages[0].content, database), rows, ordered=draft.key.ordered)


NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven")
LETTERS = {
    "digit": "0123456789",
    "lower-case": "abcdefghijklmnopqrstuvwxyz",
    "capital": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "hexadecimal": "0123456789abcdef",
    "vowel": "aeiou",
}
CONDITIONS: dict[str, Callable[[str], bool]] = {
    "the first and the last character are the same": lambda t: t[:1] == t[-1:],
    "no two neighbouring characters are the same": lambda t: all(a != b for a, b in pairwise(t)),
    'it holds an even number of the character "a" (none is even)': lambda t: t.count("a") % 2 == 0,
    "its length is an odd number": lambda t: len(t) % 2 == 1,
    "it holds at least two different digits": lambda t: len(set(t) & set("0123456789")) > 1,
    "no digit occurs twice": lambda t: all(t.count(d) < 2 for d in "0123456789"),
}


def ends(part: str, text: str, start: int) -> Iterator[int]:
    """Yield where this part of a description may end in the text when it begins at `start`."""
    if found := re.match(r'(\w+) to (\w+) groups separated by "(.)", each group being (.*)', part):
        low, high = NUMBERS.index(found[1]), NUMBERS.index(found[2])
        reached = set(ends(found[4], text, start))
        for count in range(1, high + 1):
            if count >= low:
                yield from reached
            reached = {e for r in reached if text[r : r + 1] == found[3] for e in ends(found[4], text, r + 1)}
    elif found := re.match(r"exactly (\w+) ([\w-]+)|(\w+) to (\w+) ([\w-]+)", part):
        low = NUMBERS.index(found[1] or found[3])
        high = NUMBERS.index(found[1] or found[4])
        letters = next(value for name, value in LETTERS.items() if (found[2] or found[5]).startswith(name))
        for end in range(start + low, min(start + high, len(text)) + 1):
            if set(text[start:end]) <= set(letters):
                yield end
    elif part.startswith("one of "):
        yield from (start + len(word) for word in re.findall(r'"(\w+)"', part) if text.startswith(word, start))
    elif found := re.match(r'(an optional|the character) "(.)"', part):
        if text[start : start + 1] == found[2]:
            yield start + 1
        if found[1] == "an optional":
            yield start
    else:
        pytest.fail(part)


def fits(prompt: str, text: str) -> bool:
    body = re.search(r"consists? of (.*?)(?:, under two conditions: (.*))?[.?] Answer with", prompt)
    assert body
    if body[2]:
        conditions = [holds for words, holds in CONDITIONS.items() if words in body[2]]
        assert len(conditions) == 2
        if not all(holds(text) for holds in conditions):
            return False
    places = {0}
    for part in body[1].split(", followed by "):
        places = {end for place in places for end in ends(part, text, place)}
    return len(text) in places


def test_texts_fit_the_description_of_a_pattern_or_do_not() -> None:
    for draft in drafts(REGEX):
        assert isinstance(draft.key, RegexKey)
        prompt = draft.messages[0].content
        assert all(fits(prompt, text) for text in draft.key.match)
        assert not any(fits(prompt, text) for text in draft.key.reject)
        assert len(draft.key.match) == 8
        assert len(draft.key.reject) >= 8
