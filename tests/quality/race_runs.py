"""Races of scripted arms: each answers from a row of scores, as a host would that does what it is asked."""

import itertools
from collections.abc import Iterator, Sequence

from ollama_speedrun.quality.race import HostState, advance, next_batch, open_race
from ollama_speedrun.quality.race_types import Arm, Graded, Loaded, Race, Record, Rules
from ollama_speedrun.quality.rounds import is_asked

Scores = Sequence[Sequence[float]]


def arms(count: int, hosts: int = 1, *, load_items: float | None = 0) -> list[Arm]:
    return [Arm(name=f"m{number}", host=f"h{number % hosts}", load_items=load_items) for number in range(count)]


def opened(scores: Scores, rules: Rules, hosts: int = 1, *, load_items: float | None = 0) -> Race:
    return open_race(arms(len(scores), hosts, load_items=load_items), len(scores[0]), rules)


def steps(race: Race, scores: Scores, load_s: float = 2.0, item_s: float = 0.5) -> Iterator[tuple[Record, Race]]:
    """Yield each record with the race after it, until nothing is left to ask."""
    hosts = {lane.arm.host: HostState(lane.arm.host) for lane in race.lanes}
    for turn in itertools.count():
        names = sorted(hosts)
        batch = next_batch(race, [hosts[names[(turn + shift) % len(names)]] for shift in range(len(names))])
        if batch is None:
            return
        number = int(batch.arm[1:])
        if not batch.is_loaded and race.lanes[number].arm.load_items != 0:
            race = advance(race, Loaded(batch.arm, load_s))
            yield Loaded(batch.arm, load_s), race
        hosts[batch.host] = HostState(batch.host, frozenset([batch.arm]))
        for place in range(batch.first, batch.stop):
            record = Graded(batch.arm, place, scores[number][place], 30, item_s)
            race = advance(race, record)
            yield record, race
            if not is_asked(race, number):
                break


def finished(race: Race, scores: Scores) -> Race:
    for _, after in steps(race, scores):
        race = after
    return race
