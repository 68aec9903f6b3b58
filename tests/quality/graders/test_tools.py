"""Grades of tool calls: the axes, the named failures, hostile calls, and what bots earn."""

import functools
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality.bank import item
from ollama_speedrun.quality.dialogue import next_messages
from ollama_speedrun.quality.families.tools import FAMILIES
from ollama_speedrun.quality.graders.tools import grade_tool, grade_world, judge
from ollama_speedrun.quality.items import LEVELS, Answer, Draft, Grade, Item, Message, Tool, ToolCall, ToolKey, WorldKey
from ollama_speedrun.quality.scoring import Scored, quality, scored

SCHEMA = json.dumps({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})
OFFERED = (Tool("get_weather", "Weather", SCHEMA), Tool("get_wind", "Wind", SCHEMA))


def call(name: str = "get_weather", **arguments: object) -> ToolCall:
    return ToolCall(name, json.dumps(arguments))


RIGHT = call(city="Oslo", days=3)
ASKED = Draft(
    messages=(Message(role="user", content="Weather in Oslo for 3 days?"),),
    key=ToolKey((RIGHT,)),
    oracle=(Answer(tool_calls=(RIGHT,)),),
    max_tokens=96,
    tools=OFFERED,
)
BOTH = ToolKey((RIGHT, call("get_wind", city="Rome", days=1)))


def graded(key: ToolKey, answer: Answer) -> tuple[float, float, str | None]:
    found = grade_tool(key, ASKED, (answer,))
    return found.score, found.strict, found.failure


def calls(*made: ToolCall, content: str = "") -> Answer:
    return Answer(tool_calls=made, content=content)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (calls(RIGHT), (1, 1, None)),
        (calls(RIGHT, content="Let me look that up."), (1, 1, None)),
        (calls(ToolCall("get_weather", '{"days":3,"city":"Oslo"}')), (1, 1, None)),
        (calls(ToolCall("get_weather", ' { "city" : "Osl\\u006f", "days": 3 } ')), (1, 1, None)),
        (calls(call(city="oslo ", days=3)), (1, 0, None)),
        (calls(call(city="Oslo", days=3.0)), (1, 0, None)),
        (calls(call(city="Oslo", days="3")), (0, 0, "wrong-argument")),
        (calls(call(city="Oslo", days=True)), (0, 0, "wrong-argument")),
        (calls(call(city="Oslo", days=4)), (0, 0, "wrong-argument")),
        (calls(call(city="Oslo")), (0, 0, "wrong-argument")),
        (calls(call(city="Oslo", days=3, unit="C")), (0, 0, "wrong-argument")),
        (calls(call("get_wind", city="Oslo", days=3)), (0, 0, "wrong-tool")),
        (calls(RIGHT, RIGHT), (0, 0, "wrong-tool")),
        (calls(RIGHT, call("get_wind", city="Oslo", days=3)), (0, 0, "wrong-tool")),
        (calls(call("weather", city="Oslo", days=3)), (0, 0, "invented-tool")),
        (calls(ToolCall("get_weather", "{}")), (0, 0, "empty-call")),
        (calls(ToolCall("get_weather", "")), (0, 0, "empty-call")),
        (calls(ToolCall("", "")), (0, 0, "empty-call")),
        (Answer(content="It will be sunny."), (0, 0, "answered-in-prose")),
        (
            Answer(content='{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}'),
            (0, 0, "answered-in-prose"),
        ),
        (Answer(), (0, 0, "empty-call")),
    ],
)
def test_a_call_is_right_when_name_and_arguments_are(answer: Answer, expected: tuple[float, float, str | None]) -> None:
    assert graded(ToolKey((RIGHT,)), answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (calls(*BOTH.calls), (1, 1, None)),
        (calls(*reversed(BOTH.calls)), (1, 1, None)),
        (calls(RIGHT), (0, 0, "wrong-tool")),
        (calls(RIGHT, call("get_wind", city="Rome", days=2)), (0, 0, "wrong-argument")),
    ],
)
def test_two_calls_count_in_any_order(answer: Answer, expected: tuple[float, float, str | None]) -> None:
    assert graded(BOTH, answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(content="None of the functions can do that."), (1, 1, None)),
        (Answer(content="I could only call get_weather, which does not fit."), (1, 1, None)),
        (Answer(content="Sorry {no} [function] fits."), (1, 1, None)),
        (calls(RIGHT), (0, 0, "needless-call")),
        (calls(call("send_mail", to="Ada")), (0, 0, "invented-tool")),
        (Answer(content='<tool_call>{"name": "get_wind"}</tool_call>'), (0, 0, "answered-in-prose")),
        (Answer(content='{"name": "x", "parameters": {}}'), (0, 0, "answered-in-prose")),
        (Answer(content="get_weather(city='Oslo')"), (0, 0, "answered-in-prose")),
        (Answer(content="[TOOL_CALLS] []"), (0, 0, "answered-in-prose")),
        (Answer(content="<|python_tag|>get_wind"), (0, 0, "answered-in-prose")),
        (Answer(content=" \n"), (0, 0, "empty-call")),
        (Answer(), (0, 0, "empty-call")),
    ],
)
def test_where_no_function_fits_right_is_to_say_so(answer: Answer, expected: tuple[float, float, str | None]) -> None:
    assert graded(ToolKey(()), answer) == expected


@functools.cache
def world(level: int = 5, seed: int = 2) -> tuple[Item, WorldKey]:
    asked = item("tools", "rooms-world", level, seed)
    assert isinstance(asked.key, WorldKey)
    return asked, asked.key


def in_world(answers: tuple[Answer, ...], level: int = 5) -> tuple[float, float, str | None]:
    asked, key = world(level)
    found = grade_world(key, asked, answers)
    return found.score, found.strict, found.failure


def test_the_oracle_of_a_world_is_right_on_all_axes() -> None:
    asked, key = world()

    assert in_world(asked.oracle) == (1, 1, None)
    axes = judge(key, asked, asked.oracle)
    assert (axes.well_formed, axes.right, axes.uses_results, axes.stops) == (True, True, True, True)


def test_each_way_to_fail_in_a_world_has_its_name() -> None:
    asked, key = world()
    listed, refused, asks, asks_again, released, booked, done = asked.oracle
    wrong_room = calls(ToolCall("book_room", '{"hour": 1, "room_id": "R-100"}'))
    made_up = calls(ToolCall("release_room", '{"code": "K-0000", "room_id": "R-100"}'))
    cases: dict[str, tuple[tuple[Answer, ...], tuple[float, float, str | None]]] = {
        "in prose": ((Answer(content="I booked it."),), (0, 0, "answered-in-prose")),
        "nothing": ((Answer(),), (0, 0, "empty-call")),
        "invented": ((calls(call("reserve", room="x")), *asked.oracle), (1, 0, "invented-tool")),
        "no arguments": ((calls(ToolCall("list_rooms", "{}")), *asked.oracle), (1, 0, "empty-call")),
        "extra argument": (
            (calls(call("list_rooms", building_id="B-1", floor=2)), *asked.oracle),
            (1, 0, "wrong-argument"),
        ),
        "made up": ((listed, made_up, *asked.oracle[1:]), (1, 0, "wrong-argument")),
        "wrong thing": ((listed, wrong_room, done), (0, 0, "wrong-argument")),
        "gave up after the error": ((listed, refused, done), (0, 0, "ignored-result")),
        "the same again": ((listed, refused, refused, *asked.oracle[2:]), (1, 0, "ignored-result")),
        "never stops": ((*asked.oracle[:-1], *[asks] * 9), (0, 0, "never-stops")),
        "all at once": ((listed, calls(*[*refused.tool_calls] * 9), *asked.oracle[2:]), (1, 0, "never-stops")),
    }
    assert (asks_again, released, booked) == asked.oracle[3:6]
    assert {name: in_world(answers) for name, (answers, _) in cases.items()} == {
        name: expected for name, (_, expected) in cases.items()
    }
    assert len(cases["never stops"][0]) > key.most_turns


def test_an_extra_change_spoils_the_goal() -> None:
    asked, _ = world(1)
    listed, booked, done = asked.oracle
    other = json.loads(booked.tool_calls[0].arguments)
    rooms = [row["room_id"] for row in json.loads(asked.key.state)["things"]]  # type: ignore[union-attr]  # a world
    other["room_id"] = next(room for room in rooms if room != other["room_id"])
    extra = calls(ToolCall("book_room", json.dumps(other)))

    assert in_world((listed, booked, extra, done), 1)[:2] == (0, 0)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((Answer(content="{0}"),), (1, 1, None)),
        ((Answer(content=" {0}\n"),), (1, 1, None)),
        ((Answer(content="That is {0} seats."),), (1, 0, None)),
        ((Answer(content="**{0}**"),), (1, 0, None)),
        ((Answer(content="{0}1"),), (0, 0, None)),
        ((Answer(content="Many."),), (0, 0, None)),
        ((Answer(),), (0, 0, None)),
        ((calls(call("list_rooms", building_id="B-1")), Answer(content="{0}")), (0, 0, "needless-call")),
        ((Answer(content="list_rooms(building_id='B-1') {0}"),), (0, 0, "answered-in-prose")),
    ],
)
def test_a_question_without_need_is_right_when_answered_without_a_call(
    answers: tuple[Answer, ...], expected: tuple[float, float, str | None]
) -> None:
    asked, key = world(1, 3)
    filled = tuple(
        Answer(content=each.content.replace("{0}", key.accept[0]), tool_calls=each.tool_calls) for each in answers
    )
    found = grade_world(key, asked, filled)

    assert (found.score, found.strict, found.failure) == expected


HOSTILE = [
    "[" * 100_000,
    '{"a":' * 50_000,
    '{"room_id": "' + "x" * 10_000_000 + '"}',
    '{"hour": ' + "9" * 3900 + "}",
    '{"hour": 1e400}',
    '{"hour": NaN}',
    '{"room_id": null, "hour": []}',
    '{"room_id": {"$ref": "#"}, "hour": -1}',
    "null",
    "\ud800",
    '{"room_id": "\\ud800", "hour": 1}',
    '{"hour": 1, "hour": 2, "room_id": "\x00"}',
]


@pytest.mark.parametrize("arguments", HOSTILE)
@pytest.mark.parametrize("name", ["book_room", "", "book_room\x00", "x" * 1_000_000])
def test_hostile_calls_neither_raise_nor_grow(name: str, arguments: str) -> None:
    asked, key = world()
    answers = (calls(*[ToolCall(name, arguments)] * 200, content="y" * 1_000_000),) * 30

    assert grade_world(key, asked, answers).score == 0
    assert grade_tool(ToolKey((RIGHT,)), ASKED, answers).score == 0
    messages = next_messages(asked, answers[:5])
    assert messages is not None
    assert sum(len(m.content) + sum(len(c.name) + len(c.arguments) for c in m.tool_calls) for m in messages) < 300_000


names = st.sampled_from(["list_rooms", "book_room", "ask_desk", "release_room", "find_building", "room_rules"])
values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers()))
arguments = st.one_of(
    st.text(max_size=60),
    st.dictionaries(st.sampled_from(["room_id", "hour", "desk_id", "code", "name", "x"]), values).map(json.dumps),
)
answers = st.builds(
    Answer,
    content=st.text(max_size=60),
    tool_calls=st.lists(st.builds(ToolCall, name=names | st.text(max_size=9), arguments=arguments), max_size=3).map(
        tuple
    ),
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(answers, max_size=4), st.sampled_from(LEVELS), st.booleans())
def test_a_grade_is_0_or_1_whatever_a_model_sends(made: list[Answer], level: int, twin: bool) -> None:
    asked, key = world(level, 6 + twin)
    found = grade_world(key, asked, made)
    single = grade_tool(BOTH, ASKED, made)

    for each in (found, single):
        assert each.score in {0, 1}
        assert each.strict <= each.score
    next_messages(asked, made)


def grade(asked: Item, made: tuple[Answer, ...]) -> Grade:
    match asked.key:
        case ToolKey() as key:
            return grade_tool(key, asked, made)
        case WorldKey() as key:
            return grade_world(key, asked, made)
        case _:
            raise AssertionError(asked.name)


BOTS: dict[str, Callable[[Item], Answer]] = {
    "empty": lambda _: Answer(),
    "constant": lambda _: Answer(content="42"),
    "echo": lambda asked: Answer(content=asked.messages[-1].content),
    "declines": lambda _: Answer(content="None of the functions can do that."),
    "calls the first": lambda asked: calls(ToolCall(asked.tools[0].name, "{}")),
    "calls all": lambda asked: calls(*(ToolCall(tool.name, "{}") for tool in asked.tools)),
}


@pytest.mark.parametrize("bot", BOTS)
def test_bots_earn_next_to_nothing(bot: str) -> None:
    assert area_score([scored(each, grade(each, (BOTS[bot](each),))) for each in sample()]) <= 2


def test_an_oracle_earns_exactly_100() -> None:
    assert area_score([scored(each, grade(each, each.oracle)) for each in sample()]) == 100


@functools.cache
def sample() -> tuple[Item, ...]:
    return tuple(item("tools", each.name, level, seed) for each in FAMILIES for level in LEVELS for seed in range(8))


def area_score(results: list[Scored]) -> float:
    found = quality(results)
    assert found is not None
    return found.score
