import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ollama_speedrun.report.text import clean, to_ascii


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("llama3.1:8b", "llama3.1:8b"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1;2|payload\x1b\\text", "text"),
        ("two\r\nlines\ttab", "two lines tab"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half\ud800pair", "halfpair"),
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", "family \U0001f468\U0001f469\U0001f467"),
        ("[red]markup[/red]", "[red]markup[/red]"),
        ("a\x1b\x1b[31m[31mb", "a[31mb"),
        ("  spaces   inside  ", "spaces inside"),
        ("\x00\x07\x08", ""),
    ],
)
def test_servers_words_lose_what_steers_a_terminal(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert clean("x" * 20, 8) == "xxxxxxx…"


def test_a_text_of_the_limit_is_whole() -> None:
    assert clean("x" * 8, 8) == "xxxxxxxx"


def test_a_huge_text_is_not_read_to_its_end() -> None:
    assert clean("\x1b[0m" * 5_000_000 + "end", 8) == ""


@given(st.text(), st.integers(1, 60))
def test_no_text_leaves_more_than_printable_characters(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()


@given(st.text(st.sampled_from("\x1b\x9b[]0;mP\\\x07ab ")))
def test_no_mixture_of_escape_sequences_leaves_a_control_character(text: str) -> None:
    assert not any(unicodedata.category(character) == "Cc" for character in clean(text))


@example("0 \ud7fc\r0")
@example("e\u200d\u0301")
@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_our_symbols_have_ascii_forms_of_their_width() -> None:
    assert to_ascii("★ ✓ ✗ → – — … · × ÷ ≤ − ━ ─") == "* + x > - - ~ | x / < - # -"
