"""The gate: what fails, what passes, what cannot be told, and what measuring again does to each."""

import math
import xml.etree.ElementTree as ET
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.comparison.gate import Judgement, Limits, confirmed, judged, outcome
from ollama_speedrun.comparison.types import DECODE, LOAD, QUALITY, TTFT, Change, Comparison, Figure, Pair, Suspect
from ollama_speedrun.report import gate_formats

KEY = ("http://10.0.0.1:11434", "m:1b", None)


def change(figure: Figure, amount: float, low: float | None, high: float | None, before: float = 1.0) -> Change:
    return Change(
        figure=figure, a=before, b=before * amount, amount=amount, low_90=low, high_90=high, kind="cannot-tell"
    )


def one(figure: Figure, amount: float, low: float | None, high: float | None, **limits: Any) -> Judgement:  # limits
    pair = Pair(a=KEY, b=KEY, changes=(change(figure, amount, low, high),))
    (found,) = judged(Comparison(pairs=(pair,)), Limits(**limits))
    return found


@pytest.mark.parametrize(
    ("figure", "amount", "low", "high", "expected"),
    [
        (DECODE, 0.80, 0.78, 0.82, "worse"),
        (DECODE, 0.88, 0.85, 0.91, "cannot-tell"),
        (DECODE, 0.92, 0.80, 0.99, "passed"),
        (DECODE, 1.50, 1.40, 1.60, "passed"),
        (TTFT, 1.30, 1.20, 1.40, "worse"),
        (TTFT, 1.05, 1.00, 1.40, "passed"),
        (TTFT, 0.50, 0.40, 0.60, "passed"),
        (QUALITY, -8.0, -12.0, -4.0, "worse"),
        (QUALITY, -8.0, -14.0, -2.0, "cannot-tell"),
        (QUALITY, -2.0, -9.0, 5.0, "passed"),
        (DECODE, 0.5, None, None, "cannot-tell"),
    ],
)
def test_a_figure_fails_only_where_the_near_end_is_beyond_the_limit(
    figure: Figure, amount: float, low: float | None, high: float | None, expected: str
) -> None:
    assert one(figure, amount, low, high).outcome == expected


def test_the_limits_are_those_that_were_given() -> None:
    assert one(DECODE, 0.95, 0.94, 0.96, slowdown=0.02).outcome == "worse"
    assert one(QUALITY, -8.0, -9.0, -7.0, quality_drop=10.0).outcome == "passed"


def test_a_first_token_that_comes_a_few_milliseconds_later_passes() -> None:
    pair = Pair(a=KEY, b=KEY, changes=(change(TTFT, 3.0, 2.5, 3.5, before=0.01),))

    (found,) = judged(Comparison(pairs=(pair,)), Limits())

    assert (found.outcome, found.why) == ("passed", "too small to notice")


def test_loading_has_no_limit() -> None:
    pair = Pair(a=KEY, b=KEY, changes=(change(LOAD, 5.0, None, None),))

    assert judged(Comparison(pairs=(pair,)), Limits()) == ()


def test_a_model_that_is_missing_cannot_be_told() -> None:
    (found,) = judged(Comparison(pairs=(), only_a=(KEY,)), Limits())

    assert (found.outcome, found.figure) == ("cannot-tell", None)


worse, unsure, passed = one(DECODE, 0.8, 0.78, 0.82), one(DECODE, 0.85, 0.7, 0.95), one(DECODE, 1.0, 0.9, 1.1)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (worse, worse, "worse"),
        (worse, unsure, "cannot-tell"),
        (worse, passed, "passed"),
        (unsure, worse, "cannot-tell"),
        (unsure, passed, "passed"),
    ],
)
def test_only_what_fails_twice_is_worse(first: Judgement, second: Judgement, expected: str) -> None:
    (found,) = confirmed([first], [second])

    assert found.outcome == expected


def test_what_passed_is_not_judged_again() -> None:
    assert confirmed([passed], [worse]) == (passed,)


def test_the_outcome_is_the_worst_of_all() -> None:
    assert [outcome(ones) for ones in ([], [passed], [passed, unsure], [unsure, worse])] == [
        "passed",
        "passed",
        "cannot-tell",
        "worse",
    ]


@given(st.floats(0.1, 10), st.floats(1, 3))
def test_who_became_faster_never_fails(amount: float, width: float) -> None:
    found = one(DECODE, max(amount, 1.0), max(amount, 1.0) / width, max(amount, 1.0) * width)

    assert found.outcome == "passed"


HOSTILE = msgspec.structs.replace(
    worse,
    key=("http://10.0.0.1:11434", "m\x1b[31m\x07:1b<&\"']]>::error::x", None),
    suspects=(Suspect("server version", "1\n2", "%0A"),),
)


def test_junit_counts_and_names_and_holds_hostile_names() -> None:
    text = gate_formats.junit([passed, unsure, HOSTILE], {}, baseline="last\x00")

    root = ET.fromstring(text)
    assert {key: root.get(key) for key in ("tests", "failures", "skipped", "errors")} == {
        "tests": "3",
        "failures": "1",
        "skipped": "1",
        "errors": "0",
    }
    assert [case.get("name") for case in root.iter("testcase")][:2] == ["m:1b decode", "m:1b decode"]


def test_an_annotation_is_one_line_whatever_a_server_says() -> None:
    lines = gate_formats.annotations([passed, unsure, HOSTILE], {})

    assert [line.split(" ")[0] for line in lines] == ["::warning", "::error"]
    assert all("\n" not in line and "\x1b" not in line for line in lines)


def test_the_markdown_and_the_json_have_the_worst_first_and_all() -> None:
    text = gate_formats.markdown([passed, worse], {}, baseline="last")
    value = gate_formats.as_json([passed, worse], baseline="last", outcome="worse")

    assert text.index("✗ worse") < text.index("✓ passed")
    assert [figure["outcome"] for figure in value["figures"]] == ["passed", "worse"]
    assert math.isclose(value["figures"][1]["amount"], 0.8)
