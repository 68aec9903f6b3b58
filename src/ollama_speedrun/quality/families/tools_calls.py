"""One call: a request and one to four functions, of which exactly one fits, or (the twin) none.

From level 3 the functions offered are near relatives of the right one. Level 5 asks for two different calls at once,
each with a number that has to be worked out first, among functions that differ in one word. The right arguments stand
in the prompt, as they must; so do the values of the other request and the names of the functions that do not fit.
"""

import json
from typing import Final

import msgspec

from ..draw import Draw
from ..items import Answer, Area, Draft, Family, Message, Need, Tool, ToolCall, ToolKey

_NAMES: Final = (
    "Ada",
    "Bjorn",
    "Carla",
    "Dmitri",
    "Elena",
    "Farid",
    "Greta",
    "Hamid",
    "Ines",
    "Jonas",
    "Kofi",
    "Leila",
    "Marek",
    "Nadia",
    "Oscar",
    "Priya",
    "Rosa",
    "Sven",
    "Tomas",
    "Uma",
    "Viktor",
    "Wanda",
    "Yusuf",
    "Zoe",
)
_PLACES: Final = (
    "Bergen",
    "Cadiz",
    "Dresden",
    "Evora",
    "Ghent",
    "Haarlem",
    "Krakow",
    "Leeds",
    "Malmo",
    "Nantes",
    "Porto",
    "Riga",
    "Turin",
)
_ROOMS: Final = ("kitchen", "bedroom", "office", "hall", "library", "cellar", "workshop", "nursery")
_PRODUCTS: Final = ("lamps", "kettles", "ropes", "brushes", "tiles", "mugs", "batteries", "notebooks", "candles")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CODES: Final = ("USD", "EUR", "GBP", "JPY", "CHF", "SEK", "PLN", "INR")

_POOLS: Final[dict[str, tuple[str, ...]]] = {
    "recipient": _NAMES,
    "member": _NAMES,
    "origin": _PLACES,
    "destination": _PLACES,
    "store": _PLACES,
    "room": _ROOMS,
    "product": _PRODUCTS,
    "day": _DAYS,
    "source": _CODES,
    "target": _CODES,
}
_RANGES: Final[dict[str, tuple[int, int]]] = {
    "celsius": (15, 28),
    "percent": (30, 70),
    "hour": (6, 22),
    "quantity": (2, 60),
    "amount": (5, 900),
    "message_id": (1000, 9999),
    "booking_id": (1000, 9999),
    "loan_id": (1000, 9999),
    "weeks": (2, 12),
    "passengers": (2, 9),
}


class _Function(msgspec.Struct, frozen=True):
    """A function on offer: its parameters in order, and two ways to ask for it."""

    name: str
    description: str
    parameters: tuple[str, ...]
    wordings: tuple[str, str]


_TOPICS: Final[tuple[tuple[_Function, ...], ...]] = (
    (
        _Function(
            "set_temperature",
            "Set the temperature of a room now",
            ("room", "celsius"),
            ("Set the {room} to {celsius} degrees Celsius now", "Make it {celsius} degrees Celsius in the {room} now"),
        ),
        _Function(
            "schedule_temperature",
            "Set the temperature of a room from an hour of the day on",
            ("room", "celsius", "hour"),
            (
                "From hour {hour} on, have the {room} at {celsius} degrees Celsius",
                "At hour {hour} set the {room} to {celsius} degrees Celsius",
            ),
        ),
        _Function(
            "set_humidity",
            "Set the humidity of a room",
            ("room", "percent"),
            ("Set the humidity in the {room} to {percent} percent", "I want {percent} percent humidity in the {room}"),
        ),
        _Function(
            "set_fan_timer",
            "Let the fan of a room run until an hour of the day",
            ("room", "hour"),
            ("Run the fan in the {room} until hour {hour}", "Keep the {room} fan on until hour {hour}"),
        ),
    ),
    (
        _Function(
            "add_to_cart",
            "Put a product into the shopping cart",
            ("product", "quantity"),
            ("Put {quantity} {product} into my cart", "Add {product} to the cart, {quantity} in number"),
        ),
        _Function(
            "remove_from_cart",
            "Take a product out of the shopping cart",
            ("product", "quantity"),
            ("Take {quantity} {product} out of my cart", "Remove {product} from the cart, {quantity} in number"),
        ),
        _Function(
            "reserve_product",
            "Reserve a product for pick-up at a store",
            ("product", "quantity", "store"),
            (
                "Reserve {quantity} {product} at the store in {store}",
                "Let the {store} store keep {product} for me, {quantity} in number",
            ),
        ),
        _Function(
            "return_product",
            "Send a delivered product back to a store",
            ("product", "quantity", "store"),
            (
                "Send {quantity} {product} back to the store in {store}",
                "Return {product} to the {store} store, {quantity} in number",
            ),
        ),
    ),
    (
        _Function(
            "book_train",
            "Book seats on a train",
            ("origin", "destination", "day", "passengers"),
            (
                "Book the train from {origin} to {destination} on {day} for {passengers} people",
                "We want train seats, {passengers} in number, {origin} to {destination}, on {day}",
            ),
        ),
        _Function(
            "book_bus",
            "Book seats on a bus",
            ("origin", "destination", "day", "passengers"),
            (
                "Book the bus from {origin} to {destination} on {day} for {passengers} people",
                "We want bus seats, {passengers} in number, {origin} to {destination}, on {day}",
            ),
        ),
        _Function(
            "cancel_booking",
            "Cancel a booking",
            ("booking_id",),
            ("Cancel booking number {booking_id}", "I no longer need the booking with number {booking_id}"),
        ),
        _Function(
            "move_booking",
            "Move a booking to another day",
            ("booking_id", "day"),
            ("Move booking number {booking_id} to {day}", "I will travel on {day}: change booking number {booking_id}"),
        ),
    ),
    (
        _Function(
            "forward_message",
            "Forward a message to a person now",
            ("message_id", "recipient"),
            (
                "Forward message number {message_id} to {recipient} now",
                "{recipient} should get message {message_id} now",
            ),
        ),
        _Function(
            "schedule_forward",
            "Forward a message to a person at an hour of the day",
            ("message_id", "recipient", "hour"),
            (
                "At hour {hour}, forward message number {message_id} to {recipient}",
                "Let {recipient} get message {message_id} at hour {hour}",
            ),
        ),
        _Function(
            "delete_message",
            "Delete a message",
            ("message_id",),
            ("Delete message number {message_id}", "Get rid of message {message_id}"),
        ),
        _Function(
            "pin_message",
            "Keep a message on top of the inbox for some weeks",
            ("message_id", "weeks"),
            ("Pin message number {message_id} for {weeks} weeks", "Keep message {message_id} on top for {weeks} weeks"),
        ),
    ),
    (
        _Function(
            "transfer_money",
            "Send money from my account to a person",
            ("recipient", "amount"),
            ("Send {amount} euros to {recipient}", "Pay {recipient} the sum of {amount} euros"),
        ),
        _Function(
            "request_money",
            "Ask a person to send money to my account",
            ("recipient", "amount"),
            ("Ask {recipient} to send me {amount} euros", "{recipient} owes me {amount} euros: ask for it"),
        ),
        _Function(
            "schedule_transfer",
            "Send money from my account to a person on a day of this week",
            ("recipient", "amount", "day"),
            ("On {day}, send {amount} euros to {recipient}", "Pay {recipient} the sum of {amount} euros on {day}"),
        ),
        _Function(
            "convert_currency",
            "Convert an amount from one currency to another",
            ("amount", "source", "target"),
            ("How much are {amount} {source} in {target}?", "Convert {amount} {source} to {target}"),
        ),
    ),
    (
        _Function(
            "extend_loan",
            "Extend the loan of a library book",
            ("loan_id", "weeks"),
            ("Extend loan number {loan_id} by {weeks} weeks", "I need {weeks} more weeks for loan {loan_id}"),
        ),
        _Function(
            "end_loan",
            "Mark a library book as returned",
            ("loan_id",),
            ("The book of loan number {loan_id} is back: end the loan", "End loan number {loan_id}"),
        ),
        _Function(
            "transfer_loan",
            "Hand the loan of a library book to another member",
            ("loan_id", "member"),
            ("Hand loan number {loan_id} over to {member}", "{member} takes over loan number {loan_id}"),
        ),
        _Function(
            "report_loss",
            "Report a lent library book as lost",
            ("loan_id", "member"),
            ("{member} lost the book of loan number {loan_id}: report it", "Report loan {loan_id} of {member} as lost"),
        ),
    ),
)

_ENDINGS: Final = (
    "Call a function only if it does exactly what is asked. If none does, say so in one short sentence.",
    "If one of the functions does exactly this, call it. If none does, answer in one short sentence that you cannot.",
    "Use a function if it fits exactly; if none fits, call none and say so briefly.",
)
_OFFERED: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 4}


def _generate(draw: Draw, level: int, twin: bool) -> Draft:
    topic = draw.choice(_TOPICS)
    asked = draw.sample(topic, 2 if level == 5 else 1)
    calls, requests = [], []
    for function in asked:
        values = _values(draw, function)
        told = {name: _told(draw, value) if level >= 4 else str(value) for name, value in values.items()}
        requests.append(draw.choice(function.wordings).format(**told))
        calls.append(ToolCall(function.name, json.dumps(values, sort_keys=True)))
    relatives = draw.shuffled([function for function in topic if function not in asked])
    strangers = draw.shuffled([function for other in _TOPICS if other is not topic for function in other])
    others = (*relatives, *strangers) if level >= 3 else strangers
    fitting = () if twin else asked
    offered = draw.shuffled((*fitting, *others[: _OFFERED[level] - len(fitting)]))
    request = " Then: ".join(text if text.endswith("?") else f"{text}." for text in requests)
    oracle = Answer(content="None of the functions can do that.") if twin else Answer(tool_calls=tuple(calls))
    return Draft(
        messages=(Message(role="user", content=f"{request} {draw.choice(_ENDINGS)}"),),
        key=ToolKey(() if twin else tuple(calls)),
        oracle=(oracle,),
        max_tokens=160 if level == 5 else 96,
        tools=tuple(_tool(function) for function in offered),
    )


def _values(draw: Draw, function: _Function) -> dict[str, str | int]:
    """Draw the arguments; two of one kind (from and to) differ."""
    values: dict[str, str | int] = {}
    for name in function.parameters:
        if name in _RANGES:
            values[name] = draw.integer(*_RANGES[name])
        else:
            values[name] = draw.choice([word for word in _POOLS[name] if word not in values.values()])
    return values


def _told(draw: Draw, value: str | int) -> str:
    """Say a number as a small sum that has to be worked out; four-digit numbers are names and stay."""
    if isinstance(value, str) or value >= 1000:
        return str(value)
    other = draw.integer(3, 19)
    return draw.choice((f"half of {2 * value}", f"{value + other} minus {other}"))


def _tool(function: _Function) -> Tool:
    properties = {name: {"type": "integer" if name in _RANGES else "string"} for name in function.parameters}
    schema = {"type": "object", "properties": properties, "required": list(function.parameters)}
    return Tool(function.name, function.description, json.dumps(schema))


ONE_CALL: Final = Family(
    area=Area.TOOLS, name="one-call", generate=_generate, paired=True, needs=frozenset({Need.TOOLS})
)
