"""The user's own items: what a file may hold, and that every fault is named with its line and field."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.errors import ItemsFileError
from ollama_speedrun.quality.items import (
    Answer,
    ChoiceKey,
    ConstraintsKey,
    FunctionKey,
    JsonKey,
    Need,
    NumberKey,
    TextKey,
    ToolKey,
)
from ollama_speedrun.quality.own_items import LARGEST_FILE_BYTES, load_items, parse_items
from ollama_speedrun.quality.own_types import GRADERS
from ollama_speedrun.quality.toml_lines import item_lines

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "items.toml"


def item_of(fields: str, grader: str = "number") -> str:
    return f'[[item]]\narea = "mine"\nprompt = "How many?"\ngrader = "{grader}"\n{fields}'


def test_the_example_holds_an_item_for_every_grader() -> None:
    items = load_items(EXAMPLE)

    assert {type(item.key).__struct_config__.tag for item in items} == set(GRADERS)
    assert len({item.name for item in items}) == len(items)
    assert all(item.oracle for item in items)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (item_of("answer = 12"), NumberKey("12")),
        (item_of('answer = "0.10"\ntolerance = 0.5'), NumberKey("0.10", "0.5")),
        (item_of("answer = 1e3"), NumberKey("1000.0")),
        (item_of('answer = "Oslo"', "text"), TextKey(("Oslo",))),
        (
            item_of('answer = ["Oslo", "Kristiania"]\nreject = ["Rome"]', "text"),
            TextKey(("Oslo", "Kristiania"), ("Rome",)),
        ),
        (item_of('options = ["a", "b"]\nanswer = "b"', "choice"), ChoiceKey(("a", "b"), "b")),
        (item_of("answer = {b = [1, 2.5], a = true}", "json"), JsonKey('{"a": true, "b": [1, 2.5]}')),
        (item_of("answer = 'null'", "json"), JsonKey("null")),
        (
            item_of('name = "f"\ncases = [{arguments = [1], returns = 2}]', "function"),
            FunctionKey("f", (("[1]", "2"),)),
        ),
    ],
)
def test_each_grader_gets_its_key(text: str, key: object) -> None:
    assert parse_items(text, "mine.toml")[0].key == key


def test_what_an_item_leaves_out_has_a_default() -> None:
    (item,) = parse_items(item_of("answer = 1"), "mine.toml")

    assert (item.name, item.weight, item.max_tokens, item.chance) == ("mine/own/3/1", 1.0, 64, 0.0)
    assert item.oracle == (Answer(content="1"),)
    assert item.needs == frozenset()


def test_tools_code_and_choices_say_what_they_need() -> None:
    tool, code, choice = parse_items(
        "\n".join(
            [
                item_of('tools = [{name = "f", description = "does"}]', "tool"),
                item_of('name = "f"\ncases = [{arguments = [], returns = 1}]', "function"),
                item_of('options = ["a", "b", "c", "d"]\nanswer = "a"', "choice"),
            ]
        ),
        "mine.toml",
    )

    assert (tool.needs, code.needs, choice.chance) == (frozenset({Need.TOOLS}), frozenset({Need.SANDBOX}), 0.25)
    assert tool.key == ToolKey(())
    assert code.oracle == ()


def test_rules_take_words_and_bounds() -> None:
    (item,) = parse_items(item_of('rules = [{kind = "word-count", low = 1, high = 3}]', "constraints"), "mine.toml")

    assert isinstance(item.key, ConstraintsKey)
    assert (item.key.constraints[0].low, item.key.constraints[0].high) == (1, 3)


FAULTS = [
    ("", "mine.toml: no items"),
    ("[[item]\n", "mine.toml:1: this is not TOML"),
    ("a = [\n1,\n= 2]", "mine.toml:3: this is not TOML"),
    ('[[item]]\narea = "a"\n\n[extra]\nb = 1\n', "mine.toml:4: extra: unknown"),
    ("version = 2\n", "mine.toml:1: version: unknown"),
    ("item = 3\n", "mine.toml: no items"),
    ("item = [3]\n", "mine.toml:1: item 1, item: must be a table"),
    (item_of("", "numbr"), "mine.toml:4: item 1, grader: there is none called numbr"),
    ('[[item]]\narea = "a"\n', "mine.toml:1: item 1, grader: is missing"),
    (item_of(""), "mine.toml:1: item 1, answer: is missing"),
    (item_of("answer = 1\nlevle = 2"), "mine.toml:6: item 1, levle: there is no such field"),
    (item_of('answer = 1\nlevel = "2"'), "mine.toml:6: item 1, level: Expected int, got str"),
    (item_of("answer = 1\n\nlevel = 6"), "mine.toml:7: item 1, level: Expected int <= 5"),
    (item_of("answer = 1\nweight = 0"), "mine.toml:6: item 1, weight: Expected float > 0"),
    (item_of("answer = 1\nweight = nan"), "mine.toml:6: item 1, weight"),
    (item_of("answer = 1\nmax_tokens = 99999"), "mine.toml:6: item 1, max_tokens"),
    (item_of("answer = nan"), "mine.toml:5: item 1, answer: nan is no number that can be compared"),
    (item_of('answer = "twelve"'), "mine.toml:5: item 1, answer: twelve is no number"),
    (item_of("answer = 1e200"), "mine.toml:5: item 1, answer: 1e+200 is no number that can be compared"),
    (item_of("answer = true"), "mine.toml:5: item 1, answer"),
    (item_of("answer = 1\ntolerance = -1"), "mine.toml:6: item 1, tolerance"),
    (item_of("answer = 2024-01-01", "json"), "mine.toml:5: item 1, answer: cannot be written as JSON"),
    (item_of('answer = "{"', "json"), "mine.toml:5: item 1, answer: a string must hold JSON"),
    (item_of('answer = ""', "text"), "mine.toml:5: item 1, answer"),
    (item_of('options = ["a"]\nanswer = "a"', "choice"), "mine.toml:5: item 1, options"),
    (item_of('options = ["a", "b"]\nanswer = "c"', "choice"), "mine.toml:6: item 1, answer: is none of the options"),
    (item_of('options = ["a", "A"]\nanswer = "a"', "choice"), "mine.toml:5: item 1, options: names one twice"),
    (item_of('rules = [{kind = "rhymes"}]', "constraints"), "mine.toml:5: item 1, rules: there is no rule"),
    (item_of("rules = []", "constraints"), "mine.toml:5: item 1, rules"),
    (item_of('match = ["a"]\nreject = ["a"]', "regex"), "mine.toml:6: item 1, reject: a is in match, too"),
    (item_of('name = "not a name"\ncases = []', "function"), "mine.toml:5: item 1, name"),
    (
        item_of('tools = [{name = "f", description = "d"}]\ncalls = [{name = "g"}]', "tool"),
        "mine.toml:6: item 1, calls: g is none of the tools",
    ),
    (
        item_of('calls = []\n[[item.tools]]\nname = "f"\nnome = 1\ndescription = "d"', "tool"),
        "mine.toml:8: item 1, tools[0].nome: there is no such field",
    ),
    (
        item_of('[[item.tools]]\nname = "f"\ndescription = "d"\n[[item.tools]]\ndescription = "x"', "tool"),
        "mine.toml:8: item 1, tools[1].name: is missing",
    ),
    (
        item_of('[[item.tools]]\nname = "f"\ndescription = "d"\n[[item.tools]]\nname = "g"\ndescription = 3', "tool"),
        "mine.toml:10: item 1, tools[1].description: Expected str, got int",
    ),
    (
        item_of('calls = []\n[[item.tools]]\nname = "f"\ndescription = "d"\n[item.tools.parameters]\nx = nan', "tool"),
        "mine.toml:6: item 1, tools: cannot be written as JSON",
    ),
    (item_of("answer = 1").replace('"mine"', '"a/b"'), "mine.toml:2: item 1, area"),
    (item_of("answer = 1").replace('"mine"', '"a\\n"'), "mine.toml:2: item 1, area"),
    (item_of('answer = 1\nmessages = [{role = "user", content = "x"}]'), "mine.toml:6: item 1, messages: give either"),
    (
        '[[item]]\narea = "a"\ngrader = "abstain"\nmessages = [{role = "assistant", content = "x"}]',
        "mine.toml:4: item 1, messages: the last one must have the role user",
    ),
    (item_of("answer = 1\nsolution = '" + "x" * 20_000 + "'"), "mine.toml:6: item 1, solution"),
    (f"{item_of('answer = 1')}\n\n{item_of('answer = []')}", "mine.toml:11: item 2, answer"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_every_fault_names_file_line_and_field(text: str, message: str) -> None:
    with pytest.raises(ItemsFileError) as found:
        parse_items(text, "mine.toml")

    assert str(found.value).startswith(message)


def test_keys_inside_texts_lists_and_comments_do_not_count_as_fields() -> None:
    text = '''# [[item]] in a comment
[[item]] # the first
area = "a"
prompt = """
[[item]]
answer = 1 \\"""
"""
options = [
  "level = 3", # ]
  '[[item]]',
]
"answer" = {level = 1}
level = 4

[[ item ]]
tools.x = 1
[[item.calls]]
name = "level"
[other]
'''
    lines = item_lines(text)

    assert lines.items == [
        (2, {"area": 3, "prompt": 4, "options": 8, "answer": 12, "level": 13}),
        (15, {"tools": 16, "calls": 17, "calls[0]": 17, "calls[0].name": 18}),
    ]
    assert lines.others == {"other": 19}


def test_a_file_that_is_missing_too_large_or_in_another_encoding_is_named(tmp_path: Path) -> None:
    large, latin = tmp_path / "large.toml", tmp_path / "latin.toml"
    large.write_bytes(b"#" * (LARGEST_FILE_BYTES + 1))
    latin.write_bytes(b'[[item]]\narea = "M\xe4rz"\n')

    for path, message in [
        (tmp_path / "none.toml", "none.toml: cannot be read"),
        (tmp_path, "cannot be read"),
        (large, "large.toml: larger than 4 MiB"),
        (latin, "latin.toml:2: not UTF-8"),
    ]:
        with pytest.raises(ItemsFileError, match=message):
            load_items(path)


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf" + item_of("answer = 1").replace("\n", "\r\n").encode())

    assert load_items(path)[0].area == "mine"


def outcome(text: str) -> str:
    try:
        return f"any.toml: {len(parse_items(text, 'any.toml'))} items"
    except ItemsFileError as error:
        return str(error)


@given(st.text(max_size=200))
def test_any_text_is_items_or_an_error_of_ours(text: str) -> None:
    for tried in (text, f"[[item]]\n{text}", item_of(text), item_of(f"answer = {text}", "json")):
        assert outcome(tried).startswith("any.toml")


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_an_error_of_ours(depth: int) -> None:
    with pytest.raises(ItemsFileError):
        parse_items(item_of("answer = " + "[" * depth + "]" * (depth - 1), "json"), "deep.toml")
