"""The pilot of a race: a few items of every level, not counted, choose the mix that parts the models of a tier best.

A model that answers everything, or nothing, tells nothing about itself. The mix is chosen so that the better half of a
tier lands between 30 and 85 %, where an item says most about who is best. All models of the tier then answer that mix.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from .items import LEVELS
from .mixes import LEVELS_OF, Mix

ITEMS_PER_LEVEL: Final = 2
LOWEST: Final = 0.30
HIGHEST: Final = 0.85
_CENTRE: Final = (LOWEST + HIGHEST) / 2
_PRIOR: Final[Mapping[int, float]] = {1: 0.8, 2: 0.65, 3: 0.5, 4: 0.35, 5: 0.2}
"""What is expected at each level before an item of it was seen; counts as one item."""


class PilotGrade(msgspec.Struct, frozen=True):
    """A model's score, 0 to 1, on one item of a level."""

    level: int
    score: float


def chosen_mix(grades: Mapping[str, Sequence[PilotGrade]], usual: Mix = Mix.MIDDLE) -> Mix:
    """Return the mix in which most of the better half of the models is expected between 30 and 85 %.

    `grades` are by model. Of equally good mixes it is the one whose better half is nearest to the middle of that range,
    then `usual`, which is also returned when nothing was graded.
    """
    curves = [_curve(rows) for rows in grades.values() if rows]
    if not curves:
        return usual

    def merit(mix: Mix) -> tuple[int, float, bool]:
        accuracies = sorted((_mean([curve[level] for level in LEVELS_OF[mix]]) for curve in curves), reverse=True)
        better = accuracies[: (len(accuracies) + 1) // 2]
        inside = sum(LOWEST <= accuracy <= HIGHEST for accuracy in better)
        return inside, -abs(_mean(better) - _CENTRE), mix is usual

    return max(Mix, key=merit)


def _curve(rows: Sequence[PilotGrade]) -> Mapping[int, float]:
    """Estimate the accuracy at each level, never rising with the level (pool adjacent violators, Ayer et al. 1955)."""
    blocks: list[tuple[float, float, list[int]]] = []
    for level in LEVELS:
        scores = [row.score for row in rows if row.level == level]
        block = (sum(scores) + _PRIOR[level], len(scores) + 1.0, [level])
        while blocks and blocks[-1][0] / blocks[-1][1] < block[0] / block[1]:
            right, count, levels = blocks.pop()
            block = (right + block[0], count + block[1], levels + block[2])
        blocks.append(block)
    return {level: right / count for right, count, levels in blocks for level in levels}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
