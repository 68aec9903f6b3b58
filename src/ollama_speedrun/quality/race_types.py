"""The values of a race: who takes part, by which rules, what was recorded, and where it stands."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

from .evalues import Duel, Wager

RaceProfile: TypeAlias = Literal["quick", "standard", "thorough"]


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One contender: a name unique in the race, and the host that is asked.

    `load_items` says how many of its items take as long as loading it: 0 where it stays loaded, None where unknown.
    """

    name: str
    host: str
    load_items: float | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How long a race goes on and what it promises.

    `sure` is the confidence of a certificate, 1 − δ. `within` is how much worse than the best a certified pick may be,
    as a share (0.03 is 3 points). `cap` is the largest number of items that one arm answers; None means the whole bank.
    Without `certifies` the race runs to its cap, without `eliminates` no arm leaves on its scores.
    """

    sure: float = 0.95
    within: float = 0.03
    cap: int | None = None
    first_batch: int = 10
    certifies: bool = True
    eliminates: bool = True

    def __post_init__(self) -> None:
        """Raise ValueError for a promise that cannot be made."""
        if not 0.5 <= self.sure < 1:
            raise ValueError(f"sure must lie between 0.5 and 1, not {self.sure}")
        if not 0 <= self.within < 1:
            raise ValueError(f"within must lie between 0 and 1, not {self.within}")
        if self.first_batch < 1 or (self.cap is not None and self.cap < 1):
            raise ValueError("a batch and a cap need at least one item")

    @property
    def elimination(self) -> float:
        """The evidence that eliminates an arm: 2/δ."""
        return 2 / (1 - self.sure)

    def certificate(self, arms: int) -> float:
        """Return the evidence that clears a pick of one rival: 2(K − 1)/δ for K arms, at least 2/δ."""
        return 2 * max(arms - 1, 1) / (1 - self.sure)


PROFILES: Final[Mapping[RaceProfile, Rules]] = MappingProxyType(
    {
        "quick": Rules(cap=25, first_batch=25, certifies=False, eliminates=False),
        "standard": Rules(),
        "thorough": Rules(certifies=False, eliminates=False),
    }
)
"""quick: a likely pick from one load of each model; standard: certified, or the whole bank; thorough: every item."""


def rules_for(profile: RaceProfile, *, sure: float = 0.95, within: float = 0.03) -> Rules:
    """Return a profile's rules with this promise; ValueError for one that cannot be made."""
    return msgspec.structs.replace(PROFILES[profile], sure=sure, within=within)


class Graded(msgspec.Struct, frozen=True, tag="graded"):
    """An arm's score, 0 to 1, on the item at a place of the secret order, and the output tokens and seconds it took."""

    arm: str
    place: int
    score: float
    tokens: int = 0
    seconds: float = 0.0


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """An arm was loaded for the race, which took so many seconds."""

    arm: str
    seconds: float


class Left(msgspec.Struct, frozen=True, tag="left"):
    """An arm leaves for a reason other than its scores: its host is gone, it fails, it turned out too slow."""

    arm: str
    reason: str


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """An arm is asked on another host from now on, where loading it takes as long as `load_items` of its items."""

    arm: str
    host: str
    load_items: float | None = None


Record: TypeAlias = Graded | Loaded | Left | Moved


class Eliminated(msgspec.Struct, frozen=True, tag="eliminated"):
    """Shown not to be the best after so many items."""

    items: int


class Withdrawn(msgspec.Struct, frozen=True, tag="withdrawn"):
    """Left for a reason other than its scores."""

    reason: str


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one arm: its scores in the common order without a gap, costs, and the evidence against it.

    `early` holds scores that came ahead of their turn. `judged` items are covered by `evidence`, and `total` is their
    sum of scores. `seconds` is time spent on answers, `load_s` time spent on loading.
    """

    arm: Arm
    scores: tuple[float, ...] = ()
    early: tuple[tuple[int, float], ...] = ()
    judged: int = 0
    total: float = 0.0
    evidence: Wager = Wager()
    tokens: int = 0
    seconds: float = 0.0
    load_s: float = 0.0
    loads: int = 0
    fate: Eliminated | Withdrawn | None = None

    @property
    def asked(self) -> int:
        """How many items were answered without a gap."""
        return len(self.scores)


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """Where a race stands. Made by `race.open_race`, carried on by `race.advance`; equal records give equal races.

    `entered` are the lanes of the current round, whose items begin at `opened` and end before `until`; `pick` led when
    it opened. `pacers` of them set its pace: they have answered `frontier` items, and `leaders` says which of them led
    before each. `rested` are those that the leader was cleared of in this round. `duels` keeps the evidence that a pick
    (first number) is not worse than a rival (second) by `within` or more. `is_over` says that nothing is left to ask.

    Scores in the lanes are `weights[place]` times what was graded, so that they stay in [0, 1]. On that scale a score
    of 1 for the whole bank is `scale`, above the `offset` that guessing earns (`race.open_race`).
    """

    bank: int
    rules: Rules
    lanes: tuple[Lane, ...]
    entered: tuple[int, ...]
    until: int
    round_size: int
    weights: tuple[float, ...] | None = None
    scale: float = 1.0
    offset: float = 0.0
    pacers: tuple[int, ...] = ()
    pick: int = 0
    opened: int = 0
    rested: tuple[int, ...] = ()
    frontier: int = 0
    leaders: tuple[int, ...] = ()
    duels: Mapping[tuple[int, int], Duel] = msgspec.field(default_factory=dict)
    is_over: bool = False

    @property
    def cap(self) -> int:
        """The largest number of items that one arm answers."""
        return self.bank if self.rules.cap is None else min(self.rules.cap, self.bank)

    @property
    def margin(self) -> float:
        """The promised closeness on the scale of the scores in the lanes."""
        return self.rules.within * self.scale

    @property
    def survivors(self) -> tuple[int, ...]:
        """The lanes that are still in the race."""
        return tuple(number for number, lane in enumerate(self.lanes) if lane.fate is None)

    @property
    def tokens(self) -> int:
        """Output tokens of all arms so far."""
        return sum(lane.tokens for lane in self.lanes)
