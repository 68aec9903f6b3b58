"""Questions for base models, which continue a text and follow no instruction: three solved examples, then the item."""

from typing import Final

from . import bank
from .items import AbstainKey, ChoiceKey, ExactKey, Item, JsonKey, NumberKey, TextKey

EXAMPLES: Final = 3
STOP: Final = ("\n",)
_FIRST_SEED: Final = 2_000_000
"""No counted item and no pilot has a seed from here on."""


def suits(item: Item) -> bool:
    """Tell if an item can be asked as a text to continue: one question with an answer of one line."""
    one_line = isinstance(item.key, NumberKey | TextKey | ChoiceKey | ExactKey | JsonKey | AbstainKey)
    return one_line and len(item.messages) == 1 and not item.needs and "\n" not in item.oracle[0].content


def prompt(item: Item) -> str:
    """Return the text to continue; its examples are of the same family and level, and never the item itself."""
    examples: list[str] = []
    for place in range(4 * EXAMPLES):
        example = bank.item(item.area, item.family, item.level, _FIRST_SEED + place)
        if suits(example) and example.messages != item.messages and len(examples) < EXAMPLES:
            examples.append(f"{_question(example)} {example.oracle[0].content}")
    return "\n\n".join([*examples, _question(item)])


def _question(item: Item) -> str:
    return f"Question: {item.messages[0].content.strip()}\nAnswer:"
