"""The events of the inventory."""

from typing import TypeAlias

import msgspec

from .types import Model


class ModelListed(msgspec.Struct, frozen=True):
    """A model is known."""

    model: Model


class ModelFailed(msgspec.Struct, frozen=True):
    """A model's details could not be read; it is listed with what is known."""

    host: str
    model: str
    reason: str


InventoryEvent: TypeAlias = ModelListed | ModelFailed
