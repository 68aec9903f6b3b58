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


QualityEvent: TypeAlias = QualityBegan | ItemGraded
