import pytest

from ollama_speedrun.quality.graders.json_value import grade_json
from ollama_speedrun.quality.items import JsonKey

KEY = JsonKey('{"name": "Zoë", "age": 41, "paid": true, "tags": ["a", "b"], "note": null}')
OBJECT = '{"name": "Zoë", "age": 41, "paid": true, "tags": ["a", "b"], "note": null}'


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        (OBJECT, 1),
        (f"\n {OBJECT} \n", 1),
        ('{\n  "note": null, "tags": ["a","b"],\n  "paid": true, "age": 41, "name": "Zo\\u00eb"}', 1),
        (f"```json\n{OBJECT}\n```", 0),
        (f"```\n{OBJECT}\n```", 0),
        (f"Here is the JSON you asked for:\n\n{OBJECT}\n\nLet me know if you need more.", 0),
        (f"[1] From the text {{name}}: {OBJECT}", 0),
        (f"{OBJECT}\n{{}}", 0),
        (f"[{OBJECT}]", 0),
        (OBJECT.replace("41", "41.0"), 0),
        (OBJECT.replace("Zoë", " Zoë "), 0),
        (OBJECT.replace("Zoë", "Zoe\u0308"), 0),
        (f"**{OBJECT}**", 0),
    ],
)
def test_an_equal_value_is_right(text: str, strict: float) -> None:
    grade = grade_json(KEY, text)

    assert (grade.score, grade.strict) == (1.0, strict)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "no JSON here",
        OBJECT[:-1],
        OBJECT.replace("41", '"41"'),
        OBJECT.replace("41", "42"),
        OBJECT.replace("41", "true"),
        OBJECT.replace("true", "1"),
        OBJECT.replace("true", "True"),
        OBJECT.replace("true", '"true"'),
        OBJECT.replace("null", '""'),
        OBJECT.replace('["a", "b"]', '["b", "a"]'),
        OBJECT.replace('["a", "b"]', '["a"]'),
        OBJECT.replace('["a", "b"]', '"a, b"'),
        OBJECT.replace('"note": null', '"extra": null'),
        OBJECT.replace("}", ', "extra": 1}'),
        OBJECT.replace(', "note": null', ""),
        OBJECT.replace('"note": null', '"note": null, "age": 41'),
        OBJECT.replace("Zoë", "zoë"),
        OBJECT.replace('"', "'"),
        OBJECT.replace("41", "NaN"),
        f"{{}}\n{OBJECT}",
    ],
)
def test_any_other_value_is_wrong(text: str) -> None:
    grade = grade_json(KEY, text)

    assert (grade.score, grade.strict) == (0.0, 0.0)


def test_an_array_is_read_where_an_array_is_wanted() -> None:
    assert grade_json(JsonKey('["a", {"b": 1}]'), 'The list of {x}: ["a", {"b": 1}]').score == 1.0
    assert grade_json(JsonKey("[1, 2]"), "[1, 2, 3]").score == 0.0


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 30_000, '"' * 100_000, "{" * 100_000, '{"age": 1e999}', '{"age": ' + "9" * 50_000 + "}"],
)
def test_hostile_nesting_and_sizes_are_wrong_and_do_no_harm(text: str) -> None:
    assert grade_json(KEY, text).score == 0.0
    assert grade_json(JsonKey("[]"), text).score in (0.0, 1.0)
