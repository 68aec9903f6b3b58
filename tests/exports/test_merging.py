import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.exports.merging import BEGIN, END, Refusal, put, with_items

ITEMS = ["- name: ours", "  model: x"]
OURS = {"name": "ours", "model": "x"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def written(text: str | Refusal) -> str:
    assert isinstance(text, str), text
    return text


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["provider", "model", "x", ""]), JSON, max_size=4),
    st.sampled_from([None, 1, 2, 4, "\t"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_only_our_member_changes_in_any_json(held: dict[str, Any], indent: int | str | None, newline: str) -> None:
    text = json.dumps(held, indent=indent).replace("\n", newline) + newline
    after = put(text, ("provider", "speedrun-a"), {"models": {"m": {}}})
    provider = held.get("provider", {})
    if not isinstance(provider, dict):
        assert isinstance(after, Refusal)
        return
    assert json.loads(written(after)) == held | {"provider": provider | {"speedrun-a": {"models": {"m": {}}}}}
    again = put(written(after), ("provider", "speedrun-a"), {"models": {"m": {}}})
    assert again == after


def test_the_rest_of_a_json_file_stays_byte_for_byte() -> None:
    text = '{\n    "theme" :"dark",\n    "n": 1.50e1, "provider": {"anthropic":{ } }\n}\n'
    after = written(put(text, ("provider", "speedrun-a"), {"x": 1}))
    assert after == text.replace('{"anthropic":{ } }', '{"anthropic":{ }, "speedrun-a": {"x": 1} }')


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("{}", '{\n  "a": {\n    "b": 1\n  }\n}'),
        ('{"x":1}', '{"x":1, "a": {"b": 1}}'),
        ('{\n\t"x": 1\n}', '{\n\t"x": 1,\n\t"a": {\n\t\t"b": 1\n\t}\n}'),
        ('{\r\n  "a": {}\r\n}', '{\r\n  "a": {\r\n    "b": 1\r\n  }\r\n}'),
    ],
)
def test_a_member_is_written_in_the_style_of_the_file(text: str, after: str) -> None:
    assert put(text, ("a", "b"), 1) == after


@pytest.mark.parametrize(
    "text",
    ["// mine\n{}", '{"a": 1,}', "[]", "", '{"a": 1, "a": 2}', '{"a": 3}', "{" * 3000, '{"a": {"b": 1, "b": 2}}'],
)
def test_a_file_that_is_no_plain_json_object_is_left_alone(text: str) -> None:
    assert isinstance(put(text, ("a", "b"), 1), Refusal)


CONFIG = """\
# my own notes
name: mine   # a name
version: 0.0.1
schema: v1
models:
  # the big one
  - name: theirs
    model: y
    apiKey: ${{ secrets.KEY }}
rules:
- be brief
prompt: |
  models:
    - not a list of ours
"""


def test_a_member_that_is_there_already_changes_no_byte() -> None:
    text = '{"a":{  "b":1}}'
    assert put(text, ("a", "b"), 1) == text


def test_our_items_go_into_a_list_and_every_other_byte_stays() -> None:
    after = written(with_items(CONFIG, ITEMS, key="models"))
    assert yaml.safe_load(after) == yaml.safe_load(CONFIG) | {
        "models": [OURS, *yaml.safe_load(CONFIG)["models"]],
    }
    start = after.index(f"  {BEGIN}")
    end = after.index(END) + len(END) + 1
    assert after[:start] + after[end:] == CONFIG


def test_our_block_is_replaced_as_a_whole() -> None:
    first = written(with_items(CONFIG, [*ITEMS, "- name: second"], key="models"))
    assert with_items(first, ITEMS, key="models") == with_items(CONFIG, ITEMS, key="models")
    assert with_items(first, [*ITEMS, "- name: second"], key="models") == first


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "text",
    [
        "name: x\n",
        "name: x",
        "models:\n",
        "models:\n- name: a\n",
        "models:  # none yet\n\n# end\nname: x\n",
        "# only\n",
        "",
    ],
)
def test_a_list_is_made_where_there_is_none(text: str, newline: str) -> None:
    text = text.replace("\n", newline)
    held = yaml.safe_load(text) or {}
    after = written(with_items(text, ITEMS, key="models"))
    assert yaml.safe_load(after) == held | {"models": [OURS, *(held.get("models") or [])]}


@pytest.mark.parametrize("text", ["", "# mine\n", "- model_id: a\n  x: 1\n", "- model_id: a"])
def test_our_items_go_to_the_end_of_a_file_that_is_a_list(text: str) -> None:
    after = written(with_items(text, ITEMS, key=None))
    assert yaml.safe_load(after) == [*(yaml.safe_load(text) or []), OURS]
    assert after.startswith(text)


@pytest.mark.parametrize(
    "text",
    [
        "models: []\n",
        "models: &all\n  - name: a\n",
        "models:\n  a: 1\n",
        "models:\n  - a: 1\nmodels:\n  - b: 1\n",
        "{models: []}\n",
        "---\nname: a\n---\nname: b\n",
        "%YAML 1.2\n---\n",
        "name: a\n\tmodels: b\n",
        '"models":\n  - a\n',
        f"models:\n  {BEGIN}\n",
        f"models:\n  {END}\n  {BEGIN}\n",
    ],
)
def test_a_yaml_file_of_doubtful_shape_is_left_alone(text: str) -> None:
    assert isinstance(with_items(text, ITEMS, key="models"), Refusal)


def test_a_mapping_is_no_list_to_add_to() -> None:
    assert isinstance(with_items("a: 1\n", ITEMS, key=None), Refusal)
