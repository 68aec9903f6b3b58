import html
import json
from urllib.parse import quote

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
        ("https://host:8080/a:b@c", []),
        ("https://[::1]:8080/a:b@c", []),
        ("https://me:wo/rd+@host", ["wo/rd+"]),
        ("me:word@host", []),
        ("--host=http://me:word@host", ["word"]),
    ],
)
def test_a_password_in_a_url_is_a_secret(text: str, passwords: list[str]) -> None:
    assert list(passwords_in([text])) == passwords


@pytest.mark.parametrize(
    "spelled",
    [
        "S3CRET-TOKEN",
        "s3cret-token",
        "czNjcmV0LXRva2Vu",
        '{"error": "no s3cret-token"}',
        "Authorization: Bearer s3cret-to…",
        "no access for s3cret",
        "token and more",
    ],
)
def test_a_secret_is_masked_in_another_case_in_base64_and_where_a_text_was_cut(spelled: str) -> None:
    shown = Mask([SECRET]).text(spelled)
    if spelled == "token and more":  # too little of it is left to tell
        assert shown == spelled
        return
    assert not any(part in shown.lower() for part in ("s3cret", "czNjcmV0".lower()))
    assert MASKED in shown


def test_the_end_of_a_secret_at_the_beginning_of_a_text_is_masked() -> None:
    assert Mask([SECRET]).text("ret-token is wrong") == f"{MASKED} is wrong"
    assert Mask([SECRET]).text("…ret-token is wrong") == f"{MASKED} is wrong"


@pytest.mark.parametrize("secret", ['a"b<c>d&e', "päss wörd/1+2", "line\\u00e9nd"])
def test_a_secret_with_special_characters_is_masked_however_it_is_escaped(secret: str) -> None:
    mask = Mask([secret])
    for text in (secret, json.dumps(secret), repr(secret), quote(secret), quote(secret, safe=""), html.escape(secret)):
        assert mask.text(f"<{text}>").strip("<>\"'") == MASKED


def test_a_cut_that_leaves_nothing_of_a_secret_changes_nothing() -> None:
    text = "s3 is a store, and s3cr… a start of five at most"
    assert Mask([SECRET]).text(text) == text


def test_keys_and_values_of_mappings_are_masked() -> None:
    assert Mask([SECRET]).within({SECRET: [SECRET, 1], "a": None}) == {MASKED: [MASKED, 1], "a": None}
