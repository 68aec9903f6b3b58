"""The oracle's texts against a second reading of the prompts, which counts with plain string methods."""

import re

import pytest

from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.families import writing
from ollama_speedrun.quality.families.vocabulary import NOUNS
from ollama_speedrun.quality.graders.constraints import grade_constraints, problem
from ollama_speedrun.quality.items import LEVELS, ConstraintsKey, Draft, Family

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
SEEDS = range(40)


def drafts(family: Family) -> list[Draft]:
    return [
        family.generate(Draw(f"test/{family.name}/{level}/{seed}"), level, False) for level in LEVELS for seed in SEEDS
    ]


def ask(draft: Draft) -> tuple[str, str]:
    return draft.messages[-1].content, draft.oracle[0].content


def grade(draft: Draft, text: str) -> tuple[float, float]:
    assert isinstance(draft.key, ConstraintsKey)
    result = grade_constraints(draft.key, text)
    return result.score, result.strict


def tokens(text: str) -> list[str]:
    return [word.strip(".").lower() for word in text.split()]


def obeys_length(prompt: str, words: list[str]) -> bool:
    found = re.search(r"(?:(\d+) to (\d+)|exactly (\d+)) words", prompt)
    assert found is not None
    low, high = (found[3], found[3]) if found[3] else (found[1], found[2])
    return int(low) <= len(words) <= int(high)


def named(prompt: str, pattern: str) -> set[str]:
    found = re.search(pattern, prompt)
    return set(re.split(r", | and ", found[1])) if found else set()


@pytest.mark.parametrize("family", writing.FAMILIES, ids=lambda family: family.name)
def test_the_oracle_is_right_and_what_does_not_answer_is_wrong(family: Family) -> None:
    for draft in drafts(family):
        prompt, oracle = ask(draft)
        assert grade(draft, oracle) == (1.0, 1.0), (prompt, oracle)
        for wrong in ("", "I cannot do that.", prompt, oracle + " " + oracle, " ".join(oracle.split()[:2])):
            assert grade(draft, wrong) == (0.0, 0.0), (prompt, wrong)


@pytest.mark.parametrize("family", writing.FAMILIES, ids=lambda family: family.name)
def test_the_answer_to_one_item_is_hardly_ever_right_for_the_next(family: Family) -> None:
    every = drafts(family)
    hits = [grade(one, ask(other)[1])[0] for one, other in zip(every, [*every[1:], every[0]], strict=True)]
    assert sum(hits) <= 0.04 * len(every)  # level 1 hides one of 20 words of three letters


@pytest.mark.parametrize("family", writing.FAMILIES, ids=lambda family: family.name)
def test_the_rules_are_whole_and_the_answer_fits(family: Family) -> None:
    for draft in drafts(family):
        assert isinstance(draft.key, ConstraintsKey)
        assert [problem(rule) for rule in draft.key.constraints] == [None] * len(draft.key.constraints)
        assert len(draft.oracle[0].content) / 3 < draft.max_tokens  # a token has more than three letters on average


@pytest.mark.parametrize("family", writing.FAMILIES, ids=lambda family: family.name)
def test_level_one_has_a_thousand_items(family: Family) -> None:
    prompts = {family.generate(Draw(f"many/{seed}"), 1, False).messages for seed in range(1500)}
    assert len(prompts) >= 1000


def test_sentences_hold_the_words_of_their_prompt() -> None:
    for draft in drafts(writing.INCLUDE):
        prompt, oracle = ask(draft)
        words = tokens(oracle)
        assert named(prompt, r"[Uu]se the words? ([a-z, ]+?)(?: in |\. )") <= set(words)
        assert obeys_length(prompt, words)
        assert oracle.count(".") == (2 if "two sentences" in prompt else 1)
        if last := re.search(r"last word must be (\w+)", prompt):
            assert words[-1] == last[1]


def test_acrostics_spell_the_word_of_their_prompt() -> None:
    for draft in drafts(writing.ACROSTIC):
        prompt, oracle = ask(draft)
        rows = oracle.split("\n")
        spelled = re.search(r"\b[A-Z]{3,}\b", prompt)
        number = re.search(r"\b(\w+) lines", prompt)
        assert spelled is not None
        assert number is not None
        assert "".join(row[0] for row in rows) == spelled[0]
        assert len(rows) == NUMBERS[number[1]]
        assert all(obeys_length(prompt, row.split()) for row in rows)
        assert named(prompt, r"Use the word (\w+)\.") <= set(tokens(oracle))
        assert not named(prompt, r"Do not use the words (the, a) or and") & set(tokens(oracle))


def test_lists_are_what_their_prompt_asks_for() -> None:
    for draft in drafts(writing.LIST):
        prompt, oracle = ask(draft)
        rows = oracle.split("\n")
        number = re.search(r"list of (\w+) different", prompt)
        assert number is not None
        assert len(rows) == len(set(rows)) == NUMBERS[number[1]]
        assert named(prompt, r"One of them must be (\w+)") <= set(rows)
        assert "alphabetical" not in prompt or rows == sorted(rows)
        if initial := re.search(r"start with (\w)(?: or (\w))?", prompt):
            assert {row[0] for row in rows} <= {letter.lower() for letter in initial.groups() if letter}
        if exactly := re.search(r"exactly (\w+) letters and without the letter (\w)", prompt):
            assert {len(row) for row in rows} == {NUMBERS[exactly[1]]}
            assert exactly[2] not in oracle
        if most := re.search(r"each of (\w+) letters or more", prompt):
            assert min(map(len, rows)) >= NUMBERS[most[1]]


def test_lipograms_lack_the_letters_of_their_prompt() -> None:
    for draft in drafts(writing.LIPOGRAM):
        prompt, oracle = ask(draft)
        letters = re.search(r"the letters? (\w)(?: and (\w))?\b", prompt)
        assert letters is not None
        assert not {letter for letter in letters.groups() if letter} & set(oracle.lower())
        assert named(prompt, r"(?:use|has) the words? ([a-z, ]+?)(?: in it)?\. ") <= set(tokens(oracle))
        assert obeys_length(prompt, tokens(oracle))
        assert "small letters" not in prompt or oracle == oracle.lower()


def test_a_sentence_has_the_length_asked_for_and_says_when_there_is_none() -> None:
    for length in range(5, 25):
        assert len(writing.sentence(Draw("a"), NOUNS[:2], length)) == length
    with pytest.raises(ValueError, match="no sentence of 7 words has 3 noun phrases"):
        writing.sentence(Draw("a"), NOUNS[:3], 7)
