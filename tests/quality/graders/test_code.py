from collections.abc import Iterator

import pytest

from ollama_speedrun.quality import sandbox
from ollama_speedrun.quality.graders.code import code_in, grade_function, grade_regex, pattern_in
from ollama_speedrun.quality.items import FunctionKey, RegexKey

needs_sandbox = pytest.mark.skipif(not sandbox.available(), reason="the extra `code` (pydantic-monty) is not installed")

KEY = FunctionKey("double", (("[2]", "4"), ("[-1]", "-2"), ("[0]", "0")))
CODE = "def double(x):\n    return x * 2"


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Sandbox]:
    with sandbox.Sandbox() as opened:
        yield opened


@needs_sandbox
@pytest.mark.parametrize(
    ("text", "strict"),
    [
        (CODE, 1),
        (f"```python\n{CODE}\n```", 1),
        (f"```py\n{CODE}", 1),
        (f"```\n{CODE}\n```", 1),
        ("def double(x: int) -> int:\n    return x + x", 1),
        ("import math\n\ndef helper(x):\n    return x\n\ndef double(x):\n    return helper(x) * 2", 1),
        (f"    {CODE}".replace("\n", "\n    ").join(["```\n", "\n```"]), 1),
        (f"Sure! Here is the function:\n\n```python\n{CODE}\n```\n\nIt multiplies by two.", 0),
        (f"Here is the function:\n\n{CODE}\n\nIt multiplies by two.", 0),
        (f"```python\n{CODE}\n\nprint(double(2))\nassert double(1) == 3\n```", 1),
        (f"```python\n{CODE}\n```\nExample:\n```python\nprint(double(2))\n```", 0),
        (f"Wrong:\n```python\ndef double(x):\n    return x\n```\nRight:\n```python\n{CODE}\n```", 0),
        ("class A:\n    def go(self, x):\n        return 2 * x\n\ndef double(x):\n    return A().go(x)", 1),
        ("def double(x):\n    return 2.0 * x", 1),
    ],
)
def test_a_function_that_returns_the_right_values_is_right(box: sandbox.Sandbox, text: str, strict: float) -> None:
    grade = grade_function(KEY, text, box)

    assert (grade.score, grade.strict, grade.status) == (1.0, strict, "graded"), grade.why


@needs_sandbox
@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot write code.",
        "def triple(x):\n    return x * 3",
        "def double(x):\n    return x * 3",
        "def double(x):\n    return 4",
        "def double(x):\n    return str(x * 2)",
        "def double(x):\n    print(x * 2)",
        "def double(x):\n    return [x * 2]",
        "def double(x, y):\n    return x * 2",
        "def double(x):\n    return x * 2 if x else None",
        "def double(x):\n    return x * 2 if x else False",
        "def double(x)\n    return x * 2",
        "def double(x):\n    return y * 2",
        "def double(x):\n    while True:\n        pass",
        "def double(x):\n    return double(x)",
        "def double(x):\n    raise SystemExit",
        "double = lambda x: x * 2",
        "x * 2",
        "import os\ndef double(x):\n    return x * 2 if os.system('true') == 0 else 0",
        "class Four:\n    def __eq__(self, other):\n        return True\n\ndef double(x):\n    return Four()",
    ],
)
def test_any_other_function_is_wrong(box: sandbox.Sandbox, text: str) -> None:
    grade = grade_function(KEY, text, box)

    assert (grade.score, grade.strict, grade.status) == (0.0, 0.0, "graded"), grade.why


@needs_sandbox
@pytest.mark.parametrize(
    "text",
    [
        "def double(x):\n    def go():\n        yield x * 2\n    return next(go())",
        "import heapq\ndef double(x):\n    return heapq.nlargest(1, [x * 2])[0]",
        "class A:\n    @staticmethod\n    def go(x):\n        return x * 2\n\ndef double(x):\n    return A.go(x)",
    ],
)
def test_code_that_the_sandbox_cannot_run_is_ungradable(box: sandbox.Sandbox, text: str) -> None:
    grade = grade_function(KEY, text, box)

    assert (grade.score, grade.status) == (0.0, "ungradable")
    assert grade.why.startswith("the sandbox lacks")


def test_without_a_sandbox_code_is_ungradable_and_its_absence_wrong() -> None:
    assert grade_function(KEY, CODE, None).status == "ungradable"
    assert grade_function(KEY, "no", None).status == "graded"
    assert grade_regex(RegexKey(("a",), ("b",)), "a", None).status == "ungradable"


@needs_sandbox
def test_the_grade_says_which_call_went_wrong(box: sandbox.Sandbox) -> None:
    assert grade_function(KEY, "def double(x):\n    return abs(x) * 2", box).why == "double(-1) returned 2, not -2"


def test_the_code_is_found_among_words() -> None:
    assert code_in("Text about def double and such.", "double") == ("", False)
    assert code_in(f"One:\n{CODE}\nThat was it.", "double") == (CODE, False)
    assert code_in("def doubles(x): pass", "double") == ("", False)


REGEX = RegexKey(match=("ab12", "x9"), reject=("12", "ab", "ab12c", ""))


@needs_sandbox
@pytest.mark.parametrize(
    ("text", "strict"),
    [
        ("[a-z]+[0-9]+", 1),
        ("^[a-z]+[0-9]+$", 1),
        (r"[a-z]+\d+", 1),
        (r"(?:[a-z]+)(?:\d+)", 1),
        (r"`[a-z]+\d+`", 0),
        ("```\n[a-z]+\\d+\n```", 0),
        ("```regex\n^[a-z]+\\d+$\n```", 0),
        (r"The pattern is `[a-z]+\d+`.", 0),
        (r"Regex: [a-z]+\d+", 0),
        (r'r"[a-z]+\d+"', 0),
        (r"'[a-z]+\d+'", 0),
        (r"/^[a-z]+\d+$/", 0),
        ("Here is the regular expression:\n\n[a-z]+[0-9]+", 0),
    ],
)
def test_a_pattern_that_matches_as_asked_is_right(box: sandbox.Sandbox, text: str, strict: float) -> None:
    grade = grade_regex(REGEX, text, box)

    assert (grade.score, grade.strict) == (1.0, strict), grade.why


@needs_sandbox
@pytest.mark.parametrize(
    "text",
    [
        "",
        ".*",
        "ab12",
        "ab12|x9|12",
        "[a-z]+",
        r"\w+",
        "[a-z]*[0-9]+",
        "[a-z+[0-9]+",
        "(((",
        "*",
        "I don't know",
        r"[A-Z]+\d+",
        r"[a-z]+\d+.*",
        "(a+)+" * 20 + "$",
    ],
)
def test_any_other_pattern_is_wrong(box: sandbox.Sandbox, text: str) -> None:
    grade = grade_regex(REGEX, text, box)

    assert (grade.score, grade.status) == (0.0, "graded")


def test_a_pattern_is_taken_out_of_what_wraps_it() -> None:
    assert pattern_in("`a`") == "a"
    assert pattern_in('r"a\\d"') == "a\\d"
    assert pattern_in("") == ""
