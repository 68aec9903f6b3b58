"""Ways to find the best of a tier: ours, and those that it is measured against."""

from dataclasses import dataclass, field

from _fleets import BANK, Tier
from ollama_speedrun.quality.evalues import Duel, continued
from ollama_speedrun.quality.likely import likely
from ollama_speedrun.quality.race import HostState, advance, next_batch, open_race
from ollama_speedrun.quality.race_types import PROFILES, Arm, Graded, Loaded, Race, Rules
from ollama_speedrun.quality.rounds import is_asked
from ollama_speedrun.quality.verdicts import (
    CertifiedBest,
    LikelyBest,
    Tied,
    Undistinguished,
    verdict,
)

DELTA = 0.05
WITHIN = 0.03


@dataclass
class Outcome:
    """What one way found in one tier: the pick, what it cost, and what went wrong.

    `later_load_s` leaves out each model's first load, which the speed trials need anyway.
    """

    pick: int
    tokens: int = 0
    answers: int = 0
    lost_best: bool = False
    kind: str = ""
    probability: float | None = None
    loads: int = 0
    load_s: float = 0.0
    later_load_s: float = 0.0
    answer_s: float = 0.0
    asked: list[int] = field(default_factory=list)


def best_of(tier: Tier) -> float:
    return max(one.truth for one in tier)


def race(tier: Tier, rules: Rules = PROFILES["standard"], hosts: int = 1, *, stay_loaded: bool = False) -> Outcome:
    """Race as the program does: what is asked, and when a model must be loaded, follows from `next_batch`."""
    arms = [
        Arm(name=str(number), host=str(number % hosts), load_items=0 if stay_loaded else one.load_s / one.item_s)
        for number, one in enumerate(tier)
    ]
    state = open_race(arms, len(tier[0].scores), rules)
    free = {str(host): HostState(str(host)) for host in range(hosts)}
    outcome = Outcome(pick=0)
    while (batch := next_batch(state, free.values())) is not None:
        number = int(batch.arm)
        one = tier[number]
        if not batch.is_loaded and not (stay_loaded and state.lanes[number].asked):
            state = advance(state, Loaded(batch.arm, one.load_s))
            outcome.loads += 1
            outcome.load_s += one.load_s
            outcome.later_load_s += one.load_s if state.lanes[number].asked else 0.0
        free[batch.host] = HostState(batch.host, frozenset([batch.arm]))
        for place in range(batch.first, batch.stop):
            state = advance(state, Graded(batch.arm, place, one.scores[place], one.tokens, one.item_s))
            if not is_asked(state, number):
                break
    return _read(state, tier, outcome)


def race_until_likely(tier: Tier, sure: float = 0.95) -> Outcome:
    """Race in rounds of five until the approximate chance of being within 3 points is `sure`: no certificate."""
    state = open_race([Arm(name=str(number), host="h", load_items=0) for number in range(len(tier))], BANK, Rules())
    while (batch := next_batch(state, [HostState("h")])) is not None:
        number = int(batch.arm)
        one = tier[number]
        for place in range(batch.first, batch.stop):
            state = advance(state, Graded(batch.arm, place, one.scores[place], one.tokens, one.item_s))
        if len({state.lanes[number].asked for number in state.entered}) > 1:
            continue
        now = likely(state)
        if now is not None and now.probability >= sure:
            break
    return _read(state, tier, Outcome(pick=0))


def _read(state: Race, tier: Tier, outcome: Outcome) -> Outcome:
    found = verdict(state)
    match found:
        case CertifiedBest(pick=name) | LikelyBest(pick=name):
            outcome.pick = int(name)
        case Tied(picks=names) | Undistinguished(remaining=names):
            outcome.pick = int(names[0])
        case None:
            raise RuntimeError("a simulated arm never leaves on its own")
    outcome.kind = type(found).__name__
    outcome.probability = found.probability if isinstance(found, LikelyBest | Undistinguished) else None
    outcome.asked = [lane.asked for lane in state.lanes]
    outcome.answers = sum(outcome.asked)
    outcome.tokens = state.tokens
    outcome.answer_s = sum(lane.seconds for lane in state.lanes)
    best = best_of(tier)
    outcome.lost_best = all(tier[number].truth < best for number in state.survivors)
    return outcome


def uniform(tier: Tier, count: int) -> Outcome:
    """Ask every model the same number of items and take the one with the most right answers."""
    totals = [sum(one.scores[:count]) for one in tier]
    tokens = sum(one.tokens for one in tier) * count
    return Outcome(pick=max(range(len(tier)), key=totals.__getitem__), tokens=tokens, answers=count * len(tier))


def uniform_certified(tier: Tier, batch: int = 5) -> Outcome:
    """Ask every model the same items until our certificate is there for the leader: our evidence without the race."""
    bank = len(tier[0].scores)
    needed = 2 * (len(tier) - 1) / DELTA
    duels: dict[tuple[int, int], Duel] = {}
    for count in range(batch, bank + 1, batch):
        totals = [sum(one.scores[:count]) for one in tier]
        pick = max(range(len(tier)), key=totals.__getitem__)
        for rival in range(len(tier)):
            if rival != pick:
                duel = duels.get((pick, rival), Duel(bank, WITHIN))
                pairs = zip(tier[rival].scores[duel.asked : count], tier[pick].scores[duel.asked : count], strict=True)
                duels[pick, rival] = continued(duel, (their - our for their, our in pairs))
        if all(duels[pick, rival].peak >= needed for rival in range(len(tier)) if rival != pick):
            break
    return uniform(tier, count)


def serpant(tier: Tier, batch: int = 5) -> Outcome:
    """Prune by pairwise e-processes with a correction for all ordered pairs, in the manner of SERPANT.

    After Gu et al. (PMLR 306, 2026): a preference between two models is one item that only one of them answers rightly;
    the null of a pair says that neither is preferred; a model that loses to another beyond K(K − 1)/δ is pruned. Stakes
    are the running estimate of the preference (Krichevsky-Trofimov). All survivors answer the same items, which is
    cheaper here than a tournament, for one answer serves all pairs. It seeks the best itself, with no margin, and does
    not know that the bank ends.
    """
    count, alive, bank = len(tier), list(range(len(tier))), len(tier[0].scores)
    needed = count * (count - 1) / DELTA
    wins: dict[tuple[int, int], int] = {}
    wealth: dict[tuple[int, int], float] = {}
    outcome = Outcome(pick=0)
    for start in range(0, bank, batch):
        for place in range(start, start + batch):
            right = [number for number in alive if tier[number].scores[place] == 1]
            wrong = [number for number in alive if tier[number].scores[place] == 0]
            for winner in right:
                for loser in wrong:
                    _preferred(wins, wealth, winner, loser)
        outcome.answers += batch * len(alive)
        outcome.tokens += batch * sum(tier[number].tokens for number in alive)
        alive = [one for one in alive if all(wealth.get((other, one), 1.0) < needed for other in alive)]
        if len(alive) == 1:
            break
    outcome.pick = max(alive, key=lambda number: sum(tier[number].scores[: start + batch]))
    best = best_of(tier)
    outcome.lost_best = all(tier[number].truth < best for number in alive)
    return outcome


def _preferred(wins: dict[tuple[int, int], int], wealth: dict[tuple[int, int], float], winner: int, loser: int) -> None:
    ahead, behind = wins.get((winner, loser), 0), wins.get((loser, winner), 0)
    stake = (ahead - behind) / (ahead + behind + 1)
    wealth[winner, loser] = wealth.get((winner, loser), 1.0) * (1 + max(stake, 0.0))
    wealth[loser, winner] = wealth.get((loser, winner), 1.0) * (1 - max(-stake, 0.0))
    wins[winner, loser] = ahead + 1


def halving(tier: Tier, first: int = 20) -> Outcome:
    """Halve the field after 20, 40, 80… items (successive halving, Karnin et al. 2013); no statement of certainty."""
    alive, count = list(range(len(tier))), 0
    outcome = Outcome(pick=0)
    while len(alive) > 1:
        more = min(first, len(tier[0].scores) - count)
        count += more
        outcome.answers += more * len(alive)
        outcome.tokens += more * sum(tier[number].tokens for number in alive)
        alive.sort(key=lambda number: -sum(tier[number].scores[:count]))
        alive = alive[: max(1, len(alive) // 2)] if more else alive[:1]
        first *= 2
    outcome.pick = alive[0]
    outcome.lost_best = tier[alive[0]].truth < best_of(tier)
    return outcome
