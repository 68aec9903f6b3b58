"""Each text is followed a second way, from its wording alone."""

import itertools
import re

import pytest

from item_samples import Sample, drafted, samples
from ollama_speedrun.quality.families.context import FAMILIES
from ollama_speedrun.quality.families.drafting import occurs
from ollama_speedrun.quality.grading import grade
from ollama_speedrun.quality.items import Answer, Family, TextKey

NEEDLE, VARIABLES, DIALOGUE = FAMILIES
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_two_seeds_give_the_same_messages(family: Family) -> None:
    messages = [sample.draft.messages for sample in samples(family)]

    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_level_5_is_long_and_fits_a_window_of_4096_tokens(family: Family) -> None:
    for sample in samples(family):
        if sample.level == 5:
            assert 4000 <= len(sample.prompt) + 15 * len(sample.draft.messages) <= 9000


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_an_answer_from_the_text_stands_among_others_of_its_kind(family: Family) -> None:
    for sample in samples(family):
        key = sample.draft.key
        if isinstance(key, TextKey):
            present = [other for other in key.reject if occurs(other, sample.prompt)]
            assert len(present) >= 1, sample.prompt
        elif family is VARIABLES and sample.level > 1:
            assert not occurs(sample.answer, sample.prompt)
        else:
            assert len(set(re.findall(r"\d+", sample.prompt))) >= 2


def _code_asked(prompt: str) -> str:
    *text, asked, _ = re.findall(r"[^.?;]+[.?;]", prompt)
    codes, uses, partners = dict[str, list[str]](), dict[str, str](), dict[str, str]()
    for sentence in (sentence.strip() for sentence in text):
        if found := re.fullmatch(r"The code of the (.+) (?:is|has been changed to) (\d{4})\.", sentence):
            codes.setdefault(found[1], []).append(found[2])
        elif found := re.fullmatch(r"The (.+) has got back the code that it had before .*", sentence):
            codes[found[1]].append(codes[found[1]][-2])
        elif found := re.fullmatch(r"The (.+) and the (.+) have exchanged their codes\.", sentence):
            one, other = codes[found[1]][-1], codes[found[2]][-1]
            codes[found[1]].append(other)
            codes[found[2]].append(one)
        elif found := re.fullmatch(r"(\w+) (?:now )?uses the (.+?)(?: instead)?\.", sentence):
            uses[found[1]] = found[2]
        elif found := re.fullmatch(
            r"The partner of (\w+) is (\w+)\.|(\w+) has changed partners: it is (\w+) now\.", sentence
        ):
            partners[found[1] or found[3]] = found[2] or found[4]
        else:
            assert sentence in ("A notebook;", "later entries replace earlier ones."), sentence
    found = re.search(r"What is the (?:current )?code of the (.+)\?", asked)
    assert found is not None
    if by := re.fullmatch(r"locker that (the partner of )?(\w+) uses", found[1]):
        return codes[uses[partners[by[2]] if by[1] else by[2]]][-1]
    return codes[found[1]][-1]


def test_needles_are_found_by_following_the_notebook() -> None:
    for sample in samples(NEEDLE):
        assert _code_asked(sample.prompt) == sample.answer, sample.prompt


def test_every_link_of_a_level_5_needle_was_replaced() -> None:
    for sample in samples(NEEDLE):
        if sample.level == 5:
            found = re.search(r"the partner of (\w+) uses\?", sample.prompt)
            assert found is not None
            assert f"{found[1]} has changed partners" in sample.prompt


def test_variables_end_as_python_runs_the_lines() -> None:
    for sample in samples(VARIABLES):
        text = sample.prompt.partition(".")[0].replace(", ", "\n") if sample.level == 1 else sample.prompt
        lines = re.findall(r"^[a-z_]+(?:, [a-z_]+)? = .*$", text, re.MULTILINE)
        values: dict[str, int] = {}
        exec("\n".join(lines), {"__builtins__": {}}, values)  # the lines are our own: names, numbers, + and -
        asked = re.search(r"([a-z_]+)(?: at the end)?\? Answer", sample.prompt)
        assert asked is not None
        assert sample.answer == str(values[asked[1]]), sample.prompt


class _Orders:
    """What a listener writes down who rereads the whole list after each sentence."""

    def __init__(self) -> None:
        self.history: list[dict[str, dict[str, str]]] = [{}]

    def hear(self, text: str) -> None:
        now = {name: dict(order) for name, order in self.history[-1].items()}
        if found := re.fullmatch(r"Deliver (\d+) (\w+) to (\w+) on (\w+)\.", text):
            now["them"] = {"quantity": found[1], "goods": found[2], "town": found[3], "day": found[4]}
        elif found := re.search(r"order (\d+) (\w+) for (\w+), to be delivered to (\w+) on (\w+)\.", text):
            now[found[3]] = {"quantity": found[1], "goods": found[2], "town": found[4], "day": found[5]}
        elif found := re.fullmatch(r"For (\w+), make the (\w+) the same as it is for (\w+) at this moment\.", text):
            now[found[1]][found[2]] = now[found[3]][found[2]]
        elif found := re.fullmatch(
            r"Please exchange the (\w+) of the order for (\w+) and that of the order for (\w+)\.", text
        ):
            one, other = now[found[2]], now[found[3]]
            one[found[1]], other[found[1]] = other[found[1]], one[found[1]]
        elif text == "Wait, please undo that last change.":
            now = self.history[-2]
        elif found := re.search(r"deliver (?:the order for )?(\w+) on (\w+)(?: instead)?\.", text):
            now[found[1]]["day"] = found[2]
        elif found := re.search(r"deliver (?:the order for )?(\w+) to (\w+)(?: instead)?\.", text):
            now[found[1]]["town"] = found[2]
        elif found := re.fullmatch(r"Please add (\d+) \w+ to the order for (\w+)\.", text):
            order = now[found[2]]
            order["quantity"] = str(int(order["quantity"]) + int(found[1]))
        elif found := re.fullmatch(r"Sorry, make it (\d+) (\w+)\.", text):
            (of,) = [order for order in now.values() if order["goods"] == found[2]]
            of["quantity"] = found[1]
        else:
            assert re.match(r"By the way|My sister|I hope|Did you know", text), text
        self.history.append(now)

    def answer(self, asked: str) -> str:
        found = re.search(r"(?:the order|deliver) for (\w+)\?|the order for (\w+)", asked)
        name = "them" if found is None else found[1] or found[2]
        slot = "quantity" if "How many" in asked else "day" if "which day" in asked else "town"
        return self.history[-1][name][slot]


def test_dialogues_end_as_a_listener_writes_them_down() -> None:
    for sample in samples(DIALOGUE):
        orders = _Orders()
        *talk, asked = sample.draft.messages
        for message in talk:
            if message.role == "user":
                orders.hear(message.content)
        assert orders.answer(asked.content) == sample.answer, sample.prompt


def test_acknowledgements_vary_and_say_no_value() -> None:
    for sample in samples(DIALOGUE):
        replies = [message.content for message in sample.draft.messages if message.role == "assistant"]
        assert all(one != other for one, other in itertools.pairwise(replies))
        assert not any(re.search(r"\d", reply) or any(day in reply for day in WEEKDAYS) for reply in replies)


def test_users_and_assistant_take_turns() -> None:
    for sample in samples(DIALOGUE):
        roles = [message.role for message in sample.draft.messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


def test_the_same_seed_gives_the_same_dialogue() -> None:
    assert drafted(DIALOGUE, 5, 3) == drafted(DIALOGUE, 5, 3)


def test_answers_are_not_the_last_value_that_the_text_names() -> None:
    """Who repeats the last value of a needle's text is never right from level 3 on."""

    def last(sample: Sample) -> str:
        return str(re.findall(r"\d{4}", sample.prompt)[-1])

    hard = [sample for sample in samples(NEEDLE) if sample.level >= 3]
    assert not [sample for sample in hard if last(sample) == sample.answer]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_oracle_is_right_in_form_too_and_an_echo_is_wrong(family: Family) -> None:
    for sample in samples(family):
        right = grade(sample.draft, sample.draft.oracle)
        assert (right.score, right.strict) == (1.0, 1.0), (sample.prompt, sample.answer, right)
        for wrong in (sample.prompt, "", "I do not know.", "0"):
            assert grade(sample.draft, (Answer(content=wrong),)).score == 0.0, (sample.prompt, wrong)
