"""The pick of each memory tier so far, and how sure it is, as a line of the live region."""

from collections.abc import Callable

from rich.text import Text

from ..quality.events import RaceMoved
from ..report import figures
from .bars import spread

SUREST: float = 0.99
"""What is not certified is not shown as surer than this."""


class Picks:
    """Knows where the race of each tier stands. `called` names the host at a URL."""

    def __init__(self, called: Callable[[str], str]) -> None:
        self._called = called
        self._latest: dict[str, RaceMoved] = {}

    def take_in(self, event: RaceMoved) -> bool:
        """Take in where a race stands; returns whether its pick is another one now, or settled."""
        tier = event.tier or ""
        before = self._latest.get(tier)
        self._latest[tier] = event
        return before is None or before.pick != event.pick or (event.is_over and not before.is_over)

    def lines(self, width: int) -> list[Text]:
        """Return a line for each tier, from small to large."""
        found = []
        for tier, event in sorted(self._latest.items(), key=lambda pair: _size(pair[0])):
            host, model, _ = event.pick
            where = f"{tier} GB: " if tier else ""
            found.append(spread(f"{where}{figures.name(model)}", self._called(host), [sure(event)], width))
        return found


def sure(event: RaceMoved) -> str:
    """Return how sure a pick is: certified, or the chance that it is."""
    return "certified" if event.probability is None else f"{min(event.probability, SUREST):.0%} sure"


def _size(tier: str) -> int:
    """Return where a tier begins, in GB."""
    return 0 if tier.startswith("<") else int(tier.partition("-")[0].rstrip("+") or 0)
