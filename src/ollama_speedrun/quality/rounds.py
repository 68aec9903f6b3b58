"""How a race moves: bets on each item that all have answered, eliminations, certificates, and the next round."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from .evalues import REFUTED, Duel, Wager, bet, continued, is_impossible, remaining_mean
from .race_types import Eliminated, Lane, Race

SMALLEST_ROUND: Final = 5
"""Items of a round that costs no loading."""
LARGEST_GROWTH: Final = 2.0
UNKNOWN_GROWTH: Final = 1.5
"""Growth of the rounds until a load was measured."""
LOADING_SHARE: Final = 0.25
"""The largest share of a host's time in a round that loading may take."""


def settled(race: Race) -> Race:
    """Return the race with everything decided that its scores decide, and the next round opened where one is due.

    Items are taken one at a time, however the answers arrived, so that equal answers always lead to equal decisions.
    """
    while True:
        judged = _judged(race)
        moved = _next_round(judged)
        if moved.is_over or (judged is race and moved.entered == race.entered and moved.until == race.until):
            return moved
        race = moved


def _judged(race: Race) -> Race:
    """Bet on the next item that all arms of the round have answered; the same race when there is none.

    Arms that came back catch up first: they bet against those who led then. An arm that is eliminated holds nobody up.
    """
    entered = [number for number in race.entered if race.lanes[number].fate is None]
    place = min((race.lanes[number].judged for number in entered), default=race.until)
    due = [number for number in entered if race.lanes[number].judged == place]
    if place >= race.until or any(race.lanes[number].asked <= place for number in due):
        return race
    is_late = place < race.frontier
    leader = race.leaders[place] if is_late else max(due, key=lambda number: race.lanes[number].total)
    ahead = math.fsum(race.lanes[leader].scores[:place]) if is_late else race.lanes[leader].total
    lanes = list(race.lanes)
    for number in due:
        lane = lanes[number]
        wager = lane.evidence
        if number != leader:
            step = lane.scores[place] - race.lanes[leader].scores[place]
            wager = _bet_on(race.bank, place, lane.total - ahead, step, wager)
        is_out = race.rules.eliminates and wager.peak >= race.rules.elimination
        lanes[number] = replace(
            lane,
            judged=place + 1,
            total=lane.total + lane.scores[place],
            evidence=wager,
            fate=Eliminated(place + 1) if is_out else None,
        )
    if is_late:
        return replace(race, lanes=tuple(lanes))
    return replace(race, lanes=tuple(lanes), leaders=(*race.leaders, leader), frontier=place + 1)


def _bet_on(bank: int, place: int, ahead: float, step: float, wager: Wager) -> Wager:
    """Bet that an arm is not the best: by how much it led the leader before the item at `place`, and on it."""
    wager = bet(wager, remaining_mean(bank, 0.0, place, ahead), step)
    return REFUTED if is_impossible(remaining_mean(bank, 0.0, place + 1, ahead + step)) else wager


def _next_round(race: Race) -> Race:
    """Look for the end of the round and of the race; certificates are looked at whenever all have moved on."""
    entered = [number for number in race.entered if race.lanes[number].fate is None]
    survivors = race.survivors
    if len(survivors) == 0 or (len(survivors) == 1 and race.rules.eliminates):
        return replace(race, is_over=True)
    pool = entered or survivors
    leader = max(pool, key=lambda number: race.lanes[number].total)
    rivals = [number for number in survivors if number != leader]
    open_rivals = rivals
    if race.rules.certifies and race.frontier > 0:
        duels = _fought(race, leader, rivals)
        race = replace(race, duels=duels)
        needed = race.rules.certificate(len(race.lanes))
        open_rivals = [rival for rival in rivals if duels[leader, rival].peak < needed]
        if not open_rivals:
            return replace(race, is_over=True)
    waits = any(race.lanes[number].judged < race.until for number in entered)
    if waits and (len(entered) > 1 or not race.rules.eliminates):
        return race
    field = tuple(sorted([leader, *open_rivals]))
    if race.frontier >= race.cap and all(race.lanes[number].judged >= race.cap for number in field):
        return replace(race, is_over=True)
    size = round_size([race.lanes[number] for number in field], race.round_size)
    until = min(race.frontier + size, race.cap)
    return replace(race, entered=field, until=until, round_size=size)


def _fought(race: Race, pick: int, rivals: Sequence[int]) -> Mapping[tuple[int, int], Duel]:
    """Return all duels, those of one pick carried on to the items that both have answered and that are judged."""
    duels = dict(race.duels)
    ours = race.lanes[pick]
    for rival in rivals:
        theirs = race.lanes[rival]
        duel = duels.get((pick, rival), Duel(race.bank, race.margin))
        stop = min(ours.judged, theirs.judged)
        if duel.asked < stop:
            pairs = zip(theirs.scores[duel.asked : stop], ours.scores[duel.asked : stop], strict=True)
            duel = continued(duel, (their - our for their, our in pairs))
        duels[pick, rival] = duel
    return duels


def round_size(field: Sequence[Lane], previous: int) -> int:
    """Return how many items the next round has.

    Where nothing needs loading, few: deciding often saves answers. Where hosts must load, enough that loading takes at
    most a quarter of each host's time, but at most twice the round before, for the race may be decided sooner.
    """
    hosts: dict[str, list[Lane]] = {}
    for lane in field:
        if not lane.arm.stays_loaded:
            hosts.setdefault(lane.arm.host, []).append(lane)
    needed = max((_needed(lanes, previous) for lanes in hosts.values()), default=SMALLEST_ROUND)
    return max(SMALLEST_ROUND, min(needed, int(previous * LARGEST_GROWTH)))


def _needed(lanes: Sequence[Lane], previous: int) -> int:
    if any(lane.loads == 0 or lane.asked == 0 or lane.seconds <= 0 for lane in lanes):
        return math.ceil(previous * UNKNOWN_GROWTH)
    loading_s = sum(lane.load_s / lane.loads for lane in lanes)
    item_s = sum(lane.seconds / lane.asked for lane in lanes)
    items = loading_s * (1 - LOADING_SHARE) / LOADING_SHARE / item_s
    return math.ceil(min(round(items, 6), previous * LARGEST_GROWTH))
