"""Names in many languages out of Unicode's CLDR; `tools/make_tables.py` writes the table."""

import functools
from importlib import resources

import msgspec


class English(msgspec.Struct, frozen=True):
    """The English names: weekdays from Monday, months from January, countries by ISO 3166 code."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    countries: dict[str, str]


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """A language's names, in the order of the English ones; `tier` is 1 for the most and 5 for the least widespread.

    `shared` are names (in small letters) that another language of CLDR has as well: they do not tell the language.
    `settled` are the countries whose names another translation spells in the same way.
    """

    tier: int
    english: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    countries: dict[str, str]
    shared: frozenset[str]
    settled: frozenset[str]


class Names(msgspec.Struct, frozen=True):
    """The whole table; languages by ISO 639-1 code."""

    english: English
    languages: dict[str, Language]


@functools.cache
def names() -> Names:
    """Return the table; it is read once."""
    data = resources.files("ollama_speedrun.quality.tables").joinpath("cldr.json").read_bytes()
    return msgspec.json.decode(data, type=Names)
