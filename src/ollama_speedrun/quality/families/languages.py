"""Names and short questions in 38 languages: which language is this, what day comes next, what is a country called.

A level is a tier of languages by their share of public text, from Spanish and French to Amharic and Khmer; within a
language, a level moves days and months further apart. Names are CLDR's, sentences our own. The tables bound the number
of different items: some hundreds a level.

`families_for(("de", "fr"))` gives the same families restricted to these languages, at every level; their names say so
(`weekday@de+fr`), so that an item's name still determines the item.
"""

import functools
from collections.abc import Callable, Sequence

from ..draw import Draw
from ..items import Answer, Area, Draft, Family, Message, NumberKey, TextKey
from ..tables.countries import COUNTRY_ALIASES
from ..tables.names import Language, names
from .facts import overlap
from .language_questions import AFTER, BEFORE, SUM

_LANGUAGE_ALIASES: dict[str, tuple[str, ...]] = {
    "bn": ("Bengali", "Bangla"),
    "zh": ("Mandarin",),
    "fa": ("Farsi",),
    "my": ("Myanmar",),
    "si": ("Sinhalese", "Singhalese"),
    "km": ("Cambodian",),
    "lo": ("Laotian",),
    "sw": ("Kiswahili",),
    "id": ("Bahasa Indonesia", "Bahasa"),
    "nl": ("Flemish",),
    "es": ("Castilian",),
    "he": ("Modern Hebrew",),
}
_WITH_MONTHS = frozenset(
    {"es", "fr", "de", "it", "pt", "nl", "ru", "pl", "sv", "tr", "id", "cs", "ro", "uk", "el", "hu", "fi", "he"}
)
"""Languages whose month names have one spelling and are no numbers."""
_UNSTABLE_COUNTRIES = frozenset({"CZ", "GB", "US", "NL", "TR", "IE", "ZA"})
"""Countries with several usual names in many languages."""
_DAY_ALIASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "ta": (
        ("திங்கட்கிழமை",),
        ("செவ்வாய்க்கிழமை",),
        ("புதன்கிழமை",),
        ("வியாழக்கிழமை",),
        ("வெள்ளிக்கிழமை",),
        ("சனிக்கிழமை",),
        ("ஞாயிற்றுக்கிழமை",),
    ),
    "hi": ((), (), (), ("बृहस्पतिवार", "वीरवार"), (), (), ("इतवार",)),
    "de": ((), (), (), (), (), ("Sonnabend",), ()),
    "ur": (("سوموار",), (), (), (), (), ("سنیچر",), ()),
    "zh": ((), (), (), (), (), (), ("星期天", "周天", "礼拜天")),
    "ar": (("الإثنين", "الأثنين"), (), ("الاربعاء",), (), (), (), ("الاحد",)),
}
"""Further names of weekdays, from Monday on, beyond those that `_variants` derives."""
_DERIVED: dict[str, tuple[tuple[str, str], ...]] = {
    "zh": (("星期", "周"), ("星期", "礼拜")),
    "ja": (("曜日", "曜"),),
    "pt": (("-feira", ""),),
    "he": (("יום ", ""),),
    "th": (("วัน", ""),),
    "lo": (("ວັນ", ""),),
}
"""How a usual shorter name comes from CLDR's: what is replaced, and by what."""
_PREFIXES: dict[str, str] = {"km": "ថ្ងៃ", "ar": "يوم ", "id": "Hari "}

Make = Callable[[Sequence[str], Draw, int, bool], Draft]


@functools.cache
def known_languages() -> tuple[str, ...]:
    """Return the ISO 639-1 codes of all languages that items exist for, by tier."""
    table = names().languages
    return tuple(sorted(table, key=lambda code: (table[code].tier, code)))


def families_for(languages: Sequence[str] | None) -> tuple[Family, ...]:
    """Return the families restricted to these languages (ISO 639-1); all of them for None.

    Codes that are not known are left out, and so is a family without any of the languages. To tell one language is no
    task: fewer than three leave out `which-language`.
    """
    if languages is None:
        return FAMILIES
    wanted = [code for code in known_languages() if code in set(languages)]
    restricted = []
    for name, (make, spoken, least) in _KINDS.items():
        codes = tuple(code for code in wanted if spoken is None or code in spoken)
        if len(codes) >= least:
            restricted.append(_family(f"{name}@{'+'.join(codes)}", make, spoken, codes))
    return tuple(restricted)


def family_named(name: str) -> Family | None:
    """Return the family of a name, a restricted one (`weekday@de+fr`) included; None for an unknown one."""
    _, restricted, codes = name.partition("@")
    families = families_for(codes.split("+")) if restricted else FAMILIES
    return next((family for family in families if family.name == name), None)


def _tier(level: int, spoken: frozenset[str] | None) -> list[str]:
    """Return the languages of a tier that a family has."""
    table = names().languages
    return [code for code in known_languages() if table[code].tier == level and (spoken is None or code in spoken)]


def _family(name: str, make: Make, spoken: frozenset[str] | None, codes: Sequence[str] = ()) -> Family:
    def generate(draw: Draw, level: int, twin: bool) -> Draft:
        return make(codes or _tier(level, spoken), draw, level, twin)

    return Family(area=Area.LANGUAGES, name=name, generate=generate)


def _draft(code: str, prompt: str, accept: Sequence[str], others: Sequence[str]) -> Draft:
    """Return the draft of a question; `others` are rejected, apart from parts of a right name."""
    reject = [spelling for name in others for spelling in _spellings(name) if not any(name in each for each in accept)]
    return Draft(
        messages=(Message(role="user", content=prompt),),
        key=TextKey(accept=tuple(dict.fromkeys(accept)), reject=tuple(dict.fromkeys(reject))),
        oracle=(Answer(content=accept[0]),),
        max_tokens=40,
        language=code,
    )


def _spellings(name: str) -> tuple[str, ...]:
    """Return the name without invisible joiners, and with blanks in their place (Persian writes all three)."""
    return (name.replace("\u200c", " "), name.replace("\u200c", "").replace("\u200d", ""))


@functools.cache
def weekday_names(code: str, day: int) -> tuple[str, ...]:
    """Return the right names of a weekday (0 is Monday) in a language, CLDR's first."""
    name = names().languages[code].weekdays[day]
    derived = [name.replace(old, new) for old, new in _DERIVED.get(code, ())]
    prefixed = [_PREFIXES[code] + name] if code in _PREFIXES else []
    more = _DAY_ALIASES.get(code, ((),) * 7)[day]
    every = [spelling for each in (name, *derived, *prefixed, *more) for spelling in _spellings(each)]
    return tuple(dict.fromkeys(every))


def _telling(language: Language) -> list[str]:
    """Return the names that no other language has."""
    every = dict.fromkeys((*language.weekdays, *language.months, *language.countries.values()))
    return [name for name in every if name.casefold() not in language.shared and not any(map(str.isdigit, name))]


def _which(codes: Sequence[str], draw: Draw, level: int, _: bool) -> Draft:
    """Ask which language some names are in; fewer names from level to level."""
    code = draw.choice(codes)
    language = names().languages[code]
    some = ", ".join(draw.sample(_telling(language), 6 - (level + 1) // 2))
    prompt = draw.choice(
        (
            f"Which language are these words from: {some}?",
            f"{some}. In which language is this written?",
            f"Name the language of these words: {some}.",
        )
    )
    suffix = draw.choice(("Answer with only the name of the language in English.", "Give just its English name."))
    accept = (language.english, *_LANGUAGE_ALIASES.get(code, ()))
    others = [other.english for other in names().languages.values() if other.english not in accept]
    return _draft(code, f"{prompt} {suffix}", accept, draw.sample(others, 8))


def _weekday(codes: Sequence[str], draw: Draw, level: int, _: bool) -> Draft:
    """Ask for a weekday or a month some places after or before another one, in its language."""
    code = draw.choice(codes)
    language = names().languages[code]
    months = code in _WITH_MONTHS and draw.chance(0.5)
    cycle = language.months if months else language.weekdays
    kind = "month" if months else "day of the week"
    place, distance = draw.below(len(cycle)), draw.integer(1, (1, 2, 2, 3, 3)[level - 1])
    forward = draw.chance(0.5)
    target = (place + (distance if forward else -distance)) % len(cycle)
    steps = {1: "right", 2: f"two {'months' if months else 'days'}", 3: f"three {'months' if months else 'days'}"}
    given = cycle[place].replace("\u200c", " ")
    relation = f"{steps[distance]} {'after' if forward else 'before'}"
    prompt = draw.choice(
        (
            f"In {language.english}, which {kind} comes {relation} “{given}”?",
            f"“{given}” is a {kind} in {language.english}. Which one comes {relation} it?",
        )
    )
    suffix = draw.choice((f"Answer with only its {language.english} name.", "Answer in that language, one name only."))
    accept = _spellings(cycle[target]) if months else weekday_names(code, target)
    others = [name for number, name in enumerate(cycle) if number not in {place, target}]
    return _draft(code, f"{prompt} {suffix}", accept, others)


def _english_names(country: str) -> tuple[str, ...]:
    name = names().english.countries[country]
    return (name, *COUNTRY_ALIASES.get(name, ()))


def _country(codes: Sequence[str], draw: Draw, _: int, __: bool) -> Draft:
    """Ask for a country's name in a language where its spelling is settled, or for the English name."""
    code = draw.choice(codes)
    language, english = names().languages[code], names().english.countries
    usable = [
        country
        for country, name in language.countries.items()
        if country not in _UNSTABLE_COUNTRIES and not any(overlap(name, right) for right in _english_names(country))
    ]
    country = draw.choice(usable)
    theirs, ours = language.countries[country], english[country]
    others = draw.sample([other for other in usable if other != country], 8)
    if draw.chance(0.5) and country in language.settled:
        prompt = draw.choice(
            (
                f"What is the country {ours} called in {language.english}?",
                f"Write the name of the country {ours} in {language.english}.",
            )
        )
        suffix = draw.choice(("Answer with only the name.", f"Give just the {language.english} name."))
        reject = [language.countries[other] for other in others]
        accept = _spellings(theirs)
    else:
        prompt = draw.choice(
            (
                f"Which country is called “{theirs}” in {language.english}?",
                f"What is the English name of the country that {language.english} calls “{theirs}”?",
            )
        )
        suffix = draw.choice(("Answer with only its English name.", "Give just the name in English."))
        reject = [english[other] for other in others]
        accept = _english_names(country)
    return _draft(code, f"{prompt} {suffix}", accept, reject)


def _asked(codes: Sequence[str], draw: Draw, level: int, _: bool) -> Draft:
    """Ask in the language itself: for the next or last weekday, or for a sum whose operators are words."""
    code = draw.choice(codes)
    kinds = [*(("day",) if code in AFTER else ()), *(("sum",) if code in SUM else ())]
    if draw.choice(kinds) == "day":
        day, forward = draw.below(7), draw.chance(0.5)
        days = names().languages[code].weekdays
        target = (day + (1 if forward else -1)) % 7
        prompt = (AFTER if forward else BEFORE)[code].format(day=days[day].replace("\u200c", " "))
        accept = weekday_names(code, target)
        others = [name for number, name in enumerate(days) if number not in {day, target}]
        return _draft(code, prompt, accept, others)
    question, plus, minus = SUM[code]
    least, most = (2, 9) if level == 1 else (11, 49)
    value = draw.integer(most + 1, 2 * most)
    words = [str(value)]
    for _number in range(2 if level < 4 else 3):
        adds, operand = draw.chance(0.5) or value < most, draw.integer(least, most)
        value += operand if adds else -operand
        words += [plus if adds else minus, str(operand)]
    while str(value) in words:  # the answer must not stand in its question
        value += 1
        words[-1] = str(int(words[-1]) + (1 if words[-2] == plus else -1))
    return Draft(
        messages=(Message(role="user", content=question.format(" ".join(words))),),
        key=NumberKey(value=str(value)),
        oracle=(Answer(content=str(value)),),
        max_tokens=40,
        language=code,
    )


_KINDS: dict[str, tuple[Make, frozenset[str] | None, int]] = {
    "which-language": (_which, None, 3),
    "weekday": (_weekday, None, 1),
    "country-name": (_country, None, 1),
    "asked-in-language": (_asked, frozenset({*AFTER, *SUM}), 1),
}
"""Per family: its generator, the languages that it has (None: all), and how many it needs."""

FAMILIES = tuple(_family(name, make, spoken) for name, (make, spoken, _least) in _KINDS.items())
