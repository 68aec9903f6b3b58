"""Each prompt is solved a second way, from its text alone."""

import ast
import datetime
import itertools
import operator
import re
from collections.abc import Callable, Sequence

import pytest

from item_samples import samples
from ollama_speedrun.quality.families.drafting import occurs
from ollama_speedrun.quality.families.reasoning import FAMILIES
from ollama_speedrun.quality.families.reasoning_calendar import Day
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import Answer, ChoiceKey, Family, NumberKey, TextKey

ARITHMETIC, WORD_PROBLEM, ORDERING, CALENDAR, KNIGHTS_AND_KNAVES, SYLLOGISM = FAMILIES
NUMBERS = {word: number for number, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven"))}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_two_seeds_give_the_same_prompt(family: Family) -> None:
    prompts = [sample.prompt for sample in samples(family)]

    assert len(prompts) - len(set(prompts)) == 0


@pytest.mark.parametrize("family", [ARITHMETIC, WORD_PROBLEM, CALENDAR], ids=lambda family: family.name)
def test_no_answer_stands_in_its_prompt(family: Family) -> None:
    for sample in samples(family):
        key = sample.draft.key
        accepted = key.accept if isinstance(key, TextKey) else (sample.answer,)
        assert not [word for word in accepted if occurs(word, sample.prompt)], sample


@pytest.mark.parametrize("family", [ORDERING, KNIGHTS_AND_KNAVES], ids=lambda family: family.name)
def test_the_name_asked_for_stands_among_the_other_names_only(family: Family) -> None:
    for sample in samples(family):
        key = sample.draft.key
        if isinstance(key, ChoiceKey):
            assert all(occurs(name, sample.prompt) for name in key.options)
        if isinstance(key, TextKey) and key.reject:
            assert all(occurs(name, sample.prompt) for name in key.reject)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_prompts_grow_with_the_level_and_stay_short(family: Family) -> None:
    lengths = [0] * 6
    for sample in samples(family):
        lengths[sample.level] += len(sample.prompt)

    assert lengths[1] < lengths[5]
    assert lengths[5] / 40 < 1200


def test_arithmetic_is_what_python_computes_of_the_prompt() -> None:
    def exact(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(value)):
                return value
            case ast.BinOp(left=left, op=sign, right=right):
                if isinstance(sign, ast.Div):
                    quotient, rest = divmod(exact(left), exact(right))
                    assert rest == 0
                    return quotient
                signs = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
                return int(signs[type(sign)](exact(left), exact(right)))
        raise ValueError(ast.dump(node))

    for sample in samples(ARITHMETIC):
        written = max(re.findall(r"[\d()][\d()+\-×÷ ]+[\d)]", sample.prompt), key=len)
        value = exact(ast.parse(written.replace("×", "*").replace("÷", "/"), mode="eval").body)
        assert sample.draft.key == NumberKey(value=str(value)), sample.prompt


def test_level_5_of_arithmetic_has_seven_operations_and_six_digits_at_least() -> None:
    hard = [sample for sample in samples(ARITHMETIC) if sample.level == 5]

    assert all(len(re.findall(r" [-+×÷] ", sample.prompt)) >= 7 for sample in hard)
    assert all(abs(int(sample.answer)) >= 100_000 for sample in hard)


_EVENTS: tuple[tuple[str, Callable[[dict[str, int], tuple[str, ...]], dict[str, int]]], ...] = (
    (r"(\w+) has (\d+) GOODS\.", lambda _, w: {w[0]: int(w[1])}),
    (r"(\w+) has (\d+) GOODS more than (\w+)\.", lambda have, w: {w[0]: have[w[2]] + int(w[1])}),
    (r"(\w+) has twice as many GOODS as (\w+)\.", lambda have, w: {w[0]: have[w[1]] * 2}),
    (r"(\w+) buys (\d+) more GOODS\.", lambda have, w: {w[0]: have[w[0]] + int(w[1])}),
    (r"(\w+) loses (\d+) GOODS\.", lambda have, w: {w[0]: have[w[0]] - int(w[1])}),
    (
        r"(\w+) buys (\d+) boxes with (\d+) GOODS in each box\.",
        lambda have, w: {w[0]: have[w[0]] + int(w[1]) * int(w[2])},
    ),
    (
        r"(\w+) gives (\d+) GOODS to (\w+)\.",
        lambda have, w: {w[0]: have[w[0]] - int(w[1]), w[2]: have[w[2]] + int(w[1])},
    ),
    (r"(\w+) counts the GOODS and sells exactly half of them\.", lambda have, w: {w[0]: whole(have[w[0]], 2)}),
    (
        r"(\w+) counts the GOODS and gives exactly one third of them to (\w+)\.",
        lambda have, w: {w[0]: 2 * whole(have[w[0]], 3), w[1]: have[w[1]] + whole(have[w[0]], 3)},
    ),
    (r"(\w+) gets as many new GOODS as (\w+) has at that moment\.", lambda have, w: {w[0]: have[w[0]] + have[w[1]]}),
    (r"(\w+) and (\w+) swap all their GOODS\.", lambda have, w: {w[0]: have[w[1]], w[1]: have[w[0]]}),
    (r".*( also has | years old|from next door|buys none|does not get|A year ago).*", lambda *_: {}),
)


def whole(number: int, divisor: int) -> int:
    quotient, rest = divmod(number, divisor)
    assert rest == 0
    return quotient


def _told(text: str) -> int:
    """Follow a word problem sentence by sentence and answer its question."""
    have: dict[str, int] = {}
    *sentences, asked = re.findall(r"[^.?]+[.?]", text.removesuffix("Answer with only the number."))
    match = re.search(r"How many (\w+) do(?:es)? (\w+)(?: and (\w+))? have", asked)
    assert match is not None
    for sentence in sentences:
        for pattern, change in _EVENTS:
            if found := re.fullmatch(pattern.replace("GOODS", match[1]), sentence.strip()):
                have.update(change(have, found.groups()))
                break
        else:
            pytest.fail(sentence)
        assert all(count > 0 for count in have.values()), text
    return sum(have[name] for name in match.groups()[1:] if name)


def test_word_problems_come_out_as_their_sentences_tell() -> None:
    for sample in samples(WORD_PROBLEM):
        assert _told(sample.prompt) == int(sample.answer), sample.prompt


_CLUES: tuple[tuple[str, Callable[[int, int, int], bool]], ...] = (
    (r"(?P<one>\w+) is (?:tall|old|fast|heavi|rich|strong)er than (?P<two>\w+)\.", lambda one, two, _: one < two),
    (r"(?P<one>\w+) is (?:short|young|slow|light|poor|weak)er than (?P<two>\w+)\.", lambda one, two, _: one > two),
    (r"(?P<one>\w+) is somewhere in front of (?P<two>\w+)\.", lambda one, two, _: one < two),
    (r"(?P<one>\w+) is directly in front of (?P<two>\w+)\.", lambda one, two, _: one + 1 == two),
    (r"(?P<one>\w+) is not next to (?P<two>\w+)\.", lambda one, two, _: abs(one - two) > 1),
    (
        r"Exactly (?P<number>\w+) (?:person is|people are) between (?P<one>\w+) and (?P<two>\w+)\.",
        lambda one, two, number: abs(one - two) - 1 == number,
    ),
)


def _clue(sentence: str) -> Callable[[dict[str, int]], bool]:
    """Return the test of one sentence on places counted from the front, or from the end with the most of something."""
    for pattern, holds in _CLUES:
        if found := re.fullmatch(pattern, sentence):
            named = found.groupdict()
            number = NUMBERS[named.get("number", "zero")]
            return lambda place: holds(place[named["one"]], place[named["two"]], number)
    raise ValueError(sentence)


def _place_asked(question: str, people: int) -> int:
    ordinal = re.search(r"second|third|fourth|fifth|sixth|seventh", question)
    place = 0 if ordinal is None else ORDINALS.index(ordinal[0])
    least = re.search(r"shortest|youngest|slowest|lightest|poorest|weakest", question)
    return people - 1 - place if least else place


def test_an_order_is_the_only_one_that_its_clues_allow() -> None:
    for sample in samples(ORDERING):
        key = sample.draft.key
        assert isinstance(key, ChoiceKey)
        *clues, asked = re.findall(r"[^.?]+[.?]", sample.prompt.removesuffix("Answer with only the name."))
        tests = [_clue(clue.strip()) for clue in clues if "stand in a queue" not in clue]
        places = [dict(zip(order, range(8), strict=False)) for order in itertools.permutations(key.options)]
        for test in tests:
            places = [place for place in places if test(place)]
        assert len(places) == 1, sample.prompt
        asked_place = _place_asked(asked, len(key.options))
        assert places[0][key.answer] == asked_place, sample.prompt


def test_the_calendar_agrees_with_datetime_on_every_day_of_a_cycle() -> None:
    start = datetime.date(1999, 1, 1).toordinal()
    for number in range(start, start + 146097, 7):
        date, day = datetime.date.fromordinal(number), Day.of(number)
        assert (day.year, day.month, day.day, day.weekday, day.number) == (
            date.year, date.month, date.day, date.weekday(), number,
        )  # fmt: skip


def _date(text: str) -> datetime.date:
    day, month, year = text.split()
    return datetime.date(int(year), MONTHS.index(month) + 1, int(day))


def _moved(date: datetime.date, step: str) -> datetime.date:
    one_day = datetime.timedelta(days=1)
    if found := re.match(r"(\d+) days (later|earlier)", step):
        return date + int(found[1]) * one_day * (1 if found[2] == "later" else -1)
    if found := re.match(r"to the next (\w+) after", step):
        date += one_day
        while date.strftime("%w") != str((WEEKDAYS.index(found[1]) + 1) % 7):
            date += one_day
        return date
    if found := re.match(r"(\d+) working days later", step):
        for _ in range(int(found[1])):
            date += one_day
            while date.isoweekday() > 5:
                date += one_day
        return date
    following = (date.replace(day=1) + 31 * one_day).replace(day=1)
    if step.startswith("to the last day"):
        return (following + 31 * one_day).replace(day=1) - one_day
    found = re.match(r"to the (\w+) (\w+) of the following month", step)
    assert found is not None, step
    days = [following + n * one_day for n in range(28) if WEEKDAYS[(following + n * one_day).weekday()] == found[2]]
    return days[ORDINALS.index(found[1])]


def _calendar_answer(prompt: str) -> str:
    dates = [_date(found) for found in re.findall(rf"\d+ (?:{'|'.join(MONTHS)}) \d+", prompt)]
    one_day = datetime.timedelta(days=1)
    if found := re.match(r"(?:Today|It) is (\w+)\..*? (\d+) days?( ago)?", prompt):
        days = int(found[2]) * (-1 if found[3] else 1)
        return WEEKDAYS[(WEEKDAYS.index(found[1]) + days) % 7]
    if found := re.search(r"\d is a (\w+)\. Which day of the week is", prompt):
        assert WEEKDAYS[dates[0].weekday()] == found[1]
        return WEEKDAYS[dates[1].weekday()]
    if prompt.startswith("How many days"):
        return str((dates[1] - dates[0]).days)
    if found := re.match(r"Which date is (\d+) days (before|after)", prompt):
        return (dates[0] + int(found[1]) * one_day * (1 if found[2] == "after" else -1)).isoformat()
    found = re.search(r"planned for (\w+),", prompt)
    assert found is not None, prompt
    assert WEEKDAYS[dates[0].weekday()] == found[1]
    date = dates[0]
    for step in re.findall(r" \d\. (.*?)[;.]", prompt):
        date = _moved(date, step)
    return date.isoformat()


def test_calendar_answers_are_those_of_datetime() -> None:
    for sample in samples(CALENDAR):
        assert _calendar_answer(sample.prompt) == sample.answer, sample.prompt


def _says(said: str, knights: set[str], people: Sequence[str]) -> bool:
    def kind(name: str, word: str) -> bool:
        return (name in knights) == (word == "knight")

    def compare(count: str, exact: bool) -> bool:
        return len(knights) == NUMBERS[count] if exact else len(knights) >= NUMBERS[count]

    assert set(people) >= knights
    if found := re.fullmatch(r"(\w+) is a (\w+)\.", said):
        return kind(found[1], found[2])
    if found := re.fullmatch(r"(\w+) and (\w+) are of (the same kind|different kinds)\.", said):
        return (len({found[1], found[2]} & knights) != 1) == (found[3] == "the same kind")
    if found := re.fullmatch(r"(\w+) is a (\w+) and (\w+) is a (\w+)\.", said):
        return kind(found[1], found[2]) and kind(found[3], found[4])
    if found := re.fullmatch(r"(\w+) is a (\w+) or (\w+) is a (\w+), or both\.", said):
        return kind(found[1], found[2]) or kind(found[3], found[4])
    if found := re.fullmatch(r"If (\w+) is a (\w+), then (\w+) is a (\w+)\.", said):
        return kind(found[3], found[4]) or not kind(found[1], found[2])
    found = re.fullmatch(r"(At least|Exactly) (\w+) of us (?:is a knight|are knights)\.", said)
    assert found is not None, said
    return compare(found[2], exact=found[1] == "Exactly")


def test_one_group_of_knights_alone_explains_what_everybody_says() -> None:
    for sample in samples(KNIGHTS_AND_KNAVES):
        statements = re.findall(r'(\w+) says: "(.*?)"', sample.prompt)
        people = [name for name, _ in statements]
        groups = [set(group) for count in range(len(people) + 1) for group in itertools.combinations(people, count)]
        right = [
            group for group in groups if all(_says(said, group, people) == (name in group) for name, said in statements)
        ]
        assert len(right) == 1, sample.prompt
        assert set(re.findall(r"[A-Z]\w+", sample.answer)) == right[0], sample.prompt
        key = sample.draft.key
        assert isinstance(key, TextKey)
        assert set(key.reject) == set(people) - right[0]


def _implied(rules: list[tuple[str, str]], given: set[str]) -> set[str] | None:
    """Return all literals that follow from the given ones by two-literal clauses; None for a contradiction."""
    known = set(given)
    while more := {after for before, after in rules if before in known} - known:
        known |= more
    return None if any(f"-{literal}" in known for literal in known) else known


def _literals(claim: str) -> tuple[str, str, str]:
    """Return the form (all or some), and two literals; "no" is all … not."""
    found = re.fullmatch(r"(All|Only|No|Some) (\w+)s are (not )?(\w+)s\.|Every (\w+) is a (\w+)\.", claim)
    assert found is not None, claim
    if found[5]:
        return "all", found[5], found[6]
    match found[1]:
        case "Only":
            return "all", found[4], found[2]
        case "No":
            return "all", found[2], f"-{found[4]}"
        case form:
            return form.lower(), found[2], f"-{found[4]}" if found[3] else found[4]


def _negated(literal: str) -> str:
    return literal.removeprefix("-") if literal.startswith("-") else f"-{literal}"


def _syllogism_answer(prompt: str) -> str:
    """Decide by unit propagation on one witness at a time: exact, for all clauses have two literals."""
    claim = re.search(r'"(.*)"', prompt)
    assert claim is not None
    premises = re.findall(r"[A-Z][^.:]*\.", prompt.partition("member.")[2].partition("Is this")[0])
    rules, witnesses, nouns = list[tuple[str, str]](), list[set[str]](), set[str]()
    for form, one, other in map(_literals, premises):
        nouns |= {one, other.removeprefix("-")}
        if form == "all":
            rules += [(one, other), (_negated(other), _negated(one))]
        else:
            witnesses.append({one, other})
    witnesses += [{noun} for noun in nouns]
    assert all(_implied(rules, witness) is not None for witness in witnesses), "the premises contradict each other"

    def entailed(form: str, one: str, other: str) -> bool:
        if form == "all":
            return _implied(rules, {one, _negated(other)}) is None
        return any(
            all(_implied(rules, witness | {_negated(part)}) is None for part in (one, other)) for witness in witnesses
        )

    form, one, other = _literals(claim[1])
    if entailed(form, one, other):
        return "true"
    return "false" if entailed("some" if form == "all" else "all", one, _negated(other)) else "unknown"


def test_syllogisms_are_decided_by_propagation_as_by_sets() -> None:
    for sample in samples(SYLLOGISM):
        assert _syllogism_answer(sample.prompt) == sample.answer, sample.prompt


def test_each_verdict_is_right_in_about_a_third_of_the_syllogisms() -> None:
    answers = [sample.answer for sample in samples(SYLLOGISM)]

    assert all(45 <= answers.count(verdict) <= 90 for verdict in ("true", "false", "unknown"))


def test_days_of_the_week_are_right_about_equally_often() -> None:
    answers = [sample.answer for sample in samples(CALENDAR) if sample.level <= 2]

    assert all(3 <= answers.count(weekday) <= 25 for weekday in WEEKDAYS)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_oracle_is_right_in_form_too_and_an_echo_is_wrong(family: Family) -> None:
    for sample in samples(family):
        right = grade(sample.draft, sample.draft.oracle)
        assert (right.score, right.strict) == (1.0, 1.0), (sample.prompt, sample.answer, right)
        for wrong in (sample.prompt, "", "I do not know.", "0"):
            assert grade(sample.draft, (Answer(content=wrong),)).score == 0.0, (sample.prompt, wrong)
