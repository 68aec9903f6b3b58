"""Questions on facts, answered from their text alone by a reader of the tables; the tables against what is computed.

`tools/check_tables.py` compares the tables with GeoNames, ISO 3166-2, ISO 4217, CLDR and another list of elements.
"""

import json
import re
from importlib import resources

import pytest

from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.families import facts
from ollama_speedrun.quality.families.facts import plain
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import LEVELS, Answer, Draft, Family, NumberKey, TextKey
from ollama_speedrun.quality.tables.countries import CAPITALS, CITIES, CONFUSED, COUNTRY_ALIASES
from ollama_speedrun.quality.tables.currencies import CURRENCIES
from ollama_speedrun.quality.tables.elements import ELEMENT_TIERS, ELEMENTS
from ollama_speedrun.quality.tables.subdivisions import SUBDIVISION_CAPITALS, SUBDIVISIONS

SEEDS = range(40)
FAMILY = pytest.mark.parametrize("family", facts.FAMILIES, ids=lambda family: family.name)


def drafts(family: Family) -> list[Draft]:
    return [
        family.generate(Draw(f"test/{family.name}/{level}/{seed}"), level, False) for level in LEVELS for seed in SEEDS
    ]


def asked(prompt: str, *patterns: str) -> str | None:
    """Return what the first pattern that is found in the prompt captures."""
    return next((found[1] for pattern in patterns if (found := re.search(pattern, prompt))), None)


def bare(country: str) -> str:
    return country.removeprefix("the ")


def solve_capital(prompt: str) -> set[str]:
    rows = [(bare(row[0]), row[1]) for tier in CAPITALS for row in tier]
    country = asked(prompt, r"capital (?:city )?of (?:the )?(?!which)(.+?)[?.] ")
    capital = asked(prompt, r"has (.+) as its", r"^(.+) is the capital", r"capital is (.+)\. [AGR]")
    return {row[1] for row in rows if row[0] == country} | {row[0] for row in rows if row[1] == capital}


def solve_city(prompt: str) -> set[str]:
    city = asked(prompt, r"the city of (.+?)(?:\?|\.| lies| belong)", r"The city of (.+) lies")
    return {row[1] for tier in CITIES for row in tier if row[0] == city}


def solve_element(prompt: str) -> set[str]:
    name = asked(prompt, r"number of (\w+)\?", r"atom of (\w+)")
    clue = asked(prompt, r"the symbol (\w+)", r"number (\d+)")
    rows = [(symbol, str(number), name) for number, (symbol, name) in enumerate(ELEMENTS, start=1)]
    return {row[1] for row in rows if row[2] == name} | {row[2] for row in rows if clue in row[:2]}


def solve_currency(prompt: str) -> set[str]:
    rows = [row for tier in CURRENCIES for row in tier]
    code = asked(prompt.replace("ISO", ""), r"\b([A-Z]{3})\b")
    country = asked(prompt, r"does (.+) use\?", r"(?:currency|money) of (.+?)(?:\?|\.| called)", r"in (.+) pay")
    column = 1 if " code" in prompt.split("? ", maxsplit=1)[0] else 2
    return {row[0] for row in rows if row[1] == code} | {row[column] for row in rows if row[0] == country}


def solve_subdivision(prompt: str) -> set[str]:
    region = asked(prompt, r"^(.+) is a state,", r"or region of ([^?]+)\? ", r"that (.+), a state,")
    kinds = r"\w+ (?:state|province|region)"
    capital_of = asked(prompt, rf"the {kinds} (?:of )?([^?]+)\?", rf"capital of (.+), the {kinds}")
    return {row[1] for tier in SUBDIVISIONS for row in tier if row[0] == region} | {
        row[2] for tier in SUBDIVISION_CAPITALS for row in tier if row[0] == capital_of
    }


SOLVERS = {
    "capital": solve_capital,
    "city": solve_city,
    "element": solve_element,
    "currency": solve_currency,
    "subdivision": solve_subdivision,
}


@FAMILY
def test_a_reader_of_the_tables_gives_the_answer_of_the_oracle(family: Family) -> None:
    for draft in drafts(family):
        prompt, oracle = draft.messages[0].content, draft.oracle[0].content
        assert SOLVERS[family.name](prompt) == {oracle}, prompt


@FAMILY
def test_the_oracle_and_every_alias_are_right_and_what_is_rejected_is_wrong(family: Family) -> None:
    for draft in drafts(family):
        whole = grade(draft, draft.oracle)
        assert (whole.score, whole.strict) == (1.0, 1.0)
        assert grade(draft, (Answer(content=draft.messages[0].content),)).score == 0.0
        if isinstance(draft.key, TextKey):
            assert [grade(draft, (Answer(content=f"It is {name}."),)).score for name in draft.key.accept] == [
                1.0
            ] * len(draft.key.accept)
            assert draft.key.reject
            for name in draft.key.reject:
                assert grade(draft, (Answer(content=name),)).score == 0.0
                assert grade(draft, (Answer(content=f"{draft.key.accept[0]}, {name}"),)).score == 0.0


@FAMILY
def test_no_answer_stands_in_its_question(family: Family) -> None:
    for draft in drafts(family):
        accept = (draft.key.value,) if isinstance(draft.key, NumberKey) else getattr(draft.key, "accept", ())
        question = f" {plain(draft.messages[0].content)} "
        assert accept
        assert not [name for name in accept if f" {plain(name)} " in question], question


@FAMILY
def test_each_level_has_a_hundred_questions_at_least(family: Family) -> None:
    for level in LEVELS:
        assert len({family.generate(Draw(f"many/{seed}"), level, False).messages for seed in range(600)}) >= 100


def test_places_are_listed_once_and_in_one_tier() -> None:
    for table in (CAPITALS, CITIES, SUBDIVISIONS, SUBDIVISION_CAPITALS, CURRENCIES):
        names = [row[0] for tier in table for row in tier]
        assert len(names) == len(set(names))
    assert sorted(number for tier in ELEMENT_TIERS for number in tier) == list(range(1, 119))
    capitals = {name for tier in CAPITALS for _, *names in tier for name in names}
    assert not capitals & {city for tier in CITIES for city, _ in tier}


def test_countries_are_called_as_in_cldr() -> None:
    cldr = json.loads(resources.files("ollama_speedrun.quality.tables").joinpath("cldr.json").read_bytes())
    ours = {plain(row[0]) for tier in CAPITALS for row in tier}
    ours |= {plain(name) for names in COUNTRY_ALIASES.values() for name in names}
    missing = {name for name in cldr["english"]["countries"].values() if plain(name) not in ours}
    assert missing <= {
        "Indonesia",
        "Israel",
        "Mexico",
        "South Africa",
        "Türkiye",
    }  # the first four are left out by rule


def test_elements_stand_where_filled_shells_put_them() -> None:
    """Shells are filled in the order of n + l, then n (Madelung); a noble gas ends each period."""
    shells = sorted((n + azimuthal, n, azimuthal) for n in range(1, 9) for azimuthal in range(n))
    noble, total = [], 0
    for _, n, azimuthal in shells:
        total += 2 * (2 * azimuthal + 1)
        if (azimuthal == 1 or n == 1) and total <= 118:
            noble.append(total)
    names = [name for _, name in ELEMENTS]
    assert [names[place - 1] for place in noble] == [
        "helium",
        "neon",
        "argon",
        "krypton",
        "xenon",
        "radon",
        "oganesson",
    ]
    after = [names[place] for place in (0, *noble[:-1])]
    assert after == ["hydrogen", "lithium", "sodium", "potassium", "rubidium", "cesium", "francium"]
    assert [names[place - 2] for place in noble[1:]] == [
        "fluorine", "chlorine", "bromine", "iodine", "astatine", "tennessine",
    ]  # fmt: skip


def test_symbols_are_letters_of_the_name_or_of_its_latin_one() -> None:
    latin = {
        "sodium": "natrium", "potassium": "kalium", "iron": "ferrum", "copper": "cuprum", "silver": "argentum",
        "tin": "stannum", "antimony": "stibium", "tungsten": "wolfram", "gold": "aurum", "mercury": "hydrargyrum",
        "lead": "plumbum",
    }  # fmt: skip
    assert len({symbol for symbol, _ in ELEMENTS}) == 118
    for symbol, name in ELEMENTS:
        letters = iter(latin.get(name, name))
        assert symbol[0].lower() == next(letters)
        assert all(letter in letters for letter in symbol[1:].lower()), symbol


def test_confused_places_hold_no_right_name() -> None:
    for country, others in CONFUSED.items():
        right = {plain(name) for name in (country, *COUNTRY_ALIASES.get(country, ()))}
        assert not right & {plain(other) for other in others}
