"""The events of graded quality."""

from typing import TypeAlias

import msgspec

from .records import ItemRecord, QualityRecord


class QualityBegan(msgspec.Struct, frozen=True):
    """A model is asked items from here on; `record` says which ones, and holds none yet."""

    record: QualityRecord
    items: int


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


QualityEvent: TypeAlias = QualityBegan | ItemGraded | NotAsked
