"""Short texts to continue, by whose next token quants of one base are compared. Pure.

They are openings of many kinds: statements, lists, sums, code and other languages. Each has about 10 to 25 tokens.
All models get the same ones in the same order, so the first N of them are the same in every run of this version.
"""

from typing import Final

from .draw import Draw

VERSION: Final = 1
MOST: Final = 200

_PEOPLE: Final = ("Maria", "the old sailor", "our neighbour", "Dr. Chen", "a young engineer", "the last guest", "Tom")
_PLACES: Final = (
    *("Lisbon", "the harbour", "a small village", "the museum", "the station", "northern Norway", "Kyoto"),
    *("the old mill", "Buenos Aires", "an island", "the market", "our school", "a farm in Kenya", "Montreal"),
)
_THINGS: Final = (
    "a blue bicycle",
    "the wrong key",
    "a bundle of letters",
    "an umbrella",
    "a brass clock",
    "a pair of tickets",
)
_TIMES: Final = ("last winter", "on Monday", "before sunrise", "in 1987", "after the storm", "every summer", "at noon")
_WORDS: Final = (
    *("bridge", "glacier", "violin", "harvest", "compass", "lantern", "orchard", "tunnel"),
    *("anchor", "blanket", "kettle", "ladder", "meadow", "pillow", "saddle", "window"),
)
_FIELDS: Final = (
    *("physics", "cooking", "medicine", "music", "law", "gardening", "astronomy", "chemistry"),
    *("history", "painting", "sailing", "farming", "statistics", "geology", "chess", "printing"),
)

_FRAMES: Final = (
    "When {person} came back from {place} {time}, there was {thing} on the",
    "{person} had never seen {thing} before, and so the first question was",
    "The {number} most important differences between {field} and {other_field} are, first,",
    "Shopping list: bread, milk, {number} eggs, some butter and a bottle of",
    "Question: How many days are there in {number} weeks?\nAnswer: There are",
    "{number} + {second} = {sum}\n{second} + {number} = {sum}\n{sum} - {number} =",
    "def add_{word}(items, value):\n    items.append(value)\n    return",
    "for index in range({number}):\n    print(index, '{word}')\n\n# The loop above prints",
    "SELECT name, price FROM {word}s WHERE price > {number} ORDER BY",
    '{{"name": "{word}", "count": {number}, "tags": ["new", "',
    "Dear {person}, thank you for the invitation to {place}. I am very sorry, but",
    "In {field}, the word '{word}' usually means something else than in daily",
    "It rained in {place} {time}, so the roads were closed and everybody had to",
    "The trip to {place}: we pack on Monday, Tuesday we leave, and the day after that,",
    "The {word} is made of wood and iron; it weighs about {number}",
    "La réunion commence à {hour} heures et demie dans la salle",
    "Der {number}. Versuch gelang, weil die Temperatur im Labor endlich",
    "El tren sale de la estación a las {hour} de la mañana y llega a",
    "1. Open the box.\n2. Take out the {word}.\n3. Read the",
    "User: Can you recommend a book about {field}?\nAssistant: Yes, of course. A good one is",
)


def openings(count: int) -> tuple[str, ...]:
    """Return the first `count` texts, at most `MOST`, all of them different.

    Each frame has far more fillings than are drawn of it.
    """
    draw, found = Draw(f"openings/{VERSION}"), dict[str, None]()
    while len(found) < min(count, MOST):
        found[_opening(_FRAMES[len(found) % len(_FRAMES)], draw)] = None
    return tuple(found)


def _opening(frame: str, draw: Draw) -> str:
    number, second = draw.integer(3, 90), draw.integer(11, 90)
    field, other_field = draw.sample(_FIELDS, 2)
    return frame.format(
        person=draw.choice(_PEOPLE),
        place=draw.choice(_PLACES),
        thing=draw.choice(_THINGS),
        time=draw.choice(_TIMES),
        word=draw.choice(_WORDS),
        field=field,
        other_field=other_field,
        number=number,
        second=second,
        sum=number + second,
        hour=draw.integer(1, 11),
    )
