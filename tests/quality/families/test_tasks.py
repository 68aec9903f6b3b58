"""Each task is done a second way, from the text of its prompt alone."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from item_samples import samples
from ollama_speedrun.quality.families.drafting import occurs
from ollama_speedrun.quality.families.tasks import FAMILIES
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import Answer, ChoiceKey, ConstraintsKey, Family, JsonKey

EXTRACT, CLASSIFY, TRANSLATE, SUMMARY = FAMILIES
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DOZENS = {"two": 24, "three": 36, "four": 48}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_two_seeds_give_the_same_prompt(family: Family) -> None:
    prompts = [sample.prompt for sample in samples(family)]

    assert len(set(prompts)) == len(prompts)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_oracle_is_right_in_form_too_and_an_echo_is_wrong(family: Family) -> None:
    for sample in samples(family):
        right = grade(sample.draft, sample.draft.oracle)
        assert (right.score, right.strict) == (1.0, 1.0), (sample.prompt, sample.answer, right)
        for wrong in (sample.prompt, "", "I do not know.", sample.prompt.partition("\n")[0]):
            assert grade(sample.draft, (Answer(content=wrong),)).score == 0.0, (sample.prompt, wrong)


def _number_of(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text)
    return int(found[1]) if found else None


def _text_of(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1] if found else None


def _profile(prompt: str) -> dict[str, Any]:
    text = re.split("Text: |: ", prompt)[-1]
    about: dict[str, Any] = {
        "name": _text_of(r"([A-Z][a-z]+ [A-Z][a-z]+)", text),
        "age": _number_of(r"(\d+) years old", text),
        "town": _text_of(r"lives in (\w+)", text),
        "member": None if "member" not in text else "not a member" not in text,
        "children": _number_of(r"has (\d+) children", text),
        "email": _text_of(r"(\w+@mail\.example)", text),
        "colour": _text_of(r"the colour (\w+) best", text),
    }
    asked = re.findall(r'"(\w+)" \(', prompt)
    return {key: about[key] for key in asked}


def _singular(plural: str) -> str:
    irregular = {"scarves": "scarf", "potatoes": "potato", "tomatoes": "tomato", "brushes": "brush"}
    return irregular.get(plural, plural.removesuffix("s"))


def _ordered(listed: str) -> list[dict[str, Any]]:
    lines = []
    for number, dozens, told, price in re.findall(
        r"(?:(\d+)|(two|three|four) dozen) ((?:\w+ )?\w+)(?: at|, each for) (\d+)", listed
    ):
        *colour, plural = told.split()
        quantity = int(number) if number else DOZENS[dozens]
        lines.append(
            {"product": plural, "quantity": quantity, "price": int(price), "colour": colour[0] if colour else None}
        )
    return lines


def _order(prompt: str) -> dict[str, Any]:
    text = prompt.partition("Text: ")[2]
    listed = re.search(r"I would like (.*?)\.\s", text)
    person = re.search(r"I am (\w+ \w+) from (\w+)\.", text)
    assert listed is not None
    assert person is not None
    lines = {line["product"]: line for line in _ordered(listed[1])}
    for found in re.finditer(r"Please add (\d+) to the number of (\w+)\.", text):
        lines[found[2]]["quantity"] += int(found[1])
    for found in re.finditer(r"All of the (\w+) should be (\w+), and the (\w+) of the same colour\.", text):
        lines[found[1]]["colour"] = lines[found[3]]["colour"] = found[2]
    for found in re.finditer(r"exchange the price of the (\w+) and that of the (\w+)\.", text):
        one, other = lines[found[1]], lines[found[2]]
        one["price"], other["price"] = other["price"], one["price"]
    for found in re.finditer(r"I do not need any (\w+) after all\.", text):
        del lines[found[1]]
    date = re.search(r"by (\w+) (\d+), (\d+)\.", text)
    return {
        "customer": {"name": person[1], "town": person[2], "phone": _text_of(r"call me on (\d+ \d+)", text)},
        "items": [line | {"product": _singular(line["product"])} for line in lines.values()],
        "date": f"{date[3]}-{MONTHS.index(date[1]) + 1:02}-{int(date[2]):02}" if date else None,
        "gift": None if "gift." not in text else "no need to wrap" not in text,
    }


def test_extracted_values_are_those_of_the_text() -> None:
    for sample in samples(EXTRACT):
        key = sample.draft.key
        assert isinstance(key, JsonKey)
        expected = _profile(sample.prompt) if sample.level <= 3 else _order(sample.prompt)
        assert json.loads(key.value) == expected, sample.prompt


def test_level_5_of_extraction_has_five_lines_and_some_values_are_absent() -> None:
    orders = [json.loads(sample.answer) for sample in samples(EXTRACT) if sample.level == 5]

    assert all(len(order["items"]) == 5 for order in orders)
    assert any(order["date"] is None for order in orders)
    assert {order["gift"] for order in orders} == {True, False, None}


SIGNS = {
    "sport": "goals|tennis|runners|swimming",
    "food": "cake|soup|pizza|bread",
    "travel": "train to|flight|hotel|passport",
    "music": "violin|band|guitar|choir",
    "weather": "rain|snowed|lightning|storm",
    "health": "fever|nurse|broke a leg|dentist",
    "delivery": "the delivery of|not arrived|wrong house|week late",
    "payment": "charged twice|wrong amount|bank refused",
    "return": "want to send it back|money back|to give it back",
    "account": "cannot log|password|user name",
    "warranty": "the warranty of|it broke|stopped working|fell off",
}


def _topic(prompt: str, labels: tuple[str, ...]) -> set[str]:
    text = prompt.split("\n")[1]
    return {label for label in labels if re.search(rf"\b(?:{SIGNS.get(label, label)})\b", text)}


def _facts(message: str) -> dict[str, str | int]:
    found = re.search(
        r"a (\w+) customer and bought (?:\w+ for (\d+) in total|(\d+) \w+ at (\d+) each) (.*?) ago, paid by (\w+)\. "
        r"The \w+ are (\w+)\.",
        message,
    )
    assert found is not None, message
    weeks, days = _number_of(r"(\d+) weeks?", found[5]) or 0, _number_of(r"(\d+) days?", found[5]) or 0
    total = int(found[2]) if found[2] else int(found[3]) * int(found[4])
    return {"buyer": found[1], "total": total, "days": 7 * weeks + days, "paid": found[6], "state": found[7]}


def _fits(condition: str, facts: dict[str, str | int]) -> bool:
    if found := re.fullmatch(r"the (?:total is|purchase was) (more than|at most) (\d+)( days ago)?", condition):
        value = int(facts["days" if found[3] else "total"])
        return value > int(found[2]) if found[1] == "more than" else value <= int(found[2])
    found = re.fullmatch(r"the goods are (\w+)|the buyer is a (\w+) customer|it was paid by (\w+)", condition)
    assert found is not None, condition
    return (found[1] or facts["state"], found[2] or facts["buyer"], found[3] or facts["paid"]) == (
        facts["state"], facts["buyer"], facts["paid"],
    )  # fmt: skip


def _decided(prompt: str) -> tuple[int, str]:
    facts = _facts(prompt.split("Message: ")[1])
    for number, first, join, second, action in re.findall(
        r"^(\d+)\. If (.+?)(?:(, unless| and) (.+))?: (\w+)\.$", prompt, re.MULTILINE
    ):
        joined = not join or _fits(second, facts) == (join == " and")
        if _fits(first, facts) and joined:
            return int(number), action
    found = re.search(r"^(\d+)\. Otherwise: (\w+)\.$", prompt, re.MULTILINE)
    assert found is not None
    return int(found[1]), found[2]


def test_labels_follow_from_signs_in_the_text_or_from_the_policy() -> None:
    for sample in samples(CLASSIFY):
        key = sample.draft.key
        assert isinstance(key, ChoiceKey)
        if sample.level <= 3:
            assert _topic(sample.prompt, key.options) == {key.answer}, sample.prompt
        else:
            number, action = _decided(sample.prompt)
            assert action == key.answer, sample.prompt
            assert number >= (5 if sample.level == 5 else 2)


def test_there_are_four_labels_at_least_and_each_is_right_about_equally_often() -> None:
    places = Counter[tuple[int, int]]()
    for sample in samples(CLASSIFY):
        key = sample.draft.key
        assert isinstance(key, ChoiceKey)
        assert len(key.options) >= 4
        places[sample.level, key.options.index(key.answer)] += 1
    assert all(1 <= count <= 22 for count in places.values())


def _ended(stem: str, ending: str) -> str:
    last = re.findall("[aeiou]", stem)[-1]
    return stem + ending.replace("V", "e" if last in "ei" else "o")


def _english(phrase: str, words: dict[str, str]) -> tuple[str, str | None, bool]:
    """Return noun, adjective and number of a phrase such as "the old wolves"."""
    *adjective, noun = phrase.split()[1:]
    irregular = {"mice": "mouse", "wolves": "wolf", "geese": "goose", "foxes": "fox", "walruses": "walrus"}
    singular = irregular.get(noun, noun if noun in words else noun.removesuffix("s"))
    assert singular in words, phrase
    return singular, adjective[0] if adjective else None, singular != noun


def _clause(prompt: str, words: dict[str, str], clause: str) -> str:
    def rule(pattern: str) -> str:
        return _text_of(pattern, prompt) or ""

    base = {
        "wakes": "wake", "woke": "wake", "likes": "like", "liked": "like", "saw": "see", "heard": "hear",
        "found": "find", "knew": "know", "caught": "catch", "catches": "catch", "watches": "watch",
    }  # fmt: skip
    found = re.fullmatch(r"(the (?:\w+ )?\w+) (?:(does|do|did) not )?(\w+) (the .*)", clause)
    assert found is not None, clause
    helper, verb = found[2], found[3]
    stem = base.get(verb) or next(one for one in (verb, verb[:-1], verb[:-2]) if one in words)
    past = helper == "did" or (helper is None and re.search("ed$|woke|saw|heard|found|knew|caught", verb) is not None)
    plural_ending, case = rule(r"in the plural adds -(\w+)"), rule(r"of the object adds -(\w+)")

    def phrase(text: str, is_object: bool) -> str:
        noun, adjective, plural = _english(text.strip(), words)
        forms = []
        for one in [noun] + ([adjective] if adjective else []):
            form = words[one]
            if one == noun or "endings of the same kinds" in prompt:
                form = _ended(form, plural_ending) if plural else form
                form = _ended(form, case) if is_object else form
            forms.append(form)
        return " ".join(forms if "stands after its noun" in prompt else forms[::-1])

    said = words[stem]
    if past:
        said = _ended(said, rule(r"in the past adds -(\w+)"))
    if _english(found[1].strip(), words)[2]:
        said = _ended(said, rule(r"plural subject adds -(\w+)"))
    if helper:
        no = rule(r'word for "not" is (\w+)')
        said = f"{said} {no}" if "directly after the verb" in prompt else f"{no} {said}"
    parts = {"subject": phrase(found[1], False), "object": phrase(found[4], True), "verb": said}
    order = rule(r"The order is ([a-z, ]+)\.") or "subject, verb, object"
    return " ".join(parts[part] for part in order.split(", "))


def _translated(prompt: str) -> str:
    words = dict(re.findall(r"(\w+) = (\w+)", prompt))
    sentence = re.search(r'Translate:? "(.+?)\.?"', prompt)
    assert sentence is not None
    text = sentence[1][0].lower() + sentence[1][1:]
    if not text.startswith("the "):
        return " ".join(words[word] for word in text.split())
    joint = _text_of(r'word for "because" is (\w+)', prompt) or ""
    return f" {joint} ".join(_clause(prompt, words, clause) for clause in text.split(" because "))


def test_translations_follow_the_glossary_and_the_rules() -> None:
    for sample in samples(TRANSLATE):
        assert _translated(sample.prompt) == sample.answer, sample.prompt


def test_no_translation_stands_in_its_prompt_and_none_is_too_long_to_be_graded() -> None:
    for sample in samples(TRANSLATE):
        assert not occurs(sample.answer, sample.prompt)
        assert len(sample.answer.split()) <= 14


def _named(prompt: str) -> dict[str, str]:
    """Return who won, who came second, where and when, from a report's sentences."""
    text = prompt.removeprefix("Text: ").split("\nSummarise")[0]
    out = _text_of(r"(\w+) was disqualified", text)
    points = dict[str, int]()
    for name, first, later in re.findall(r"(\w+) got (\d+) points(?:, and (\d+) later)?\.", text):
        points[name] = int(first) + int(later or 0)
    for name, lost in re.findall(r"(\w+) lost (\d+) points", text):
        points[name] -= int(lost)
    ranking = sorted((name for name in points if name != out), key=lambda name: points[name], reverse=True)
    if not ranking:
        ranking = [_text_of(r"(\w+) was first", text) or "", _text_of(r"(\w+) was second", text) or ""]
    town = (
        _text_of(r"it was held in (\w+)", text) or _text_of(r"people of (\w+)", text) or _text_of(r"in (\w+) on", text)
    )
    day = _text_of(r"moved to (\w+)", text) or _text_of(r"[Oo]n (\w+day)", text)
    return {"the winner": ranking[0], "the runner-up": ranking[1], "the town": town or "", "the day": day or ""}


def test_a_summary_must_name_what_the_report_tells() -> None:
    for sample in samples(SUMMARY):
        key = sample.draft.key
        assert isinstance(key, ConstraintsKey)
        rules = {rule.kind: rule for rule in key.constraints}
        asked = re.search(r"Name (the .*?)\.", sample.prompt)
        assert asked is not None
        expected = [_named(sample.prompt)[what] for what in re.split(", | and ", asked[1])]
        assert list(rules["include-words"].words) == expected, sample.prompt
        if "exclude-words" in rules:
            assert not set(expected) & set(rules["exclude-words"].words)
            assert all(occurs(word, sample.prompt) for word in rules["exclude-words"].words)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: f"{answer} {answer} {answer} {answer}",
        lambda answer: f"{answer} They had 987 guests.",
        lambda answer: f"{answer}\nIt was a fine day.",
        lambda answer: answer.split()[-1],
    ],
    ids=["too long", "a new number", "two lines", "one word"],
)
def test_a_summary_that_breaks_a_rule_is_wrong(spoil: Callable[[str], str]) -> None:
    for sample in samples(SUMMARY):
        assert grade(sample.draft, (Answer(content=spoil(sample.answer)),)).score == 0.0
