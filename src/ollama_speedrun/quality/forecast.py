"""How many items a certificate still takes, projected from the answers so far. Pure, and rough: each round changes it.

Each open rival is expected to go on as it did: the spread of its differences to the pick so far (drawn towards a prior
while there are few) gives the expected growth of the evidence on each item to come, until it is enough.
"""

import math
from collections.abc import Mapping

from .evalues import LARGEST_ODDS, STAKES, Duel, continued, remaining_mean
from .likely import PRIOR_ITEMS, PRIOR_SD, PRIOR_VARIANCE, likely
from .race_types import Race


def further(race: Race) -> Mapping[int, int]:
    """Return how many further items each lane that is still in the race probably answers; none of a race that is over.

    The pick answers as many as the rival that takes longest.
    """
    now = likely(race)
    if race.is_over or now is None:
        return {}
    found = {rival: further_items(race, now.pick, rival) for rival in race.survivors if rival != now.pick}
    found[now.pick] = max(found.values(), default=0)
    return found


def further_items(race: Race, pick: int, rival: int) -> int:
    """Return how many further items the rival probably answers until it is eliminated or the pick is cleared of it."""
    ours, theirs = race.lanes[pick].scores, race.lanes[rival].scores
    differences = [their - our for their, our in zip(theirs, ours, strict=False)]
    asked, total = len(differences), math.fsum(differences)
    spread = math.fsum(difference**2 for difference in differences)
    variance = (spread + PRIOR_VARIANCE * PRIOR_ITEMS) / (asked + PRIOR_ITEMS)
    drift = total / variance / (1 / PRIOR_SD**2 + asked / variance)
    cleared = continued(Duel(race.bank, race.margin), differences)
    needed = race.rules.certificate(len(race.lanes))
    items = _projected(cleared, needed, drift, variance, race.cap) if race.rules.certifies else race.cap - asked
    if not race.rules.eliminates:
        return items
    out = Duel(race.bank, 0.0, asked, total, race.lanes[rival].evidence)
    return min(items, _projected(out, race.rules.elimination, drift, variance, race.cap))


def _projected(duel: Duel, needed: float, drift: float, variance: float, cap: int) -> int:
    """Follow the expected logarithm of the capital when each difference is −1, 0 or 1 with this mean and variance."""
    if duel.peak >= needed:
        return 0
    up, down = max(variance + drift, 0.0) / 2, max(variance - drift, 0.0) / 2
    logs = [math.log(capital) if capital > 0 else -math.inf for capital in duel.wager.capitals]
    total = duel.total
    for asked in range(duel.asked, cap):
        mean = remaining_mean(duel.bank, duel.margin, asked, total)
        if mean > 1:
            return asked - duel.asked
        if mean > -1:
            odds = LARGEST_ODDS if mean >= 1 - 1 / LARGEST_ODDS else 1 / (1 - mean)
            logs = [
                log
                + up * math.log1p(stake * odds * (mean - 1))
                + down * math.log1p(stake * odds * (mean + 1))
                + (1 - up - down) * math.log1p(stake * odds * mean)
                for log, stake in zip(logs, STAKES, strict=True)
            ]
        total += drift
        if math.fsum(math.exp(min(log, 700.0)) for log in logs) >= needed:
            return asked + 1 - duel.asked
    return cap - duel.asked
