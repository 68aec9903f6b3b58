"""How a race moves: bets on each item, eliminations, certificates, and the next round.

A round has one or two arms that set the pace: those with the most points when it opens, in the first round all. The
leader before each item is the better of them. Every other arm bets against that leader, so its fate depends on its own
answers and on theirs alone: it stops at the very item that decides about it, however many items the round has.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from .evalues import REFUTED, Duel, Wager, bet, continued, is_impossible, remaining_mean
from .race_types import Eliminated, Lane, Race

SMALLEST_ROUND: Final = 5
"""Items of a round where loading costs next to nothing."""
CHEAP_LOAD_ITEMS: Final = 0.5
"""A load that takes no longer than so many items is worth less than what short rounds save."""
LOADING_SHARE: Final = 0.25
"""The largest share that loading may take of a round that is answered to its end."""
GROWTH: Final = 1.5
"""By how much a round is at least longer than the one before it where models must be loaded for each."""
PACERS: Final = 2
"""How many arms set the pace of a round after the first; all where none is eliminated."""


def settled(race: Race) -> Race:
    """Return the race with everything decided that its scores decide, and the next round opened where one is due.

    The result depends on the answers alone, and not on the order in which they came or on how long they took.
    """
    while True:
        moved = _next_round(_followed(_paced(race)))
        if moved.is_over or (moved.entered, moved.until) == (race.entered, race.until):
            return moved
        race = moved


def is_asked(race: Race, number: int) -> bool:
    """Tell if an arm has something to answer in this round."""
    lane = race.lanes[number]
    is_in = number in race.entered and number not in race.rested and lane.fate is None
    return is_in and not race.is_over and lane.asked < race.until


def pace_setters(race: Race) -> Sequence[int]:
    """Return the arms whose answers the others of this round wait for."""
    active = [number for number in race.pacers if _is_active(race, number)]
    return active or [number for number in race.entered if _is_active(race, number)]


def _is_active(race: Race, number: int) -> bool:
    return race.lanes[number].fate is None and number not in race.rested


def _paced(race: Race) -> Race:
    """Name the leader before each item that all pace setters have answered, and let them bet on it."""
    while race.frontier < race.until:
        place, pacers = race.frontier, pace_setters(race)
        if not pacers or any(race.lanes[number].judged < place for number in pacers):
            race = _followed(race)
            pacers = pace_setters(race)
        lanes = [race.lanes[number] for number in pacers]
        if not lanes or any(lane.judged < place or lane.asked <= place for lane in lanes):
            return race
        leader = max(pacers, key=lambda number: race.lanes[number].total)
        race = replace(race, pacers=tuple(pacers), leaders=(*race.leaders, leader), frontier=place + 1)
        for number in pacers:
            race = _judged(race, number, place + 1)
    return race


def _followed(race: Race) -> Race:
    """Let every arm of the round bet on the items that it has answered and whose leader is known."""
    for number in race.entered:
        race = _judged(race, number, race.frontier)
    return race


def _judged(race: Race, number: int, stop: int) -> Race:
    """Let an arm bet up to a place, as far as it has answered and until something is decided about it."""
    lane = race.lanes[number]
    stop = min(stop, lane.asked)
    if lane.judged >= stop or not _is_active(race, number):
        return race
    judged, total, wager, fate = lane.judged, lane.total, lane.evidence, lane.fate
    ahead: float | None = None
    duels: dict[tuple[int, int], Duel] = {}
    is_cleared, previous = False, -1
    while judged < stop and fate is None and not is_cleared:
        leader = race.leaders[judged]
        step = lane.scores[judged]
        if leader != number:
            theirs = race.lanes[leader].scores
            ahead = sum(theirs[:judged]) if ahead is None or leader != previous else ahead
            wager = _bet_on(race.bank, judged, total - ahead, step - theirs[judged], wager)
            ahead += theirs[judged]
            if race.rules.eliminates and wager.peak >= race.rules.elimination:
                fate = Eliminated(judged + 1)
        previous = leader
        pick = leader if judged >= race.opened else race.pick
        total += step
        judged += 1
        if race.rules.certifies and pick != number and fate is None:
            duel = duels.get((pick, number)) or race.duels.get((pick, number)) or Duel(race.bank, race.margin)
            duels[pick, number] = duel = _carried_on(race, duel, pick, number, judged)
            is_cleared = duel.peak >= race.rules.certificate(len(race.lanes))
    moved = replace(lane, judged=judged, total=total, evidence=wager, fate=fate)
    lanes = (*race.lanes[:number], moved, *race.lanes[number + 1 :])
    rested = (*race.rested, number) if is_cleared else race.rested
    return replace(race, lanes=lanes, rested=rested, duels={**race.duels, **duels} if duels else race.duels)


def _bet_on(bank: int, place: int, ahead: float, step: float, wager: Wager) -> Wager:
    """Bet that an arm is not the best: by how much it led the leader before the item at `place`, and on it."""
    wager = bet(wager, remaining_mean(bank, 0.0, place, ahead), step)
    return REFUTED if is_impossible(remaining_mean(bank, 0.0, place + 1, ahead + step)) else wager


def _next_round(race: Race) -> Race:
    """Look for the end of the round and of the race."""
    survivors = race.survivors
    if len(survivors) == 0 or (len(survivors) == 1 and race.rules.eliminates):
        return replace(race, is_over=True)
    active = [number for number in race.entered if _is_active(race, number)]
    is_under_way = any(race.lanes[number].judged < race.until for number in active)
    is_alone = len(active) == 1 and race.lanes[active[0]].judged == race.frontier and race.rules.eliminates
    if is_under_way and not is_alone:
        return race
    leader = max(active or survivors, key=lambda number: race.lanes[number].total)
    rivals = [number for number in survivors if number != leader]
    open_rivals = rivals
    if race.rules.certifies and race.frontier > 0:
        duels = _fought(race, leader, rivals)
        needed = race.rules.certificate(len(race.lanes))
        open_rivals = [rival for rival in rivals if duels[leader, rival].peak < needed]
        if not open_rivals:
            return replace(race, is_over=True, duels=duels)
    if is_under_way:
        return race
    field = tuple(sorted([leader, *open_rivals]))
    if race.frontier >= race.cap and all(race.lanes[number].judged >= race.cap for number in field):
        return replace(race, is_over=True)
    size = round_size(race.round_size, load_items([race.lanes[number] for number in field]))
    until = min(race.frontier + size, race.cap)
    level = [number for number in field if race.lanes[number].judged >= race.frontier]
    if race.rules.eliminates:
        level = sorted(level, key=lambda number: -race.lanes[number].total)[:PACERS]
    return replace(
        race,
        entered=field,
        pacers=tuple(level),
        pick=leader,
        opened=race.frontier,
        rested=(),
        until=until,
        round_size=size,
    )


def _fought(race: Race, pick: int, rivals: Sequence[int]) -> Mapping[tuple[int, int], Duel]:
    """Return all duels, those of one pick carried on to the items that both have answered and that are judged."""
    duels = dict(race.duels)
    for rival in rivals:
        duel = duels.get((pick, rival), Duel(race.bank, race.margin))
        stop = min(race.lanes[pick].judged, race.lanes[rival].judged)
        duels[pick, rival] = _carried_on(race, duel, pick, rival, stop)
    return duels


def _carried_on(race: Race, duel: Duel, pick: int, rival: int, stop: int) -> Duel:
    """Return the duel of a pick with a rival after all items before `stop`."""
    if duel.asked >= stop:
        return duel
    theirs, ours = race.lanes[rival].scores[duel.asked : stop], race.lanes[pick].scores[duel.asked : stop]
    return continued(duel, (their - our for their, our in zip(theirs, ours, strict=True)))


def round_size(previous: int, load_items: float | None) -> int:
    """Return how many items the next round has, where loading a model takes as long as `load_items` of its items.

    Five where that is little; else 1.5 times the round before, and so many that loading is a quarter of it at most.
    """
    if load_items is None:
        return int(previous * GROWTH)
    if load_items <= CHEAP_LOAD_ITEMS:
        return SMALLEST_ROUND
    return max(int(previous * GROWTH), math.ceil(load_items * (1 / LOADING_SHARE - 1)))


def load_items(field: Sequence[Lane]) -> float | None:
    """Return the mean of how many items take as long as a load, over the arms where that is known; None without one."""
    known = [lane.arm.load_items for lane in field if lane.arm.load_items is not None]
    return statistics.fmean(known) if known else None
