"""Questions on languages, answered from their text by a reader of CLDR's table and of a few names known by heart."""

import itertools
import json
import re
from importlib import resources
from typing import Any

import pytest

from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.families import languages
from ollama_speedrun.quality.families.language_questions import AFTER, BEFORE, SUM
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import LEVELS, Answer, Draft, Family, NumberKey, TextKey

CLDR: dict[str, Any] = json.loads(resources.files("ollama_speedrun.quality.tables").joinpath("cldr.json").read_bytes())
TABLE: dict[str, Any] = CLDR["languages"]
BY_NAME = {language["english"]: code for code, language in TABLE.items()}
SEEDS = range(40)
FAMILY = pytest.mark.parametrize("family", languages.FAMILIES, ids=lambda family: family.name)
KNOWN_WEEKDAYS = {
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "fi": "maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai",
    "ru": "понедельник вторник среда четверг пятница суббота воскресенье",
    "pl": "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "el": "Δευτέρα Τρίτη Τετάρτη Πέμπτη Παρασκευή Σάββατο Κυριακή",
    "zh": "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
    "ja": "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
    "ko": "월요일 화요일 수요일 목요일 금요일 토요일 일요일",
    "hi": "सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार",
    "sw": "Jumatatu Jumanne Jumatano Alhamisi Ijumaa Jumamosi Jumapili",
    "ka": "ორშაბათი სამშაბათი ოთხშაბათი ხუთშაბათი პარასკევი შაბათი კვირა",
}


def drafts(family: Family, levels: tuple[int, ...] = LEVELS) -> list[Draft]:
    return [
        family.generate(Draw(f"test/{family.name}/{level}/{seed}"), level, False) for level in levels for seed in SEEDS
    ]


def answered(draft: Draft) -> tuple[str, str]:
    return draft.messages[0].content, draft.oracle[0].content


def right(draft: Draft, text: str) -> bool:
    return grade(draft, (Answer(content=text),)).score == 1.0


def joined(name: str) -> str:
    return name.replace("\u200c", " ")


@pytest.mark.parametrize(("code", "known"), KNOWN_WEEKDAYS.items())
def test_weekdays_are_the_known_ones(code: str, known: str) -> None:
    assert TABLE[code]["weekdays"] == known.split()


@FAMILY
def test_the_oracle_and_every_alias_are_right_and_what_is_rejected_is_wrong(family: Family) -> None:
    for draft in drafts(family):
        whole = grade(draft, draft.oracle)
        assert (whole.score, whole.strict) == (1.0, 1.0), draft
        assert not right(draft, draft.messages[0].content)
        if isinstance(draft.key, TextKey):
            assert [name for name in draft.key.accept if not right(draft, name)] == []
            assert [name for name in draft.key.reject if right(draft, name)] == []
            assert draft.key.reject


@FAMILY
def test_no_answer_stands_in_its_question(family: Family) -> None:
    for draft in drafts(family):
        prompt, _ = answered(draft)
        accept = (draft.key.value,) if isinstance(draft.key, NumberKey) else getattr(draft.key, "accept", ())
        assert [name for name in accept if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", prompt, re.IGNORECASE)] == []


@FAMILY
def test_a_level_is_a_tier_of_languages(family: Family) -> None:
    for level in LEVELS:
        tiers = {TABLE[draft.language or ""]["tier"] for draft in drafts(family, (level,))}
        assert tiers == {level}


@FAMILY
def test_each_level_has_a_hundred_questions(family: Family) -> None:
    for level in LEVELS:
        assert len({family.generate(Draw(f"many/{seed}"), level, False).messages for seed in range(400)}) >= 100


def test_the_words_shown_are_of_one_language_only() -> None:
    for draft in drafts(languages.FAMILIES[0]):
        prompt, oracle = answered(draft)
        lists = re.findall(r"(?:[^,:.?]+, )+[^,:.?]+", prompt)
        shown = {word.strip() for word in max(lists, key=len).split(", ")}
        homes = {
            language["english"]
            for language in TABLE.values()
            if shown & {*language["weekdays"], *language["months"], *language["countries"].values()}
        }
        assert homes == {oracle}, prompt


def test_weekdays_and_months_are_counted_from_the_one_in_the_question() -> None:
    steps = {"right": 1, "two": 2, "three": 3}
    for draft in drafts(languages.FAMILIES[1]):
        prompt, oracle = answered(draft)
        found = re.search(r"“(.+)”", prompt)
        relation = re.search(r"comes (right|two|three)(?: days| months)? (after|before)", prompt)
        code = next(code for name, code in BY_NAME.items() if f"in {name.lower()}" in prompt.lower())
        assert found is not None
        assert relation is not None
        assert code == draft.language
        cycle = [joined(name) for name in TABLE[code]["months" if "month" in prompt else "weekdays"]]
        walk = itertools.cycle(cycle if relation[2] == "after" else cycle[::-1])
        while next(walk) != found[1]:
            pass
        assert [next(walk) for _ in range(steps[relation[1]])][-1] == joined(oracle)


def test_countries_are_translated_as_in_cldr() -> None:
    english = {name: code for code, name in CLDR["english"]["countries"].items()}
    for draft in drafts(languages.FAMILIES[2]):
        prompt, oracle = answered(draft)
        assert draft.language is not None
        language = TABLE[draft.language]
        assert language["english"] in prompt
        if shown := re.search(r"“(.+)”", prompt):
            assert language["countries"][english[oracle]] == shown[1]
        else:
            country = re.search(r"the country (.+?) (?:called|in) ", prompt)
            assert country is not None
            assert joined(language["countries"][english[country[1]]]) == oracle
            assert english[country[1]] in language["settled"]


def test_questions_in_a_language_are_answered_by_their_numbers_and_names() -> None:
    minus = {words[2] for words in SUM.values()} - {words[1] for words in SUM.values()}
    for draft in drafts(languages.FAMILIES[3]):
        prompt, oracle = answered(draft)
        code = draft.language or ""
        if not any(map(str.isdigit, prompt)):
            forward = any(prompt == AFTER.get(code, "").format(day=joined(day)) for day in TABLE[code]["weekdays"])
            days = [joined(day) for day in TABLE[code]["weekdays"]]
            [asked] = [day for day in days if prompt == (AFTER if forward else BEFORE)[code].format(day=day)]
            assert days[(days.index(asked) + (1 if forward else 6)) % 7] == joined(oracle)
            continue
        first, *rest = re.findall(r"(\D*?)(\d+)", prompt)
        total = int(first[1])
        for operator, number in rest:
            total += -int(number) if operator.strip() in minus else int(number)
        assert str(total) == oracle


def test_after_and_before_ask_the_same_languages_in_different_words() -> None:
    assert set(AFTER) == set(BEFORE)
    assert set(AFTER) | set(SUM) <= set(TABLE)
    assert all(AFTER[code] != BEFORE[code] for code in AFTER)
    assert all(plus != minus for _, plus, minus in SUM.values())


def test_families_can_be_restricted_to_languages_at_every_level() -> None:
    restricted = languages.families_for(("fr", "de", "xx"))

    assert [family.name for family in restricted] == ["weekday@de+fr", "country-name@de+fr", "asked-in-language@de+fr"]
    for family in restricted:
        assert {draft.language for draft in drafts(family)} == {"de", "fr"}
        again = languages.family_named(family.name)
        assert again is not None
        assert drafts(again) == drafts(family)
    assert languages.families_for(None) == languages.FAMILIES
    assert languages.families_for(("xx",)) == ()
    assert [family.name for family in languages.families_for(("am",))] == ["weekday@am", "country-name@am"]
    assert languages.family_named("weekday") is languages.FAMILIES[1]
    assert languages.family_named("weekday@fr+de") is None
    assert languages.family_named("rhyme") is None


def test_all_languages_are_known_from_the_most_to_the_least_widespread() -> None:
    known = languages.known_languages()
    assert len(known) == 38
    assert known[:6] == ("de", "es", "fr", "it", "nl", "pt")
