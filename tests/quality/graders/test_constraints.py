"""Each rule against texts that hold and that do not; whole answers as models wrap them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.graders.constraints import (
    RULES,
    check,
    grade_constraints,
    items,
    problem,
    sentences,
    unwrap,
    words,
)
from ollama_speedrun.quality.items import Constraint, ConstraintsKey


def rule(kind: str, *of: str, low: int | None = None, high: int | None = None, text: str = "") -> Constraint:
    return Constraint(kind=kind, words=of, low=low, high=high, text=text)


PROMPT = "Write one sentence of 8 to 14 words that contains the words river and lamp."

HOLDS = [
    (rule("include-words", "river", "lamp"), "A LAMP by the river."),
    (rule("include-words", "Ada Lind"), "It was Ada Lind's idea."),
    (rule("include-words", "river"), "The river-bank is steep."),
    (rule("exclude-words", "good"), "Goodness, what a day."),
    (rule("word-count", low=3, high=3), "well-known, isn't it"),
    (rule("word-count", low=3, high=3), "यह एक नदी"),
    (rule("line-count", low=2, high=2), "one\n\ntwo\n"),
    (rule("line-words", low=2, high=3), "one two\nthree four five"),
    (rule("sentence-count", low=2, high=2), "Is it late? It is 3.5 km."),
    (rule("acrostic", text="CAT"), "Clouds pass\n\n“Always,” she said\nthen rain"),
    (rule("item-count", low=3, high=3), "fig, pear and plum."),
    (rule("item-count", low=3, high=3), "fig, pear, and plum."),
    (rule("item-count", low=2, high=2), "salt and pepper\nbread and butter"),
    (rule("item-words", low=1, high=1), "fig\npear"),
    (rule("item-letters", low=3, high=4), "fig, pear"),
    (rule("initials", text="B"), "bear, Badger, bison"),
    (rule("sorted"), "Ant\nbee\nCow"),
    (rule("distinct-items"), "ant, bee"),
    (rule("distinct-words", low=50), "la la land land"),
    (rule("not-copied", text=PROMPT, high=50), "By the river an old lamp burned all night."),
    (rule("no-new-numbers", text="It sold 1,200 units in seven shops."), "1200 units, 7 shops"),
    (rule("no-letter", text="e"), "A dog ran past our barn."),
    (rule("no-digits"), "three"),
    (rule("starts-with", text="Last night"), "last night, it rained"),
    (rule("ends-with", text="the end"), "This is the End."),
    (rule("all-lowercase"), "it rains 3 times."),
    (rule("all-capitals"), "IT RAINS!"),
]

BROKEN = [
    (rule("include-words", "river", "lamp"), "A lamplight by the river.", "'lamp' is missing"),
    (rule("include-words", "Ada Lind"), "Ada met Lind.", "'Ada Lind' is missing"),
    (rule("include-words", "river"), "The rivers run.", "'river' is missing"),
    (rule("exclude-words", "good"), "A good day.", "'good' is not allowed"),
    (rule("word-count", low=3, high=5), "one two", "2 words instead of 3 to 5"),
    (rule("word-count", high=1), "one two", "2 words instead of at most 1"),
    (rule("line-count", low=2, high=2), "one", "1 lines instead of 2"),
    (rule("line-words", low=2), "one two\nthree", "'three' has 1 words instead of at least 2"),
    (rule("sentence-count", low=1, high=1), "It rains. It pours!", "2 sentences instead of 1"),
    (rule("acrostic", text="CAT"), "Clouds\nAll\nOver", "the first letters are 'CAO'"),
    (rule("acrostic", text="CAT"), "CAT", "the first letters are 'C'"),
    (rule("item-count", low=3, high=3), "fig, pear", "2 items instead of 3"),
    (rule("item-words", low=1, high=1), "a fig\npear", "'a fig' has 2 words instead of 1"),
    (rule("item-letters", low=4, high=4), "fig, pear", "'fig' has 3 letters instead of 4"),
    (rule("initials", text="B"), "bear, otter", "'otter' does not start with B"),
    (rule("sorted"), "bee\nant", "'ant' stands after 'bee'"),
    (rule("distinct-items"), "ant, Ant", "'ant' occurs twice"),
    (rule("distinct-words", low=50), "la la la land land", "only 40 % of the words are distinct"),
    (rule("not-copied", text=PROMPT, high=50), PROMPT, "100 % of the text is copied"),
    (
        rule("no-new-numbers", text="It sold 1,200 units."),
        "1200 units in nine shops",
        "the number 9 is not in the source",
    ),
    (rule("no-letter", text="e"), "A café in town.", "the letter e occurs in 'café'"),
    (rule("no-digits"), "3 days", "there is a digit"),
    (rule("starts-with", text="Last night"), "It was last night", "does not start with 'Last night'"),
    (rule("ends-with", text="the end"), "The end is near", "does not end with 'the end'"),
    (rule("all-lowercase"), "it Rains", "'Rains' has a capital letter"),
    (rule("all-capitals"), "IT rains", "'rains' has a small letter"),
    (rule("rhyme"), "a text", "there is no rule 'rhyme'"),
]

SENTENCE = ConstraintsKey(
    constraints=(
        rule("include-words", "river", "lamp"),
        rule("word-count", low=8, high=14),
        rule("sentence-count", low=1, high=1),
        rule("distinct-words", low=50),
        rule("not-copied", text=PROMPT, high=50),
    )
)
LIST = ConstraintsKey(
    constraints=(
        rule("item-count", low=3, high=3),
        rule("item-words", low=1, high=1),
        rule("initials", text="B"),
        rule("sorted"),
        rule("distinct-items"),
    )
)
GOOD = "By the river an old lamp burned all night."

RIGHT = [  # an answer, and what `strict` says of it
    (SENTENCE, GOOD, 1.0),
    (SENTENCE, f'"{GOOD}"', 0.0),
    (SENTENCE, f"**{GOOD}**", 0.0),
    (SENTENCE, f"Here is a sentence: {GOOD}", 0.0),
    (SENTENCE, f"Sure! Here's the sentence:\n\n{GOOD}", 0.0),
    (SENTENCE, f"Certainly!\n{GOOD}", 0.0),
    (SENTENCE, f"```text\n{GOOD}\n```", 0.0),
    (SENTENCE, f"{GOOD}\n\n(Word count: 9)", 0.0),
    (SENTENCE, f"{GOOD}\n\nNote: both words occur, and the length is right.", 0.0),
    (SENTENCE, f"{GOOD} (9 words)", 0.0),
    (LIST, "badger\nbear\nbison", 1.0),
    (LIST, "badger, bear, bison", 1.0),
    (LIST, "1. Badger\n2. Bear\n3. Bison", 0.0),
    (LIST, "- badger\n- bear\n- bison", 0.0),
    (LIST, "Here are three animals:\n\n* **badger**\n* **bear**\n* **bison**\n\nLet me know if you need more!", 0.0),
    (LIST, "```\nbadger\nbear\nbison\n```", 0.0),
]
WRONG = [
    (SENTENCE, ""),
    (SENTENCE, "   \n***\n"),
    (SENTENCE, "lamp river"),
    (SENTENCE, "river lamp river lamp river lamp river lamp river lamp"),
    (SENTENCE, PROMPT),
    (SENTENCE, "By the river it was dark. A lamp burned all night long."),
    (SENTENCE, "By the river an old lantern burned all night."),
    (SENTENCE, f"Here is a sentence: {GOOD} It was a quiet place, and nobody came to see it."),
    (LIST, "badger\nbear"),
    (LIST, "bear\nbadger\nbison"),
    (LIST, "badger\nbear\nbear"),
    (LIST, "badger\nbear\notter"),
    (LIST, "a badger\na bear\na bison"),
    (LIST, "```\n```"),
    (LIST, "Here are three animals:"),
]


@pytest.mark.parametrize(("constraint", "text"), HOLDS)
def test_a_rule_holds(constraint: Constraint, text: str) -> None:
    assert check(constraint, text) is None


@pytest.mark.parametrize(("constraint", "text", "why"), BROKEN)
def test_a_broken_rule_says_why(constraint: Constraint, text: str, why: str) -> None:
    assert check(constraint, text) == why


def test_the_tables_cover_every_rule() -> None:
    assert {constraint.kind for constraint, _ in HOLDS} == set(RULES)
    assert {constraint.kind for constraint, _, _ in BROKEN} == {*RULES, "rhyme"}


@pytest.mark.parametrize(("key", "text", "strict"), RIGHT)
def test_a_right_answer_counts_however_it_is_wrapped(key: ConstraintsKey, text: str, strict: float) -> None:
    grade = grade_constraints(key, text)
    assert (grade.score, grade.strict, grade.why) == (1.0, strict, "every rule holds")


@pytest.mark.parametrize(("key", "text"), WRONG)
def test_a_wrong_answer_does_not_count(key: ConstraintsKey, text: str) -> None:
    grade = grade_constraints(key, text)
    assert (grade.score, grade.strict) == (0.0, 0.0)
    assert grade.why != "every rule holds"


def test_the_parts_of_a_text() -> None:
    assert words("It\u2019s a well-known fact_of 3,5 km") == ["it's", "a", "well-known", "fact", "of", "3", "5", "km"]
    assert items("fig; pear; salt and pepper") == ["fig", "pear", "salt", "pepper"]
    assert items("fig") == ["fig"]
    assert sentences('"Stop!" he cried... Then nothing. ') == ['"Stop', " he cried", " Then nothing"]
    assert unwrap("Answer:\n> ### *a b*\n") == "a b"


@pytest.mark.parametrize(
    ("constraint", "says"),
    [
        (rule("include-words", "river"), None),
        (rule("sorted"), None),
        (rule("include-words", " "), "include-words needs words"),
        (rule("acrostic"), "acrostic needs text"),
        (rule("word-count"), "word-count needs low or high"),
        (rule("not-copied", text="a"), "not-copied needs high"),
        (rule("word-count", low=3, high=2), "word-count: low 3 is above high 2"),
    ],
)
def test_a_rule_without_its_operands_is_reported(constraint: Constraint, says: str | None) -> None:
    assert problem(constraint) == says


def test_an_unknown_rule_is_reported_with_the_known_ones() -> None:
    assert (problem(rule("rhyme")) or "").startswith("there is no rule 'rhyme'; the rules are include-words, ")


EVERY_RULE = ConstraintsKey(constraints=tuple(rule(kind, "river", low=2, high=5, text="e river") for kind in RULES))
PIECES = st.sampled_from(
    [
        "river",
        "```",
        "\n",
        "**",
        "* ",
        "1. ",
        "Here is:",
        "(9 words)",
        '"',
        ".",
        "…",
        " ",
        "\u0300",
        "\u2028",
        "\ufdfa",
        "नदी",
        "\x00",
    ]
)


@given(st.text() | st.lists(PIECES, max_size=40).map("".join))
def test_no_text_makes_a_rule_raise(text: str) -> None:
    assert grade_constraints(EVERY_RULE, text).score in (0.0, 1.0)
    for constraint in EVERY_RULE.constraints:
        assert check(constraint, text) != ""


@pytest.mark.parametrize(
    "piece",
    [
        "*",
        "**a",
        "`a ",
        " ",
        "\n",
        "\n ",
        ".",
        '."',
        ",",
        " and",
        "(",
        "( ",
        "```\n",
        "a",
        "a-",
        "\n\nNote\n",
        "(1",
        "\ufdfa",
        "1,",
    ],
)
def test_a_hostile_text_costs_little_time(piece: str) -> None:
    text = "x" + piece * 100_000 + "y"
    begun = time.process_time()
    grade_constraints(EVERY_RULE, text)
    assert time.process_time() - begun < 10  # seconds; a quadratic rule would take minutes
