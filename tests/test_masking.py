import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark.types import Caveat, CaveatKind
from ollama_speedrun.masking import MASKED, SHORTEST, Mask, passwords_in
from specimens import DESK, result, run_of

SECRET = "s3cret-token"


def test_a_secret_is_taken_out_of_a_text_wherever_it_stands() -> None:
    assert Mask([SECRET]).text(f"HTTP 401: Bearer {SECRET} and {SECRET}") == f"HTTP 401: Bearer {MASKED} and {MASKED}"


def test_a_secret_that_holds_another_is_taken_out_whole() -> None:
    assert Mask(["token", "token-of-two"]).text("token-of-two token") == f"{MASKED} {MASKED}"


def test_a_secret_too_short_to_be_one_is_left_alone() -> None:
    assert Mask(["abc", ""]).text("abcdef") == "abcdef"


@given(st.text(min_size=SHORTEST, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_is_left_in_a_text_or_its_json(secret: str, before: str, after: str) -> None:
    mask = Mask([secret])
    for text in (f"{before}{secret}{after}", json.dumps([before, secret, after])):
        shown = mask.text(text)
        assert json.dumps(secret)[1:-1] not in shown or MASKED in secret
        assert secret not in shown or MASKED in secret


def test_texts_deep_in_a_document_are_masked_and_nothing_else_changes() -> None:
    caveat = Caveat(CaveatKind.QUEUED, f"said {SECRET}")
    plain = Caveat(CaveatKind.QUEUED, f"said {MASKED}")
    leaky = run_of(msgspec.structs.replace(result("m", DESK, caveats=(caveat,)), reason=SECRET))
    sound = run_of(msgspec.structs.replace(result("m", DESK, caveats=(plain,)), reason=MASKED))
    assert Mask([SECRET]).within(leaky) == sound
    assert Mask().within(leaky) is leaky
    assert Mask([SECRET]).within(sound) is sound


@pytest.mark.parametrize(
    ("text", "passwords"),
    [
        ("https://me:pass%20word@host:11434/x", ["pass%20word"]),
        ("http://me:a@b@host", ["a@b"]),
        ("https://me@host", []),
        ("https://host/a:b@c", []),
        ("me:word@host", []),
        ("--host=http://me:word@host", ["word"]),
    ],
)
def test_a_password_in_a_url_is_a_secret(text: str, passwords: list[str]) -> None:
    assert list(passwords_in([text])) == passwords
