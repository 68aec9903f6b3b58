import pytest

from ollama_speedrun.quality.graders.exact import grade_exact
from ollama_speedrun.quality.items import ExactKey


@pytest.mark.parametrize(
    ("wanted", "text", "score", "strict"),
    [
        ("[1, 2]", "[1, 2]", 1, 1),
        ("[1, 2]", "  [1, 2]\n", 1, 1),
        ("[1, 2]", "[1, 2].", 1, 0),
        ("[1, 2]", "`[1, 2]`", 1, 0),
        ("[1, 2]", "```\n[1, 2]\n```", 1, 0),
        ("[1, 2]", "```python\n[1, 2]\n```", 1, 0),
        ("[1, 2]", "```\n[1, 2]", 1, 0),
        ("[1, 2]", '"[1, 2]"', 1, 0),
        ("[1, 2]", "The output is `[1, 2]`.", 1, 0),
        ("[1, 2]", "Output: [1, 2]", 1, 0),
        ("[1, 2]", "The program prints [1, 2].", 1, 0),
        ("[1, 2]", "The output is:\n```\n[1, 2]\n```", 1, 0),
        ("[1, 2]", "The code is\n```python\nprint([1, 2])\n```\nand prints\n```\n[1, 2]\n```", 1, 0),
        ("[1, 2]", "**[1, 2]**", 1, 0),
        ("[1, 2]", "**Output:** [1, 2]", 1, 0),
        ("[1, 2]", "`print(x)` prints `[1, 2]`", 1, 0),
        ("[1, 2]", "The output of the program is: [1, 2].", 1, 0),
        ("a b", "a b", 1, 1),
        ("ab", "'ab'", 1, 0),
        ("ab", "“ab”", 1, 0),
        ("'ab'", "'ab'", 1, 1),
        ("5.", "5", 1, 0),
        ("one\ntwo", "one\ntwo", 1, 1),
        ("one\ntwo", "one  \ntwo", 1, 1),
        ("one\ntwo", "```\none\ntwo\n```", 1, 0),
        ("one\ntwo", "It prints:\none\ntwo", 1, 0),
        ("[1, 2]", "", 0, 0),
        ("[1, 2]", "[1,2]", 0, 0),
        ("[1, 2]", "[1, 2, 3]", 0, 0),
        ("[1, 2]", "[[1, 2]]", 0, 0),
        ("[1, 2]", "1, 2", 0, 0),
        ("[1, 2]", "[1, 2] or [2, 1]", 0, 0),
        ("[1, 2]", "It is `[1, 2]` or `[2, 1]`", 0, 0),
        ("[1, 2]", "```\n[1, 2]\n```\nor\n```\n[2, 1]\n```", 0, 0),
        ("[1, 2]", "The output is [2, 1]", 0, 0),
        ("ab", "AB", 0, 0),
        ("ab", "xaby", 0, 0),
        ("one\ntwo", "one two", 0, 0),
        ("one\ntwo", "two\none", 0, 0),
    ],
)
def test_the_text_must_be_equal_apart_from_what_stands_around_it(
    wanted: str, text: str, score: float, strict: float
) -> None:
    grade = grade_exact(ExactKey(wanted), text)

    assert (grade.score, grade.strict) == (score, strict)
