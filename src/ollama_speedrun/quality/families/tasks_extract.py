"""Extract typed JSON from a text; what the text does not say is null.

Level 1 has a name and an age. From level 3 on details are missing, from level 4 on objects nest. Level 5 is an order of
six lines beside a neighbour's order for the same goods. Later sentences add to a number, exchange two prices, give a
line the colour of another, take a change back and cancel a line; a number is written in dozens. Twenty-five values must
be right together. At levels 1 to 3 the values stand in the text by the nature of the task.
"""

from typing import TypeAlias

import msgspec

from ..draw import Draw
from ..items import Area, Draft, Family, JsonKey
from .drafting import listed, question
from .story_words import COLOURS, GOODS, MONTHS, NAMES, NUMBER_WORDS, SURNAMES, TOWNS

_Value: TypeAlias = str | int | bool | list["_Value"] | dict[str, "_Value"] | None


def _draft(prompt: str, value: _Value, max_tokens: int) -> Draft:
    text = msgspec.json.encode(value).decode()
    return question(prompt, JsonKey(value=text), text, max_tokens=max_tokens)


def _person(draw: Draw) -> str:
    return f"{draw.choice(NAMES)} {draw.choice(SURNAMES)}"


def _name_and_age(draw: Draw) -> Draft:
    name, age = _person(draw), draw.integer(18, 90)
    text = draw.choice(
        (
            f"My name is {name} and I am {age} years old.",
            f"{name} is {age} years old.",
            f"This is {name}, who is {age} years old.",
        )
    )
    prompt = f'Write as JSON with the keys "name" (string) and "age" (number): {text} Answer with only the JSON.'
    return _draft(prompt, {"name": name, "age": age}, 48)


def _profile(draw: Draw, absent: int) -> Draft:
    """Return a person with four fields, or with seven of which some are absent."""
    name, town, age = _person(draw), draw.choice(TOWNS), draw.integer(18, 90)
    member, children, colour = draw.chance(0.5), draw.integer(2, 5), draw.choice(COLOURS)
    email = f"{name.split()[0].lower()}{draw.integer(10, 999)}@mail.example"
    fields: list[tuple[str, str, _Value, str]] = [
        ("age", "number", age, f"is {age} years old"),
        ("town", "string", town, f"lives in {town}"),
        ("member", "true or false", member, f"is {'' if member else 'not '}a member of the club"),
    ]
    if absent:
        fields += [
            ("children", "number", children, f"has {children} children"),
            ("email", "string", email, f"reads mail sent to {email}"),
            ("colour", "string", colour, f"likes the colour {colour} best"),
        ]
    missing = [field[0] for field in draw.sample(fields, absent)]
    told = [text for key, _, _, text in draw.shuffled(fields) if key not in missing]
    value: dict[str, _Value] = {"name": name}
    value |= {key: None if key in missing else known for key, _, known, _ in fields}
    keys = ", ".join(f'"{key}" ({kind})' for key, kind, _, _ in fields)
    rule = " Use null for what the text does not say." if absent else ""
    prompt = (
        f'Extract as one JSON object with the keys "name" (string), {keys}.{rule}\n'
        f"Text: {name} {listed(told)}.\nAnswer with only the JSON."
    )
    return _draft(prompt, value, 110 if absent else 72)


class _Line(msgspec.Struct):
    """One line of an order."""

    product: str
    plural: str
    quantity: int
    price: int
    colour: str | None

    def value(self) -> dict[str, _Value]:
        return {"product": self.product, "quantity": self.quantity, "price": self.price, "colour": self.colour}


def _some_colour(draw: Draw) -> str | None:
    return draw.choice(COLOURS) if draw.chance(0.5) else None


def _line_text(draw: Draw, line: _Line) -> str:
    colour = f"{line.colour} " if line.colour else ""
    if line.quantity % 12 == 0 and line.quantity // 12 in (2, 3, 4):
        return f"{NUMBER_WORDS[line.quantity // 12]} dozen {colour}{line.plural} at {line.price} each"
    return draw.choice(
        (
            f"{line.quantity} {colour}{line.plural} at {line.price} each",
            f"{line.quantity} {colour}{line.plural}, each for {line.price}",
        )
    )


def _order(draw: Draw, corrected: bool) -> Draft:
    """Return an order with nested objects; `corrected` adds changes, another order and a date in words."""
    name, town, neighbour = _person(draw), draw.choice(TOWNS), draw.choice(NAMES)
    count = 6 if corrected else 3
    lines = [
        _Line(one, plural, draw.integer(2, 48), draw.integer(2, 90), _some_colour(draw))
        for one, plural in draw.sample(GOODS, count)
    ]
    if corrected:
        lines[draw.below(count)].quantity = 12 * draw.integer(2, 4)
    phone = f"0{draw.integer(10, 99)} {draw.integer(1000, 9999)}" if draw.chance(0.5) else None
    wrapped: bool | None = draw.choice((True, False, None))
    year, month, day = draw.integer(2024, 2031), draw.integer(1, 12), draw.integer(1, 28)
    dated = draw.chance(0.7)
    told = [f"I am {name} from {town}."]
    if phone:
        told.append(f"You can call me on {phone}.")
    told.append(f"I would like {listed([_line_text(draw, line) for line in lines])}.")
    if dated:
        told.append(f"I need everything by {MONTHS[month - 1]} {day}, {year}.")
    if wrapped is not None:
        told.append("Please wrap it as a gift." if wrapped else "There is no need to wrap it as a gift.")
    if corrected:
        told += _corrections(draw, lines, neighbour)
    value: _Value = {
        "customer": {"name": name, "town": town, "phone": phone},
        "items": [line.value() for line in lines],
        "date": f"{year}-{month:02}-{day:02}" if dated else None,
        "gift": wrapped,
    }
    prompt = (
        'Extract the order as one JSON object: {"customer": {"name", "town", "phone"}, "items": [{"product" '
        '(singular), "quantity" (number), "price" (number, for one piece), "colour"}], "date" (YYYY-MM-DD), '
        '"gift" (true or false)}. '
        "Use null for what the text does not say. Keep the items in the order of the text.\n"
        f"Text: {' '.join(told)}\nAnswer with only the JSON."
    )
    return _draft(prompt, value, 320)


def _corrections(draw: Draw, lines: list[_Line], neighbour: str) -> list[str]:
    """Change the lines and return the sentences that say so, with one about another order among them."""
    more, cancelled, one, other, painted = draw.sample(range(len(lines)), 5)
    model = draw.choice([index for index in range(len(lines)) if index not in (painted, cancelled)])
    added, colour, wrong = draw.integer(3, 20), draw.choice(COLOURS), draw.integer(3, 48)
    lines[more].quantity += added
    lines[model].colour = colour
    lines[painted].colour = colour
    lines[one].price, lines[other].price = lines[other].price, lines[one].price
    theirs = f"{draw.integer(2, 60)} {draw.choice(COLOURS)}"
    told = [
        f"{neighbour}, my neighbour, wants {theirs} {lines[one].plural}, but will order them alone.",
        f"Please add {added} to the number of {lines[more].plural}.",
        f"All of the {lines[model].plural} should be {colour}, and the {lines[painted].plural} of the same colour.",
        f"Please exchange the price of the {lines[one].plural} and that of the {lines[other].plural}.",
        f"Make it {wrong} {lines[other].plural}. No, I was wrong, leave their number as it was.",
        f"I do not need any {lines[cancelled].plural} after all.",
    ]
    del lines[cancelled]
    return list(draw.shuffled(told))


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    match level:
        case 1:
            return _name_and_age(draw)
        case 2:
            return _profile(draw, absent=0)
        case 3:
            return _profile(draw, absent=2)
        case _:
            return _order(draw, corrected=level == 5)


EXTRACT = Family(area=Area.TASKS, name="extract-json", generate=_generate)
