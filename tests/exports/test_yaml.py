import math

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.exports import yaml

TEXTS = st.text() | st.sampled_from(
    [
        "yes",
        "No",
        "null",
        "~",
        "1:20",
        "qwen3:8b",
        "- a",
        "# a",
        "a: b",
        "'",
        '"',
        "\\",
        "{}",
        "!!python/object",
        "&a",
        "*a",
    ]
)
SCALARS = TEXTS | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-1e6, 1e6).map(lambda one: round(one, 3))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))
BLOCKS = st.lists(VALUES, min_size=1, max_size=4) | st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(BLOCKS)
def test_what_is_written_is_read_back_as_the_same_values(value: list[object] | dict[str, object]) -> None:
    text = yaml.block(value)  # type: ignore[arg-type]  # the strategy makes nothing else
    assert pyyaml.safe_load(text) == value
    assert text.isascii()


def test_a_key_longer_than_yaml_looks_for_a_colon_is_written_out() -> None:
    value: dict[str, yaml.Value] = {"k": {"é" * 300: {"a": "b"}}, "é" * 200: "c"}
    assert pyyaml.safe_load(yaml.block(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("clever", "clever"),
        ("qwen3:8b", '"qwen3:8b"'),
        ("on", '"on"'),
        ("", '""'),
        ("a\nb", '"a\\u000ab"'),
        ("𝄞", '"\\U0001d11e"'),
        (True, "true"),
        (12, "12"),
        (12.0, "12.0"),
        (0.001, "0.001"),
        (1e-9, "0.0"),
    ],
)
def test_a_text_is_quoted_unless_nothing_else_could_be_read(value: str | float, text: str) -> None:
    assert yaml.scalar(value) == text


def test_no_number_is_written_in_a_form_that_yaml_reads_as_text() -> None:
    assert isinstance(pyyaml.safe_load(yaml.scalar(math.pi * 1e-5)), float)
