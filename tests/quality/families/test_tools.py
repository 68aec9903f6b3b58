"""Tool calling: requests are understood a second way, and a search proves how many calls a world needs."""

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality.bank import item
from ollama_speedrun.quality.dialogue import next_messages
from ollama_speedrun.quality.families.tools import FAMILIES
from ollama_speedrun.quality.families.tools_worlds import WORLD_FAMILIES
from ollama_speedrun.quality.items import LEVELS, Item, ToolCall, ToolKey, WorldKey
from ollama_speedrun.quality.worlds import replay
from ollama_speedrun.quality.worlds.catalogue import WORLDS
from ollama_speedrun.quality.worlds.engine import Tables, World, carry_out

CALLS = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6}
"""The least number of calls at each level, as the family's docstring states it."""


def world_items(level: int, seeds: range) -> Iterator[Item]:
    for family in WORLD_FAMILIES:
        for seed in seeds:
            yield item("tools", family.name, level, 2 * seed)


def key_of(asked: Item) -> WorldKey:
    assert isinstance(asked.key, WorldKey)
    return asked.key


class Search:
    """Breadth-first search of someone who knows what stands in the prompt and in the results so far, no more.

    It knows the world by calling it. Two prunings are sound: a successful change shows nothing, so one that makes a
    cell neither what it was nor what the goal wants would have to be undone; and calls that neither show anything new
    nor change anything lead nowhere.
    """

    def __init__(self, asked: Item) -> None:
        self.key = key_of(asked)
        self.world: World = WORLDS[self.key.world]
        self.start: Tables = json.loads(self.key.state)
        self.goal: Tables = json.loads(self.key.goal)
        self.prompt = asked.messages[0].content
        owners = [str(row["name"]) for row in self.start["owners"]]
        self.names = [name for name in owners if re.search(rf"\b{name}\b(?! (?:shade|top)\b)", self.prompt)]

    def least_calls(self, most: int) -> int | None:
        """Return the number of calls of the shortest way to the goal; None when it takes more than `most`."""
        level = {self.state(self.start, frozenset(self.read(self.prompt)))}
        seen = set(level)
        for depth in range(1, most + 1):
            following = set()
            for tables, known in level:
                for changed, learnt in self.moves(json.loads(tables), known):
                    if changed == self.goal:
                        return depth
                    state = self.state(changed, learnt)
                    if state not in seen:
                        seen.add(state)
                        following.add(state)
            level = following
        return None

    def moves(self, tables: Tables, known: frozenset[str]) -> Iterator[tuple[Tables, frozenset[str]]]:
        for tool in self.world.tools:
            properties = json.loads(tool.parameters)["properties"]
            for values in self.combinations([*properties.values()], known):
                call = ToolCall(tool.name, json.dumps(dict(zip(properties, values, strict=True))))
                step = carry_out(self.world, tables, call)
                assert step.problem is None
                learnt = known | self.read(step.result)
                if (step.changed and self.promising(step.tables)) or (not step.changed and learnt != known):
                    yield step.tables, learnt

    def combinations(self, schemas: list[dict[str, str]], known: frozenset[str]) -> Iterator[tuple[object, ...]]:
        if not schemas:
            yield ()
            return
        for value in self.candidates(schemas[0], known):
            for rest in self.combinations(schemas[1:], known):
                yield (value, *rest)

    def candidates(self, schema: dict[str, str], known: frozenset[str]) -> list[object]:
        if schema["type"] == "integer":
            return [int(value) for value in known if value.isdigit()]
        if like := re.search(r"like ([A-Z])-", schema["description"]):
            return [value for value in known if value.startswith(f"{like[1]}-")]
        return [*self.names] if "full name" in schema["description"] else [v for v in known if v.isalpha()]

    def promising(self, tables: Tables) -> bool:
        rows = zip(tables["things"], self.start["things"], self.goal["things"], strict=True)
        return all(now[column] in (was[column], aim[column]) for now, was, aim in rows for column in now)

    @staticmethod
    def read(text: str) -> set[str]:
        """Return the ids, numbers and capitalised words of a text: all that an argument can be made of."""
        return set(re.findall(r"\b[A-Z]-\d+\b|\b\d+\b|\b[A-Z][a-z]+\b", text))

    @staticmethod
    def state(tables: Tables, known: frozenset[str]) -> tuple[str, frozenset[str]]:
        return json.dumps(tables), known


@pytest.mark.parametrize("level", LEVELS)
def test_a_search_reaches_the_goal_in_the_stated_number_of_calls_and_not_in_fewer(level: int) -> None:
    for asked in world_items(level, range(40 if level < 5 else 20)):
        assert (asked.name, Search(asked).least_calls(CALLS[level])) == (asked.name, CALLS[level])


@pytest.mark.parametrize("level", LEVELS)
def test_the_oracle_makes_as_many_calls_as_the_search_and_reaches_the_goal(level: int) -> None:
    for asked in world_items(level, range(100, 140)):
        turns = replay.steps_of(key_of(asked), asked.oracle)

        assert sum(map(len, turns)) == CALLS[level]
        assert replay.reached(key_of(asked), turns)
        assert len(asked.oracle) < key_of(asked).most_turns


def pick_by_hand(asked: Item) -> str:
    """Solve "the cheapest … at least …" out of the prompt and the rows of the world, without the generator."""
    prompt, tables = asked.messages[0].content, json.loads(key_of(asked).state)
    owners = {row["name"]: row for row in tables["owners"]}
    named = [name for name in owners if re.search(rf"\b{name}\b(?! (?:shade|top)\b)", prompt)]
    owner = next(value for key, value in owners[named[0]].items() if key.endswith("_id")) if named else None
    owner = owner or re.search(r"\b[A-Z]-\d{3}\b", prompt)[0]  # type: ignore[index]  # every prompt names an owner
    bound = re.search(r"at (least|most) (\d+)", prompt)
    assert bound
    columns = {"pages": "year", "minutes": "hour", "days": "price", "seats": "price"}
    second = next(column for column in columns if column in tables["things"][0])
    rows = [row for row in tables["things"] if owner in row.values()]
    kept = [r for r in rows if (r[second] >= int(bound[2]) if bound[1] == "least" else r[second] <= int(bound[2]))]
    best = min(kept, key=lambda row: row[columns[second]])
    return next(str(value) for key, value in best.items() if key in {"file_id", "event_id", "offer_id", "room_id"})


@pytest.mark.parametrize("level", [1, 2, 3, 5])
def test_the_thing_that_changes_is_the_one_that_the_prompt_describes(level: int) -> None:
    for asked in world_items(level, range(200, 240)):
        last = json.loads(asked.oracle[-2].tool_calls[0].arguments)

        assert pick_by_hand(asked) in last.values()


@pytest.mark.parametrize("level", LEVELS)
def test_a_question_that_needs_no_call_has_the_answer_that_its_numbers_give(level: int) -> None:
    for family in WORLD_FAMILIES:
        for seed in range(40):
            asked = item("tools", family.name, level, 2 * seed + 1)
            text = asked.messages[0].content
            numbers = [int(number) for number in re.findall(r"\d+", text)]
            a, b, *rest = numbers
            result = a * b + (rest[0] * rest[1] if level >= 2 else 0)
            result -= rest[2] if level >= 3 else 0
            exact = result / rest[3] if level >= 4 else float(result)
            exact -= rest[4] if level >= 5 else 0

            assert key_of(asked).accept == (str(int(exact)),)
            assert exact == int(exact)
            assert int(exact) not in numbers
            assert key_of(asked).goal == ""


def test_twins_get_the_same_functions_and_half_of_them_need_none() -> None:
    for family in WORLD_FAMILIES:
        task, question = (item("tools", family.name, 3, seed) for seed in (8, 9))

        assert task.tools == question.tools
        assert (bool(key_of(task).goal), bool(key_of(question).goal)) == (True, False)


def understand(text: str) -> set[tuple[str, str]]:
    """Solve a single-call request by its wording: the function by key words, the arguments by where they stand."""
    found = set()
    for pattern, name, parameters in READINGS:
        for match in re.finditer(pattern, text):
            values = {each: worked_out(value) for each, value in zip(parameters, match.groups(), strict=True)}
            found.add((name, json.dumps(values, sort_keys=True)))
    return found


def worked_out(text: str) -> str | int:
    if half := re.fullmatch(r"half of (\d+)", text):
        return int(half[1]) // 2
    if less := re.fullmatch(r"(\d+) minus (\d+)", text):
        return int(less[1]) - int(less[2])
    return int(text) if text.isdigit() else text


N = r"(half of \d+|\d+ minus \d+|\d+)"
W = r"([A-Za-z]+)"
READINGS: list[tuple[str, str, tuple[str, ...]]] = [
    (rf"Set the {W} to {N} degrees Celsius now", "set_temperature", ("room", "celsius")),
    (rf"Make it {N} degrees Celsius in the {W} now", "set_temperature", ("celsius", "room")),
    (
        rf"From hour {N} on, have the {W} at {N} degrees Celsius",
        "schedule_temperature",
        ("hour", "room", "celsius"),
    ),
    (rf"At hour {N} set the {W} to {N} degrees Celsius", "schedule_temperature", ("hour", "room", "celsius")),
    (rf"Set the humidity in the {W} to {N} percent", "set_humidity", ("room", "percent")),
    (rf"I want {N} percent humidity in the {W}", "set_humidity", ("percent", "room")),
    (rf"Run the fan in the {W} until hour {N}", "set_fan_timer", ("room", "hour")),
    (rf"Keep the {W} fan on until hour {N}", "set_fan_timer", ("room", "hour")),
    (rf"Put {N} {W} into my cart", "add_to_cart", ("quantity", "product")),
    (rf"Add {W} to the cart, {N} in number", "add_to_cart", ("product", "quantity")),
    (rf"Take {N} {W} out of my cart", "remove_from_cart", ("quantity", "product")),
    (rf"Remove {W} from the cart, {N} in number", "remove_from_cart", ("product", "quantity")),
    (rf"Reserve {N} {W} at the store in {W}", "reserve_product", ("quantity", "product", "store")),
    (rf"Let the {W} store keep {W} for me, {N} in number", "reserve_product", ("store", "product", "quantity")),
    (rf"Send {N} {W} back to the store in {W}", "return_product", ("quantity", "product", "store")),
    (rf"Return {W} to the {W} store, {N} in number", "return_product", ("product", "store", "quantity")),
    *(
        entry
        for kind in ("train", "bus")
        for entry in (
            (
                rf"Book the {kind} from {W} to {W} on {W} for {N} people",
                f"book_{kind}",
                ("origin", "destination", "day", "passengers"),
            ),
            (
                rf"We want {kind} seats, {N} in number, {W} to {W}, on {W}",
                f"book_{kind}",
                ("passengers", "origin", "destination", "day"),
            ),
        )
    ),
    (rf"Cancel booking number {N}", "cancel_booking", ("booking_id",)),
    (rf"I no longer need the booking with number {N}", "cancel_booking", ("booking_id",)),
    (rf"Move booking number {N} to {W}", "move_booking", ("booking_id", "day")),
    (rf"I will travel on {W}: change booking number {N}", "move_booking", ("day", "booking_id")),
    (rf"Forward message number {N} to {W} now", "forward_message", ("message_id", "recipient")),
    (rf"{W} should get message {N} now", "forward_message", ("recipient", "message_id")),
    (
        rf"At hour {N}, forward message number {N} to {W}",
        "schedule_forward",
        ("hour", "message_id", "recipient"),
    ),
    (rf"Let {W} get message {N} at hour {N}", "schedule_forward", ("recipient", "message_id", "hour")),
    (rf"Delete message number {N}", "delete_message", ("message_id",)),
    (rf"Get rid of message {N}", "delete_message", ("message_id",)),
    (rf"Pin message number {N} for {N} weeks", "pin_message", ("message_id", "weeks")),
    (rf"Keep message {N} on top for {N} weeks", "pin_message", ("message_id", "weeks")),
    (rf"Send {N} euros to {W}", "transfer_money", ("amount", "recipient")),
    (rf"Pay {W} the sum of {N} euros\.", "transfer_money", ("recipient", "amount")),
    (rf"Ask {W} to send me {N} euros", "request_money", ("recipient", "amount")),
    (rf"{W} owes me {N} euros: ask for it", "request_money", ("recipient", "amount")),
    (rf"On {W}, send {N} euros to {W}", "schedule_transfer", ("day", "amount", "recipient")),
    (rf"Pay {W} the sum of {N} euros on {W}", "schedule_transfer", ("recipient", "amount", "day")),
    (rf"How much are {N} {W} in {W}\?", "convert_currency", ("amount", "source", "target")),
    (rf"Convert {N} {W} to {W}", "convert_currency", ("amount", "source", "target")),
    (rf"Extend loan number {N} by {N} weeks", "extend_loan", ("loan_id", "weeks")),
    (rf"I need {N} more weeks for loan {N}", "extend_loan", ("weeks", "loan_id")),
    (rf"The book of loan number {N} is back: end the loan", "end_loan", ("loan_id",)),
    (rf"End loan number {N}", "end_loan", ("loan_id",)),
    (rf"Hand loan number {N} over to {W}", "transfer_loan", ("loan_id", "member")),
    (rf"{W} takes over loan number {N}", "transfer_loan", ("member", "loan_id")),
    (rf"{W} lost the book of loan number {N}: report it", "report_loss", ("member", "loan_id")),
    (rf"Report loan {N} of {W} as lost", "report_loss", ("loan_id", "member")),
]


@pytest.mark.parametrize("level", LEVELS)
def test_a_reader_of_the_request_arrives_at_the_same_calls(level: int) -> None:
    for seed in range(60):
        asked, twin = (item("tools", "one-call", level, 2 * seed + odd) for odd in (0, 1))
        assert isinstance(asked.key, ToolKey)
        wanted = understand(asked.messages[0].content)
        offered = {tool.name for tool in asked.tools}

        assert {(call.name, call.arguments) for call in asked.key.calls} == wanted
        assert {name for name, _ in wanted} <= offered
        assert twin.messages == asked.messages
        assert {name for name, _ in wanted}.isdisjoint(tool.name for tool in twin.tools)
        assert len(twin.tools) == len(asked.tools) == {1: 1, 2: 2, 3: 3, 4: 4, 5: 4}[level]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 499_999), st.sampled_from(FAMILIES), st.sampled_from(LEVELS))
def test_the_oracle_s_conversation_can_be_sent_turn_by_turn(seed: int, family: object, level: int) -> None:
    asked = item("tools", family.name, level, seed)  # type: ignore[attr-defined]  # a family
    sent = [next_messages(asked, asked.oracle[:turns]) for turns in range(len(asked.oracle) + 1)]

    assert sent[0] == asked.messages
    assert sent[-1] is None
    assert all(messages is not None for messages in sent[:-1])
    for messages in sent[1:-1]:
        assert messages is not None
        assert [message.role for message in messages[-2:]] == ["assistant", "tool"]
