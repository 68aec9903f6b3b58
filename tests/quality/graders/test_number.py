from fractions import Fraction

import pytest

from ollama_speedrun.quality.graders.number import chosen_number, grade_number, numbers_in
from ollama_speedrun.quality.items import NumberKey

RIGHT_AND_BARE = ["42", "42.", " 42 \n", "+42", "42.0", "４２", "٤٢", "४२", "๔๒", "𝟒𝟐", "4.2e1", "4.2 × 10^1"]
RIGHT = [
    "42 apples",
    "The answer is 42.",
    "**42**",
    "__42__",
    "`42`",
    "```\n42\n```",
    "```text\n42\n```",
    "$42$",
    "$$42$$",
    "\\(42\\)",
    "\\[ 42 \\]",
    "\\boxed{42}",
    "$\\boxed{42}$",
    "The answer is $\\boxed{\\text{42}}$.",
    "\\mathbf{42}",
    "= 42",
    "x = 42",
    "17 + 25 = 42",
    "**Answer:** 42",
    "Final answer: **42**",
    "#### 42",
    "First 17 + 20 = 37, then 37 + 5 = 42.\n#### 42",
    "42 km",
    "42kg",
    "42%",
    "€42",
    "US$42",
    "42,00 €",
    "There are 12 boxes with 4 pens; adding 6 gives a total. The total is 42 pens for 3 children.",
    "Anna had 20. She got 22 more. So she has 42.",
    "The answer is 42, because 50 - 8 = 42.",
    "The answer is 42. Check: 42 - 2 = 40.",
    "42\n\nExplanation: I added 20 to 22 first, which is 40 plus 2.",
    "Step 1: 20 + 20 = 40\nStep 2: 40 + 2 = 42",
    "1. Add 40 and 2.\n2. The sum is 42.",
    "<b>42</b>",
    "<answer>42</answer>",
    "> 42",
    "- 42",
    "# 42",
    "The answer is **42** apples.",
    "答案是42。",
    "答案：４２",
    "Die Antwort ist 42.",
    "Ответ: 42",
    "forty-two",
    "Forty two.",
    "The answer is forty-two apples.",
    "The answer: x2 + y3 gives 42",
    "The answer is 5 + 37 = 42",
    "Solution:\n6 * 7\n= 42",
    "Answer: 42 (17 + 25)",
    "42, not 43",
    "The answer is not 41 but 42.",
    "42 (17 + 25)",
    "42 because 40 plus 2",
    '{"answer": 42}',
    "(42)",
    "≈ 42",
    "Forty-two (42)",
    "17\n+25\n---\n42",
    "The final answer is: $\\boxed{42}$. I hope it is correct.",
    "**Step 1:** 20 + 20 = 40. **Final Answer:** \\(\\boxed{42}\\)",
    "17 + 25 = **42**",
    "It's 42!",
]
WRONG = [
    "",
    "I don't know.",
    "43",
    "-42",
    "−42",
    "minus 42",
    "142",
    "420",
    "4.2",
    "0.42",
    "42.5",
    "42,000",
    "4 2",
    "x42",
    "item_42",
    "42^2",
    "42²",
    "1/42",
    "The answer is 41. The number 42 is close.",
    "42 is what I expected, but the answer is 41.",
    "40 + 2 = 43",
    "forty-three",
    "The answer is forty.",
    "42 or 43 is the answer: 43",
    "1 2 3 4 5 6 7 8 9 10 42 50",
    "84/2",
    "43, not 42",
    "The answer is not 42 but 41.",
    "43 (17 + 42)",
]


@pytest.mark.parametrize("text", RIGHT_AND_BARE)
def test_a_bare_right_number_is_right_and_strict(text: str) -> None:
    grade = grade_number(NumberKey("42"), text)

    assert (grade.score, grade.strict) == (1.0, 1.0)


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_number_in_decoration_is_right_but_not_strict(text: str) -> None:
    grade = grade_number(NumberKey("42"), text)

    assert (grade.score, grade.strict) == (1.0, 0.0)


@pytest.mark.parametrize("text", WRONG)
def test_another_number_is_wrong(text: str) -> None:
    grade = grade_number(NumberKey("42"), text)

    assert (grade.score, grade.strict) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", 1234),
        ("1234", 1234),
        ("1 234", 1234),
        ("1 234 567", 1234567),
        ("1\u202f234", 1234),
        ("1\u00a0234", 1234),
        ("1'234", 1234),
        ("1’234", 1234),
        ("1_234", 1234),
        ("1.234.567", 1234567),
        ("1.234,5", Fraction("1234.5")),
        ("1,234.5", Fraction("1234.5")),
        ("12,34,567", 1234567),
        ("$1{,}234$", 1234),
        ("$1\\,234$", 1234),
        ("１，２３４", 1234),
        ("١٬٢٣٤", 1234),
        ("3.14", Fraction("3.14")),
        ("3,14", Fraction("3.14")),
        ("٣٫١٤", Fraction("3.14")),
        ("0.5", Fraction(1, 2)),
        ("1/2", Fraction(1, 2)),
        ("½", Fraction(1, 2)),
        ("\\frac{1}{2}", Fraction(1, 2)),
        ("$\\dfrac{1}{2}$", Fraction(1, 2)),
        ("-\\frac{1}{2}", Fraction(-1, 2)),
        ("-7", -7),
        ("−7", -7),
        ("–7", -7),
        ("－７", -7),
        ("= -7", -7),
        ("= − 7", -7),
        ("negative 7", -7),
        ("minus seven", -7),
        ("3rd", 3),
        ("1.2e3", 1200),
        ("1.2 × 10³", 1200),
        ("2 × 10^3", 2000),
        ("one hundred and five", 105),
        ("Two thousand three hundred", 2300),
        ("No one knows that at all, sorry about it", None),
        ("none", None),
        ("10–20", 20),
        ("2024-05-01", 1),
        ("1, 2, 3", 3),
        ("1,2,3", 3),
    ],
)
def test_the_ways_to_write_a_number(text: str, value: Fraction | int | None) -> None:
    chosen = chosen_number(text)

    assert (chosen and chosen[0]) == value


def test_a_decimal_may_differ_by_the_tolerance_of_its_key() -> None:
    key = NumberKey("3.14", tolerance="0.005")

    assert [grade_number(key, text).score for text in ("3.14", "3.1416", "3.145", "3.146", "3.1")] == [1, 1, 1, 0, 0]


def test_digits_that_belong_to_a_name_are_no_number() -> None:
    assert [number.value for number in numbers_in("x2 A42 _7 B12: 5, 3D m2 6")] == [5, 3, 6]


def test_numbers_beyond_all_bounds_do_no_harm() -> None:
    assert grade_number(NumberKey("42"), "9" * 100_000).score == 0.0
    assert grade_number(NumberKey("42"), "1e99 1e-99 " * 1000).score == 0.0
    assert grade_number(NumberKey("42"), "42" + " " * 100_000).score == 1.0
