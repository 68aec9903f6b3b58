import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.discovery.recognise import (
    COMPATIBLE,
    ROOT,
    TAGS,
    VERSION,
    Answer,
    Recognised,
    Unrecognised,
    recognise,
    refuses_host_header,
    same_loaded_models,
)
from ollama_speedrun.discovery.types import OLLAMA

MODEL = {"name": "llama3.2:1b", "size": 1321098329, "digest": "a1" * 32, "modified_at": "2026-08-22T11:15:03.4+02:00"}


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, body.encode() if isinstance(body, str) else json.dumps(body).encode())


def answers(**changes: Answer | None) -> dict[str, Answer]:
    """The answers of Ollama, with some replaced or, by None, missing."""
    genuine: dict[str, Answer | None] = {
        "root": answer("Ollama is running"),
        "version": answer({"version": "0.33.0"}),
        "tags": answer({"models": [MODEL]}),
        **changes,
    }
    paths = {"root": ROOT, "version": VERSION, "tags": TAGS}
    return {paths[name]: given for name, given in genuine.items() if given is not None}


def kind_of(given: Mapping[str, Answer]) -> str | None:
    verdict = recognise(given)
    return verdict.kind if isinstance(verdict, Recognised) else None


@pytest.mark.parametrize("version", ["0.33.0", "0.0.0", "0.0.0.0", "0.33.0-rc2", "v0.12.6", "1.2.3+build.5", "latest"])
def test_ollama_is_certain_by_its_text_its_version_and_its_digests(version: str) -> None:
    verdict = recognise(answers(version=answer({"version": version})))
    assert isinstance(verdict, Recognised)
    assert (verdict.kind, verdict.version) == (OLLAMA, version)


@pytest.mark.parametrize("models", [[], None])
def test_an_ollama_without_models_is_still_ollama(models: list[object] | None) -> None:
    assert kind_of(answers(tags=answer({"models": models}))) == OLLAMA


@pytest.mark.parametrize(
    "changes",
    [
        {"root": None},
        {"root": answer("Welcome")},
        {"root": answer("Ollama is running", status=500)},
        {"version": None},
        {"version": answer({"version": ""})},
        {"version": answer({"version": "0.33\n0"})},
        {"version": answer({"version": "9" * 41})},
        {"version": answer({"version": 3})},
        {"version": answer("0.33.0")},
        {"tags": answer({"models": [MODEL], "more": 1})},
        {"tags": answer({"models": [{**MODEL, "digest": ""}]})},
        {"tags": answer({"models": [{**MODEL, "digest": "sha256:" + "a1" * 32}]})},
        {"tags": answer({"models": [{**MODEL, "digest": "A1" * 32}]})},
        {"tags": answer({"models": [MODEL, {**MODEL, "name": None}]})},
    ],
)
def test_a_server_that_lists_models_otherwise_is_only_compatible(changes: dict[str, Answer | None]) -> None:
    assert kind_of(answers(**changes)) == COMPATIBLE


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("KoboldCpp", {"root": answer("", server="ConcedoLlamaForKoboldServer")}),
        ("KoboldCpp", {"tags": answer({"models": [{**MODEL, "name": "koboldcpp"}]})}),
        ("llama.cpp", {"tags": answer({"models": [{**MODEL, "digest": ""}], "object": "list", "data": []})}),
        ("Open WebUI", {"root": answer("<!doctype html><title>Open WebUI</title>"), "tags": answer("", status=401)}),
        ("LM Studio", {"tags": answer({"error": "Unexpected endpoint or method. (GET /api/tags)"})}),
        ("rkllama", {"root": answer({"message": "Welcome to RKLLama with Ollama API compatibility!"})}),
        ("Lemonade", {"tags": answer({"models": [{**MODEL, "digest": "0" * 64}]})}),
        ("LocalAI", {"version": answer({"version": "0.9.0"}), "tags": answer({"models": [{**MODEL, "size": 0}]})}),
        (
            "Docker Model Runner",
            {"version": answer({"version": "0.1.0"}), "tags": answer({"models": [{**MODEL, "size": 0}]})},
        ),
    ],
)
def test_a_look_alike_is_known_by_what_gives_it_away(kind: str, changes: dict[str, Answer | None]) -> None:
    assert kind_of(answers(**changes)) == kind


def test_an_ollama_of_a_version_that_imitators_claim_is_ollama() -> None:
    assert kind_of(answers(version=answer({"version": "0.9.0"}))) == OLLAMA


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("gives no complete answer to /api/tags", {"tags": None}),
        (
            "it redirects to https://b.example/api/tags, which",
            {"tags": answer("", 302, location="https://b.example/api/tags")},
        ),
        ("it redirects without saying where", {"tags": answer("", status=302)}),
        ("speaks HTTPS only", {"tags": answer("Client sent an HTTP request to an HTTPS server.\n", status=400)}),
        (
            "asks for permission (HTTP 401); give its token with token=… in a hosts file",
            {"tags": answer("", status=401)},
        ),
        (
            "says 'Ollama is running', but lists no models (HTTP 200, \"Ollama is running\")",
            {"tags": answer("Ollama is running")},
        ),
        (
            'says \'Ollama is running\', but lists no models (HTTP 200, "[{"name": "a"}]")',
            {"tags": answer([{"name": "a"}])},
        ),
        (
            "lists more than 5,000 models, more than any server has",
            {"tags": answer({"models": [{"name": f"m{number}"} for number in range(5_001)]})},
        ),
        ("but lists no models (HTTP 200, an empty body)", {"tags": answer("")}),
        (
            'is another web server (HTTP 404 for /api/tags; / says a web page: "LiteLLM API")',
            {"tags": answer("", 404), "root": answer("<html><title>LiteLLM API</title>")},
        ),
        ("says 'Ollama is running', but lists no models", {"tags": answer({"models": "n/a"})}),
        ("says 'Ollama is running', but lists no models", {"tags": answer({"models": [1, 2]})}),
        (
            'is another web server (HTTP 404 for /api/tags; / says "hi")',
            {"tags": answer("", 404), "root": answer("hi")},
        ),
        ("is another web server (HTTP 404 for /api/tags)", {"tags": answer("", 404), "root": answer("", 404)}),
        ('HTTP 502 (a web page: "Bad Gateway"); a proxy', {"tags": answer("<title>Bad Gateway</title>", status=502)}),
        ("answers compressed", {"tags": Answer(200, {"content-encoding": "gzip"}, b"")}),
        (
            "not as Ollama does: / says 'hi' instead of 'Ollama is running'",
            {"tags": answer({"models": []}), "root": answer("hi")},
        ),
    ],
)
def test_anything_else_is_said_to_be_what_it_is(reason: str, changes: dict[str, Answer | None]) -> None:
    verdict = recognise(answers(**changes))
    assert isinstance(verdict, Unrecognised)
    assert reason in verdict.reason


def key(*models: Mapping[str, object]) -> str:
    verdict = recognise(answers(tags=answer({"models": models})))
    assert isinstance(verdict, Recognised)
    return verdict.models_key


def test_the_key_is_of_names_digests_and_dates_in_any_order() -> None:
    other = {**MODEL, "name": "qwen3:8b"}
    assert key(MODEL, other) == key(other, {**MODEL, "size": 1})
    later = {**MODEL, "modified_at": "2026-08-22T11:15:03.5+02:00"}
    assert len({key(), key(MODEL), key(MODEL, other), key(later), key({**MODEL, "digest": "b2" * 32})}) == 5


@pytest.mark.parametrize(
    ("tags", "expected"),
    [(answer("", 403), True), (answer("no", 403), False), (answer("", 401), False), (None, False)],
)
def test_a_403_without_a_body_is_ollamas_host_check(tags: Answer | None, expected: bool) -> None:
    assert refuses_host_header(answers(tags=tags)) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["models", "name", "digest"]), inner),
    max_leaves=8,
)
BODIES = st.binary(max_size=50) | JSON.map(lambda value: json.dumps({"models": value, "version": value}).encode())
ANSWERS = st.builds(Answer, st.integers(100, 599), st.dictionaries(st.just("server"), st.text()), BODIES)


@given(st.dictionaries(st.sampled_from([TAGS, VERSION, ROOT]), ANSWERS))
def test_no_answer_makes_it_raise_and_none_of_these_is_ollama(given_answers: Mapping[str, Answer]) -> None:
    assert kind_of(given_answers) != OLLAMA


def test_json_nested_too_deeply_is_no_list_of_models() -> None:
    assert kind_of(answers(tags=answer('{"models":' + "[" * 200_000))) is None


def identity(*dates: str) -> str | None:
    models = [{**MODEL, "name": f"m{number}", "modified_at": date} for number, date in enumerate(dates)]
    verdict = recognise(answers(tags=answer({"models": models})))
    assert isinstance(verdict, Recognised)
    return verdict.identity


def test_the_identity_is_that_of_the_oldest_model_whatever_else_comes_and_in_any_time_zone() -> None:
    oldest = "2026-03-01T10:00:00.412907311+01:00"
    later = "2026-08-22T11:15:03.123456789+02:00"
    assert identity(oldest) is not None
    assert identity(oldest) == identity(later, oldest) == identity("2026-03-01T09:00:00.412907311Z")
    assert identity(oldest) != identity(later)


@pytest.mark.parametrize("date", ["2026-08-22T11:15:03Z", "2026-08-22T11:15:03.412Z", "2026-99-99T11:15:03.4129Z", ""])
def test_a_date_that_is_not_exact_identifies_nobody(date: str) -> None:
    assert identity(date) is None


def ps(*loaded: tuple[str, str]) -> Answer:
    return answer({"models": [{"digest": digest, "expires_at": expiry} for digest, expiry in loaded]})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ps(("a", "1"), ("b", "2")), ps(("b", "2")), True),
        (ps(("a", "1")), ps(("a", "2")), False),
        (ps(("a", "1")), ps(("b", "1")), False),
        (ps(("a", "1")), ps(), None),
        (ps(), ps(), None),
        (ps(("a", "")), ps(("a", "")), None),
        (None, ps(("a", "1")), None),
        (answer("", status=500), ps(("a", "1")), None),
    ],
)
def test_what_is_loaded_until_when_proves_one_server_or_two(
    one: Answer | None, other: Answer | None, expected: bool | None
) -> None:
    assert same_loaded_models(one, other) is expected


GOOD_ENTRY = {"name": "a:1b", "digest": "a1" * 32, "modified_at": "2026-08-22T11:15:03.412907311Z", "size": 1}
ODD: dict[str, tuple[list[Any], str | int]] = {
    "one entry without a name": ([{**GOOD_ENTRY}, {"name": None, "digest": None}], "0.33.0"),
    "entries that are no objects": ([None, "x", {**GOOD_ENTRY}, 7], "0.33.0"),
    "one entry without a digest": ([{**GOOD_ENTRY}, {"name": "b:1b"}], "0.33.0"),
    "a digest with its algorithm": ([{**GOOD_ENTRY, "digest": f"sha256:{GOOD_ENTRY['digest']}"}], "0.33.0"),
    "a number for a version": ([{**GOOD_ENTRY}], 33),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_entry_or_field_does_not_make_a_named_server_another(name: str) -> None:
    models, version = ODD[name]
    said = {TAGS: {"models": models}, VERSION: {"version": version}}
    answers = {path: Answer(200, {}, json.dumps(value).encode()) for path, value in said.items()}
    verdict = recognise(answers, is_named=True)
    assert isinstance(verdict, Recognised)
    assert (verdict.kind, verdict.version, verdict.missing) == ("ollama", str(version), None)


def test_a_stranger_with_an_odd_entry_is_not_taken_for_ollama() -> None:
    models, version = ODD["one entry without a digest"]
    said = {TAGS: {"models": models}, VERSION: {"version": version}}
    answers = {path: Answer(200, {}, json.dumps(value).encode()) for path, value in said.items()}
    answers[ROOT] = Answer(200, {}, b"Ollama is running")
    verdict = recognise(answers)
    assert isinstance(verdict, Recognised)
    assert verdict.kind != "ollama"


@pytest.mark.parametrize(
    ("root", "models", "kind"),
    [
        (b"Ollama is running", [GOOD_ENTRY], "ollama"),
        (b"Hello", [GOOD_ENTRY], "Ollama-compatible server"),
        (b"Ollama is running", [{**GOOD_ENTRY, "digest": ""}], "Ollama-compatible server"),
    ],
)
@pytest.mark.parametrize("status", [401, 404])
def test_a_named_server_whose_proxy_hides_the_version_is_known_by_its_text_and_its_models(
    root: bytes, models: list[dict[str, Any]], kind: str, status: int
) -> None:
    tags = json.dumps({"models": models}).encode()
    answers = {ROOT: Answer(200, {}, root), TAGS: Answer(200, {}, tags), VERSION: Answer(status, {}, b"no")}
    verdict = recognise(answers, is_named=True)
    assert isinstance(verdict, Recognised)
    assert (verdict.kind, verdict.version) == (kind, None)
    assert isinstance(found := recognise(answers), Recognised)
    assert found.kind == "Ollama-compatible server"
