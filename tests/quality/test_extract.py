import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality import extract
from ollama_speedrun.quality.items import Answer


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("42", "42"),
        ("<think>17 + 25</think>42", "42"),
        ("<think>\n17 + 25\n</think>\n\n42\n", "42"),
        ("  \n<think></think>\n42", "42"),
        ("<thinking>hm</thinking>42", "42"),
        ("<THINK>hm</Think>42", "42"),
        ("<thought>hm</thought> 42", "42"),
        ("[THINK]hm[/THINK]42", "42"),
        ("◁think▷hm◁/think▷42", "42"),
        ("<seed:think>hm</seed:think>42", "42"),
        ("<think>one</think><think>two</think>42", "42"),
        ("the template opened it, so 17 + 25</think>\n42", "42"),
        ("<think>a <think> b</think> c</think>42", "42"),
        ("<think>hm</think>42</think>", "42"),
        ("<|channel|>analysis<|message|>17 + 25<|end|><|start|>assistant<|channel|>final<|message|>42<|return|>", "42"),
        ("<|channel|>final<|message|>42", "42"),
        ("<|start|>assistant<|channel|>final <|constrain|>json<|message|>{}", "{}"),
        ("analysisWe add 17 and 25.assistantfinal42", "42"),
        ("<|channel>thought\nhm<channel|>42", "42"),
        ("42<|im_end|>\n<|im_start|>user\nWhat is 1 + 1?", "42"),
        ("42<|eot_id|>", "42"),
        ("42</s>", "42"),
        ("42<end_of_turn>", "42"),
        ("<|im_start|>assistant\n42", "42"),
        ("\u200b42\u200f\ufeff", "42"),
        ("\x1b[31m42", "[31m42"),
        ("4\x002", "42"),
        ("Thinking is <think> hard", "Thinking is <think> hard"),
    ],
)
def test_thinking_and_control_tokens_are_no_part_of_the_answer(content: str, text: str) -> None:
    assert extract.content_of(Answer(content=content)) == extract.Content(text, truncated=False)


@pytest.mark.parametrize(
    ("answer", "truncated"),
    [
        (Answer(content="<think>17 + 25 is"), True),
        (Answer(content="<think>17 + 25 is 42", done_reason="length"), True),
        (Answer(content="", thinking="17 + 25", done_reason="length"), True),
        (Answer(content=" \n", done_reason="length"), True),
        (Answer(content="<think>a</think>", done_reason="length"), True),
        (Answer(content="<|channel|>analysis<|message|>17 + 25"), True),
        (Answer(content="", done_reason="stop"), False),
        (Answer(content="42", done_reason="length"), False),
        (Answer(content="<think>a</think>"), False),
    ],
)
def test_unclosed_thinking_and_an_empty_answer_at_the_limit_are_truncated(answer: Answer, truncated: bool) -> None:
    assert extract.content_of(answer).truncated == truncated


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("**bold** and __bold__", "bold and bold"),
        ("*it* and _it_", "it and it"),
        ("snake_case_name", "snake_case_name"),
        ("6*7 = 42", "6*7 = 42"),
        ("6 * 7", "6 * 7"),
        ("# Title\ntext", "Title\ntext"),
        ("- one\n- two", "one\ntwo"),
        ("> quoted", "quoted"),
        ("[text](https://example.org/a)", "text"),
        ("```python\nx\n```", "x"),
        ("`x`", "x"),
        ("$x$", "x"),
        ("\\(\\frac{3}{4}\\)", "3/4"),
        ("\\boxed{\\text{Paris}}", "Paris"),
        ("<b>x</b><br/>y", "x\ny"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_markup_is_removed_and_the_rest_kept(text: str, plain: str) -> None:
    assert extract.plain(text) == plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\\boxed{42} and Answer: 41", ("42", "41")),
        ("Answer: 41\nAnswer: 42", ("42", "41")),
        ("**Final answer:** 42", ("42",)),
        ("The answer is\n42", ("42",)),
        ("<answer>42</answer>", ("42",)),
        ("#### 42", ("42",)),
        ("Réponse : 42", ("42",)),
        ("答案：42", ("42",)),
        ("答えは42です", ("42です",)),
        ("Answers are hard", ()),
        ("I cannot answer", ()),
        ("answer:", ()),
    ],
)
def test_marked_answers_are_found_with_the_most_trusted_first(text: str, found: tuple[str, ...]) -> None:
    assert extract.explicit_answers(text) == found


def test_what_is_shown_is_one_bounded_line_without_control_characters() -> None:
    assert extract.shown("a\x1b[31m\n\tb\u202e" + "c" * 500) == "a[31m b" + "c" * 192 + "…"


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("", False),
        ("42", False),
        ("ha ha ha", False),
        ("[0, 0, 0, 0, 0, 0]", False),
        ("The cat sat on the mat. " * 5, True),
        ("So it goes: " + "and then the next one, " * 10, True),
        ("no " * 40, True),
        ("x" * 200, True),
        ("A line of text\n" * 6, True),
        ("-" * 200, False),
        (
            "A normal answer of several sentences. It says one thing after another and does not say it twice. " * 1,
            False,
        ),
        ("one two three four five six seven eight nine ten " * 2, False),
        ("The cat sat on the mat. " * 6 + "Then it left.", False),
        ("A sentence of middling length, that goes on for a while, and is said more than once. " * 5, True),
    ],
)
def test_an_answer_that_ends_in_a_loop_is_recognised(text: str, loops: bool) -> None:
    assert extract.ends_in_loop(text) == loops


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    folded = extract.fold(text)

    assert extract.fold(folded) == folded


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_has_the_same_words_beside_other_scripts(text: str) -> None:
    assert (*extract.words(text), "\u4e2d") == extract.words(f"{text} \u4e2d")


@given(st.text(), st.text())
def test_words_are_never_empty_and_hold_no_blanks(one: str, other: str) -> None:
    found = extract.words(f"{one} {other}")

    assert all(word and not any(char.isspace() for char in word) for word in found)
    assert (
        found == extract.words(one) + extract.words(other)
        or "," in one + other
        or not (one.isascii() and other.isascii())
    )


@pytest.mark.parametrize(
    "unit",
    [
        *("*", "_", "`", "```\n", "$", "\\", "\\frac{", "\\boxed{", "[", "[a](", "<think>", "</think>", "<", "#", "- "),
        *(
            "> ",
            "answer is ",
            "answer:\n",
            "= ",
            "1",
            "1,",
            "1 ",
            "1.",
            "1/",
            "-",
            "\n",
            " ",
            "é",
            "\u0301",
            "ⷠ",
            "a\u0300",
        ),
        *("٣", "{", '{"a":', "<|channel|>analysis", "<|channel|>final<|message|>", "analysis", "one ", "no ", "not "),
        *("<br>", "a*", "1*", "_a", "x=1 is "),
    ],
)
def test_hostile_repetition_takes_moderate_time(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    started = time.process_time()
    content = extract.content_of(Answer(content=text)).text
    extract.plain(content)
    extract.explicit_answers(content)
    extract.words(content)
    extract.fenced(content)
    extract.ends_in_loop(content)

    assert time.process_time() - started < 5.0  # some 0.1 s; a quadratic step would take a minute
