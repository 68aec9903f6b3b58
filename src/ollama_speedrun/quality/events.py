"""The events of graded quality."""

from typing import TypeAlias

import msgspec

from ..benchmark.types import ResultKey
from .next_tokens import NextTokens
from .records import ItemRecord, QualityRecord


class QualityBegan(msgspec.Struct, frozen=True):
    """A model is asked items from here on; `record` says which ones, and holds none yet."""

    record: QualityRecord
    items: int


class PilotAnswered(msgspec.Struct, frozen=True):
    """A model answered one more item of a pilot: `record` holds all so far, until `QualityBegan` takes its place."""

    record: QualityRecord


class ItemGraded(msgspec.Struct, frozen=True):
    """A model answered one item."""

    host: str
    model: str
    variant: str | None
    record: ItemRecord


class NotAsked(msgspec.Struct, frozen=True):
    """A model is asked no items, or none any more, for a reason other than its answers."""

    host: str
    model: str
    variant: str | None
    reason: str


class RaceMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Where the race of a memory tier stands, told when a round begins and at the end.

    `pick` (host, model, variant) is the best so far and `probability` the approximate chance that it is within the
    promised closeness; None once it is certified. `models` are still in the race, and each of them answers up to
    `until` items in this round.
    """

    tier: str | None
    pick: ResultKey
    probability: float | None
    models: int
    until: int
    is_over: bool


class NextTokensRead(msgspec.Struct, frozen=True):
    """A model continued some more texts: the answers follow those that were told before."""

    found: NextTokens


QualityEvent: TypeAlias = QualityBegan | PilotAnswered | ItemGraded | NotAsked | RaceMoved | NextTokensRead
