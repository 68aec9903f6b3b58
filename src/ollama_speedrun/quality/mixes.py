"""What the mixes of the bank are, without the items: light, so that records can be read without the bank."""

import enum
from typing import Final

from .items import Area

BANK_VERSION: Final = 1
"""Grows when any generated item changes; grades of different versions are not compared."""

SHARES: Final[dict[Area, int]] = {
    Area.REASONING: 5,
    Area.CODE: 5,
    Area.WRITING: 2,
    Area.FACTS: 2,
    Area.LANGUAGES: 2,
    Area.CONTEXT: 5,
    Area.TASKS: 5,
    Area.HONESTY: 5,
    Area.TOOLS: 5,
    Area.VISION: 2,
}
"""How often an area is asked, relative to the others: what decides most between models in use comes oftener."""


PILOT_MIX: Final = "pilot"
"""The mix of a record that holds nothing but answers of a pilot, which is to choose the mix."""


class Mix(enum.StrEnum):
    """A fixed range of levels; all models of a tier answer the same one."""

    BASIC = "basic"
    EASY = "easy"
    MIDDLE = "middle"
    HARD = "hard"


LEVELS_OF: Final[dict[Mix, tuple[int, int, int]]] = {
    Mix.BASIC: (1, 1, 2),
    Mix.EASY: (1, 2, 3),
    Mix.MIDDLE: (2, 3, 4),
    Mix.HARD: (3, 4, 5),
}
"""The levels of a mix, each asked equally often; one that stands twice is asked twice as often."""
