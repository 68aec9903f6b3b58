"""Several calls that build on one another, in a simulated world; the twin is a question that needs no call at all.

The least number of calls is 2 at level 1 and one more each level, 6 at level 5. No id can be guessed: each stands in
an earlier result alone. Levels 4 and 5 are hard because the change is refused at first: the error names a person, that
person names another, whose answer holds the codes of two things with ids that differ by two digits swapped; then
the lock must be released and the change made again. Level 5 has to find the thing first, among six of which the best
by the first figure fails the second. What a model needs stands in the prompt or in results, with others of its kind.
"""

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Final, TypeVar

import msgspec

from ..draw import Draw
from ..items import Answer, Area, Draft, Family, Message, Need, ToolCall, WorldKey
from ..worlds.catalogue import CALENDAR, FILES, ROOMS, STOCK
from ..worlds.engine import LOCKED, Function, Parameter, Read, Tables, Value, World, carry_out, parameters

T = TypeVar("T")
SPARE_TURNS: Final = 4
"""Turns beyond one for each necessary call: the closing sentence, and three detours."""
_CANDIDATES: Final = {1: 2, 2: 3, 3: 4, 4: 4, 5: 6}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


class _Scene(msgspec.Struct, frozen=True, kw_only=True):
    """The words and numbers of a world. `figures` are the ranges of the columns shown; `most` if the bound is upper."""

    world: World
    owners: tuple[tuple[str, ...], tuple[str, ...]]
    figures: tuple[tuple[int, int], tuple[int, int]]
    most: bool = False
    values: tuple[Value, ...]
    pick: str
    task: str
    from_note: str
    note: str
    refusal: str
    hint: str
    count: tuple[str, str, str]


_SCENES: Final = (
    _Scene(
        world=FILES,
        owners=(("Lynx", "Heron", "Otter", "Badger", "Falcon", "Marten"), ("drafts", "draft", "papers", "notes")),
        figures=((1960, 2024), (3, 90)),
        values=("Amber", "Cedar", "Delta", "Ivory", "Maple", "North", "Quartz", "River", "Slate", "Topaz"),
        pick="the oldest file in the folder {owner} that has at least {bound} pages",
        task="Move {thing} to the shelf {value}.",
        from_note="Move {thing} to the shelf that its text names.",
        note="This file belongs on the shelf {value}.",
        refusal="{thing} is held. Keeper {desk} knows more.",
        hint="For {thing} ask keeper {desk}",
        count=("files", "pages", "readers"),
    ),
    _Scene(
        world=CALENDAR,
        owners=(("Ada", "Adam", "Jon", "John", "Eva", "Ewa"), ("Kessel", "Kessler", "Berg", "Bergen")),
        figures=((7, 19), (15, 180)),
        values=_DAYS,
        pick="the earliest event of {owner} that lasts at least {bound} minutes",
        task="Move {thing} to {value}.",
        from_note="Move {thing} to the day that its notes ask for.",
        note="Please have this on {value} instead.",
        refusal="{thing} is fixed. Assistant {desk} knows more.",
        hint="For {thing} ask assistant {desk}",
        count=("meetings", "minutes", "sessions"),
    ),
    _Scene(
        world=STOCK,
        owners=(("oak", "steel", "glass", "bamboo", "copper", "linen"), ("lamp", "lamp shade", "table", "table top")),
        figures=((11, 95), (2, 40)),
        most=True,
        values=tuple(range(12, 480)),
        pick="the cheapest offer for the product {owner} that arrives in at most {bound} days",
        task="Order {value} pieces from {thing}.",
        from_note="Order from {thing} exactly the quantity that its terms prescribe.",
        note="Sold in lots: order exactly {value} pieces.",
        refusal="{thing} is on hold. Manager {desk} knows more.",
        hint="For {thing} ask manager {desk}",
        count=("crates", "bottles", "shops"),
    ),
    _Scene(
        world=ROOMS,
        owners=(("Alder", "Birch", "Cedar", "Elm", "Hazel", "Rowan"), ("House", "Hall", "Court", "Yard")),
        figures=((20, 99), (4, 120)),
        values=tuple(range(24)),
        pick="the cheapest room in the building {owner} that seats at least {bound} people",
        task="Book {thing} for hour {value} of today.",
        from_note="Book {thing} for the only hour that its rules allow.",
        note="This room can be booked for hour {value} only.",
        refusal="{thing} is closed. Desk {desk} knows more.",
        hint="For {thing} ask desk {desk}",
        count=("rooms", "seats", "groups"),
    ),
)

_SUFFIXES: Final = (
    "Call functions only as far as they are needed; if a call is refused, find out how to get it done.",
    "Use the functions where you need them, and no more than that; if one refuses, find a way.",
)
_OPENINGS: Final = ("There are", "We have", "Suppose there are", "I was told of")
_ENDINGS: Final = {False: "At the end answer in one short sentence.", True: "Answer with only the number."}


class _Cast(msgspec.Struct, frozen=True, kw_only=True):
    """What was drawn for an item; the first of `owners`, `owner_ids`, `thing_ids` and `values` is the right one."""

    owners: tuple[str, ...]
    owner_ids: tuple[str, ...]
    thing_ids: tuple[str, ...]
    candidates: tuple[tuple[int, int], ...]
    bound: int
    values: tuple[Value, ...]
    desk_ids: tuple[str, ...]
    codes: tuple[str, ...]


def _generate(scene: _Scene, draw: Draw, level: int, twin: bool) -> Draft:
    cast = _cast(scene, draw, level)
    tables = _tables(scene, cast, level, draw)
    key = WorldKey(world=scene.world.name, state=json.dumps(tables), goal="", most_turns=level + 1 + SPARE_TURNS)
    ending = _ENDINGS[twin]
    if twin:
        request, number = _question(scene, draw.fork("question"), level)
        key = msgspec.structs.replace(key, accept=(str(number),))
        oracle: tuple[Answer, ...] = (Answer(content=str(number)),)
    else:
        request, calls = _request(scene, cast, level), _route(scene.world, cast, level)
        for call in calls:
            tables = carry_out(scene.world, tables, call).tables
        key = msgspec.structs.replace(key, goal=json.dumps(tables))
        oracle = (*(Answer(tool_calls=(call,)) for call in calls), Answer(content="That is done."))
    return Draft(
        messages=(Message(role="user", content=f"{request} {draw.choice(_SUFFIXES)} {ending}"),),
        key=key,
        oracle=oracle,
        max_tokens=96,
        tools=scene.world.tools,
    )


def _cast(scene: _Scene, draw: Draw, level: int) -> _Cast:
    _, listing, _, change, ask, _ = scene.world.functions
    owner_key, thing_key, desk_key = (parameters(one)[0] for one in (listing, change, ask))
    count = _CANDIDATES[level]
    bound, candidates = _candidates(scene, draw, count)
    owner_ids, thing_ids = _ids(draw, owner_key, 4), _ids(draw, thing_key, count + 2)
    shown = {bound, *(int(each[2:]) for each in owner_ids + thing_ids), *(n for pair in candidates for n in pair)}
    unseen = [value for value in scene.values if value not in shown]  # else a note need not be read
    return _Cast(
        owners=_different(draw, [f"{first} {last}" for first in scene.owners[0] for last in scene.owners[1]], 4),
        owner_ids=owner_ids,
        thing_ids=thing_ids,
        candidates=candidates,
        bound=bound,
        values=_different(draw, unseen, min(count + 2, len(unseen))),
        desk_ids=_ids(draw, desk_key, 3),
        codes=tuple(f"K-{number}" for number in _different(draw, range(1000, 10_000), 2)),
    )


def _different(draw: Draw, values: Sequence[T], count: int, taken: Sequence[T] = ()) -> tuple[T, ...]:
    """Return `count` different values that are not taken, drawn one by one: `values` may be a long range."""
    found: list[T] = []
    while len(found) < count:
        value = draw.choice(values)
        if value not in found and value not in taken:
            found.append(value)
    return tuple(found)


def _ids(draw: Draw, key: Parameter, count: int) -> tuple[str, ...]:
    """Return different ids; the second is the first with its last two digits swapped."""
    prefix = key.description.removeprefix("like ").partition("-")[0]
    tens, ones = _different(draw, range(10), 2)
    hundreds = 100 * draw.integer(1, 9)
    pair = (hundreds + 10 * tens + ones, hundreds + 10 * ones + tens)
    others = _different(draw, range(100, 1000), count - 2, pair)
    return tuple(f"{prefix}-{number}" for number in (*pair, *others))


def _candidates(scene: _Scene, draw: Draw, count: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return the bound, and pairs of figures: the first pair is the best that keeps it; some better ones do not."""
    (first_low, first_high), (low, high) = scene.figures
    bound = draw.integer(low + 2, high - 2)
    kept, broken = ((low, bound), (bound + 1, high)) if scene.most else ((bound, high), (low, bound - 1))
    firsts = sorted(_different(draw, range(first_low, first_high + 1), count))
    better = 1 + draw.below(count - 1)
    pairs = [(first, draw.integer(*broken)) for first in firsts[:better]]
    best = (firsts[better], draw.integer(*kept))
    pairs += [(first, draw.integer(low, high)) for first in firsts[better + 1 :]]
    return bound, (best, *pairs)


def _tables(scene: _Scene, cast: _Cast, level: int, draw: Draw) -> Tables:
    find, listing, _, change, ask, _ = scene.world.functions
    owner_key, thing_key, desk_key = (parameters(one)[0].name for one in (listing, change, ask))
    shown = listing.shows[1:] if isinstance(listing, Read) else ()
    things: list[dict[str, Value]] = []
    for place, thing in enumerate(cast.thing_ids):
        owned = place < len(cast.candidates)
        figures = cast.candidates[place if owned else 0]
        value = cast.values[place % len(cast.values)]
        things.append(
            {
                thing_key: thing,
                owner_key: cast.owner_ids[0 if owned else 1],
                **dict(zip(shown, figures, strict=True)),
                "note": scene.note.format(value=value) if level == 3 else "No remarks.",
                parameters(change)[1].name: "" if isinstance(value, str) else -1,
                LOCKED: "",
                "code": "",
            }
        )
    answers: tuple[str, ...] = ()
    if level >= 4:
        things[0] |= {
            LOCKED: scene.refusal.format(thing=cast.thing_ids[0], desk=cast.desk_ids[0]),
            "code": cast.codes[0],
        }
        hints = [
            scene.hint.format(thing=thing, desk=desk)
            for thing, desk in zip(cast.thing_ids[:2], cast.desk_ids[1:], strict=True)
        ]
        codes = [
            f"The release code of {thing} is {code}" for thing, code in zip(cast.thing_ids[:2], cast.codes, strict=True)
        ]
        answers = (*(". ".join(draw.shuffled(lines)) + "." for lines in (hints, codes)), "I know no release codes.")
    owners = [
        {parameters(find)[0].name: name, owner_key: each}
        for name, each in zip(cast.owners, cast.owner_ids, strict=True)
    ]
    desks = [{desk_key: desk, "answer": answer} for desk, answer in zip(cast.desk_ids, answers, strict=False)]
    return {"owners": draw.shuffled(owners), "things": draw.shuffled(things), "desks": draw.shuffled(desks)}


def _route(world: World, cast: _Cast, level: int) -> tuple[ToolCall, ...]:
    """Return the calls of an oracle, in order."""
    find, listing, detail, change, ask, release = world.functions
    thing = cast.thing_ids[0]
    found, listed, read = _call(find, cast.owners[0]), _call(listing, cast.owner_ids[0]), _call(detail, thing)
    made = _call(change, thing, cast.values[0])
    asked = tuple(_call(ask, desk) for desk in cast.desk_ids[:2])
    refused = (made, *asked, _call(release, thing, cast.codes[0]), made)
    routes = {
        1: (listed, made),
        2: (found, listed, made),
        3: (found, listed, read, made),
        4: refused,
        5: (listed, *refused),
    }
    return routes[level]


def _call(function: Function, *values: Value) -> ToolCall:
    arguments = {each.name: value for each, value in zip(parameters(function), values, strict=True)}
    return ToolCall(function.name, json.dumps(arguments, sort_keys=True))


def _request(scene: _Scene, cast: _Cast, level: int) -> str:
    owner = cast.owners[0] if level in {2, 3} else cast.owner_ids[0]
    picked = scene.pick.format(owner=owner, bound=cast.bound)
    wording = scene.from_note if level == 3 else scene.task
    return wording.format(thing=cast.thing_ids[0] if level == 4 else picked, value=cast.values[0])


def _question(scene: _Scene, draw: Draw, level: int) -> tuple[str, int]:
    """Return a sum in the words of the world, and its result, which is none of the numbers in it."""
    things, units, sharers = scene.count
    while True:
        a, b, c, d = draw.sample(range(3, 20), 4)
        if level == 1:
            a, b = draw.integer(2, 9), draw.integer(11, 99)
        share = draw.integer(3, 9)
        result = a * b
        text = f"{draw.choice(_OPENINGS)} {a} {things} with {b} {units} each"
        if level >= 2:
            result += c * d
            text += f" and {c} {things} with {d} {units} each"
        if level >= 3:
            lost = result % share + share * draw.integer(1, 2)
            result -= lost
            text += f"; {lost} of the {units} are lost"
        if level >= 4:
            result //= share
            text += f", the others are shared equally by {share} {sharers}"
        if level >= 5:
            result -= (taken := draw.integer(2, 4))
            text += f", and each of these gives {taken} away"
        asked = f"How many {units} does each of the {sharers} keep?" if level >= 4 else f"How many {units} is that?"
        if result > 1 and str(result) not in re.findall(r"\d+", text):
            return f"{text}. {asked}", result


def _family(scene: _Scene) -> Family:
    return Family(
        area=Area.TOOLS,
        name=f"{scene.world.name}-world",
        generate=partial(_generate, scene),
        paired=True,
        needs=frozenset({Need.TOOLS}),
    )


WORLD_FAMILIES: Final = tuple(_family(scene) for scene in _SCENES)
