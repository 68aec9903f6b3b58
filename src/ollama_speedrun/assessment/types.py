"""Scores and the verdict."""

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from ..benchmark.types import MemoryAtContext, Result, ResultKey, label
from ..quality.next_tokens import Siblings
from ..quality.records import Protocol
from ..quality.scoring import QualityScore

Tier = Literal["<2", "2-4", "4-8", "8-16", "16+"]
CertaintyKind: TypeAlias = Literal["certified", "tied", "likely", "undistinguished"]
TierBasis = Literal["memory", "disk"]
Scoring: TypeAlias = Literal["overall", "classic"]


def key_as_json(key: ResultKey) -> dict[str, str | None]:
    """Return what names a result as fields of JSON."""
    return dict(zip(("host", "model", "variant"), key, strict=True))


class ClassicScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seed's scores, 0 to 100, relative to the fastest and the longest of the run."""

    speed: float
    quality: float
    composite: float


class Quality(QualityScore, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The quality of one result, 0 to 100 with its 95 % interval, by area, and where it comes from.

    `protocol` is how the items were asked, `mix` which levels, `bank` the version of the bank.
    `identity` is equal for models whose quality is the same wherever they run; `measured_on` names the host that
    answered for it, None where it answered itself. `tokens_per_answer` is the mean output of an answer, thinking
    included, None where the server gave no counts. `reasons_inline` says that a model that shows no thinking takes
    over three times the tokens of the median model of the run: it thinks in its answers.
    """

    protocol: Protocol
    bank: str
    mix: str
    identity: str | None = None
    measured_on: str | None = None
    tokens_per_answer: float | None = None
    reasons_inline: bool = False


class Scores(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All scores run from 0 to 100; None where a figure that the score needs is missing.

    `overall` is made of `quality`, `speed` and `latency`, each absolute: no other model's figures enter it.
    """

    classic: ClassicScores | None
    overall: float | None = None
    quality: float | None = None
    speed: float
    latency: float | None


class Assessment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scores and the memory tier of one result, which it names by host, model and variant.

    `scores` is None unless the benchmark ended well with a speed. `quality` is None where no answer was graded, and
    `seconds_to_correct_answer` where none was right. `not_asked` says why no items were asked, or no more. `tier_basis`
    says whether the memory tier comes from measured memory or from the size on disk; both are None where neither is
    known. `context_in_memory` is the largest context whose memory is at most what `--max-memory` says, None without it.
    """

    host: str
    model: str
    variant: str | None = None
    scores: Scores | None = None
    quality: Quality | None = None
    seconds_to_correct_answer: float | None = None
    not_asked: str | None = None
    tier: Tier | None = None
    tier_basis: TierBasis | None = None
    context_in_memory: MemoryAtContext | None = None

    @property
    def key(self) -> ResultKey:
        """The result that it is of."""
        return self.host, self.model, self.variant


class Rated(NamedTuple):
    """A result with its assessment."""

    result: Result
    assessment: Assessment

    @property
    def scores(self) -> Scores | None:
        """Its scores, None where it could not be scored."""
        return self.assessment.scores


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model on a host, in a variant where it has several, with its overall score, 0 to 100."""

    host: str
    model: str
    score: float
    variant: str | None = None

    @property
    def key(self) -> ResultKey:
        """The result that it is of."""
        return self.host, self.model, self.variant

    @property
    def label(self) -> str:
        """The model's name, with its variant where it has one."""
        return label(self.model, self.variant)


class Certainty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the race of a tier says of its best, in shares of right answers to the items that all were asked.

    "certified": the pick is at most `within_points` worse than the best, with this `confidence`. "tied": so is each of
    several picks. "likely": not certified; the pick is within so many points with about this `probability`.
    "undistinguished": all that may be asked was asked, and the picks could not be told apart. `rivals` were not shown
    to be worse. `items` is how many the pick answered, `tokens` what all answers of the race took. `is_too_easy` says
    that two models got more than 95 % right.
    """

    kind: CertaintyKind
    picks: tuple[ResultKey, ...]
    rivals: tuple[ResultKey, ...] = ()
    probability: float | None = None
    confidence: float
    within_points: float
    items: int
    tokens: int
    is_too_easy: bool = False


class TierVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The best of one memory tier, None where nothing in it was benchmarked, and why in one sentence.

    `certainty` is None where fewer than two models answered the same items.
    """

    tier: Tier
    best: Pick | None
    why: str
    certainty: Certainty | None = None


class Recommendation(Pick, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one to use, and why in one sentence."""

    why: str


class UseVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The best for one use, with its score for that use; None where no model suits it. Why in one sentence."""

    use: str
    best: Pick | None
    why: str


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The outcome of a run: a best for each memory tier, smallest first, one recommendation over all, one for each use.

    `why_none` says why there is no recommendation. `siblings` compare quants of one base with the largest of them.
    """

    tiers: tuple[TierVerdict, ...]
    recommendation: Recommendation | None
    uses: tuple[UseVerdict, ...] = ()
    why_none: str | None = None
    siblings: tuple[Siblings, ...] = ()

    @property
    def picks(self) -> tuple[Pick, ...]:
        """Every pick: the recommendation, then those of the tiers and of the uses; one may stand several times."""
        found = (self.recommendation, *(tier.best for tier in self.tiers), *(use.best for use in self.uses))
        return tuple(pick for pick in found if pick is not None)

    def pick_for(self, use: str | None) -> Pick | None:
        """Return the best for the use of that name, the recommendation for None; None where nothing is chosen."""
        if use is None:
            return self.recommendation
        return next((found.best for found in self.uses if found.use == use), None)
