"""Facts of geography, chemistry and money, asked in one sentence and answered in a word.

A level is a tier of a table in `tables`: from what everybody knows (Paris, gold, the yen) to what few people do
(Ngerulmud, livermorium, the lilangeni). The tables bound the number of different items: some 600 of each level for
capitals, 200 to 500 for the others.
No answer stands in its question: rows such as Mexico City or the Afghan afghani are left out by rule.
"""

import functools
import unicodedata
from collections.abc import Iterable, Sequence

from ..draw import Draw
from ..items import Answer, Area, Draft, Family, Message, NumberKey, TextKey
from ..tables.countries import CAPITALS, CITIES, CONFUSED, COUNTRY_ALIASES
from ..tables.currencies import CURRENCIES, CURRENCY_ALIASES, SHARED_NAMES
from ..tables.elements import ELEMENT_ALIASES, ELEMENT_TIERS, ELEMENTS
from ..tables.subdivisions import CAPITAL_ALIASES, SUBDIVISION_CAPITALS, SUBDIVISIONS

_ONLY = ("Answer with only the name.", "Give just the name.", "Reply with the name alone.")
_ONLY_CODE = ("Answer with only the code.", "Give just the three letters.", "Reply with the code alone.")
_ONLY_NUMBER = ("Answer with only the number.", "Give just the number.", "Reply with the number alone.")
_WORD_CODES = frozenset({"ALL", "TRY", "TOP", "SOS", "BAM"})
"""Codes that are English words as well: they would be found in any sentence."""
_MOST_REJECTED = 8


@functools.lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return the name in small letters, without accents, punctuation and a leading article."""
    folded = unicodedata.normalize("NFKD", name).casefold().replace("'", "")
    letters = "".join(mark if mark.isalnum() else " " for mark in folded if not unicodedata.combining(mark))
    return " ".join(letters.split()).removeprefix("the ")


def overlap(first: str, second: str) -> bool:
    """Tell if one name is a part of the other: to name one would give the other away."""
    return plain(first) in plain(second) or plain(second) in plain(first)


def _bare(country: str) -> str:
    return country.removeprefix("the ")


def _country_names(country: str) -> tuple[str, ...]:
    return (_bare(country), *COUNTRY_ALIASES.get(_bare(country), ()))


def _ask(draw: Draw, question: str, suffixes: Sequence[str], accept: Sequence[str], others: Iterable[str]) -> Draft:
    """Return the draft of a question; up to eight `others` are rejected, none that the answer or question names."""
    asked = plain(question)
    wrong = [
        other
        for other in dict.fromkeys(others)
        if plain(other) not in asked and not any(plain(other) in plain(right) for right in accept)
    ]
    reject = draw.sample(wrong, min(len(wrong), _MOST_REJECTED))
    reject += CONFUSED.get(accept[0], ())
    return Draft(
        messages=(Message(role="user", content=f"{question} {draw.choice(suffixes)}"),),
        key=TextKey(accept=tuple(accept), reject=tuple(dict.fromkeys(reject))),
        oracle=(Answer(content=accept[0]),),
        max_tokens=24,
    )


def _ask_country(draw: Draw, question: str, country: str, tier: Iterable[str]) -> Draft:
    return _ask(draw, question, _ONLY, _country_names(country), map(_bare, tier))


def _capital(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for a country's capital, or for the country of a capital."""
    tier = [row for row in CAPITALS[level - 1] if not overlap(row[0], row[1])]
    country, *names = draw.choice(tier)
    if draw.chance(0.5):
        question = draw.choice(
            (
                f"What is the capital of {country}?",
                f"Which city is the capital of {country}?",
                f"Name the capital city of {country}.",
            )
        )
        return _ask(draw, question, _ONLY, names, (row[1] for row in tier))
    question = draw.choice(
        (
            f"Which country has {names[0]} as its capital?",
            f"{names[0]} is the capital of which country?",
            f"Name the country whose capital is {names[0]}.",
        )
    )
    return _ask_country(draw, question, country, (row[0] for row in tier))


def _city(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for the country of a city that is no capital."""
    tier = [row for row in CITIES[level - 1] if not overlap(*row)]
    city, country = draw.choice(tier)
    question = draw.choice(
        (
            f"In which country is the city of {city}?",
            f"The city of {city} lies in which country?",
            f"Name the country where you find the city of {city}.",
            f"Which country does the city of {city} belong to?",
        )
    )
    return _ask_country(draw, question, country, (row[1] for row in tier))


def _element(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for the element with a symbol or a number, or for the number of an element."""
    tier = ELEMENT_TIERS[level - 1]
    number = draw.choice(tier)
    symbol, name = ELEMENTS[number - 1]
    kind = draw.below(3)
    if kind == 0:
        question = draw.choice(
            (f"What is the atomic number of {name}?", f"How many protons does an atom of {name} have?")
        )
        return Draft(
            messages=(Message(role="user", content=f"{question} {draw.choice(_ONLY_NUMBER)}"),),
            key=NumberKey(value=str(number)),
            oracle=(Answer(content=str(number)),),
            max_tokens=24,
        )
    clue = f"the symbol {symbol}" if kind == 1 else f"the atomic number {number}"
    question = draw.choice(
        (
            f"Which chemical element has {clue}?",
            f"Name the chemical element with {clue}.",
            f"What is the chemical element that has {clue}?",
        )
    )
    others = (ELEMENTS[other - 1][1] for other in tier)
    return _ask(draw, question, _ONLY, (name, *ELEMENT_ALIASES.get(name, ())), others)


def _currency(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for the name or the code of a country's currency, or for the country of a code."""
    tier = CURRENCIES[level - 1]
    country, code, name = draw.choice(tier)
    names = (name, *CURRENCY_ALIASES.get(name, ()))
    nameable = name not in SHARED_NAMES and not any(overlap(each, country) for each in names)
    kinds = ("country", *(("code",) if code not in _WORD_CODES else ()), *(("name", "name") if nameable else ()))
    match draw.choice(kinds):
        case "country":
            question = draw.choice(
                (
                    f"Which country uses the currency with the ISO 4217 code {code}?",
                    f"The currency code {code} belongs to which country?",
                    f"Name the country whose money has the currency code {code}.",
                )
            )
            return _ask_country(draw, question, country, (row[0] for row in tier))
        case "code":
            question = draw.choice(
                (
                    f"What is the ISO 4217 code of the currency of {country}?",
                    f"Which three-letter currency code does {country} use?",
                    f"Write the ISO currency code for the money of {country}.",
                )
            )
            others = (row[1] for row in tier if row[1] not in _WORD_CODES)
            return _ask(draw, question, _ONLY_CODE, (code,), others)
        case _:
            question = draw.choice(
                (
                    f"What is the currency of {country} called?",
                    f"Which currency do people in {country} pay with?",
                    f"Name the official currency of {country}.",
                )
            )
            accept = dict.fromkeys((*names, *(f"{each}s" for each in names)))
            return _ask(draw, question, _ONLY, tuple(accept), (row[2] for row in tier))


def _subdivision(draw: Draw, level: int, _: bool) -> Draft:
    """Ask for the country of a state or province, or for its capital."""
    if draw.chance(0.5):
        tier = [row for row in SUBDIVISIONS[level - 1] if not overlap(*row)]
        name, country = draw.choice(tier)
        question = draw.choice(
            (
                f"{name} is a state, province or region of which country?",
                f"In which country is the state, province or region of {name}?",
                f"Name the country that {name}, a state, province or region, belongs to.",
            )
        )
        return _ask_country(draw, question, country, (row[1] for row in tier))
    capitals = [row for row in SUBDIVISION_CAPITALS[level - 1] if not overlap(row[0], row[2])]
    name, kind, capital = draw.choice(capitals)
    question = draw.choice(
        (
            f"What is the capital of the {kind} of {name}?",
            f"Name the capital of {name}, the {kind}.",
            f"Which city is the capital of the {kind} {name}?",
        )
    )
    return _ask(draw, question, _ONLY, (capital, *CAPITAL_ALIASES.get(capital, ())), (row[2] for row in capitals))


CAPITAL = Family(area=Area.FACTS, name="capital", generate=_capital)
CITY = Family(area=Area.FACTS, name="city", generate=_city)
ELEMENT = Family(area=Area.FACTS, name="element", generate=_element)
CURRENCY = Family(area=Area.FACTS, name="currency", generate=_currency)
SUBDIVISION = Family(area=Area.FACTS, name="subdivision", generate=_subdivision)

FAMILIES = (CAPITAL, CITY, ELEMENT, CURRENCY, SUBDIVISION)
