"""Each question is answered a second way, from the text of its prompt or from other tables."""

import datetime
import re

import pytest

from item_samples import Sample, drafted, samples
from ollama_speedrun.quality.families.drafting import occurs
from ollama_speedrun.quality.families.honesty import FAMILIES
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import AbstainKey, Answer, Family
from ollama_speedrun.quality.tables.countries import CAPITALS
from ollama_speedrun.quality.tables.names import names
from ollama_speedrun.quality.tables.works import WORKS

FROM_TEXT, COUNTRY, PREMISE = FAMILIES
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def accepted(sample: Sample) -> tuple[str, ...]:
    assert isinstance(sample.draft.key, AbstainKey)
    return sample.draft.key.accept


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_two_seeds_give_the_same_prompt(family: Family) -> None:
    prompts = [sample.prompt for sample in samples(family)]

    assert len(set(prompts)) == len(prompts)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_of_each_pair_one_can_be_answered_and_the_other_not(family: Family) -> None:
    for sample in samples(family):
        assert bool(accepted(sample)) == (sample.seed % 2 == 0), sample.prompt


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_oracle_is_right_in_form_too_and_what_suits_the_twin_is_wrong(family: Family) -> None:
    for sample in samples(family):
        right = grade(sample.draft, sample.draft.oracle)
        assert (right.score, right.strict) == (1.0, 1.0), (sample.prompt, sample.answer, right)
        twin = drafted(family, sample.level, sample.seed ^ 1)
        assert grade(sample.draft, twin.oracle).score == 0.0, (sample.prompt, twin.oracle)
        for wrong in ("", sample.prompt if not accepted(sample) else "It is Nowhere."):
            assert grade(sample.draft, (Answer(content=wrong),)).score == 0.0, (sample.prompt, wrong)


def test_pairs_of_a_text_share_it() -> None:
    for sample in samples(FROM_TEXT):
        twin = drafted(FROM_TEXT, sample.level, sample.seed ^ 1)
        assert twin.messages[0].content.partition("\n")[0] == sample.prompt.partition("\n")[0]


ASKED = {
    r"How old is (\w+)\?": r"{} is (\d+) years old\.",
    r"In which town does (\w+) live\?": r"{} lives in (\w+)\.",
    r"What is the job of (\w+)\?": r"{} works as a (\w+)\.",
    r"Which animal does (\w+) have as a pet\?": r"{} has a (\w+) as a pet\.",
    r"Which colour is the car of (\w+)\?": r"{} drives a (\w+) car\.",
    r"In which month was (\w+) born\?": r"{} was born in (\w+)\.",
}


def _age(text: str, name: str) -> int | None:
    """Follow comparisons of ages until a number; None where they end without one."""
    if found := re.search(rf"(?<!of ){name} is (\d+) years old\.", text):
        return int(found[1])
    found = re.search(rf"{name} is (\w+) years (older|younger) than (\w+)\.", text)
    if found is None or (other := _age(text, found[3])) is None:
        return None
    return other + NUMBERS.index(found[1]) * (1 if found[2] == "older" else -1)


def _told(prompt: str) -> str | None:
    text, _, asked = prompt.partition("\n")
    for question, told in ASKED.items():
        if found := re.match(question, asked):
            if question.startswith("How old"):
                age = _age(text, found[1])
                return None if age is None else str(age)
            value = re.search(rf"(?<!of ){told.format(found[1])}", text)
            return value and value[1]
    raise ValueError(asked)


def test_answers_from_a_text_are_what_it_tells() -> None:
    for sample in samples(FROM_TEXT):
        told = _told(sample.prompt)
        assert accepted(sample) == ((told,) if told else ()), sample.prompt


def test_something_like_the_missing_fact_is_told_from_level_2_on() -> None:
    near = {"old": "years old", "town": "live", "job": "works as", "pet": "pet", "car": " car", "month": "born"}
    for sample in samples(FROM_TEXT):
        if sample.level >= 2 and not accepted(sample):
            text, _, asked = sample.prompt.partition("\n")
            kind = next(kind for kind in near if kind in asked.partition("?")[0])
            assert near[kind] in text, sample.prompt


COUNTRIES = {country: set(capital) for tier in CAPITALS for country, *capital in tier}


def test_capitals_are_those_of_the_table_and_imaginary_countries_are_in_no_table() -> None:
    real = {name.casefold().removeprefix("the ") for name in COUNTRIES}
    real |= {name.casefold() for name in names().english.countries.values()}
    real |= {name.casefold() for language in names().languages.values() for name in language.countries.values()}
    for sample in samples(COUNTRY):
        pattern = r"trip to (.+?)\.|capital of (.+?)[.?]|government of (.+?)\.|moved from (.+?) and speaks"
        found = re.search(pattern, sample.prompt)
        assert found is not None
        country = next(name for name in found.groups() if name)
        if accepted(sample):
            assert set(accepted(sample)) == COUNTRIES[country], sample.prompt
            assert not any(occurs(name, sample.prompt) for name in accepted(sample))
        else:
            parts = [country, *re.split(r" and |-", country.removeprefix("the "))]
            parts += [part.removeprefix(word) for part in parts for word in ("North ", "South ", "New ", "Saint ")]
            assert real.isdisjoint(part.casefold() for part in parts), country


def _premise(prompt: str) -> str | None:
    """Return the answer, None where the premise of the question is false."""
    if found := re.search(r"two things only: a (\w+) (\w+) and a (\w+) (\w+)\. Which colour is the (\w+) of", prompt):
        return {found[2]: found[1], found[4]: found[3]}.get(found[5])
    if found := re.search(r"how many coins did (\w+) sell the (\w+) to (\w+)\?", prompt):
        price = re.search(rf"{found[1]} sold the {found[2]} to {found[3]} for (\d+) coins\.", prompt)
        return price and price[1]
    if found := re.search(r"front to back: (.*?)\. Who is the (\w+) in", prompt):
        queue, place = re.findall(r"[A-Z]\w+", found[1]), ORDINALS.index(found[2])
        return queue[place] if place < len(queue) else None
    if found := re.search(r"(\w+) 1, (\d+) is a (\w+)\. .* (\w+) (\d+), (\d+) is\.", prompt):
        month = MONTHS.index(found[1]) + 1
        assert WEEKDAYS[datetime.date(int(found[2]), month, 1).weekday()] == found[3]
        try:
            date = datetime.date(int(found[6]), MONTHS.index(found[4]) + 1, int(found[5]))
        except ValueError:
            return None
        return WEEKDAYS[date.weekday()]
    title = re.search("“(.*)”", prompt)
    assert title is not None, prompt
    ((author, language),) = [(author, language) for work, author, language in WORKS if work == title[1]]
    return language if author in prompt else None


def test_an_answer_exists_where_the_premise_is_true() -> None:
    for sample in samples(PREMISE):
        answer = _premise(sample.prompt)
        assert accepted(sample) == ((answer,) if answer else ()), sample.prompt


def test_a_false_author_of_level_5_wrote_in_the_language_that_suggests_itself() -> None:
    spoken = {author: language for _, author, language in WORKS}
    for sample in samples(PREMISE):
        if sample.level >= 4 and not accepted(sample):
            title = re.search("“(.*)”", sample.prompt)
            assert title is not None
            language = next(language for work, _, language in WORKS if work == title[1])
            author = max((author for author in spoken if author in sample.prompt), key=len)
            assert (spoken[author] == language) == (sample.level == 5), sample.prompt


def test_the_table_of_works_names_each_title_once_and_no_language_in_it() -> None:
    titles = [title for title, _, _ in WORKS]
    languages = {language for _, _, language in WORKS}

    assert len(set(titles)) == len(titles)
    assert not [row for row in WORKS if any(occurs(language, f"{row[0]} {row[1]}") for language in languages)]
    for language in languages:
        assert len({author for _, author, spoken in WORKS if spoken == language}) >= 2
