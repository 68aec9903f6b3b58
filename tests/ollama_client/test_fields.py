"""Messages with odd fields: each is absent by itself, and the rest stands."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.ollama import fields, wire

ENTRY: dict[str, Any] = {"name": "m:1b", "digest": "ab", "size": 7, "details": {"family": "llama"}}


def test_a_byte_order_mark_before_a_message_is_passed_over() -> None:
    assert fields.read(b'\xef\xbb\xbf{"version":"1"}', wire.Version).version == "1"
    assert fields.any_fields(b'\xef\xbb\xbf{"a":1}') == {"a": msgspec.Raw(b"1")}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"size": "4.7 GB"}, {"size": None}),
        ({"size": "7"}, {"size": None}),
        ({"size": 6.6}, {"size": 7}),
        ({"size": True}, {"size": None}),
        ({"size": -1}, {"size": None}),
        ({"digest": 5}, {"digest": None}),
        ({"details": None}, {"details": None}),
        ({"details": "gguf"}, {"details": None}),
        ({"details": {"family": 7.6, "format": "gguf"}}, {"details": wire.Details(format="gguf")}),
        (
            {"details": {"family": "llama", "context_length": 4096.0}},
            {"details": wire.Details(None, "llama", None, None, 4096)},
        ),
        ({"capabilities": None}, {"capabilities": None}),
        ({"capabilities": "completion"}, {"capabilities": None}),
        ({"capabilities": ["completion", None, 3, "vision"]}, {"capabilities": ("completion", "vision")}),
        ({"name": None, "model": "n:2b"}, {"name": "n:2b"}),
        ({"name": 5, "model": "n:2b"}, {"name": "n:2b"}),
        ({"model": "other"}, {}),
        ({"unknown": [[{}]]}, {}),
    ],
)
def test_an_odd_field_of_a_listed_model_is_absent_and_the_rest_stands(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    usual = wire.TagsEntry(name="m:1b", digest="ab", size=7, details=wire.Details(family="llama"))
    read = fields.read(json.dumps({**ENTRY, **changes}).encode(), wire.TagsEntry)
    assert read == msgspec.structs.replace(usual, **expected)


@pytest.mark.parametrize(
    ("written", "is_done"),
    [
        (b"true", True),
        (b"1", True),
        (b'"true"', True),
        (b'"True"', True),
        (b'"false"', False),
        (b"0", False),
        (b"2", False),
    ],
)
def test_a_last_line_is_known_by_whatever_means_true(written: bytes, *, is_done: bool) -> None:
    assert fields.read(b'{"response":"a","done":' + written + b"}", wire.Chunk).done is is_done


def test_a_number_that_is_none_is_absent_and_a_text_that_names_it_stands() -> None:
    line = b'{"response":"NaN, Infinity","load_duration": NaN,"eval_duration":-Infinity,"eval_count":5,"done":true}'
    assert fields.read(line, wire.Chunk) == wire.Chunk(response="NaN, Infinity", eval_count=5, done=True)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"a\ud800b", "a\ufffdb"),
        (rb"a\udc00", "a\ufffd"),
        (rb"\ud83d\ude00", "\U0001f600"),
        (rb"\\ud800", "\\ud800"),
        (rb"\ud800\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\n\ud800\t", "\n\ufffd\t"),
        (b"a\xff", "a\ufffd"),
        (rb"null", "null"),
    ],
)
def test_half_a_surrogate_pair_and_a_byte_that_is_no_utf8_become_a_replacement_character(
    written: bytes, text: str
) -> None:
    assert fields.read(b'{"response":"' + written + b'","done":false}', wire.Chunk).response == text


@pytest.mark.parametrize(
    ("line", "chunk"),
    [
        ({"response": None, "thinking": None}, wire.Chunk()),
        ({"response": 7, "thinking": "hm"}, wire.Chunk(thinking="hm")),
        ({"response": "a", "done": None}, wire.Chunk("a")),
        (
            {"response": "", "done": True, "eval_count": 12.0, "eval_duration": "9"},
            wire.Chunk(done=True, eval_count=12),
        ),
        ({"done": True, "done_reason": 3, "load_duration": 1.5e9}, wire.Chunk(done=True, load_duration=1_500_000_000)),
        ({"response": "a", "tool_calls": {"f": 1}}, wire.Chunk("a")),
    ],
)
def test_an_odd_field_of_a_chunk_is_absent(line: dict[str, Any], chunk: wire.Chunk) -> None:
    assert fields.read(json.dumps(line).encode(), wire.Chunk) == chunk


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": None, "thinking": "hm"}, ("", "hm")),
        ({"content": "a", "thinking": 5, "role": None}, ("a", None)),
        ({"content": ["a"]}, ("", None)),
        ("text", ("", None)),
        (None, ("", None)),
    ],
)
def test_an_odd_field_of_a_chat_message_is_absent(message: object, expected: tuple[str, str | None]) -> None:
    chunk = fields.read(json.dumps({"message": message, "done": False}).encode(), wire.ChatChunk)
    assert (chunk.response, chunk.thinking) == expected


def test_details_with_one_odd_field_keep_the_others() -> None:
    said = {"license": ["MIT", None], "capabilities": ["embedding"], "template": 5, "modelfile": "FROM x"}
    shown = fields.read(json.dumps(said).encode(), wire.Show)
    assert shown == wire.Show(license=("MIT",), capabilities=("embedding",), modelfile="FROM x")


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"text"', b"{", b"[" * 100_000, b'{"a":' + b"[" * 100_000])
def test_what_is_no_object_raises(body: bytes) -> None:
    with pytest.raises(fields.UNREADABLE):
        fields.read(body, wire.Chunk)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["family", "content"]), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", [wire.TagsEntry, wire.Loaded, wire.Show, wire.Chunk, wire.ChatChunk, wire.Embeddings])
@given(data=st.data())
def test_no_value_of_any_field_makes_a_message_unreadable(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    said = data.draw(st.dictionaries(st.sampled_from(names), VALUES))
    try:
        body = json.dumps(said, allow_nan=False).encode()
    except ValueError:  # no JSON has these numbers
        return
    assert isinstance(fields.read(body, kind), kind)


def test_a_body_of_a_million_empty_objects_is_known_without_decoding_it() -> None:
    assert fields.has_too_many_parts(b'{"models":[' + b",".join([b"{}"] * 1_390_000) + b"]}")
    listed = json.dumps({"models": [{**ENTRY, "details": {"families": ["llama"]}}] * wire.MOST_MODELS}).encode()
    assert not fields.has_too_many_parts(listed)


def test_the_short_fields_of_details_in_full_are_found_around_a_vocabulary() -> None:
    vocabulary = ["a", 'b":1', '"x.y":2', "[", "…"] * 150_000
    info = {
        "general.architecture": "gemma3",
        "tokenizer.ggml.tokens": vocabulary,
        "gemma3.attention.head_count_kv": [4, 4, 1],
        "gemma3.context_length": 131072,
        "gemma3.rope.freq": 1.5e6,
        "tokenizer.ggml.add_bos_token": True,
        "gemma3.pooling_type": None,
    }
    found: dict[str, object] = {}
    for some in fields.short_fields(json.dumps({"model_info": info, "tensors": [{"name": "a.b"}]}).encode()):
        found |= {name: msgspec.json.decode(raw) for name, raw in some.items()}
    assert found == {
        name: value for name, value in info.items() if name not in {"tokenizer.ggml.tokens", "gemma3.pooling_type"}
    }


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("[[1, 2.5], [3,4]]", [(1.0, 2.5), (3.0, 4.0)]),
        ("[]", []),
        ("[[], [1]]", [(), (1.0,)]),
        ("[[1],[2],[3],[4],[5]]", [(1.0,), (2.0,), (3.0,)]),
        ("[1, 2]", []),
        ('"text"', []),
        ("{}", []),
        ('[["a", 1, null]]', [(1.0,)]),
        ("[[" + "1," * fields.MOST_NUMBERS + "1]]", [()]),
    ],
)
def test_vectors_are_read_one_by_one_and_no_more_than_wanted(written: str, found: list[tuple[float, ...]]) -> None:
    assert list(fields.vectors(msgspec.Raw(written.encode()), 3)) == found


def test_a_large_body_reads_as_a_small_one_and_a_field_with_too_many_parts_is_absent() -> None:
    said = {
        "license": ["MIT"],
        "template": "x" * fields.LARGE_BYTES,
        "capabilities": ["a"] * (fields.MOST_FIELD_PARTS + 1),
    }
    shown = fields.read(json.dumps(said).encode(), wire.Show)
    assert shown == wire.Show(license=("MIT",), template="x" * fields.LARGE_BYTES)
