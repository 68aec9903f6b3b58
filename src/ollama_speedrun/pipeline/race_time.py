"""How long races still take, given how many items each model probably answers. Pure.

A round of a race waits for all of its models, so that its slowest machine decides; races of several tiers go on side by
side. A machine that works for several of them decides where that takes longer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from ..quality.rounds import round_size
from .forecast import longest
from .pace import ModelKey

MOST_ROUNDS: Final = 100


class RaceRest(msgspec.Struct, frozen=True):
    """What a race still asks: its round ends before the item `until` and has `size` items.

    `spans` are each model's next item, and the one before which it probably stops. `load_items` is how many items take
    as long as loading a model, None where unknown.
    """

    until: int
    size: int
    spans: Mapping[ModelKey, tuple[int, int]]
    load_items: float | None = None

    def times(self, factor: float, cap: int) -> "RaceRest":
        """Return the same with so many times the items, each model up to the item `cap`."""
        spans = {
            key: (first, min(first + round(factor * (stop - first)), max(cap, first)))
            for key, (first, stop) in self.spans.items()
        }
        return msgspec.structs.replace(self, spans=spans)

    def after(self, answered: Mapping[ModelKey, int]) -> "RaceRest":
        """Return the same once models have answered so many items; those that are not named are gone."""
        spans = {key: (max(first, answered[key]), stop) for key, (first, stop) in self.spans.items() if key in answered}
        return msgspec.structs.replace(self, spans=spans)

    def rounds(self) -> Iterator[Mapping[ModelKey, int]]:
        """Yield how many items each model answers in this round and in those to come."""
        before, until, size = 0, self.until, self.size
        for _ in range(MOST_ROUNDS):
            asked = {key: min(until, stop) - max(before, first) for key, (first, stop) in self.spans.items()}
            yield {key: items for key, items in asked.items() if items > 0}
            if all(stop <= until for _, stop in self.spans.values()):
                return
            size = round_size(size, self.load_items)
            before, until = until, until + size


class RaceCost(msgspec.Struct, frozen=True):
    """What the rest of all races costs: seconds, loads, and the items that each model answers."""

    seconds: float
    loads: int
    items: Mapping[ModelKey, int]


NO_COST: Final = RaceCost(0.0, 0, {})


def cost_of_races(
    races: Sequence[RaceRest],
    *,
    machine_of: Callable[[ModelKey], str],
    load_s: Mapping[ModelKey, float],
    item_s: Mapping[ModelKey, float],
    at_once: int,
) -> RaceCost:
    """Return what races cost, with what an item of each model takes; one alone on its machine stays loaded."""
    items: defaultdict[ModelKey, int] = defaultdict(int)
    for race in races:
        for key, (first, stop) in race.spans.items():
            items[key] += max(stop - first, 0)
    on_machine: defaultdict[str, list[ModelKey]] = defaultdict(list)
    for key, count in items.items():
        if count:
            on_machine[machine_of(key)].append(key)
    work: defaultdict[str, float] = defaultdict(float)
    loads, slowest_s = 0, 0.0
    for race in races:
        race_s = 0.0
        for asked in race.rounds():
            busy: defaultdict[str, float] = defaultdict(float)
            for key, count in asked.items():
                machine = machine_of(key)
                is_loaded_again = len(on_machine[machine]) > 1
                loads += is_loaded_again
                busy[machine] += count * item_s[key] + (load_s[key] if is_loaded_again else 0.0)
            race_s += longest(busy.values(), at_once) if busy else 0.0
            for machine, seconds in busy.items():
                work[machine] += seconds
        slowest_s = max(slowest_s, race_s)
    return RaceCost(max(slowest_s, longest(work.values(), at_once)) if work else 0.0, loads, items)
