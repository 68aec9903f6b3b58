"""Write the table of names in many languages from Unicode's CLDR, as Babel ships it.

    pip install babel pycountry && python tools/make_tables.py

Each locale is read in a process of its own: Babel may mix up the data of locales that one process reads
(python-babel/babel issue 1234). A country's name is settled where the iso-codes project (in
pycountry) translates it in the same way. The output is sorted, so that the same CLDR gives the same file.
"""

import argparse
import gettext
import importlib
import json
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

TABLE = Path(__file__).parent.parent / "src/ollama_speedrun/quality/tables/cldr.json"

TIERS = (
    ("es", "fr", "de", "it", "pt", "nl"),
    ("ru", "pl", "sv", "tr", "id", "cs", "ro", "uk"),
    ("zh", "ja", "ko", "ar", "el", "vi", "hu", "fi", "he"),
    ("hi", "bn", "fa", "th", "ta", "ur", "te", "sw"),
    ("am", "km", "my", "lo", "ka", "hy", "si"),
)
"""Languages from the best to the least known to models, by their share of public text."""

COUNTRIES = (
    "AR AT AU BE BR CA CH CL CN CO CU CZ DE DK EG ES ET FI FR GB GR HU ID IE IL IN IQ IR IT JP KE KR MA MX NG NL NO "
    "PE PK PL PT RO RU SA SE TH TR UA US VN ZA"
)
"""ISO 3166 codes of the countries whose names are kept."""

READ = """
import json, sys
from babel import Locale
code, countries, languages = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
locale = Locale.parse(code)
print(json.dumps({
    "weekdays": [locale.days["stand-alone"]["wide"][day] for day in range(7)],
    "months": [locale.months["stand-alone"]["wide"][month] for month in range(1, 13)],
    "countries": {country: locale.territories.get(country, "") for country in countries},
    "languages": {language: locale.languages.get(language, "") for language in languages},
}))
"""
COMPARED = (
    "af az be bg bs ca cy da en et eu fil ga gl gu hr is jv kk kn ky lt lv mk ml mn mr ms ne nb or pa ps sd sk sl so "
    "sq sr tk uz yue zu"
)
"""Further languages of CLDR's modern coverage, whose names tell which of those above are no other language's."""


def run(code: str, *arguments: str) -> str:
    """Return what this Python code prints in a fresh process."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def names(read: dict[str, object]) -> set[str]:
    """Return the words of a locale that may tell its language."""
    weekdays, months, countries = read["weekdays"], read["months"], read["countries"]
    assert isinstance(weekdays, list)
    assert isinstance(months, list)
    assert isinstance(countries, dict)
    return {name.casefold() for name in (*weekdays, *months, *countries.values()) if name}


def settled(code: str, countries: dict[str, str]) -> list[str]:
    """Return the countries whose names in a language are the same in the iso-codes project."""
    pycountry = importlib.import_module("pycountry")
    locale = "zh_CN" if code == "zh" else code
    translation = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [locale], fallback=True)
    same = []
    for country, ours in countries.items():
        entry = pycountry.countries.get(alpha_2=country)
        theirs = [translation.gettext(name) for name in {entry.name, getattr(entry, "common_name", entry.name)}]
        if unicodedata.normalize("NFC", ours).casefold() in (
            unicodedata.normalize("NFC", n).casefold() for n in theirs
        ):
            same.append(country)
    return same


def main() -> None:
    """Read every locale, keep the languages above, and note which of their words another language has as well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=TABLE)
    arguments = parser.parse_args()
    kept = [code for tier in TIERS for code in tier]

    every = {code: json.loads(run(READ, code, COUNTRIES, " ".join(kept))) for code in (*kept, *COMPARED.split())}
    spoken = Counter(name for read in every.values() for name in names(read))
    english = every["en"]
    table = {}
    for tier, codes in enumerate(TIERS, start=1):
        for code in codes:
            read = every[code]
            shared = sorted(name for name in names(read) if spoken[name] > 1)
            names_of = {kind: read[kind] for kind in ("weekdays", "months", "countries")}
            table[code] = {"tier": tier, "english": english["languages"][code], **names_of, "shared": shared}
            table[code]["settled"] = settled(code, read["countries"])
    english = {kind: english[kind] for kind in ("weekdays", "months", "countries")}
    text = json.dumps(
        {"english": english, "languages": table}, ensure_ascii=False, indent=None, separators=(",", ":"), sort_keys=True
    )
    arguments.output.write_text(text + "\n", encoding="utf-8")
    print(f"{arguments.output}: {len(table)} languages, compared with {len(every)}; {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
