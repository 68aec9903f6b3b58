"""Which levels the models of a memory tier are asked. Pure.

A model that answers everything, or nothing, tells nothing about itself. The tier's usual mix is a guess, which a pilot
of four items moves by one step at most: the first model of the tier answers it in the load that its speed needs, and it
is not counted. When all models have answered their first counted items, a second look at the better half of them can
choose another mix: the one in which that half is expected nearest to the middle between 30 and 85 %, where an item says
most about who is best. All models of the tier then begin that mix.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from . import scale
from .mixes import LEVELS_OF, Mix

PILOT_ITEMS: Final = 4
STRONG: Final = 4
"""So many right answers of a pilot call for a harder mix than the tier's usual one."""
WEAK: Final = 1
"""So few right answers of a pilot call for an easier one."""
HARDER: Final[tuple[Mix, ...]] = (Mix.BASIC, Mix.EASY, Mix.MIDDLE, Mix.HARD)
USUAL_MIX: Final[Mapping[str, Mix]] = {
    "<2": Mix.EASY,
    "2-4": Mix.MIDDLE,
    "4-8": Mix.MIDDLE,
    "8-16": Mix.HARD,
    "16+": Mix.HARD,
}
"""What suits most models of a memory tier."""
FEWEST_MODELS: Final = 2
"""One alone has nobody to be compared with."""
LOWEST: Final = 0.30
HIGHEST: Final = 0.85
_CENTRE: Final = (LOWEST + HIGHEST) / 2


def mix_by_pilot(usual: Mix, scores: Sequence[float]) -> Mix:
    """Return the mix that the scores of a pilot, 0 to 1 each, call for; the usual one where items are missing."""
    right = sum(score >= 0.5 for score in scores)
    step = (right >= STRONG) - (right <= WEAK) if len(scores) >= PILOT_ITEMS else 0
    return HARDER[min(max(HARDER.index(usual) + step, 0), len(HARDER) - 1)]


def mix_by_first_answers(models: Sequence[Sequence[float]], current: Mix) -> Mix:
    """Return the mix that the first scores of each model of a tier, 0 to 1 each, call for.

    It is the current one as long as the better half of the models, taken together, lies between 30 and 85 %.
    """
    scores = better_half(models)
    share = (sum(scores) + 0.5) / (len(scores) + 1)  # never quite 0 or 1, of which the scale can make nothing
    if not scores or LOWEST <= share <= HIGHEST:
        return current
    on_all = scale.on_all_levels(share, LEVELS_OF[current])

    def distance(mix: Mix) -> tuple[float, bool]:
        return abs(scale.on_some_levels(on_all, LEVELS_OF[mix]) - _CENTRE), mix is not current

    return min(HARDER, key=distance)


def better_half(models: Sequence[Sequence[float]]) -> Sequence[float]:
    """Return all scores of the better half of some models together; none without answers."""
    shares = sorted((sum(scores) / len(scores), scores) for scores in models if scores)
    return [score for _, scores in shares[len(shares) // 2 :] for score in scores]
