"""A conversation about orders with corrections: what holds at the end.

The replies vary and never repeat a value. The answer stands in the conversation by the nature of the task,
except for quantities that were added up, and other values of its kind stand there, too. Level 1 corrects one of two
details once. Level 5 has forty changes to six orders (some 2,000 tokens): values are copied from another order as they
are at that moment, exchanged between two orders and undone, and remarks that change nothing name the same people,
towns and days.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..draw import Draw
from ..items import Answer, Area, Draft, Family, Key, Message, NumberKey, TextKey
from .drafting import drawn, occurs
from .story_words import GOODS, NAMES, TOWNS, WEEKDAYS

_PLACED = (
    "Noted.", "All right.", "Of course.", "Okay, got it.", "No problem.", "I have written it down.", "Certainly.",
    "Fine, it is in the list.", "Understood.", "Very well.", "That is arranged.", "Thank you for the order.",
)  # fmt: skip
_CHANGED = (*_PLACED[:-1], "Done.", "Sure, I have changed that.", "Thank you, that is updated.", "It is corrected.")
_HEARD = ("I see.", "How interesting.", "Good to know.", "Thanks for telling me.", "Is that so?", "I understand.")


class _Size(NamedTuple):
    orders: int
    changes: int
    remarks: int


_SIZES = {1: _Size(1, 1, 0), 2: _Size(1, 2, 1), 3: _Size(2, 5, 2), 4: _Size(4, 14, 4), 5: _Size(6, 40, 8)}
_SLOTS = ("day", "town", "quantity")


class _Order(NamedTuple):
    """One order; a change makes another."""

    goods: str
    day: str
    town: str
    quantity: int


class _Talk:
    """The messages so far, and the orders as they are after them."""

    def __init__(self, draw: Draw, size: _Size) -> None:
        self.draw, self.size = draw, size
        self.messages: list[Message] = []
        self.people = draw.sample(NAMES, size.orders)
        self.towns = draw.sample(TOWNS, max(3, size.orders + 1))
        goods = draw.sample(GOODS, size.orders)
        self.orders = {
            name: _Order(plural, draw.choice(WEEKDAYS), draw.choice(self.towns), draw.integer(3, 40))
            for name, (_, plural) in zip(self.people, goods, strict=True)
        }
        self.first = self.orders
        self.changed = {(name, slot): 0 for name in self.people for slot in _SLOTS}
        self.before: dict[str, _Order] | None = None

    def say(self, text: str, replies: Sequence[str]) -> None:
        """Add what the user says, and a reply that differs from the one before."""
        last = self.messages[-1].content if self.messages else ""
        reply = self.draw.choice([reply for reply in replies if reply != last])
        self.messages += [Message(role="user", content=text), Message(role="assistant", content=reply)]

    def begin(self) -> None:
        """Place the orders."""
        for name, order in self.orders.items():
            if len(self.people) == 1:
                self.say(f"Deliver {order.quantity} {order.goods} to {order.town} on {order.day}.", _PLACED)
                return
            placed = f"order {order.quantity} {order.goods} for {name}, to be delivered to {order.town} on {order.day}."
            self.say(self.draw.choice(("Please ", "I would like to ")) + placed, _PLACED)

    def change(self) -> bool:
        """Make one change; False where the draw changes nothing."""
        draw, slot = self.draw, self.draw.choice(_SLOTS)
        name = draw.choice(self.people)
        kind = draw.below(6) if len(self.people) > 2 else 0
        orders = dict(self.orders)
        if kind == 1:
            if self.before is None:
                return False
            text, orders, self.before = "Wait, please undo that last change.", self.before, None
        else:
            others = [other for other in self.people if other != name]
            if kind in {2, 3}:
                other = draw.choice(others)
                value, theirs = getattr(orders[name], slot), getattr(orders[other], slot)
                orders[name] = orders[name]._replace(**{slot: theirs})
                if kind == 2:
                    text = f"For {name}, make the {slot} the same as it is for {other} at this moment."
                else:
                    text = f"Please exchange the {slot} of the order for {name} and that of the order for {other}."
                    orders[other] = orders[other]._replace(**{slot: value})
            else:
                text, orders[name] = self._corrected(name, slot)
            if orders == self.orders:
                return False
            self.before = self.orders
        for person in self.people:
            for field in _SLOTS:
                self.changed[person, field] += getattr(orders[person], field) != getattr(self.orders[person], field)
        self.orders = orders
        self.say(text, _CHANGED)
        return True

    def _corrected(self, name: str, slot: str) -> tuple[str, _Order]:
        draw, order = self.draw, self.orders[name]
        whose = f"the order for {name}" if len(self.people) > 1 else "them"
        match slot:
            case "day":
                day = draw.choice(WEEKDAYS)
                texts = (f"Sorry, deliver {whose} on {day}.", f"Please deliver {whose} on {day} instead.")
                return draw.choice(texts), order._replace(day=day)
            case "town":
                town = draw.choice(self.towns)
                texts = (f"Sorry, deliver {whose} to {town}.", f"Please deliver {whose} to {town} instead.")
                return draw.choice(texts), order._replace(town=town)
            case _ if self.size.orders > 2:
                more = draw.integer(2, 15)
                return f"Please add {more} {order.goods} to {whose}.", order._replace(quantity=order.quantity + more)
            case _:
                number = draw.integer(3, 40)
                return f"Sorry, make it {number} {order.goods}.", order._replace(quantity=number)

    def remark(self) -> None:
        """Say something that changes no order."""
        draw = self.draw
        name, town, day = draw.choice(self.people), draw.choice(self.towns), draw.choice(WEEKDAYS)
        self.say(
            draw.choice(
                (
                    f"By the way, I was in {town} last {day}. It was lovely.",
                    f"My sister in {town} often speaks of {name}.",
                    f"I hope that it will not rain on {day}.",
                    f"Did you know that {name} once lived in {town}?",
                )
            ),
            _HEARD,
        )
        self.before = None

    def ask(self) -> tuple[str, Key, str] | None:
        """Return the question, its key and its answer; None where no value has changed often enough."""
        least = {1: 1, 2: 1, 3: 1, 4: 2, 5: 4}[next(level for level, size in _SIZES.items() if size == self.size)]
        changed = [
            (name, slot)
            for (name, slot), count in self.changed.items()
            if count >= least and getattr(self.orders[name], slot) != getattr(self.first[name], slot)
        ]
        if not changed:
            return None
        name, slot = self.draw.choice(changed)
        order, plain = self.orders[name], len(self.people) == 1
        if slot == "quantity":
            asked = (
                f"How many {order.goods} do you deliver{'' if plain else f' for {name}'}? Answer with only the number."
            )
            return (asked, *self._number_key(str(order.quantity)))
        values, right = (WEEKDAYS, order.day) if slot == "day" else (self.towns, order.town)
        what = f"the {order.goods}" if plain else f"the order for {name}"
        asked = f"{'On which day' if slot == 'day' else 'Where'} do you deliver {what}? Answer with only the {slot}."
        return asked, TextKey(accept=(right,), reject=tuple(value for value in values if value != right)), right

    def _number_key(self, right: str) -> tuple[Key, str]:
        """Return the key of a quantity: where none was added up, naming another one of the talk is wrong."""
        if self.size.orders > 2:
            return NumberKey(value=right), right
        said = dict.fromkeys(re.findall(r"\d+", " ".join(message.content for message in self.messages)))
        return TextKey(accept=(right,), reject=tuple(number for number in said if number != right)), right


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    size = _SIZES[level]

    def make() -> Draft | None:
        talk = _Talk(draw, size)
        talk.begin()
        turns = draw.shuffled([True] * size.changes + [False] * size.remarks)
        for change in turns:
            if change:
                drawn(lambda: talk.change() or None)
            else:
                talk.remark()
        found = talk.ask()
        if found is None:
            return None
        asked, key, answer = found
        if occurs(answer, talk.messages[0].content):
            return None
        said = re.findall(r"\d+", " ".join(message.content for message in talk.messages))
        if level > 3 and (said[-1] == answer or any(occurs(answer, told.content) for told in talk.messages[-4:])):
            return None
        return Draft(
            messages=(*talk.messages, Message(role="user", content=asked)),
            key=key,
            oracle=(Answer(content=answer),),
            max_tokens=32,
            chance=0.0 if isinstance(key, NumberKey) else 1 / (len(key.reject) + 1 if isinstance(key, TextKey) else 1),
        )

    return drawn(make)


DIALOGUE = Family(area=Area.CONTEXT, name="dialogue-with-corrections", generate=_generate)
