"""The race for the best of a tier: given what was answered, what to ask next. Pure: a fold over records.

All arms answer the items of one bank in one secret random order, so that each pair is compared on the same items. The
race goes in rounds: every arm of a round answers up to the same place, unless something is decided about it before.
Item by item each arm bets against being the best, with the arm that led before this item on the other side (`rounds`
says which arms can lead). If an arm is the best of the bank, the capital of these bets is a supermartingale whoever
leads, because the leader is known before the item is drawn: evidence of 2/δ appears with a chance of δ/2 at most, and
no correction for many arms is due. A pick is certified when it has evidence of 2(K − 1)/δ against every survivor being
better by `within` or more. Arms that the leader is cleared of are not asked any further unless the lead changes.

Relatives: SERPANT (Gu et al., "Anytime-Valid Inference for Online Ranking of Large Language Models", PMLR 306, 2026),
which tests all pairs with a correction for their number; here nobody asks for a ranking, and the bank is finite.
"""

import math
from collections.abc import Iterable, Sequence
from typing import assert_never

import msgspec
from msgspec.structs import replace

from .evalues import Duel, continued
from .race_types import Arm, Graded, Lane, Left, Loaded, Moved, Race, Record, Rules, Withdrawn
from .rounds import is_asked, pace_setters, settled


def open_race(
    arms: Sequence[Arm],
    bank: int,
    rules: Rules,
    weights: Sequence[float] | None = None,
    chances: Sequence[float] | None = None,
) -> Race:
    """Return a race in which nothing was asked yet.

    `bank` is the number of items. Quality is Σ w·(score − c)/(1 − c) ÷ Σ w, with the `weights` w (1 unless given) and
    the `chances` c of a right guess (0 unless given), both in the secret order. In a difference of two arms the c of
    the numerator cancels, so a score is bet on as score·v/v_max with v = w/(1 − c), which keeps it in [0, 1], and
    margins are scaled by Σ w/(N·v_max). Raises ValueError for an empty bank, for two arms of one name, and for weights
    or chances that are out of range or not one an item.
    """
    if bank < 1:
        raise ValueError("a race needs a bank of at least one item")
    if len({arm.name for arm in arms}) != len(arms):
        raise ValueError("two arms of a race have the same name")
    base = [1.0] * bank if weights is None else weights
    guessed = [0.0] * bank if chances is None else chances
    if len(base) != bank or min(base) <= 0 or not math.isfinite(max(base)):
        raise ValueError("weights must be positive, one for each item of the bank")
    if len(guessed) != bank or min(guessed) < 0 or max(guessed) >= 1:
        raise ValueError("chances must be at least 0 and below 1, one for each item of the bank")
    values = [weight / (1 - chance) for weight, chance in zip(base, guessed, strict=True)]
    largest = max(values)
    cap = bank if rules.cap is None else min(rules.cap, bank)
    return Race(
        bank=bank,
        rules=rules,
        lanes=tuple(Lane(arm=arm) for arm in arms),
        entered=tuple(range(len(arms))),
        pacers=tuple(range(len(arms))),
        until=min(rules.first_batch, cap),
        round_size=rules.first_batch,
        weights=None if weights is None and chances is None else tuple(value / largest for value in values),
        scale=math.fsum(base) / bank / largest,
        offset=math.fsum(value * chance for value, chance in zip(values, guessed, strict=True)) / bank / largest,
        is_over=len(arms) < 2 and rules.eliminates,
    )


def resumed(race: Race, records: Iterable[Record]) -> Race:
    """Return the race after all records; the same as if it had never been interrupted."""
    for record in records:
        race = advance(race, record)
    return race


def advance(race: Race, record: Record) -> Race:
    """Return the race after one more record.

    Scores may arrive in any order; a second score for the same place is ignored. Raises KeyError for an arm that does
    not take part, ValueError for a score outside [0, 1] or a place outside the bank.
    """
    number = _number_of(race, record.arm)
    lane = race.lanes[number]
    match record:
        case Graded():
            return _graded(race, number, record)
        case Loaded(seconds=seconds):
            return _with(race, number, replace(lane, loads=lane.loads + 1, load_s=lane.load_s + seconds))
        case Moved(host=host, load_items=load_items):
            return _with(race, number, replace(lane, arm=Arm(name=lane.arm.name, host=host, load_items=load_items)))
        case Left(reason=reason):
            if lane.fate is not None:
                return race
            race = _with(race, number, replace(lane, fate=Withdrawn(reason)))
            return race if race.is_over else settled(race)
        case _:
            assert_never(record)


class HostState(msgspec.Struct, frozen=True):
    """A host that is free to be asked, and the arms that are loaded there now."""

    name: str
    loaded: frozenset[str] = frozenset()


class Batch(msgspec.Struct, frozen=True):
    """What to ask next: the items at the places from `first` up to, not including, `stop`.

    `is_loaded` says that the arm is ready, so that the batch costs no load.
    """

    arm: str
    host: str
    first: int
    stop: int
    is_loaded: bool


def next_batch(race: Race, hosts: Iterable[HostState]) -> Batch | None:
    """Return the next batch for one of the free hosts, in their order; None when they have nothing to do now.

    None while `race.is_over` is false means that this round waits for hosts that are busy. On each host the
    pace setters are asked first, and of equals the one that is loaded. Stop a batch as soon as the arm has nothing to
    answer any more (`rounds.is_asked`): the rest of it would change nothing.
    """
    if race.is_over:
        return None
    waiting = [number for number in race.entered if is_asked(race, number)]
    pacers = pace_setters(race)
    for host in hosts:
        here = [number for number in waiting if race.lanes[number].arm.host == host.name]
        if here:
            first = min(here, key=lambda number: (number not in pacers, race.lanes[number].arm.name not in host.loaded))
            lane = race.lanes[first]
            return Batch(lane.arm.name, host.name, lane.asked, race.until, lane.arm.name in host.loaded)
    return None


def evidence_for(race: Race, pick: int, rival: int, margin: float) -> float:
    """Return the largest evidence so far that `pick` is less than `margin` worse than `rival`, over their common items.

    `margin` is a share of the score, such as 0.03. The result grows with it: every factor of the bets does. When both
    have answered the whole bank nothing is left to bet on: it is infinite or 0.
    """
    theirs, ours = race.lanes[rival].scores, race.lanes[pick].scores
    if len(theirs) == len(ours) == race.bank:
        return math.inf if math.fsum(theirs) - math.fsum(ours) < margin * race.scale * race.bank else 0.0
    pairs = zip(theirs, ours, strict=False)
    return continued(Duel(race.bank, margin * race.scale), (theirs - ours for theirs, ours in pairs)).peak


def _graded(race: Race, number: int, record: Graded) -> Race:
    if not 0 <= record.score <= 1:
        raise ValueError(f"a score must lie between 0 and 1, not {record.score}")
    if not 0 <= record.place < race.bank:
        raise ValueError(f"the bank of {race.bank} items has no place {record.place}")
    lane = race.lanes[number]
    if record.place < lane.asked or any(place == record.place for place, _ in lane.early):
        return race
    weight = 1.0 if race.weights is None else race.weights[record.place]
    scores, early = lane.scores, lane.early
    if record.place == lane.asked and not early:
        scores = (*scores, record.score * weight)
    else:
        scores, early = _in_order(scores, (*early, (record.place, record.score * weight)))
    grown = replace(
        lane,
        scores=scores,
        early=early,
        tokens=lane.tokens + record.tokens,
        seconds=lane.seconds + record.seconds,
    )
    race = _with(race, number, grown)
    is_news = number in race.entered and lane.fate is None and lane.asked < len(scores)
    return settled(race) if is_news and not race.is_over else race


def _in_order(
    scores: tuple[float, ...], early: tuple[tuple[int, float], ...]
) -> tuple[tuple[float, ...], tuple[tuple[int, float], ...]]:
    """Move what follows without a gap from the early scores to the ordered ones."""
    waiting = dict(early)
    ready = list(scores)
    while len(ready) in waiting:
        ready.append(waiting.pop(len(ready)))
    return tuple(ready), tuple(sorted(waiting.items()))


def _number_of(race: Race, name: str) -> int:
    for number, lane in enumerate(race.lanes):
        if lane.arm.name == name:
            return number
    raise KeyError(f"no arm of this race is called {name!r}")


def _with(race: Race, number: int, lane: Lane) -> Race:
    return replace(race, lanes=(*race.lanes[:number], lane, *race.lanes[number + 1 :]))
