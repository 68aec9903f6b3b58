import json
from dataclasses import replace

import pytest

from contract.compare import RECORDED_PROMPT_TOKEN_NS, aspects, compare
from contract.exchange import Answer, lines, recording, recordings

HOLDS = {
    "one line a chunk": True,
    "headers come with the first chunk": True,
    "the whole is no less than its parts": True,
    "more chunks than tokens": False,
    "first chunk after load, wait and prefill": True,
}


def differing(name: str, answer: Answer) -> set[str]:
    """The aspects in which an answer differs from a recording."""
    found = compare(recording(name), answer, prompt_token_ns=RECORDED_PROMPT_TOKEN_NS)
    return {difference.aspect for difference in found}


def edited(name: str, old: str, new: str) -> Answer:
    """A recorded stream with every line edited as text."""
    answer = recording(name).answer
    assert isinstance(answer.content, tuple)
    assert any(old in chunk for _, chunk in answer.content)
    return replace(answer, content=tuple((at_ms, chunk.replace(old, new)) for at_ms, chunk in answer.content))


@pytest.mark.parametrize("name", recordings())
def test_a_recording_does_not_differ_from_itself_and_its_figures_relate_as_they_should(name: str) -> None:
    answer = recording(name).answer
    assert differing(name, answer) == set()
    found = aspects(answer, prompt_token_ns=RECORDED_PROMPT_TOKEN_NS)
    assert {aspect: found[aspect] for aspect in HOLDS if aspect in found} == {
        aspect: HOLDS[aspect] for aspect in HOLDS if aspect in found
    }


@pytest.mark.parametrize(
    ("old", "new", "aspects_hit"),
    [
        ('"done_reason":"stop"', '"done_reason":"length"', {"lines", "tokens without a chunk"}),
        ('"response":""', '"response":"x"', {"lines"}),
        ('"load_duration":', '"loading":', {"lines"}),
        ('"eval_count":12', '"eval_count":"12"', {"lines", "more chunks than tokens"}),
        ('"eval_count":12', '"eval_count":30', {"tokens without a chunk"}),
        ('"total_duration":', '"total_duration":1', {"waited for a slot", "first chunk after load, wait and prefill"}),
        ('"total_duration":1', '"total_duration":', {"the whole is no less than its parts"}),
        ('"model":"smol:q4_1",', "", {"lines"}),
        ("\n", "\n\n", {"one line a chunk"}),
    ],
)
def test_a_changed_stream_is_noticed(old: str, new: str, aspects_hit: set[str]) -> None:
    assert aspects_hit <= differing("base/generate-warm", edited("base/generate-warm", old, new))


def test_a_changed_order_of_keys_is_noticed() -> None:
    name = "base/generate-unstreamed"
    answer = recording(name).answer
    assert isinstance(answer.content, dict)
    assert differing(name, replace(answer, content=dict(reversed(answer.content.items())))) == {"body"}


def test_changed_words_of_an_error_are_noticed() -> None:
    answer = recording("base/missing-chat").answer
    assert differing("base/missing-chat", replace(answer, content={"error": "no such model"})) == {"body"}


def test_a_changed_status_type_and_framing_are_noticed() -> None:
    answer = recording("base/version").answer
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    changed = replace(answer, status=201, headers=headers)
    assert differing("base/version", changed) == {"status", "content type", "framing"}


def test_headers_that_come_before_the_first_chunk_are_noticed() -> None:
    answer = replace(recording("base/generate-cold").answer, headers_at_ms=1.0)
    assert differing("base/generate-cold", answer) == {"headers come with the first chunk"}


def test_shortened_prompts_get_their_length_back() -> None:
    body = recording("base/prefill-long").body
    assert body is not None
    assert len(json.loads(body)["prompt"]) == 3921


def test_every_recorded_stream_of_ollamas_own_is_lines_of_json() -> None:
    for name in recordings():
        answer = recording(name).answer
        if isinstance(answer.content, tuple) and answer.headers.get("Content-Type") == "application/x-ndjson":
            assert all(isinstance(line, dict) for line in lines(answer.content))
